/* The files of the page as browsers ask for them. */
#include "web/webpage.h"

#include "base/buf.h"
#include "http/print.h"
#include "web/file_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct site site = {
    .domain = {"contoso.test", 12},
    .web_host = {"webdir.contoso.test", 19},
    .https_port = 4443,
};

struct shop {
    struct webpage *webpage;
    struct http_routes *routes;
    struct arena *arena;
    struct http_reply reply;
};

static int setup(void **state)
{
    static struct shop shop;
    shop = (struct shop){
        .webpage = webpage_new(&site), .routes = http_routes_new(4443), .arena = arena_new()};
    webpage_add_routes(shop.webpage, shop.routes);
    *state = &shop;
    return 0;
}

static int teardown(void **state)
{
    struct shop *shop = *state;
    http_routes_free(shop->routes);
    webpage_free(shop->webpage);
    arena_free(shop->arena);
    return 0;
}

static int ask(struct shop *shop, const char *host, const char *line, const char *headers)
{
    const struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_frame frame = {0};
    struct http_request *request;
    struct fault fault;
    struct slice bytes = arena_print(shop->arena, "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", line, host,
                                     headers ? headers : "");
    if (http_frame_scan(&frame, &limits, bytes, &fault) < 0 ||
        http_request_parse(&frame, bytes, shop->arena, &request, &fault) < 0)
        fail_msg("%s", fault.detail);
    request->secure = true;
    shop->reply = (struct http_reply){0};
    http_routes_answer(shop->routes, request, &shop->reply, shop->arena, 0);
    return shop->reply.status;
}

static int get(struct shop *shop, const char *path, const char *headers)
{
    return ask(shop, "WebDir.contoso.test:4443", arena_print(shop->arena, "GET %s", path).at,
               headers);
}

static const char *header(struct shop *shop, const char *name)
{
    struct slice value = http_reply_get(&shop->reply, name);
    return slice_absent(value) ? "" : arena_print(shop->arena, "%.*s", SLICE_ARG(value)).at;
}

static void test_files(void **state)
{
    struct shop *shop = *state;
    assert_true(web_file_count > 5);
    for (size_t i = 0; i < web_file_count; i++) {
        const struct web_file *file = &web_files[i];
        assert_int_equal(get(shop, arena_print(shop->arena, "/web/%s", file->name).at, NULL), 200);
        assert_true(
            slice_eq(shop->reply.body, slice_make((const char *)file->plain, file->plain_len)));
        assert_int_equal(file->gzip[0], 0x1f);
        assert_int_equal(file->gzip[1], 0x8b);
        assert_false(slice_eq(shop->reply.content_type, SLICE("application/octet-stream")));
        assert_string_equal(header(shop, "X-Content-Type-Options"), "nosniff");
    }
    assert_int_equal(get(shop, "/web/", NULL), 200);
    assert_true(slice_eq(shop->reply.content_type, SLICE("text/html; charset=utf-8")));
    assert_true(slice_starts(shop->reply.body, SLICE("<!DOCTYPE html>")));
    assert_int_equal(get(shop, "/Web/INDEX.html", NULL), 200);
    static const char *const missing[] = {"/web/nothing.js", "/web/../web.c", "/web/page/web.css",
                                          "/web/web.css/", "/web/webpage.c"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (get(shop, missing[i], NULL) != 404)
            fail_msg("%s: %d", missing[i], shop->reply.status);
    assert_int_equal(ask(shop, "webdir.contoso.test", "POST /web/", "Content-Length: 0\r\n"), 405);
}

static void test_policy(void **state)
{
    struct shop *shop = *state;
    get(shop, "/web/", NULL);
    const char *policy = header(shop, "Content-Security-Policy");
    static const char *const words[] = {"default-src 'none'", "script-src 'self';",
                                        "style-src 'self';", "frame-ancestors 'none'",
                                        "require-trusted-types-for 'script'"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(policy, words[i]))
            fail_msg("no %s in %s", words[i], policy);
    assert_null(strstr(policy, "unsafe"));
    assert_string_equal(header(shop, "Referrer-Policy"), "no-referrer");
    /* What the policy forbids would be dead letters in the page. */
    struct slice page = shop->reply.body;
    assert_true(slice_find(page, SLICE("<script>")) < 0);
    assert_true(slice_find(page, SLICE("<style")) < 0);
    assert_true(slice_find(page, SLICE(" style=")) < 0);
    assert_true(slice_find(page, SLICE(" onclick=")) < 0);
}

static void test_not_modified(void **state)
{
    struct shop *shop = *state;
    get(shop, "/web/page.js", NULL);
    const char *tag = header(shop, "ETag");
    assert_true(strlen(tag) > 10);
    static const struct {
        const char *before, *behind;
    } same[] = {{"", ""}, {"\"x\", ", ""}, {"\"x\",W/\"y\" , ", " ,"}, {"*, ", ""}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *line = arena_print(shop->arena, "If-None-Match: %s%s%s\r\n", same[i].before,
                                       tag, same[i].behind)
                               .at;
        assert_int_equal(get(shop, "/web/page.js", line), 304);
        assert_true(slice_empty(shop->reply.body));
        assert_string_equal(header(shop, "ETag"), tag);
    }
    const char *strong = arena_print(shop->arena, "If-None-Match: %s\r\n", tag + 2).at;
    assert_int_equal(get(shop, "/web/page.js", strong), 304);
    static const char *const other[] = {"If-None-Match: \"x\"\r\n", "If-None-Match: \r\n",
                                        "If-None-Match: W/\r\n", "If-None-Match: \"\r\n",
                                        "If-None-Match: ,,\r\n"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_equal(get(shop, "/web/page.js", other[i]), 200);
    get(shop, "/web/web.css", NULL);
    assert_string_not_equal(header(shop, "ETag"), tag);
}

static void test_gzip(void **state)
{
    struct shop *shop = *state;
    static const struct {
        const char *header;
        bool packed;
    } rows[] = {
        {"Accept-Encoding: gzip, deflate, br\r\n", true},
        {"Accept-Encoding: br;q=1, GZIP;q=0.5\r\n", true},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: gzip;q=0.000\r\n", false},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: \r\n", false},
        {"Accept-Encoding: xgzip\r\n", false},
        {"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(get(shop, "/web/web.css", rows[i].header), 200);
        bool packed = !strcmp(header(shop, "Content-Encoding"), "gzip");
        if (packed != rows[i].packed || packed != slice_starts(shop->reply.body, SLICE("\x1f\x8b")))
            fail_msg("%s", rows[i].header);
        assert_string_equal(header(shop, "Vary"), "Accept-Encoding");
    }
}

static void test_other_addresses(void **state)
{
    struct shop *shop = *state;
    assert_int_equal(get(shop, "/web", NULL), 301);
    assert_string_equal(header(shop, "Location"), "/web/");
    static const char *const lines[] = {"GET /web", "GET /web/", "GET /web/page.js"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(ask(shop, "lyncdiscover.contoso.test", lines[i], NULL), 301);
        assert_string_equal(header(shop, "Location"), "https://webdir.contoso.test:4443/web/");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_modified, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
