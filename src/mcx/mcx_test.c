/* Sessions over a phone that does nothing by itself. */
#include "mcx/fake_phone_priv.h"
#include "xml/soap.h"

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* */
#include <cmocka.h>

enum {
    REQUESTS_MAX = 32,
    HOUR = 3600 * 1000
};

/* A service, its user alice, and all she has asked. */
struct world {
    struct mcx *mcx;
    struct site site;
    struct arena *arena;
    int64_t now;
    struct asked asked[REQUESTS_MAX];
    size_t count;
    struct slice session;
    char device[64], session_of[64];
    uint64_t number; /* of the last subscription to be kept; 0: none */
};

static void subscribe(void *arg, struct slice account, struct slice device, struct slice json,
                      struct slice session, uint64_t number)
{
    struct world *w = arg;
    (void)json;
    assert_true(slice_eq(account, SLICE("alice@contoso.test")));
    snprintf(w->device, sizeof w->device, "%.*s", SLICE_ARG(device));
    snprintf(w->session_of, sizeof w->session_of, "%.*s", SLICE_ARG(session));
    w->number = number;
}

static int set_up(void **state)
{
    static struct world world;
    struct world *w = &world;
    memset(w, 0, sizeof *w);
    fake_reset();
    w->site.web_host = SLICE("web.contoso.test");
    w->arena = arena_new();
    w->now = 1700000000000;
    w->mcx = mcx_new(&(struct mcx_options){
        .site = &w->site, .phones = &fake_host, .subscribe = subscribe, .arg = w});
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    mcx_free(w->mcx);
    for (size_t i = 0; i < w->count; i++)
        assert_int_equal(w->asked[i].sent, 1); /* every request, once */
    arena_free(w->arena);
    return 0;
}

static struct asked *ask_as(struct world *w, struct slice account, struct mcx_request request)
{
    struct asked *asked = &w->asked[w->count++];
    assert_true(w->count <= REQUESTS_MAX);
    if (request.operation != MCX_INITIATE_SESSION && slice_absent(request.session))
        request.session = w->session;
    asked_init(asked, w->arena, request);
    mcx_answer(w->mcx, account, 0, &asked->request, &asked->later, w->now);
    return asked;
}

static struct asked *ask(struct world *w, struct mcx_request request)
{
    return ask_as(w, SLICE("alice@contoso.test"), request);
}

static struct mcx_response said(struct world *w, const struct asked *asked)
{
    struct mcx_response out;
    struct fault fault = {0};
    assert_int_equal(asked->sent, 1);
    if (mcx_response_parse(asked->reply.body, asked->request.operation, w->arena, &out, &fault))
        fail_msg("%s: %s", finding_id(fault.finding), fault.detail);
    assert_int_equal(asked->reply.status, 200);
    return out;
}

static void refused(struct world *w, const struct asked *asked, enum finding finding)
{
    struct mcx_response out;
    struct fault fault = {0};
    assert_int_equal(asked->sent, 1);
    assert_int_equal(
        mcx_response_parse(asked->reply.body, asked->request.operation, w->arena, &out, &fault),
        -ERR_DENIED);
    assert_string_equal(finding_id(fault.finding), finding_id(finding));
    assert_int_equal(asked->reply.status, mcx_fault_status(finding));
}

static const struct mcx_request initiate = {
    .operation = MCX_INITIATE_SESSION,
    .initiate = {.endpoint = FAKE_TEXT("ep1"), .user_agent = FAKE_TEXT("Test/1")}};

static struct mcx_response sign_in(struct world *w)
{
    struct asked *asked = ask(w, initiate);
    assert_int_equal(asked->sent, 0);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = HOUR});
    struct mcx_response response = said(w, asked);
    w->session = response.initiate.session;
    return response;
}

static struct asked *poll(struct world *w, int64_t ack)
{
    return ask(w, (struct mcx_request){.operation = MCX_POLL, .poll = {ack, -1}});
}

static struct asked *talk(struct world *w, enum mcx_operation operation)
{
    return ask(w, (struct mcx_request){.operation = operation,
                                       .talk = {7, SLICE("text/plain"), SLICE("hello")}});
}

