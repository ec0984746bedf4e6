/* An authoritative name server for laboratories, without a socket: bytes of a
 * query in, bytes of the answer out. RFC 1034 section 4.3.2 for one server's own
 * zones, RFC 2308 (negative answers), RFC 8482 (ANY). It has no recursion and no
 * memory, so one may be used by several threads at once. */
#ifndef LYCHGATE_DISCOVER_NAMESERVER_H
#define LYCHGATE_DISCOVER_NAMESERVER_H

#include "discover/zone.h"

enum {
    NAMESERVER_UDP_MAX =
        1232, /* most we send over UDP, whatever EDNS0 offers (DNS flag day 2020) */
    NAMESERVER_CNAMES_MAX = 8, /* links of a CNAME chain that are followed */
};

enum nameserver_transport {
    NAMESERVER_UDP, /* cut to the size the client takes, TC set */
    NAMESERVER_TCP, /* the caller adds and removes the two bytes of length */
};

/* Borrowed: must stay as long as it answers. */
struct nameserver {
    const struct zone *zones; /* names outside them are REFUSED; the longest match answers */
    size_t zone_count;
};

/* What was asked and answered, for the log; may be NULL. Slices live in `arena`. */
struct nameserver_note {
    struct slice name; /* absent when the question could not be read */
    uint16_t type, rcode;
    size_t answers;
    bool truncated;
};

/* Answer one query: clears `answer` and fills it. Returns 0, or -ERR_MALFORMED
 * when nothing must be sent (too short for an id, or itself a response: answering
 * those lets two servers talk for ever). Broken queries get FORMERR. */
int nameserver_step(const struct nameserver *server, enum nameserver_transport transport,
                    struct slice query, struct arena *arena, struct buf *answer,
                    struct nameserver_note *note);

#endif
