/* Applications of phones and browsers: strangers, forged and ended tokens, other people's
 * applications, polls asked twice or left, bodies that are none. */
#include "town.h"

#include "http/values.h"
#include "site/site.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define JSON "Content-Type: application/json\r\n"
#define WISH "{\"userAgent\":\"hostile\",\"endpointId\":\"%s\",\"culture\":\"en-US\"}"

enum {
    TICKET_SECONDS = 10, /* how long a token is good in this town */
    APPLICATIONS_MAX = 8 /* UCWA_PER_USER */
};

static int setup(void **state)
{
    static const struct lab_setting settings[] = {{"web", "ticket-lifetime", "10s"}};
    *state = town_new(settings, 1, true);
    return 0;
}

/* ---- a client of few words ------------------------------------------------------------------ */

struct app {
    struct town *town;
    struct wire *wire;
    struct slice bearer; /* the whole header */
    struct slice path;
    struct wire_response said;
};

static void ask(struct app *app, const char *method, const char *path, struct slice body)
{
    struct slice headers =
        arena_print(app->town->arena, "%.*s%s", SLICE_ARG(app->bearer), body.len ? JSON : "");
    if (!web_ask(app->wire, app->town->lab, method, path, headers.at, body, app->town->arena,
                 &app->said))
        fail_msg("%s %s: no answer", method, path);
}

static const char *below(const struct app *app, const char *rest)
{
    return arena_print(app->town->arena, "%.*s%s", SLICE_ARG(app->path), rest).at;
}

static void assert_said(const struct app *app, int status, const char *what)
{
    if (app->said.status != status || (what && slice_find(app->said.body, slice_of(what)) < 0 &&
                                       slice_find(app->said.head, slice_of(what)) < 0))
        fail_msg("%d, not %d with %s:\n%.*s%.*s", app->said.status, status, what ? what : "",
                 SLICE_ARG(app->said.head), SLICE_ARG(app->said.body));
}

/* A string of the answer: "_links.self.href". */
static struct slice told(const struct app *app, const char *path)
{
    json_t *root = json_loadb(app->said.body.at, app->said.body.len, 0, NULL);
    const json_t *value = root;
    struct slice rest = slice_of(path), part, text;
    while (value && slice_next(&rest, '.', &part))
        value = json_object_getn(value, part.at, part.len);
    text = value ? arena_copy(app->town->arena, slice_of(json_string_value(value)))
                 : (struct slice){0};
    json_decref(root);
    return text;
}

static void take_token(struct app *app, const char *who, const char *password)
{
    struct arena *arena = app->town->arena;
    struct slice form = arena_print(arena, "grant_type=password&username=%s&password=%s", who,
                                    strchr(password, ' ') ? "" : password);
    if (strchr(password, ' ')) {
        struct slice head = slice_of(password), tail;
        slice_cut(head, ' ', &head, &tail);
        form = arena_print(arena, "grant_type=password&username=%s&password=%.*s+%.*s", who,
                           SLICE_ARG(head), SLICE_ARG(tail));
    }
    assert_true(web_ask(app->wire, app->town->lab, "POST", SITE_PATH_OAUTHTOKEN,
                        "Content-Type: application/x-www-form-urlencoded\r\n", form, arena,
                        &app->said));
    assert_said(app, 200, "cwt=");
    app->bearer =
        arena_print(arena, "Authorization: Bearer %.*s\r\n", SLICE_ARG(told(app, "access_token")));
}

static void create(struct app *app, const char *endpoint)
{
    ask(app, "POST", SITE_PATH_UCWA, arena_print(app->town->arena, WISH, endpoint));
}

static void come(struct app *app, struct town *town, const char *who, const char *password)
{
    *app = (struct app){.town = town, .wire = town_https(town)};
    take_token(app, who, password);
    static unsigned comers; /* what a test that failed has left is not this one's */
    create(app, arena_print(town->arena, "came %u", ++comers).at);
    assert_said(app, 201, NULL);
    app->path = told(app, "_links.self.href");
}

/* Signed out, so that the next test begins anew. */
static void leave(struct app *app)
{
    ask(app, "DELETE", below(app, ""), (struct slice){0});
    assert_said(app, 204, NULL);
    wire_close(app->wire);
}

/* Ask, and do not wait: by a connection of its own. */
static struct wire *hold(struct app *app, const char *ack)
{
    struct wire *wire = town_https(app->town);
    assert_true(web_send(wire, app->town->lab, "GET", LAB_WEB_HOST,
                         below(app, arena_print(app->town->arena, "/events?%s", ack).at),
                         app->bearer.at, (struct slice){0}));
    return wire;
}

static void hear(struct app *app, struct wire *wire)
{
    if (!wire_response(wire, app->town->arena, &app->said))
        fail_msg("the poll got no answer");
}

/* Read events until a poll is held; the number that it must ask for. */
static const char *catch_up(struct app *app, const char *ack)
{
    for (;;) {
        scoped(wire) struct wire *wire = hold(app, ack);
        if (wire_read(wire, 7000) < 0)
            return ack; /* nobody takes it: it is asked for again */
        hear(app, wire);
        assert_said(app, 200, "\"next\"");
        struct slice href = told(app, "_links.next.href");
        ack = href.at + slice_find(href, SLICE("ack="));
    }
}

