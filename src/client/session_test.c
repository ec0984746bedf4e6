/* What follows the sign-in, against a scripted server in memory. */
#include "client/session_world_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the client ----------------------------------------------------------------------------- */

static void on_presence(void *arg, const struct lychgate_presence *presence)
{
    (void)arg;
    assert_non_null(presence->name);
    w.presence_news++;
}

static void on_contacts(void *arg)
{
    (void)arg;
    w.contact_news++;
}

static void on_message(void *arg, const struct lychgate_message *message)
{
    (void)arg;
    snprintf(w.message, sizeof w.message, "%s %s: %s", message->from, message->type, message->text);
    w.message_news++;
}

static void on_step(void *arg, const struct lychgate_event *event)
{
    (void)arg;
    w.steps++;
    w.failed_steps += event->problem != NULL;
}

static int setup(void **state)
{
    (void)state;
    w = (struct world){.delta = 5, .invite_status = 200, .message_status = 200};
    w.gate = lychgate_new(&(struct lychgate_options){
        .address = "alice@contoso.test", .no_cache = true, .timeout_ms = 50, .event = on_step});
    w.gate->wire = &w.wire;
    w.gate->signed_in = true;
    w.gate->pool_name = SLICE("sip.contoso.test:5061");
    w.gate->summary.keepalive_ms = 300000;
    w.gate->expires_ms = 600000;
    w.gate->anew_at = INT64_MAX;
    signin_set_timers(w.gate);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lychgate_free(w.gate);
    clear_world();
    return 0;
}

static void open_all(void)
{
    const struct lychgate_session_options options = {
        .presence = on_presence, .contacts = on_contacts, .message = on_message};
    assert_int_equal(lychgate_open(w.gate, &options), 0);
}

