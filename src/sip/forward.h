/* Messages of others on their way through a proxy (RFC 3261 section 16.6, 16.7). What
 * is not named here stays as it came: order, text and names of header lines, body.
 * Only line folds are undone.
 *
 * Both take out what was between the sender and us alone: credentials, challenges and
 * signatures (Authorization, Proxy-Authorization, WWW-Authenticate,
 * Proxy-Authenticate, Authentication-Info, Proxy-Authentication-Info), and what an
 * endpoint may not say of itself (P-Asserted-Identity, P-Preferred-Identity). The
 * signature towards the receiver is added when the sip_out is printed. */
#ifndef LYCHGATE_SIP_FORWARD_H
#define LYCHGATE_SIP_FORWARD_H

#include "sip/print.h"

struct sip_forwarding {
    struct slice uri;          /* Request-URI; absent: as it came */
    struct slice via;          /* value of the Via set on top */
    struct slice own_hosts[2]; /* top Route entries that name one of them are taken out */
    struct slice record_route; /* value, set above any other; absent: none */
    struct slice identity;     /* P-Asserted-Identity; absent: none */
    struct slice to_epid;      /* added to a To without one; absent: none */
};

/* A request, to be sent on. Max-Forwards goes down by one (the caller has refused 0),
 * or starts at 70.
 * *out points into the request and *how, which must live as long. */
void sip_forward_request(struct sip_out *out, struct arena *arena,
                         const struct sip_message *request, const struct sip_forwarding *how);

/* Is there a second Via? Else the response was for us. */
bool sip_forward_possible(const struct sip_message *response);

/* A response, back to whom its second Via names. Returns 0, or -ERR_MALFORMED when it
 * is not possible. */
int sip_forward_response(struct sip_out *out, struct arena *arena,
                         const struct sip_message *response);

#endif
