/* From a path to its resource. */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

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
    } tables[] = {
        {own_resources, own_resource_count},
        {me_resources, me_resource_count},
        {calls_resources, calls_resource_count},
        {subscription_resources, subscription_resource_count},
        {list_resources, list_resource_count},
        {people_resources, people_resource_count},
        {communication_resources, communication_resource_count},
        {talk_resources, talk_resource_count},
    };
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

/* A message is text; everything else is JSON, whatever it is called. */
static int read_body(struct ask *ask, const struct resource *resource, struct fault *fault)
{
    struct slice type = http_header(ask->request, "Content-Type");
    if ((resource->flags & RESOURCE_RAW) || slice_empty(ask->request->body))
        return 0;
    if (http_media_type_is(type, "application/xml") || http_media_type_is(type, "text/xml") ||
        http_media_type_is(type, "application/vnd.microsoft.com.ucwa+xml"))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_UCWA_MEDIA, "%.*s", SLICE_ARG(type));
    return ucwa_parse(ask->request->body, &ask->body, fault);
}

/* May it be asked for, now and in this way? Else the request is answered. */
static bool admits(struct ask *ask, const struct resource *resource)
{
    struct app *app = ask->app;
    struct fault fault = {0};
    if (ask->batched && (resource->flags & RESOURCE_ALONE)) {
        ucwa_refuse_parameter(ask, "%s within a batch", resource->path);
        return false;
    }
    if (!ask->batched && !(resource->flags & RESOURCE_ALONE) && !ucwa_may_wait(app, 1, ask->later))
        return false;
    if ((resource->flags & RESOURCE_AVAILABLE) && !app->available) {
        fault_set(&fault, ERR_CONFLICT, FINDING_UCWA_NOT_AVAILABLE, "%s", resource->path);
        ucwa_refuse(app->ucwa, ask->later, 409, "Conflict", "MakeMeAvailableRequired", &fault);
        return false;
    }
    if (read_body(ask, resource, &fault) < 0) {
        ucwa_refuse_body(app->ucwa, ask->later, "DeserializationFailure", &fault);
        return false;
    }
    return true;
}

static void dispatch(struct ask *ask)
{
    bool path_known;
    const struct resource *resource = find(ask, &path_known);
    if (!resource) {
        if (path_known)
            ucwa_refuse(ask->app->ucwa, ask->later, 405, "MethodNotAllowed", NULL, NULL);
        else
            ucwa_not_found(ask);
    } else if (admits(ask, resource)) {
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

static bool is_in(struct slice path, struct slice family)
{
    struct slice rest = slice_from(path, family.len);
    return slice_starts_nocase(path, family) && (rest.len == 0 || rest.at[0] == '/');
}

static bool is_ours(struct slice path)
{
    return is_in(path, SLICE(SITE_PATH_UCWA)) || is_in(path, SLICE(SITE_PATH_UCWA_PLAIN));
}

/* Which of the two names the path begins with; the route has seen to it that one does. */
static struct slice family_of(const struct http_request *request)
{
    return is_in(request->path, SLICE(SITE_PATH_UCWA)) ? SLICE(SITE_PATH_UCWA)
                                                       : SLICE(SITE_PATH_UCWA_PLAIN);
}

static void answer(struct ucwa *ucwa, struct ask *ask, struct slice account)
{
    struct slice family = family_of(ask->request);
    struct slice rest = slice_from(ask->request->path, family.len), id, part;
    if (!slice_next(&rest, '/', &id)) {
        if (ask->request->method == HTTP_POST && !ask->batched)
            ucwa_create(ucwa, family, account, ask->later);
        else
            ucwa_refuse(ucwa, ask->later, 405, "MethodNotAllowed", NULL, NULL);
        return;
    }
    ask->app = find_app(ucwa, account, id);
    if (!ask->app) { /* or another user's, which is nobody's business */
        struct fault fault;
        fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "application %.*s",
                  SLICE_ARG(slice_head(id, 40)));
        ucwa_refuse(ucwa, ask->later, 404, "NotFound", "ApplicationNotFound", &fault);
        return;
    }
    while (ask->parts < PARTS_MAX && slice_next(&rest, '/', &part))
        ask->part[ask->parts++] = part;
    ask->app->silent_until = ask->now + ask->app->lifetime;
    ucwa_touch(ask->app);
    if (slice_next(&rest, '/', &part))
        ucwa_not_found(ask);
    else
        dispatch(ask);
}

static struct ask ask_for(struct http_later *later, int64_t expires, int64_t now)
{
    return (struct ask){.later = later,
                        .request = later->request,
                        .arena = later->arena,
                        .expires = expires,
                        .now = now};
}

void ucwa_answer(struct ucwa *ucwa, struct slice account, int64_t expires, struct http_later *later,
                 int64_t now)
{
    struct ask ask = ask_for(later, expires, now);
    ucwa->now = now;
    answer(ucwa, &ask, account);
}

void ucwa_answer_part(struct ucwa *ucwa, struct slice account, int64_t expires,
                      struct http_later *later)
{
    struct ask ask = ask_for(later, expires, ucwa->now);
    ask.batched = true;
    if (is_ours(later->request->path))
        answer(ucwa, &ask, account);
    else
        ucwa_refuse(ucwa, later, 404, "NotFound", "ResourceNotFound", NULL);
}
