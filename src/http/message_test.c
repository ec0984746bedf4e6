/* Requests read, values taken out of them, replies printed. */
#include "base/buf.h"
#include "http/print.h"
#include "http/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct http_limits limits = HTTP_LIMITS_DEFAULT;

static int parse(struct arena *a, struct slice bytes, struct http_request **out,
                 struct fault *fault)
{
    struct http_frame f = {0};
    *fault = (struct fault){0};
    *out = NULL;
    int rc = http_frame_scan(&f, &limits, bytes, fault);
    return rc < 0 ? rc : http_request_parse(&f, bytes, a, out, fault);
}

static struct http_request *must_parse(struct arena *a, const char *text)
{
    struct http_request *r;
    struct fault fault;
    if (parse(a, slice_of(text), &r, &fault) < 0)
        fail_msg("%s: %s", text, fault.detail);
    return r;
}

static void assert_slice(struct slice got, const char *want)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(got), want);
}

/* SIPE's request, as it was seen. */
static void test_request(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice text = SLICE(
        "GET /?sipuri=alice%40contoso.test HTTP/1.1\r\nHost: LyncDiscover.contoso.test:443\r\n"
        "User-Agent: UCCAPI/15.0 OC/15.0 (Microsoft Lync)\r\nCookie: a=1\r\ncookie:b=2 \r\n"
        "Accept: application/vnd.microsoft.rtc.autodiscover+xml;v=1\r\n\r\n");
    struct http_request *r;
    struct fault fault;
    assert_int_equal(parse(a, text, &r, &fault), 0);
    assert_int_equal(r->method, HTTP_GET);
    assert_slice(r->path, "/");
    assert_slice(r->query, "sipuri=alice%40contoso.test");
    assert_slice(r->host, "LyncDiscover.contoso.test");
    assert_true(r->keep_alive);
    assert_int_equal(r->minor, 1);
    assert_int_equal(r->header_count, 5);
    assert_slice(http_query(r, a, "SipUri"), "alice@contoso.test");
    assert_true(slice_absent(http_query(r, a, "sip")));
    assert_true(slice_eq(r->head_raw, text));
    assert_ptr_equal(r->head_raw.at, text.at);
    struct slice value;
    size_t at = 0;
    assert_true(http_header_next(r, "Cookie", &at, &value));
    assert_slice(value, "a=1");
    assert_true(http_header_next(r, "Cookie", &at, &value));
    assert_slice(value, "b=2");
    assert_false(http_header_next(r, "Cookie", &at, &value));
    assert_true(slice_absent(http_header(r, "Authorization")));
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path;
    } rows[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a/b/", "/a/b/"},
        {"/a%20b", "/a b"},
        {"/a+b", "/a+b"},
        {"/a/./b", "/a/b"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/.", "/a/"},
        {"/..", "/"},
        {"/../../etc/passwd", "/etc/passwd"},
        {"/%2e%2e/x", "/x"},
        {"/a/%2E%2e%2fb", "/b"},
        {"/a%2f..%2fb", "/b"},
        {"/%252e%252e/x", "/%2e%2e/x"},
        {"//a", "//a"},
        {"//..", "/"},
        {"/...", "/..."},
        {"/a..", "/a.."},
        {"http://x", "/"},
        {"HTTP://x/y", "/y"},
        {"https://x?q", "/"},
        {"/Autodiscover/AutodiscoverService.svc/Root",
         "/Autodiscover/AutodiscoverService.svc/Root"},
    };
    scoped(arena) struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = arena_print(a, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", rows[i].target);
        assert_slice(must_parse(a, text.at)->path, rows[i].path);
    }
    struct http_request *r = must_parse(a, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_slice(r->path, "*");
    r = must_parse(a, "GET https://x:8443/y?z=1 HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_slice(r->host, "x");
    assert_slice(r->query, "z=1");
    r = must_parse(a, "GET /? HTTP/1.1\r\nHost: [2001:db8::7]:443\r\n\r\n");
    assert_slice(r->host, "2001:db8::7");
    assert_false(slice_absent(r->query));
    r = must_parse(a, "FROB / HTTP/1.1\r\nHost: h.test.\r\n\r\n");
    assert_slice(r->host, "h.test");
    assert_int_equal(r->method, HTTP_OTHER);
    assert_slice(r->method_name, "FROB");
}

static void test_bad_requests(void **state)
{
    (void)state;
#define BAD(bytes)                                                                                 \
    {                                                                                              \
        bytes, sizeof(bytes) - 1                                                                   \
    }
    static const struct slice rows[] = {
        BAD("GET / HTTP/1.1\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        BAD("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
        BAD("GET / HTTP/1.1\r\nHost: [x]\r\n\r\n"),
        BAD("GET /%0d%0aX HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"),
        BAD("GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    scoped(arena) struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request *r;
        struct fault fault;
        if (parse(a, rows[i], &r, &fault) != -ERR_MALFORMED || r)
            fail_msg("taken: %.*s", SLICE_ARG(rows[i]));
        assert_int_equal(fault.finding, FINDING_HTTP_MALFORMED);
        assert_true(fault.detail[0] != '\0');
    }
    struct http_frame unfinished = {0};
    struct http_request *r;
    assert_int_equal(http_request_parse(&unfinished, SLICE("GET"), a, &r, NULL), -ERR_INTERNAL);
}

static void test_bodies(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    assert_slice(must_parse(a, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcX")->body,
                 "abc");
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert_slice(must_parse(a, CHUNKED "3\r\nabc\r\n4;x=y\r\n\r\n12\r\n0\r\nT: u\r\n\r\nX")->body,
                 "abc\r\n12");
    assert_slice(must_parse(a, CHUNKED "3\r\nabc\r\n0\r\n\r\n")->body, "abc");
    assert_slice(must_parse(a, CHUNKED "0\r\n\r\n")->body, "");
    /* A trailer is no header: it came too late to be one. */
    assert_true(slice_absent(
        http_header(must_parse(a, CHUNKED "0\r\nAuthorization: x\r\n\r\n"), "Authorization")));
}

static void test_keep_alive(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    assert_false(must_parse(a, "GET / HTTP/1.0\r\n\r\n")->keep_alive);
    assert_true(must_parse(a, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->keep_alive);
    assert_false(
        must_parse(a, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")->keep_alive);
    assert_false(
        must_parse(a, "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n")->keep_alive);
    assert_false(must_parse(a, "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n"
                               "Connection: close\r\n\r\n")
                     ->keep_alive);
    assert_int_equal(must_parse(a, "GET / HTTP/1.7\r\nHost: a\r\n\r\n")->minor, 1);
}

static void test_form(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice form = SLICE("grant_type=password&&user+name=a%26b&x&y=&bad=%zz&x=2");
    assert_slice(http_form(form, a, "grant_type"), "password");
    assert_slice(http_form(form, a, "User Name"), "a&b");
    assert_slice(http_form(form, a, "x"), "");
    assert_slice(http_form(form, a, "y"), "");
    assert_true(slice_absent(http_form(form, a, "bad")));
    assert_true(slice_absent(http_form(form, a, "z")));
    assert_true(slice_absent(http_form((struct slice){0}, a, "z")));
}

static struct http_request *with(struct arena *a, const char *headers)
{
    return must_parse(a, arena_print(a, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", headers).at);
}

static void test_credentials(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct http_credentials c;
    struct fault fault;
    assert_int_equal(http_credentials_parse(with(a, ""), a, &c, &fault), 0);
    assert_true(slice_absent(c.scheme));
    assert_false(http_credentials_are(&c, ""));

    /* CONTOSO\alice:a:b */
    assert_int_equal(
        http_credentials_parse(with(a, "Authorization: basic  Q09OVE9TT1xhbGljZTphOmI=\r\n"), a, &c,
                               &fault),
        0);
    assert_true(http_credentials_are(&c, "Basic"));
    assert_slice(c.user, "CONTOSO\\alice");
    assert_slice(secret_slice(&c.password), "a:b");
    http_credentials_fini(&c);
    assert_null(c.password.at);

    assert_int_equal(
        http_credentials_parse(with(a, "Authorization: NTLM TlRMTVNTUAAB\r\n"), a, &c, &fault), 0);
    assert_true(http_credentials_are(&c, "NTLM"));
    assert_slice(c.token, "TlRMTVNTUAAB");
    assert_true(slice_absent(c.user));
    http_credentials_fini(&c);

    static const char *const bad[] = {
        "Authorization: Basic\r\n",
        "Authorization: Basic YWxpY2U=\r\n", /* no colon */
        "Authorization: Basic %%%%\r\n",
        "Authorization:\r\n",
        "Authorization: Basic YToAYg==\r\n", /* NUL */
        "Authorization: Basic YQpiOmM=\r\n", /* LF in the name */
        "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n",
        "Authorization: =\"x\" y\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_request *r;
        char head[200] = "GET / HTTP/1.1\r\nHost: a\r\n";
        strcat(strcat(head, bad[i]), "\r\n");
        assert_int_equal(parse(a, slice_of(head), &r, &fault), 0);
        if (http_credentials_parse(r, a, &c, &fault) != -ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
        assert_null(c.password.at);
    }
}

static void test_accept(void **state)
{
    (void)state;
    static const char *const offers[] = {"application/json",
                                         "application/vnd.microsoft.rtc.autodiscover+xml;v=1"};
    static const struct {
        const char *accept;
        int best;
    } rows[] = {
        {"application/vnd.microsoft.rtc.autodiscover+xml;v=1", 1},
        {"Application/VND.microsoft.rtc.autodiscover+xml; V=\"1\"", 1},
        {"application/vnd.microsoft.rtc.autodiscover+xml", 1},
        {"application/vnd.microsoft.rtc.autodiscover+xml;v=2", -1},
        {"application/vnd.microsoft.rtc.autodiscover+xml;v=1, application/json", 1},
        {"application/json, application/vnd.microsoft.rtc.autodiscover+xml;v=1", 0},
        {"application/json;q=0.5, application/vnd.microsoft.rtc.autodiscover+xml;v=1;q=0.7", 1},
        {"application/json;q=0.7, application/*;q=0.6", 0},
        {"application/json;q=0.1, application/*;q=0.6", 1},
        {"*/*", 0},
        {"application/*", 0},
        {"*/*, application/json;q=0", 1},
        {"text/html, */*;q=0.1", 0},
        {"text/*", -1},
        {"application/json;q=0", -1},
        {"application/json;q=0.000", -1},
        {"application/json;q=rubbish", 0},
        {"", -1},
        {",,;;\"", -1},
        {"application", -1},
        {"app/*", -1},
        {"*", -1},
        {"text/x;a=\",application/json\"", -1},
    };
    scoped(arena) struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice header = arena_print(a, "Accept: %s\r\n", rows[i].accept);
        int best = http_accepts(with(a, header.at), offers, 2);
        if (best != rows[i].best)
            fail_msg("Accept: %s: %d", rows[i].accept, best);
    }
    assert_int_equal(http_accepts(with(a, ""), offers, 2), 0);
    assert_int_equal(
        http_accepts(with(a, "Accept: text/html\r\nAccept: application/json\r\n"), offers, 2), 0);
    assert_true(http_media_type_is(SLICE("Text/XML; charset=utf-8"), "text/xml"));
    assert_false(http_media_type_is(SLICE("text/xmlx"), "text/xml"));
    assert_false(http_media_type_is((struct slice){0}, "text/xml"));
}

static const int64_t november = INT64_C(1795298700000);

static void test_print(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    struct http_reply reply = {0};
    http_reply_set(&reply, 401, "text/plain", SLICE("no"));
    http_reply_header(&reply, a, "WWW-Authenticate", "Negotiate");
    http_reply_header(&reply, a, "WWW-Authenticate", "Basic realm=\"%s\"",
                      "x\r\nEvil: 1\r\n\r\n<b>");
    http_reply_header(&reply, a, "Bad Name", "x");
    http_reply_header(&reply, a, "Evil\r\nX", "x");
    http_reply_header(&reply, a, "content-LENGTH", "7");
    assert_true(http_reply_print(&reply, with(a, ""), SLICE("Lychgate\n"), november, &out));
    assert_string_equal(buf_string(&out),
                        "HTTP/1.1 401 Unauthorized\r\nDate: Sat, 21 Nov 2026 22:05:00 GMT\r\n"
                        "Server: Lychgate \r\nWWW-Authenticate: Negotiate\r\n"
                        "WWW-Authenticate: Basic realm=\"x  Evil: 1    <b>\"\r\n"
                        "Content-Type: text/plain\r\nContent-Length: 2\r\n"
                        "Connection: keep-alive\r\n\r\nno");
    assert_slice(http_reply_get(&reply, "www-authenticate"), "Negotiate");
    assert_true(slice_absent(http_reply_get(&reply, "Location")));
}

static bool print_to(struct buf *out, struct http_reply *reply, const struct http_request *request)
{
    buf_clear(out);
    return http_reply_print(reply, request, SLICE(""), november, out);
}

static bool says(const struct buf *out, const char *text)
{
    return slice_find(buf_slice(out), slice_of(text)) >= 0;
}

static void test_print_ends(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    struct http_reply reply = {0};
    http_reply_set(&reply, 200, "text/plain", SLICE("body"));
    assert_false(print_to(&out, &reply, must_parse(a, "GET / HTTP/1.0\r\n\r\n")));
    assert_true(says(&out, "HTTP/1.1 200 OK\r\n") && says(&out, "Connection: close\r\n"));
    assert_true(print_to(&out, &reply, must_parse(a, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")));
    assert_true(says(&out, "Content-Length: 4\r\n") && !says(&out, "body"));
    assert_false(print_to(&out, &reply, NULL));
    reply.close = true;
    assert_false(print_to(&out, &reply, with(a, "")));
    reply.close = false;

    http_reply_set(&reply, 204, NULL, (struct slice){0});
    assert_true(print_to(&out, &reply, with(a, "")));
    assert_true(says(&out, "204 No Content") && !says(&out, "Content-Length"));
    http_reply_set(&reply, 404, NULL, (struct slice){0});
    print_to(&out, &reply, with(a, ""));
    assert_true(says(&out, "Content-Length: 0\r\n") && !says(&out, "Content-Type"));
    /* Never an empty reason: some clients wait for ever. */
    http_reply_set(&reply, 299, NULL, (struct slice){0});
    print_to(&out, &reply, with(a, ""));
    assert_true(says(&out, "HTTP/1.1 299 Success\r\n"));
    struct http_reply nothing = {0};
    assert_false(print_to(&out, &nothing, with(a, "")));
    assert_true(says(&out, "HTTP/1.1 500 Internal Server Error\r\n"));
}

static void test_reply_fault(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct http_reply reply = {0};
    struct fault fault;
    fault_set(&fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "nobody@contoso.test");
    http_reply_fault(&reply, a, &fault);
    assert_int_equal(reply.status, 401);
    assert_slice(reply.body, "The user name or the password is wrong.\r\n");
    assert_int_equal(reply.fault.finding, FINDING_UNKNOWN_USER);
    fault_set(&fault, ERR_EXPIRED, FINDING_TICKET_EXPIRED, "412 s ago");
    http_reply_fault(&reply, a, &fault);
    assert_slice(reply.body, "The web ticket has expired. (ticket-expired)\r\n");
    /* A finding that was never meant for HTTP is still an answer. */
    fault_set(&fault, ERR_INTERNAL, FINDING_DNS_NO_SERVER, "x");
    http_reply_fault(&reply, a, &fault);
    assert_int_equal(reply.status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_paths),
        cmocka_unit_test(test_bad_requests), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_keep_alive),   cmocka_unit_test(test_form),
        cmocka_unit_test(test_credentials),  cmocka_unit_test(test_accept),
        cmocka_unit_test(test_print),        cmocka_unit_test(test_print_ends),
        cmocka_unit_test(test_reply_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
