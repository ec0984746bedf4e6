#include "http/grammar_priv.h"

#include <string.h>

void http_reply_set(struct http_reply *reply, int status, const char *content_type,
                    struct slice body)
{
    reply->status = status;
    reply->content_type = slice_of(content_type);
    reply->body = body;
}

/* What the printer writes; a second copy from a handler would contradict it. */
static bool printers_own(struct slice name)
{
    static const char *const names[] = {"Content-Type", "Content-Length", "Transfer-Encoding",
                                        "Connection",   "Date",           "Server"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq_nocase(name, slice_of(names[i])))
            return true;
    return false;
}

void http_reply_header(struct http_reply *reply, struct arena *arena, const char *name,
                       const char *format, ...)
{
    va_list args;
    if (!http_is_token(slice_of(name)) || printers_own(slice_of(name)))
        return;
    va_start(args, format);
    struct slice value = arena_printv(arena, format, args);
    va_end(args);
    if (reply->header_count == reply->header_cap) {
        size_t cap = reply->header_cap ? 2 * reply->header_cap : 8;
        struct http_field *grown = arena_array(arena, struct http_field, cap);
        if (reply->header_count > 0)
            memcpy(grown, reply->headers, reply->header_count * sizeof *grown);
        reply->headers = grown;
        reply->header_cap = cap;
    }
    reply->headers[reply->header_count++] =
        (struct http_field){arena_copy(arena, slice_of(name)), slice_trim(value)};
}

struct slice http_reply_get(const struct http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (slice_eq_nocase(reply->headers[i].name, slice_of(name)))
            return reply->headers[i].value;
    return (struct slice){0};
}

void http_reply_fault(struct http_reply *reply, struct arena *arena, const struct fault *fault)
{
    const struct finding_row *row = finding_row(fault->finding);
    struct slice body = row->audience == SEEN_BY_ALL
                            ? arena_print(arena, "%s (%s)\r\n", row->user, row->id)
                            : arena_print(arena, "%s\r\n", row->user);
    http_reply_set(reply, row->http ? row->http : 500, "text/plain; charset=utf-8", body);
    reply->fault = *fault;
}

struct http_later *http_later_take(const struct http_request *request)
{
    request->later->taken = true;
    return request->later;
}

void http_later_send(struct http_later *later)
{
    later->send(later);
}