/* Is this connection over, by what was said? */
static bool wire_closes(const struct wire_response *said)
{
    return slice_eq_nocase(wire_header(said, "Connection"), SLICE("close"));
}

/* ---- strangers --------------------------------------------------------------------------------
 */

static void tokens_that_are_none(void **state)
{
    struct town *town = *state;
    struct app app;
    come(&app, town, ALICE, ALICE_PASSWORD);
    struct slice good = app.bearer;
    char *forged = arena_string(town->arena, good);
    char *middle = forged + good.len - 60; /* of the signature */
    *middle = *middle == 'A' ? 'B' : 'A';
    const struct {
        const char *header, *finding;
    } rows[] = {
        {"", "ticket-missing"},
        {"Authorization: Bearer \r\n", "ticket-missing"},
        {"Authorization: Basic YWxpY2U6Y29ycmVjdA==\r\n", "ticket-missing"},
        {"Authorization: Bearer cwt=\r\n", "ticket-malformed"},
        {"Authorization: Bearer cwt=!!!!\r\n", "ticket-malformed"},
        {arena_print(town->arena, "%.*s\r\n", SLICE_ARG(slice_head(good, good.len - 20))).at,
         "signature-invalid"},
        {forged, "signature-invalid"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        off_t mark = lab_server_log_mark(town->lab);
        app.bearer = slice_of(rows[i].header);
        ask(&app, "GET", below(&app, ""), (struct slice){0});
        assert_said(&app, 401, "MsRtcOAuth href=\"");
        if (!lab_server_logged(town->lab, mark, rows[i].finding, "path=/ucwa/"))
            fail_msg("row %zu: no %s", i, rows[i].finding);
    }
    app.bearer = good;
    leave(&app);
}

/* Whether an application is another's or nobody's cannot be told. */
static void applications_of_others(void **state)
{
    struct town *town = *state;
    struct app alice, bob;
    come(&alice, town, ALICE, ALICE_PASSWORD);
    come(&bob, town, BOB, BOB_PASSWORD);
    static const char *const rests[] = {"", "/events?ack=1", "/me", "/people/contacts"};
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        ask(&alice, "GET", below(&bob, rests[i]), (struct slice){0});
        assert_said(&alice, 404, "ApplicationNotFound");
        struct slice others = alice.said.body;
        ask(&alice, "GET", arena_print(town->arena, SITE_PATH_UCWA "/000000000000%s", rests[i]).at,
            (struct slice){0});
        assert_true(slice_eq(alice.said.body, others));
    }
    ask(&alice, "DELETE", below(&bob, ""), (struct slice){0});
    assert_said(&alice, 404, NULL);
    ask(&bob, "GET", below(&bob, ""), (struct slice){0});
    assert_said(&bob, 200, "\"application\"");
    leave(&alice);
    leave(&bob);
}

static void too_many_applications(void **state)
{
    struct town *town = *state;
    struct app app;
    struct slice paths[APPLICATIONS_MAX];
    come(&app, town, ALICE, ALICE_PASSWORD);
    paths[0] = app.path;
    for (size_t i = 1; i < APPLICATIONS_MAX; i++) {
        create(&app, arena_print(town->arena, "e%zu", i).at);
        assert_said(&app, 201, NULL);
        paths[i] = told(&app, "_links.self.href");
    }
    create(&app, "one more");
    assert_said(&app, 403, "TooManyApplications");
    assert_logged(town, "ucwa-too-many-applications", NULL);
    for (size_t i = 0; i < APPLICATIONS_MAX; i++)
        ask(&app, "DELETE", arena_string(town->arena, paths[i]), (struct slice){0});
    wire_close(app.wire);
}

/* ---- polls --------------------------------------------------------------------------------------
 */

/* A token ends while its poll is held: the poll ends with it, the application does not. */
static void a_token_ends_in_the_middle_of_a_poll(void **state)
{
    struct town *town = *state;
    struct app app;
    come(&app, town, ALICE, ALICE_PASSWORD);
    const char *ack = catch_up(&app, "ack=1");
    take_token(&app, ALICE, ALICE_PASSWORD);
    scoped(wire) struct wire *poll = hold(&app, ack);
    hear(&app, poll);
    assert_said(&app, 401, "MsRtcOAuth href=\"");
    assert_logged(town, "ticket-expired", "path=/ucwa/");
    ask(&app, "GET", below(&app, ""), (struct slice){0}); /* the same token, later */
    assert_said(&app, 401, NULL);
    take_token(&app, ALICE, ALICE_PASSWORD);
    ask(&app, "GET", below(&app, ""), (struct slice){0});
    assert_said(&app, 200, NULL);
    leave(&app);
}

