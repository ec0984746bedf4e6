/* Framing: the verdict on a byte stream must not depend on how it was cut. */
#include "base/arena.h"
#include "base/buf.h"
#include "http/frame.h"
#include "http/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct http_limits limits = HTTP_LIMITS_DEFAULT;
static const struct http_limits small = {.head_bytes = 64, .headers = 3, .body_bytes = 10};

/* The same bytes at the end of a heap block of exact size, so that a sanitizer
 * sees the first byte read too far. */
static int scan_copy(struct http_frame *frame, const struct http_limits *lim, struct slice bytes,
                     struct fault *fault)
{
    char *copy = malloc(bytes.len ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len)
        memcpy(copy, bytes.at, bytes.len);
    int rc = http_frame_scan(frame, lim, slice_make(copy, bytes.len), fault);
    free(copy);
    return rc;
}

/* Frame it whole, then byte by byte and in strides; all must agree. */
static int frame_it(const struct http_limits *lim, struct slice bytes, struct http_frame *whole,
                    struct fault *fault)
{
    *whole = (struct http_frame){0};
    *fault = (struct fault){0};
    int rc = scan_copy(whole, lim, bytes, fault);
    for (size_t stride = 1; stride <= 7; stride += 2) {
        struct http_frame f = {0};
        struct fault again = {0};
        int got = -ERR_AGAIN;
        size_t shown = 0;
        while (got == -ERR_AGAIN && shown < bytes.len) {
            shown = shown + stride < bytes.len ? shown + stride : bytes.len;
            got = scan_copy(&f, lim, slice_head(bytes, shown), &again);
        }
        if (bytes.len > 0)
            assert_int_equal(got, rc);
        assert_string_equal(again.detail, fault->detail);
        assert_int_equal(again.finding, fault->finding);
        if (rc == 0) {
            assert_int_equal(http_frame_len(&f), http_frame_len(whole));
            assert_int_equal(f.head_len, whole->head_len);
            assert_int_equal(f.content_len, whole->content_len);
            /* Nothing behind the message was needed to know its end. */
            assert_true(shown < http_frame_len(&f) + stride);
        }
    }
    return rc;
}

static void test_whole(void **state)
{
    (void)state;
    struct http_frame f;
    struct fault fault;
    struct slice get = SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(frame_it(&limits, get, &f, &fault), 0);
    assert_int_equal(http_frame_len(&f), get.len);
    assert_int_equal(f.body_len, 0);

    struct slice post = SLICE("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello");
    struct slice stream = SLICE("\r\n\r\n"
                                "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello"
                                "GET /next HTTP/1.1\r\n");
    assert_int_equal(frame_it(&limits, stream, &f, &fault), 0);
    assert_int_equal(f.lead_len, 4);
    assert_int_equal(f.content_len, 5);
    assert_false(f.chunked);
    assert_int_equal(http_frame_len(&f), 4 + post.len);

    struct slice chunked =
        SLICE("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
              "5;a=\"b\"\r\nhello\r\n00A ; x\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n");
    assert_int_equal(frame_it(&limits, chunked, &f, &fault), 0);
    assert_true(f.chunked);
    assert_int_equal(f.content_len, 15);
    assert_int_equal(http_frame_len(&f), chunked.len);
}

