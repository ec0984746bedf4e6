/* Who answers, and to whom. */
#include "http/forwarded.h"
#include "http/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void answer(void *role, const struct http_request *request, struct http_reply *reply,
                   struct arena *arena, int64_t now)
{
    (void)request;
    (void)arena;
    (void)now;
    http_reply_set(reply, 200, "text/plain", slice_of(role));
}

#define ROUTE(host, path, methods, flags, role)                                                    \
    {                                                                                              \
        host, path, methods, flags, answer, role                                                   \
    }

static char role_list[][16] = {"lync-root", "root",    "user",  "mex-get", "mex-post", "files",
                               "deep",      "exact-h", "any-h", "default", "pattern",  "late"};

static struct http_routes *make_routes(unsigned https_port)
{
    struct http_routes *routes = http_routes_new(https_port);
    const struct http_route rows[] = {
        ROUTE("lyncdiscover.*", "/", HTTP_GET, ROUTE_PLAIN, role_list[0]),
        ROUTE(NULL, "/Autodiscover/AutodiscoverService.svc/root", HTTP_GET, ROUTE_PLAIN,
              role_list[1]),
        ROUTE(NULL, "/Autodiscover/AutodiscoverService.svc/root/user", HTTP_GET, 0, role_list[2]),
        ROUTE(NULL, "/svc/mex", HTTP_GET, 0, role_list[3]),
        ROUTE(NULL, "/svc/mex", HTTP_POST, ROUTE_WORK, role_list[4]),
        ROUTE(NULL, "/files/*", HTTP_GET | HTTP_PUT, 0, role_list[5]),
        ROUTE(NULL, "/files/deep/*", HTTP_GET, 0, role_list[6]),
        ROUTE(NULL, "/h", HTTP_GET, 0, role_list[8]),
        ROUTE("web.contoso.test", "/h", HTTP_GET, 0, role_list[7]),
        ROUTE("web.*", "/h", HTTP_GET, 0, role_list[10]),
        ROUTE(NULL, "/h", HTTP_GET, 0, role_list[11]),
    };
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, NULL);
    const struct http_route last[] = {ROUTE("only.test", "/*", HTTP_GET, 0, NULL)};
    http_routes_add(routes, last, 1, role_list[9]);
    http_routes_add(routes, NULL, 0, NULL);
    return routes;
}

static struct http_reply ask(struct arena *a, const struct http_routes *routes, bool secure,
                             const char *method, const char *host, const char *target)
{
    static const struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_frame frame = {0};
    struct http_request *request;
    struct http_reply reply = {0};
    struct fault fault;
    struct slice text =
        *host ? arena_print(a, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, target, host)
              : arena_print(a, "%s %s HTTP/1.0\r\n\r\n", method, target);
    assert_int_equal(http_frame_scan(&frame, &limits, text, &fault), 0);
    assert_int_equal(http_request_parse(&frame, text, a, &request, &fault), 0);
    request->secure = secure;
    http_routes_answer(routes, request, &reply, a, 0);
    return reply;
}

static void assert_slice(struct slice got, const char *want)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(got), want);
}

