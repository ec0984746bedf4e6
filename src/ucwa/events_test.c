/* The event channel. */
#include "ucwa/test_world_priv.h"

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

static void test_numbers_of_a_poll(void **state)
{
    (void)state;
    static const char *const bad[] = {"?ack=x",
                                      "?ack=",
                                      "",
                                      "?ack=1&timeout=soon",
                                      "?ack=1&medium=-5",
                                      "?ack=1&low=1.5",
                                      "?ack=1&priority=high"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct asked got = ask(HTTP_GET, arena_print(arena, "/events%s", bad[i]).at, "");
        expect(&got, 400, "ParameterValidationFailure");
    }
    /* Beyond the bounds is brought within them, and remembered. */
    static const struct {
        const char *query;
        int64_t held_for;
    } polls[] = {{"&timeout=1", 180000}, {"&timeout=99999", 1800000}, {"", 1800000}};
    static struct asked asked[3];
    for (size_t i = 0; i < 3; i++) {
        ask_as(ALICE, &asked[i], HTTP_GET,
               arena_print(arena, "%.*s/events?ack=1%s", SLICE_ARG(base), polls[i].query), JSON,
               "");
        assert_false(asked[i].sent);
        ucwa_tick(ucwa, now); /* forgets when the poll before this would have been due */
        assert_int_equal(ucwa_due(ucwa), now + polls[i].held_for);
    }
    fake_tell((struct phone_news){.kind = PHONE_SELF, .person = &fake.self, .card = true});
    fake.face.settle(fake.face.arg);
    assert_int_equal(ucwa_due(ucwa), now + 5000);
}

/* News is gathered from when it came, not from when a client last asked something. */
static void test_news_has_a_time_of_its_own(void **state)
{
    (void)state;
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    ucwa_time(ucwa, now + 60000);
    fake_tell((struct phone_news){.kind = PHONE_SELF, .person = &fake.self, .card = true});
    fake.face.settle(fake.face.arg);
    assert_false(held.sent);
    assert_int_equal(ucwa_due(ucwa), now + 65000);
    ucwa_tick(ucwa, now + 64999);
    assert_false(held.sent);
    ucwa_tick(ucwa, now + 65000);
    assert_true(held.sent);
}

/* A poll of higher priority takes the place; one of the same too, as it is newer. */
static void test_poll_replaced(void **state)
{
    (void)state;
    static struct asked first;
    ask_as(ALICE, &first, HTTP_GET, arena_print(arena, "%.*s/events?ack=1", SLICE_ARG(base)), JSON,
           "");
    hold(HTTP_GET, "/events?ack=1", JSON, "");
    expect(&first, 409, "PGetReplaced");
    ask_as(ALICE, &first, HTTP_GET,
           arena_print(arena, "%.*s/events?ack=1&priority=7", SLICE_ARG(base)), JSON, "");
    assert_false(first.sent);
    expect(&held, 409, "PGetReplaced");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_poll_waits_and_wakes),
        TEST(test_poll_priority),
        TEST(test_poll_times_out),
        TEST(test_ticket_ends_under_a_poll),
        TEST(test_medium_events_are_gathered),
        TEST(test_forgotten_events_are_dropped),
        TEST(test_phone_ends_under_a_poll),
        TEST(test_numbers_of_a_poll),
        TEST(test_news_has_a_time_of_its_own),
        TEST(test_poll_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
