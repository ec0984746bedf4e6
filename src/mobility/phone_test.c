/* The phone against a server that answers as it is told: no socket, no clock. */
#include "mobility/test_world_priv.h"

static void test_sign_in_and_out(void **state)
{
    struct world *w = *state;
    size_t count;
    sign_in(w, HOUR_MS);
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
    sign_in(w, HOUR_MS);
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

static void test_invited(void **state)
{
    struct world *w = *state;
    sign_in(w, HOUR_MS);
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
    sign_in(w, HOUR_MS);
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
    sign_in(w, HOUR_MS);
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
    heard(w, "done4! ");
    /* Signed out before it. */
    phone_invite(w->phone, 6, SLICE("bob@contoso.test"), SLICE(""));
    phone_end(w->phone, &w->fault);
    heard(w, "chat1 chat3 done6! out! ");
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
        struct phone_world around = {.arg = w}; /* nothing of it is used */
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
