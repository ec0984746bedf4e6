/* A trusted peer: a mobility service in another process that signs phones in for users, at the
 * doors 5086 (inside) and 5087 (outside). Its certificate, which the TLS handshake has judged
 * (struct tls_peers, net/tls.h), stands for TLS-DSK: who a request is from is what it says. It
 * may say so for users of this site only, and only for phones that it signs in on this very
 * connection, each by its epid:
 *
 *   REGISTER         the mobility policy is asked (admit.c) before the phone is bound
 *   other requests   403 unless their phone is registered on this connection
 *   OPTIONS          200 for the peer itself: it asks whether we are there
 *   responses        believed when their branch went out on this connection (im/)
 *
 * For the registrar all its phones are on one flow, in a space of numbers of its own, so that
 * no peer takes the place of an endpoint that is signed in by other means. */
#ifndef LYCHGATE_SERVER_PEER_H
#define LYCHGATE_SERVER_PEER_H

#include "server/line.h"

struct peer;

/* What a request of a peer's carries along (errand->claim): between whom it went, as the trace
 * says it. */
struct peer_claim {
    struct slice here, there, conversation;
};

/* For a connection that has come in by such a door; told as an event. */
struct peer *peer_new(struct conn *conn, bool external);
void peer_free(struct peer *peer);

/* The number of its flow, from that of its connection; and whether a flow is such a one. */
uint64_t peer_flow(uint64_t conn);
bool peer_is_flow(struct flow flow);

/* One more message; and whether it has had all that it may have in this second: then the
 * connection is not read for the rest of it. */
void peer_count(struct peer *peer);
bool peer_waits(struct peer *peer, int64_t most);

/* Whom the message is for: fills errand->caller and errand->claim. A negative enum err with
 * PEER_IDENTITY or ENDPOINT_ID_MISSING when it may not be for him; who asserts so several
 * times on end is no mobility service, and peer_is_lost(). The line's loop. */
int peer_identify(struct peer *peer, struct errand *errand, struct fault *fault);
bool peer_is_lost(const struct peer *peer);

/* Go on with it: by the user's home, where his phones are known, to methods_take(). */
void peer_take(struct errand *errand);

/* Tell what the mobility policy said to a REGISTER (errand->err, ->fault, ->admission). */
void peer_tell_verdict(const struct errand *errand);

#endif
