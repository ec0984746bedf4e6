/* The directory as web services, server half. Under /groupexpansion/service.svc:
 *
 *   .../mex                 GET, POST (webticket/mex.h)
 *   ..., .../WebTicket_Bearer   POST SearchAbEntry, QueryDLMembers
 *
 * under /locationinformation/liservice.svc:
 *
 *   .../mex                 GET, POST
 *   ..., .../WebTicket_Bearer   POST GetLocations, GetLocationsInCity ([MS-E911WS])
 *
 * and under /abs/handler/:
 *
 *   photo/HASH              GET, without a ticket: who knows the hash may see it
 *   addressbook.vcf         GET with X-MS-WebTicket: everybody, as vCards (book.h)
 *   F-XXXX.lsabs ...        GET with X-MS-WebTicket; not made here: 404
 *
 * Messages carry a web ticket in wsse:Security, as bearer; programs may send it in
 * X-MS-WebTicket instead. Nothing is answered without one. One object serves all
 * threads. docs/addressbook.md says what is Microsoft's and what was decided here. */
#ifndef LYCHGATE_ADDRESSBOOK_ADDRESSBOOK_H
#define LYCHGATE_ADDRESSBOOK_ADDRESSBOOK_H

#include "accounts/desk.h"
#include "base/memory.h"
#include "http/routes.h"
#include "site/site.h"

struct addressbook;
struct webticket;

enum {
    ADDRESSBOOK_RESULTS = 20,       /* of a search that names no number */
    ADDRESSBOOK_RESULTS_MAX = 1000, /* of one that names a larger */
    ADDRESSBOOK_VALUE_MAX = 256,    /* bytes of what is searched for */
};

struct addressbook_options {
    const struct site *site;     /* borrowed */
    desk_fn *desk;               /* the calling worker's accounts */
    void *desk_arg;              /* borrowed */
    struct webticket *webticket; /* borrowed: checks the tickets */
};

/* Never NULL. */
struct addressbook *addressbook_new(const struct addressbook_options *options);
void addressbook_free(struct addressbook *addressbook);
SCOPED_FREE(addressbook, struct addressbook, addressbook_free)

/* Add the rows above to the table, for the web host. They run on a worker. How the SOAP
 * services refuse: webticket_refuse(), with
 *   SOAP_MALFORMED, SOAP_NOT_UNDERSTOOD, XML_...  no SOAP 1.1 message, or another operation
 *   TICKET_MISSING and all of webticket/ticket.h
 *   UNKNOWN_USER, USER_DISABLED   the ticket's account is gone or disabled
 *   CLAIM_MISMATCH                GetLocations for somebody else
 *   ADDRESSBOOK_MALFORMED         the operation is known, but cannot be read
 *   GROUP_UNKNOWN
 * and the files: 401 with X-MS-WebTicketURL, or 404 (ADDRESSBOOK_FILE). */
void addressbook_add_routes(struct addressbook *addressbook, struct http_routes *routes);

/* Where the photo with this hash (card.photo_hash) is served: for contact cards, whose
 * readers have no ticket. Absent for an absent hash. */
struct slice addressbook_photo_url(struct arena *arena, const struct site *site, struct slice hash);

#endif
