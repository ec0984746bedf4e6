#include "bench/handset.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/guid.h"
#include "bench/answer.h"
#include "site/site.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct handset {
    const struct handset_cast *cast;
    const struct stage_user *who;
    void *user;
    struct conn *conn; /* NULL once it has ended */
    enum handset_step step;
    int64_t sent_us;
    bool over, freed;
    char *ticket;      /* "cwt=..." */
    char *application; /* links: paths on the web host */
    char *make_me_available;
    char *events; /* the next poll */
    char *accept; /* the invitation that a poll brought */
    char *number; /* of the conversation that it began */
};

/* ---- what is asked ----------------------------------------------------------------------- */

static void body_token(const struct handset *handset, const char *word, struct buf *out)
{
    (void)word;
    buf_print(out, "grant_type=password&username=%s&password=", handset->who->address);
    for (const char *at = BENCH_PASSWORD; *at; at++)
        buf_add_byte(out, *at == ' ' ? '+' : *at);
}

static void body_application(const struct handset *handset, const char *word, struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    struct guid endpoint = guid_new();
    (void)handset, (void)word;
    buf_print(out, "{\"UserAgent\":\"Bench\",\"EndpointId\":\"%.*s\",\"Culture\":\"en-US\"}",
              SLICE_ARG(guid_print(arena, &endpoint)));
}

static void body_available(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset, (void)word;
    buf_add_string(out, "{\"signInAs\":\"Online\",\"supportedMessageFormats\":[\"Plain\"],"
                        "\"supportedModalities\":[\"Messaging\"]}");
}

static void body_watch(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset;
    buf_print(out, "{\"duration\":30,\"uris\":[\"sip:%s\"]}", word);
}

static void body_publish(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset;
    buf_print(out, "{\"availability\":\"%s\"}", word);
}

static void body_invite(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset;
    buf_print(out, "{\"to\":\"sip:%s\",\"operationId\":\"1\"}", word);
}

static void body_nothing(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset, (void)word, (void)out;
}

static void body_say(const struct handset *handset, const char *word, struct buf *out)
{
    (void)handset;
    buf_add_string(out, word);
}

static const struct {
    const char *name, *path; /* NULL: a link of the handset's */
    int status;              /* of the right answer */
    const char *content_type;
    void (*body)(const struct handset *handset, const char *word, struct buf *out); /* NULL: GET */
} steps[HANDSET_STEPS] = {
    [HANDSET_CONNECT] = {.name = "connect_tls"},
    [HANDSET_DISCOVER] = {"autodiscover_401", SITE_PATH_AUTODISCOVER_OAUTH, 401, NULL, NULL},
    [HANDSET_TOKEN] = {"oauthtoken", SITE_PATH_OAUTHTOKEN, 200, "application/x-www-form-urlencoded",
                       body_token},
    [HANDSET_APPLICATION] = {"application", SITE_PATH_UCWA, 201, "application/json",
                             body_application},
    [HANDSET_AVAILABLE] = {"make_me_available", NULL, 204, "application/json", body_available},
    [HANDSET_WATCH] = {"watch", NULL, 201, "application/json", body_watch},
    [HANDSET_PUBLISH] = {"publish", NULL, 204, "application/json", body_publish},
    [HANDSET_INVITE] = {"invite", NULL, 201, "application/json", body_invite},
    [HANDSET_ACCEPT] = {"accept", NULL, 204, "application/json", body_nothing},
    [HANDSET_SAY] = {"say", NULL, 201, "text/plain", body_say},
    [HANDSET_POLL] = {"poll", NULL, 200, NULL, NULL},
};

const char *handset_step_name(enum handset_step step)
{
    return steps[step].name;
}

void *handset_user(const struct handset *handset)
{
    return handset->user;
}

bool handset_invited(const struct handset *handset)
{
    return handset->accept != NULL;
}

