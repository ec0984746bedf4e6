/* Compact web tickets: what UCWA's clients carry as OAuth's bearer token,
 * "Authorization: Bearer cwt=..." (mobility.md 2.1). The form is our own, as Lync's is
 * its servers' own: clients never look inside. Like the other tickets it is signed and
 * remembered nowhere, and good at every service that takes this kind until it ends. */
#ifndef LYCHGATE_WEBTICKET_COMPACT_H
#define LYCHGATE_WEBTICKET_COMPACT_H

#include "accounts/account.h"
#include "webticket/ticket.h"

/* Issue one for the account, from now on for webticket_options.lifetime_ms: "cwt=..." of
 * about 250 bytes. Asks the vault of that desk: worker threads only. -ERR_IO. */
int webticket_issue_compact(struct webticket *webticket, const struct desk *desk,
                            const struct account *account, int64_t now, struct arena *arena,
                            struct slice *token_out, struct fault *fault);

/* The value of an Authorization header (absent: -ERR_DENIED, TICKET_MISSING). No
 * blocking, about 0.1 ms. Findings as webticket_verify_opaque(); claims->audience is the
 * issuing site's web host. */
int webticket_verify_compact(struct webticket *webticket, struct slice authorization, int64_t now,
                             struct arena *arena, struct webticket_claims *claims_out,
                             struct fault *fault);

/* Add the two WWW-Authenticate lines by which UCWA's clients find the token service; they
 * look for `MsRtcOAuth href="` by regular expression, so this spelling is wire format. */
void webticket_challenge_oauth(const struct site *site, struct http_reply *reply,
                               struct arena *arena);

#endif
