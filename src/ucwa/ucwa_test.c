/* Applications as their clients see them, over a phone that does what the test says. */
#include "ucwa/asking_priv.h"
#include "ucwa/fake_phone_priv.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE  SLICE("alice@contoso.test")
#define JSON   "application/json"
#define MINUTE INT64_C(60000)

static struct ucwa *ucwa;
static struct arena *arena;
static struct slice base;
static int64_t now, expires;
static struct asked held; /* the one request that waits */

static const char wish[] = "{\"UserAgent\":\"test\",\"EndpointId\":\"ep1\",\"Culture\":\"en-US\"}";

static void ask_as(struct slice account, struct asked *asked, enum http_method method,
                   struct slice target, const char *type, const char *body)
{
    asking(asked, arena, method, target, type, slice_of(body));
    ucwa_answer(ucwa, account, expires, &asked->later, now);
}

/* A request below the application; must be answered at once. */
static struct asked ask(enum http_method method, const char *path, const char *body)
{
    static struct asked asked;
    ask_as(ALICE, &asked, method, arena_print(arena, "%.*s%s", SLICE_ARG(base), path), JSON, body);
    assert_true(asked.sent);
    return asked;
}

/* A request that waits for the phone. */
static void hold(enum http_method method, const char *path, const char *type, const char *body)
{
    ask_as(ALICE, &held, method, arena_print(arena, "%.*s%s", SLICE_ARG(base), path), type, body);
    assert_false(held.sent);
}

static void done(const struct fault *fault)
{
    fake_tell((struct phone_news){.kind = PHONE_DONE, .tag = fake.tag, .fault = fault});
    fake.face.settle(fake.face.arg);
}

static void expect_done(int status)
{
    done(NULL);
    assert_true(held.sent);
    assert_int_equal(held.reply.status, status);
}

static bool holds(const struct asked *asked, const char *part)
{
    return slice_find(asked->reply.body, slice_of(part)) >= 0;
}

static void expect(const struct asked *asked, int status, const char *part)
{
    if (asked->reply.status != status || !holds(asked, part))
        fail_msg("%d %.*s, not %d %s", asked->reply.status, SLICE_ARG(asked->reply.body), status,
                 part);
}

static void available(void)
{
    hold(HTTP_POST, "/me/makeMeAvailable", JSON, "{\"signInAs\":\"Busy\"}");
    assert_string_equal(fake.called, "appear");
    assert_int_equal(fake.number, 6500);
    expect_done(204);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    arena = arena_new();
    now = 1000000;
    expires = 0;
    ucwa = ucwa_new(&(struct ucwa_options){.site = &fake_site, .phones = &fake_host});
    ask_as(ALICE, &held, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
    assert_false(held.sent);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 60 * MINUTE});
    fake.face.settle(fake.face.arg);
    assert_true(held.sent);
    assert_int_equal(held.reply.status, 201);
    base = http_reply_get(&held.reply, "Location");
    assert_int_equal(base.len, sizeof SITE_PATH_UCWA + 12);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ucwa_free(ucwa);
    arena_free(arena);
    return 0;
}

/* ---- the application --------------------------------------------------------------------------
 */

static void test_application(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "", "");
    expect(&got, 200, "\"makeMeAvailable\":{\"href\":\"");
    assert_true(holds(&got, "/events?ack=1\""));
    assert_true(holds(&got, "\"please pass this in a PUT request\""));
    assert_true(slice_eq(got.reply.content_type, SLICE("application/json")));
    assert_false(holds(&got, "startMessaging"));
    assert_false(holds(&got, "\"note\""));
    available();
    got = ask(HTTP_GET, "", "");
    expect(&got, 200, "startMessaging");
    assert_false(holds(&got, "makeMeAvailable"));
    /* The same endpoint again is the same application, available as it was. */
    ask_as(ALICE, &held, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
    expect(&held, 200, "startMessaging");
    assert_true(slice_eq(http_reply_get(&held.reply, "Location"), base));
    assert_int_equal(ucwa_count(ucwa), 1);
    got = ask(HTTP_DELETE, "", "");
    assert_int_equal(got.reply.status, 204);
    assert_int_equal(fake.closed, 1);
    got = ask(HTTP_GET, "", "");
    expect(&got, 404, "\"subcode\":\"ApplicationNotFound\"");
}

