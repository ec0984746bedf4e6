/* DNS messages: RFC 1035 section 4.1, RFC 2782 for SRV, RFC 6891 for the OPT
 * record, RFC 2181 sections 8 (TTL) and 9 (TC). */
#include "discover/dns_priv.h"

#include <string.h>

enum {
    OPT_SIZE = 11,
    SUFFIXES_MAX = 128,
    POINTER_REACH = 0x3fff
};

enum dns_shape dns_shape(uint16_t type, uint16_t klass)
{
    if (klass != DNS_CLASS_IN)
        return DNS_SHAPE_RAW;
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        return DNS_SHAPE_ADDRESS;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        return DNS_SHAPE_NAME;
    case DNS_SRV:
        return DNS_SHAPE_SRV;
    case DNS_SOA:
        return DNS_SHAPE_SOA;
    default:
        return DNS_SHAPE_RAW;
    }
}

/* ---- reading ---------------------------------------------------------------- */

struct reader {
    struct arena *arena;
    struct slice bytes;
    size_t at;
    struct fault *fault;
};

static int cut_off(struct reader *r, const char *what)
{
    return fault_set(r->fault, ERR_MALFORMED, FINDING_DNS_MALFORMED, "byte %zu: %s cut off", r->at,
                     what);
}

static bool has(const struct reader *r, size_t len)
{
    return r->bytes.len - r->at >= len;
}