static void test_found(void **state)
{
    (void)state;
    static const struct {
        const char *method, *host, *target, *role;
    } rows[] = {
        {"GET", "lyncdiscover.contoso.test", "/?sipuri=a", "lync-root"},
        {"GET", "LYNCDISCOVER.contoso.test:443", "/", "lync-root"},
        {"GET", "x", "/autodiscover/autodiscoverservice.svc/ROOT", "root"},
        {"GET", "x", "/autodiscover/autodiscoverservice.svc/root/user?sipuri=a", "user"},
        {"GET", "x", "/svc/mex", "mex-get"},
        {"HEAD", "x", "/svc/mex", "mex-get"},
        {"POST", "x", "/svc/mex", "mex-post"},
        {"GET", "x", "/files/", "files"},
        {"GET", "x", "/files/a/b", "files"},
        {"GET", "x", "/files/deep/a", "deep"},
        {"GET", "x", "/files/deep", "files"},
        {"GET", "x", "/files/deep/../a", "files"},
        {"GET", "x", "/h", "any-h"},
        {"GET", "web.contoso.test", "/h", "exact-h"},
        {"GET", "WEB.contoso.TEST.", "/h", "exact-h"},
        {"GET", "web.other.test", "/h", "pattern"},
        {"GET", "", "/h", "any-h"},
        {"GET", "only.test", "/", "default"},
        {"GET", "only.test", "/anything/else", "default"},
        {"GET", "only.test", "/h", "any-h"},
    };
    scoped(arena) struct arena *a = arena_new();
    scoped(http_routes) struct http_routes *routes = make_routes(443);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_reply reply =
            ask(a, routes, true, rows[i].method, rows[i].host, rows[i].target);
        if (reply.status != 200 || !slice_eq(reply.body, slice_of(rows[i].role)))
            fail_msg("%s %s%s: %d %.*s", rows[i].method, rows[i].host, rows[i].target, reply.status,
                     SLICE_ARG(reply.body));
    }
}

static void test_not_found(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(http_routes) struct http_routes *routes = make_routes(443);
    static const char *const missing[] = {"/", "/files", "/filesx", "/h/", "/files/../x", "/svc"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        struct http_reply reply = ask(a, routes, true, "GET", "x", missing[i]);
        assert_int_equal(reply.status, 404);
        assert_int_equal(reply.fault.finding, FINDING_HTTP_NOT_FOUND);
    }
    /* The pattern wants something behind its dot. */
    assert_int_equal(ask(a, routes, true, "GET", "lyncdiscover.", "/").status, 404);
    assert_int_equal(ask(a, routes, true, "OPTIONS", "x", "*").status, 404);

    struct http_reply reply = ask(a, routes, true, "DELETE", "x", "/svc/mex");
    assert_int_equal(reply.status, 405);
    assert_slice(http_reply_get(&reply, "Allow"), "GET, HEAD, POST");
    reply = ask(a, routes, true, "PUT", "x", "/files/deep/a");
    assert_slice(http_reply_get(&reply, "Allow"), "GET, HEAD");
    assert_int_equal(ask(a, routes, true, "BREW", "x", "/h").status, 405);

    scoped(http_routes) struct http_routes *none = http_routes_new(443);
    assert_int_equal(ask(a, none, true, "GET", "x", "/").status, 404);
}

static void test_plain(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(http_routes) struct http_routes *routes = make_routes(443);
    struct http_reply reply = ask(a, routes, false, "GET", "lyncdiscover.contoso.test", "/");
    assert_int_equal(reply.status, 200);
    reply = ask(a, routes, false, "GET", "x.test:80", "/H?a=%20b");
    assert_int_equal(reply.status, 301);
    assert_slice(http_reply_get(&reply, "Location"), "https://x.test/H?a=%20b");
    reply = ask(a, routes, false, "GET", "x", "/nowhere");
    assert_int_equal(reply.status, 301);
    reply = ask(a, routes, false, "GET", "[::1]:80", "http://y/h");
    assert_slice(http_reply_get(&reply, "Location"), "https://y/h");
    reply = ask(a, routes, false, "GET", "y", "http://[::1]:80?h");
    assert_slice(http_reply_get(&reply, "Location"), "https://[::1]/?h");
    /* Nowhere to send them: better nothing than the answer in the clear. */
    assert_int_equal(ask(a, routes, false, "GET", "", "/h").status, 404);

    scoped(http_routes) struct http_routes *other = make_routes(8443);
    reply = ask(a, other, false, "GET", "x", "/h");
    assert_slice(http_reply_get(&reply, "Location"), "https://x:8443/h");
    scoped(http_routes) struct http_routes *plain = make_routes(0);
    assert_int_equal(ask(a, plain, false, "GET", "x", "/h").status, 200);
}

