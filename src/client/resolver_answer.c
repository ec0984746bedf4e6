/* From the answers of name servers to addresses, SRV targets, or the reason why
 * there are none. RFC 2308 tells "no such name" from "no such record". */
#include "client/resolver_priv.h"

#include <ares.h>

enum {
    CNAMES_MAX = 16
};

/* What one answer comes to; the order is that of precedence when A and AAAA
 * differ: a name that does not exist has neither, but a record that is missing
 * proves nothing while the other question got no answer. */
enum outcome {
    OUTCOME_NODATA,
    OUTCOME_NO_SERVER,
    OUTCOME_MALFORMED,
    OUTCOME_NXDOMAIN,
    OUTCOME_FOUND,
};

/* A status of c-ares without an answer to read: what it means, and in words. */
struct status_row {
    int status;
    enum outcome outcome;
    uint16_t rcode;
    const char *words;
};

static const struct status_row STATUSES[] = {
    {ARES_ESERVFAIL, OUTCOME_NO_SERVER, DNS_SERVFAIL, "the server failed (SERVFAIL)"},
    {ARES_EREFUSED, OUTCOME_NO_SERVER, DNS_REFUSED, "the server refused (REFUSED)"},
    {ARES_ENOTIMP, OUTCOME_NO_SERVER, DNS_NOTIMP, "the server cannot do that (NOTIMP)"},
    {ARES_EFORMERR, OUTCOME_NO_SERVER, DNS_FORMERR, "the server did not understand (FORMERR)"},
    {ARES_ETIMEOUT, OUTCOME_NO_SERVER, DNS_NOERROR, "no answer came in time"},
    {ARES_ECONNREFUSED, OUTCOME_NO_SERVER, DNS_NOERROR, "nothing listens there"},
    {ARES_EBADRESP, OUTCOME_MALFORMED, DNS_NOERROR, "the answer cannot be read"},
    {ARES_EBADNAME, OUTCOME_MALFORMED, DNS_NOERROR, "the name cannot be asked for"},
};

struct verdict {
    enum outcome outcome;
    const char *words;
};

/* The end of the CNAME chain that starts at `name`; links are noted. */
static struct slice follow_aliases(const struct dns_message *m, struct slice name,
                                   struct arena *arena, struct resolver_answer *out)
{
    struct slice chain[CNAMES_MAX];
    size_t count = 0;
    for (bool found = true; found && count < CNAMES_MAX;) {
        found = false;
        for (size_t i = 0; i < m->answer.count && !found; i++) {
            const struct dns_record *r = &m->answer.records[i];
            if (r->type != DNS_CNAME || r->klass != DNS_CLASS_IN || !dns_name_eq(r->name, name))
                continue;
            found = true;
            name = chain[count++] = r->data.target;
            out->ttl = r->ttl < out->ttl ? r->ttl : out->ttl;
        }
    }
    if (count > out->cname_count) {
        out->cnames = arena_array(arena, struct slice, count);
        for (size_t i = 0; i < count; i++)
            out->cnames[i] = chain[i];
        out->cname_count = count;
    }
    return name;
}

static void collect(const struct dns_record *r, struct resolver_answer *out)
{
    if (r->type == DNS_SRV)
        out->targets[out->target_count++] = r->data.srv;
    else
        out->addresses[out->address_count++] = r->data.address;
    out->ttl = r->ttl < out->ttl ? r->ttl : out->ttl;
}

static struct verdict read_answer(const struct asked *q, struct resolver_answer *out)
{
    struct verdict v = {.outcome = OUTCOME_MALFORMED};
    struct fault fault;
    struct dns_message m;
    if (dns_parse(q->arena, q->bytes, &m, &fault) != 0) {
        v.words = arena_string(q->arena, slice_of(fault.detail));
        return v;
    }
    size_t before = out->address_count + out->target_count;
    out->rcode = m.rcode;
    struct slice name = follow_aliases(&m, out->name, q->arena, out);
    for (size_t i = 0; i < m.answer.count; i++) {
        const struct dns_record *r = &m.answer.records[i];
        if (r->type == q->type && r->klass == DNS_CLASS_IN && dns_name_eq(r->name, name))
            collect(r, out);
    }
    if (out->address_count + out->target_count > before)
        v = (struct verdict){.outcome = OUTCOME_FOUND};
    else if (m.rcode == DNS_NXDOMAIN)
        v = (struct verdict){OUTCOME_NXDOMAIN, "does not exist (NXDOMAIN)"};
    else
        v = (struct verdict){OUTCOME_NODATA, "exists, but has no such record (NODATA)"};
    return v;
}