static const char *sent_after(const char *mark)
{
    const char *at = strstr(w.sent, mark);
    if (!at)
        fail_msg("nothing with `%s` was sent:\n%s", mark, w.sent);
    return at + strlen(mark);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void check_open(void)
{
    size_t count;
    assert_int_equal(lychgate_granted(w.gate), LYCHGATE_ALL);
    assert_string_equal(lychgate_setting(w.gate, "ServerConfiguration", "voiceMailUri"), "sip:vm");
    assert_string_equal(lychgate_setting(w.gate, "ucPolicy", "x"), "");
    const struct lychgate_contact *contacts = lychgate_contacts(w.gate, &count);
    assert_int_equal(count, 1);
    assert_string_equal(contacts[0].address, "bob@contoso.test");
    assert_string_equal(contacts[0].groups[0], "Team");
    assert_null(contacts[0].groups[1]);
    assert_string_equal(contacts[0].presence->name, "Bob");
    assert_string_equal(contacts[0].presence->state, "available");
    assert_ptr_equal(lychgate_presence(w.gate, "sip:Bob@contoso.test"), contacts[0].presence);
    assert_null(lychgate_presence(w.gate, "carol@contoso.test"));
    assert_int_equal(w.failed_steps, 0);
}

static void a_session_opens(void **state)
{
    (void)state;
    open_all();
    check_open();
    assert_int_equal(w.steps, 5);
    assert_int_equal(lychgate_wait(w.gate, 0), 1);
    assert_true(w.presence_news >= 1);
    assert_int_equal(lychgate_wait(w.gate, 0), 0);
    sent_after("Proxy-Require: ms-benotify");
    sent_after("categoryName=\"device\"");
}

static void notifications_may_follow(void **state)
{
    (void)state;
    w.later = true;
    open_all();
    check_open();
    sent_after("SIP/2.0 200 OK"); /* to a NOTIFY */
}

static void refusals_are_no_failure(void **state)
{
    (void)state;
    w.subscribe_status = "489 Bad Event";
    open_all();
    assert_int_equal(w.failed_steps, 3);
    assert_int_equal(lychgate_granted(w.gate) & (unsigned)~LYCHGATE_PRESENCE, 0);
    assert_int_equal(lychgate_contact_add(w.gate, "bob@contoso.test", NULL), -ERR_CONFLICT);
    assert_int_equal(lychgate_publish(w.gate, "busy", NULL), -ERR_CONFLICT);
    assert_string_equal(lychgate_problem(w.gate)->finding, "request-refused");
}

static void silence_is_no_failure(void **state)
{
    (void)state;
    w.subscribe_status = "100 Trying";
    open_all();
    assert_int_equal(w.failed_steps, 3);
    assert_int_equal(lychgate_granted(w.gate) & (unsigned)~LYCHGATE_PRESENCE, 0);
}

static void nothing_goes_without_a_session(void **state)
{
    (void)state;
    assert_int_equal(lychgate_send(w.gate, "bob@contoso.test", "x"), -ERR_CONFLICT);
    assert_int_equal(lychgate_wait(w.gate, 0), -ERR_CONFLICT);
    w.gate->signed_in = false;
    assert_int_equal(lychgate_open(w.gate, NULL), -ERR_CONFLICT);
    assert_string_equal(lychgate_problem(w.gate)->finding, "authentication-needed");
}

/* ---- presence ------------------------------------------------------------------------------- */

static struct sip_message *presence_dialog(void)
{
    static struct sip_message m;
    static char text[1000];
    const struct leg *leg = &w.gate->session->follow[FOLLOW_PRESENCE].leg;
    snprintf(text, sizeof text,
             "SUBSCRIBE sip:s SIP/2.0\r\nVia: SIP/2.0/TLS a:1;branch=z9hG4bK1\r\n"
             "From: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: 1 SUBSCRIBE\r\n"
             "Content-Length: 0\r\n\r\n",
             SLICE_ARG(leg->local), SLICE_ARG(leg->remote), SLICE_ARG(leg->call_id));
    assert_int_equal(sip_parse(&m, slice_of(text), NULL), 0);
    return &m;
}

static void changes_are_told(void **state)
{
    (void)state;
    open_all();
    lychgate_wait(w.gate, 0);
    w.presence_news = 0;
    notify(presence_dialog(), "BENOTIFY", "", 2, PRESENCE_CATEGORY_TYPE,
           CARD("bob@contoso.test", "Bob", "9500"));
    notify(presence_dialog(), "BENOTIFY", "", 3, PRESENCE_CATEGORY_TYPE,
           CARD("bob@contoso.test", "Bob", "6500"));
    assert_int_equal(lychgate_wait(w.gate, 10), 1);
    assert_string_equal(lychgate_presence(w.gate, "bob@contoso.test")->state, "do-not-disturb");
    assert_int_equal(lychgate_wait(w.gate, 10), 1);
    assert_string_equal(lychgate_presence(w.gate, "bob@contoso.test")->state, "busy");
    assert_int_equal(w.presence_news, 2);
    notify(presence_dialog(), "BENOTIFY", "", 4, PRESENCE_CATEGORY_TYPE,
           CARD("bob@contoso.test", "Bob", "6500"));
    notify(presence_dialog(), "NOTIFY", "", 5, PRESENCE_CATEGORY_TYPE, "<broken");
    assert_int_equal(lychgate_wait(w.gate, 0), 0); /* nothing is new */
    assert_string_equal(lychgate_presence(w.gate, "bob@contoso.test")->state, "busy");
    assert_int_equal(w.failed_steps, 1);
}

static void conflicts_are_met_three_times(void **state)
{
    (void)state;
    w.conflicts = 3;
    open_all();
    assert_true(lychgate_granted(w.gate) & LYCHGATE_PUBLISH);
    sent_after("version=\"7\"");
    w.conflicts = 4;
    assert_int_equal(lychgate_publish(w.gate, "busy", "Hello"), -ERR_DENIED);
    assert_int_equal(lychgate_publish(w.gate, "away", NULL), 0);
    assert_int_equal(lychgate_publish(w.gate, "automatic", ""), 0);
    assert_int_equal(lychgate_publish(w.gate, "sleepy", NULL), -ERR_MALFORMED);
}

/* ---- contacts ------------------------------------------------------------------------------- */

static void edits_are_made_once(void **state)
{
    (void)state;
    open_all();
    assert_int_equal(lychgate_contact_add(w.gate, "carol@contoso.test", "Team"), 0);
    sent_after("<m:URI>sip:carol@contoso.test</m:URI>");
    sent_after("<m:deltaNum>5</m:deltaNum>");
    assert_int_equal(w.gate->session->list->delta, 6);
    w.stale = true;
    assert_int_equal(lychgate_group_rename(w.gate, "Team", "Friends"), 0);
    sent_after("<m:deltaNum>11</m:deltaNum>");
    assert_int_equal(w.edits, 2);
    assert_int_equal(lychgate_contact_move(w.gate, "nobody@contoso.test", "Team"), -ERR_UNKNOWN);
    assert_int_equal(lychgate_contact_add(w.gate, "carol@contoso.test", "None"), -ERR_UNKNOWN);
    assert_int_equal(lychgate_contact_add(w.gate, "carol", NULL), -ERR_MALFORMED);
    assert_string_equal(lychgate_problem(w.gate)->finding, "account-invalid");
    assert_int_equal(w.edits, 2);
    assert_int_equal(lychgate_wait(w.gate, 0), 1);
    assert_int_equal(w.contact_news, 1);
}

/* ---- conversations -------------------------------------------------------------------------- */

static void messages_are_sent(void **state)
{
    (void)state;
    open_all();
    assert_int_equal(lychgate_send(w.gate, "bob@contoso.test", "Hello"), 0);
    assert_int_equal(lychgate_send(w.gate, "sip:bob@contoso.test", "again"), 0);
    const char *rest = sent_after("INVITE sip:bob@contoso.test SIP/2.0");
    assert_null(strstr(rest, "INVITE sip:bob")); /* one conversation */
    sent_after("\r\nCSeq: 1 ACK");
    sent_after("\r\nCSeq: 2 MESSAGE");
    sent_after("\r\nCSeq: 3 MESSAGE");
    w.message_status = 481; /* he has left; a new invitation is refused */
    w.invite_status = 480;
    assert_int_equal(lychgate_send(w.gate, "bob@contoso.test", "gone?"), -ERR_DENIED);
    assert_string_equal(lychgate_problem(w.gate)->finding, "not-signed-in");
    assert_null(w.gate->session->chats);
    w.invite_status = 100;
    assert_int_equal(lychgate_send(w.gate, "bob@contoso.test", "hm"), -ERR_IO);
    assert_string_equal(lychgate_problem(w.gate)->finding, "no-answer-in-time");
    sent_after("\r\nCSeq: 1 CANCEL");
}

static void call(const char *method, unsigned cseq, const char *tag, const char *type,
                 const char *body)
{
    push("%s sip:alice@contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS s:5061;branch=z9hG4bKc%u\r\n"
         "From: <sip:bob@contoso.test>;tag=bob;epid=0b\r\nTo: <sip:alice@contoso.test>%s%s\r\n"
         "Call-ID: bobs\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\nContact: <sip:bob-gruu>\r\n"
         "Record-Route: <sip:sip.contoso.test;lr>\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
         "\r\n%s",
         method, cseq, tag[0] ? ";tag=" : "", tag, cseq, method, type, strlen(body), body);
}

static void messages_are_taken(void **state)
{
    (void)state;
    char tag[40] = "";
    open_all();
    lychgate_wait(w.gate, 0);
    call("MESSAGE", 1, "none", "text/plain", "stray");
    call("INVITE", 1, "", "application/sdp", "v=0\r\nm=message 5060 sip null\r\n");
    lychgate_wait(w.gate, 0);
    sent_after("SIP/2.0 481 ");
    assert_non_null(w.gate->session->chats);
    const struct leg *leg = &w.gate->session->chats->leg;
    snprintf(tag, sizeof tag, "%.*s", SLICE_ARG(leg->local_tag));
    call("ACK", 1, tag, "text/plain", "");
    call("MESSAGE", 2, tag, "text/plain; charset=UTF-8", "Hi Alice");
    call("INFO", 3, tag, "application/xml", "<KeyboardActivity/>");
    call("MESSAGE", 4, tag, "application/octet-stream", "?");
    assert_int_equal(lychgate_wait(w.gate, 10), 1);
    assert_string_equal(w.message, "bob@contoso.test text/plain: Hi Alice");
    assert_int_equal(lychgate_send(w.gate, "bob@contoso.test", "Hi Bob"), 0);
    sent_after("Route: <sip:sip.contoso.test;lr>");
    sent_after("SIP/2.0 415 ");
    call("BYE", 5, tag, "text/plain", "");
    lychgate_wait(w.gate, 0);
    assert_null(w.gate->session->chats);
    assert_null(strstr(w.sent, "INVITE sip:bob"));
}

static void strangers_get_an_answer(void **state)
{
    (void)state;
    open_all();
    w.gate->session->with.message = NULL;
    lychgate_wait(w.gate, 0);
    call("INVITE", 1, "", "application/sdp", "m=message 5060 sip null\r\n");
    call("OPTIONS", 1, "", "text/plain", "");
    call("REFER", 1, "", "text/plain", "");
    call("NOTIFY", 1, "", "text/plain", "");
    call("UNHEARD", 1, "", "text/plain", "");
    assert_int_equal(lychgate_wait(w.gate, 0), 0);
    sent_after("SIP/2.0 480 ");
    sent_after("SIP/2.0 200 ");
    sent_after("SIP/2.0 405 ");
    sent_after("SIP/2.0 481 ");
    sent_after("SIP/2.0 501 ");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_session_opens),
        ROW(notifications_may_follow),
        ROW(refusals_are_no_failure),
        ROW(silence_is_no_failure),
        ROW(nothing_goes_without_a_session),
        ROW(changes_are_told),
        ROW(conflicts_are_met_three_times),
        ROW(edits_are_made_once),
        ROW(messages_are_sent),
        ROW(messages_are_taken),
        ROW(strangers_get_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
