/* The records of a site (docs/dns.md), and the master file of RFC 1035 section 5. */
#include "discover/zone.h"

#include <string.h>

/* For secondaries and negative caches; nobody transfers this zone by itself. */
enum {
    REFRESH = 3600,
    RETRY = 600,
    EXPIRE = 604800
};

/* Names that clients make up themselves from the domain, whatever the hosts are
 * called: they look for them when SRV or autodiscover does not help. */
static const char *const SIP_NAMES[] = {"sipinternal", "sipexternal", "sip"};
static const char *const DISCOVER_NAMES[] = {"lyncdiscover", "lyncdiscoverinternal"};
#define LONGEST_NAME "_sipinternaltls._tcp"

struct builder {
    struct arena *arena;
    const struct zone_options *options;
    struct zone *zone;
    struct fault *fault;
    struct slice web_host, sip_host, sip_external_host, name_server;
    uint32_t ttl;
};

static int refuse(struct builder *b, const char *option, struct slice value, const char *why)
{
    return fault_set(b->fault, ERR_MALFORMED, FINDING_CONFIG_INVALID, "%s \"%.*s\": %s", option,
                     SLICE_ARG(slice_head(value, 80)), why);
}

static struct slice below(struct builder *b, const char *prefix)
{
    return arena_print(b->arena, "%s.%.*s", prefix, SLICE_ARG(b->zone->domain));
}

/* A host option or its default; people like to write the final dot. */
static int take_host(struct builder *b, const char *option, struct slice given, const char *prefix,
                     struct slice *out)
{
    if (slice_empty(given)) {
        *out = below(b, prefix);
        return 0;
    }
    if (slice_ends(given, SLICE(".")))
        given.len--;
    if (!dns_host_valid(given))
        return refuse(b, option, given, "not a host name");
    *out = arena_copy(b->arena, given);
    return 0;
}

static bool known(const struct slice *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (dns_name_eq(names[i], name))
            return true;
    }
    return false;
}

static bool has_records(const struct zone *zone, struct slice name)
{
    for (size_t i = 0; i < zone->record_count; i++) {
        if (dns_name_eq(zone->records[i].name, name) && zone->records[i].type != DNS_SOA &&
            zone->records[i].type != DNS_NS)
            return true;
    }
    return false;
}

static struct dns_record *add(struct builder *b, struct slice name, enum dns_type type)
{
    struct dns_record *r = &b->zone->records[b->zone->record_count++];
    *r = (struct dns_record){
        .name = name, .type = (uint16_t)type, .klass = DNS_CLASS_IN, .ttl = b->ttl};
    return r;
}

/* Addresses for a host of ours, once; a host elsewhere is only remembered. */
static void add_host(struct builder *b, struct slice name)
{
    struct zone *z = b->zone;
    if (!dns_name_within(name, z->domain)) {
        if (!known(z->outside, z->outside_count, name))
            z->outside[z->outside_count++] = name;
        return;
    }
    if (has_records(z, name))
        return;
    for (size_t i = 0; i < b->options->address_count; i++) {
        const struct dns_address *a = &b->options->addresses[i];
        add(b, name, a->len == 4 ? DNS_A : DNS_AAAA)->data.address = *a;
    }
}

static void add_name(struct builder *b, struct slice name)
{
    struct zone *z = b->zone;
    if (!known(z->names, z->name_count, name))
        z->names[z->name_count++] = name;
}

static void add_authority(struct builder *b)
{
    uint32_t serial = b->options->serial ? b->options->serial : 1;
    add(b, b->zone->domain, DNS_SOA)->data.soa = (struct dns_soa){
        .mname = b->name_server,
        .rname = below(b, "hostmaster"),
        .serial = serial,
        .refresh = REFRESH,
        .retry = RETRY,
        .expire = EXPIRE,
        .minimum = b->ttl,
    };
    add(b, b->zone->domain, DNS_NS)->data.target = b->name_server;
}

static void add_srv(struct builder *b, const char *prefix, uint16_t port, struct slice target)
{
    add(b, below(b, prefix), DNS_SRV)->data.srv = (struct dns_srv){.port = port, .target = target};
}

/* Hosts come before the CNAMEs: a name that has addresses must have nothing else
 * (RFC 1034 section 3.6.2), and SRV and NS must not point at an alias. */
static void add_records(struct builder *b)
{
    const struct zone_options *o = b->options;
    add_authority(b);
    add_host(b, b->name_server);
    add_host(b, b->web_host);
    add_host(b, b->sip_host);
    add_host(b, b->sip_external_host);
    for (size_t i = 0; i < o->host_count; i++)
        add_host(b, o->hosts[i]);
    for (size_t i = 0; i < sizeof SIP_NAMES / sizeof *SIP_NAMES; i++)
        add_host(b, below(b, SIP_NAMES[i]));
    for (size_t i = 0; i < sizeof DISCOVER_NAMES / sizeof *DISCOVER_NAMES; i++) {
        struct slice name = below(b, DISCOVER_NAMES[i]);
        if (!has_records(b->zone, name))
            add(b, name, DNS_CNAME)->data.target = b->web_host;
    }
    add_srv(b, "_sipinternaltls._tcp", o->sip_port ? o->sip_port : 5061, b->sip_host);
    add_srv(b, "_sip._tls", o->sip_external_port ? o->sip_external_port : 443,
            b->sip_external_host);
}

