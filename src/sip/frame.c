/* RFC 3261 sections 7.5, 18.3; [MS-CONMGMT] keep-alives. */
#include "sip/frame.h"

#include "sip/grammar_priv.h"

enum {
    HEAD_DEFAULT = 16 * 1024,
    BODY_DEFAULT = 256 * 1024
};

void sip_framer_init(struct sip_framer *framer, const struct sip_limits *limits)
{
    *framer = (struct sip_framer){0};
    if (limits)
        framer->limits = *limits;
    if (framer->limits.head == 0)
        framer->limits.head = HEAD_DEFAULT;
    if (framer->limits.body == 0)
        framer->limits.body = BODY_DEFAULT;
}

/* Ready for the next message of the same stream. */
static void restart(struct sip_framer *f)
{
    struct sip_limits limits = f->limits;
    *f = (struct sip_framer){.limits = limits};
}

/* CR and LF between messages. A lone CR at the end waits for its LF. */
static size_t line_ends(struct slice input, size_t *count)
{
    size_t at = 0;
    *count = 0;
    while (at < input.len) {
        if (input.at[at] == '\n')
            at++;
        else if (input.at[at] == '\r' && at + 1 < input.len && input.at[at + 1] == '\n')
            at += 2;
        else
            break;
        (*count)++;
    }
    return at;
}

static int content_length(struct sip_framer *f, size_t at, struct slice value, struct fault *fault)
{
    uint64_t length;
    if (!sip_number(slice_trim(value), UINT32_MAX, &length))
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "header Content-Length, byte %zu: not a number", at);
    if (f->length_seen && f->body != length)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "header Content-Length, byte %zu: contradicts an earlier one", at);
    if (length > f->limits.body)
        return fault_set(fault, ERR_LIMIT, FINDING_SIP_TOO_LARGE,
                         "Content-Length %llu, at most %zu are taken", (unsigned long long)length,
                         f->limits.body);
    f->body = (size_t)length;
    f->length_seen = true;
    return 0;
}

/* The first line must speak of SIP/2.0; anything else (HTTP, TLS, noise) is told
 * at once, instead of when its head would end. */
static int start_line(struct slice line, struct fault *fault)
{
    if (slice_starts_nocase(line, SLICE("SIP/2.0 ")) || slice_ends_nocase(line, SLICE(" SIP/2.0")))
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                     "byte 0: neither a request nor a response of SIP/2.0");
}

/* One line without its CRLF, starting at byte `at` of the message. */
static int line_seen(struct sip_framer *f, size_t at, struct slice line, struct fault *fault)
{
    if (at == 0)
        return start_line(line, fault);
    if (sip_is(line.at[0], SIP_IS_BLANK)) {
        /* A fold. That of Content-Length would hide the number from us. */
        if (!f->length_folds)
            return 0;
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "header Content-Length, byte %zu: folded", at);
    }
    ptrdiff_t colon = slice_index(line, ':');
    if (colon <= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "byte %zu: header line without a colon", at);
    struct slice name = slice_trim(slice_head(line, (size_t)colon));
    f->length_folds = sip_header_id(name) == SIP_HEADER_CONTENT_LENGTH;
    if (!f->length_folds)
        return 0;
    return content_length(f, at, slice_from(line, (size_t)colon + 1), fault);
}

/* Look at all whole lines not seen yet, up to the end of the head. */
static int scan_head(struct sip_framer *f, struct slice input, struct fault *fault)
{
    while (f->head == 0) {
        struct slice rest = slice_from(input, f->scanned);
        ptrdiff_t feed = slice_index(rest, '\n');
        size_t end = feed < 0 ? input.len : f->scanned + (size_t)feed + 1;
        if (end > f->limits.head || (feed < 0 && end == f->limits.head))
            return fault_set(fault, ERR_LIMIT, FINDING_SIP_TOO_LARGE,
                             "the head is longer than %zu bytes", f->limits.head);
        f->scanned = end;
        if (feed < 0)
            return 0;
        if (end - f->line < 2 || input.at[end - 2] != '\r')
            return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                             "byte %zu: line feed without carriage return", end - 1);
        struct slice line = slice_make(input.at + f->line, end - 2 - f->line);
        if (line.len == 0) {
            f->head = end;
            return 0;
        }
        int err = line_seen(f, f->line, line, fault);
        if (err)
            return err;
        f->line = end;
    }
    return 0;
}

int sip_frame(struct sip_framer *f, struct slice input, struct sip_frame *frame,
              struct fault *fault)
{
    *frame = (struct sip_frame){.kind = SIP_FRAME_MORE};
    if (f->failed)
        return fault_set(fault, (enum err) - f->failed, FINDING_SIP_MALFORMED,
                         "the stream was given up before");
    if (f->scanned == 0) {
        frame->len = line_ends(input, &frame->line_ends);
        if (frame->len > 0)
            frame->kind = SIP_FRAME_KEEPALIVE;
        /* A lone CR: perhaps the first half of a line end. */
        if (frame->len > 0 || input.len == 0 || (input.len == 1 && input.at[0] == '\r'))
            return 0;
    }
    f->failed = scan_head(f, input, fault);
    if (f->failed)
        return f->failed;
    frame->partial = true;
    if (f->head == 0 || input.len - f->head < f->body)
        return 0;
    frame->kind = SIP_FRAME_MESSAGE;
    frame->partial = false;
    frame->len = f->head + f->body;
    frame->bytes = slice_head(input, frame->len);
    restart(f);
    return 0;
}