static void test_more(void **state)
{
    (void)state;
    const struct slice whole[] = {
        SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        SLICE("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"),
        SLICE("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: x\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct http_frame f;
        struct fault fault;
        assert_int_equal(frame_it(&limits, whole[i], &f, &fault), 0);
        for (size_t cut = 0; cut < whole[i].len; cut++)
            assert_int_equal(frame_it(&limits, slice_head(whole[i], cut), &f, &fault), -ERR_AGAIN);
    }
}

struct refusal {
    const char *what;
    struct slice bytes;
    int err;
    enum finding finding;
};

#define REFUSE(what, bytes, err, finding)                                                          \
    {                                                                                              \
        what, {bytes, sizeof(bytes) - 1}, -(err), finding                                          \
    }
#define AMBIGUOUS(what, bytes)   REFUSE(what, bytes, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS)
#define MALFORMED(what, bytes)   REFUSE(what, bytes, ERR_MALFORMED, FINDING_HTTP_MALFORMED)
#define UNSUPPORTED(what, bytes) REFUSE(what, bytes, ERR_UNSUPPORTED, FINDING_HTTP_UNSUPPORTED)
#define P                        "POST / HTTP/1.1\r\nHost: a\r\n"
#define C                        P "Transfer-Encoding: chunked\r\n\r\n"

/* What smuggling is made of, and plain nonsense. */
static const struct refusal refusals[] = {
    AMBIGUOUS("two lengths", P "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    AMBIGUOUS("one length twice", P "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    AMBIGUOUS("length list", P "Content-Length: 5, 5\r\n\r\nhello"),
    AMBIGUOUS("signed length", P "Content-Length: +5\r\n\r\nhello"),
    AMBIGUOUS("negative length", P "Content-Length: -1\r\n\r\n"),
    AMBIGUOUS("hexadecimal length", P "Content-Length: 0x5\r\n\r\nhello"),
    AMBIGUOUS("blank within length", P "Content-Length: 5 6\r\n\r\nhello"),
    AMBIGUOUS("empty length", P "Content-Length:\r\n\r\n"),
    AMBIGUOUS("CL.TE", P "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
    AMBIGUOUS("TE.CL", P "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n"),
    AMBIGUOUS("two codings", P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    AMBIGUOUS("coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    UNSUPPORTED("coding list", P "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    UNSUPPORTED("chunked twice", P "Transfer-Encoding: chunked, chunked\r\n\r\n"),
    UNSUPPORTED("identity", P "Transfer-Encoding: identity\r\n\r\n"),
    UNSUPPORTED("xchunked", P "Transfer-Encoding: xchunked\r\n\r\n"),
    UNSUPPORTED("quoted coding", P "Transfer-Encoding: \"chunked\"\r\n\r\n"),
    UNSUPPORTED("empty coding", P "Transfer-Encoding:\r\n\r\n"),
    AMBIGUOUS("vertical tab", P "Transfer-Encoding: \vchunked\r\n\r\n"),
    AMBIGUOUS("blank before colon", P "Content-Length : 5\r\n\r\nhello"),
    AMBIGUOUS("tab before colon", P "Transfer-Encoding\t: chunked\r\n\r\n"),
    AMBIGUOUS("folded line", P "X: a\r\n b\r\n\r\n"),
    AMBIGUOUS("tab folded", P "X: a\r\n\tb\r\n\r\n"),
    AMBIGUOUS("folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    UNSUPPORTED("folded coding", P "Transfer-Encoding:\r\n\tchunked\r\n\r\n"),
    AMBIGUOUS("bare LF in head", "GET / HTTP/1.1\nHost: a\n\n"),
    AMBIGUOUS("bare LF in header", P "X: a\nContent-Length: 5\r\n\r\nhello"),
    AMBIGUOUS("bare LF blank line", P "\n"),
    AMBIGUOUS("bare CR", P "X: a\rContent-Length: 5\r\n\r\nhello"),
    AMBIGUOUS("two CR", P "X: a\r\r\n\r\n"),
    AMBIGUOUS("NUL in value", P "X: a\0b\r\n\r\n"),
    MALFORMED("NUL in name", P "X\0: a\r\n\r\n"),
    MALFORMED("no colon", P "Content-Length 5\r\n\r\nhello"),
    MALFORMED("empty name", P ": a\r\n\r\n"),
    MALFORMED("name no token", P "Content(Length): 5\r\n\r\nhello"),
    MALFORMED("eight-bit name", P "Content-L\xc3\xa4ngth: 5\r\n\r\nhello"),
    MALFORMED("no version", "GET /\r\n\r\n"),
    MALFORMED("two blanks", "GET  / HTTP/1.1\r\n\r\n"),
    MALFORMED("blank in target", "GET /a b HTTP/1.1\r\n\r\n"),
    MALFORMED("blank at end", "GET / HTTP/1.1 \r\n\r\n"),
    MALFORMED("tab for blank", "GET\t/\tHTTP/1.1\r\n\r\n"),
    MALFORMED("lower-case http", "GET / http/1.1\r\n\r\n"),
    MALFORMED("fragment", "GET /#a HTTP/1.1\r\n\r\n"),
    MALFORMED("NUL in target", "GET /\0 HTTP/1.1\r\n\r\n"),
    MALFORMED("DEL in target", "GET /\x7f HTTP/1.1\r\n\r\n"),
    MALFORMED("TLS hello", "\x16\x03\x01\x02"),
    MALFORMED("blank first", " GET / HTTP/1.1\r\n\r\n"),
    MALFORMED("CR alone first", "\rGET / HTTP/1.1\r\n\r\n"),
    MALFORMED("LF first", "\nGET / HTTP/1.1\r\n\r\n"),
    REFUSE("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ERR_UNSUPPORTED,
           FINDING_HTTP_VERSION),
    AMBIGUOUS("chunk size missing", C "\r\nhello"),
    AMBIGUOUS("chunk size prefix", C "0x5\r\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk size sign", C "+5\r\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk size blank", C " 5\r\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk size trailing blank", C "5 \r\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk bare LF", C "5\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk extension CR", C "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk too long", C "5\r\nhelloX\r\n0\r\n\r\n"),
    AMBIGUOUS("chunk end LF", C "5\r\nhello\n0\r\n\r\n"),
    AMBIGUOUS("trailer folded", C "0\r\n X: a\r\n\r\n"),
    MALFORMED("trailer no colon", C "0\r\nGET / HTTP/1.1\r\n\r\n"),
    REFUSE("length 2^64", P "Content-Length: 18446744073709551616\r\n\r\n", ERR_LIMIT,
           FINDING_HTTP_TOO_LARGE),
    REFUSE("length over limit", P "Content-Length: 262145\r\n\r\n", ERR_LIMIT,
           FINDING_HTTP_TOO_LARGE),
    REFUSE("chunk 2^64", C "10000000000000000\r\n", ERR_LIMIT, FINDING_HTTP_TOO_LARGE),
    REFUSE("chunk wraps", C "FFFFFFFFFFFFFFFE\r\n", ERR_LIMIT, FINDING_HTTP_TOO_LARGE),
    REFUSE("chunk over limit", C "40001\r\n", ERR_LIMIT, FINDING_HTTP_TOO_LARGE),
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct http_frame f;
        struct fault fault;
        int rc = frame_it(&limits, r->bytes, &f, &fault);
        if (rc != r->err || fault.finding != r->finding)
            fail_msg("%s: %d %s (%s)", r->what, rc, finding_id(fault.finding), fault.detail);
        assert_true(fault.detail[0] != '\0');
        /* A fault is final, whatever comes after it. */
        assert_int_equal(scan_copy(&f, &limits, SLICE("GET / HTTP/1.1\r\n\r\n"), NULL), rc);
    }
}

static void expect(struct slice bytes, int rc, enum finding finding)
{
    struct http_frame f;
    struct fault fault;
    int got = frame_it(&small, bytes, &f, &fault);
    if (got != rc || fault.finding != finding)
        fail_msg("%.*s: %d %s (%s)", SLICE_ARG(bytes), got, finding_id(fault.finding),
                 fault.detail);
}

#define HEAD "GET /%.*s HTTP/1.1\r\nHost: a\r\n\r\n"

static void test_limits(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    /* A head of exactly 64 bytes passes, one of 65 does not. */
    static const char fill[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    struct slice fits = arena_print(a, HEAD, 37, fill), over = arena_print(a, HEAD, 38, fill);
    assert_int_equal(fits.len, 64);
    expect(fits, 0, FINDING_NONE);
    expect(over, -ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE);
    expect(slice_head(over, 63), -ERR_AGAIN, FINDING_NONE);
    expect(slice_head(over, 64), -ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE);

    expect(SLICE("GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\n\r\n"), 0, FINDING_NONE);
    expect(SLICE("GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n"), -ERR_LIMIT,
           FINDING_HTTP_HEAD_TOO_LARGE);
    expect(SLICE("GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"), 0, FINDING_NONE);
    expect(SLICE("GET / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), -ERR_LIMIT,
           FINDING_HTTP_TOO_LARGE);
#define CH "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    expect(SLICE(CH "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n"), 0, FINDING_NONE);
    expect(SLICE(CH "6\r\n012345\r\n5\r\n6789a\r\n0\r\n\r\n"), -ERR_LIMIT, FINDING_HTTP_TOO_LARGE);
    /* One-byte chunks fit, bloated ones do not: the buffer stays bounded. */
    expect(SLICE(CH "1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n0\r\n\r\n"), 0, FINDING_NONE);
    expect(SLICE(CH "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n"
                    "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
           -ERR_LIMIT, FINDING_HTTP_TOO_LARGE);
    expect(SLICE(CH "0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n"), -ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE);
    expect(SLICE(CH "0\r\na: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                    "xxxxxxxxxxxxxxxx"),
           -ERR_LIMIT, FINDING_HTTP_TOO_LARGE);

    struct buf lead = BUF_INIT;
    for (int i = 0; i < 40; i++)
        buf_add_string(&lead, "\r\n");
    expect(buf_slice(&lead), -ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE);
    buf_free(&lead);
    /* However the stream goes on, an unfinished message never needs more. */
    assert_int_equal(http_limits_unread(&small), 64 + 20 + 64);
}

static void test_chunk_line_limit(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct http_frame f;
    struct fault fault;
    buf_add_string(&b, C "1;");
    for (int i = 0; i < 300; i++)
        buf_add_byte(&b, 'x');
    assert_int_equal(frame_it(&limits, buf_slice(&b), &f, &fault), -ERR_LIMIT);
    buf_free(&b);
}

static void test_continue(void **state)
{
    (void)state;
    struct http_frame f = {0};
    struct slice post =
        SLICE("POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nab");
    assert_int_equal(http_frame_scan(&f, &limits, slice_head(post, 30), NULL), -ERR_AGAIN);
    assert_true(http_frame_begun(&f));
    assert_false(http_frame_take_continue(&f));
    assert_int_equal(http_frame_scan(&f, &limits, slice_head(post, post.len - 2), NULL),
                     -ERR_AGAIN);
    assert_true(http_frame_take_continue(&f));
    assert_false(http_frame_take_continue(&f));
    assert_int_equal(http_frame_scan(&f, &limits, post, NULL), 0);
    assert_false(http_frame_take_continue(&f));
    http_frame_reset(&f);
    assert_false(http_frame_begun(&f));
    /* All there at once: nobody waits. HTTP/1.0 knows no 100. */
    assert_int_equal(http_frame_scan(&f, &limits, post, NULL), 0);
    assert_false(http_frame_take_continue(&f));
    http_frame_reset(&f);
    assert_int_equal(
        http_frame_scan(
            &f, &limits,
            SLICE("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), NULL),
        -ERR_AGAIN);
    assert_false(http_frame_take_continue(&f));
}

static void test_pipelined(void **state)
{
    (void)state;
    struct slice stream = SLICE("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                                "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n"
                                "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    scoped(arena) struct arena *a = arena_new();
    char seen[8] = "";
    while (stream.len > 0) {
        struct http_frame f = {0};
        struct http_request *r;
        struct fault fault;
        assert_int_equal(http_frame_scan(&f, &limits, stream, &fault), 0);
        assert_int_equal(http_request_parse(&f, stream, a, &r, &fault), 0);
        strncat(seen, r->path.at + 1, 1);
        stream = slice_from(stream, http_frame_len(&f));
    }
    assert_string_equal(seen, "123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_chunk_line_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
