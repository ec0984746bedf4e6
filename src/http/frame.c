#include "http/frame.h"

#include "http/grammar_priv.h"

/* A chunk's size line; nobody has use for longer extensions. */
enum {
    CHUNK_LINE_MAX = 256
};

/* What one call works with. */
struct scan {
    struct http_frame *frame;
    const struct http_limits *limits;
    struct slice unread;
    struct fault *fault;
};

static size_t body_at(const struct http_frame *frame)
{
    return frame->lead_len + frame->head_len;
}

/* Chunks of one byte carry five bytes of framing; twice the limit lets every
 * sensible client through and keeps the buffer bounded. */
static size_t body_wire_max(const struct http_limits *limits)
{
    return 2 * limits->body_bytes + limits->head_bytes;
}

size_t http_limits_unread(const struct http_limits *limits)
{
    return limits->head_bytes + body_wire_max(limits);
}

/* The line that starts at line_at and must end before `end`. The verdict
 * depends on the bytes alone, never on how many of them came at once. */
static int next_line(struct scan *s, size_t end, enum finding over, struct slice *line_out)
{
    struct http_frame *f = s->frame;
    struct slice window = slice_head(s->unread, end);
    ptrdiff_t lf = slice_index(slice_from(window, f->scanned), '\n');
    if (lf < 0) {
        f->scanned = window.len;
        if (s->unread.len < end)
            return -ERR_AGAIN;
        return fault_set(s->fault, ERR_LIMIT, over, "byte %zu: no line end up to the limit", end);
    }
    size_t at = f->scanned + (size_t)lf;
    if (at == f->line_at || s->unread.at[at - 1] != '\r')
        return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "byte %zu: line ends in LF without CR", at);
    *line_out = slice_make(s->unread.at + f->line_at, at - 1 - f->line_at);
    f->line_at = f->scanned = at + 1;
    return 0;
}

/* RFC 9112 section 2.2: blank lines before a request are passed over. The
 * first byte of a request is looked at as soon as it is there, so that a TLS
 * hello or other noise is refused at once. */
static int scan_lead(struct scan *s)
{
    struct http_frame *f = s->frame;
    while (f->scanned < s->unread.len) {
        char c = s->unread.at[f->scanned];
        if (f->scanned >= s->limits->head_bytes)
            return fault_set(s->fault, ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE,
                             "nothing but blank lines");
        /* CR and LF may come apart: line_at is behind the last LF. */
        bool after_cr = f->line_at != f->scanned;
        if (!after_cr && http_is_token_byte(c)) {
            f->lead_len = f->line_at = f->scanned;
            f->state = HTTP_FRAME_REQUEST_LINE;
            return 0;
        }
        if (c != (after_cr ? '\n' : '\r'))
            return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                             "byte %zu: no request begins with byte 0x%02x", f->scanned,
                             (unsigned)(unsigned char)c);
        f->scanned++;
        if (after_cr)
            f->line_at = f->scanned;
    }
    return -ERR_AGAIN;
}

static int scan_request_line(struct scan *s)
{
    struct slice line;
    struct http_request_line parsed;
    int rc = next_line(s, s->limits->head_bytes, FINDING_HTTP_HEAD_TOO_LARGE, &line);
    if (rc == 0)
        rc = http_request_line_parse(line, &parsed, s->fault);
    if (rc < 0)
        return rc;
    s->frame->old = parsed.minor == 0;
    s->frame->state = HTTP_FRAME_HEADERS;
    return 0;
}

static bool all_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.len > 0;
}

static int note_length(struct scan *s, struct slice value)
{
    struct http_frame *f = s->frame;
    uint64_t length;
    /* A repeated length is refused even when it repeats itself: whoever sends
     * two is not sure either, and the next hop may take the other one. */
    if (f->has_length || !all_digits(value))
        return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "header line %zu: %s Content-Length", f->headers,
                         f->has_length ? "a second" : "not a number as");
    if (slice_number(value, s->limits->body_bytes, &length) < 0)
        return fault_set(s->fault, ERR_LIMIT, FINDING_HTTP_TOO_LARGE,
                         "Content-Length %.*s, limit %zu", (int)(value.len < 20 ? value.len : 20),
                         value.at, s->limits->body_bytes);
    f->has_length = true;
    f->content_len = (size_t)length;
    return 0;
}

