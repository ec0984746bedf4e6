/* The cross-domain frame of UCWA: a page that a web application of another origin loads
 * into an iframe and asks by postMessage to make requests for it (mobility.md 2.8). It
 * says its messages in the form that Microsoft's library speaks; the page is our own.
 *
 * Who may use it is a list of origins, told three times: the browser frames the page for
 * nobody else (frame-ancestors), the page hears nobody else, and it can reach nothing but
 * https servers by script (connect-src), with no cookies of this site (requests carry the
 * ticket that the application itself brings). */
#ifndef LYCHGATE_AUTODISCOVER_XFRAME_H
#define LYCHGATE_AUTODISCOVER_XFRAME_H

#include "http/message.h"

enum {
    XFRAME_ORIGINS_MAX = 64
};

struct xframe {
    struct slice page;
    struct slice policy; /* Content-Security-Policy */
    size_t origin_count;
};

/* The page for these origins (with blanks between, "https://app.contoso.test"; a port is
 * fine). Words that are no origins (http/origin.h) are left out, as are all beyond the maximum. */
struct xframe xframe_make(struct arena *arena, struct slice origins);

/* The page as a reply. */
void xframe_answer(const struct xframe *frame, struct http_reply *reply, struct arena *arena);

#endif
