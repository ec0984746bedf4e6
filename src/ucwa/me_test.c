/* me, communication, and what a user's telephony says. */
#include "ucwa/test_world_priv.h"

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

/* All nine thousand characters of a place are too many; sixty are not, whatever their bytes. */
static void test_location(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/me/location", "");
    expect(&got, 409, "MakeMeAvailableRequired");
    available();
    got = ask(HTTP_GET, "/me", "");
    expect(&got, 200, "\"location\":{\"href\"");
    ask(HTTP_GET, "/events?ack=1", "");
    struct slice sixty = SLICE("");
    for (int i = 0; i < 60; i++)
        sixty = arena_print(arena, "%.*s\xc3\xa4", SLICE_ARG(sixty));
    struct slice body = arena_print(arena, "{\"location\":\"%.*s\"}", SLICE_ARG(sixty));
    got = ask(HTTP_POST, "/me/location", body.at);
    assert_int_equal(got.reply.status, 204);
    got = ask(HTTP_GET, "/me/location", "");
    expect(&got, 200, sixty.at);
    body = arena_print(arena, "{\"location\":\"%.*sx\"}", SLICE_ARG(sixty));
    got = ask(HTTP_POST, "/me/location", body.at);
    expect(&got, 400, "ParameterValidationFailure");
    hold(HTTP_GET, "/events?ack=2", JSON, "");
    now += 5000;
    ucwa_tick(ucwa, now);
    expect(&held, 200, "\"rel\":\"location\"");
    got = ask(HTTP_POST, "/me/location?location=Home", "");
    assert_int_equal(got.reply.status, 204);
    got = ask(HTTP_POST, "/me/location", ""); /* nowhere again */
    assert_int_equal(got.reply.status, 204);
    got = ask(HTTP_GET, "/me/location", "");
    expect(&got, 200, "\"location\":\"\"");
}

static void test_phones(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/me/phones", "");
    expect(&got, 200, "\"phone\":[]");
    got = ask(HTTP_GET, "/me/phones/work", "");
    expect(&got, 404, "NotFound");
    fake.self.phone = SLICE("+15551234");
    got = ask(HTTP_GET, "/me/phones", "");
    expect(&got, 200, "\"number\":\"tel:+15551234\"");
    assert_false(holds(&got, "changeNumber"));
    got = ask(HTTP_GET, "/me/phones/work", "");
    expect(&got, 200, "\"includeInContactCard\":true");
}

/* What a policy does not allow is not there; without anything the resource is refused. */
static void test_call_forwarding(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/me/callForwardingSettings", "");
    expect(&got, 200, "\"activeSetting\":\"None\"");
    assert_true(holds(&got, "simultaneousRingSettings"));
    assert_false(holds(&got, "immediateForwardSettings"));
    got = ask(HTTP_GET, "/me/callForwardingSettings/simultaneousRingSettings", "");
    expect(&got, 200, "\"target\":\"None\"");
    got = ask(HTTP_GET, "/me/callForwardingSettings/immediateForwardSettings", "");
    expect(&got, 404, "NotFound");
    fake.settings.sim_ring = false;
    got = ask(HTTP_GET, "/me/callForwardingSettings", "");
    expect(&got, 403, "Forbidden");
    got = ask(HTTP_GET, "/me", "");
    expect(&got, 200, "\"photo\":{\"href\":\"");
    assert_false(holds(&got, "callForwardingSettings"));
    fake.settings.show_photos = false;
    got = ask(HTTP_GET, "", "");
    assert_false(holds(&got, "/photos/"));
}

/* The random member of communication, with its quotes. */
static struct slice guid_of(const struct asked *asked)
{
    ptrdiff_t at = slice_find(asked->reply.body, SLICE("\":\"please pass this"));
    assert_true(at > 36);
    return slice_head(slice_from(asked->reply.body, (size_t)at - 36), 36);
}

