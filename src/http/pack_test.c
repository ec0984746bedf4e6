/* Packed replies, unpacked again. */
#include "http/pack.h"
#include "http/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

static struct http_request with(const struct http_field *field, enum http_method method)
{
    return (struct http_request){.method = method,
                                 .headers = (struct http_field *)(uintptr_t)field,
                                 .header_count = field->name.len > 0};
}

static void test_who_takes_gzip(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool takes;
    } rows[] = {{"gzip", true},           {"GZIP, deflate", true},
                {"deflate", false},       {"gzip;q=0", false},
                {"gzip; q=0.000", false}, {"gzip;q=0.001", true},
                {"identity, *", true},    {"*;q=0", false},
                {"*, gzip;q=0", false},   {"", false},
                {"gzipped", false},       {"br, x-gzip", true},
                {"deflate , gzip", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_field field = {SLICE("Accept-Encoding"), slice_of(rows[i].value)};
        struct http_request request = with(&field, HTTP_GET);
        if (http_takes_gzip(&request) != rows[i].takes)
            fail_msg("%s", rows[i].value);
    }
    struct http_request none = {.method = HTTP_GET};
    assert_false(http_takes_gzip(&none));
}

static struct http_reply packed(struct arena *arena, enum http_method method, const char *type,
                                struct slice body, bool *was)
{
    struct http_field field = {SLICE("Accept-Encoding"), SLICE("gzip")};
    struct http_request request = with(&field, method);
    struct http_reply reply = {0};
    http_reply_set(&reply, 200, type, body);
    *was = http_reply_pack(&reply, &request, arena);
    assert_int_equal(*was, !slice_absent(http_reply_get(&reply, "Content-Encoding")));
    return reply;
}

static void expect_same(struct slice body, struct slice bytes)
{
    static unsigned char out[300000];
    static unsigned char in[300000];
    z_stream stream = {0};
    assert_true(bytes.len <= sizeof in);
    memcpy(in, bytes.at, bytes.len);
    assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    stream.next_in = in;
    stream.avail_in = (uInt)bytes.len;
    stream.next_out = out;
    stream.avail_out = sizeof out;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, body.len);
    assert_memory_equal(out, body.at, body.len);
    inflateEnd(&stream);
}

static void test_what_is_packed(void **state)
{
    (void)state;
    static char large[250000];
    scoped(arena) struct arena *arena = arena_new();
    bool was;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = "{\"a\":1,"[i % 7];
    const struct slice bodies[] = {SLICE("{}"), slice_make(large, sizeof large)};
    for (size_t i = 0; i < 2; i++) {
        struct http_reply reply = packed(arena, HTTP_GET, "application/json", bodies[i], &was);
        assert_true(was);
        assert_true(slice_eq(http_reply_get(&reply, "Vary"), SLICE("Accept-Encoding")));
        expect_same(bodies[i], reply.body);
        if (i == 1)
            assert_true(reply.body.len < bodies[i].len / 50);
    }
    static const struct {
        enum http_method method;
        const char *type;
        bool packs;
    } rows[] = {
        {HTTP_GET, "application/vnd.microsoft.com.ucwa+xml; charset=utf-8", true},
        {HTTP_HEAD, "text/html; charset=utf-8", true},
        {HTTP_GET, "image/jpeg", false},
        {HTTP_GET, "application/octet-stream", false},
        {HTTP_POST, "application/json", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        packed(arena, rows[i].method, rows[i].type, SLICE("{}"), &was);
        assert_int_equal(was, rows[i].packs);
    }
    packed(arena, HTTP_GET, "application/json", SLICE(""), &was);
    assert_false(was);
}

static void test_once_only(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct http_field field = {SLICE("Accept-Encoding"), SLICE("gzip")};
    struct http_request request = with(&field, HTTP_GET);
    struct http_reply reply = {0};
    http_reply_set(&reply, 200, "text/plain", SLICE("x"));
    assert_false(http_reply_pack(&reply, NULL, arena));
    assert_true(http_reply_pack(&reply, &request, arena));
    assert_false(http_reply_pack(&reply, &request, arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_takes_gzip),
        cmocka_unit_test(test_what_is_packed),
        cmocka_unit_test(test_once_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
