/* The Org ID role, server half: the identity service of the cloud, played by the
 * site itself on a host name of its own (site.orgid_host). A client with a user
 * name and a password gets a token here, and shows that to the web ticket service.
 *
 *   /getuserrealm.srf   GET, POST   who keeps this user's password? (us, or unknown)
 *   /RST2.srf           POST        WS-Trust of February 2005: password in, token out
 *
 * The token is a bearer SAML 1.1 assertion, signed by the token key and encrypted to
 * the site's decrypt key, so that clients carry it and cannot read it. Nothing of a
 * token is remembered. One object serves all threads. No Microsoft document describes
 * these two resources; the form is the one seen on the wire (signin.md section 4), in
 * both dialects that clients speak. */
#ifndef LYCHGATE_ORGID_ORGID_H
#define LYCHGATE_ORGID_ORGID_H

#include "accounts/desk.h"
#include "auth/penalty.h"
#include "base/fault.h"
#include "base/memory.h"
#include "http/routes.h"
#include "site/site.h"
#include "vault/vault.h"

struct orgid;

enum {
    ORGID_LIFETIME_MS = 8 * 60 * 60 * 1000,
    ORGID_SKEW_MS = 5 * 60 * 1000
};

struct orgid_options {
    const struct site *site;         /* borrowed */
    desk_fn *desk;                   /* the calling worker's accounts and vault */
    void *desk_arg;                  /* borrowed */
    struct penalty *penalty;         /* borrowed; shared with the other password roles */
    const struct vault_public *keys; /* only read in orgid_new */
    int64_t lifetime_ms;             /* of tokens; 0: 8 hours */
    int64_t skew_ms;                 /* how far clocks may differ; 0: 5 minutes */
};

/* NULL only for certificates in `keys` that cannot be used: then the fault says why. */
struct orgid *orgid_new(const struct orgid_options *options, struct fault *fault);
void orgid_free(struct orgid *orgid);
SCOPED_FREE(orgid, struct orgid, orgid_free)

/* Add the rows above to the table, for the Org ID host only. RST2.srf hashes a
 * password, signs and encrypts: it runs on a worker. How it refuses:
 *
 *   wrong password, unknown user   200, SOAP 1.2 fault 0x80048821; the same bytes, and
 *                                  the same time, for both
 *   account disabled               200, 0x80048823 and "AADSTS50057" (only to who knows
 *                                  the password)
 *   another AppliesTo              200, reqstatus 0x8004882c, error 0x80045b00
 *   time stamp out of tolerance    200, 0x80048820, subcode wsse:MessageExpired
 *   no SOAP, no login, no request  400, 0x80048820, subcode wst:InvalidRequest
 *   vault or store fail            503, 0x80048820
 */
void orgid_add_routes(struct orgid *orgid, struct http_routes *routes);

#endif
