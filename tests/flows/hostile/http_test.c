/* Bad HTTP, over plain TCP and TLS: each request gets its documented answer, and the
 * log its finding. */
#include "town.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

/* Send bytes on a connection of their own; the status of the first response, 0 when
 * the server hangs up without a word. */
static int say(struct town *town, struct wire *wire, struct slice bytes)
{
    struct wire_response response;
    wire_write(wire, bytes); /* a server may hang up before the end of it */
    return wire_response(wire, town->arena, &response) ? response.status : 0;
}

/* ---- one request, one answer, one finding, and the end of the connection --------------- */

static const struct {
    const char *request;
    int status;
    const char *finding;
} bad[] = {
    {"GARBAGE\r\n\r\n", 400, "http-malformed"},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "http-malformed"},
    {"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http-malformed"},
    {"GET / HTTP/1.1\r\nHost a\r\n\r\n", 400, "http-malformed"},
    {"GET / HTTP/1.1\r\n\r\n", 400, "http-malformed"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "http-malformed"},
    {"GET /\r\n", 400, "http-malformed"}, /* HTTP/0.9 */
    {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http-version-unsupported"},
    /* Smuggling: every way in which two programs could differ about the end. */
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400, "http-ambiguous"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400,
     "http-ambiguous"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400, "http-"},
    {"GET / HTTP/1.1\nHost: a\n\n", 400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501, "http-unsupported"},
    /* Bad chunks. */
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
     400, "http-"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 0,
     "http-"},
};

static void one_bad(struct town *town, struct wire *wire, size_t i)
{
    off_t mark = lab_server_log_mark(town->lab);
    struct slice finding = arena_print(town->arena, " finding=%s", bad[i].finding);
    int status = say(town, wire, slice_of(bad[i].request));
    if (bad[i].status ? status != bad[i].status : status < 400)
        fail_msg("%s: %d", bad[i].request, status);
    assert_true(wire_ends(wire));
    assert_false(slice_absent(
        lab_server_log_line(town->lab, town->arena, &mark, "http.request", finding.at, NULL)));
}

static void bad_requests_are_answered_and_cut_off(void **state)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scoped(wire) struct wire *plain = town_http(*state), *secure = town_https(*state);
        one_bad(*state, plain, i);
        one_bad(*state, secure, i);
    }
}

/* ---- limits -------------------------------------------------------------------------------- */

static void a_head_without_end_is_431(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_https(town), *lines = town_https(town);
    scoped(buf) struct buf head = BUF_INIT;
    buf_add_string(&head, "GET / HTTP/1.1\r\nHost: a\r\nCookie: ");
    while (head.len < 20000)
        buf_add_string(&head, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(say(town, wire, buf_slice(&head)), 431);
    assert_true(wire_ends(wire));
    buf_clear(&head);
    buf_add_string(&head, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 200; i++)
        buf_add_string(&head, "A: b\r\n");
    assert_int_equal(say(town, lines, buf_slice(&head)), 431);
    assert_logged(town, "http-head-too-large", "status=431");
}

static void a_body_too_large_is_413(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *told = town_https(town), *chunked = town_https(town);
    scoped(buf) struct buf chunks = BUF_INIT;
    assert_int_equal(say(town, told,
                         SLICE("POST /WebTicket/WebTicketService.svc HTTP/1.1\r\nHost: a\r\n"
                               "Content-Length: 99999999999\r\n\r\n")),
                     413);
    buf_add_string(&chunks, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 300; i++) {
        buf_add_string(&chunks, "400\r\n");
        memset(buf_reserve(&chunks, 1024), 'x', 1024);
        buf_added(&chunks, 1024);
        buf_add_string(&chunks, "\r\n");
    }
    assert_int_equal(say(town, chunked, buf_slice(&chunks)), 413);
    assert_logged(town, "http-too-large", "status=413");
}

static void ten_thousand_empty_lines(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *plain = town_http(town);
    scoped(buf) struct buf lines = BUF_INIT;
    for (int i = 0; i < 10000; i++)
        buf_add_string(&lines, "\r\n");
    int status = say(town, plain, buf_slice(&lines));
    if (status != 400 && status != 431)
        fail_msg("%d", status);
    assert_true(wire_ends(plain));
    assert_false(slice_absent(lab_server_log_line(town->lab, town->arena, &town->mark,
                                                  "http.request", " finding=http-", NULL)));
}

/* ---- the wrong thing in the right form --------------------------------------------------------
 */

static const struct {
    const char *method, *path, *headers, *body;
    int status;
    const char *finding;
} wrong[] = {
    {"DELETE", "/Autodiscover/AutodiscoverService.svc/root", "", NULL, 405,
     "http-method-not-allowed"},
    {"BREW", "/Autodiscover/AutodiscoverService.svc/root", "", NULL, 405,
     "http-method-not-allowed"},
    {"GET", "/nowhere", "", NULL, 404, "http-not-found"},
    {"GET", "/../../etc/passwd", "", NULL, 404, "http-not-found"},
    {"GET", "/%00", "", NULL, 400, "http-malformed"},
    {"POST", "/WebTicket/WebTicketService.svc/Auth", "Content-Type: text/xml\r\n", "", 400,
     "xml-malformed"},
    {"POST", "/WebTicket/WebTicketService.svc/Auth", "Content-Type: application/json\r\n",
     "{\"a\":1}", 400, NULL},
    {"POST", "/WebTicket/WebTicketService.svc/Auth", "Content-Type: text/xml\r\n", "not xml", 400,
     "xml-malformed"},
    {"POST", "/CertProv/CertProvisioningService.svc/WebTicket_Proof", "Content-Type: text/xml\r\n",
     NULL, 400, "xml-malformed"},
};

static void wrong_requests_keep_the_connection(void **state)
{
    struct town *town = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        scoped(wire) struct wire *wire = town_https(town);
        off_t mark = lab_server_log_mark(town->lab);
        struct wire_response response;
        assert_true(web_ask(wire, town->lab, wrong[i].method, wrong[i].path, wrong[i].headers,
                            slice_of(wrong[i].body), town->arena, &response));
        if (response.status != wrong[i].status)
            fail_msg("%s %s: %d %.*s", wrong[i].method, wrong[i].path, response.status,
                     SLICE_ARG(response.body));
        if (response.status == 405)
            assert_false(slice_absent(wire_header(&response, "Allow")));
        if (wrong[i].finding)
            assert_true(lab_server_logged(town->lab, mark, wrong[i].finding, "http.request"));
    }
}

