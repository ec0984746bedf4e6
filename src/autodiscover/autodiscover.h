/* Autodiscover, server half ([MS-OCDISCWS] section 3.1): tells a client that knows
 * only its user's address where to get a web ticket and where to speak SIP.
 *
 *   lyncdiscover[internal].*  /                      over http: where https is; else Root
 *   /Autodiscover/AutodiscoverService.svc/root       the same, on every host name
 *   .../root/domain                                  Domain, for anybody
 *   .../root/user                                    User, for who has a web ticket;
 *                                                    others learn where tickets are
 *
 *   .../root/oauth/user                            where UCWA is, for who has a compact
 *                                                  ticket (JSON; links self, xframe and,
 *                                                  where it is served, applications)
 *   /Autodiscover/XFrame/XFrame.html, /xframe      the page through which web
 *                                                  applications elsewhere may ask (xframe.h)
 *
 * The JSON root, which only UCWA's clients read, links to .../oauth/user as "user".
 * AccessLocation is Internal for who asked by a name that begins "lyncdiscoverinternal."
 * and for who follows a link found there; such links carry the query
 * location=internal. Everybody else is External. It is a hint: both kinds get the
 * access points of both sides.
 *
 * All documents are made once, in XML and JSON. */
#ifndef LYCHGATE_AUTODISCOVER_AUTODISCOVER_H
#define LYCHGATE_AUTODISCOVER_AUTODISCOVER_H

#include "accounts/desk.h"
#include "base/memory.h"
#include "http/routes.h"
#include "site/site.h"
#include "webticket/webticket.h"

struct autodiscover;

struct autodiscover_options {
    const struct site *site;     /* borrowed */
    struct webticket *webticket; /* borrowed; checks tickets */
    desk_fn *desk;               /* the calling worker's accounts */
    void *desk_arg;              /* borrowed */
    bool ucwa;                   /* SITE_PATH_UCWA is served here, and phones may know */
    bool mcx;                    /* SITE_PATH_MCX is served here */
    /* Are those outside told of MCX, too (ExposedWebURL = External)? Asked on a worker for
     * each answer, so that it may change. NULL: they are. */
    bool (*mcx_outside)(void *arg);
    void *mcx_arg;        /* borrowed */
    struct slice origins; /* of web applications that may come through the frame, with
                             blanks between: "https://app.contoso.test"; empty: no frame */
};

/* Never NULL. Serves all threads. */
struct autodiscover *autodiscover_new(const struct autodiscover_options *options);
void autodiscover_free(struct autodiscover *autodiscover);
SCOPED_FREE(autodiscover, struct autodiscover, autodiscover_free)

/* Add the rows above to the table. The user resource is a ROUTE_QUICK one: without a
 * ticket it is answered on the loop. */
void autodiscover_add_routes(struct autodiscover *autodiscover, struct http_routes *routes);

#endif