static void say(const char *text)
{
    fake_tell((struct phone_news){.kind = PHONE_MESSAGE,
                                  .priority = PHONE_HIGH,
                                  .chat = &fake.chat,
                                  .type = SLICE("text/plain"),
                                  .text = slice_of(text)});
}

/* ---- sessions ----------------------------------------------------------------------------------
 */

static void a_session_says_how_it_is(void **state)
{
    struct world *w = *state;
    struct mcx_response response = sign_in(w);
    assert_true(response.initiate.enabled);
    assert_int_equal(response.initiate.mode, MCX_PULL);
    assert_int_equal(response.initiate.lifetime, 3600);
    assert_true(slice_eq(response.initiate.user, SLICE("alice@contoso.test")));
    assert_true(slice_starts(response.initiate.contact, SLICE("sip:pool.contoso.test:5087")));
    assert_string_equal(fake.called, "appear");
    assert_int_equal(mcx_count(w->mcx), 1);
    struct asked *end = ask(w, (struct mcx_request){.operation = MCX_TERMINATE_SESSION});
    assert_string_equal(fake.called, "out");
    fake_done();
    said(w, end);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_OUT});
    assert_int_equal(mcx_count(w->mcx), 0);
    assert_int_equal(fake.closed, 1);
    refused(w, ask(w, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY}), FINDING_MCX_ENDED);
}

static void who_may_not_is_told_so(void **state)
{
    struct world *w = *state;
    struct fault fault;
    struct asked *asked = ask(w, initiate);
    fault_set(&fault, ERR_DENIED, FINDING_MOBILITY_DISABLED, "policy");
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_OUT, .fault = &fault});
    refused(w, asked, FINDING_MOBILITY_DISABLED);
    assert_int_equal(mcx_count(w->mcx), 0);
    fake.refuse = true;
    refused(w, ask(w, initiate), FINDING_MOBILITY_LIMIT);
    assert_int_equal(mcx_count(w->mcx), 0);
}

static void the_same_device_begins_anew(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct slice before = w->session;
    struct asked *held = poll(w, 1);
    sign_in(w);
    refused(w, held, FINDING_MOBILITY_REPLACED);
    assert_false(slice_eq(w->session, before));
    assert_int_equal(mcx_count(w->mcx), 1);
    refused(w, ask(w, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY, .session = before}),
            FINDING_MCX_ENDED);
}

static void sessions_are_their_users(void **state)
{
    struct world *w = *state;
    sign_in(w);
    refused(w,
            ask_as(w, SLICE("mallory@contoso.test"),
                   (struct mcx_request){.operation = MCX_REPORT_ACTIVITY}),
            FINDING_MCX_ENDED);
    int active = fake.active;
    said(w, ask(w, (struct mcx_request){.operation = MCX_REPORT_ACTIVITY}));
    assert_int_equal(fake.active, active + 1);
}

static void too_many_are_refused(void **state)
{
    struct world *w = *state;
    char name[MCX_PER_USER + 1][8];
    for (int i = 0; i <= MCX_PER_USER; i++) {
        struct mcx_request request = initiate;
        snprintf(name[i], sizeof name[i], "dev%d", i);
        request.initiate.endpoint = slice_of(name[i]);
        fake.there = false; /* one more phone */
        struct asked *asked = ask(w, request);
        assert_int_equal(asked->sent, i == MCX_PER_USER);
        if (i == MCX_PER_USER)
            refused(w, asked, FINDING_MCX_TOO_MANY);
    }
    assert_int_equal(mcx_count(w->mcx), MCX_PER_USER);
}

/* ---- what the phone knows ----------------------------------------------------------------------
 */

