/* Guessing passwords: it gets slow for who guesses, for nobody else, and the answers
 * tell nothing. How long answers are held back is read in the log, not waited for. */
#include "town.h"

#include "base/clock.h"
#include "orgid/client.h"
#include "site/site.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = town_new(NULL, 0, true);
    return 0;
}

/* ---- asking by the three ways ---------------------------------------------------------- */

enum way {
    BASIC,
    USERNAME,
    ORGID,
    WAYS
};
static const char *const roles[WAYS] = {"role=webticket", "role=webticket", "role=orgid"};

#define ENTROPY SLICE("01234567890123456789012345678901")

static void send_basic(struct town *town, struct wire *wire, const char *user, const char *password)
{
    assert_true(web_send_ticket(wire, town->lab, user, password, ENTROPY));
}

static void send_username(struct town *town, struct wire *wire, const char *user,
                          const char *password)
{
    scoped(buf) struct buf body = BUF_INIT;
    const struct webticket_ask ask = {
        .method = WEBTICKET_USERNAME,
        .to = web_url(town->lab, town->arena, SITE_PATH_WEBTICKET "/Auth"),
        .applies_to = web_url(town->lab, town->arena, SITE_PATH_CERTPROV),
        .sip_uri = arena_print(town->arena, "sip:%s", user),
        .user = slice_of(user),
        .password = slice_of(password),
        .entropy = ENTROPY,
        .message_id = SLICE("uuid:1"),
        .now = clock_now()};
    webticket_rst_print(&ask, &body);
    assert_true(web_send(wire, town->lab, "POST", LAB_WEB_HOST, SITE_PATH_WEBTICKET "/Auth",
                         "Content-Type: " WEBTICKET_CONTENT_TYPE "\r\n", buf_slice(&body)));
}

static void send_orgid(struct town *town, struct wire *wire, const char *user, const char *password)
{
    scoped(buf) struct buf body = BUF_INIT;
    const struct orgid_ask ask = {
        .to = arena_print(town->arena, "https://login." LAB_DOMAIN ":%u" SITE_PATH_RST2,
                          town->lab->https),
        .user = slice_of(user),
        .password = slice_of(password),
        .applies_to = web_url(town->lab, town->arena, SITE_PATH_WEBTICKET "/WsFed_bearer"),
        .message_id = SLICE("uuid:1"),
        .now = clock_now()};
    orgid_rst2_print(&ask, &body);
    assert_true(web_send(wire, town->lab, "POST", "login." LAB_DOMAIN, SITE_PATH_RST2,
                         "Content-Type: " ORGID_CONTENT_TYPE "\r\n", buf_slice(&body)));
}

static void (*const send_by[WAYS])(struct town *, struct wire *, const char *,
                                   const char *) = {send_basic, send_username, send_orgid};

static struct wire *from(struct town *town, const char *address)
{
    struct wire *wire = wire_open(town->lab->https, address, town->tls, LAB_WEB_HOST);
    assert_non_null(wire);
    return wire;
}

/* The event of the next check of that user from that address. */
static struct slice checked(struct town *town, const char *user, const char *address)
{
    struct slice who = arena_print(town->arena, " user=%s ", user);
    struct slice where = arena_print(town->arena, " from=%s ", address);
    struct slice line =
        lab_server_log_line(town->lab, town->arena, &town->mark, "auth.", who.at, where.at);
    assert_false(slice_absent(line));
    return line;
}

/* ---- slower and slower ------------------------------------------------------------------- */

static void guesses_get_slow_for_who_guesses(void **state)
{
    struct town *town = *state;
    struct wire *wires[5];
    struct wire_response response;
    int64_t last = -1;
    for (int i = 0; i < 5; i++) {
        char password[16];
        snprintf(password, sizeof password, "guess %d", i);
        wires[i] = from(town, "127.0.0.3");
        send_basic(town, wires[i], ALICE, password);
        struct slice line = checked(town, ALICE, "127.0.0.3");
        assert_true(slice_find(line, SLICE(" finding=wrong-password ")) > 0);
        int64_t delay = lab_log_number(line, "delay_ms");
        if (i == 0)
            assert_int_equal(delay, 0);
        else
            assert_true(delay >= 900 && delay > last);
        last = delay;
    }
    assert_true(wire_response(wires[0], town->arena, &response)); /* only the first came yet */
    assert_int_equal(response.status, 401);
    /* Alice herself, from elsewhere, at once; and another from the guesser's place. */
    scoped(wire) struct wire *home = from(town, "127.0.0.4"), *beside = from(town, "127.0.0.3");
    send_basic(town, home, ALICE, ALICE_PASSWORD);
    assert_int_equal(lab_log_number(checked(town, ALICE, "127.0.0.4"), "delay_ms"), 0);
    assert_true(wire_response(home, town->arena, &response));
    assert_int_equal(response.status, 200);
    send_basic(town, beside, BOB, BOB_PASSWORD);
    assert_int_equal(lab_log_number(checked(town, BOB, "127.0.0.3"), "delay_ms"), 0);
    assert_true(wire_response(beside, town->arena, &response));
    assert_int_equal(response.status, 200);
    /* The right password from there is not refused, only late like the guesses: the
     * delay must not tell which it was. */
    scoped(wire) struct wire *late = from(town, "127.0.0.3");
    send_basic(town, late, ALICE, ALICE_PASSWORD);
    struct slice line = checked(town, ALICE, "127.0.0.3");
    assert_true(slice_starts(slice_trim(slice_from(line, 7)), SLICE("auth.password")));
    assert_true(lab_log_number(line, "delay_ms") > last);
    for (int i = 0; i < 5; i++)
        wire_close(wires[i]);
}

