/* Many requests in one (BatchingRequests): each part is answered as if it had come alone, in
 * whatever order the phone is done; the reply has them in the order of the request. */
#include "base/encode.h"
#include "base/random.h"
#include "http/print.h"
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stddef.h>

/* All of the arena of the request that brought it. */
struct batch {
    const struct ucwa *ucwa;
    struct http_later *later;
    struct part *parts;
    size_t count, left; /* parts; those that are not answered, and one until all were begun */
};

struct part {
    struct http_later later;
    struct http_reply reply;
    struct batch *batch;
};

/* ---- the request -------------------------------------------------------------------------------
 */

/* The next part between boundaries; false: that was the last. */
static bool next_part(struct slice *rest, struct slice boundary, struct slice *out)
{
    ptrdiff_t at = slice_find(*rest, boundary);
    if (at < 0)
        return false;
    *rest = slice_from(*rest, (size_t)at + boundary.len);
    if (slice_starts(*rest, SLICE("--")))
        return false;
    ptrdiff_t end = slice_find(*rest, boundary);
    if (end < 0)
        return false;
    *out = slice_head(*rest, (size_t)end);
    return true;
}

/* A line without its end, whichever that is. */
static struct slice take_line(struct slice *text)
{
    struct slice line;
    slice_cut(*text, '\n', &line, text);
    return slice_ends(line, SLICE("\r")) ? slice_head(line, line.len - 1) : line;
}

/* The part's own headers: must say that it is a request. */
static bool is_request(struct slice *text)
{
    bool good = false;
    for (struct slice line; text->len > 0 && (line = take_line(text)).len > 0;) {
        struct slice name, value;
        if (slice_cut(line, ':', &name, &value) &&
            slice_eq_nocase(slice_trim(name), SLICE("Content-Type"))) {
            value = slice_trim(value);
            struct slice kind = http_media_parameter(value, "msgtype");
            good = http_media_type_is(value, "application/http") &&
                   (slice_absent(kind) || slice_eq_nocase(kind, SLICE("request")));
        }
    }
    return good;
}

/* The message as it would have come alone: lines end in CRLF, a body has its length. Here the
 * boundary ends it, before which an empty line may stand. */
static struct slice whole_message(struct arena *arena, struct slice text)
{
    scoped(buf) struct buf out = BUF_INIT;
    bool measured = false, hosted = false;
    while (text.len > 0) {
        struct slice line = take_line(&text);
        if (line.len == 0)
            break;
        measured |= slice_starts_nocase(line, SLICE("Content-Length:"));
        hosted |= slice_starts_nocase(line, SLICE("Host:"));
        buf_print(&out, "%.*s\r\n", SLICE_ARG(line));
    }
    if (slice_ends(text, SLICE("\r\n")))
        text = slice_head(text, text.len - 2);
    else if (slice_ends(text, SLICE("\n")))
        text = slice_head(text, text.len - 1);
    if (!hosted)
        buf_add_string(&out, "Host: batch\r\n");
    if (!measured && text.len > 0)
        buf_print(&out, "Content-Length: %zu\r\n", text.len);
    buf_print(&out, "\r\n%.*s", SLICE_ARG(text));
    return arena_copy(arena, buf_slice(&out));
}

static int parse_part(struct slice text, const struct http_request *outer, struct arena *arena,
                      struct http_request **out, struct fault *fault)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_frame frame = {0};
    while (slice_starts(text, SLICE("\r\n")) || slice_starts(text, SLICE("\n")))
        text = slice_from(text, text.at[0] == '\r' ? 2 : 1);
    if (!is_request(&text))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_UCWA_MEDIA,
                         "a part that is no application/http; msgtype=request");
    struct slice message = whole_message(arena, text);
    int err = http_frame_scan(&frame, &limits, message, fault);
    if (err == -ERR_AGAIN)
        err = fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "a part is cut off");
    if (err == 0)
        err = http_request_parse(&frame, message, arena, out, fault);
    if (err < 0)
        return err;
    (*out)->peer = outer->peer;
    (*out)->secure = outer->secure;
    return 0;
}

/* ---- the reply ---------------------------------------------------------------------------------
 */

