/* The page at /web: sign in from a browser, without any client. What is served here are
 * files that never change while the server runs; all that happens, happens in the browser
 * (page/, plain ES modules) over UCWA, by the links that the server gives. docs/web.md. */
#ifndef LYCHGATE_WEB_WEBPAGE_H
#define LYCHGATE_WEB_WEBPAGE_H

#include "http/routes.h"
#include "site/site.h"

struct webpage;

/* `site` is borrowed: the page speaks only to where it came from, so who asks for it by
 * another of the site's names is sent to the web host. */
struct webpage *webpage_new(const struct site *site);
void webpage_free(struct webpage *webpage);

/* GET and HEAD of /web (301 to /web/) and of the files below, with ETag, If-None-Match
 * (RFC 9110 section 13.1.2) and gzip. They are built in; nothing is read from disk, so the
 * network loop answers. Names that are not there are 404. */
void webpage_add_routes(struct webpage *webpage, struct http_routes *routes);

#endif
