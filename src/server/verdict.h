/* The mobility verdict: may this user be signed in from a phone? It is asked for every phone,
 * whether it lives in this server (phones.h) or comes by a trusted peer (peer.h), and told to
 * log and trace as a mobility service of Lync's does. */
#ifndef LYCHGATE_SERVER_VERDICT_H
#define LYCHGATE_SERVER_VERDICT_H

#include "policy/policy.h"
#include "server/server_priv.h"

struct verdict {
    struct slice account, endpoint; /* who, and on which device */
    bool enabled;
    const struct fault *fault; /* it could not be found out; NULL: it was */
    const char *mode;          /* push, pull or none */
};

/* EnableMobility of the user's mobility policy. */
bool verdict_enabled(const struct policy_effective *policy);

/* Tell it. `at`: between whom, and in which conversation; the rest is filled in. */
void verdict_tell(struct server *server, const struct verdict *verdict, struct trace_record at);

#endif
