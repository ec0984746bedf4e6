/* Applications: made, found, told of, ended. */
#include "base/encode.h"
#include "base/random.h"
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    TOTAL = 20000,
    ID_DIGITS = 12, /* as Lync's */
};

/* ---- an application ---------------------------------------------------------------------------
 */

static json_t *application(struct app *app, struct arena *arena)
{
    struct slice events =
        ucwa_path(app, arena, "/events?ack=%llu", (unsigned long long)channel_next(app->channel));
    json_t *links = json_pack("{s:o,s:o,s:o}", "self", ucwa_link("%.*s", SLICE_ARG(app->base)),
                              "policies", ucwa_link("%.*s/policies", SLICE_ARG(app->base)),
                              "events", ucwa_link("%.*s", SLICE_ARG(events)));
    json_t *embedded = json_pack("{s:o,s:o,s:o}", "me", ucwa_me(app), "people", ucwa_people(app),
                                 "communication", ucwa_communication(app));
    return ucwa_resource("application",
                         json_pack("{s:o,s:o,s:o,s:o}", "culture", ucwa_text(app->culture),
                                   "userAgent", ucwa_text(app->user_agent), "endpointId",
                                   ucwa_text(app->endpoint), "_embedded", embedded),
                         links);
}

static void answer_application(struct ask *ask)
{
    ucwa_reply(ask, 200, application(ask->app, ask->arena));
}

/* An application that is there: said to the POST that made it, or finds it again. */
static void introduce(struct app *app, struct http_later *later, int status)
{
    http_reply_header(later->reply, later->arena, "Location", "%.*s", SLICE_ARG(app->base));
    ucwa_reply_text(app->ucwa, later, status,
                    ucwa_dump(application(app, later->arena), later->arena));
}

/* Everything that waits is answered; the phone is the caller's to end. */
static void app_free(struct app *app, int status, const char *code, const char *subcode,
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
    channel_free(app->channel);
    ucwa_strike(app);
    arena_free(app->arena);
    free(app);
}

static void app_end(struct app *app, const struct fault *fault)
{
    const struct phone_host *phones = app->ucwa->options.phones;
    phones->close(phones->arg, app->phone);
    app_free(app, 404, "NotFound", "ApplicationNotFound", fault);
}

static void answer_delete(struct ask *ask)
{
    struct app *app = ask->app;
    struct fault fault;
    ucwa_reply(ask, 204, NULL);
    fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "signed out by the user");
    app_end(app, &fault);
}

/* ---- what the phone tells ----------------------------------------------------------------------
 */

static void signed_in(struct app *app, const struct phone_news *news)
{
    app->lifetime = news->expires > 0 ? news->expires : app->lifetime;
    app->silent_until = app->ucwa->now + app->lifetime;
    if (app->creating)
        introduce(app, app->creating, 201);
    app->creating = NULL;
}

static void tell(void *arg, const struct phone_news *news)
{
    struct app *app = arg;
    switch (news->kind) {
    case PHONE_SIGNED_IN:
        signed_in(app, news);
        break;
    case PHONE_SIGNED_OUT:
        app->over = true;
        if (app->creating)
            ucwa_refuse_by(app->ucwa, app->creating, news->fault);
        app->creating = NULL;
        break;
    case PHONE_CONTACTS:
        ucwa_tell_contacts(app);
        break;
    case PHONE_PERSON:
        ucwa_tell_person(app, news);
        break;
    case PHONE_SELF:
        ucwa_tell_self(app, news);
        break;
    case PHONE_CHAT:
        ucwa_tell_chat(app, news->chat, news->fault);
        break;
    case PHONE_MESSAGE:
        ucwa_tell_message(app, news);
        break;
    case PHONE_TYPING:
        ucwa_tell_typing(app, news);
        break;
    case PHONE_FOUND:
        ucwa_call_found(app, news);
        break;
    case PHONE_DONE:
        ucwa_call_done(app, news);
        break;
    case PHONE_MODE:
    case PHONE_SETTINGS:
    case PHONE_NEWS_KINDS:
        break;
    }
}

