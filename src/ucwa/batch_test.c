/* Many requests in one. */
#include "base/buf.h"
#include "ucwa/test_world_priv.h"

#define MIXED "multipart/batching;boundary=77f2"
#define PART  "--77f2\r\nContent-Type: application/http; msgtype=request\r\n\r\n"

static struct slice part(const char *method, const char *path, const char *rest)
{
    return arena_print(arena, PART "%s %.*s%s HTTP/1.1\r\nHost: web.test\r\n%s", method,
                       SLICE_ARG(base), path, rest);
}

static void post(struct asked *asked, const char *type, const char *body)
{
    ask_as(ALICE, asked, HTTP_POST, arena_print(arena, "%.*s/batch", SLICE_ARG(base)), type, body);
}

/* The replies' parts by their place; the statuses, 0: there is none. */
static int status_of(const struct asked *asked, size_t which)
{
    struct slice rest = asked->reply.body;
    for (;; which--) {
        ptrdiff_t at = slice_find(rest, SLICE("\r\n\r\nHTTP/1.1 "));
        if (at < 0)
            return 0;
        rest = slice_from(rest, (size_t)at + 13);
        if (which == 0)
            return atoi(rest.at);
    }
}

static void test_batch(void **state)
{
    (void)state;
    struct slice one = part("GET", "/people/contacts", "Accept: application/json\r\n\r\n");
    struct slice two = part("GET", "/me", "\r\n");
    struct slice body =
        arena_print(arena, "%.*s\r\n%.*s\r\n--77f2--\r\n", SLICE_ARG(one), SLICE_ARG(two));
    post(&held, MIXED, body.at);
    expect(&held, 200, "Content-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK");
    assert_true(slice_starts(held.reply.content_type, SLICE("multipart/batching; boundary=\"")));
    assert_true(slice_find(held.reply.body, SLICE("\"rel\":\"myContacts\"")) <
                slice_find(held.reply.body, SLICE("\"rel\":\"me\"")));
    assert_true(holds(&held, "Content-Type: application/json\r\n"));
    assert_int_equal(status_of(&held, 1), 200);
    assert_int_equal(status_of(&held, 2), 0);
}

/* Bodies, with and without their length; parts that wait; parts that fail. */
static void test_parts_wait(void **state)
{
    (void)state;
    available();
    struct slice one =
        part("POST", "/me/note", "Content-Type: application/json\r\n\r\n{\"message\":\"x\"}");
    struct slice two = part("GET", "/nothing", "\r\n");
    struct slice three = part("POST", "/me/location",
                              "Content-Type: application/json\r\nContent-Length: "
                              "19\r\n\r\n{\"location\":\"Home\"}");
    struct slice body = arena_print(arena, "%.*s\r\n%.*s\r\n%.*s\r\n--77f2--", SLICE_ARG(one),
                                    SLICE_ARG(two), SLICE_ARG(three));
    post(&held, MIXED, body.at);
    assert_false(held.sent);
    assert_string_equal(fake.text, "x");
    expect_done(200);
    assert_int_equal(status_of(&held, 0), 204);
    assert_int_equal(status_of(&held, 1), 404);
    assert_int_equal(status_of(&held, 2), 204);
    struct asked got = ask(HTTP_GET, "/me/location", "");
    expect(&got, 200, "Home");
}

/* Lines that end in LF alone, as the manual prints them. */
static void test_bare_lines(void **state)
{
    (void)state;
    struct slice body = arena_print(
        arena,
        "\n--77f2\nContent-Type: application/http; msgtype=request\n\nGET %.*s/me HTTP/1.1\n"
        "Accept: application/json\n\n--77f2--\n",
        SLICE_ARG(base));
    post(&held, "multipart/batching; boundary=\"77f2\"", body.at);
    assert_int_equal(status_of(&held, 0), 200);
}

