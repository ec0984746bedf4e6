/* One application: made, introduced to its client, ended. */
#include "base/encode.h"
#include "base/random.h"
#include "http/values.h"
#include "ucwa/photo.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    TOTAL = 20000,
    ID_DIGITS = 12, /* as Lync's */
};

/* ---- an application ---------------------------------------------------------------------------
 */

/* Meetings are not served, so there is nothing but where they would be; clients are about that
 * look into this object without asking whether it is there. */
static json_t *meetings(const struct app *app)
{
    return ucwa_resource(
        "onlineMeetings", json_object(),
        json_pack("{s:o}", "self", ucwa_link("%.*s/onlineMeetings", SLICE_ARG(app->base))));
}

static void answer_meetings(struct ask *ask)
{
    ucwa_reply(ask, 200, meetings(ask->app));
}

static json_t *application(struct app *app, struct arena *arena)
{
    struct slice events =
        ucwa_path(app, arena, "/events?ack=%llu", (unsigned long long)channel_next(app->channel));
    json_t *links = json_pack("{s:o,s:o,s:o,s:o}", "self", ucwa_link("%.*s", SLICE_ARG(app->base)),
                              "policies", ucwa_link("%.*s/policies", SLICE_ARG(app->base)), "batch",
                              ucwa_link("%.*s/batch", SLICE_ARG(app->base)), "events",
                              ucwa_link("%.*s", SLICE_ARG(events)));
    json_t *embedded =
        json_pack("{s:o,s:o,s:o,s:o}", "me", ucwa_me(app), "people", ucwa_people(app),
                  "onlineMeetings", meetings(app), "communication", ucwa_communication(app));
    json_t *properties =
        json_pack("{s:o,s:o,s:o,s:o,s:s,s:o}", "culture", ucwa_text(app->culture), "userAgent",
                  ucwa_text(app->user_agent), "endpointId", ucwa_text(app->endpoint), "id",
                  ucwa_text(app->id), "type", "Browser", "_embedded", embedded);
    if (app->instance.len > 0)
        json_object_set_new(properties, "instanceId", ucwa_text(app->instance));
    return ucwa_resource("application", properties, links);
}

static void answer_application(struct ask *ask)
{
    ucwa_reply(ask, 200, application(ask->app, ask->arena));
}

/* By it an <img> of the client's page gets photos: the ticket of this request, for that path and
 * nothing else (CreateAnApplication). The page may be another site's. */
static void put_cookie(const struct app *app, struct http_later *later)
{
    struct slice ticket = http_header(later->request, "Authorization");
    if (!slice_starts_nocase(ticket, SLICE("Bearer ")))
        return;
    ticket = slice_trim(slice_from(ticket, 7));
    for (size_t i = 0; i < ticket.len; i++)
        if (ticket.at[i] <= ' ' || ticket.at[i] >= 0x7f || strchr("\",;\\", ticket.at[i]))
            return;
    http_reply_header(later->reply, later->arena, "Set-Cookie",
                      UCWA_COOKIE "=%.*s; Path=%.*s/photos; Secure; HttpOnly; SameSite=None",
                      SLICE_ARG(ticket), SLICE_ARG(app->base));
}

void ucwa_introduce(struct app *app, struct http_later *later, int status)
{
    http_reply_header(later->reply, later->arena, "Location", "%.*s", SLICE_ARG(app->base));
    put_cookie(app, later);
    ucwa_reply_text(app->ucwa, later, status,
                    ucwa_dump(application(app, later->arena), later->arena));
}

void ucwa_app_free(struct app *app, int status, const char *code, const char *subcode,
                   const struct fault *fault)
{
    struct ucwa *ucwa = app->ucwa;
    struct call *call;
    struct subscription *subscription;
    while ((call = LIST_FIRST(&app->calls))) {
        if (call->later)
            ucwa_refuse(ucwa, call->later, status, code, subcode, fault);
        ucwa_call_free(call);
    }
    struct talk *talk;
    while ((talk = LIST_FIRST(&app->talks)))
        ucwa_talk_free(talk);
    while ((subscription = LIST_FIRST(&app->subscriptions)))
        ucwa_subscription_free(subscription);
    if (app->creating)
        ucwa_refuse_by(ucwa, app->creating, fault);
    if (app->poll)
        ucwa_refuse(ucwa, app->poll, status, code, subcode, fault);
    ucwa_list_free(app);
    free(app->phone_number);
    free(app->audio);
    free(app->location);
    channel_free(app->channel);
    ucwa_strike(app);
    arena_free(app->arena);
    free(app);
}

void ucwa_app_end(struct app *app, const struct fault *fault)
{
    const struct phone_host *phones = app->ucwa->options.phones;
    phones->close(phones->arg, app->phone);
    ucwa_app_free(app, 404, "NotFound", "ApplicationNotFound", fault);
}

static void answer_delete(struct ask *ask)
{
    struct app *app = ask->app;
    struct fault fault;
    ucwa_reply(ask, 204, NULL);
    fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "signed out by the user");
    ucwa_app_end(app, &fault);
}

/* ---- making one --------------------------------------------------------------------------------
 */