static void settle(void *arg)
{
    struct app *app = arg;
    struct fault fault;
    if (app->over) {
        fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "the phone has ended");
        app_end(app, &fault);
    } else {
        ucwa_wake(app);
    }
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
    app->culture = arena_copy(app->arena, ucwa_member(wish, "culture"));
    random_fill(bytes, sizeof bytes);
    struct slice hex = hex_print_lower(app->arena, slice_make(bytes, sizeof bytes));
    app->guid = arena_print(app->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.at, hex.at + 8,
                            hex.at + 12, hex.at + 16, hex.at + 20);
    app->channel = channel_new(ucwa_path(app, app->arena, "/events"));
    app->lifetime = 3600000;
    app->silent_until = ucwa->now + app->lifetime;
    LIST_INIT(&app->talks);
    LIST_INIT(&app->calls);
    LIST_INIT(&app->subscriptions);
    ucwa_enrol(app);
    return app;
}

static int check_wish(const json_t *wish, struct fault *fault)
{
    static const char *const names[] = {"userAgent", "endpointId", "culture"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice value = ucwa_member(wish, names[i]);
        if (slice_empty(value) || value.len > UCWA_WORD_MAX)
            return fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST,
                             "%s is missing or longer than %d bytes", names[i], UCWA_WORD_MAX);
    }
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
                                                      .face = {tell, settle, app}},
                              &fault);
    if (!app->phone)
        app_free(app, 503, "ServiceUnavailable", NULL, &fault);
}

