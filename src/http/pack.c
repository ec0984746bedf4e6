#include "http/pack.h"

#include "http/values.h"

#include <limits.h>
#include <zlib.h>

/* Media types that pack well: text/..., and those built on JSON or XML. */
static bool is_text(struct slice type)
{
    struct slice essence, parameters;
    slice_cut(type, ';', &essence, &parameters);
    essence = slice_trim(essence);
    return slice_starts_nocase(essence, SLICE("text/")) ||
           slice_ends_nocase(essence, SLICE("json")) || slice_ends_nocase(essence, SLICE("xml"));
}

/* Absent: it cannot be packed. */
static struct slice gzip(struct slice body, struct arena *arena)
{
    z_stream stream = {0};
    if (body.len > UINT_MAX / 2 || deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16,
                                                8, Z_DEFAULT_STRATEGY) != Z_OK)
        return (struct slice){0};
    size_t room = deflateBound(&stream, body.len);
    unsigned char *out = arena_alloc(arena, room);
    union {
        const char *in;
        unsigned char *next;
    } from = {.in = body.at}; /* zlib does not write there */
    stream.next_in = from.next;
    stream.avail_in = (uInt)body.len;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int ended = deflate(&stream, Z_FINISH);
    size_t len = stream.total_out;
    deflateEnd(&stream);
    return ended == Z_STREAM_END ? slice_make(out, len) : (struct slice){0};
}

bool http_reply_pack(struct http_reply *reply, const struct http_request *request,
                     struct arena *arena)
{
    if (!request || !(request->method & (HTTP_GET | HTTP_HEAD)) || reply->body.len == 0 ||
        !is_text(reply->content_type) || !slice_absent(http_reply_get(reply, "Content-Encoding")) ||
        !http_takes_gzip(request))
        return false;
    struct slice packed = gzip(reply->body, arena);
    if (slice_absent(packed))
        return false;
    reply->body = packed;
    http_reply_header(reply, arena, "Content-Encoding", "gzip");
    http_reply_header(reply, arena, "Vary", "Accept-Encoding");
    return true;
}