/* Links are of the family by which the application was made. */
static void test_the_other_family(void **state)
{
    (void)state;
    struct asked asked;
    ask_as(SLICE("bob@contoso.test"), &asked, HTTP_POST, SLICE(SITE_PATH_UCWA_PLAIN), JSON, wish);
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 60 * MINUTE});
    fake.face.settle(fake.face.arg);
    expect(&asked, 201, "\"me\":{\"name\"");
    assert_true(
        slice_starts(http_reply_get(&asked.reply, "Location"), SLICE(SITE_PATH_UCWA_PLAIN "/")));
    assert_false(holds(&asked, SITE_PATH_UCWA "/"));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    struct asked asked;
    static const char *const bad[] = {"",
                                      "[]",
                                      "{",
                                      "{\"userAgent\":\"x\",\"endpointId\":\"y\"}",
                                      "{\"userAgent\":7,\"endpointId\":\"y\",\"culture\":\"z\"}",
                                      "{\"userAgent\":\"x\",\"culture\":\"z\",\"endpointId\":\""
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaa\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask_as(ALICE, &asked, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, bad[i]);
        expect(&asked, 400, "ParameterValidationFailure");
    }
    ask_as(SLICE("bob@contoso.test"), &asked, HTTP_GET, base, JSON, "");
    expect(&asked, 404, "ApplicationNotFound");
    asked = ask(HTTP_GET, "/nothing/here", "");
    expect(&asked, 404, "NotFound");
    asked = ask(HTTP_DELETE, "/me", "");
    expect(&asked, 405, "MethodNotAllowed");
    asked = ask(HTTP_POST, "/me/note", "{\"message\":\"x\"}");
    expect(&asked, 409, "MakeMeAvailableRequired");
    asked = ask(HTTP_GET, "/a/b/c/d/e/f/g/h/i/j", "");
    expect(&asked, 404, "NotFound");
    fake.refuse = true;
    ask_as(SLICE("carol@contoso.test"), &asked, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
    expect(&asked, 403, "Forbidden");
    assert_int_equal(ucwa_count(ucwa), 1);
}

static void test_too_many(void **state)
{
    (void)state;
    struct asked asked[UCWA_PER_USER];
    for (int i = 0; i < UCWA_PER_USER; i++)
        ask_as(
            ALICE, &asked[i], HTTP_POST, SLICE(SITE_PATH_UCWA), JSON,
            arena_print(arena, "{\"userAgent\":\"x\",\"endpointId\":\"n%d\",\"culture\":\"z\"}", i)
                .at);
    assert_int_equal(ucwa_count(ucwa), UCWA_PER_USER);
    expect(&asked[UCWA_PER_USER - 1], 403, "TooManyApplications");
    assert_false(asked[0].sent);
    ucwa_free(ucwa); /* who still waits is told */
    ucwa = NULL;
    assert_true(asked[0].sent);
    assert_int_equal(asked[0].reply.status, 503);
}

static void test_silence_ends_it(void **state)
{
    (void)state;
    now += 59 * MINUTE;
    ucwa_tick(ucwa, now);
    assert_int_equal(ucwa_count(ucwa), 1);
    assert_true(ucwa_due(ucwa) <= now + 2 * MINUTE);
    now += 2 * MINUTE;
    ucwa_tick(ucwa, now);
    assert_int_equal(ucwa_count(ucwa), 0);
    assert_int_equal(fake.closed, 1);
}

/* ---- events -------------------------------------------------------------------------------------
 */

static void test_poll_waits_and_wakes(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    assert_false(held.sent);
    fake.face.settle(fake.face.arg);
    assert_true(held.sent);
    expect(&held, 200, "\"next\":{\"href\":");
    assert_true(holds(&held, "events?ack=2"));
    assert_true(holds(&held, "\"rel\":\"people\""));
    /* It did not arrive: the same is said again. Then it did, and is gone. */
    struct asked again = ask(HTTP_GET, "/events?ack=1", "");
    assert_true(slice_eq(again.reply.body, held.reply.body));
    hold(HTTP_GET, "/events?ack=2", JSON, "");
    struct asked wrong;
    ask_as(ALICE, &wrong, HTTP_GET, arena_print(arena, "%.*s/events?ack=1", SLICE_ARG(base)), JSON,
           "");
    expect(&wrong, 200, "\"resync\":{\"href\":");
    assert_true(held.sent); /* replaced */
    expect(&held, 409, "PGetReplaced");
}