static void create(struct ucwa *ucwa, struct slice family, struct slice account,
                   struct http_later *later)
{
    json_t *wish;
    struct fault fault = {0};
    size_t count;
    int err = ucwa_parse(later->request->body, &wish, &fault);
    if (!err)
        err = check_wish(wish, &fault);
    if (err) {
        ucwa_refuse(ucwa, later, 400, "BadRequest", "ParameterValidationFailure", &fault);
        json_decref(wish);
        return;
    }
    /* The same endpoint again is the same application: a client that asks a second time
     * goes on where it was. */
    struct app *app = ucwa_app_of(ucwa, account, ucwa_member(wish, "endpointId"), &count);
    size_t total = ucwa->options.total ? ucwa->options.total : TOTAL;
    if (app && !app->creating) {
        introduce(app, later, 200);
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

/* ---- finding the resource ---------------------------------------------------------------------
 */

static const struct resource own_resources[] = {
    {HTTP_GET, "", answer_application, false},
    {HTTP_DELETE, "", answer_delete, false},
    {HTTP_GET, "events", ucwa_answer_events, false},
};

static bool fits(const struct resource *resource, const struct ask *ask)
{
    struct slice path = slice_of(resource->path), part;
    size_t i = 0;
    for (; slice_next(&path, '/', &part); i++)
        if (i >= ask->parts ||
            (!slice_eq(part, SLICE("*")) && !slice_eq_nocase(part, ask->part[i])))
            return false;
    return i == ask->parts;
}

static const struct resource *find(const struct ask *ask, bool *path_known)
{
    const struct {
        const struct resource *rows;
        size_t count;
    } tables[] = {{own_resources, sizeof own_resources / sizeof *own_resources},
                  {me_resources, me_resource_count},
                  {people_resources, people_resource_count},
                  {talk_resources, talk_resource_count}};
    *path_known = false;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (fits(&tables[t].rows[i], ask)) {
                *path_known = true;
                if (tables[t].rows[i].methods & ask->request->method)
                    return &tables[t].rows[i];
            }
    return NULL;
}

/* A message is text, everything else is JSON. */
static bool has_json(const struct http_request *request)
{
    return !http_media_type_is(http_header(request, "Content-Type"), "text/plain") &&
           !http_media_type_is(http_header(request, "Content-Type"), "text/html");
}

static void dispatch(struct ask *ask)
{
    bool path_known;
    struct fault fault = {0};
    const struct ucwa *ucwa = ask->app->ucwa;
    const struct resource *resource = find(ask, &path_known);
    if (!resource) {
        if (path_known)
            ucwa_refuse(ucwa, ask->later, 405, "MethodNotAllowed", NULL, NULL);
        else
            ucwa_not_found(ask);
    } else if (resource->available && !ask->app->available) {
        fault_set(&fault, ERR_CONFLICT, FINDING_UCWA_NOT_AVAILABLE, "%s", resource->path);
        ucwa_refuse(ucwa, ask->later, 409, "Conflict", "MakeMeAvailableRequired", &fault);
    } else if (has_json(ask->request) && ucwa_parse(ask->request->body, &ask->body, &fault) < 0) {
        ucwa_refuse(ucwa, ask->later, 400, "BadRequest", "DeserializationFailure", &fault);
    } else {
        json_t *body = ask->body;
        resource->answer(ask); /* the application may be gone behind this */
        json_decref(body);
    }
}

static struct app *find_app(struct ucwa *ucwa, struct slice account, struct slice id)
{
    struct app *app = ucwa_app(ucwa, id);
    return app && slice_eq_nocase(app->account, account) && !app->creating ? app : NULL;
}

/* Which of the two names the path begins with; the route has seen to it that one does. */
static struct slice family_of(const struct http_request *request)
{
    return slice_starts_nocase(request->path, SLICE(SITE_PATH_UCWA)) ? SLICE(SITE_PATH_UCWA)
                                                                     : SLICE(SITE_PATH_UCWA_PLAIN);
}

void ucwa_answer(struct ucwa *ucwa, struct slice account, int64_t expires, struct http_later *later,
                 int64_t now)
{
    struct slice family = family_of(later->request);
    struct slice rest = slice_from(later->request->path, family.len), id, part;
    struct ask ask = {.later = later,
                      .request = later->request,
                      .arena = later->arena,
                      .expires = expires,
                      .now = now};
    ucwa->now = now;
    if (!slice_next(&rest, '/', &id)) {
        if (later->request->method == HTTP_POST)
            create(ucwa, family, account, later);
        else
            ucwa_refuse(ucwa, later, 405, "MethodNotAllowed", NULL, NULL);
        return;
    }
    ask.app = find_app(ucwa, account, id);
    if (!ask.app) {
        struct fault fault;
        fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "application %.*s",
                  SLICE_ARG(slice_head(id, 40)));
        ucwa_refuse(ucwa, later, 404, "NotFound", "ApplicationNotFound", &fault);
        return;
    }
    while (ask.parts < PARTS_MAX && slice_next(&rest, '/', &part))
        ask.part[ask.parts++] = part;
    ask.app->silent_until = now + ask.app->lifetime;
    if (slice_next(&rest, '/', &part))
        ucwa_not_found(&ask);
    else
        dispatch(&ask);
}

/* ---- time
 * ---------------------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t ucwa_due(const struct ucwa *ucwa)
{
    int64_t due = INT64_MAX;
    const struct app *app;
    LIST_FOREACH(app, &ucwa->apps, next)
    {
        due = least(due, least(app->silent_until, ucwa_subscriptions_due(app)));
        if (app->poll)
            due = least(
                due, least(least(app->poll_until, app->poll_expires), channel_due(app->channel)));
    }
    return due;
}

void ucwa_tick(struct ucwa *ucwa, int64_t now)
{
    ucwa->now = now;
    for (struct app *app = LIST_FIRST(&ucwa->apps), *next; app; app = next) {
        next = LIST_NEXT(app, next);
        if (app->poll) /* who waits for us is not silent */
            app->silent_until = now + app->lifetime;
        if (now >= app->silent_until) {
            struct fault fault;
            fault_set(&fault, ERR_EXPIRED, FINDING_UCWA_ENDED, "nothing was heard of it");
            app_end(app, &fault);
            continue;
        }
        ucwa_subscriptions_tick(app, now);
        ucwa_wake(app);
    }
}

/* ---- the object
 * ------------------------------------------------------------------------------------ */

size_t ucwa_count(const struct ucwa *ucwa)
{
    return ucwa->count;
}

struct ucwa *ucwa_new(const struct ucwa_options *options)
{
    struct ucwa *ucwa = must_calloc(1, sizeof *ucwa);
    ucwa->options = *options;
    LIST_INIT(&ucwa->apps);
    return ucwa;
}

void ucwa_free(struct ucwa *ucwa)
{
    if (!ucwa)
        return;
    const struct phone_host *phones = ucwa->options.phones;
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_UCWA_ENDED, "the server ends");
    for (struct app *app; (app = LIST_FIRST(&ucwa->apps));) {
        phones->close(phones->arg, app->phone);
        app_free(app, 503, "ServiceUnavailable", NULL, &fault);
    }
    free(ucwa);
}
