/* Cmdlets that try a server out, Test-Cs...: they need a client, which is no business of this
 * room. Who has one hands in functions. */
#ifndef LYCHGATE_CS_PROBE_H
#define LYCHGATE_CS_PROBE_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* One who signs in. Strings end with NUL. */
struct cs_player {
    struct slice address; /* "alice@contoso.test" */
    struct slice login;   /* of his credential: "CONTOSO\\alice"; absent: none was given */
};

enum cs_authentication {
    CS_AUTH_NEGOTIATE,          /* a web ticket by password, as the server offers it */
    CS_AUTH_CLIENT_CERTIFICATE, /* a kept certificate, if there is one */
    CS_AUTH_LIVE_ID             /* Org ID */
};

struct cs_probe {
    struct slice target; /* the pool's host */
    uint16_t port;       /* of its registrar */
    enum cs_authentication authentication;
    struct cs_player player[2]; /* who signs in, or sender and receiver */
    bool verbose;
};

/* Slices are the arena's. */
struct cs_probed {
    bool good;
    int64_t latency_us;
    struct slice uri;       /* what was spoken to, where it has one */
    struct slice error;     /* when it is not good: why, in a sentence */
    struct slice diagnosis; /* details, and what to do */
};

typedef void cs_probe_fn(void *arg, const struct cs_probe *probe, struct arena *arena,
                         struct cs_probed *out);

struct cs_probes {
    cs_probe_fn *registration; /* sign in by SIP, and out */
    cs_probe_fn *mcx_im;       /* two phones, and a message from one to the other */
    void *arg;
};

#endif
