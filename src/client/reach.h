/* From a name to the addresses to connect to: --connect-to, then DNS, each name
 * asked once. What curl and the SIP connection get is numbers. */
#ifndef LYCHGATE_CLIENT_REACH_H
#define LYCHGATE_CLIENT_REACH_H

#include "client/report_priv.h"
#include "client/resolver.h"
#include "trace/trace.h"

/* ---- --connect-to ------------------------------------------------------------------ */

struct connect_to; /* a list of "HOST1:PORT1:HOST2:PORT2" */

/* Read the list (ends with NULL; NULL: empty) into the arena. An empty HOST1 or PORT1
 * fits all, an empty HOST2 or PORT2 changes nothing; IPv6 addresses in brackets.
 * -ERR_MALFORMED, CONFIG_INVALID. */
int connect_to_parse(struct arena *arena, const char *const *rows, struct connect_to **out,
                     struct fault *fault);

/* Where to go for host:port; the first row that fits counts, as in curl. */
void connect_to_apply(const struct connect_to *list, struct slice *host, uint16_t *port);

/* ---- names --------------------------------------------------------------------------- */

struct reach {
    struct slice host; /* connected to: the name asked for, or that of --connect-to */
    uint16_t port;
    const struct dns_address *addresses;
    size_t address_count;
};

struct reaches; /* what was found, and the tools to find more */

struct reaches_options {
    struct resolver *resolver;
    const struct connect_to *connect_to;
    struct report *report;
    struct trace *trace; /* may be NULL */
};

/* All is borrowed. */
struct reaches *reaches_new(const struct reaches_options *options);
void reaches_free(struct reaches *reaches);

/* Where is host:port? Asks DNS at most once a name, as a step "dns" of its own (call it
 * before the step that needs it is opened). *out lives as long as `reaches`. Errors
 * are resolver_lookup's. */
int reaches_find(struct reaches *reaches, struct slice host, uint16_t port, struct reach *out,
                 struct fault *fault);

/* The last CNAME behind a name that was found, absent: it has none, or was not asked for. */
struct slice reaches_alias(const struct reaches *reaches, struct slice host);

/* SRV records, the same way; the answer is in the arena, ranked. */
int reaches_srv(struct reaches *reaches, struct slice name, struct arena *arena,
                struct resolver_answer *out, struct fault *fault);

/* Did the last question stay without any answer? Then the next one will, too. */
bool reaches_silent(const struct reaches *reaches);

/* "HOST:PORT" of both. */
struct slice reach_print(struct arena *arena, struct slice host, uint16_t port);

#endif