static int note_coding(struct scan *s, struct slice value)
{
    struct http_frame *f = s->frame;
    if (f->has_coding || f->old)
        return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "header line %zu: Transfer-Encoding %s", f->headers,
                         f->old ? "in HTTP/1.0" : "for the second time");
    if (!slice_eq_nocase(value, SLICE("chunked")))
        return fault_set(s->fault, ERR_UNSUPPORTED, FINDING_HTTP_UNSUPPORTED,
                         "Transfer-Encoding: %.*s", (int)(value.len < 64 ? value.len : 64),
                         value.at);
    f->has_coding = true;
    return 0;
}

static int end_head(struct scan *s)
{
    struct http_frame *f = s->frame;
    if (f->has_coding && f->has_length)
        return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                         "both Content-Length and Transfer-Encoding");
    f->head_len = f->line_at - f->lead_len;
    f->chunked = f->has_coding;
    f->headers = 0;
    f->state = f->chunked ? HTTP_FRAME_CHUNK_SIZE : HTTP_FRAME_BODY;
    return 0;
}

static int count_line(struct scan *s)
{
    if (++s->frame->headers > s->limits->headers)
        return fault_set(s->fault, ERR_LIMIT, FINDING_HTTP_HEAD_TOO_LARGE,
                         "more than %zu header lines", s->limits->headers);
    return 0;
}

static int scan_headers(struct scan *s)
{
    struct http_frame *f = s->frame;
    struct slice line;
    struct http_field field;
    int rc = next_line(s, s->limits->head_bytes, FINDING_HTTP_HEAD_TOO_LARGE, &line);
    if (rc < 0)
        return rc;
    if (line.len == 0)
        return end_head(s);
    rc = count_line(s);
    if (rc == 0)
        rc = http_field_parse(line, f->headers, &field, s->fault);
    if (rc < 0)
        return rc;
    if (slice_eq_nocase(field.name, SLICE("Content-Length")))
        return note_length(s, field.value);
    if (slice_eq_nocase(field.name, SLICE("Transfer-Encoding")))
        return note_coding(s, field.value);
    if (slice_eq_nocase(field.name, SLICE("Expect")) && !f->old)
        f->expects = slice_eq_nocase(field.value, SLICE("100-continue"));
    return 0;
}

static int scan_body(struct scan *s)
{
    struct http_frame *f = s->frame;
    if (s->unread.len - body_at(f) < f->content_len)
        return -ERR_AGAIN;
    f->body_len = f->content_len;
    f->state = HTTP_FRAME_WHOLE;
    return 0;
}

static int scan_chunk_size(struct scan *s)
{
    struct http_frame *f = s->frame;
    struct slice line;
    int rc = next_line(s, f->line_at + CHUNK_LINE_MAX, FINDING_HTTP_TOO_LARGE, &line);
    if (rc == 0)
        rc = http_chunk_line_parse(line, s->limits->body_bytes - f->content_len, &f->chunk_left,
                                   s->fault);
    if (rc < 0)
        return rc;
    if (f->line_at - body_at(f) + f->chunk_left > body_wire_max(s->limits))
        return fault_set(s->fault, ERR_LIMIT, FINDING_HTTP_TOO_LARGE,
                         "chunk framing outweighs the content");
    f->content_len += (size_t)f->chunk_left;
    f->body_len = f->line_at; /* where the trailers start, until the end is known */
    f->state = f->chunk_left ? HTTP_FRAME_CHUNK_DATA : HTTP_FRAME_TRAILERS;
    return 0;
}

