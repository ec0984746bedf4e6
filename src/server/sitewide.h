/* What the site's configurations say (policy/kind_config.c): how long phones may be silent,
 * whether they are woken, who is told of the mobility service. Read at the start, then once
 * a second by the watch, so that a cmdlet is obeyed without a restart. */
#ifndef LYCHGATE_SERVER_SITEWIDE_H
#define LYCHGATE_SERVER_SITEWIDE_H

#include "policy/policy.h"
#include "server/server_priv.h"

struct sitewide {
    bool push;             /* by Web Push; the other services are not spoken to */
    bool outside;          /* ExposedWebURL: those outside are told, too */
    int64_t session;       /* ms of silence for a phone that is woken by push */
    int64_t short_session; /* the same for one that polls */
};

/* What the policies that govern somebody of this site say of it. */
struct sitewide sitewide_of(const struct policy_effective *effective);

/* As it was last read; any thread. */
struct sitewide sitewide_now(const struct server *server);

/* How long a phone may be silent, in ms. */
int64_t sitewide_lifetime(const struct sitewide *sitewide, bool push);

/* Read it anew; the phones that are signed in are told what has changed. Blocks. */
int sitewide_look(struct server *server, struct store_reader *reader, struct fault *fault);

#endif
