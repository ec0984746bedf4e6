/* What a Lychgate site publishes in DNS: one description, read by the zone file
 * that `lychgate dns zone` prints, by the lab name server, and by the maker of
 * the server's certificate. docs/dns.md explains the records. */
#ifndef LYCHGATE_DISCOVER_ZONE_H
#define LYCHGATE_DISCOVER_ZONE_H

#include "discover/dns.h"

enum {
    ZONE_TTL = 300, /* seconds: short, for people who are still moving hosts */
    ZONE_ADDRESSES_MAX = 16,
    ZONE_HOSTS_MAX = 16,
};

/* Absent or zero fields take the default in brackets. */
struct zone_options {
    struct slice domain;                 /* D, the part of alice@D; required */
    const struct dns_address *addresses; /* where all hosts inside D live; at least one */
    size_t address_count;
    struct slice web_host;          /* [webdir.D] autodiscover, tickets, certificates */
    struct slice sip_host;          /* [sip.D] where inside clients register */
    struct slice sip_external_host; /* [sipfed.D] where outside clients register */
    const struct slice *hosts;      /* further hosts of this server, such as the Org ID role's */
    size_t host_count;
    struct slice name_server;   /* [ns.D] */
    uint16_t sip_port;          /* [5061] port of _sipinternaltls._tcp */
    uint16_t sip_external_port; /* [443] port of _sip._tls */
    uint32_t ttl;               /* [ZONE_TTL] */
    uint32_t serial;            /* [1] */
};

/* Plain data; everything lives in the arena given to zone_build. */
struct zone {
    struct slice domain;
    struct dns_record *records; /* records[0] is the SOA, then NS, then the rest */
    size_t record_count;
    struct slice *names; /* see zone_names */
    size_t name_count;
    struct slice *outside; /* hosts of this server that are not in D: no records here */
    size_t outside_count;
};

/* Work the records out. Strings are copied. Returns 0, or -ERR_MALFORMED
 * (FINDING_CONFIG_INVALID, detail names the option) or -ERR_LIMIT. */
int zone_build(struct arena *arena, const struct zone_options *options, struct zone *out,
               struct fault *fault);

/* Take away all records of that name (without D: "lyncdiscover", "_sip._tls")
 * and type (DNS_ANY: every type): a laboratory's missing record. Returns how
 * many were removed. The SOA stays. */
size_t zone_remove(struct zone *zone, struct slice prefix, enum dns_type type);

/* The zone as an RFC 1035 section 5 master file that named-checkzone accepts;
 * hosts outside D are named in a comment. */
void zone_print(struct buf *out, const struct zone *zone);

/* The host names that the server's certificate must carry, without repeats, in
 * this order: lyncdiscover.D, lyncdiscoverinternal.D, web host, SIP host,
 * external SIP host, sipinternal.D, sipexternal.D, sip.D, further hosts.
 * Clients check the name they asked for, not where a CNAME led them. */
static inline const struct slice *zone_names(const struct zone *zone, size_t *count_out)
{
    *count_out = zone->name_count;
    return zone->names;
}

#endif
