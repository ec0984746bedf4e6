/* The phone against a server that answers as it is told: no socket, no clock. */
#include "mobility/core.h"

#include "base/buf.h"
#include "sip/print.h"
#include "sip/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct phone *phone;
    struct arena *arena;
    int64_t now;
    bool stirred, settled;
    struct buf heard;           /* the news, a word each */
    struct sip_message request; /* the last that was sent */
    uint64_t chat;
    struct fault fault; /* of the last news that had one */
};

static int64_t now_of(void *arg)
{
    return ((struct world *)arg)->now;
}

static void stir(void *arg)
{
    ((struct world *)arg)->stirred = true;
}

static void settle(void *arg)
{
    ((struct world *)arg)->settled = true;
}

static void tell(void *arg, const struct phone_news *news)
{
    static const char *const names[PHONE_NEWS_KINDS] = {"in",     "out",   "settings", "contacts",
                                                        "person", "self",  "chat",     "message",
                                                        "typing", "found", "done"};
    struct world *w = arg;
    assert_int_equal(news->priority, phone_news_priority(news->kind));
    buf_print(&w->heard, "%s", names[news->kind]);
    if (news->chat) {
        w->chat = news->chat->id;
        buf_print(&w->heard, "%d", (int)news->chat->state);
    }
    if (!slice_absent(news->text))
        buf_print(&w->heard, "(%.*s)", SLICE_ARG(news->text));
    if (news->kind == PHONE_DONE)
        buf_print(&w->heard, "%llu", (unsigned long long)news->tag);
    if (news->fault->finding != FINDING_NONE) {
        buf_print(&w->heard, "!");
        w->fault = *news->fault;
    }
    buf_print(&w->heard, " ");
}

