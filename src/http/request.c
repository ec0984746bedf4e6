#include "base/encode.h"
#include "http/grammar_priv.h"

#include <string.h>

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},       {"HEAD", HTTP_HEAD},       {"POST", HTTP_POST},   {"PUT", HTTP_PUT},
    {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS}, {"PATCH", HTTP_PATCH},
};

/* Method names are case-sensitive (RFC 9110 section 9.1). */
static enum http_method method_of(struct slice name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_eq(name, slice_of(methods[i].name)))
            return methods[i].method;
    return HTTP_OTHER;
}

/* RFC 3986 section 5.2.4, after decoding: an escaped dot is a dot here, so that
 * no spelling gets past a prefix route. `from` begins with '/'. */
static struct slice remove_dots(struct arena *arena, struct slice from)
{
    char *to = arena_alloc(arena, from.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < from.len;) {
        struct slice segment = slice_from(from, at + 1);
        ptrdiff_t end = slice_index(segment, '/');
        bool last = end < 0;
        if (!last)
            segment = slice_head(segment, (size_t)end);
        bool up = slice_eq(segment, SLICE("..")), here = slice_eq(segment, SLICE("."));
        while (up && len > 0 && to[--len] != '/')
            ;
        if (!up && !here) {
            to[len++] = '/';
            memcpy(to + len, segment.at, segment.len);
            len += segment.len;
        } else if (last) {
            to[len++] = '/';
        }
        at += 1 + segment.len;
    }
    return slice_make(to, len);
}

static int read_path(struct http_request *request, struct slice origin, struct arena *arena,
                     struct fault *fault)
{
    struct slice raw, decoded;
    slice_cut(origin, '?', &raw, &request->query);
    if (raw.len == 0)
        raw = SLICE("/");
    if (percent_parse(arena, raw, false, &decoded) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: a broken %% escape in the path");
    if (http_has_control(decoded) || slice_index(decoded, '\t') >= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "request line: a control character in the path");
    request->path = remove_dots(arena, decoded);
    return 0;
}

static bool host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool address_byte(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.';
}

static bool all_bytes(struct slice s, bool (*allowed)(char))
{
    for (size_t i = 0; i < s.len; i++)
        if (!allowed(s.at[i]))
            return false;
    return s.len > 0;
}

/* "name", "name:port", "[2001:db8::7]:port". No user info: it has no business
 * in a Host, and in logs it misleads. */
static int read_authority(struct slice authority, struct slice *host_out, struct fault *fault)
{
    struct slice host, port = {0};
    bool ok;
    if (authority.len > 0 && authority.at[0] == '[') {
        ok = slice_cut(slice_from(authority, 1), ']', &host, &port) &&
             all_bytes(host, address_byte) && (port.len == 0 || port.at[0] == ':');
        port = slice_from(port, 1);
    } else {
        slice_cut(authority, ':', &host, &port);
        /* A fully qualified name may end in its dot; routes are written without. */
        if (host.len > 1 && host.at[host.len - 1] == '.')
            host.len--;
        ok = all_bytes(host, host_byte);
    }
    uint64_t number;
    if (!ok || (port.len > 0 && slice_number(port, 65535, &number) < 0))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                         "Host: not a name with an optional port");
    *host_out = host;
    return 0;
}

/* RFC 9112 section 3.2: exactly one Host in HTTP/1.1; the authority of an
 * absolute target overrules it. */
static int read_host(struct http_request *request, struct slice authority, struct fault *fault)
{
    struct slice value, second;
    size_t at = 0;
    bool has = http_header_next(request, "Host", &at, &value);
    if ((!has && request->minor > 0) || (has && http_header_next(request, "Host", &at, &second)))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED, "%s Host header",
                         has ? "more than one" : "no");
    int rc = has ? read_authority(value, &request->host, fault) : 0;
    if (rc == 0 && !slice_absent(authority))
        rc = read_authority(authority, &request->host, fault);
    return rc;
}