static struct slice new_id(const struct ucwa *ucwa, struct arena *arena)
{
    uint64_t number;
    for (;;) {
        random_fill(&number, sizeof number);
        struct slice id = arena_print(arena, "%0*llu", ID_DIGITS,
                                      (unsigned long long)(number % 1000000000000ULL));
        if (!ucwa_app(ucwa, id))
            return id;
    }
}

static struct app *app_new(struct ucwa *ucwa, struct slice family, struct slice account,
                           const json_t *wish)
{
    unsigned char bytes[16];
    struct app *app = must_calloc(1, sizeof *app);
    app->ucwa = ucwa;
    app->arena = arena_new();
    app->id = new_id(ucwa, app->arena);
    app->base = arena_print(app->arena, "%.*s/%.*s", SLICE_ARG(family), SLICE_ARG(app->id));
    app->account = arena_copy(app->arena, account);
    app->endpoint = arena_copy(app->arena, ucwa_member(wish, "endpointId"));
    app->user_agent = arena_copy(app->arena, ucwa_member(wish, "userAgent"));
    app->instance = arena_copy(app->arena, ucwa_member(wish, "instanceId"));
    app->culture = arena_copy(app->arena, ucwa_member(wish, "culture"));
    random_fill(bytes, sizeof bytes);
    struct slice hex = hex_print_lower(app->arena, slice_make(bytes, sizeof bytes));
    app->guid = arena_print(app->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.at, hex.at + 8,
                            hex.at + 12, hex.at + 16, hex.at + 20);
    app->channel = channel_new(ucwa_path(app, app->arena, "/events"));
    app->lifetime = 3600000;
    app->silent_until = ucwa->now + app->lifetime;
    app->formats = UCWA_PLAIN | UCWA_HTML;
    app->edition = 1;
    LIST_INIT(&app->talks);
    LIST_INIT(&app->calls);
    LIST_INIT(&app->subscriptions);
    ucwa_enrol(app);
    return app;
}

static const char *const words[] = {"userAgent", "endpointId", "culture"};

/* Parameters may be in the query as well (QueryParameters). */
static void read_query(struct http_later *later, json_t *wish)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct slice value = http_query(later->request, later->arena, words[i]);
        if (!slice_absent(value) && slice_absent(ucwa_member(wish, words[i])))
            json_object_set_new(wish, words[i], ucwa_text(value));
    }
}

static int check_wish(const json_t *wish, struct fault *fault)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct slice value = ucwa_member(wish, words[i]);
        if (slice_empty(value) || value.len > UCWA_WORD_MAX)
            return fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST,
                             "%s is missing or longer than %d bytes", words[i], UCWA_WORD_MAX);
    }
    if (ucwa_member(wish, "instanceId").len > UCWA_WORD_MAX)
        return fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "instanceId is too long");
    return 0;
}

static void open_phone(struct app *app)
{
    const struct phone_host *phones = app->ucwa->options.phones;
    struct fault fault = {0};
    app->phone = phones->open(phones->arg,
                              &(struct phone_options){.account = app->account,
                                                      .endpoint = app->endpoint,
                                                      .user_agent = app->user_agent,
                                                      .device = SLICE(""),
                                                      .face = ucwa_face(app)},
                              &fault);
    if (!app->phone)
        ucwa_app_free(app, 503, "ServiceUnavailable", NULL, &fault);
}

void ucwa_create(struct ucwa *ucwa, struct slice family, struct slice account,
                 struct http_later *later)
{
    json_t *wish;
    struct fault fault = {0};
    size_t count;
    int err = ucwa_parse(later->request->body, &wish, &fault);
    if (!err && !wish)
        wish = json_object();
    if (!err)
        read_query(later, wish);
    if (!err)
        err = check_wish(wish, &fault);
    if (err) {
        ucwa_refuse_body(ucwa, later, "ParameterValidationFailure", &fault);
        json_decref(wish);
        return;
    }
    /* The same endpoint again is the same application: a client that asks a second time
     * goes on where it was. */
    struct app *app = ucwa_app_of(ucwa, account, ucwa_member(wish, "endpointId"), &count);
    size_t total = ucwa->options.total ? ucwa->options.total : TOTAL;
    if (app && !app->creating) {
        ucwa_introduce(app, later, 200);
    } else if (app) {
        ucwa_refuse(ucwa, later, 409, "Conflict", "AlreadyExists", NULL);
    } else if (count >= UCWA_PER_USER || ucwa->count >= total) {
        fault_set(&fault, ERR_LIMIT, FINDING_UCWA_TOO_MANY, "%zu of the user, %zu in all", count,
                  ucwa->count);
        ucwa_refuse(ucwa, later, 403, "Forbidden", "TooManyApplications", &fault);
    } else {
        app = app_new(ucwa, family, account, wish);
        app->creating = later;
        open_phone(app);
    }
    json_decref(wish);
}

const struct resource own_resources[] = {
    {HTTP_GET, "", answer_application, 0},
    {HTTP_DELETE, "", answer_delete, 0},
    {HTTP_GET, "events", ucwa_answer_events, RESOURCE_ALONE},
    {HTTP_POST, "batch", ucwa_answer_batch, RESOURCE_ALONE | RESOURCE_RAW},
    {HTTP_GET, "onlineMeetings", answer_meetings, 0},
};
const size_t own_resource_count = sizeof own_resources / sizeof *own_resources;