static void add_names(struct builder *b)
{
    for (size_t i = 0; i < sizeof DISCOVER_NAMES / sizeof *DISCOVER_NAMES; i++)
        add_name(b, below(b, DISCOVER_NAMES[i]));
    add_name(b, b->web_host);
    add_name(b, b->sip_host);
    add_name(b, b->sip_external_host);
    for (size_t i = 0; i < sizeof SIP_NAMES / sizeof *SIP_NAMES; i++)
        add_name(b, below(b, SIP_NAMES[i]));
    for (size_t i = 0; i < b->options->host_count; i++)
        add_name(b, arena_copy(b->arena, b->options->hosts[i]));
}

static int check(struct builder *b)
{
    const struct zone_options *o = b->options;
    if (!dns_host_valid(b->zone->domain) || dns_name_check(below(b, LONGEST_NAME), NULL))
        return refuse(b, "domain", o->domain, "not a domain name, or too long a one");
    if (o->address_count == 0 || o->address_count > ZONE_ADDRESSES_MAX)
        return fault_set(b->fault, ERR_LIMIT, FINDING_CONFIG_INVALID,
                         "%zu addresses given, 1 to %d are possible", o->address_count,
                         ZONE_ADDRESSES_MAX);
    if (o->host_count > ZONE_HOSTS_MAX)
        return fault_set(b->fault, ERR_LIMIT, FINDING_CONFIG_INVALID,
                         "%zu further hosts given, at most %d are possible", o->host_count,
                         ZONE_HOSTS_MAX);
    for (size_t i = 0; i < o->host_count; i++) {
        if (!dns_host_valid(o->hosts[i]))
            return refuse(b, "host", o->hosts[i], "not a host name");
    }
    return 0;
}

int zone_build(struct arena *arena, const struct zone_options *options, struct zone *out,
               struct fault *fault)
{
    struct builder b = {.arena = arena, .options = options, .zone = out, .fault = fault};
    struct slice domain = options->domain;
    if (slice_ends(domain, SLICE(".")))
        domain.len--;
    *out = (struct zone){.domain = arena_copy(arena, domain)};
    b.ttl = options->ttl ? options->ttl : ZONE_TTL;
    int err = check(&b);
    if (!err)
        err = take_host(&b, "web-host", options->web_host, "webdir", &b.web_host);
    if (!err)
        err = take_host(&b, "sip-host", options->sip_host, "sip", &b.sip_host);
    if (!err)
        err = take_host(&b, "sip-external-host", options->sip_external_host, "sipfed",
                        &b.sip_external_host);
    if (!err)
        err = take_host(&b, "name-server", options->name_server, "ns", &b.name_server);
    if (err)
        return err;
    size_t hosts = 4 + sizeof SIP_NAMES / sizeof *SIP_NAMES + options->host_count;
    size_t aliases = sizeof DISCOVER_NAMES / sizeof *DISCOVER_NAMES;
    out->records =
        arena_array(arena, struct dns_record, 4 + aliases + hosts * options->address_count);
    out->names = arena_array(arena, struct slice, hosts + aliases);
    out->outside = arena_array(arena, struct slice, hosts);
    add_records(&b);
    add_names(&b);
    return 0;
}

size_t zone_remove(struct zone *zone, struct slice prefix, enum dns_type type)
{
    scoped(arena) struct arena *words = arena_new();
    struct slice name = zone->domain;
    if (!slice_empty(prefix))
        name = arena_print(words, "%.*s.%.*s", SLICE_ARG(prefix), SLICE_ARG(zone->domain));
    size_t kept = 0, before = zone->record_count;
    for (size_t i = 0; i < before; i++) {
        const struct dns_record *r = &zone->records[i];
        bool hit = dns_name_eq(r->name, name) && (type == DNS_ANY || r->type == type);
        if (!hit || r->type == DNS_SOA)
            zone->records[kept++] = *r;
    }
    zone->record_count = kept;
    return before - kept;
}

/* One group of the file: the records of these types. */
struct group {
    const char *comment;
    enum dns_type types[2];
};

static const struct group GROUPS[] = {
    {"Hosts. sip, sipinternal and sipexternal are what clients try without SRV records.",
     {DNS_A, DNS_AAAA}},
    {"Autodiscover: what Lync 2013 and newer, and all mobile clients, ask for first.",
     {DNS_CNAME, DNS_CNAME}},
    {"SRV: for clients that do not get through by autodiscover; inside, then outside.",
     {DNS_SRV, DNS_SRV}},
};

void zone_print(struct buf *out, const struct zone *zone)
{
    buf_print(out, "; What Lync and Skype for Business clients look up for %.*s.\n",
              SLICE_ARG(zone->domain));
    buf_print(out, "$ORIGIN %.*s.\n", SLICE_ARG(zone->domain));
    for (size_t i = 0; i < zone->record_count; i++) {
        if (zone->records[i].type == DNS_SOA || zone->records[i].type == DNS_NS)
            dns_record_print(out, &zone->records[i]);
    }
    for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++) {
        buf_print(out, "\n; %s\n", GROUPS[g].comment);
        for (size_t i = 0; i < zone->record_count; i++) {
            uint16_t type = zone->records[i].type;
            if (type == GROUPS[g].types[0] || type == GROUPS[g].types[1])
                dns_record_print(out, &zone->records[i]);
        }
    }
    for (size_t i = 0; i < zone->outside_count; i++)
        buf_print(out, "%s; %.*s lies outside %.*s: publish its addresses in its own zone.\n",
                  i ? "" : "\n", SLICE_ARG(zone->outside[i]), SLICE_ARG(zone->domain));
}
