/* The names and ports of one deployment as clients see them: what autodiscover
 * hands out, what tickets are good for, what certificates are issued for. Made
 * once from the configuration, then read by all rooms. */
#ifndef LYCHGATE_SITE_SITE_H
#define LYCHGATE_SITE_SITE_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* Immutable; strings live as long as the site. */
struct site {
    struct slice domain;            /* "contoso.test" */
    struct slice web_host;          /* "webdir.contoso.test" */
    struct slice sip_host;          /* "sip.contoso.test": also the TLS-DSK targetname */
    struct slice sip_external_host; /* "sipfed.contoso.test" */
    struct slice orgid_host;        /* "login.contoso.test" */
    uint16_t https_port;            /* where the web hosts really answer; 443 is not spelt out */
    uint16_t sip_port;              /* for clients inside, usually 5061 */
    uint16_t sip_external_port;     /* for clients outside, usually 443 */
};

/* "https://webdir.contoso.test/PATH", with the port when it is not 443; `path`
 * begins with '/'. */
struct slice site_url(struct arena *arena, const struct site *site, struct slice host,
                      const char *path);

/* The same on the web host. */
struct slice site_web_url(struct arena *arena, const struct site *site, const char *path);

/* Is this the URL of `path` on one of the site's web names? Scheme and host are
 * compared without case, an explicit port :443 equals none, a query is passed
 * over, a trailing slash too. For audiences: clients spell them in several ways. */
bool site_is_url(const struct site *site, struct slice host, const char *path, struct slice url);

/* The services' paths, as Microsoft's servers have them. */
#define SITE_PATH_AUTODISCOVER       "/Autodiscover/AutodiscoverService.svc/root"
#define SITE_PATH_AUTODISCOVER_USER  "/Autodiscover/AutodiscoverService.svc/root/user"
#define SITE_PATH_AUTODISCOVER_OAUTH "/Autodiscover/AutodiscoverService.svc/root/oauth/user"
#define SITE_PATH_XFRAME             "/Autodiscover/XFrame/XFrame.html"
#define SITE_PATH_OAUTHTOKEN         "/WebTicket/oauthtoken"
#define SITE_PATH_UCWA               "/ucwa/oauth/v1/applications" /* where clients are sent */
#define SITE_PATH_UCWA_PLAIN         "/ucwa/v1/applications"       /* the reference pages' name */
#define SITE_PATH_MCX                "/Mcx/McxService.svc"
#define SITE_PATH_WEBTICKET          "/WebTicket/WebTicketService.svc"
#define SITE_PATH_WEBTICKET_ADVANCED "/WebTicket/WebTicketAdvancedService.svc"
#define SITE_PATH_CERTPROV           "/CertProv/CertProvisioningService.svc"
#define SITE_PATH_RST2               "/RST2.srf"
#define SITE_PATH_USERREALM          "/getuserrealm.srf"
#define SITE_PATH_ADDRESS_BOOK       "/abs/handler"
#define SITE_PATH_GROUP_EXPANSION    "/groupexpansion/service.svc"
#define SITE_PATH_LOCATION           "/locationinformation/liservice.svc"

#endif
