/* Peers that are slow, and peers that are many: each in vain. */
#include "town.h"

#include "base/clock.h"

#include <string.h>

enum {
    REQUEST_MS = 2000, /* [limits] request-time below */
    PER_ADDRESS = 20
};

static int setup(void **state)
{
    static const struct lab_setting settings[] = {{"limits", "request-time", "2s"},
                                                  {"limits", "signin-time", "5s"},
                                                  {"limits", "connections-per-address", "20"}};
    *state = town_new(settings, 3, true);
    return 0;
}

/* ---- slow --------------------------------------------------------------------------- */

enum where {
    HTTP,
    HTTPS,
    SIP,
    BARE_HTTPS, /* without TLS */
    BARE_SIP
};

/* Sends `first`, then `more` again and again, a byte each 100 ms ("": no more). */
static const struct {
    enum where where;
    const char *first, *more;
} slow[] = {
    {HTTP, "GET / HTT", ""},
    {HTTP, "GET / HTTP/1.1\r\nX-A: ", "abcdefgh\r\nX-B: "},
    {HTTPS, "GET / HTTP/1.1\r\nX-A: ", "abcdefgh\r\nX-B: "},
    {HTTPS, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", "abcdefgh"},
    {HTTPS, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"},
    {HTTPS, "GE", ""},
    {SIP, "REGISTER sip:contoso.test SIP/2.0\r\n", ""},
    {SIP, "REGISTER sip:contoso.test SIP/2.0\r\nSubject: ", "abcdefgh\r\nSubject: "},
    {SIP, "REGISTER sip:contoso.test SIP/2.0\r\nContent-Length: 1000\r\n\r\n", "abcdefgh"},
    {BARE_HTTPS, "", ""},
    {BARE_HTTPS, "\x16\x03\x01\x02\x01\x01", "a"},
    {BARE_SIP, "", ""},
};
enum {
    SLOW = sizeof slow / sizeof *slow
};

static struct wire *open_slow(struct town *town, enum where where)
{
    const struct lab_server *lab = town->lab;
    uint16_t port = where == HTTP                       ? lab->http
                    : where == SIP || where == BARE_SIP ? lab->sip
                                                        : lab->https;
    bool tls = where == HTTPS || where == SIP;
    return wire_open(port, "127.0.0.7", tls ? town->tls : NULL,
                     where == SIP ? LAB_SIP_HOST : LAB_WEB_HOST);
}

/* One byte more for each that still lives; how many do. */
static size_t dribble(struct wire **wires, size_t turn)
{
    size_t alive = 0;
    for (size_t i = 0; i < SLOW; i++) {
        size_t len = strlen(slow[i].more);
        if (len > 0 && !wires[i]->ended)
            wire_write(wires[i], slice_make(slow[i].more + turn % len, 1));
        if (wire_read(wires[i], 0) != 0)
            alive++;
    }
    return alive;
}

static void slow_peers_are_cut_off(void **state)
{
    struct town *town = *state;
    struct wire *wires[SLOW];
    int64_t until = clock_monotonic() + 5 * REQUEST_MS;
    for (size_t i = 0; i < SLOW; i++) {
        wires[i] = open_slow(town, slow[i].where);
        assert_non_null(wires[i]);
        wire_write(wires[i], slice_of(slow[i].first));
    }
    /* The turns are paced by one that says nothing and is told nothing. */
    for (size_t turn = 0; dribble(wires, turn) > 0; turn++) {
        for (size_t i = 0; i < SLOW && clock_monotonic() >= until; i++)
            if (!wires[i]->ended)
                fail_msg("row %zu is still served", i);
        wire_read(town->web, 100);
    }
    /* Every one of them is in the log: by a port that no other test has. */
    for (size_t i = 0; i < SLOW; i++) {
        struct slice line = lab_server_log_line(town->lab, town->arena, &town->mark,
                                                " finding=slow-peer ", "127.0.0.7", NULL);
        assert_false(slice_absent(line));
        wire_close(wires[i]);
    }
}

/* Who does not sign in must go, whatever signs of life he gives. Bob, who came before him
 * and has signed in, was promised longer silences: he stays (town_unharmed asks him). */
static void strangers_must_sign_in(void **state)
{
    struct town *town = *state;
    scoped(wire) struct wire *stranger = town_sip(town);
    assert_non_null(stranger);
    while (wire_write(stranger, SLICE("\r\n\r\n")) && wire_read(stranger, 100) < 0)
        continue;
    assert_true(wire_ends(stranger));
}

/* ---- many ------------------------------------------------------------------------------ */

static bool served(struct town *town, struct wire *wire)
{
    struct wire_response response;
    return web_ask(wire, town->lab, "GET", "/nowhere", "", (struct slice){0}, town->arena,
                   &response);
}

static void too_many_from_one_address(void **state)
{
    struct town *town = *state;
    struct wire *crowd[PER_ADDRESS];
    for (size_t i = 0; i < PER_ADDRESS; i++) {
        crowd[i] = wire_open(town->lab->http, "127.0.0.9", NULL, NULL);
        assert_non_null(crowd[i]);
        assert_true(served(town, crowd[i]));
    }
    for (int i = 0; i < 5; i++) {
        struct wire *one_more = wire_open(town->lab->http, "127.0.0.9", NULL, NULL);
        if (one_more)
            assert_true(wire_ends(one_more));
        wire_close(one_more);
    }
    assert_logged(town, "too-many-connections", "peer=127.0.0.9");
    /* Others come in, and those who are in stay. */
    scoped(wire) struct wire *other = wire_open(town->lab->http, "127.0.0.10", NULL, NULL);
    assert_true(served(town, other));
    for (size_t i = 0; i < PER_ADDRESS; i++) {
        assert_true(served(town, crowd[i]));
        wire_close(crowd[i]);
    }
    /* As soon as the server has seen them go, there is room again. */
    bool back = false;
    for (int64_t until = clock_monotonic() + 10000; !back && clock_monotonic() < until;) {
        scoped(wire) struct wire *again = wire_open(town->lab->http, "127.0.0.9", NULL, NULL);
        back = again && served(town, again);
    }
    assert_true(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(slow_peers_are_cut_off),
        HOSTILE(strangers_must_sign_in),
        HOSTILE(too_many_from_one_address),
    };
    return cmocka_run_group_tests_name("hostile/slow", tests, setup, town_close);
}
