/* Name look-ups for the client and the troubleshooter, by c-ares, with all that
 * a person wants to know about the answer: which server, how long, by which
 * CNAMEs. Calls wait for the answer (poll) and do not disturb other threads; one
 * resolver belongs to one thread. Truncated answers are asked again over TCP. */
#ifndef LYCHGATE_CLIENT_RESOLVER_H
#define LYCHGATE_CLIENT_RESOLVER_H

#include "discover/dns.h"

struct resolver;

enum resolver_family {
    RESOLVER_V4 = 1,
    RESOLVER_V6 = 2,
    RESOLVER_BOTH = 3, /* IPv4 first in the answer; AAAA is asked beside A */
};

struct resolver_options {
    /* "HOST[:PORT]" or "[V6]:PORT", an address; absent: those of the system, and
     * then /etc/hosts is looked at first, as getaddrinfo does. */
    struct slice nameserver;
    int timeout_ms; /* of the first try, 0: 2000; c-ares doubles it from try to try */
    int tries;      /* of each server, 0: 2 */
    bool tcp;       /* never UDP */
};

/* A resolver. Returns NULL with *fault (CONFIG_INVALID: not an address and port;
 * DNS_NO_SERVER: the library cannot start). */
struct resolver *resolver_new(const struct resolver_options *options, struct fault *fault);
void resolver_free(struct resolver *resolver);

SCOPED_FREE(resolver, struct resolver, resolver_free)

/* An answer; everything lives in the arena of the call. Also filled, as far as
 * things got, when the call fails. */
struct resolver_answer {
    struct slice name;             /* as asked */
    struct dns_address *addresses; /* of resolver_lookup */
    size_t address_count;
    struct slice *cnames; /* the chain in order, without `name` itself */
    size_t cname_count;
    struct dns_srv *targets; /* of resolver_srv, as sent: rank with discover_rank */
    size_t target_count;
    uint32_t ttl;        /* seconds: the least of the records used */
    struct slice server; /* "192.0.2.53:53", "hosts file", "literal"; absent: none answered */
    uint16_t rcode;      /* enum dns_rcode of the last answer */
    bool tcp;            /* the answer came over TCP */
    int64_t spent_us;    /* from question to result */
};

/* Addresses of a host; a literal address is handed back. Returns 0, or
 *  -ERR_UNKNOWN    DNS_NOT_FOUND: the detail tells "does not exist (NXDOMAIN)" from
 *                  "exists, but has no A or AAAA record (NODATA)"
 *  -ERR_IO         DNS_NO_SERVER: silence, refusals or failures of all servers
 *  -ERR_MALFORMED  DNS_MALFORMED: an answer that cannot be read, or a bad name */
int resolver_lookup(struct resolver *resolver, struct slice host, enum resolver_family family,
                    struct arena *arena, struct resolver_answer *out, struct fault *fault);

/* SRV records of a name such as "_sip._tls.contoso.test"; errors as above. */
int resolver_srv(struct resolver *resolver, struct slice name, struct arena *arena,
                 struct resolver_answer *out, struct fault *fault);

#endif