/* ---- streams ------------------------------------------------------------------------------------
 */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_https(town);
    struct wire_response response;
    /* The second needs a worker and a password hash, the others do not. */
    assert_true(wire_write(
        wire, SLICE("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
                    "POST /WebTicket/WebTicketService.svc HTTP/1.1\r\nHost: a\r\n"
                    "Authorization: Basic bm9ib2R5Om5vYm9keQ==\r\nContent-Type: text/xml\r\n"
                    "Content-Length: 4\r\n\r\n<a/>"
                    "DELETE /Autodiscover/AutodiscoverService.svc/root HTTP/1.1\r\n"
                    "Host: a\r\n\r\n")));
    assert_true(wire_response(wire, town->arena, &response));
    assert_int_equal(response.status, 404);
    assert_true(wire_response(wire, town->arena, &response));
    assert_true(response.status == 400 || response.status == 401);
    assert_true(wire_response(wire, town->arena, &response));
    assert_int_equal(response.status, 405);
}

static void half_a_request_then_the_end(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *wire = town_https(town);
    assert_true(
        wire_write(wire, SLICE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")));
    wire_finish(wire);
    assert_true(wire_ends(wire));
}

static void plain_text_on_a_tls_port(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *https = wire_open(town->lab->https, NULL, NULL, NULL);
    scoped(wire) struct wire *sip = wire_open(town->lab->sip, NULL, NULL, NULL);
    wire_write(https, SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(wire_ends(https));
    assert_logged(town, "tls-not-spoken", "net.refused");
    off_t mark = lab_server_log_mark(town->lab);
    wire_write(sip, SLICE("REGISTER sip:contoso.test SIP/2.0\r\n\r\n"));
    assert_true(wire_ends(sip));
    assert_true(lab_server_logged(town->lab, mark, "tls-not-spoken", "net.refused"));
}

static void tls_on_the_plain_port(void **state)
{
    struct town *town = *state;
    assert_null(wire_open(town->lab->http, NULL, town->tls, LAB_WEB_HOST));
    assert_logged(town, "http-malformed", "status=400");
}

static void truncated_and_garbled_tls(void **state)
{
    struct town *town = *state;
    static const char *const garbage[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        "garbage that is no ClientHello at all",
        "\x16\x03\x01\xff\xff"
        "a record longer than any may be",
        "\x16",
    };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        scoped(wire) struct wire *wire = wire_open(town->lab->https, NULL, NULL, NULL);
        wire_write(wire, slice_of(garbage[i]));
        wire_finish(wire);
        assert_true(wire_ends(wire));
    }
    assert_logged(town, "tls-handshake-failed", "net.refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(bad_requests_are_answered_and_cut_off),
        HOSTILE(a_head_without_end_is_431),
        HOSTILE(a_body_too_large_is_413),
        HOSTILE(ten_thousand_empty_lines),
        HOSTILE(wrong_requests_keep_the_connection),
        HOSTILE(pipelined_requests_are_answered_in_order),
        HOSTILE(half_a_request_then_the_end),
        HOSTILE(plain_text_on_a_tls_port),
        HOSTILE(tls_on_the_plain_port),
        HOSTILE(truncated_and_garbled_tls),
    };
    return cmocka_run_group_tests_name("hostile/http", tests, setup, town_close);
}
