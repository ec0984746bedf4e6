/* Applications as their clients see them. */
#include "ucwa/test_world_priv.h"

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

/* Clients rely on these members and embedded objects (mobility.md sections 2.2 and 5). */
static void test_members(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "", "");
    expect(&got, 200, "\"type\":\"Browser\"");
    assert_true(holds(&got, "\"endpointId\":\"ep1\""));
    assert_true(holds(&got, "\"id\":\""));
    assert_true(holds(&got, "\"batch\":{\"href\":\""));
    assert_true(holds(&got, "\"onlineMeetings\":{\"_links\":{\"self\":{\"href\":\""));
    assert_false(holds(&got, "myOnlineMeetings"));
    assert_true(slice_eq(http_reply_get(&got.reply, "X-MS-Server-Fqdn"), SLICE("web.test")));
    got = ask(HTTP_GET, "/onlineMeetings", "");
    expect(&got, 200, "\"rel\":\"onlineMeetings\"");
}

/* Its parameters may come in the query, and an instanceId is said again. */
static void test_parameters(void **state)
{
    (void)state;
    struct asked asked;
    ask_as(ALICE, &asked, HTTP_POST,
           SLICE(SITE_PATH_UCWA "?userAgent=q&endpointId=ep2&culture=de-DE"), JSON,
           "{\"instanceId\":\"i-1\"}");
    fake_tell((struct phone_news){.kind = PHONE_SIGNED_IN, .expires = 60 * MINUTE});
    expect(&asked, 201, "\"instanceId\":\"i-1\"");
    assert_true(holds(&asked, "\"culture\":\"de-DE\""));
}

/* The ticket of the request goes into a cookie for photos, and only what is safe there. */
static void test_cookie(void **state)
{
    (void)state;
    with("Authorization", "Bearer cwt=AAEB-_x==");
    ask_as(ALICE, &held, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
    struct slice cookie = http_reply_get(&held.reply, "Set-Cookie");
    struct slice wanted = arena_print(
        arena, "cwt_ucwa=cwt=AAEB-_x==; Path=%.*s/photos; Secure; HttpOnly; SameSite=None",
        SLICE_ARG(base));
    assert_true(slice_eq(cookie, wanted));
    static const char *const odd[] = {"Bearer a;b", "Bearer a\"", "Basic abc", "Bearer a b"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        with("Authorization", odd[i]);
        ask_as(ALICE, &held, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, wish);
        assert_true(slice_absent(http_reply_get(&held.reply, "Set-Cookie")));
    }
}

static void test_etag(void **state)
{
    (void)state;
    struct asked got = ask(HTTP_GET, "/me", "");
    struct slice etag = http_reply_get(&got.reply, "ETag");
    assert_true(slice_starts(etag, SLICE("\"")) && etag.len > 4);
    with("If-None-Match", etag.at);
    got = ask(HTTP_GET, "/me", "");
    assert_int_equal(got.reply.status, 304);
    assert_int_equal(got.reply.body.len, 0);
    with("If-None-Match", "\"other\"");
    got = ask(HTTP_GET, "/me", "");
    assert_int_equal(got.reply.status, 200);
}

static void test_forms(void **state)
{
    (void)state;
    with("Accept", "application/vnd.microsoft.com.ucwa+xml");
    struct asked got = ask(HTTP_GET, "", "");
    expect(&got, 200,
           "<?xml version=\"1.0\" encoding=\"utf-8\"?><resource "
           "xmlns=\"http://schemas.microsoft.com/rtc/2012/03/ucwa\" href=\"/ucwa/oauth/v1/"
           "applications/");
    assert_true(slice_eq(got.reply.content_type, SLICE("application/vnd.microsoft.com.ucwa+xml")));
    assert_true(holds(&got, "<property name=\"endpointId\">ep1</property>"));
    assert_true(holds(&got, "<propertyList name=\"supportedMessageFormats\"><item>Plain</item>"));
    assert_true(holds(&got, " rel=\"makeMeAvailable\"/>"));
    with("Accept", "application/xml");
    got = ask(HTTP_GET, "/nothing", "");
    expect(&got, 404,
           "<reason xmlns=\"http://schemas.microsoft.com/rtc/2012/03/ucwa\"><code>NotFound</code>"
           "<subcode>ResourceNotFound</subcode><message>");
    fake_tell((struct phone_news){.kind = PHONE_CONTACTS});
    with("Accept", "application/xml");
    got = ask(HTTP_GET, "/events?ack=1", "");
    expect(&got, 200, "<events xmlns=\"http://schemas.microsoft.com/rtc/2012/03/ucwa\" href=\"");
    assert_true(holds(&got, "events?ack=2\" rel=\"next\"/>"));
    assert_true(holds(&got, "<updated href=\"") && holds(&got, "rel=\"myContacts\""));
    /* Who says nothing, or something strange, gets JSON. */
    static const char *const accepts[] = {"*/*", "text/html", "application/json, */*;q=0.1", ""};
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        with("Accept", accepts[i]);
        got = ask(HTTP_GET, "/me", "");
        assert_true(slice_eq(got.reply.content_type, SLICE("application/json")));
    }
}