static uint16_t read_16(struct reader *r)
{
    const uint8_t *p = (const uint8_t *)r->bytes.at + r->at;
    r->at += 2;
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t read_32(struct reader *r)
{
    uint32_t high = read_16(r);
    return high << 16 | read_16(r);
}

static int read_name(struct reader *r, struct slice *name_out)
{
    return dns_name_parse(r->arena, r->bytes, &r->at, name_out, r->fault);
}

static int read_question(struct reader *r, struct dns_question *out)
{
    int err = read_name(r, &out->name);
    if (err)
        return err;
    if (!has(r, 4))
        return cut_off(r, "question");
    out->type = read_16(r);
    out->klass = read_16(r);
    return 0;
}

static int read_srv(struct reader *r, size_t end, struct dns_srv *out)
{
    if (end - r->at < 7)
        return cut_off(r, "SRV record");
    out->priority = read_16(r);
    out->weight = read_16(r);
    out->port = read_16(r);
    return read_name(r, &out->target); /* compressed is wrong, but read (RFC 2782) */
}

static int read_soa(struct reader *r, size_t end, struct dns_soa *out)
{
    int err = read_name(r, &out->mname);
    if (!err)
        err = read_name(r, &out->rname);
    if (err)
        return err;
    if (r->at > end || end - r->at != 20)
        return cut_off(r, "SOA record");
    out->serial = read_32(r);
    out->refresh = read_32(r);
    out->retry = read_32(r);
    out->expire = read_32(r);
    out->minimum = read_32(r);
    return 0;
}

static int read_address(struct reader *r, size_t end, uint8_t len, struct dns_address *out)
{
    if (end - r->at != len)
        return fault_set(r->fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "byte %zu: address of %zu bytes instead of %u", r->at, end - r->at,
                         (unsigned)len);
    out->len = len;
    memcpy(out->bytes, r->bytes.at + r->at, len);
    r->at = end;
    return 0;
}

static int read_data(struct reader *r, size_t end, struct dns_record *out)
{
    int err = 0;
    switch (dns_shape(out->type, out->klass)) {
    case DNS_SHAPE_ADDRESS:
        err = read_address(r, end, out->type == DNS_A ? 4 : 16, &out->data.address);
        break;
    case DNS_SHAPE_NAME:
        err = read_name(r, &out->data.target);
        break;
    case DNS_SHAPE_SRV:
        err = read_srv(r, end, &out->data.srv);
        break;
    case DNS_SHAPE_SOA:
        err = read_soa(r, end, &out->data.soa);
        break;
    case DNS_SHAPE_RAW:
        out->data.raw = slice_make(r->bytes.at + r->at, end - r->at);
        r->at = end;
        break;
    }
    if (!err && r->at != end)
        err = fault_set(r->fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                        "byte %zu: record data should end at byte %zu", r->at, end);
    return err;
}

/* A record, up to and with its data. */
static int read_record(struct reader *r, struct dns_record *out)
{
    int err = read_name(r, &out->name);
    if (err)
        return err;
    if (!has(r, 10))
        return cut_off(r, "record");
    out->type = read_16(r);
    out->klass = read_16(r);
    out->ttl = read_32(r);
    size_t len = read_16(r);
    if (!has(r, len))
        return cut_off(r, "record data");
    if (out->type == DNS_OPT) { /* its class is a size: not to be taken for IN */
        out->data.raw = slice_make(r->bytes.at + r->at, len);
        r->at += len;
        return 0;
    }
    if (out->ttl > INT32_MAX) /* RFC 2181 section 8 */
        out->ttl = 0;
    return read_data(r, r->at + len, out);
}

/* The OPT pseudo-record: its fields are the message's (RFC 6891 section 6.1). */
static int take_opt(struct reader *r, const struct dns_record *opt, struct dns_message *out)
{
    if (out->edns || !slice_eq(opt->name, SLICE(".")))
        return fault_set(r->fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "byte %zu: second OPT record, or one with a name", r->at);
    out->edns = true;
    out->edns_udp_size = opt->klass;
    out->edns_version = (uint8_t)(opt->ttl >> 16);
    out->rcode = (uint16_t)(out->rcode | (opt->ttl >> 24) << 4);
    return 0;
}

static int read_section(struct reader *r, size_t count, bool opt_allowed,
                        struct dns_section *section, struct dns_message *out)
{
    /* Every record takes 11 bytes at least: no memory for a count that lies. */
    if (!has(r, count * 11))
        return cut_off(r, "section");
    section->records = arena_array(r->arena, struct dns_record, count);
    for (size_t i = 0; i < count; i++) {
        struct dns_record *record = &section->records[section->count];
        int err = read_record(r, record);
        if (!err && record->type == DNS_OPT && opt_allowed)
            err = take_opt(r, record, out);
        else if (!err && record->type == DNS_OPT)
            err = fault_set(r->fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                            "byte %zu: OPT record outside the additional section", r->at);
        else
            section->count++;
        if (err)
            return err;
    }
    return 0;
}

static void read_flags(uint16_t flags, struct dns_message *out)
{
    out->response = flags & 0x8000;
    out->opcode = flags >> 11 & 0x0f;
    out->authoritative = flags & 0x0400;
    out->truncated = flags & 0x0200;
    out->recursion_desired = flags & 0x0100;
    out->recursion_available = flags & 0x0080;
    out->rcode = flags & 0x000f;
}

int dns_parse(struct arena *arena, struct slice bytes, struct dns_message *out, struct fault *fault)
{
    struct reader r = {.arena = arena, .bytes = bytes, .fault = fault};
    *out = (struct dns_message){0};
    if (bytes.len < DNS_HEADER)
        return cut_off(&r, "header");
    out->id = read_16(&r);
    read_flags(read_16(&r), out);
    size_t questions = read_16(&r), answers = read_16(&r), authority = read_16(&r),
           additional = read_16(&r);
    if (questions > DNS_QUESTIONS_MAX || answers + authority + additional > DNS_RECORDS_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_DNS_MALFORMED,
                         "%zu questions and %zu records in one message", questions,
                         answers + authority + additional);
    out->questions = arena_array(arena, struct dns_question, questions);
    for (; out->question_count < questions; out->question_count++) {
        int err = read_question(&r, &out->questions[out->question_count]);
        if (err)
            return err;
    }
    int err = read_section(&r, answers, false, &out->answer, out);
    if (!err)
        err = read_section(&r, authority, false, &out->authority, out);
    if (!err)
        err = read_section(&r, additional, true, &out->additional, out);
    return err; /* bytes behind the last record are let pass, as resolvers do */
}

/* ---- printing ----------------------------------------------------------------- */

/* Where a (part of a) name was written, for pointers to it. */
struct suffix {
    struct slice name;
    size_t at;
};

struct printer {
    struct buf *out;
    size_t start; /* of the message in out */
    size_t limit; /* bytes of message */
    struct fault *fault;
    struct suffix suffixes[SUFFIXES_MAX];
    size_t suffix_count;
};

static void add_16(struct buf *out, uint16_t n)
{
    buf_add_byte(out, (char)(n >> 8));
    buf_add_byte(out, (char)(n & 0xff));
}

static void add_32(struct buf *out, uint32_t n)
{
    add_16(out, (uint16_t)(n >> 16));
    add_16(out, (uint16_t)(n & 0xffff));
}

static void put_16(struct printer *p, size_t at, size_t n)
{
    if (p->out->len < p->start + at + 2)
        return; /* the buffer's limit was smaller than that: it has failed */
    p->out->at[p->start + at] = (char)(n >> 8 & 0xff);
    p->out->at[p->start + at + 1] = (char)(n & 0xff);
}

/* Compare with case: a client that varies the case of its question (0x20) wants
 * exactly that back, and a name of ours keeps our spelling. */
static bool find_suffix(const struct printer *p, struct slice name, size_t *at)
{
    for (size_t i = 0; i < p->suffix_count; i++) {
        if (slice_eq(p->suffixes[i].name, name)) {
            *at = p->suffixes[i].at;
            return true;
        }
    }
    return false;
}

static int add_name(struct printer *p, struct slice name, bool compress)
{
    int err = dns_name_check(name, p->fault);
    if (err)
        return err;
    struct slice rest = slice_eq(name, SLICE(".")) ? slice_make("", 0) : name;
    while (!slice_empty(rest)) {
        uint8_t label[DNS_LABEL_MAX];
        size_t at = p->out->len - p->start;
        size_t known;
        if (compress && find_suffix(p, rest, &known)) {
            add_16(p->out, (uint16_t)(0xc000 | known));
            return 0;
        }
        if (at <= POINTER_REACH && p->suffix_count < SUFFIXES_MAX)
            p->suffixes[p->suffix_count++] = (struct suffix){rest, at};
        int len = dns_label_next(&rest, label);
        buf_add_byte(p->out, (char)len);
        buf_add(p->out, slice_make(label, (size_t)len));
    }
    buf_add_byte(p->out, 0);
    return 0;
}

static int add_soa(struct printer *p, const struct dns_soa *soa)
{
    int err = add_name(p, soa->mname, true);
    if (!err)
        err = add_name(p, soa->rname, true);
    add_32(p->out, soa->serial);
    add_32(p->out, soa->refresh);
    add_32(p->out, soa->retry);
    add_32(p->out, soa->expire);
    add_32(p->out, soa->minimum);
    return err;
}

static int add_data(struct printer *p, const struct dns_record *record)
{
    const struct dns_srv *srv = &record->data.srv;
    switch (dns_shape(record->type, record->klass)) {
    case DNS_SHAPE_ADDRESS:
        buf_add(p->out, slice_make(record->data.address.bytes, record->type == DNS_A ? 4 : 16));
        return 0;
    case DNS_SHAPE_NAME:
        return add_name(p, record->data.target, true);
    case DNS_SHAPE_SRV:
        add_16(p->out, srv->priority);
        add_16(p->out, srv->weight);
        add_16(p->out, srv->port);
        return add_name(p, srv->target, false); /* RFC 2782: never compressed */
    case DNS_SHAPE_SOA:
        return add_soa(p, &record->data.soa);
    case DNS_SHAPE_RAW:
        buf_add(p->out, record->data.raw);
        return 0;
    }
    return -ERR_INTERNAL;
}

/* Undo everything behind `at`, also the pointers into it. */
static void cut_back(struct printer *p, size_t at)
{
    if (p->out->len > p->start + at)
        p->out->len = p->start + at;
    if (p->out->at)
        p->out->at[p->out->len] = 0;
    while (p->suffix_count > 0 && p->suffixes[p->suffix_count - 1].at >= at)
        p->suffix_count--;
}

/* -ERR_LIMIT when it does not fit; then nothing of it was written. */
static int add_record(struct printer *p, const struct dns_record *record)
{
    size_t at = p->out->len - p->start;
    int err = add_name(p, record->name, true);
    add_16(p->out, record->type);
    add_16(p->out, record->klass);
    add_32(p->out, record->ttl);
    size_t length_at = p->out->len - p->start;
    add_16(p->out, 0);
    if (!err)
        err = add_data(p, record);
    size_t end = p->out->len - p->start;
    if (err || buf_failed(p->out) || end > p->limit || end - length_at - 2 > UINT16_MAX) {
        cut_back(p, at);
        return err ? err : -ERR_LIMIT;
    }
    put_16(p, length_at, end - length_at - 2);
    return 0;
}

static int add_section(struct printer *p, const struct dns_section *section, size_t count_at,
                       bool *full)
{
    size_t count = 0;
    for (; count < section->count && !*full; count++) {
        int err = add_record(p, &section->records[count]);
        if (err == -ERR_LIMIT)
            *full = true;
        if (err == -ERR_LIMIT)
            break;
        if (err)
            return err;
    }
    put_16(p, count_at, count);
    return 0;
}

static uint16_t flags_of(const struct dns_message *m)
{
    return (uint16_t)((m->response ? 0x8000 : 0) | (m->opcode & 0x0f) << 11 |
                      (m->authoritative ? 0x0400 : 0) | (m->truncated ? 0x0200 : 0) |
                      (m->recursion_desired ? 0x0100 : 0) | (m->recursion_available ? 0x0080 : 0) |
                      (m->rcode & 0x000f));
}

static int print_head(struct printer *p, const struct dns_message *m)
{
    add_16(p->out, m->id);
    add_16(p->out, flags_of(m));
    add_16(p->out, (uint16_t)m->question_count);
    for (int i = 0; i < 3; i++)
        add_16(p->out, 0);
    for (size_t i = 0; i < m->question_count; i++) {
        int err = add_name(p, m->questions[i].name, true);
        if (err)
            return err;
        add_16(p->out, m->questions[i].type);
        add_16(p->out, m->questions[i].klass);
    }
    if (buf_failed(p->out) || p->out->len - p->start > p->limit)
        return fault_set(p->fault, ERR_LIMIT, FINDING_DNS_MALFORMED,
                         "header and question do not fit into %zu bytes", p->limit);
    return 0;
}

static void print_opt(struct printer *p, const struct dns_message *m, size_t additional)
{
    buf_add_byte(p->out, 0); /* name: the root */
    add_16(p->out, DNS_OPT);
    add_16(p->out, m->edns_udp_size);
    add_32(p->out, (uint32_t)(m->rcode >> 4) << 24 | (uint32_t)m->edns_version << 16);
    add_16(p->out, 0);
    put_16(p, 10, additional + 1);
}

int dns_print(struct buf *out, const struct dns_message *message, size_t limit, struct fault *fault)
{
    size_t reserve = message->edns ? OPT_SIZE : 0;
    struct printer p = {.out = out, .start = out->len, .fault = fault};
    if (limit > DNS_MESSAGE_MAX)
        limit = DNS_MESSAGE_MAX;
    p.limit = limit > reserve ? limit - reserve : 0;
    int err = print_head(&p, message);
    bool full = false;
    if (!err)
        err = add_section(&p, &message->answer, 6, &full);
    if (!err)
        err = add_section(&p, &message->authority, 8, &full);
    if (!err && full)
        put_16(&p, 2, flags_of(message) | 0x0200U);
    if (!err)
        err = add_section(&p, &message->additional, 10, &full);
    if (err) {
        cut_back(&p, 0);
        return err;
    }
    if (message->edns) {
        const uint8_t *count = (const uint8_t *)out->at + p.start + 10;
        print_opt(&p, message, (size_t)count[0] << 8 | count[1]);
    }
    return buf_failed(out) ? -ERR_LIMIT : 0;
}