static void settings_are_waited_for(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct asked *asked = ask(w, (struct mcx_request){.operation = MCX_GET_PROVISIONING});
    assert_int_equal(asked->sent, 0);
    fake.settled = true;
    fake.settings = (struct phone_settings){
        .voicemail_uri = SLICE("sip:vm@contoso.test"), .push = true, .dial_rules = 2};
    fake_tell((struct phone_news){.kind = PHONE_SETTINGS});
    struct mcx_response response = said(w, asked);
    assert_true(slice_eq(response.settings.voicemail_uri, SLICE("sip:vm@contoso.test")));
    assert_int_equal(response.settings.dial_rules, 2);
    response = said(w, ask(w, (struct mcx_request){.operation = MCX_NORMALIZE_NUMBER,
                                                   .number = SLICE("5551234")}));
    assert_true(response.normalize.matched);
    assert_true(slice_eq(response.normalize.number, SLICE("tel:+15551234")));
}

static void contacts_come_with_their_presence(void **state)
{
    struct world *w = *state;
    sign_in(w);
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    assert_string_not_equal(fake.called, "watch"); /* nobody wants to know */
    struct asked *asked = ask(w, (struct mcx_request){.operation = MCX_GET_CONTACTS});
    assert_string_equal(fake.called, "watch");
    assert_string_equal(fake.text, "bob@contoso.test");
    assert_int_equal(asked->sent, 0); /* their presence is on its way */
    fake_done();
    struct mcx_response response = said(w, asked);
    assert_int_equal(response.contacts.contact_count, 1);
    assert_int_equal(response.contacts.contacts[0].person->availability, 3500);
    assert_int_equal(response.contacts.availability, 6500);
    assert_int_equal(response.contacts.group_count, 2);

    struct asked *held = poll(w, 1);
    fake_tell((struct phone_news){
        .kind = PHONE_PERSON, .priority = PHONE_MEDIUM, .person = &fake.person});
    assert_int_equal(held->sent, 0); /* may be gathered with others */
    assert_true(mcx_due(w->mcx) > w->now && mcx_due(w->mcx) < w->now + 10000);
    w->now = mcx_due(w->mcx);
    mcx_tick(w->mcx, w->now);
    response = said(w, held);
    assert_int_equal(response.poll.event_count, 1);
    assert_int_equal(response.poll.events[0].kind, MCX_EVENT_PERSON);

    fake.contacts[0].address = SLICE("carol@contoso.test"); /* instead of bob */
    held = poll(w, 2);
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS, .priority = PHONE_HIGH});
    response = said(w, held);
    assert_int_equal(response.poll.events[0].kind, MCX_EVENT_CONTACTS);
    assert_string_equal(fake.called, "watch");
    assert_string_equal(fake.text, "carol@contoso.test");
    assert_int_equal(fake.people, 1);
}

static void a_subscription_changes_the_mode(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct asked *asked = ask(
        w, (struct mcx_request){.operation = MCX_SUBSCRIBE_TO_PUSH, .subscription = SLICE("{}")});
    assert_int_equal(asked->sent, 0);
    assert_string_equal(w->device, "ep1"); /* no other name was given */
    fake.pushes = true;
    mcx_subscribed(w->mcx, slice_of(w->session_of), w->number, NULL);
    struct mcx_response response = said(w, asked);
    assert_int_equal(response.push.mode, MCX_PUSH);
    assert_int_equal(response.push.lifetime, 259200);

    struct fault fault;
    fault_set(&fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID, "no");
    asked = ask(
        w, (struct mcx_request){.operation = MCX_SUBSCRIBE_TO_PUSH, .subscription = SLICE("{}")});
    mcx_subscribed(w->mcx, slice_of(w->session_of), w->number, &fault);
    refused(w, asked, FINDING_PUSH_SUBSCRIPTION_INVALID);
    mcx_subscribed(w->mcx, slice_of(w->session_of), w->number, NULL); /* late, and nobody's */
    mcx_subscribed(w->mcx, SLICE("nobody"), 1, NULL);

    struct asked *held = poll(w, 1);
    fake.pushes = false; /* the push service knows the device no more */
    fake_tell((struct phone_news){.kind = PHONE_MODE, .priority = PHONE_HIGH, .expires = HOUR});
    response = said(w, held);
    assert_int_equal(response.poll.events[0].kind, MCX_EVENT_MODE);
    assert_int_equal(response.poll.events[0].pace->mode, MCX_PULL);
    assert_int_equal(response.poll.events[0].pace->lifetime, 3600);
}

/* ---- what the phone does -----------------------------------------------------------------------
 */