static void test_what_may_not_be_batched(void **state)
{
    (void)state;
    struct slice events = part("GET", "/events?ack=1", "\r\n");
    struct slice nested = part("POST", "/batch", "\r\nx");
    struct slice photo = part("GET", "/photos/bob@contoso.test", "\r\n");
    struct slice body =
        arena_print(arena,
                    "%.*s\r\n%.*s\r\n%.*s\r\n" PART "GET /elsewhere HTTP/1.1\r\n\r\n\r\n" PART
                    "POST " SITE_PATH_UCWA " HTTP/1.1\r\n\r\n\r\n--77f2--",
                    SLICE_ARG(events), SLICE_ARG(nested), SLICE_ARG(photo));
    post(&held, MIXED, body.at);
    static const int statuses[] = {400, 400, 404, 404, 405};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(status_of(&held, i), statuses[i]);
}

/* A part may end the application; those behind it learn that it has gone. */
static void test_part_that_ends_it(void **state)
{
    (void)state;
    struct slice one = part("DELETE", "", "\r\n"), two = part("GET", "/me", "\r\n");
    struct slice body =
        arena_print(arena, "%.*s\r\n%.*s\r\n--77f2--", SLICE_ARG(one), SLICE_ARG(two));
    post(&held, MIXED, body.at);
    assert_int_equal(status_of(&held, 0), 204);
    assert_int_equal(status_of(&held, 1), 404);
    assert_int_equal(ucwa_count(ucwa), 0);
}

/* Too many, and nothing is done. */
static void test_giant(void **state)
{
    (void)state;
    scoped(buf) struct buf body = BUF_INIT;
    available();
    struct slice one = part("POST", "/me/location?location=x", "\r\n");
    for (size_t i = 0; i <= UCWA_WAITING_MAX; i++)
        buf_print(&body, "%.*s\r\n", SLICE_ARG(one));
    buf_add_string(&body, "--77f2--");
    post(&held, MIXED, buf_string(&body));
    expect(&held, 429, "TooManyRequests");
    struct asked got = ask(HTTP_GET, "/me/location", "");
    expect(&got, 200, "\"location\":\"\"");
    while (buf_slice(&body).len <= UCWA_BATCH_BYTES_MAX)
        buf_print(&body, "%*s", 10000, "");
    post(&held, MIXED, buf_string(&body));
    expect(&held, 413, "EntityTooLarge");
}

/* Parts count with what waits already. */
static void test_crowded(void **state)
{
    (void)state;
    static struct asked waiting[UCWA_WAITING_MAX - 1];
    struct slice target = arena_print(arena, "%.*s/people/search?query=b", SLICE_ARG(base));
    for (size_t i = 0; i < UCWA_WAITING_MAX - 1; i++)
        ask_as(ALICE, &waiting[i], HTTP_GET, target, JSON, "");
    struct slice one = part("GET", "/me", "\r\n");
    struct slice body =
        arena_print(arena, "%.*s\r\n%.*s\r\n--77f2--", SLICE_ARG(one), SLICE_ARG(one));
    post(&held, MIXED, body.at);
    expect(&held, 429, "TooManyRequests");
    body = arena_print(arena, "%.*s\r\n--77f2--", SLICE_ARG(one));
    post(&held, MIXED, body.at);
    assert_int_equal(status_of(&held, 0), 200);
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        int status;
    } rows[] = {
        {JSON, "{}", 415},
        {"multipart/mixed;boundary=77f2", "", 415},
        {"multipart/batching", "", 415},
        {MIXED, "", 400},
        {MIXED, "--77f2--", 400},
        {MIXED, PART "GET / HTTP/1.1\r\n\r\n", 400},
        {MIXED, PART "--77f2--", 400},
        {MIXED, PART "GET\r\n\r\n--77f2--", 400},
        {MIXED, PART "GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx\r\n--77f2--", 400},
        {MIXED, PART "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n--77f2--", 400},
        {MIXED, "--77f2\r\nContent-Type: text/plain\r\n\r\nGET / HTTP/1.1\r\n\r\n--77f2--", 415},
        {MIXED, "--77f2\r\nContent-Type: application/http; msgtype=response\r\n\r\n--77f2--", 415},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        post(&held, rows[i].type, rows[i].body);
        assert_true(held.sent);
        if (held.reply.status != rows[i].status)
            fail_msg("%zu: %d", i, held.reply.status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_batch),
        TEST(test_parts_wait),
        TEST(test_bare_lines),
        TEST(test_what_may_not_be_batched),
        TEST(test_part_that_ends_it),
        TEST(test_giant),
        TEST(test_crowded),
        TEST(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