static void test_poll_priority(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1&priority=2", JSON, "");
    struct asked lesser = ask(HTTP_GET, "/events?ack=1&priority=1", "");
    expect(&lesser, 409, "PGetReplaced");
    assert_false(held.sent);
}

static void test_poll_times_out(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1&timeout=200", JSON, "");
    now += 199000;
    ucwa_tick(ucwa, now);
    assert_false(held.sent);
    assert_int_equal(ucwa_due(ucwa), now + 1000);
    now += 1000;
    ucwa_tick(ucwa, now);
    expect(&held, 200, "\"sender\":[]");
    assert_true(holds(&held, "events?ack=2"));
}

static void test_ticket_ends_under_a_poll(void **state)
{
    (void)state;
    expires = now + 60000;
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    assert_int_equal(ucwa_due(ucwa), expires);
    now = expires;
    ucwa_tick(ucwa, now);
    expect(&held, 401, "\"code\":\"Unauthorized\"");
    assert_false(slice_empty(http_reply_get(&held.reply, "WWW-Authenticate")));
    expires = 0; /* by a new ticket it goes on where it was */
    hold(HTTP_GET, "/events?ack=1", JSON, "");
}

static void test_medium_events_are_gathered(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1&medium=10", JSON, "");
    for (int i = 0; i < 2; i++)
        fake_tell((struct phone_news){
            .kind = PHONE_PERSON, .person = &fake.bob, .presence = true, .note = i > 0});
    fake.face.settle(fake.face.arg);
    assert_false(held.sent);
    now += 10000;
    ucwa_tick(ucwa, now);
    expect(&held, 200, "/people/bob@contoso.test/presence");
    assert_true(holds(&held, "contactNote"));
}

static void test_forgotten_events_are_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++)
        fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    struct asked got = ask(HTTP_GET, "/events?ack=1", "");
    expect(&got, 200, "\"resume\":{\"href\":");
    hold(HTTP_GET, "/events?ack=1", JSON, "");
}

static void test_phone_ends_under_a_poll(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_OUT});
    fake.face.settle(fake.face.arg);
    expect(&held, 404, "ApplicationNotFound");
    assert_int_equal(ucwa_count(ucwa), 0);
}

/* ---- me and people
 * -------------------------------------------------------------------------------- */

static void test_me(void **state)
{
    (void)state;
    available();
    struct asked got = ask(HTTP_POST, "/me/makeMeAvailable", "{}");
    expect(&got, 409, "AlreadyExists");
    got = ask(HTTP_GET, "/events?ack=1", "");
    expect(&got, 200, "\"rel\":\"presence\"");
    got = ask(HTTP_GET, "/me/presence", "");
    expect(&got, 200, "\"availability\":\"Busy\"");
    hold(HTTP_POST, "/me/presence", JSON, "{\"availability\":\"DoNotDisturb\"}");
    assert_int_equal(fake.number, 9500);
    expect_done(204);
    hold(HTTP_POST, "/me/presence", JSON, "");
    assert_int_equal(fake.number, 0);
    expect_done(204);
    got = ask(HTTP_POST, "/me/presence", "{\"availability\":\"Offline\"}");
    expect(&got, 400, "ParameterValidationFailure");
    hold(HTTP_POST, "/me/note?message=Back+soon", JSON, "");
    assert_string_equal(fake.text, "Back soon");
    expect_done(204);
    got = ask(HTTP_POST, "/reportMyActivity", "");
    assert_int_equal(got.reply.status, 204);
    assert_int_equal(fake.active, 1);
    got = ask(HTTP_GET, "/policies", "");
    expect(&got, 200, "\"voicemailUri\":\"sip:vm@contoso.test\"");
    /* What the phone could not do is the answer. */
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_BUSY, "later");
    hold(HTTP_POST, "/me/note", JSON, "{\"message\":\"x\"}");
    done(&fault);
    expect(&held, 503, "ServiceUnavailable");
}

static void test_appearing_can_fail(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_BUSY, "later");
    hold(HTTP_POST, "/me/makeMeAvailable", JSON, "{}");
    done(&fault);
    expect(&held, 503, "ServiceUnavailable");
    struct asked got = ask(HTTP_GET, "/me", "");
    expect(&got, 200, "makeMeAvailable");
    available();
}

