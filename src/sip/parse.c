/* RFC 3261 sections 7 and 20: bytes to struct sip_message. One pass over the bytes
 * cuts header lines; a second look reads the headers that everybody needs. */
#include "sip/grammar_priv.h"
#include "sip/message.h"

#include <endian.h>
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first byte below 0x20 from `at` on, or end: a line end, a tab, or one that
 * has no business in a head. Sixteen bytes at a time where the machine can, else
 * eight: a byte below 0x20 borrows into its top bit when 0x20 is taken away; UTF-8
 * bytes have that bit anyway and are masked. Borrows only disturb bytes after the
 * first hit. */
static const char *next_control(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i highest = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
        int hit = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, highest), x));
        if (hit)
            return at + __builtin_ctz((unsigned)hit);
    }
#endif
    for (; end - at >= 8; at += 8) {
        uint64_t x;
        memcpy(&x, at, 8);
        x = le64toh(x);
        uint64_t hit = (x - 0x2020202020202020ULL) & ~x & 0x8080808080808080ULL;
        if (hit)
            return at + (__builtin_ctzll(hit) >> 3);
    }
    while (at < end && (uint8_t)*at >= 0x20)
        at++;
    return at;
}

/* Where the line that starts at c->at ends, folds not yet considered: the cursor
 * goes past its CRLF, *text_end stays before it. */
static int take_line(struct sip_cursor *c, const char **text_end)
{
    const char *at = c->at;
    while ((at = next_control(at, c->end)) < c->end && *at == '\t')
        at++;
    if (c->end - at < 2)
        return sip_wrong(c, at, "the head does not end");
    if (at[0] != '\r' || at[1] != '\n')
        return sip_wrong(c, at, "control byte in the head");
    *text_end = at;
    c->at = at + 2;
    return 0;
}

static const char version[] = "SIP/2.0";
enum {
    VERSION_LEN = sizeof version - 1
};

static int status_line(struct sip_cursor *c, const char *end, struct sip_message *m)
{
    const char *at = c->at + VERSION_LEN + 1;
    uint64_t status;
    if (end - at < 3 || !sip_number(sip_between(at, at + 3), 699, &status) || status < 100)
        return sip_wrong(c, at, "no status between 100 and 699");
    if (end - at > 3 && at[3] != ' ')
        return sip_wrong(c, at + 3, "no blank after the status");
    m->status = (int)status;
    m->reason = end - at > 4 ? sip_between(at + 4, end) : sip_between(end, end);
    return 0;
}

static int request_line(struct sip_cursor *c, const char *end, struct sip_message *m)
{
    struct sip_cursor line = {.at = c->at, .end = end};
    struct slice method = sip_take_run(&line, SIP_IS_TOKEN);
    if (method.len == 0 || !sip_at(&line, ' '))
        return sip_wrong(c, line.at, "no method");
    const char *uri = line.at + 1;
    const char *blank = memchr(uri, ' ', (size_t)(end - uri));
    if (!blank || end - blank != VERSION_LEN + 1 ||
        !sip_same_token(blank + 1, version, VERSION_LEN))
        return sip_wrong(c, uri, "request line without SIP/2.0");
    if (sip_take_uri(c, sip_between(uri, blank), &m->uri) < 0)
        return -ERR_MALFORMED;
    m->method_text = method;
    m->method = sip_method(method);
    return 0;
}

static int start_line(struct sip_cursor *c, struct sip_message *m)
{
    struct sip_cursor line = *c;
    const char *end;
    if (take_line(&line, &end) < 0)
        return sip_wrong(c, line.at, line.why);
    bool response = end - c->at > VERSION_LEN && c->at[VERSION_LEN] == ' ' &&
                    sip_same_token(c->at, version, VERSION_LEN);
    int err = response ? status_line(c, end, m) : request_line(c, end, m);
    if (err == 0)
        c->at = line.at;
    return err;
}

static void link_header(struct sip_message *m, enum sip_header_id id)
{
    uint8_t place = (uint8_t)m->header_count; /* index + 1 */
    if (m->last[id]) {
        m->header[m->last[id] - 1].next = place;
        if (!m->twice && sip_header_single(id))
            m->twice = place;
    } else {
        m->first[id] = place;
    }
    m->last[id] = place;
}

/* "Name :" before the colon. A name that is known is proper; others are looked at. */
static int take_name(struct sip_cursor *c, struct slice *name, enum sip_header_id *id)
{
    *id = sip_header_id(*name);
    if (*id != SIP_HEADER_OTHER)
        return 0;
    struct sip_cursor in = sip_cursor(*name);
    *name = sip_take_run(&in, SIP_IS_TOKEN);
    sip_skip_blanks(&in);
    if (name->len == 0 || in.at < in.end)
        return sip_wrong(c, in.at, "header line without a name and a colon");
    *id = sip_header_id(*name);
    return 0;
}