static void print_reply(struct buf *out, const struct http_reply *reply)
{
    buf_print(out, "HTTP/1.1 %d %s\r\n", reply->status, http_reason(reply->status));
    for (size_t i = 0; i < reply->header_count; i++)
        buf_print(out, "%.*s: %.*s\r\n", SLICE_ARG(reply->headers[i].name),
                  SLICE_ARG(reply->headers[i].value));
    if (reply->body.len > 0)
        buf_print(out, "Content-Type: %.*s\r\n", SLICE_ARG(reply->content_type));
    buf_add_string(out, "\r\n");
    buf_add(out, reply->body);
    buf_add_string(out, "\r\n");
}

static void finish(struct batch *batch)
{
    scoped(buf) struct buf out = BUF_INIT;
    unsigned char bytes[16];
    struct http_later *later = batch->later;
    random_fill(bytes, sizeof bytes);
    struct slice boundary = hex_print_lower(later->arena, slice_make(bytes, sizeof bytes));
    for (size_t i = 0; i < batch->count; i++) {
        buf_print(&out, "--%.*s\r\nContent-Type: application/http; msgtype=response\r\n\r\n",
                  SLICE_ARG(boundary));
        print_reply(&out, &batch->parts[i].reply);
    }
    buf_print(&out, "--%.*s--\r\n", SLICE_ARG(boundary));
    http_reply_header(later->reply, later->arena, "Cache-Control", "no-cache");
    http_reply_header(later->reply, later->arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(batch->ucwa->options.site->web_host));
    struct slice type =
        arena_print(later->arena, "multipart/batching; boundary=\"%.*s\"", SLICE_ARG(boundary));
    http_reply_set(later->reply, 200, type.at, arena_copy(later->arena, buf_slice(&out)));
    http_later_send(later);
}

static void one_less(struct batch *batch)
{
    if (--batch->left == 0)
        finish(batch);
}

static void part_sent(struct http_later *later)
{
    one_less(((struct part *)((char *)later - offsetof(struct part, later)))->batch);
}

/* ---- both ---------------------------------------------------------------------------------------
 */

/* All parts or none: what cannot be read refuses the whole. */
static int read_parts(struct ask *ask, struct batch *batch, struct fault *fault)
{
    struct slice type = http_header(ask->request, "Content-Type"), text;
    struct slice word = http_media_parameter(type, "boundary"), rest = ask->request->body;
    if (!http_media_type_is(type, "multipart/batching") || slice_empty(word))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_UCWA_MEDIA,
                         "the batch is no multipart/batching with a boundary");
    if (rest.len > UCWA_BATCH_BYTES_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_UCWA_REQUEST, "a batch of %zu bytes", rest.len);
    struct slice boundary = arena_print(ask->arena, "--%.*s", SLICE_ARG(word));
    while (next_part(&rest, boundary, &text))
        batch->count++;
    if (batch->count == 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "a batch without parts");
    if (batch->count > UCWA_WAITING_MAX)
        return 0; /* refused as too many */
    batch->parts = arena_array(ask->arena, struct part, batch->count);
    rest = ask->request->body;
    for (size_t i = 0; i < batch->count && next_part(&rest, boundary, &text); i++) {
        struct part *part = &batch->parts[i];
        part->later.reply = &part->reply;
        part->later.arena = ask->arena;
        part->later.send = part_sent;
        part->batch = batch;
        int err = parse_part(text, ask->request, ask->arena, &part->later.request, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

void ucwa_answer_batch(struct ask *ask)
{
    struct batch *batch = arena_new_of(ask->arena, struct batch);
    struct ucwa *ucwa = ask->app->ucwa;
    struct fault fault = {0};
    batch->ucwa = ucwa;
    batch->later = ask->later;
    if (read_parts(ask, batch, &fault) < 0) {
        ucwa_refuse_body(ucwa, ask->later, "DeserializationFailure", &fault);
        return;
    }
    if (!ucwa_may_wait(ask->app, batch->count, ask->later))
        return;
    /* A part may end the application, so nothing of it is used from here on. */
    struct slice account = arena_copy(ask->arena, ask->app->account);
    batch->left = batch->count + 1;
    for (size_t i = 0; i < batch->count; i++)
        ucwa_answer_part(ucwa, account, ask->expires, &batch->parts[i].later);
    one_less(batch);
}
