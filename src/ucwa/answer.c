/* Answers: at once, or when the phone has done what was asked. */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

/* ---- replies ------------------------------------------------------------------------------ */

void ucwa_reply_text(const struct ucwa *ucwa, struct http_later *later, int status,
                     struct slice json)
{
    http_reply_header(later->reply, later->arena, "Cache-Control", "no-cache");
    http_reply_header(later->reply, later->arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(ucwa->options.site->web_host));
    /* Some clients compare the type for equality, so it stands alone. */
    http_reply_set(later->reply, status, slice_absent(json) ? NULL : "application/json", json);
    http_later_send(later);
}

void ucwa_reply(struct ask *ask, int status, json_t *body)
{
    struct slice text = body ? ucwa_dump(body, ask->arena) : (struct slice){0};
    ucwa_reply_text(ask->app->ucwa, ask->later, status, text);
}

void ucwa_refuse(const struct ucwa *ucwa, struct http_later *later, int status, const char *code,
                 const char *subcode, const struct fault *fault)
{
    json_t *body = json_pack("{s:s}", "code", code);
    if (subcode)
        json_object_set_new(body, "subcode", json_string(subcode));
    if (fault) {
        json_object_set_new(body, "message", json_string(finding_row(fault->finding)->user));
        later->reply->fault = *fault;
    }
    ucwa_reply_text(ucwa, later, status, ucwa_dump(body, later->arena));
}

void ucwa_refuse_parameter(struct ask *ask, const char *format, ...)
{
    struct fault fault;
    va_list args;
    va_start(args, format);
    struct slice detail = arena_printv(ask->arena, format, args);
    va_end(args);
    fault_set(&fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "%.*s", SLICE_ARG(detail));
    ucwa_refuse(ask->app->ucwa, ask->later, 400, "BadRequest", "ParameterValidationFailure",
                &fault);
}

void ucwa_not_found(struct ask *ask)
{
    ucwa_refuse(ask->app->ucwa, ask->later, 404, "NotFound", NULL, NULL);
}

struct slice ucwa_parameter(struct ask *ask, const char *name)
{
    struct slice value = ucwa_member(ask->body, name);
    return slice_absent(value) ? http_query(ask->request, ask->arena, name) : value;
}

void ucwa_refuse_by(const struct ucwa *ucwa, struct http_later *later, const struct fault *fault)
{
    static const struct {
        int err, status;
        const char *code;
    } rows[] = {
        {ERR_DENIED, 403, "Forbidden"},       {ERR_UNKNOWN, 404, "NotFound"},
        {ERR_CONFLICT, 409, "Conflict"},      {ERR_MALFORMED, 400, "BadRequest"},
        {ERR_LIMIT, 403, "Forbidden"},        {ERR_BUSY, 503, "ServiceUnavailable"},
        {ERR_UNSUPPORTED, 400, "BadRequest"}, {ERR_EXPIRED, 408, "Timeout"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fault->err == -rows[i].err) {
            ucwa_refuse(ucwa, later, rows[i].status, rows[i].code,
                        rows[i].err == ERR_LIMIT ? "LimitExceeded" : NULL, fault);
            return;
        }
    ucwa_refuse(ucwa, later, 500, "ServiceFailure", NULL, fault);
}

/* ---- calls --------------------------------------------------------------------------------- */

struct call *ucwa_wait(struct ask *ask, int status)
{
    struct call *call = must_calloc(1, sizeof *call);
    call->tag = ++ask->app->tags;
    call->later = ask->later;
    call->status = status;
    LIST_INSERT_HEAD(&ask->app->calls, call, next);
    return call;
}

static struct call *find_call(struct app *app, uint64_t tag)
{
    struct call *call;
    LIST_FOREACH(call, &app->calls, next)
    if (call->tag == tag)
        return call;
    return NULL;
}

void ucwa_call_free(struct call *call)
{
    LIST_REMOVE(call, next);
    json_decref(call->found);
    free(call->location);
    free(call);
}

void ucwa_call_done(struct app *app, const struct phone_news *news)
{
    struct call *call = find_call(app, news->tag);
    if (!call)
        return;
    if (call->appears) {
        app->appearing = false;
        app->available = news->fault->finding == FINDING_NONE;
        if (app->available)
            ucwa_tell_available(app);
    }
    if (call->later && news->fault->finding != FINDING_NONE) {
        ucwa_refuse_by(app->ucwa, call->later, news->fault);
    } else if (call->later) {
        struct slice body = {0};
        if (call->location)
            http_reply_header(call->later->reply, call->later->arena, "Location", "%s",
                              call->location);
        if (call->found) {
            body = ucwa_dump(call->found, call->later->arena);
            call->found = NULL;
        }
        ucwa_reply_text(app->ucwa, call->later, call->status, body);
    }
    ucwa_call_free(call);
}

void ucwa_call_found(struct app *app, const struct phone_news *news)
{
    struct call *call = find_call(app, news->tag);
    json_t *list =
        call ? json_object_get(json_object_get(call->found, "_embedded"), "contact") : NULL;
    for (size_t i = 0; list && i < news->found_count; i++)
        json_array_append_new(list, ucwa_contact(app, &news->found[i]));
}