static int set_up(void **state)
{
    struct world *w = must_calloc(1, sizeof *w);
    w->arena = arena_new();
    w->now = 1000000;
    struct phone_world around = {.domain = SLICE("contoso.test"),
                                 .pool = SLICE("sip.contoso.test"),
                                 .port = 5087,
                                 .now = now_of,
                                 .stir = stir,
                                 .arg = w};
    struct phone_options options = {.account = SLICE("SIP:Alice@Contoso.test"),
                                    .endpoint = SLICE("ep1"),
                                    .user_agent = SLICE("Test/1"),
                                    .face = {tell, settle, w}};
    assert_int_equal(phone_new(&around, &options, &w->phone, NULL), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    phone_free(w->phone);
    arena_free(w->arena);
    buf_free(&w->heard);
    free(w);
    return 0;
}

static void heard(struct world *w, const char *expected)
{
    assert_string_equal(buf_string(&w->heard), expected);
    buf_clear(&w->heard);
}

/* The next message of the phone's; it must begin so. */
static void sent(struct world *w, const char *start)
{
    struct slice bytes;
    struct fault fault;
    assert_true(phone_next(w->phone, w->arena, &bytes));
    if (!slice_starts(bytes, slice_of(start)))
        fail_msg("sent %.*s", (int)(bytes.len < 200 ? bytes.len : 200), bytes.at);
    assert_int_equal(sip_parse(&w->request, bytes, &fault), 0);
}

static void sent_nothing(struct world *w)
{
    struct slice bytes;
    assert_false(phone_next(w->phone, w->arena, &bytes));
}

static void take_text(struct world *w, struct slice bytes)
{
    struct sip_message *message = arena_new_of(w->arena, struct sip_message);
    struct fault fault;
    assert_int_equal(sip_parse(message, arena_copy(w->arena, bytes), &fault), 0);
    phone_take(w->phone, message);
}

/* Answer w->request. */
static void answer(struct world *w, int status, const char *header, const char *value,
                   const char *type, const char *body)
{
    struct sip_reply reply;
    struct sip_out out;
    scoped(buf) struct buf bytes = BUF_INIT;
    sip_reply_init(&reply, w->arena, status);
    if (header)
        sip_reply_header(&reply, header, "%s", value);
    if (body)
        sip_reply_body(&reply, slice_of(type), slice_of(body));
    sip_out_reply(&out, w->arena, &w->request, &reply, &(struct sip_out_options){0});
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    take_text(w, buf_slice(&bytes));
}

static void admit(struct world *w, int64_t lifetime)
{
    struct phone_admission admission = {.arena = arena_new(), .lifetime = lifetime};
    policy_effective_default(POLICY_LYNC_2013, &admission.policy);
    phone_admit(w->phone, &admission, NULL);
}

#define CONTACTS                                                                                   \
    "<contactList deltaNum=\"2\"><group id=\"1\" name=\"~\" externalURI=\"\"/>"                    \
    "<contact uri=\"bob@contoso.test\" name=\"\" groups=\"1\" subscribed=\"true\" "                \
    "externalURI=\"\"/></contactList>"

static void sign_in(struct world *w)
{
    admit(w, 3600000);
    sent(w, "REGISTER sip:contoso.test SIP/2.0\r\n");
    assert_true(slice_find(sip_value(&w->request, SIP_HEADER_CONTACT),
                           SLICE("<sip:sip.contoso.test:5087;transport=tls")) >= 0);
    answer(w, 200, "Expires", "600", NULL, NULL);
    heard(w, "in ");
    sent(w, "SUBSCRIBE");
    answer(w, 489, NULL, NULL, NULL, NULL);
    sent(w, "SUBSCRIBE");
    answer(w, 200, "Supported", "ms-piggyback-first-notify",
           "application/vnd-microsoft-roaming-contacts+xml", CONTACTS);
    heard(w, "contacts ");
    sent(w, "SUBSCRIBE");
    answer(w, 489, NULL, NULL, NULL, NULL);
    sent_nothing(w);
    assert_true(phone_is_signed_in(w->phone));
}

static void test_sign_in_and_out(void **state)
{
    struct world *w = *state;
    size_t count;
    sign_in(w);
    assert_non_null(phone_contacts(w->phone, &count));
    assert_int_equal(count, 1);
    assert_null(phone_settings(w->phone));
    assert_int_equal(phone_person(w->phone, SLICE("bob@contoso.test"))->availability, -1);
    phone_settle(w->phone);
    assert_true(w->settled);
    phone_sign_out(w->phone, 7);
    sent(w, "REGISTER");
    assert_int_equal(w->request.expires, 0);
    answer(w, 200, NULL, NULL, NULL, NULL);
    heard(w, "done7 out ");
    phone_say(w->phone, 8, 1, SLICE("text/plain"), SLICE("x"));
    heard(w, "done8! ");
    assert_int_equal(w->fault.finding, FINDING_MOBILITY_NOT_READY);
}

static void test_refused(void **state)
{
    struct world *w = *state;
    struct fault fault;
    struct phone_admission admission = {.arena = arena_new()};
    fault_set(&fault, ERR_DENIED, FINDING_USER_DISABLED, "alice");
    phone_admit(w->phone, &admission, &fault);
    heard(w, "out! ");
    sent_nothing(w);
    assert_int_equal(w->fault.finding, FINDING_USER_DISABLED);
}

static void test_policy_says_no(void **state)
{
    struct world *w = *state;
    struct phone_admission admission = {.arena = arena_new(), .lifetime = 1000};
    struct policy_setting no = {.value = SLICE("false")};
    policy_effective_default(POLICY_LYNC_2010, &admission.policy);
    admission.policy.of[POLICY_MOBILITY].setting = &no; /* attribute 0: EnableMobility */
    admission.policy.of[POLICY_MOBILITY].count = 1;
    phone_admit(w->phone, &admission, NULL);
    heard(w, "out! ");
    sent_nothing(w);
    assert_int_equal(w->fault.finding, FINDING_MOBILITY_DISABLED);
}

static void test_silence(void **state)
{
    struct world *w = *state;
    sign_in(w);
    w->now += 300000; /* half of the registration: it is refreshed */
    phone_tick(w->phone);
    sent(w, "REGISTER");
    answer(w, 200, "Expires", "600", NULL, NULL);
    w->now += 3200000;
    phone_active(w->phone);
    phone_tick(w->phone);
    assert_true(phone_is_signed_in(w->phone));
    sent(w, "REGISTER");
    answer(w, 200, "Expires", "600", NULL, NULL);
    w->now += 3600000;
    phone_tick(w->phone);
    assert_int_equal(w->fault.finding, FINDING_MOBILITY_IDLE);
    heard(w, "out! ");
    assert_false(phone_is_signed_in(w->phone));
}

#define INVITE                                                                                     \
    "INVITE sip:alice@contoso.test SIP/2.0\r\n"                                                    \
    "Via: SIP/2.0/TLS sip.contoso.test:5061;branch=z9hG4bKa1\r\n"                                  \
    "From: \"Bob\" <sip:bob@contoso.test>;tag=b1;epid=aa\r\n"                                      \
    "To: <sip:alice@contoso.test>;epid=cc\r\nCall-ID: call1\r\nCSeq: 1 INVITE\r\n"                 \
    "Contact: <sip:bob@contoso.test;opaque=x;gruu>\r\nContent-Type: application/sdp\r\n"           \
    "Content-Length: 30\r\n\r\nv=0\r\nm=message 5060 sip null\r\n"

/* A request of bob's in the dialog of w->request, our 200. */
static void bob_says(struct world *w, const char *method, const char *type, const char *body)
{
    scoped(buf) struct buf text = BUF_INIT;
    static unsigned number = 2;
    buf_print(&text,
              "%s sip:alice@contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS s:5061;branch=z9hG4bKb%u\r\n"
              "From: <sip:bob@contoso.test>;tag=b1\r\nTo: %.*s\r\nCall-ID: call1\r\n"
              "CSeq: %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
              method, number, SLICE_ARG(w->request.to.text), number, method, type, strlen(body),
              body);
    number++;
    take_text(w, buf_slice(&text));
}

static void test_invited(void **state)
{
    struct world *w = *state;
    sign_in(w);
    take_text(w, SLICE(INVITE));
    heard(w, "chat0 ");
    sent(w, "SIP/2.0 180 ");
    assert_string_equal(phone_chat(w->phone, w->chat)->peer_name.at, "Bob");
    phone_accept(w->phone, 1, w->chat);
    heard(w, "chat2 done1 ");
    sent(w, "SIP/2.0 200 ");
    struct sip_message dialog = w->request;
    bob_says(w, "MESSAGE", "text/plain", "Hello");
    heard(w, "message2(Hello) ");
    sent(w, "SIP/2.0 200 ");
    w->request = dialog;
    bob_says(w, "INFO", "application/xml",
             "<KeyboardActivity><status status=\"type\"/></KeyboardActivity>");
    heard(w, "typing2 ");
    sent(w, "SIP/2.0 200 ");
    phone_say(w->phone, 2, w->chat, SLICE("text/plain"), SLICE("Hi"));
    sent(w, "MESSAGE sip:bob@contoso.test;opaque=x;gruu SIP/2.0\r\n");
    answer(w, 200, NULL, NULL, NULL, NULL);
    heard(w, "done2 ");
    w->request = dialog;
    bob_says(w, "BYE", "text/plain", "");
    heard(w, "chat3 ");
    assert_null(phone_chat(w->phone, w->chat));
    phone_say(w->phone, 3, w->chat, SLICE("text/plain"), SLICE("Hi"));
    heard(w, "done3! ");
    assert_int_equal(w->fault.finding, FINDING_MOBILITY_CHAT_UNKNOWN);
}

static void test_declined(void **state)
{
    struct world *w = *state;
    sign_in(w);
    take_text(w, SLICE(INVITE));
    sent(w, "SIP/2.0 180 ");
    phone_decline(w->phone, 1, w->chat);
    sent(w, "SIP/2.0 603 ");
    heard(w, "chat0 chat3 done1 ");
    take_text(w, SLICE(INVITE));
    sent(w, "SIP/2.0 180 ");
    w->now += 180000; /* nobody looks at the device */
    phone_tick(w->phone);
    sent(w, "SIP/2.0 408 ");
    heard(w, "chat0 chat3! ");
}

static void test_inviting(void **state)
{
    struct world *w = *state;
    sign_in(w);
    uint64_t chat = phone_invite(w->phone, 1, SLICE("bob@contoso.test"), SLICE("Lunch"));
    sent(w, "INVITE sip:bob@contoso.test");
    heard(w, "chat1 ");
    answer(w, 200, "Contact", "<sip:bob@contoso.test;opaque=x;gruu>", NULL, NULL);
    sent(w, "ACK sip:bob@contoso.test;opaque=x;gruu ");
    heard(w, "chat2 done1 ");
    phone_leave(w->phone, 2, chat);
    sent(w, "BYE ");
    heard(w, "chat3 done2 ");
    phone_invite(w->phone, 3, SLICE("nobody@contoso.test"), SLICE(""));
    sent(w, "INVITE ");
    answer(w, 404, NULL, NULL, NULL, NULL);
    sent(w, "ACK ");
    heard(w, "chat1 chat3! done3! ");
    assert_int_equal(w->fault.finding, FINDING_IM_NO_SUCH_USER);
    /* Left before the answer, which comes all the same. */
    chat = phone_invite(w->phone, 4, SLICE("bob@contoso.test"), SLICE(""));
    sent(w, "INVITE ");
    struct sip_message invite = w->request;
    phone_leave(w->phone, 5, chat);
    sent(w, "CANCEL ");
    heard(w, "chat1 chat3 done5 ");
    w->request = invite;
    answer(w, 487, NULL, NULL, NULL, NULL);
    sent(w, "ACK ");
}

static void test_presence_waits_for_versions(void **state)
{
    struct world *w = *state;
    admit(w, 3600000);
    sent(w, "REGISTER");
    answer(w, 200, NULL, NULL, NULL, NULL);
    sent(w, "SUBSCRIBE");
    sent(w, "SUBSCRIBE");
    sent(w, "SUBSCRIBE");
    struct sip_message self = w->request;
    phone_appear(w->phone, 1, 6500);
    sent_nothing(w);
    w->request = self;
    answer(w, 200, "Supported", "ms-piggyback-first-notify",
           "application/vnd-microsoft-roaming-self+xml",
           "<roamingData xmlns=\"http://schemas.microsoft.com/2006/09/sip/roaming-self\">"
           "<categories xmlns=\"http://schemas.microsoft.com/2006/09/sip/categories\" "
           "uri=\"sip:alice@contoso.test\"/></roamingData>");
    sent(w, "SERVICE");
    assert_false(phone_has_appeared(w->phone));
    answer(w, 200, NULL, NULL, NULL, NULL);
    assert_true(phone_has_appeared(w->phone));
    phone_publish_state(w->phone, 2, 6501);
    assert_int_equal(w->fault.finding, FINDING_MOBILITY_INVALID);
}

static void test_bad_options(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *account, *endpoint, *agent;
    } rows[] = {
        {"alice", "e", "a"},
        {"", "e", "a"},
        {"alice@contoso.test", "", "a"},
        {"alice@contoso.test", "e\r\nX: y", "a"},
        {"alice@contoso.test", "e", "a\nb"},
        {"alice@contoso.test",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890",
         "a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct phone *phone = NULL;
        struct fault fault;
        struct phone_options options = {.account = slice_of(rows[i].account),
                                        .endpoint = slice_of(rows[i].endpoint),
                                        .user_agent = slice_of(rows[i].agent)};
        struct phone_world around = {.now = now_of, .stir = stir, .arg = w};
        assert_int_equal(phone_new(&around, &options, &phone, &fault), -ERR_MALFORMED);
        assert_int_equal(fault.finding, FINDING_MOBILITY_INVALID);
        assert_null(phone);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_sign_in_and_out), TEST(test_refused),     TEST(test_policy_says_no),
        TEST(test_silence),         TEST(test_invited),     TEST(test_declined),
        TEST(test_inviting),        TEST(test_bad_options), TEST(test_presence_waits_for_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
