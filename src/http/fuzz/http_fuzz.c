/* A byte stream from a stranger: framed, parsed, routed, answered. Checked are
 * not only crashes but the promises of the room: how the stream is cut changes
 * nothing, no path climbs, no reply splits. */
#include "base/buf.h"
#include "http/forwarded.h"
#include "http/print.h"
#include "http/routes.h"
#include "http/values.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {.head_bytes = 2048, .headers = 20, .body_bytes = 4096};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Feed the stream in pieces whose sizes come from the input itself. */
static int frame_in_pieces(struct http_frame *frame, struct slice stream, struct fault *fault)
{
    uint64_t state = slice_hash(stream) | 1;
    size_t shown = 0;
    int rc = -ERR_AGAIN;
    while (rc == -ERR_AGAIN && shown < stream.len) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        shown += 1 + (size_t)(state >> 33) % (state >> 60 ? 16 : 256);
        rc = http_frame_scan(frame, &limits, slice_head(stream, shown), fault);
        http_frame_take_continue(frame);
    }
    return rc;
}

static void answer(void *role, const struct http_request *request, struct http_reply *reply,
                   struct arena *arena, int64_t now)
{
    static const char *const offers[] = {"application/json", "text/xml;charset=utf-8"};
    struct http_credentials credentials;
    struct fault fault = {0};
    (void)role;
    (void)now;
    struct slice sipuri = http_query(request, arena, "sipuri");
    if (http_credentials_parse(request, arena, &credentials, &fault) < 0)
        http_reply_fault(reply, arena, &fault);
    else
        http_reply_set(reply, 200, "text/plain", credentials.user);
    http_credentials_fini(&credentials);
    int best = http_accepts(request, offers, 2);
    must(best >= -1 && best < 2);
    http_reply_header(reply, arena, "X-Echo", "%.*s|%.*s", SLICE_ARG(sipuri),
                      SLICE_ARG(request->path));
    http_media_type_is(http_header(request, "Content-Type"), "text/xml");
    http_form(request->body, arena, "username");
}

static const struct http_route rows[] = {
    {"lyncdiscover.*", "/", HTTP_GET, ROUTE_PLAIN, answer, NULL},
    {NULL, "/root", HTTP_GET, 0, answer, NULL},
    {NULL, "/svc/*", HTTP_POST | HTTP_GET, ROUTE_WORK, answer, NULL},
};

static size_t lines_of(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

static void check_reply(const struct http_reply *reply, const struct http_request *request)
{
    scoped(buf) struct buf out = BUF_INIT;
    http_reply_print(reply, request, SLICE("Lychgate"), 0, &out);
    ptrdiff_t end = slice_find(buf_slice(&out), SLICE("\r\n\r\n"));
    must(end > 0);
    /* Status, Date, Server, Content-Length, Connection; Content-Type with a body. */
    size_t expected =
        5 + reply->header_count + (reply->body.len > 0 && reply->content_type.len > 0);
    must(lines_of(slice_head(buf_slice(&out), (size_t)end + 2)) == expected);
}

static void check_request(const struct http_frame *frame, struct slice stream)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(http_routes) struct http_routes *routes = http_routes_new(443);
    scoped(http_proxies) struct http_proxies *proxies =
        http_proxies_new(frame->head_len % 2 ? HTTP_BY_FORWARDED : HTTP_BY_X_FORWARDED);
    struct http_request *request;
    struct http_reply reply = {0};
    struct fault fault = {0};
    if (http_request_parse(frame, stream, arena, &request, &fault) < 0) {
        must(fault.finding != FINDING_NONE && fault.finding != FINDING_INTERNAL);
        http_reply_fault(&reply, arena, &fault);
        check_reply(&reply, NULL);
        return;
    }
    must(request->path.len > 0 && (request->path.at[0] == '/' || request->path.at[0] == '*'));
    must(slice_find(request->path, SLICE("/../")) < 0 && !slice_ends(request->path, SLICE("/..")));
    must(request->body.len == frame->content_len);
    must(request->head_raw.len == frame->head_len && request->header_count <= limits.headers);
    http_proxies_add(proxies, SLICE("10.0.0.0/8"), NULL);
    http_forwarded_apply(proxies, request, SLICE("10.0.0.1"), frame->head_len % 3 > 0, arena);
    must(request->peer.len > 0 && slice_index(request->peer, ',') < 0);
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, NULL);
    http_routes_answer(routes, request, &reply, arena, 0);
    must(reply.status >= 200);
    check_reply(&reply, request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_make(size ? (const void *)data : "", size);
    for (size_t messages = 0; messages < 8 && stream.len > 0; messages++) {
        struct http_frame whole = {0}, pieces = {0};
        struct fault fault = {0}, piece_fault = {0};
        int rc = http_frame_scan(&whole, &limits, stream, &fault);
        must(frame_in_pieces(&pieces, stream, &piece_fault) == rc);
        must(fault.finding == piece_fault.finding);
        if (rc == -ERR_AGAIN)
            must(stream.len <= http_limits_unread(&limits));
        if (rc < 0)
            break;
        must(http_frame_len(&whole) == http_frame_len(&pieces));
        must(http_frame_len(&whole) > 0 && http_frame_len(&whole) <= stream.len);
        check_request(&whole, stream);
        stream = slice_from(stream, http_frame_len(&whole));
    }
    return 0;
}
