/* The certificate provisioning service, server half ([MS-OCAUTHWS] section 3.1): a
 * signed-in user brings a public key and gets a certificate for it, which TLS-DSK
 * takes in place of the password until it ends. Under /CertProv/:
 *
 *   CertProvisioningService.svc/mex                    GET, POST (webticket/mex.h)
 *   CertProvisioningService.svc/WebTicket_Proof        POST GetAndPublishCert
 *   CertProvisioningService.svc/WebTicket_Proof_SHA1   the same
 *
 * The ticket must be proven (signed with its key) and is taken once for a message.
 * Entity must be the ticket's account. The PKCS#10 must be signed by its own key, RSA
 * of 2048 to 4096 bits or P-256; its subject and attributes do not count: name and
 * purpose in the certificate are the account's. One object serves all threads.
 * docs/certificates.md tells the life of such a certificate. */
#ifndef LYCHGATE_CERTPROV_CERTPROV_H
#define LYCHGATE_CERTPROV_CERTPROV_H

#include "accounts/desk.h"
#include "base/memory.h"
#include "http/routes.h"
#include "site/site.h"

struct certprov;
struct webticket;

enum {
    CERTPROV_LIFETIME_MS = 8 * 60 * 60 * 1000,
    CERTPROV_BACKDATE_MS = 5 * 60 * 1000, /* notBefore lies so far back: clocks differ */
};

struct certprov_options {
    const struct site *site;     /* borrowed */
    desk_fn *desk;               /* the calling worker's accounts and vault */
    void *desk_arg;              /* borrowed */
    struct webticket *webticket; /* borrowed: checks the tickets */
    int64_t lifetime_ms;         /* from now; 0: 8 hours. SIPE asks again and again unless it is
                                    more than one hour. The vault's certificate_ms must allow
                                    lifetime_ms + CERTPROV_BACKDATE_MS */
};

/* Never NULL. */
struct certprov *certprov_new(const struct certprov_options *options);
void certprov_free(struct certprov *certprov);
SCOPED_FREE(certprov, struct certprov, certprov_free)

/* Add the rows above to the table, for the web host. GetAndPublishCert runs on a worker and
 * answers when the certificate is on disk. How it refuses:
 *
 *   no SOAP message; ticket missing, bad, replayed   webticket_refuse(): status, fault,
 *                                                    X-Ms-diagnostics
 *   everything behind a good ticket                  200, ErrorInfo in the response
 *                                                    ([MS-OCAUTHWS] 3.1.4.1.2.2)
 *
 * The latter are CLAIM_MISMATCH, CSR_MALFORMED, CSR_WEAK_KEY, UNKNOWN_USER,
 * USER_DISABLED, and failures of store and vault. Each certificate is an event
 * "certprov.issued" with user, serial, device, until. */
void certprov_add_routes(struct certprov *certprov, struct http_routes *routes);

#endif