static void test_change_communication(void **state)
{
    (void)state;
    available();
    struct asked got = ask(HTTP_GET, "/communication", "");
    expect(&got, 200, "\"supportedMessageFormats\":[\"Plain\",\"Html\"]");
    assert_true(slice_eq(http_reply_get(&got.reply, "ETag"), SLICE("\"2\"")));
    assert_true(holds(&got, "\"etag\":\"2\""));
    /* As a client echoes it: links and all; the links do not count. */
    struct slice whole = arena_print(
        arena,
        "{\"%.*s\":\"please pass this in a PUT request\",\"supportedMessageFormats\":[\"Plain\"],"
        "\"supportedModalities\":[\"Messaging\"],\"phoneNumber\":\"tel:+1555\",\"etag\":\"2\","
        "\"_links\":{\"self\":{\"href\":\"/elsewhere\"}},\"rel\":\"communication\"}",
        SLICE_ARG(guid_of(&got)));
    got = ask(HTTP_PUT, "/communication", whole.at);
    expect(&got, 428, "PreconditionRequired");
    with("If-Match", "\"1\"");
    got = ask(HTTP_PUT, "/communication", whole.at);
    expect(&got, 412, "PreconditionFailed");
    with("If-Match", "\"2\"");
    got = ask(HTTP_PUT, "/communication", "{\"supportedMessageFormats\":[\"Plain\"]}");
    expect(&got, 400, "ParameterValidationFailure");
    with("If-Match", "\"2\"");
    got = ask(HTTP_PUT, "/communication", whole.at);
    assert_int_equal(got.reply.status, 200);
    assert_true(slice_eq(http_reply_get(&got.reply, "ETag"), SLICE("\"3\"")));
    with("If-Match", "2");
    got = ask(HTTP_PUT, "/communication", whole.at);
    expect(&got, 412, "PreconditionFailed");
    got = ask(HTTP_GET, "/communication", "");
    expect(&got, 200, "\"supportedMessageFormats\":[\"Plain\"]");
    assert_true(holds(&got, "\"phoneNumber\":\"tel:+1555\""));
    assert_true(holds(&got, "\"etag\":\"3\""));
    assert_false(holds(&got, "elsewhere"));
}

static void test_available_offers(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *said;
    } bad[] = {
        {"{\"supportedMessageFormats\":[\"Rtf\"]}", 400, "ParameterValidationFailure"},
        {"{\"supportedMessageFormats\":[7]}", 400, "ParameterValidationFailure"},
        {"{\"supportedModalities\":[\"Smoke\"]}", 400, "ParameterValidationFailure"},
        {"{\"supportedModalities\":[\"Messaging\",\"Video\"]}", 403, "Forbidden"},
        {"{\"audioPreference\":\"Shouting\"}", 400, "ParameterValidationFailure"},
        {"{\"phoneNumber\":\"12\"}", 400, "NormalizationFailed"},
        {"{\"inactiveTimeout\":\"soon\"}", 400, "ParameterValidationFailure"},
        {"{\"inactiveTimeout\":\"PT\"}", 400, "ParameterValidationFailure"},
        {"{\"inactiveTimeout\":\"1:2\"}", 400, "ParameterValidationFailure"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct asked got = ask(HTTP_POST, "/me/makeMeAvailable", bad[i].body);
        expect(&got, bad[i].status, bad[i].said);
    }
    hold(HTTP_POST, "/me/makeMeAvailable", JSON,
         "{\"supportedMessageFormats\":[\"Plain\"],\"supportedModalities\":[\"Messaging\","
         "\"PhoneAudio\"],\"audioPreference\":\"PhoneAudio\",\"phoneNumber\":\"5550123456\","
         "\"inactiveTimeout\":\"00:10:00\"}");
    expect_done(204);
    assert_int_equal(fake.idle, 10 * MINUTE);
    struct asked got = ask(HTTP_GET, "/communication", "");
    expect(&got, 200, "\"supportedMessageFormats\":[\"Plain\"]");
    assert_true(holds(&got, "\"supportedModalities\":[\"Messaging\"]"));
    assert_true(holds(&got, "\"phoneNumber\":\"tel:+15550123456\""));
}

/* The same span in all its spellings. */
static void test_idle_spans(void **state)
{
    (void)state;
    static const char *const spans[] = {"90", "01:30:00", "PT1H30M", "PT90M", "PT5400S"};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        struct fault fault;
        fault_set(&fault, ERR_BUSY, FINDING_SERVER_BUSY, "again");
        fake.idle = 0;
        struct slice body = arena_print(arena, "{\"inactiveTimeout\":\"%s\"}", spans[i]);
        hold(HTTP_POST, "/me/makeMeAvailable", JSON, body.at);
        assert_int_equal(fake.idle, 90 * MINUTE);
        done(&fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_me),
        TEST(test_appearing_can_fail),
        TEST(test_location),
        TEST(test_phones),
        TEST(test_call_forwarding),
        TEST(test_change_communication),
        TEST(test_available_offers),
        TEST(test_idle_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