static void numbers_that_do_not_fit(void **state)
{
    struct town *town = *state;
    struct app app;
    come(&app, town, ALICE, ALICE_PASSWORD);
    ask(&app, "POST", below(&app, "/me/makeMeAvailable"), SLICE("{\"signInAs\":\"Online\"}"));
    assert_said(&app, 204, NULL);
    ask(&app, "GET", below(&app, "/events?ack=1"), (struct slice){0});
    assert_said(&app, 200, "\"sender\"");
    struct slice first = app.said.body;
    ask(&app, "GET", below(&app, "/events?ack=1"), (struct slice){0}); /* it got lost */
    assert_true(slice_eq(app.said.body, first));
    static const char *const wrong[] = {"ack=0", "ack=77"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ask(&app, "GET", below(&app, arena_print(town->arena, "/events?%s", wrong[i]).at),
            (struct slice){0});
        assert_said(&app, 200, "\"resync\"");
    }
    static const char *const none[] = {"ack=-1", "ack=1x", "ack=18446744073709551616", "ack="};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ask(&app, "GET", below(&app, arena_print(town->arena, "/events?%s", none[i]).at),
            (struct slice){0});
        assert_said(&app, 400, "ParameterValidationFailure");
    }
    leave(&app);
}

static void a_poll_is_replaced_or_left(void **state)
{
    struct town *town = *state;
    struct app app;
    come(&app, town, ALICE, ALICE_PASSWORD);
    const char *ack = catch_up(&app, "ack=1");
    take_token(&app, ALICE, ALICE_PASSWORD);
    scoped(wire) struct wire *first = hold(&app, ack);
    assert_int_equal(wire_read(first, 300), -1);
    scoped(wire) struct wire *second = hold(&app, ack);
    hear(&app, first);
    assert_said(&app, 409, "PGetReplaced");
    wire_close(take(&second)); /* without a word; what comes now must not go there */
    ask(&app, "POST", below(&app, "/me/makeMeAvailable"), SLICE("{\"signInAs\":\"Online\"}"));
    assert_said(&app, 204, NULL);
    scoped(wire) struct wire *third = hold(&app, ack);
    hear(&app, third);
    assert_said(&app, 200, "\"presence\"");
    leave(&app);
}

/* ---- bodies and paths ---------------------------------------------------------------------------
 */

static void bodies_that_are_none(void **state)
{
    struct town *town = *state;
    struct app app;
    scoped(buf) struct buf deep = BUF_INIT, large = BUF_INIT;
    come(&app, town, ALICE, ALICE_PASSWORD);
    for (int i = 0; i < 5000; i++)
        buf_add_string(&deep, "[");
    buf_add_string(&large, "{\"signInAs\":\"");
    for (int i = 0; i < 40000; i++)
        buf_add_byte(&large, 'x');
    buf_add_string(&large, "\"}");
    const struct slice bodies[] = {SLICE("{"),          SLICE("null"),
                                   SLICE("\"a\""),      SLICE("{\"a\":}"),
                                   SLICE("\xff\xfe{}"), buf_slice(&deep),
                                   buf_slice(&large),   SLICE("{\"signInAs\":\"Dancing\"}")};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        ask(&app, "POST", below(&app, "/me/makeMeAvailable"), bodies[i]);
        if (app.said.status != 400 && app.said.status != 413)
            fail_msg("body %zu: %d", i, app.said.status);
    }
    static const char *const wishes[] = {
        "{}", "{\"userAgent\":\"a\",\"culture\":\"b\"}",
        "{\"userAgent\":1,\"endpointId\":2,\"culture\":3}",
        "{\"userAgent\":\"a\",\"culture\":\"b\",\"endpointId\":\""
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789\"}"};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        ask(&app, "POST", SITE_PATH_UCWA, slice_of(wishes[i]));
        assert_said(&app, 400, "ParameterValidationFailure");
    }
    assert_logged(town, "ucwa-request-invalid", NULL);
    leave(&app);
}

static void ways_that_lead_nowhere(void **state)
{
    struct town *town = *state;
    struct app app;
    come(&app, town, ALICE, ALICE_PASSWORD);
    static const struct {
        const char *method, *rest;
        int status;
    } rows[] = {{"GET", "/nothing", 404}, {"GET", "/me/a/b/c/d/e/f/g/h/i/j", 404},
                {"DELETE", "/me", 405},   {"POST", "", 405},
                {"PATCH", "/me", 405},    {"GET", "/people/nobody%00@contoso.test/presence", 404}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(&app, rows[i].method, below(&app, rows[i].rest), (struct slice){0});
        if (app.said.status != rows[i].status && app.said.status != 400)
            fail_msg("%s %s: %d", rows[i].method, rows[i].rest, app.said.status);
        if (wire_closes(&app.said)) {
            wire_close(app.wire);
            app.wire = town_https(town);
        }
    }
    leave(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(tokens_that_are_none),    HOSTILE(applications_of_others),
        HOSTILE(too_many_applications),   HOSTILE(a_token_ends_in_the_middle_of_a_poll),
        HOSTILE(numbers_that_do_not_fit), HOSTILE(a_poll_is_replaced_or_left),
        HOSTILE(bodies_that_are_none),    HOSTILE(ways_that_lead_nowhere),
    };
    return cmocka_run_group_tests_name("hostile ucwa", tests, setup, town_close);
}
