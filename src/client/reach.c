#include "client/reach.h"

#include "base/random.h"
#include "discover/order.h"

#include <stdlib.h>
#include <sys/time.h>

/* ---- --connect-to -------------------------------------------------------------------- */

struct connect_to {
    struct connect_to *next;
    struct slice from_host, to_host; /* without brackets; empty: any, unchanged */
    uint16_t from_port, to_port;     /* 0: any, unchanged */
};

/* A host, perhaps in brackets, up to the next colon. */
static bool cut_host(struct slice *rest, struct slice *host_out)
{
    if (slice_starts(*rest, SLICE("["))) {
        ptrdiff_t end = slice_index(*rest, ']');
        if (end < 0)
            return false;
        *host_out = slice_make(rest->at + 1, (size_t)end - 1);
        *rest = slice_from(*rest, (size_t)end + 1);
        if (!slice_starts(*rest, SLICE(":")))
            return false;
        *rest = slice_from(*rest, 1);
        return true;
    }
    struct slice all = *rest;
    return slice_cut(all, ':', host_out, rest);
}

static bool read_port(struct slice text, uint16_t *out)
{
    uint64_t number = 0;
    if (!slice_empty(text) && (slice_number(text, UINT16_MAX, &number) < 0 || number == 0))
        return false;
    *out = (uint16_t)number;
    return true;
}

static bool parse_row(struct slice text, struct connect_to *row)
{
    struct slice port, rest = text;
    return cut_host(&rest, &row->from_host) && slice_cut(rest, ':', &port, &rest) &&
           read_port(port, &row->from_port) && cut_host(&rest, &row->to_host) &&
           read_port(rest, &row->to_port);
}

int connect_to_parse(struct arena *arena, const char *const *rows, struct connect_to **out,
                     struct fault *fault)
{
    *out = NULL;
    for (struct connect_to **end = out; rows && *rows; rows++) {
        struct connect_to *row = arena_new_of(arena, struct connect_to);
        if (!parse_row(arena_copy(arena, slice_of(*rows)), row))
            return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                             "--connect-to takes HOST:PORT:HOST:PORT, not `%.100s`", *rows);
        *end = row;
        end = &row->next;
    }
    return 0;
}

void connect_to_apply(const struct connect_to *row, struct slice *host, uint16_t *port)
{
    for (; row; row = row->next) {
        if ((!slice_empty(row->from_host) && !slice_eq_nocase(row->from_host, *host)) ||
            (row->from_port && row->from_port != *port))
            continue;
        if (!slice_empty(row->to_host))
            *host = row->to_host;
        if (row->to_port)
            *port = row->to_port;
        return;
    }
}

/* ---- names ------------------------------------------------------------------------------ */

struct known {
    struct known *next;
    struct slice host;
    struct resolver_answer answer;
    int err;
    struct fault fault;
};

struct reaches {
    struct arena *arena;
    struct reaches_options with;
    struct known *known;
    unsigned questions;
    bool silent;
};

struct reaches *reaches_new(const struct reaches_options *options)
{
    struct reaches *reaches = must_calloc(1, sizeof *reaches);
    reaches->arena = arena_new();
    reaches->with = *options;
    return reaches;
}

void reaches_free(struct reaches *reaches)
{
    if (!reaches)
        return;
    arena_free(reaches->arena);
    free(reaches);
}

struct slice reach_print(struct arena *arena, struct slice host, uint16_t port)
{
    bool v6 = slice_index(host, ':') >= 0;
    return arena_print(arena, "%s%.*s%s:%u", v6 ? "[" : "", SLICE_ARG(host), v6 ? "]" : "", port);
}

static int64_t wall_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

/* "CNAME webdir.contoso.test, 192.0.2.1, 2001:db8::1" */
static struct slice describe(struct arena *arena, const struct resolver_answer *answer)
{
    scoped(buf) struct buf out = BUF_INIT;
    for (size_t i = 0; i < answer->cname_count; i++)
        buf_print(&out, "%sCNAME %.*s", out.len ? ", " : "", SLICE_ARG(answer->cnames[i]));
    for (size_t i = 0; i < answer->address_count; i++)
        buf_print(&out, "%s%.*s", out.len ? ", " : "",
                  SLICE_ARG(dns_address_print(arena, &answer->addresses[i])));
    for (size_t i = 0; i < answer->target_count; i++)
        buf_print(&out, "%s%.*s:%u", out.len ? ", " : "", SLICE_ARG(answer->targets[i].target),
                  answer->targets[i].port);
    return arena_copy(arena, buf_slice(&out));
}

