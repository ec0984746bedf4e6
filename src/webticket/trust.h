/* What WS-Trust 1.3 and its predecessor of February 2005 put into a SOAP body: the
 * request for a token; and the UsernameToken of WS-Security. Both are met in mixed
 * spellings (SIPE puts a 2005 RequestType into a 1.3 element), so reading is
 * tolerant in names and strict in form. Shared with orgid/ and certprov/. */
#ifndef LYCHGATE_WEBTICKET_TRUST_H
#define LYCHGATE_WEBTICKET_TRUST_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "xml/reader.h"
#include "xml/soap.h"

enum trust_key_type {
    TRUST_KEY_UNSAID = 0,
    TRUST_KEY_SYMMETRIC,
    TRUST_KEY_BEARER,
    TRUST_KEY_OTHER, /* named, and not one of these */
};

/* wst:RequestSecurityToken. Slices point into the document or the arena. */
struct trust_request {
    bool february_2005;        /* written in the 2005/02 namespace */
    struct slice context;      /* attribute Context; absent if it is */
    struct slice token_type;   /* absent: the service's usual one */
    struct slice request_type; /* as sent */
    struct slice applies_to;   /* wsa:Address; absent if it is */
    enum trust_key_type key_type;
    struct slice entropy; /* decoded; absent if it is */
    struct slice
        claim_uri; /* value of the ClaimType uri, "sip:alice@contoso.test"; absent if it is */
    bool claim_optional;
    int64_t lifetime_ms; /* how long the client wants it, 0: it does not say */
};

enum {
    TRUST_ENTROPY_MIN = 16,
    TRUST_ENTROPY_MAX = 64
};

/* Read the message's payload. -ERR_MALFORMED, SOAP_MALFORMED: no request, an
 * element twice, broken base64, a URL over 2048 bytes; -ERR_UNSUPPORTED,
 * RST_UNSUPPORTED: RequestType is not Issue, entropy is shorter or longer than
 * the limits. */
int trust_request_parse(const struct soap_message *message, struct arena *arena,
                        struct trust_request *out, struct fault *fault);

/* wsse:UsernameToken with a clear password (PasswordText). */
struct trust_login {
    struct slice user; /* the arena's */
    struct secret password;
    bool encoded; /* both were base64, which Lync's forms clients do: "DOMAIN\user" */
};

/* Find and read it in wsse:Security (NULL: none). `lync` allows the encoded form.
 * -ERR_DENIED with TICKET_MISSING when there is none, -ERR_MALFORMED with
 * TICKET_MALFORMED when it has no Username or Password, several, or a digest.
 * End with trust_login_fini in either case. */
int trust_login_parse(const struct xml_node *security, bool lync, struct arena *arena,
                      struct trust_login *out, struct fault *fault);
void trust_login_fini(struct trust_login *login);

static inline void scoped_trust_login_free(struct trust_login *login)
{
    trust_login_fini(login);
}
/* `scoped(trust_login) struct trust_login login = {0};` */

#endif
