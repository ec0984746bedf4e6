/* The order in which a client looks for its server. Lync 2013 and Skype for
 * Business clients ask autodiscover first, inside before outside, and fall to
 * SRV and host names only when that fails (docs/dns.md). */
#ifndef LYCHGATE_DISCOVER_ORDER_H
#define LYCHGATE_DISCOVER_ORDER_H

#include "discover/dns.h"

enum discover_kind {
    DISCOVER_AUTODISCOVER, /* ask scheme://name/ for the autodiscover root document */
    DISCOVER_SRV,          /* look up SRV records of name, connect to their targets by TLS */
    DISCOVER_HOST,         /* connect to name:port by TLS */
};

struct discover_row {
    enum discover_kind kind;
    const char *prefix; /* goes before ".D" */
    const char *scheme; /* "https", "http", or "tls" for SIP over TLS */
    uint16_t port;      /* 0: the SRV record says */
    bool internal;      /* meant for clients inside the network */
};

/* The table itself, ended by a row whose prefix is NULL (manual, tests, `diagnose`). */
extern const struct discover_row discover_table[];

struct discover_state {
    struct slice domain; /* borrowed */
    size_t next;         /* row of discover_table */
};

struct discover_attempt {
    enum discover_kind kind;
    struct slice name; /* "lyncdiscover.contoso.test", in the arena */
    const char *scheme;
    uint16_t port;
    bool internal;
};

static inline struct discover_state discover_start(struct slice domain)
{
    return (struct discover_state){.domain = domain};
}

/* The next thing to try; false when there is nothing left. */
bool discover_next(struct discover_state *state, struct arena *arena, struct discover_attempt *out);

/* Pass over the remaining attempts with the same name as the last one (it does
 * not resolve, so its other scheme or port need not be tried either). */
void discover_skip_name(struct discover_state *state);

/* Pass over the remaining autodiscover attempts: autodiscover is switched off,
 * or has given a final answer. */
void discover_skip_autodiscover(struct discover_state *state);

/* Put SRV targets in the order in which to try them: by priority, then drawn by
 * weight (RFC 2782). Targets "." are removed. `below(n)` yields a number in
 * [0, n); programs pass random_below. Returns how many targets are left. */
size_t discover_rank(struct dns_srv *targets, size_t count, uint32_t (*below)(uint32_t));

/* Desktop clients refuse an SRV target outside the user's SIP domain unless the
 * policy DisableStrictDNSNaming says otherwise. Returns 0, or -ERR_DENIED with
 * FINDING_DNS_STRICT_NAMING: a warning, since our client connects all the same. */
int discover_check_target(struct slice domain, struct slice target, struct fault *fault);

#endif