static int read_target(struct http_request *request, struct arena *arena, struct fault *fault)
{
    struct slice authority = {0}, origin;
    int rc = 0;
    if (request->method == HTTP_OPTIONS && slice_eq(request->target, SLICE("*"))) {
        request->path = request->target;
    } else {
        rc = http_target_split(request->target, &authority, &origin, fault);
        if (rc == 0)
            rc = read_path(request, origin, arena, fault);
    }
    return rc < 0 ? rc : read_host(request, authority, fault);
}

static int read_headers(struct http_request *request, struct slice lines, struct arena *arena,
                        struct fault *fault)
{
    size_t count = 0;
    for (struct slice rest = lines; http_take_line(&rest).len > 0;)
        count++;
    request->headers = arena_array(arena, struct http_field, count);
    for (; request->header_count < count; request->header_count++) {
        int rc = http_field_parse(http_take_line(&lines), request->header_count + 1,
                                  &request->headers[request->header_count], fault);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool read_keep_alive(const struct http_request *request)
{
    struct slice value, token;
    bool keep = request->minor > 0;
    for (size_t at = 0; http_header_next(request, "Connection", &at, &value);)
        while (slice_next(&value, ',', &token)) {
            if (slice_eq_nocase(token, SLICE("close")))
                return false;
            keep = keep || slice_eq_nocase(token, SLICE("keep-alive"));
        }
    return keep;
}

/* Put the chunks together. The framer has checked them all; one chunk (the
 * usual case) needs no copy. */
static int read_chunks(const struct http_frame *frame, struct slice wire, struct arena *arena,
                       struct slice *body_out, struct fault *fault)
{
    char *to = NULL;
    size_t len = 0;
    for (;;) {
        uint64_t size;
        int rc =
            http_chunk_line_parse(http_take_line(&wire), frame->content_len - len, &size, fault);
        if (rc < 0)
            return rc;
        if (size == 0)
            break;
        if (size == frame->content_len) {
            *body_out = slice_head(wire, (size_t)size);
            return 0;
        }
        to = to ? to : arena_alloc(arena, frame->content_len + 1);
        memcpy(to + len, wire.at, (size_t)size);
        len += (size_t)size;
        wire = slice_from(wire, (size_t)size + 2);
    }
    *body_out = slice_make(to ? to : "", len);
    return 0;
}

static int read_all(const struct http_frame *frame, struct slice bytes,
                    struct http_request *request, struct arena *arena, struct fault *fault)
{
    request->head_raw = slice_head(slice_from(bytes, frame->lead_len), frame->head_len);
    struct slice wire =
        slice_head(slice_from(bytes, frame->lead_len + frame->head_len), frame->body_len);
    struct slice lines = request->head_raw;
    struct http_request_line first;
    int rc = http_request_line_parse(http_take_line(&lines), &first, fault);
    if (rc < 0)
        return rc;
    request->method_name = first.method;
    request->method = method_of(first.method);
    request->target = first.target;
    request->minor = first.minor;
    rc = read_headers(request, lines, arena, fault);
    if (rc == 0)
        rc = read_target(request, arena, fault);
    if (rc < 0)
        return rc;
    request->keep_alive = read_keep_alive(request);
    request->body = wire;
    return frame->chunked ? read_chunks(frame, wire, arena, &request->body, fault) : 0;
}

int http_request_parse(const struct http_frame *frame, struct slice bytes, struct arena *arena,
                       struct http_request **request_out, struct fault *fault)
{
    *request_out = NULL;
    if (frame->state != HTTP_FRAME_WHOLE || bytes.len < http_frame_len(frame))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL,
                         "request parsed before it is whole");
    struct http_request *request = arena_new_of(arena, struct http_request);
    int rc = read_all(frame, bytes, request, arena, fault);
    if (rc == 0)
        *request_out = request;
    return rc;
}

bool http_header_next(const struct http_request *request, const char *name, size_t *at,
                      struct slice *value_out)
{
    while (*at < request->header_count) {
        const struct http_field *field = &request->headers[(*at)++];
        if (slice_eq_nocase(field->name, slice_of(name))) {
            *value_out = field->value;
            return true;
        }
    }
    return false;
}

struct slice http_header(const struct http_request *request, const char *name)
{
    struct slice value = {0};
    size_t at = 0;
    http_header_next(request, name, &at, &value);
    return value;
}