static struct verdict judge(const struct asked *q, struct resolver_answer *out)
{
    if (!slice_absent(q->bytes) &&
        (q->status == ARES_SUCCESS || q->status == ARES_ENODATA || q->status == ARES_ENOTFOUND))
        return read_answer(q, out);
    /* How c-ares says that every server was passed over (see resolver_new). */
    if (q->status == ARES_ECONNREFUSED && !slice_absent(q->server))
        return (struct verdict){OUTCOME_NO_SERVER, "refused, or failed (SERVFAIL)"};
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (STATUSES[i].status != q->status)
            continue;
        out->rcode = STATUSES[i].rcode;
        return (struct verdict){STATUSES[i].outcome, STATUSES[i].words};
    }
    return (struct verdict){OUTCOME_NO_SERVER, ares_strerror(q->status)};
}

static int explain(const struct verdict *v, const struct asked *asked, size_t count,
                   int patience_ms, const struct resolver_answer *out, struct fault *fault)
{
    struct arena *arena = asked[0].arena;
    struct slice types = dns_type_name(arena, asked[0].type);
    struct slice name = slice_head(out->name, 80);
    struct slice who = slice_absent(out->server) ? SLICE("no server") : out->server;
    struct slice alias = {0};
    if (count > 1)
        types = arena_print(arena, "%.*s and %.*s", SLICE_ARG(types),
                            SLICE_ARG(dns_type_name(arena, asked[1].type)));
    if (out->cname_count > 0)
        alias = arena_print(arena, " (an alias of %.*s)",
                            SLICE_ARG(slice_head(out->cnames[out->cname_count - 1], 80)));
    switch (v->outcome) {
    case OUTCOME_NODATA:
    case OUTCOME_NXDOMAIN:
        return fault_set(fault, ERR_UNKNOWN, FINDING_DNS_NOT_FOUND, "%.*s%.*s, %.*s: %s, says %.*s",
                         SLICE_ARG(name), SLICE_ARG(alias), SLICE_ARG(types), v->words,
                         SLICE_ARG(who));
    case OUTCOME_MALFORMED:
        return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED, "%.*s, %.*s: %s, from %.*s",
                         SLICE_ARG(name), SLICE_ARG(types), v->words, SLICE_ARG(who));
    case OUTCOME_NO_SERVER:
        return fault_set(fault, ERR_IO, FINDING_DNS_NO_SERVER,
                         "%.*s, %.*s: %s (%.*s; %d ms for the first try)", SLICE_ARG(name),
                         SLICE_ARG(types), v->words, SLICE_ARG(who), patience_ms);
    case OUTCOME_FOUND:
        break;
    }
    return 0;
}

int resolver_conclude(const struct asked *asked, size_t count, int patience_ms,
                      struct resolver_answer *out, struct fault *fault)
{
    struct arena *arena = asked[0].arena;
    struct verdict best = {0};
    out->ttl = UINT32_MAX;
    /* One message holds at most so many records; A and AAAA share the array. */
    if (asked[0].type == DNS_SRV)
        out->targets = arena_array(arena, struct dns_srv, DNS_RECORDS_MAX);
    else
        out->addresses = arena_array(arena, struct dns_address, count * DNS_RECORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        uint16_t rcode = out->rcode;
        struct verdict v = judge(&asked[i], out);
        bool better = i == 0 || v.outcome > best.outcome;
        if (better)
            best = v;
        if (!better)
            out->rcode = rcode;
        if (!slice_absent(asked[i].server) && (better || slice_absent(out->server))) {
            out->server = asked[i].server;
            out->tcp = asked[i].tcp;
        }
    }
    if (out->ttl == UINT32_MAX)
        out->ttl = 0;
    return explain(&best, asked, count, patience_ms, out, fault);
}
