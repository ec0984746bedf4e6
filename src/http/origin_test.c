/* Pages of other origins: who may ask, and what their browsers are told. */
#include "http/origin.h"
#include "http/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ORIGINS SLICE("https://app.test https://b.test:8443 junk https://[2001:db8::1]")

static int answered;

static void answer(void *role, const struct http_request *request, struct http_reply *reply,
                   struct arena *arena, int64_t now)
{
    (void)role, (void)request, (void)arena, (void)now;
    answered++;
    http_reply_set(reply, 200, "text/plain", SLICE("x"));
}

static struct http_reply ask(struct arena *arena, enum http_method method, const char *path,
                             const char *name, const char *value)
{
    struct http_field fields[] = {
        {slice_of(name), slice_of(value)},
        {SLICE("Access-Control-Request-Method"), SLICE("POST")},
    };
    struct http_request request = {.method = method,
                                   .method_name = SLICE("M"),
                                   .target = slice_of(path),
                                   .path = slice_of(path),
                                   .host = SLICE("web.test"),
                                   .headers = fields,
                                   .header_count = 2,
                                   .secure = true};
    const struct http_route rows[] = {
        {.path = "/shared/*",
         .methods = HTTP_GET | HTTP_POST,
         .flags = ROUTE_SHARED,
         .answer = answer},
        {.path = "/own", .methods = HTTP_GET, .answer = answer},
    };
    struct http_reply reply = {0};
    scoped(http_routes) struct http_routes *routes = http_routes_new(443);
    http_routes_share(routes, ORIGINS, SLICE("fe1.test"));
    http_routes_add(routes, rows, 2, NULL);
    answered = 0;
    http_routes_answer(routes, &request, &reply, arena, 0);
    return reply;
}

static void test_who_may_ask(void **state)
{
    (void)state;
    static const struct {
        const char *header, *value;
        int status;
        bool told; /* the browser, that it may show the page the answer */
    } rows[] = {
        {"X-Other", "https://evil.test", 200, false},
        {"Origin", "https://app.test", 200, true},
        {"Origin", "https://b.test:8443", 200, true},
        {"Origin", "https://[2001:db8::1]", 200, true},
        {"Origin", "https://web.test", 200, false},
        {"Origin", "https://web.test:8443", 200, false},
        {"Origin", "https://b.test", 403, false},
        {"Origin", "http://app.test", 403, false},
        {"Origin", "https://app.test.evil.test", 403, false},
        {"Origin", "https://web.test.evil.test", 403, false},
        {"Origin", "null", 403, false},
        {"Origin", "junk", 403, false},
        {"Origin", "", 403, false},
        {"X-Ms-Origin", "https://app.test", 200, false},
        {"X-Ms-Origin", "https://web.test", 200, false},
        {"X-Ms-Origin", "http://localhost", 403, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct http_reply reply =
            ask(arena, HTTP_POST, "/shared/thing", rows[i].header, rows[i].value);
        struct slice allowed = http_reply_get(&reply, "Access-Control-Allow-Origin");
        if (reply.status != rows[i].status || slice_absent(allowed) == rows[i].told)
            fail_msg("%s: %s: %d", rows[i].header, rows[i].value, reply.status);
        assert_int_equal(answered, rows[i].status == 200);
        assert_true(slice_absent(http_reply_get(&reply, "Access-Control-Allow-Credentials")));
        if (rows[i].told)
            assert_true(slice_eq(allowed, slice_of(rows[i].value)));
        if (rows[i].status == 403)
            assert_true(slice_eq(http_reply_get(&reply, "X-Ms-diagnostics"),
                                 SLICE("28070;source=\"fe1.test\";reason=\"Service does not allow "
                                       "a cross domain request from this origin.\"")));
        if (rows[i].status == 403)
            assert_int_equal(reply.fault.finding, FINDING_HTTP_ORIGIN);
    }
}

static void test_rows_that_are_not_shared(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct http_reply reply = ask(arena, HTTP_GET, "/own", "Origin", "https://app.test");
    assert_int_equal(reply.status, 200);
    assert_true(slice_absent(http_reply_get(&reply, "Access-Control-Allow-Origin")));
    assert_int_equal(ask(arena, HTTP_OPTIONS, "/own", "Origin", "https://app.test").status, 405);
}

static void test_browsers_question(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct http_reply reply = ask(arena, HTTP_OPTIONS, "/shared/x", "Origin", "https://app.test");
    assert_int_equal(reply.status, 204);
    assert_int_equal(answered, 0);
    assert_true(
        slice_eq(http_reply_get(&reply, "Access-Control-Allow-Methods"), SLICE("GET, HEAD, POST")));
    assert_true(slice_find(http_reply_get(&reply, "Access-Control-Allow-Headers"),
                           SLICE("Authorization")) >= 0);
    assert_int_equal(ask(arena, HTTP_OPTIONS, "/shared/x", "Origin", "https://evil.test").status,
                     403);
    assert_int_equal(ask(arena, HTTP_OPTIONS, "/nothing", "Origin", "https://app.test").status,
                     404);
}

static void test_what_an_origin_is(void **state)
{
    (void)state;
    assert_true(http_is_origin(SLICE("https://app.test")));
    assert_true(http_is_origin(SLICE("http://localhost:8080")));
    static const char *const bad[] = {"https://",         "ftp://a.test",
                                      "https://a.test/",  "https://a.test\"",
                                      "https://A.test",   "*",
                                      "https://a.test;x", "null"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(http_is_origin(slice_of(bad[i])));
    assert_false(http_is_origin((struct slice){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_ask),
        cmocka_unit_test(test_rows_that_are_not_shared),
        cmocka_unit_test(test_browsers_question),
        cmocka_unit_test(test_what_an_origin_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
