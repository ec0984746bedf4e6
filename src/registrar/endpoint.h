/* An endpoint: one device or program at which a user is signed in. */
#ifndef LYCHGATE_REGISTRAR_ENDPOINT_H
#define LYCHGATE_REGISTRAR_ENDPOINT_H

#include "base/arena.h"
#include "base/guid.h"
#include "base/slice.h"
#include "sip/print.h"
#include "sip/reply.h"

#include <stdint.h>

/* A connection, named so that other loops may speak of it: the loop it lives on
 * and its number there. Plain data. */
struct flow {
    uint64_t conn;
    uint32_t loop;
};

static inline bool flow_eq(struct flow a, struct flow b)
{
    return a.conn == b.conn && a.loop == b.loop;
}

enum {
    ENDPOINT_EPID_MAX = 16 /* characters of an epid ([MS-SIPRE] section 2.2) */
};

/* Read-only for everybody but the registrar. Strings are the endpoint's own and
 * live until its next REGISTER or its end. */
struct endpoint {
    struct slice account; /* "alice@contoso.test" */
    struct slice epid;    /* absent when only the instance is known */
    struct guid instance; /* +sip.instance, given or derived from the epid */
    struct slice gruu;    /* "sip:alice@...;opaque=user:epid:...;gruu" */
    struct slice contact; /* the Contact URI as sent, or what proxy=replace made of it */
    struct slice user_agent;
    struct slice call_id;  /* of the REGISTER: names the implicit subscription */
    struct slice from_tag; /* of the latest REGISTER */
    struct slice to_tag;   /* that we gave */
    uint32_t cseq;         /* of our latest request in it, 0: there was none */
    bool notified;         /* it asked for Event: registration */
    struct flow flow;
    int64_t since, expires; /* ms since the epoch */
};

/* The GUID that belongs to an epid ([MS-SIPREGE], version 5 form over a fixed name
 * space), and the GRUU's opaque part for it. The GRUU comes from the arena. */
struct guid endpoint_instance_of_epid(struct slice epid);
struct slice endpoint_gruu(struct arena *arena, struct slice account, const struct guid *instance);

/* Read "urn:uuid:GUID" or a bare GUID, either case; -ERR_MALFORMED otherwise. */
int endpoint_instance_parse(struct slice text, struct guid *instance_out);

/* A message for an endpoint: the server finds the flow, signs it there, sends it. */
struct outgoing {
    struct outgoing *next;
    struct flow flow;
    struct slice account, epid, instance; /* whose association signs it; instance: bare GUID */
    struct sip_request request;           /* Via and branch are filled in on the way out */
    struct sip_out *forwarded;            /* instead of request: a message of somebody else's, with
                                             its Vias in place; in the list's arena */
    bool last;                            /* the connection ends behind it */
};

/* In order; everything lives in the arena of the exchange that made it. */
struct outgoing_list {
    struct arena *arena;
    struct outgoing *first, **last;
};

static inline void outgoing_init(struct outgoing_list *list, struct arena *arena)
{
    *list = (struct outgoing_list){.arena = arena};
    list->last = &list->first;
}

/* A new, empty message at the end of the list. */
struct outgoing *outgoing_add(struct outgoing_list *list);

#endif