static void state_and_note_are_one_answer(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct asked *asked =
        ask(w, (struct mcx_request){.operation = MCX_SET_STATE, .state = {9500, SLICE("out")}});
    assert_string_equal(fake.called, "note");
    uint64_t note = fake.tag;
    fake_done();
    assert_int_equal(asked->sent, 0);
    fake.tag = note - 1;
    fake_done();
    said(w, asked);
    said(w, ask(w, (struct mcx_request){.operation = MCX_SET_STATE, .state = {-1, {0}}}));

    struct fault fault;
    asked = ask(w, (struct mcx_request){.operation = MCX_SET_STATE, .state = {3500, SLICE("x")}});
    fault_set(&fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "no");
    fake_tell((struct phone_news){.kind = PHONE_DONE, .tag = fake.tag, .fault = &fault});
    refused(w, asked, FINDING_MOBILITY_LIMIT);
    fake.tag--; /* the other half comes late */
    fake_done();
}

static void conversations_are_led(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct mcx_request start = {.operation = MCX_START_CONVERSATION,
                                .start = {.address = SLICE("bob@contoso.test")}};
    struct mcx_response response = said(w, ask(w, start));
    assert_int_equal(response.conversation, 7);
    refused(w, ask(w, start), FINDING_MOBILITY_LIMIT);
    response = said(w, poll(w, 1));
    assert_int_equal(response.poll.events[0].chat->state, PHONE_CHAT_CONNECTING);
    static const struct {
        enum mcx_operation operation;
        const char *call;
    } rows[] = {
        {MCX_ACCEPT_CONVERSATION, "accept"}, {MCX_DECLINE_CONVERSATION, "decline"},
        {MCX_SEND_MESSAGE, "say"},           {MCX_SET_TYPING, "type"},
        {MCX_END_CONVERSATION, "leave"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked *asked = talk(w, rows[i].operation);
        assert_string_equal(fake.called, rows[i].call);
        assert_int_equal(fake.number, 7);
        assert_int_equal(asked->sent, 0);
        fake_done();
        said(w, asked);
    }
    struct fault fault;
    fault_set(&fault, ERR_EXPIRED, FINDING_PUSH_NO_SUBSCRIPTION, "why");
    fake.chat.state = PHONE_CHAT_ENDED;
    fake_tell((struct phone_news){
        .kind = PHONE_CHAT, .priority = PHONE_HIGH, .chat = &fake.chat, .fault = &fault});
    response = said(w, poll(w, 2));
    assert_true(slice_eq(response.poll.events[0].finding, SLICE("push-no-subscription")));
}

/* ---- the poll ----------------------------------------------------------------------------------
 */

static void nothing_is_told_twice_or_lost(void **state)
{
    struct world *w = *state;
    sign_in(w);
    fake.chat = (struct phone_chat){
        .id = 7, .state = PHONE_CHAT_CONNECTED, .peer = SLICE("bob@contoso.test")};
    struct asked *held = poll(w, 1);
    assert_true(fake.awake);
    say("one");
    struct mcx_response first = said(w, held);
    assert_false(fake.awake);
    assert_int_equal(first.poll.next, 2);
    assert_true(slice_eq(first.poll.events[0].text, SLICE("one")));
    say("two");                                      /* while nobody asks */
    struct mcx_response again = said(w, poll(w, 1)); /* the answer was lost on its way */
    assert_int_equal(again.poll.event_count, 1);
    assert_true(slice_eq(again.poll.events[0].text, SLICE("one")));
    struct mcx_response second = said(w, poll(w, 2));
    assert_int_equal(second.poll.event_count, 1);
    assert_true(slice_eq(second.poll.events[0].text, SLICE("two")));
    struct mcx_response wrong = said(w, poll(w, 9));
    assert_int_equal(wrong.poll.event_count, 0);
    assert_int_equal(wrong.poll.next, 2);
    assert_int_equal(said(w, poll(w, 2)).poll.event_count, 1);
}

static void polls_end_in_time(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct asked *held = poll(w, 1), *newer;
    assert_int_equal(mcx_due(w->mcx), w->now + 180000);
    newer = poll(w, 1);
    refused(w, held, FINDING_MCX_REPLACED);
    assert_true(fake.awake);
    w->now += 180000;
    mcx_tick(w->mcx, w->now);
    assert_int_equal(said(w, newer).poll.event_count, 0);
    assert_int_equal(said(w, newer).poll.next, 2);
    /* No longer than the ticket is good. */
    struct asked *last = &w->asked[w->count++];
    asked_init(
        last, w->arena,
        (struct mcx_request){.operation = MCX_POLL, .session = w->session, .poll = {2, 600}});
    mcx_answer(w->mcx, SLICE("alice@contoso.test"), w->now + 5000, &last->request, &last->later,
               w->now);
    assert_int_equal(mcx_due(w->mcx), w->now + 5000);
    w->now += 5000;
    mcx_tick(w->mcx, w->now);
    said(w, last);
    assert_int_equal(mcx_due(w->mcx), INT64_MAX);
    struct asked *late = &w->asked[w->count++];
    asked_init(late, w->arena, last->request);
    mcx_answer(w->mcx, SLICE("alice@contoso.test"), w->now, &late->request, &late->later, w->now);
    refused(w, late, FINDING_TICKET_EXPIRED);
}

static void who_has_hung_up_is_not_awake(void **state)
{
    struct world *w = *state;
    sign_in(w);
    fake.chat = (struct phone_chat){
        .id = 7, .state = PHONE_CHAT_CONNECTED, .peer = SLICE("bob@contoso.test")};
    struct asked *held = poll(w, 1);
    atomic_store(&held->later.gone, true);
    assert_true(mcx_due(w->mcx) <= w->now);
    mcx_tick(w->mcx, w->now);
    assert_int_equal(held->sent, 1);
    assert_false(fake.awake);
    say("kept");
    assert_int_equal(said(w, poll(w, 1)).poll.event_count, 1); /* nothing counted as told */
}

static void a_flood_is_lost_and_said_so(void **state)
{
    static char text[PHONE_TEXT_MAX];
    struct world *w = *state;
    memset(text, '&', sizeof text - 1); /* five times as long on the wire */
    sign_in(w);
    fake.chat = (struct phone_chat){
        .id = 7, .state = PHONE_CHAT_CONNECTED, .peer = SLICE("bob@contoso.test")};
    for (int i = 0; i < 10; i++)
        say(text);
    struct mcx_response response = said(w, poll(w, 1));
    assert_true(response.poll.lost);
    assert_int_equal(response.poll.event_count, 0);
    say("after");
    response = said(w, poll(w, 2));
    assert_false(response.poll.lost);
    assert_int_equal(response.poll.event_count, 1);
}

static void what_waits_is_answered_at_the_end(void **state)
{
    struct world *w = *state;
    sign_in(w);
    struct asked *held = poll(w, 1), *waits = talk(w, MCX_SEND_MESSAGE);
    struct asked *settings = ask(w, (struct mcx_request){.operation = MCX_GET_PROVISIONING});
    struct fault fault;
    fault_set(&fault, ERR_EXPIRED, FINDING_MOBILITY_IDLE, "silent");
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_OUT, .fault = &fault});
    refused(w, held, FINDING_MOBILITY_IDLE);
    refused(w, waits, FINDING_MOBILITY_IDLE);
    refused(w, settings, FINDING_MOBILITY_IDLE);
    sign_in(w);
    poll(w, 1); /* answered by mcx_free(): tear_down() looks */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_session_says_how_it_is),
        CASE(who_may_not_is_told_so),
        CASE(the_same_device_begins_anew),
        CASE(sessions_are_their_users),
        CASE(too_many_are_refused),
        CASE(settings_are_waited_for),
        CASE(contacts_come_with_their_presence),
        CASE(a_subscription_changes_the_mode),
        CASE(state_and_note_are_one_answer),
        CASE(conversations_are_led),
        CASE(nothing_is_told_twice_or_lost),
        CASE(polls_end_in_time),
        CASE(who_has_hung_up_is_not_awake),
        CASE(a_flood_is_lost_and_said_so),
        CASE(what_waits_is_answered_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
