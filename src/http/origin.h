/* Web pages of other origins (RFC 6454) that ask here: which may, and what their browser must be
 * told (CORS, fetch.spec.whatwg.org). Bearers carry their ticket themselves, so no reply allows
 * credentials; what the list guards is that pages which nobody named cannot read answers.
 *
 * Two headers name a page: Origin, by the browser, and X-Ms-Origin, by UCWA's cross-domain frame
 * for the page that asked it (mobility.md 2.8; Lync looks at the latter only). */
#ifndef LYCHGATE_HTTP_ORIGIN_H
#define LYCHGATE_HTTP_ORIGIN_H

#include "http/message.h"

/* Is the word one? Scheme http or https, a host in small letters, at most a port, nothing behind:
 * "https://app.contoso.test:8443". */
bool http_is_origin(struct slice word);

/* May whoever sent this? True without either header, for this host itself (whatever the port: a
 * proxy may have another), and for the origins in the list (with blanks between); the latter get
 * Access-Control headers into the reply. False: the reply is 403 with X-Ms-diagnostics from
 * `source`. */
bool http_origin_allows(struct slice origins, struct slice source,
                        const struct http_request *request, struct http_reply *reply,
                        struct arena *arena);

/* Answer the question that a browser asks before such a request (OPTIONS with
 * Access-Control-Request-Method): 204; `allow` names the methods ("GET, POST"). */
void http_origin_preflight(struct slice origins, struct slice source, struct slice allow,
                           const struct http_request *request, struct http_reply *reply,
                           struct arena *arena);

#endif