static void write_trace(struct reaches *reaches, const char *type, struct slice name,
                        const struct resolver_answer *answer, struct slice said)
{
    if (!reaches->with.trace)
        return;
    scoped(arena) struct arena *arena = arena_new();
    struct slice server = slice_empty(answer->server) ? SLICE("name server") : answer->server;
    struct trace_record record = {
        .at_us = wall_us() - answer->spent_us,
        .layer = TRACE_DNS,
        .from = SLICE("client"),
        .to = server,
        .conversation = arena_print(arena, "dns%u", ++reaches->questions),
        .text = arena_print(arena, "%s %.*s", type, SLICE_ARG(name)),
    };
    trace_write(reaches->with.trace, &record);
    if (slice_empty(answer->server))
        return;
    record.at_us += answer->spent_us;
    record.from = server;
    record.to = SLICE("client");
    record.text = arena_print(arena, "answer %.*s", SLICE_ARG(said));
    trace_write(reaches->with.trace, &record);
}

/* Ask, tell, trace. */
static int ask(struct reaches *reaches, const char *type, struct slice name, struct arena *arena,
               struct resolver_answer *out, struct fault *fault)
{
    struct report *report = reaches->with.report;
    bool srv = type[0] == 'S';
    report_begin(report, "dns", "%s %.*s", type, SLICE_ARG(name));
    int err = srv ? resolver_srv(reaches->with.resolver, name, arena, out, fault)
                  : resolver_lookup(reaches->with.resolver, name, RESOLVER_BOTH, arena, out, fault);
    if (err == 0 && srv)
        out->target_count = discover_rank(out->targets, out->target_count, random_below);
    reaches->silent = err && slice_empty(out->server);
    struct slice said = err ? slice_of(fault->detail) : describe(arena, out);
    report_whom(report, out->server);
    write_trace(reaches, type, name, out, said);
    if (err)
        report_received(report, describe(arena, out));
    else
        report_good(report, "%.*s", SLICE_ARG(said));
    return err;
}

static struct known *look_up(struct reaches *reaches, struct slice host)
{
    for (struct known *known = reaches->known; known; known = known->next)
        if (slice_eq_nocase(known->host, host))
            return known;
    struct known *known = arena_new_of(reaches->arena, struct known);
    known->host = arena_copy(reaches->arena, host);
    known->err = ask(reaches, "A", known->host, reaches->arena, &known->answer, &known->fault);
    known->next = reaches->known;
    reaches->known = known;
    return known;
}

int reaches_find(struct reaches *reaches, struct slice host, uint16_t port, struct reach *out,
                 struct fault *fault)
{
    struct dns_address *literal = arena_new_of(reaches->arena, struct dns_address);
    connect_to_apply(reaches->with.connect_to, &host, &port);
    *out = (struct reach){arena_copy(reaches->arena, host), port, literal, 1};
    if (dns_address_parse(host, literal) == 0)
        return 0;
    const struct known *known = look_up(reaches, host);
    if (known->err) {
        *fault = known->fault;
        return known->err;
    }
    out->addresses = known->answer.addresses;
    out->address_count = known->answer.address_count;
    return 0;
}

struct slice reaches_alias(const struct reaches *reaches, struct slice host)
{
    for (const struct known *known = reaches->known; known; known = known->next)
        if (slice_eq_nocase(known->host, host) && known->answer.cname_count > 0)
            return known->answer.cnames[known->answer.cname_count - 1];
    return (struct slice){0};
}

bool reaches_silent(const struct reaches *reaches)
{
    return reaches->silent;
}

int reaches_srv(struct reaches *reaches, struct slice name, struct arena *arena,
                struct resolver_answer *out, struct fault *fault)
{
    return ask(reaches, "SRV", name, arena, out, fault);
}
