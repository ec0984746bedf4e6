/* The web ticket service, server half ([MS-OCAUTHWS] section 3.2): whoever proves
 * who he is gets a signed assertion, the web ticket, that the site's other web
 * services believe. Seven ways in, under /WebTicket/:
 *
 *   WebTicketService.svc                       HTTP Basic over TLS
 *   WebTicketService.svc/Auth                  UsernameToken in wsse:Security
 *   WebTicketService.svc/Cert                  signed by the key of a certificate that
 *                                              certprov/ issued
 *   WebTicketService.svc/WsFed_bearer,
 *   WebTicketAdvancedService.svc/WsFed_bearer  Org ID's encrypted token
 *   oauthtoken                                 a form with a password, for a compact
 *                                              ticket (compact.h)
 *   .../mex                                    what of this there is (mex.h)
 *
 * Nothing is remembered of a ticket: all that its check needs is signed into it,
 * so any worker and any copy of the server with the same vault can check it
 * (ticket.h). One object serves all threads. docs/webticket.md says why things
 * are as they are. */
#ifndef LYCHGATE_WEBTICKET_WEBTICKET_H
#define LYCHGATE_WEBTICKET_WEBTICKET_H

#include "accounts/desk.h"
#include "auth/penalty.h"
#include "base/memory.h"
#include "http/routes.h"
#include "site/site.h"
#include "vault/vault.h"

struct webticket;

enum {
    WEBTICKET_LIFETIME_MS = 8 * 60 * 60 * 1000,
    WEBTICKET_SKEW_MS = 5 * 60 * 1000,
    WEBTICKET_REPLAY_ENTRIES = 65536, /* signed requests remembered; 16 bytes each */
};

struct webticket_options {
    const struct site *site;         /* borrowed */
    desk_fn *desk;                   /* the calling worker's accounts and vault */
    void *desk_arg;                  /* borrowed */
    struct penalty *penalty;         /* borrowed; shared with the other password roles */
    const struct vault_public *keys; /* only read in webticket_new */
    int64_t lifetime_ms;             /* of tickets; 0: 8 hours. Under 2 minutes SIPE asks anew
                                        each time */
    int64_t skew_ms;                 /* how far clocks may differ; 0: 5 minutes */
    size_t replay_entries;           /* 0: WEBTICKET_REPLAY_ENTRIES */
    bool orgid;                      /* take Org ID's tokens, and say so in the metadata */
};

/* Never NULL but for a token certificate that cannot be used: then the fault says why. */
struct webticket *webticket_new(const struct webticket_options *options, struct fault *fault);
void webticket_free(struct webticket *webticket);
SCOPED_FREE(webticket, struct webticket, webticket_free)

/* Add the rows above to the table. */
void webticket_add_routes(struct webticket *webticket, struct http_routes *routes);

/* How the site's SOAP services refuse: the OCS fault, X-Ms-diagnostics and
 * X-MS-Server-Fqdn. The status is the finding's; 401 becomes 500, as there is no
 * HTTP authentication to repeat (certprov/ uses it too). */
void webticket_refuse(const struct site *site, struct http_reply *reply, struct arena *arena,
                      const struct fault *fault);

/* The issuer that web tickets name, and the one that Org ID's tokens must name.
 * The same key signs both, so this is what tells them apart. */
struct slice webticket_issuer(struct arena *arena, const struct site *site);
struct slice webticket_orgid_issuer(struct arena *arena, const struct site *site);

/* Is this URL one that a ticket may be for: the user resource of autodiscover, the
 * certificate service, a web ticket service, the mobility service (MCX), address book, group
 * expansion or location information, with all below, on one of the site's web names? */
bool webticket_is_audience(const struct site *site, struct slice url);

#endif