static void test_people(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/people/contacts", "");
    expect(&got, 200, "\"uri\":\"sip:bob@contoso.test\"");
    got = ask(HTTP_GET, "/people/groups", "");
    expect(&got, 200, "\"name\":\"Friends\"");
    got = ask(HTTP_GET, "/people/groups/2/contacts", "");
    expect(&got, 200, "bob@contoso.test");
    got = ask(HTTP_GET, "/people/groups/1/contacts", "");
    assert_false(holds(&got, "bob@contoso.test"));
    got = ask(HTTP_GET, "/people/groups/9", "");
    expect(&got, 404, "NotFound");
    got = ask(HTTP_GET, "/people/bob@contoso.test/presence", "");
    expect(&got, 200, "\"availability\":\"Busy\"");
    got = ask(HTTP_GET, "/people/bob@contoso.test/note", "");
    expect(&got, 200, "Personal");
    got = ask(HTTP_GET, "/people/nobody", "");
    expect(&got, 404, "NotFound");
    got = ask(HTTP_GET, "/people/search?query=b&limit=101", "");
    expect(&got, 400, "ParameterValidationFailure");
    hold(HTTP_GET, "/people/search?query=bo&limit=2", JSON, "");
    assert_int_equal(fake.number, 2);
    fake_tell((struct phone_news){
        .kind = PHONE_FOUND, .tag = fake.tag, .found = &fake.bob, .found_count = 1});
    expect_done(200);
    assert_true(holds(&held, "sip:bob@contoso.test"));
}

static void test_presence_subscriptions(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_POST, "/people/presenceSubscriptions",
                           "{\"duration\":11,\"uris\":[\"sip:bob@contoso.test\"]}");
    expect(&got, 201, "\"id\":\"1\"");
    assert_string_equal(fake.called, "watch");
    assert_string_equal(fake.text, "bob@contoso.test");
    ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"bob@contoso.test\"]}");
    /* Who is in another subscription stays watched. */
    fake.called[0] = '\0';
    got = ask(HTTP_DELETE, "/people/presenceSubscriptions/2", "");
    assert_int_equal(got.reply.status, 204);
    assert_string_equal(fake.called, "");
    got = ask(HTTP_POST, "/people/presenceSubscriptions/1", "{\"duration\":30}");
    expect(&got, 200, "presenceSubscription");
    now += 29 * MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "");
    now += MINUTE;
    ucwa_tick(ucwa, now);
    assert_string_equal(fake.called, "unwatch");
    static const char *const bad[] = {"{}",
                                      "{\"uris\":[]}",
                                      "{\"uris\":[7]}",
                                      "{\"uris\":[\"bob\"]}",
                                      "{\"duration\":5,\"uris\":[\"sip:b@c.test\"]}",
                                      "{\"duration\":-1,\"uris\":[\"b@c.test\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        got = ask(HTTP_POST, "/people/presenceSubscriptions", bad[i]);
        expect(&got, 400, "ParameterValidationFailure");
    }
    for (int i = 0; i < UCWA_SUBSCRIPTIONS_MAX; i++)
        ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"b@c.test\"]}");
    got = ask(HTTP_POST, "/people/presenceSubscriptions", "{\"uris\":[\"b@c.test\"]}");
    expect(&got, 403, "LimitExceeded");
}

/* ---- talk
 * -----------------------------------------------------------------------------------------------
 */

static void tell_chat(enum phone_chat_state chat_state)
{
    fake.chat.state = chat_state;
    fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &fake.chat});
    fake.face.settle(fake.face.arg);
}