/* Links that were shown are followed; of the other resources the names are known. */
static void print_path(const struct handset *handset, enum handset_step step, struct buf *out)
{
    switch (step) {
    case HANDSET_AVAILABLE:
        buf_add_string(out, handset->make_me_available);
        break;
    case HANDSET_WATCH:
        buf_print(out, "%s/people/presenceSubscriptions", handset->application);
        break;
    case HANDSET_PUBLISH:
        buf_print(out, "%s/me/presence", handset->application);
        break;
    case HANDSET_INVITE:
        buf_print(out, "%s/communication/messagingInvitations", handset->application);
        break;
    case HANDSET_ACCEPT:
        buf_add_string(out, handset->accept);
        break;
    case HANDSET_SAY:
        buf_print(out, "%s/communication/conversations/%s/messaging/messages", handset->application,
                  handset->number);
        break;
    case HANDSET_POLL:
        buf_print(out, "%s&timeout=1800", handset->events);
        break;
    default:
        buf_add_string(out, steps[step].path);
        break;
    }
}

void handset_ask(struct handset *handset, enum handset_step step, const char *word)
{
    scoped(buf) struct buf body = BUF_INIT, request = BUF_INIT;
    if (!handset->conn || handset->over)
        return;
    if (steps[step].body)
        steps[step].body(handset, word, &body);
    buf_add_string(&request, steps[step].body ? "POST " : "GET ");
    print_path(handset, step, &request);
    buf_print(&request, " HTTP/1.1\r\nHost: %s:%u\r\nAccept: application/json\r\n",
              handset->cast->stage->web_host, address_port(&handset->cast->stage->https));
    if (handset->ticket)
        buf_print(&request, "Authorization: Bearer %s\r\n", handset->ticket);
    if (steps[step].body)
        buf_print(&request, "Content-Type: %s\r\nContent-Length: %zu\r\n", steps[step].content_type,
                  body.len);
    buf_add_string(&request, "\r\n");
    buf_add(&request, buf_slice(&body));
    handset->step = step;
    handset->sent_us = clock_monotonic_us();
    conn_write(handset->conn, buf_slice(&request));
}

/* ---- what is answered -------------------------------------------------------------------- */

/* Tell once; whoever is told may free the handset, so touch nothing afterwards. */
static void fail(struct handset *handset, const struct fault *why)
{
    if (handset->over || handset->freed)
        return;
    handset->over = true;
    handset->cast->handler->on_failed(handset, why);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = with ? must_strdup(with) : NULL;
}

static void replace_by(char **text, struct slice with)
{
    free(*text);
    *text = must_alloc(with.len + 1);
    memcpy(*text, with.at, with.len);
    (*text)[with.len] = '\0';
}

/* The links of the answers that have some; false when one is not there. */
static bool take_links(struct handset *handset, json_t *json)
{
    const char *a = NULL, *b = NULL, *c = NULL;
    switch (handset->step) {
    case HANDSET_TOKEN:
        json_unpack(json, "{s:s}", "access_token", &a);
        replace(&handset->ticket, a);
        return a;
    case HANDSET_APPLICATION:
        json_unpack(json, "{s:{s:{s:s},s:{s:s}},s:{s:{s:{s:{s:s}}}}}", "_links", "self", "href", &a,
                    "events", "href", &b, "_embedded", "me", "_links", "makeMeAvailable", "href",
                    &c);
        replace(&handset->application, a);
        replace(&handset->events, b);
        replace(&handset->make_me_available, c);
        return a && b && c;
    case HANDSET_POLL:
        json_unpack(json, "{s:{s:{s:s}}}", "_links", "next", "href", &a);
        if (a)
            replace(&handset->events, a);
        return a;
    default:
        return true;
    }
}

/* The address of the invitation ends with the number that its conversation has, too. */
static bool take_location(struct handset *handset, struct slice head)
{
    static const struct slice name = {"\r\nLocation:", 11};
    struct slice line, rest;
    ptrdiff_t at = slice_find(head, name);
    if (at < 0)
        return false;
    slice_cut(slice_from(head, (size_t)at + name.len), '\r', &line, &rest);
    const char *last = memrchr(line.at, '/', line.len);
    if (!last)
        return false;
    replace_by(&handset->number, slice_from(line, (size_t)(last + 1 - line.at)));
    return true;
}

