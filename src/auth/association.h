/* A security association (SA): two signing keys and two counters that belong to
 * one endpoint of one account, named by its opaque. Everything sent on it is
 * signed, everything received is verified once and only once. One for either
 * half; some 300 bytes with its strings. [MS-SIPAE] 3.2.1, 3.3.1. */
#ifndef LYCHGATE_AUTH_ASSOCIATION_H
#define LYCHGATE_AUTH_ASSOCIATION_H

#include "auth/sign.h"
#include "auth/tlsdsk.h"
#include "base/arena.h"
#include "base/fault.h"

struct sip_auth;
struct sip_message;
struct association;

enum {
    ASSOCIATION_OPAQUE_LEN = 8,       /* upper-case hex digits */
    ASSOCIATION_WINDOW = 256,         /* numbers a peer may be out of order by: [MS-SIP] 3.1 */
    ASSOCIATION_TEXT_MAX = 512,       /* of each string of an SA; longer ones are cut */
    ASSOCIATION_FINGERPRINT_LEN = 32, /* SHA-256 of the certificate */
};
#define ASSOCIATION_LIFETIME_MS ((int64_t)8 * 3600 * 1000) /* [MS-SIPAE] 3.2.2 */

struct association_options {
    bool server; /* which half we are */
    enum auth_scheme scheme;
    unsigned version;    /* of the signature string */
    struct slice opaque; /* the name; a client takes what it is given */
    struct slice realm;
    struct slice targetname;
    const struct tlsdsk_keys *keys; /* copied */
    int64_t ends;                   /* ms since the epoch: see association_end() */
    struct slice account;           /* the address that it stands for, user@domain, no "sip:" */
    struct slice epid;              /* the endpoint's names, absent if it has none */
    struct slice instance;          /* +sip.instance without <urn:uuid:> */
};

/* A new SA; all strings are copied. Never NULL. */
struct association *association_new(const struct association_options *options);

/* Wipes the keys. */
void association_free(struct association *association);

/* When an SA made now ends: the certificate's end, but at most 8 hours. */
int64_t association_end(int64_t now, int64_t certificate_ends);

/* The header value that signs one outgoing message; each call uses up a number.
 * Call it when every header that is signed (From, To, Call-ID, CSeq, Expires,
 * P-Asserted-Identity) is final: between sip_out_signature() and sip_print(). In
 * `arena`; absent once the numbers are used up (2^32 messages): send nothing then.
 *
 * The server's goes into Authentication-Info of every message to the client; the
 * order and quotes are those that Lync sends and SIPE reads. */
struct slice association_authentication_info(struct association *association, struct arena *arena,
                                             const struct sip_signature_fields *fields);

/* The client's, for Authorization (Proxy-Authorization if a 407 asked), on
 * requests and responses. */
struct slice association_authorization(struct association *association, struct arena *arena,
                                       const struct sip_signature_fields *fields);

/* Is the message what the peer sent, and for the first time? `auth` is its
 * Authorization (server) or Authentication-Info (client). 0, or with *fault
 *   -ERR_FORGED    signature, scheme, opaque, realm or target is wrong or missing
 *   -ERR_REPLAYED  the number was seen, or lies 256 or more behind
 *   -ERR_EXPIRED   the SA has ended
 * Only a verified message moves the window. */
int association_verify(struct association *association, const struct sip_auth *auth,
                       const struct sip_message *message, int64_t now, struct fault *fault);

/* The client's half in one call: find the server's Authentication-Info and verify. A message
 * without is -ERR_DENIED: right for provisional answers and for 401, for nothing else. */
int association_verify_info(struct association *association, const struct sip_message *message,
                            int64_t now, struct fault *fault);

struct slice association_opaque(const struct association *association);
struct slice association_account(const struct association *association);
struct slice association_epid(const struct association *association);
struct slice association_instance(const struct association *association);
int64_t association_ends(const struct association *association);

/* Has a message been verified on it? (The peer has shown that it has the keys.) */
bool association_confirmed(const struct association *association);

/* Bytes it holds, for memory figures. */
size_t association_footprint(const struct association *association);

SCOPED_FREE(association, struct association, association_free)

#endif