/* One header line, its folds included. */
static int take_header(struct sip_cursor *c, struct sip_message *m)
{
    const char *line = c->at, *end;
    enum sip_header_id id;
    if (take_line(c, &end) < 0)
        return -ERR_MALFORMED;
    const char *colon = memchr(line, ':', (size_t)(end - line));
    struct slice name = sip_between(line, colon ? colon : end);
    if (!colon)
        return sip_wrong(c, line, "header line without a name and a colon");
    if (take_name(c, &name, &id) < 0)
        return -ERR_MALFORMED;
    while (sip_at(c, ' ') || sip_at(c, '\t'))
        if (take_line(c, &end) < 0)
            return -ERR_MALFORMED;
    const char *from = colon + 1;
    while (from < end && sip_is(*from, SIP_IS_BLANK))
        from++;
    while (end > from && sip_is(end[-1], SIP_IS_BLANK))
        end--;
    if (m->header_count == SIP_HEADERS_MAX) {
        sip_wrong(c, line, "too many headers");
        return -ERR_LIMIT;
    }
    m->header[m->header_count++] =
        (struct sip_header){.id = id, .name = name, .value = sip_between(from, end)};
    link_header(m, id);
    return 0;
}

/* All header lines and the blank line after them. */
static int take_headers(struct sip_cursor *c, struct sip_message *m)
{
    while (c->at < c->end) {
        if (*c->at == '\r') {
            if (c->end - c->at < 2 || c->at[1] != '\n')
                return sip_wrong(c, c->at, "control byte in the head");
            c->at += 2;
            return 0;
        }
        int err = take_header(c, m);
        if (err)
            return err;
    }
    return sip_wrong(c, c->at, "the head does not end");
}

/* ---- the headers that are read at once ---------------------------------------- */

static int nothing_left(struct sip_cursor *c)
{
    sip_skip_blanks(c);
    return c->at < c->end ? sip_wrong(c, c->at, "unexpected text") : 0;
}

static int read_address(struct sip_cursor *c, struct sip_address *address)
{
    struct slice text = sip_between(c->at, c->end);
    int err = sip_take_tagged(c, address);
    address->text = text;
    return err ? err : nothing_left(c);
}

static int read_from(struct sip_cursor *c, struct sip_message *m)
{
    return read_address(c, &m->from);
}

static int read_to(struct sip_cursor *c, struct sip_message *m)
{
    return read_address(c, &m->to);
}

static int read_call_id(struct sip_cursor *c, struct sip_message *m)
{
    m->call_id = sip_between(c->at, c->end);
    for (const char *at = c->at; at < c->end; at++)
        if (sip_is(*at, SIP_IS_BLANK))
            return sip_wrong(c, at, "blank inside");
    return m->call_id.len > 0 ? 0 : sip_wrong(c, c->at, "empty");
}

static int read_cseq(struct sip_cursor *c, struct sip_message *m)
{
    uint64_t number;
    struct slice text = sip_between(c->at, c->end);
    const char *from = c->at;
    if (!sip_number(sip_take_digits(c), UINT32_MAX, &number))
        return sip_wrong(c, from, "no number");
    if (c->at < c->end && !sip_is(*c->at, SIP_IS_BLANK))
        return sip_wrong(c, c->at, "no blank after the number");
    sip_skip_blanks(c);
    struct slice method = sip_take_run(c, SIP_IS_TOKEN);
    if (method.len == 0)
        return sip_wrong(c, c->at, "no method");
    if (m->status == 0 && !slice_eq(method, m->method_text))
        return sip_wrong(c, method.at, "another method than the request line");
    if (m->status != 0) {
        m->method_text = method;
        m->method = sip_method(method);
    }
    m->cseq_text = text;
    m->cseq = (uint32_t)number;
    return nothing_left(c);
}

static int read_via(struct sip_cursor *c, struct sip_message *m)
{
    struct sip_via via;
    bool top = slice_absent(m->via.text);
    do {
        int err = sip_take_via(c, top ? &m->via : &via);
        if (err)
            return err;
        top = false;
        if (c->at < c->end && *c->at != ',')
            return sip_wrong(c, c->at, "unexpected text");
    } while (sip_more_items(c));
    return 0;
}

static int read_contact(struct sip_cursor *c, struct sip_message *m)
{
    struct sip_contact contact;
    while (sip_more_items(c)) {
        bool top = slice_absent(m->contact.address.text);
        int err = sip_take_contact(c, top ? &m->contact : &contact);
        if (err)
            return err;
        if (c->at < c->end && *c->at != ',')
            return sip_wrong(c, c->at, "unexpected text");
        if (top)
            m->contact_rest = sip_between(c->at, c->end);
    }
    return 0;
}

static int read_auth(struct sip_cursor *c, struct sip_message *m)
{
    struct sip_auth auth;
    return sip_take_auth(c, m->auth_place ? &auth : &m->auth);
}

static int read_number(struct sip_cursor *c, uint64_t max, uint64_t *number)
{
    struct slice text = sip_between(c->at, c->end);
    return sip_number(text, max, number) ? 0 : sip_wrong(c, c->at, "not a number in range");
}

