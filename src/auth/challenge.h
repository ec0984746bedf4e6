/* What a server asks of its client: WWW-Authenticate and Proxy-Authenticate, and
 * the Authorization that answers while a handshake runs. Both halves.
 * [MS-SIPAE] 2.2.1, 2.2.2. */
#ifndef LYCHGATE_AUTH_CHALLENGE_H
#define LYCHGATE_AUTH_CHALLENGE_H

#include "auth/sign.h"
#include "base/arena.h"
#include "base/fault.h"

struct sip_message;

#define AUTH_REALM "SIP Communications Service" /* constant in all of Microsoft's servers */

/* One offered scheme with its parameters; absent ones are absent slices. */
struct challenge {
    enum auth_scheme scheme;
    bool proxy;       /* came in Proxy-Authenticate: answer in Proxy-Authorization */
    unsigned version; /* 2 to 4; 2 when the server does not say */
    struct slice realm;
    struct slice targetname; /* for Kerberos with its "sip/" */
    struct slice opaque;     /* from the second challenge on */
    struct slice sts_uri;    /* TLS-DSK: where certificates come from */
    struct slice token;      /* gssapi-data decoded; present and empty when sent so */
};

enum {
    CHALLENGE_OFFERS_MAX = 8
};

/* All that a 401 or 407 offers in schemes we know the name of. */
struct challenge_list {
    struct challenge offers[CHALLENGE_OFFERS_MAX];
    size_t count;
};

/* Read the challenges of a response. Schemes of other names are passed over;
 * more than CHALLENGE_OFFERS_MAX are ignored. Slices are of the message, the
 * token is in `arena`. Returns 0, -ERR_DENIED (no scheme that we know) or
 * -ERR_MALFORMED (version or gssapi-data unreadable). */
int challenge_parse(struct arena *arena, const struct sip_message *response,
                    struct challenge_list *list_out, struct fault *fault);

/* Read one header value ("TLS-DSK realm=..., ..."). */
int challenge_parse_value(struct arena *arena, struct slice value, struct challenge *challenge_out,
                          struct fault *fault);

/* The offer of this scheme, or NULL. */
const struct challenge *challenge_find(const struct challenge_list *list, enum auth_scheme scheme);

/* The value of WWW-Authenticate for an offer; absent parameters are left out,
 * the order is Lync's, each scheme needs a header line of its own. */
struct slice challenge_print(struct arena *arena, const struct challenge *challenge);

/* The client's header value during the handshake: qop, opaque, realm,
 * targetname, gssapi-data (`token` in base64), version. */
struct slice challenge_answer(struct arena *arena, const struct challenge *challenge,
                              struct slice token);

/* The header that carries challenge_answer() and association_authorization():
 * "Authorization", or "Proxy-Authorization" after a 407. */
const char *challenge_answer_header(const struct challenge *challenge);

#endif