static void test_many(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(http_routes) struct http_routes *routes = http_routes_new(443);
    for (unsigned i = 0; i < 100; i++) {
        const struct http_route row =
            ROUTE(NULL, arena_print(a, "/r%u", i * 37 % 100).at, HTTP_GET, 0, NULL);
        http_routes_add(routes, &row, 1, (void *)(uintptr_t)row.path);
    }
    for (unsigned i = 0; i < 100; i++) {
        struct slice path = arena_print(a, "/R%u", i);
        struct http_reply reply = ask(a, routes, true, "GET", "x", path.at);
        assert_true(reply.status == 200 && slice_eq_nocase(reply.body, path));
    }
}

static void test_networks(void **state)
{
    (void)state;
    scoped(http_proxies) struct http_proxies *p = http_proxies_new(HTTP_BY_X_FORWARDED);
    struct fault fault;
    assert_false(http_proxies_have(p, SLICE("127.0.0.1")));
    assert_int_equal(http_proxies_add(p, SLICE(" 10.1.2.0/23 "), &fault), 0);
    assert_int_equal(http_proxies_add(p, SLICE("192.0.2.7"), &fault), 0);
    assert_int_equal(http_proxies_add(p, SLICE("2001:db8::/33"), &fault), 0);
    assert_true(http_proxies_have(p, SLICE("10.1.2.0")));
    assert_true(http_proxies_have(p, SLICE("10.1.3.255")));
    assert_false(http_proxies_have(p, SLICE("10.1.4.0")));
    assert_false(http_proxies_have(p, SLICE("10.1.1.255")));
    assert_true(http_proxies_have(p, SLICE("192.0.2.7")));
    assert_false(http_proxies_have(p, SLICE("192.0.2.6")));
    assert_true(http_proxies_have(p, SLICE("::ffff:192.0.2.7")));
    assert_true(http_proxies_have(p, SLICE("2001:DB8:7fff::1")));
    assert_false(http_proxies_have(p, SLICE("2001:db8:8000::1")));
    assert_false(http_proxies_have(p, SLICE("10.1.2.0/24")));
    static const char *const bad[] = {"",
                                      "/8",
                                      "10.0.0.0/33",
                                      "10.0.0.0/",
                                      "10.0.0/8",
                                      "::/129",
                                      "host",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/8/8",
                                      "fe80::1%eth0",
                                      "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (http_proxies_add(p, slice_of(bad[i]), &fault) != -ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    }
    assert_int_equal(http_proxies_add(p, SLICE("0.0.0.0/0"), &fault), 0);
    assert_true(http_proxies_have(p, SLICE("203.0.113.9")));
    assert_false(http_proxies_have(p, SLICE("2002::1")));
}

struct forwarded_row {
    enum http_forwarded_by by;
    const char *socket_peer;
    bool socket_secure;
    struct http_field headers[3];
    const char *peer;
    bool secure;
};

#define XFF(v)                                                                                     \
    {                                                                                              \
        {"x-forwarded-for", 15},                                                                   \
        {                                                                                          \
            v, sizeof(v) - 1                                                                       \
        }                                                                                          \
    }
#define XFP(v)                                                                                     \
    {                                                                                              \
        {"X-Forwarded-Proto", 17},                                                                 \
        {                                                                                          \
            v, sizeof(v) - 1                                                                       \
        }                                                                                          \
    }
#define FWD(v)                                                                                     \
    {                                                                                              \
        {"Forwarded", 9},                                                                          \
        {                                                                                          \
            v, sizeof(v) - 1                                                                       \
        }                                                                                          \
    }
#define X HTTP_BY_X_FORWARDED
#define F HTTP_BY_FORWARDED

static const struct forwarded_row forwarded_rows[] = {
    /* A stranger may claim what he likes. */
    {X, "203.0.113.9", false, {XFF("192.0.2.1"), XFP("https")}, "203.0.113.9", false},
    {X, "203.0.113.9", true, {XFF("192.0.2.1"), XFP("http")}, "203.0.113.9", true},
    {X, "::ffff:203.0.113.9", true, {XFF("192.0.2.1")}, "203.0.113.9", true},
    /* A proxy is believed ... */
    {X, "10.0.0.1", false, {XFF("192.0.2.1"), XFP("https")}, "192.0.2.1", true},
    {X, "::ffff:10.0.0.1", false, {XFF("192.0.2.1:4711"), XFP("HTTPS")}, "192.0.2.1", true},
    {X, "10.0.0.1", true, {XFF("2001:DB8::0:7"), XFP("http")}, "2001:db8::7", false},
    {X, "10.0.0.1", true, {XFF("[2001:db8::7]:4711")}, "2001:db8::7", true},
    {X, "2001:db8:ffff::1", true, {XFF("192.0.2.1")}, "192.0.2.1", true},
    /* ... only for what it added itself: the right-most stranger counts. */
    {X, "10.0.0.1", true, {XFF("1.1.1.1, 192.0.2.1")}, "192.0.2.1", true},
    {X, "10.0.0.1", true, {XFF("1.1.1.1"), XFF("192.0.2.1")}, "192.0.2.1", true},
    {X, "10.0.0.1", true, {XFF("1.1.1.1, 192.0.2.1, 10.0.0.2")}, "192.0.2.1", true},
    {X, "10.0.0.1", true, {XFF("1.1.1.1, 192.0.2.1"), XFF("10.0.0.3,10.0.0.2")}, "192.0.2.1", true},
    {X, "10.0.0.1", true, {XFF("10.0.0.3, 10.0.0.2")}, "10.0.0.3", true},
    {X, "10.0.0.1", true, {XFF("192.0.2.1, rubbish, 10.0.0.2")}, "10.0.0.2", true},
    {X, "10.0.0.1", true, {XFF("192.0.2.1, ")}, "10.0.0.1", true},
    {X, "10.0.0.1", true, {XFF("")}, "10.0.0.1", true},
    {X, "10.0.0.1", true, {XFP("http, https")}, "10.0.0.1", true},
    /* The header that was not chosen says nothing. */
    {X, "10.0.0.1", false, {FWD("for=192.0.2.1;proto=https")}, "10.0.0.1", false},
    {F, "10.0.0.1", false, {XFF("192.0.2.1"), XFP("https")}, "10.0.0.1", false},
    {F, "10.0.0.1", false, {FWD("For=192.0.2.1; Proto=https;by=x")}, "192.0.2.1", true},
    {F, "10.0.0.1", true, {FWD("for=\"[2001:db8::7]:47\";proto=http")}, "2001:db8::7", false},
    {F, "10.0.0.1", true, {FWD("for=\"1.1.1.1, for=192.0.2.1")}, "192.0.2.1", true},
    {F, "10.0.0.1", true, {FWD("for=1.1.1.1, for=unknown")}, "10.0.0.1", true},
    {F, "10.0.0.1", true, {FWD("for=1.1.1.1, for=_hidden, for=10.0.0.2")}, "10.0.0.2", true},
    {F, "10.0.0.1", true, {FWD("proto=https")}, "10.0.0.1", true},
    {X, "unix", true, {XFF("192.0.2.1")}, "unix", true},
};

static void test_forwarded(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof forwarded_rows / sizeof *forwarded_rows; i++) {
        const struct forwarded_row *row = &forwarded_rows[i];
        scoped(http_proxies) struct http_proxies *p = http_proxies_new(row->by);
        assert_int_equal(http_proxies_add(p, SLICE("10.0.0.0/24"), NULL), 0);
        assert_int_equal(http_proxies_add(p, SLICE("2001:db8:ffff::/48"), NULL), 0);
        struct http_field headers[3];
        memcpy(headers, row->headers, sizeof headers);
        struct http_request request = {.headers = headers};
        while (request.header_count < 3 && headers[request.header_count].name.at)
            request.header_count++;
        http_forwarded_apply(p, &request, slice_of(row->socket_peer), row->socket_secure, a);
        if (!slice_eq(request.peer, slice_of(row->peer)) || request.secure != row->secure)
            fail_msg("row %zu: %.*s %d", i, SLICE_ARG(request.peer), request.secure);
    }
    struct http_request request = {0};
    http_forwarded_apply(NULL, &request, SLICE("10.0.0.1"), true, a);
    assert_slice(request.peer, "10.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),    cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_networks), cmocka_unit_test(test_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