/* Clients say the same wrong password several times in one sign-in. */
static void the_same_wrong_password_counts_once(void **state)
{
    struct town *town = *state;
    struct wire *wires[4];
    for (int i = 0; i < 4; i++) {
        wires[i] = from(town, "127.0.0.5");
        send_basic(town, wires[i], ALICE, "always the same");
        int64_t delay = lab_log_number(checked(town, ALICE, "127.0.0.5"), "delay_ms");
        assert_true(delay <= 3000); /* guesses would be at 1 + 2 + 4 s now */
    }
    for (int i = 0; i < 4; i++)
        wire_close(wires[i]);
}

/* ---- answers that tell nothing ------------------------------------------------------------- */

/* Without what differs from answer to answer whoever asks: times and fresh ids. */
static struct slice bare(struct town *town, const struct wire_response *response)
{
    char *text =
        arena_string(town->arena, arena_print(town->arena, "%.*s%.*s", SLICE_ARG(response->head),
                                              SLICE_ARG(response->body)));
    char *date = strstr(text, "\r\nDate: ");
    if (date)
        memset(date + 8, 'x', strcspn(date + 8, "\r"));
    for (char *p = text; (p = strstr(p, "uuid:")); p++)
        memset(p + 5, 'x', strspn(p + 5, "0123456789abcdef-"));
    for (char *p = text; *p; p++) /* 2026-11-21T23:40:01Z and its like */
        if (p[0] == 'T' && p[1] >= '0' && p[1] <= '9' && p > text + 10 && p[-3] == '-')
            memset(p, 'x', strspn(p, "T0123456789:.Z"));
    return slice_of(text);
}

static void unknown_users_and_wrong_passwords_look_the_same(void **state)
{
    struct town *town = *state;
    static const struct {
        const char *user, *finding;
    } who[] = {{ALICE, " finding=wrong-password "},
               {"nobody@" LAB_DOMAIN, " finding=unknown-user "}};
    for (enum way way = 0; way < WAYS; way++) {
        struct slice answers[2];
        for (size_t i = 0; i < 2; i++) {
            scoped(wire) struct wire *wire = from(town, i ? "127.0.0.21" : "127.0.0.22");
            off_t mark = lab_server_log_mark(town->lab);
            struct wire_response response;
            send_by[way](town, wire, who[i].user, "wrong");
            assert_true(wire_response(wire, town->arena, &response));
            answers[i] = bare(town, &response);
            assert_false(slice_absent(lab_server_log_line(
                town->lab, town->arena, &mark, "auth.refused", who[i].finding, roles[way])));
        }
        if (!slice_eq(answers[0], answers[1]))
            fail_msg("%.*s\n---\n%.*s", SLICE_ARG(answers[0]), SLICE_ARG(answers[1]));
    }
}

static void a_disabled_user_is_told_only_with_the_right_password(void **state)
{
    struct town *town = *state;
    struct wire_response response;
    scoped(wire) struct wire *wrong = from(town, "127.0.0.31"), *right = from(town, "127.0.0.32");
    assert_int_equal(
        lab_server_verb(town->lab, NULL, (const char *const[]){"user", "disable", ALICE, NULL}), 0);
    send_basic(town, wrong, ALICE, "wrong");
    assert_true(wire_response(wrong, town->arena, &response));
    assert_int_equal(response.status, 401);
    assert_logged(town, "wrong-password", "from=127.0.0.31");
    send_basic(town, right, ALICE, ALICE_PASSWORD);
    assert_true(wire_response(right, town->arena, &response));
    assert_int_equal(response.status, 403);
    assert_true(slice_starts(wire_header(&response, "X-Ms-diagnostics"), SLICE("28000;")));
    assert_logged(town, "user-disabled", "from=127.0.0.32");
    assert_int_equal(
        lab_server_verb(town->lab, NULL, (const char *const[]){"user", "enable", ALICE, NULL}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(guesses_get_slow_for_who_guesses),
        HOSTILE(the_same_wrong_password_counts_once),
        HOSTILE(unknown_users_and_wrong_passwords_look_the_same),
        HOSTILE(a_disabled_user_is_told_only_with_the_right_password),
    };
    return cmocka_run_group_tests_name("hostile/passwords", tests, setup, town_close);
}