static void test_send_an_im(void **state)
{
    (void)state;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    struct asked got = ask(HTTP_POST, "/communication/messagingInvitations",
                           "{\"to\":\"sip:bob@contoso.test\",\"operationId\":\"op-1\"}");
    assert_int_equal(got.reply.status, 201);
    assert_true(
        slice_ends(http_reply_get(&got.reply, "Location"), SLICE("/messagingInvitations/7")));
    got = ask(HTTP_GET, "/events?ack=2", "");
    expect(&got, 200, "\"operationId\":\"op-1\"");
    assert_true(holds(&got, "\"type\":\"started\""));
    assert_true(holds(&got, "\"cancel\""));
    assert_false(holds(&got, "sendMessage"));
    got = ask(HTTP_POST, "/communication/conversations/7/messaging/typing", "");
    expect(&got, 409, "Conflict");
    hold(HTTP_GET, "/events?ack=3", JSON, "");
    tell_chat(PHONE_CHAT_CONNECTED);
    expect(&held, 200, "sendMessage");
    assert_true(holds(&held, "acceptedByParticipant"));
    assert_true(holds(&held, "\"status\":\"Success\""));
    hold(HTTP_POST, "/communication/conversations/7/messaging/messages", "text/plain",
         "Hello & <you>");
    assert_string_equal(fake.text, "Hello & <you>");
    expect_done(201);
    assert_false(slice_empty(http_reply_get(&held.reply, "Location")));
    hold(HTTP_POST, "/communication/conversations/7/messaging/terminate", JSON, "");
    assert_string_equal(fake.called, "leave");
    expect_done(204);
    tell_chat(PHONE_CHAT_ENDED);
    got = ask(HTTP_GET, "/events?ack=4", "");
    expect(&got, 200, "\"type\":\"deleted\"");
}

static void test_receive_an_im(void **state)
{
    (void)state;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    hold(HTTP_GET, "/events?ack=2", JSON, "");
    fake.chat = (struct phone_chat){.id = 9,
                                    .incoming = true,
                                    .peer = SLICE("bob@contoso.test"),
                                    .peer_name = SLICE("Bob"),
                                    .subject = SLICE(""),
                                    .conversation = SLICE("AAC=")};
    tell_chat(PHONE_CHAT_INVITED);
    expect(&held, 200, "/communication/messagingInvitations/9/accept");
    assert_true(holds(&held, "\"direction\":\"Incoming\""));
    hold(HTTP_POST, "/communication/messagingInvitations/9/accept?sessionContext=1", JSON, "");
    assert_string_equal(fake.called, "accept");
    expect_done(204);
    tell_chat(PHONE_CHAT_CONNECTED);
    struct asked got = ask(HTTP_POST, "/communication/messagingInvitations/9/decline", "");
    expect(&got, 409, "Conflict");
    fake_tell((struct phone_news){.kind = PHONE_MESSAGE,
                                  .chat = &fake.chat,
                                  .text = SLICE("Tea, now?"),
                                  .type = SLICE("text/plain; charset=UTF-8")});
    got = ask(HTTP_GET, "/events?ack=3", "");
    expect(&got, 200, "data:text/plain;charset=utf-8,Tea%2C%20now%3F");
    got = ask(HTTP_GET, "/communication/conversations", "");
    expect(&got, 200, "\"state\":\"Connected\"");
    got = ask(HTTP_GET, "/communication/conversations/9/participants/bob@contoso.test", "");
    expect(&got, 200, "\"name\":\"Bob\"");
    got = ask(HTTP_GET, "/communication/conversations/8", "");
    expect(&got, 404, "NotFound");
}

static void test_nobody_answers(void **state)
{
    (void)state;
    struct fault fault;
    available();
    ask(HTTP_GET, "/events?ack=1", "");
    ask(HTTP_POST, "/communication/messagingInvitations", "{\"to\":\"sip:bob@contoso.test\"}");
    fake.chat.state = PHONE_CHAT_ENDED;
    fault_set(&fault, ERR_EXPIRED, FINDING_CONNECTION_TIMEOUT, "408");
    fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &fake.chat, .fault = &fault});
    struct asked got = ask(HTTP_GET, "/events?ack=2", "");
    expect(&got, 200, "\"status\":\"Failure\"");
    assert_true(holds(&got, "\"reason\""));
    got = ask(HTTP_POST, "/communication/messagingInvitations", "{\"to\":\"nobody\"}");
    expect(&got, 400, "ParameterValidationFailure");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_application),
        TEST(test_the_other_family),
        TEST(test_what_is_refused),
        TEST(test_too_many),
        TEST(test_silence_ends_it),
        TEST(test_poll_waits_and_wakes),
        TEST(test_poll_priority),
        TEST(test_poll_times_out),
        TEST(test_ticket_ends_under_a_poll),
        TEST(test_medium_events_are_gathered),
        TEST(test_forgotten_events_are_dropped),
        TEST(test_phone_ends_under_a_poll),
        TEST(test_me),
        TEST(test_appearing_can_fail),
        TEST(test_people),
        TEST(test_presence_subscriptions),
        TEST(test_send_an_im),
        TEST(test_receive_an_im),
        TEST(test_nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