static int scan_chunk_data(struct scan *s)
{
    struct http_frame *f = s->frame;
    if (s->unread.len - f->line_at < f->chunk_left)
        return -ERR_AGAIN;
    f->line_at += (size_t)f->chunk_left;
    f->scanned = f->line_at;
    f->state = HTTP_FRAME_CHUNK_END;
    return 0;
}

static int scan_chunk_end(struct scan *s)
{
    struct http_frame *f = s->frame;
    for (; f->scanned < s->unread.len && f->scanned < f->line_at + 2; f->scanned++)
        if (s->unread.at[f->scanned] != "\r\n"[f->scanned - f->line_at])
            return fault_set(s->fault, ERR_MALFORMED, FINDING_HTTP_AMBIGUOUS,
                             "byte %zu: chunk is longer than its size", f->scanned);
    if (f->scanned < f->line_at + 2)
        return -ERR_AGAIN;
    f->line_at = f->scanned;
    f->state = HTTP_FRAME_CHUNK_SIZE;
    return 0;
}

/* Trailers are checked and passed over: what comes after the body must not
 * change what was read before it (RFC 9110 section 6.5.1). */
static int scan_trailers(struct scan *s)
{
    struct http_frame *f = s->frame;
    struct slice line;
    struct http_field field;
    /* Whatever the trailers take counts against the whole body, too. */
    size_t end = f->body_len + s->limits->head_bytes;
    size_t most = body_at(f) + body_wire_max(s->limits);
    int rc = next_line(s, end < most ? end : most, FINDING_HTTP_TOO_LARGE, &line);
    if (rc < 0)
        return rc;
    if (line.len == 0) {
        f->body_len = f->line_at - body_at(f);
        f->state = HTTP_FRAME_WHOLE;
        return 0;
    }
    rc = count_line(s);
    return rc < 0 ? rc : http_field_parse(line, f->headers, &field, s->fault);
}

static int scan_fault(struct scan *s)
{
    if (s->fault)
        *s->fault = s->frame->fault;
    return s->frame->fault.err;
}

static int (*const steps[])(struct scan *) = {
    [HTTP_FRAME_LEAD] = scan_lead,
    [HTTP_FRAME_REQUEST_LINE] = scan_request_line,
    [HTTP_FRAME_HEADERS] = scan_headers,
    [HTTP_FRAME_BODY] = scan_body,
    [HTTP_FRAME_CHUNK_SIZE] = scan_chunk_size,
    [HTTP_FRAME_CHUNK_DATA] = scan_chunk_data,
    [HTTP_FRAME_CHUNK_END] = scan_chunk_end,
    [HTTP_FRAME_TRAILERS] = scan_trailers,
    [HTTP_FRAME_FAULT] = scan_fault,
};

int http_frame_scan(struct http_frame *frame, const struct http_limits *limits, struct slice unread,
                    struct fault *fault)
{
    struct fault own = {0};
    struct scan s = {frame, limits, unread, &own};
    while (frame->state != HTTP_FRAME_WHOLE) {
        int rc = steps[frame->state](&s);
        if (rc == -ERR_AGAIN)
            return rc;
        if (rc < 0) {
            frame->state = HTTP_FRAME_FAULT;
            frame->fault = own;
            if (fault)
                *fault = own;
            return rc;
        }
    }
    return 0;
}

size_t http_frame_len(const struct http_frame *frame)
{
    return body_at(frame) + frame->body_len;
}

bool http_frame_take_continue(struct http_frame *frame)
{
    bool waits = frame->state >= HTTP_FRAME_BODY && frame->state < HTTP_FRAME_WHOLE;
    bool first = waits && frame->expects && !frame->continue_taken;
    frame->continue_taken |= first;
    return first;
}

bool http_frame_begun(const struct http_frame *frame)
{
    return frame->state != HTTP_FRAME_LEAD;
}

void http_frame_reset(struct http_frame *frame)
{
    *frame = (struct http_frame){0};
}
