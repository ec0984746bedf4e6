/* Checking a web ticket that somebody presents ([MS-OCAUTHWS] section 3.1.1.1,
 * signin.md 2.5 and 3.7). Two ways to present one: as bearer in the header
 * X-MS-WebTicket (autodiscover), and in wsse:Security of a SOAP message, signed
 * with the ticket's proof key (certificate service).
 *
 * A ticket is good at every service of the site (webticket_is_audience), not
 * only at the one it was asked for: the cloud's clients use one ticket for all.
 * Whether its account still exists and is enabled is for the service to ask
 * behind that: webticket_holder(). */
#ifndef LYCHGATE_WEBTICKET_TICKET_H
#define LYCHGATE_WEBTICKET_TICKET_H

#include "accounts/account.h"
#include "webticket/webticket.h"
#include "xml/soap.h"

/* What a good ticket says; slices are the arena's. */
struct webticket_claims {
    struct slice address;      /* "alice@contoso.test", as the account had it */
    int64_t account_id;        /* the account's number */
    struct slice assertion_id; /* for the log */
    struct slice audience;     /* the URL it was asked for */
    int64_t not_before;        /* ms since the epoch */
    int64_t not_after;
    bool proven;         /* the message was signed with the ticket's proof key */
    bool by_certificate; /* he got it by the certificate that was issued to him, not by a
                            password or another's word */
};

/* The value of X-MS-WebTicket, "opaque=BASE64" (absent: -ERR_DENIED, TICKET_MISSING).
 * No blocking; about 0.1 ms. Failures:
 *   TICKET_MALFORMED  not base64, XML or a SAML 1.1 assertion as we issue them
 *   SIGNATURE_INVALID, SIGNATURE_WRAPPED  not signed by this site's key
 *   TICKET_NOT_YET_VALID, TICKET_EXPIRED (-ERR_EXPIRED)  the detail says by how much
 *   TICKET_AUDIENCE   for another site's service, or no web ticket at all (issuer) */
int webticket_verify_opaque(struct webticket *webticket, struct slice header, int64_t now,
                            struct arena *arena, struct webticket_claims *claims_out,
                            struct fault *fault);

struct webticket_use {
    const struct soap_message *message;
    bool proof_needed; /* refuse a bearer */
    bool once;         /* refuse the same signed request a second time; needs proof_needed */
};

/* The ticket in wsse:Security: Timestamp, Assertion, Signature. Beyond the above:
 *   TICKET_MISSING   no Security header, no or several assertions in it
 *   CLOCK_SKEW       the Timestamp lies outside the tolerance; the detail says by how much
 *   TICKET_PROOF     no signature though needed, or not by the proof key
 *   TICKET_REPLAYED  (-ERR_REPLAYED) see docs/webticket.md for what counts as the same
 * Asks the vault when the message is signed: worker threads only. */
int webticket_verify_soap(struct webticket *webticket, const struct webticket_use *use, int64_t now,
                          struct arena *arena, struct webticket_claims *claims_out,
                          struct fault *fault);

/* The account that a good ticket stands for: the same one as when it was issued
 * (-ERR_DENIED, UNKNOWN_USER) and enabled (USER_DISABLED). What is in account_out is the
 * arena's. Blocks: worker threads only. */
int webticket_holder(const struct webticket_claims *claims, struct accounts *accounts,
                     struct arena *arena, struct account *account_out, struct fault *fault);

#endif
