/* Devices that sleep: when a push message goes out, and what the inviter hears. */
#include "mobility/test_world_priv.h"

#define INVITATION "0 sip:bob@contoso.test call1 #1 "

/* Signed in with push, and the last poll was over long ago. */
static void fall_asleep(struct world *w)
{
    sign_in(w, DAYS_MS);
    phone_awake(w->phone, true);
    phone_awake(w->phone, false);
    w->now += 60000;
    phone_tick(w->phone);
}

static void ring(struct world *w)
{
    take_text(w, SLICE(INVITE));
    sent(w, "SIP/2.0 180 ");
    heard(w, "chat0 ");
    phone_tick(w->phone);
}

static struct push_outcome outcome(enum finding finding)
{
    struct push_outcome outcome = {0};
    if (finding != FINDING_NONE)
        fault_set(&outcome.fault, ERR_IO, finding, "as the test says");
    return outcome;
}

static void ended_as(struct world *w, enum finding finding)
{
    struct push_outcome how = outcome(finding);
    phone_woken(w->phone, w->chat, &how);
}

static bool says(const struct world *w, const char *text)
{
    struct slice value = sip_value(&w->request, SIP_HEADER_MS_DIAGNOSTICS);
    return slice_find(value, slice_of(text)) >= 0;
}

static void test_woken(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    assert_true(phone_pushes(w->phone));
    ring(w);
    const struct sip_header *server = sip_header_named(&w->request, SLICE("Server"), NULL);
    assert_true(slice_eq(server->value, SLICE("RTCC/4.0.0.0 McxService/4.0.0.0 Test/1")));
    wished(w, INVITATION);
    ended_as(w, FINDING_NONE);
    sent_nothing(w);
    phone_awake(w->phone, true); /* it comes */
    phone_tick(w->phone);
    wished(w, "");
    phone_accept(w->phone, 1, w->chat);
    sent(w, "SIP/2.0 200 ");
    heard(w, "chat2 done1 ");
    bob_says(w, "MESSAGE", "text/plain", "Hello");
    sent(w, "SIP/2.0 200 ");
    w->now += 100000; /* the poll that it holds may have been answered with that */
    phone_tick(w->phone);
    wished(w, "");
}

static void test_nap_is_no_sleep(void **state)
{
    struct world *w = *state;
    sign_in(w, DAYS_MS);
    phone_awake(w->phone, true);
    ring(w);
    phone_awake(w->phone, false); /* the poll is answered with it */
    w->now += 2999;
    assert_int_equal(phone_tick(w->phone), w->now + 1);
    wished(w, "");
    phone_active(w->phone); /* another request of the device */
    w->now += 2999;
    phone_tick(w->phone);
    wished(w, "");
    w->now += 1; /* nothing more is heard: the answer may never have arrived */
    phone_tick(w->phone);
    wished(w, INVITATION);
    phone_tick(w->phone);
    wished(w, "");
}

static void test_no_subscription(void **state)
{
    static const enum finding findings[] = {FINDING_PUSH_NO_SUBSCRIPTION, FINDING_PUSH_GONE};
    struct world *w = *state;
    fall_asleep(w);
    for (size_t i = 0; i < 2; i++) {
        ring(w);
        ended_as(w, findings[i]);
        sent(w, "SIP/2.0 408 ");
        assert_true(says(w, "source=\"sip.contoso.test\""));
        assert_true(says(w, "The client did not respond to the invitation"));
        assert_true(says(w, "info=\"No push subscription for target device\""));
        heard(w, "chat3! ");
        assert_null(phone_chat(w->phone, w->chat));
    }
    phone_set_push(w->phone, false, HOUR_MS);
    heard(w, "mode ");
    assert_false(phone_pushes(w->phone));
    assert_int_equal(phone_lifetime(w->phone), HOUR_MS);
    buf_clear(&w->wishes);
    ring(w); /* it polls again, so it may ring */
    wished(w, "");
    phone_set_push(w->phone, false, HOUR_MS);
    heard(w, "");
}

static void test_route_down(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    ring(w);
    ended_as(w, FINDING_PUSH_ROUTE_DOWN);
    sent(w, "SIP/2.0 504 ");
    heard(w, "chat3! ");
    assert_int_equal(w->fault.finding, FINDING_PUSH_ROUTE_DOWN);
}

static void test_comes_before_the_outcome(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    ring(w);
    phone_awake(w->phone, true);
    ended_as(w, FINDING_PUSH_ROUTE_DOWN);
    phone_awake(w->phone, false); /* told, it is about to ask again */
    ended_as(w, FINDING_PUSH_ROUTE_DOWN);
    sent_nothing(w);
    phone_decline(w->phone, 1, w->chat);
    sent(w, "SIP/2.0 603 ");
    heard(w, "chat3 done1 ");
    ended_as(w, FINDING_PUSH_ROUTE_DOWN); /* of what is over */
    sent_nothing(w);
}

static void test_late(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    ring(w);
    wished(w, INVITATION);
    ended_as(w, FINDING_NONE);
    for (int i = 0; i < 2; i++) {
        w->now += 60000;
        phone_tick(w->phone);
        sent(w, "SIP/2.0 180 ");
    }
    w->now += 60000;
    phone_tick(w->phone);
    sent(w, "SIP/2.0 408 ");
    assert_true(says(w, "The client did not respond to the invitation"));
    assert_false(says(w, "info="));
    heard(w, "chat3! ");
    wished(w, "3 sip:bob@contoso.test call1 #0 "); /* a missed one */
}

#define CANCEL(reason)                                                                             \
    "CANCEL sip:alice@contoso.test SIP/2.0\r\n"                                                    \
    "Via: SIP/2.0/TLS sip.contoso.test:5061;branch=z9hG4bKa1\r\n"                                  \
    "From: <sip:bob@contoso.test>;tag=b1\r\nTo: <sip:alice@contoso.test>\r\n"                      \
    "Call-ID: call1\r\nCSeq: 1 CANCEL\r\n" reason "Content-Length: 0\r\n\r\n"

static void test_missed(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    ring(w);
    wished(w, INVITATION);
    take_text(w, SLICE(CANCEL("")));
    wished(w, "3 sip:bob@contoso.test call1 #0 ");
    heard(w, "chat3 ");
    sent(w, "SIP/2.0 200 ");
    sent(w, "SIP/2.0 487 ");
    ring(w);
    buf_clear(&w->wishes);
    take_text(w, SLICE(CANCEL("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")));
    wished(w, ""); /* on the desktop */
}

static void test_message(void **state)
{
    struct world *w = *state;
    fall_asleep(w);
    ring(w);
    phone_accept(w->phone, 1, w->chat);
    sent(w, "SIP/2.0 200 ");
    buf_clear(&w->wishes);
    bob_says(w, "MESSAGE", "text/plain", "Still there?");
    sent(w, "SIP/2.0 200 ");
    phone_tick(w->phone);
    wished(w, INVITATION);
    ended_as(w, FINDING_PUSH_ROUTE_DOWN); /* it has been taken: nobody hears of that */
    sent_nothing(w);
    assert_non_null(phone_chat(w->phone, w->chat));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_woken),
        TEST(test_nap_is_no_sleep),
        TEST(test_no_subscription),
        TEST(test_route_down),
        TEST(test_comes_before_the_outcome),
        TEST(test_late),
        TEST(test_missed),
        TEST(test_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