/* Wherever in the events it stands. */
static void look_for_invitation(struct handset *handset, struct slice body)
{
    static const struct slice before = {"\"accept\":{\"href\":\"", 18};
    struct slice href, rest;
    ptrdiff_t at = slice_find(body, before);
    if (at < 0)
        return;
    slice_cut(slice_from(body, (size_t)at + before.len), '"', &href, &rest);
    replace_by(&handset->accept, href);
}

static bool take_body(struct handset *handset, struct slice body)
{
    json_error_t why;
    bool wanted = handset->step == HANDSET_TOKEN || handset->step == HANDSET_APPLICATION ||
                  handset->step == HANDSET_POLL;
    if (!wanted)
        return true;
    if (handset->step == HANDSET_POLL && !handset->accept)
        look_for_invitation(handset, body);
    json_t *json = json_loadb(body.at, body.len, 0, &why);
    bool good = json && take_links(handset, json);
    json_decref(json);
    return good;
}

static void take_answer(struct handset *handset, const struct bench_answer *answer)
{
    struct fault fault;
    struct bench_series *series = handset->cast->steps[handset->step];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - handset->sent_us));
    bool good = answer->status == steps[handset->step].status && take_body(handset, answer->body);
    if (good && handset->step == HANDSET_INVITE)
        good = take_location(handset, answer->head);
    if (!good) {
        fault_set(&fault, ERR_DENIED, FINDING_INTERNAL, "%d for %s: %.*s", answer->status,
                  steps[handset->step].name, SLICE_ARG(slice_head(answer->body, 160)));
        fail(handset, &fault);
        return;
    }
    handset->cast->handler->on_done(handset, handset->step);
}

static size_t on_bytes(struct conn *conn, struct slice bytes)
{
    struct handset *handset = conn_user(conn);
    struct bench_answer answer;
    if (handset->over)
        return bytes.len;
    int whole = bench_answer_read(bytes, &answer);
    if (whole < 0)
        conn_close(conn);
    if (whole <= 0)
        return whole < 0 ? bytes.len : 0;
    take_answer(handset, &answer);
    return answer.len;
}

static void on_open(struct conn *conn)
{
    struct handset *handset = conn_user(conn);
    struct bench_series *series = handset->cast->steps[HANDSET_CONNECT];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - handset->sent_us));
    handset->cast->handler->on_done(handset, HANDSET_CONNECT);
}

static void destroy(struct handset *handset)
{
    free(handset->ticket);
    free(handset->application);
    free(handset->make_me_available);
    free(handset->events);
    free(handset->accept);
    free(handset->number);
    free(handset);
}

static void on_closed(struct conn *conn, const struct fault *why)
{
    struct handset *handset = conn_user(conn);
    handset->conn = NULL;
    if (handset->freed)
        destroy(handset);
    else
        fail(handset, why);
}

static const struct conn_handler handler = {
    .on_open = on_open, .on_bytes = on_bytes, .on_closed = on_closed};

/* ---- life ----------------------------------------------------------------------------------- */

struct handset *handset_new(const struct handset_cast *cast, const struct stage_user *who,
                            void *user)
{
    struct handset *handset = must_calloc(1, sizeof *handset);
    struct fault fault;
    handset->cast = cast;
    handset->who = who;
    handset->user = user;
    handset->sent_us = clock_monotonic_us();
    struct conn_options options = {.handler = &handler, .user = handset, .tls = cast->tls};
    handset->conn =
        conn_connect(cast->loop, &cast->stage->https, cast->stage->web_host, &options, &fault);
    if (!handset->conn) {
        destroy(handset);
        return NULL;
    }
    return handset;
}

void handset_free(struct handset *handset)
{
    if (!handset)
        return;
    handset->freed = true;
    if (handset->conn)
        conn_close(handset->conn); /* on_closed destroys it */
    else
        destroy(handset);
}
