#include "sip/bench.h"
#include "sip/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char two[] = "SIP/2.0 200 OK\r\nl: 3\r\n\r\nabcOPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n";

/* However the bytes are cut, the same messages come out. */
static void test_every_split(void **state)
{
    (void)state;
    struct slice all = slice_of(two);
    for (size_t cut = 0; cut <= all.len; cut++) {
        struct sip_framer framer;
        struct sip_frame frame;
        size_t dropped = 0, seen = 0;
        sip_framer_init(&framer, NULL);
        for (size_t have = cut; dropped < all.len;) {
            struct slice input = slice_from(slice_head(all, have), dropped);
            assert_int_equal(sip_frame(&framer, input, &frame, NULL), 0);
            if (frame.kind == SIP_FRAME_MORE)
                assert_true(have < all.len);
            if (frame.kind == SIP_FRAME_MESSAGE && seen++ == 0)
                assert_true(slice_ends(frame.bytes, SLICE("abc")));
            if (frame.kind == SIP_FRAME_MORE)
                have = all.len;
            dropped += frame.len;
        }
        assert_int_equal(seen, 2);
    }
}

static void test_bytewise(void **state)
{
    (void)state;
    struct slice all = sip_bench_message();
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    for (size_t have = 0; have < all.len; have++) {
        assert_int_equal(sip_frame(&framer, slice_head(all, have), &frame, NULL), 0);
        assert_int_equal(frame.kind, SIP_FRAME_MORE);
        assert_int_equal(frame.partial, have > 0);
    }
    assert_int_equal(sip_frame(&framer, all, &frame, NULL), 0);
    assert_int_equal(frame.kind, SIP_FRAME_MESSAGE);
    assert_int_equal(frame.len, 1400);
}

static void test_keepalive(void **state)
{
    (void)state;
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    assert_int_equal(sip_frame(&framer, SLICE("\r"), &frame, NULL), 0);
    assert_int_equal(frame.kind, SIP_FRAME_MORE);
    assert_false(frame.partial);
    assert_int_equal(sip_frame(&framer, SLICE("\r\n\r\nREG"), &frame, NULL), 0);
    assert_int_equal(frame.kind, SIP_FRAME_KEEPALIVE);
    assert_int_equal(frame.len, 4);
    assert_int_equal(frame.line_ends, 2);
}

static int frame_of(const char *text, const struct sip_limits *limits, struct fault *fault)
{
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, limits);
    return sip_frame(&framer, slice_of(text), &frame, fault);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
        int err;
    } rows[] = {
        {"GET / HTTP/1.1\r\n", "SIP/2.0", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nno colon here\r\n", "byte 24: header line without a colon",
         -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\nTo: x\r\n", "line feed without", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nContent-Length: x\r\n", "not a number", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nContent-Length: -1\r\n", "not a number", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nl: 4\r\nContent-Length: 5\r\n", "contradicts", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nl: 1\r\n 7\r\n\r\n", "folded", -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nContent-Length: 101\r\n", "at most 100", -ERR_LIMIT},
        {"REGISTER sip:a SIP/2.0\r\nContent-Length: 99999999999999999999\r\n", "not a number",
         -ERR_MALFORMED},
        {"REGISTER sip:a SIP/2.0\r\nX: "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "longer than 100", -ERR_LIMIT},
    };
    struct sip_limits limits = {.head = 100, .body = 100};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {0};
        assert_int_equal(frame_of(rows[i].text, &limits, &fault), rows[i].err);
        assert_non_null(strstr(fault.detail, rows[i].detail));
    }
}

/* After a failure nothing on the stream is believed any more. */
static void test_failure_stays(void **state)
{
    (void)state;
    struct sip_framer framer;
    struct sip_frame frame;
    sip_framer_init(&framer, NULL);
    assert_int_equal(sip_frame(&framer, SLICE("\x16\x03\x01\n"), &frame, NULL), -ERR_MALFORMED);
    assert_int_equal(sip_frame(&framer, slice_of(two), &frame, NULL), -ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split),   cmocka_unit_test(test_bytewise),
        cmocka_unit_test(test_keepalive),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