/* Every refusal says a code and a message, and the status that the manual names. */
static void test_errors(void **state)
{
    (void)state;
    struct asked asked;
    char *large = malloc(40001);
    memset(large, ' ', 40000);
    large[40000] = '\0';
    const struct {
        enum http_method method;
        const char *path, *type, *body;
        int status;
        const char *code;
    } rows[] = {
        {HTTP_GET, "/nothing", JSON, "", 404, "NotFound"},
        {HTTP_PUT, "/me", JSON, "", 405, "MethodNotAllowed"},
        {HTTP_POST, "/me/makeMeAvailable", JSON, "{", 400, "BadRequest"},
        {HTTP_POST, "/me/makeMeAvailable", "application/xml", "<input/>", 415,
         "UnsupportedMediaType"},
        {HTTP_POST, "/me/makeMeAvailable", JSON, "{\"signInAs\":\"Asleep\"}", 400, "BadRequest"},
        {HTTP_POST, "/me/note", JSON, "{}", 409, "Conflict"},
        {HTTP_GET, "/events", JSON, "", 400, "BadRequest"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask_as(ALICE, &asked, rows[i].method,
               arena_print(arena, "%.*s%s", SLICE_ARG(base), rows[i].path), rows[i].type,
               rows[i].body);
        expect(&asked, rows[i].status, arena_print(arena, "\"code\":\"%s\"", rows[i].code).at);
        assert_true(holds(&asked, "\"message\":\""));
    }
    memset(large, 'x', 40000);
    ask_as(ALICE, &asked, HTTP_POST, arena_print(arena, "%.*s/me/presence", SLICE_ARG(base)), JSON,
           large);
    expect(&asked, 409, "MakeMeAvailableRequired");
    ask_as(ALICE, &asked, HTTP_POST, SLICE(SITE_PATH_UCWA), JSON, large);
    expect(&asked, 413, "EntityTooLarge");
    free(large);
}

/* One user's requests that wait for the phone have a limit; others' do not count. */
static void test_outstanding(void **state)
{
    (void)state;
    struct asked *waiting = calloc(UCWA_WAITING_MAX + 1, sizeof *waiting);
    struct slice target = arena_print(arena, "%.*s/people/search?query=b", SLICE_ARG(base));
    for (size_t i = 0; i < UCWA_WAITING_MAX; i++) {
        ask_as(ALICE, &waiting[i], HTTP_GET, target, JSON, "");
        assert_false(waiting[i].sent);
    }
    fake.called[0] = '\0';
    ask_as(ALICE, &waiting[UCWA_WAITING_MAX], HTTP_GET, target, JSON, "");
    expect(&waiting[UCWA_WAITING_MAX], 429, "TooManyRequests");
    assert_string_equal(fake.called, "");
    assert_true(
        slice_eq(http_reply_get(&waiting[UCWA_WAITING_MAX].reply, "Retry-After"), SLICE("1")));
    done(NULL); /* one is answered; there is room again */
    ask_as(ALICE, &held, HTTP_GET, target, JSON, "");
    assert_false(held.sent);
    ucwa_free(ucwa); /* all are told */
    ucwa = NULL;
    assert_int_equal(waiting[0].reply.status, 503);
    free(waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_application), TEST(test_the_other_family), TEST(test_what_is_refused),
        TEST(test_too_many),    TEST(test_silence_ends_it),  TEST(test_members),
        TEST(test_parameters),  TEST(test_cookie),           TEST(test_etag),
        TEST(test_forms),       TEST(test_errors),           TEST(test_outstanding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
