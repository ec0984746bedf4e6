/* Web tickets, client half: the request as bytes, the answer as struct, and the
 * ticket in the two forms in which it is shown to services. No I/O: the engine
 * (client/) fetches, in this order: metadata (mex.h), ticket, service. */
#ifndef LYCHGATE_WEBTICKET_CLIENT_H
#define LYCHGATE_WEBTICKET_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "webticket/p_sha1.h"

#include <openssl/types.h>

/* Value of the SOAPAction header (with its quotes) and of Content-Type. */
#define WEBTICKET_SOAP_ACTION  "\"http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue\""
#define WEBTICKET_CONTENT_TYPE "text/xml; charset=utf-8"

enum {
    WEBTICKET_ENTROPY_LEN = 32
};

enum webticket_method {
    WEBTICKET_BASIC,     /* credentials are in HTTP: nothing of them in the body */
    WEBTICKET_USERNAME,  /* /Auth: UsernameToken */
    WEBTICKET_FEDERATED, /* WsFed_bearer: another service's token */
};

struct webticket_ask {
    enum webticket_method method;
    struct slice to;         /* the endpoint it is POSTed to */
    struct slice applies_to; /* the service the ticket is for: its URL, or the User href */
    struct slice sip_uri;    /* "sip:alice@contoso.test" */
    struct slice user;       /* WEBTICKET_USERNAME; secret password beside it */
    struct slice password;
    bool encoded;            /* both in base64, as Lync's own forms clients send them */
    struct slice token;      /* WEBTICKET_FEDERATED: the EncryptedData element, raw */
    struct slice entropy;    /* 32 random bytes of the caller's, kept for the answer */
    struct slice message_id; /* "uuid:..." */
    int64_t now;
};

/* Append the SOAP message; it holds the password where method says so. */
void webticket_rst_print(const struct webticket_ask *ask, struct buf *out);

/* Whoever has a certificate of the certificate service and its key. */
struct webticket_identity {
    EVP_PKEY *key;
    struct slice certificate; /* DER */
};

/* The same for /Cert: method does not count; Timestamp and To are signed. Errors are
 * dsig_parts_print's. */
int webticket_rst_print_signed(const struct webticket_ask *ask,
                               const struct webticket_identity *identity, struct buf *out,
                               struct fault *fault);

/* A ticket; slices are the arena's, the key is owned. */
struct webticket_grant {
    struct slice assertion; /* the element, raw, able to stand by itself */
    struct slice assertion_id;
    struct slice lifetime; /* what is inside Lifetime, raw */
    int64_t created;       /* ms since the epoch, by the server's clock */
    int64_t expires;
    unsigned char proof_key[PROOF_KEY_LEN]; /* secret */
    bool has_proof_key;
};

/* Read the body of a 200. `entropy` is what was sent. -ERR_DENIED with the fault's
 * finding when it is a SOAP fault, -ERR_MALFORMED with TICKET_MALFORMED when it is
 * no token response; or what the XML reader refuses. */
int webticket_rstr_parse(struct slice body, struct slice entropy, struct arena *arena,
                         struct webticket_grant *out, struct fault *fault);

/* Wipe the key. */
void webticket_grant_fini(struct webticket_grant *grant);

/* Any answer but 200 of the ticket service, or of a service that does not take the
 * ticket, as fault: by X-Ms-diagnostics (absent: none), else the SOAP fault in the
 * body, else the status. `vague` is the finding when the server says no more than
 * "no valid security token": WRONG_PASSWORD where a password was shown,
 * SIGNATURE_INVALID where a ticket was. Always returns -ERR_DENIED. */
int webticket_refusal(int status, struct slice diagnostics, struct slice body, enum finding vague,
                      struct fault *fault);

/* The value of the header X-MS-WebTicket. */
struct slice webticket_opaque_header(struct arena *arena, const struct webticket_grant *grant);

/* Append what goes inside wsse:Security of a message to a SOAP service: Timestamp
 * (from now, for five minutes), the assertion, and where the ticket has a proof
 * key the Signature over the Timestamp. */
void webticket_security_print(const struct webticket_grant *grant, int64_t now, struct buf *out);

#endif
