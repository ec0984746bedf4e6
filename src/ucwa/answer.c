/* Answers: at once, or when the phone has done what was asked. */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

/* ---- replies ------------------------------------------------------------------------------ */

/* In the form that the client likes best; JSON, alone in the header as some clients compare it
 * for equality, for all who say nothing or something strange. */
static const char *form_of(const struct http_request *request, bool *xml_out)
{
    static const char *const forms[] = {
        "application/json", "application/vnd.microsoft.com.ucwa+json", "application/xml",
        "application/vnd.microsoft.com.ucwa+xml"};
    int best = http_accepts(request, forms, sizeof forms / sizeof *forms);
    *xml_out = best >= 2;
    return forms[best > 0 ? best : 0];
}

void ucwa_reply_text(const struct ucwa *ucwa, struct http_later *later, int status,
                     struct slice json)
{
    bool xml;
    const char *form = form_of(later->request, &xml);
    http_reply_header(later->reply, later->arena, "Cache-Control", "no-cache");
    http_reply_header(later->reply, later->arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(ucwa->options.site->web_host));
    if (xml && !slice_absent(json))
        json = ucwa_xml(json, later->arena);
    http_reply_set(later->reply, status, slice_absent(json) ? NULL : form, json);
    http_later_send(later);
}

/* Quotes or none, weak or not: clients say it as they like. */
bool ucwa_etag_is(struct slice said, struct slice etag)
{
    said = slice_trim(said);
    if (slice_starts(said, SLICE("W/")))
        said = slice_from(said, 2);
    if (said.len >= 2 && slice_starts(said, SLICE("\"")) && slice_ends(said, SLICE("\"")))
        said = slice_head(slice_from(said, 1), said.len - 2);
    return slice_eq(said, SLICE("*")) || slice_eq(said, etag);
}

/* A representation's ETag: the resource's own, else made of what is said. */
static struct slice etag_of(const json_t *body, struct slice text, struct arena *arena)
{
    const json_t *own = json_object_get(body, "etag");
    if (json_is_string(own))
        return arena_copy(arena, slice_make(json_string_value(own), json_string_length(own)));
    return arena_print(arena, "%016llx", (unsigned long long)slice_hash(text));
}

void ucwa_reply(struct ask *ask, int status, json_t *body)
{
    struct slice text = {0};
    if (body) {
        json_t *kept = json_incref(body);
        text = ucwa_dump(body, ask->arena);
        if (ask->request->method & (HTTP_GET | HTTP_HEAD)) {
            struct slice etag = etag_of(kept, text, ask->arena);
            http_reply_header(ask->later->reply, ask->arena, "ETag", "\"%.*s\"", SLICE_ARG(etag));
            if (ucwa_etag_is(http_header(ask->request, "If-None-Match"), etag)) {
                status = 304;
                text = (struct slice){0};
            }
        }
        json_decref(kept);
    }
    ucwa_reply_text(ask->app->ucwa, ask->later, status, text);
}

/* What an error means that no finding explains (GenericSynchronousErrors). */
static const char *message_of(const char *code, const char *subcode)
{
    static const char *const rows[][2] = {
        {"AlreadyExists", "It is there already."},
        {"PGetReplaced", "Another request for events has taken the place of this one."},
        {"InvalidState", "This cannot be done in the state that the resource is in."},
        {"LimitExceeded", "There would be more than there may be."},
        {"ResourceNotFound", "The resource does not exist."},
        {"MethodNotAllowed", "The resource does not take that method."},
        {"UnsupportedMediaType", "The Content-Type of the request is not taken here."},
        {"PreconditionRequired", "Say with If-Match which state of the resource is to be changed."},
        {"PreconditionFailed", "The resource has changed meanwhile; read it again."},
        {"TooManyRequests", "Too many requests are waiting for answers; ask again a little later."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((subcode && strcmp(rows[i][0], subcode) == 0) || strcmp(rows[i][0], code) == 0)
            return rows[i][1];
    return "The request cannot be answered.";
}

void ucwa_refuse(const struct ucwa *ucwa, struct http_later *later, int status, const char *code,
                 const char *subcode, const struct fault *fault)
{
    json_t *body = json_pack("{s:s}", "code", code);
    if (subcode)
        json_object_set_new(body, "subcode", json_string(subcode));
    json_object_set_new(body, "message",
                        json_string(fault && fault->finding != FINDING_NONE
                                        ? finding_row(fault->finding)->user
                                        : message_of(code, subcode)));
    if (fault)
        later->reply->fault = *fault;
    ucwa_reply_text(ucwa, later, status, ucwa_dump(body, later->arena));
}

void ucwa_refuse_body(const struct ucwa *ucwa, struct http_later *later, const char *subcode,
                      const struct fault *fault)
{
    if (fault->err == -ERR_LIMIT)
        ucwa_refuse(ucwa, later, 413, "EntityTooLarge", NULL, fault);
    else if (fault->err == -ERR_UNSUPPORTED)
        ucwa_refuse(ucwa, later, 415, "UnsupportedMediaType", NULL, fault);
    else
        ucwa_refuse(ucwa, later, 400, "BadRequest", subcode, fault);
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
    ucwa_refuse(ask->app->ucwa, ask->later, 404, "NotFound", "ResourceNotFound", NULL);
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
        app->edition += app->available;
        if (app->available)
            ucwa_tell_available(app);
    }
    if (call->chat)
        ucwa_tell_sent(app, call, news->fault);
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