static int read_max_forwards(struct sip_cursor *c, struct sip_message *m)
{
    uint64_t number;
    int err = read_number(c, 255, &number);
    m->max_forwards = err ? -1 : (int)number;
    return err;
}

static int read_expires(struct sip_cursor *c, struct sip_message *m)
{
    uint64_t number;
    int err = read_number(c, UINT32_MAX, &number);
    m->expires = err ? -1 : (int64_t)number;
    return err;
}

/* Only after the head's end is known: m->body is what follows it. */
static int read_content_length(struct sip_cursor *c, struct sip_message *m)
{
    uint64_t number;
    if (read_number(c, UINT32_MAX, &number) < 0)
        return -ERR_MALFORMED;
    return number == m->body.len ? 0 : sip_wrong(c, c->at, "not the length of the body");
}

/* The order matters to sip_reply_possible(): what a 400 echoes comes first. */
static const struct reader {
    enum sip_header_id id;
    bool needed;
    int (*read)(struct sip_cursor *c, struct sip_message *m);
} readers[] = {
    {SIP_HEADER_CSEQ, true, read_cseq},
    {SIP_HEADER_CALL_ID, true, read_call_id},
    {SIP_HEADER_VIA, true, read_via},
    {SIP_HEADER_FROM, true, read_from},
    {SIP_HEADER_TO, true, read_to},
    {SIP_HEADER_CONTENT_LENGTH, false, read_content_length},
    {SIP_HEADER_MAX_FORWARDS, false, read_max_forwards},
    {SIP_HEADER_EXPIRES, false, read_expires},
    {SIP_HEADER_CONTACT, false, read_contact},
    {SIP_HEADER_AUTHORIZATION, false, read_auth},
    {SIP_HEADER_PROXY_AUTHORIZATION, false, read_auth},
    {SIP_HEADER_WWW_AUTHENTICATE, false, read_auth},
    {SIP_HEADER_PROXY_AUTHENTICATE, false, read_auth},
    {SIP_HEADER_AUTHENTICATION_INFO, false, read_auth},
};

static int wrong_header(const struct sip_message *m, enum sip_header_id id, const char *at,
                        const char *why, struct fault *fault)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "header %.*s, byte %zu: %s",
                     SLICE_ARG(sip_header_name(id)), (size_t)(at - m->bytes.at), why);
}

/* Which line m->auth and m->contact are of, now that it was read without fault. */
static void remember(struct sip_message *m, const struct reader *reader,
                     const struct sip_header *header)
{
    uint8_t place = (uint8_t)(header - m->header + 1);
    if (reader->read == read_auth && !m->auth_place)
        m->auth_place = place;
    if (reader->read == read_contact && !m->contact_place && !slice_absent(m->contact.address.text))
        m->contact_place = place;
}

static int read_headers(struct sip_message *m, struct fault *fault)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        const struct sip_header *header = sip_header(m, readers[i].id);
        if (!header && readers[i].needed)
            return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "no header %.*s",
                             SLICE_ARG(sip_header_name(readers[i].id)));
        for (; header; header = sip_header_next(m, header)) {
            struct sip_cursor c = sip_cursor(header->value);
            if (readers[i].read(&c, m) < 0)
                return wrong_header(m, readers[i].id, c.at, c.why, fault);
            remember(m, &readers[i], header);
        }
    }
    return 0;
}

static void clear(struct sip_message *m, struct slice bytes)
{
    memset(m, 0, offsetof(struct sip_message, header));
    memset(m->first, 0, sizeof m->first);
    memset(m->last, 0, sizeof m->last);
    m->bytes = bytes;
    m->max_forwards = -1;
    m->expires = -1;
}

int sip_parse(struct sip_message *m, struct slice bytes, struct fault *fault)
{
    struct sip_cursor c = sip_cursor(slice_absent(bytes) ? SLICE("") : bytes);
    clear(m, sip_between(c.at, c.end));
    int err = start_line(&c, m);
    if (err == 0)
        err = take_headers(&c, m);
    if (err == -ERR_LIMIT)
        return fault_set(fault, ERR_LIMIT, FINDING_SIP_TOO_LARGE, "byte %zu: more than %d headers",
                         (size_t)(c.at - m->bytes.at), SIP_HEADERS_MAX);
    if (err)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "byte %zu: %s",
                         (size_t)(c.at - m->bytes.at), c.why);
    m->body = sip_between(c.at, c.end);
    if (m->twice) {
        const struct sip_header *second = &m->header[m->twice - 1];
        return wrong_header(m, second->id, second->name.at, "given twice", fault);
    }
    /* On a stream a message without Content-Length has no body (section 18.3). */
    if (m->body.len > 0 && !m->first[SIP_HEADER_CONTENT_LENGTH])
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "byte %zu: a body without Content-Length", (size_t)(c.at - m->bytes.at));
    return read_headers(m, fault);
}
