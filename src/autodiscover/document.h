/* Autodiscover documents ([MS-OCDISCWS] section 2.2.4): one struct, which the
 * server prints and the client reads. */
#ifndef LYCHGATE_AUTODISCOVER_DOCUMENT_H
#define LYCHGATE_AUTODISCOVER_DOCUMENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* What a client asks for, and the beginning of what it gets: SIPE compares the
 * type by byte, real servers put a blank behind the semicolon. */
#define AUTODISCOVER_ACCEPT   "application/vnd.microsoft.rtc.autodiscover+xml;v=1"
#define AUTODISCOVER_TYPE     "application/vnd.microsoft.rtc.autodiscover+xml"
#define AUTODISCOVER_TYPE_XML "application/vnd.microsoft.rtc.autodiscover+xml; v=1"

enum autodiscover_kind {
    AUTODISCOVER_ROOT,
    AUTODISCOVER_DOMAIN,
    AUTODISCOVER_USER,
};

/* AccessLocation: where the server thinks the client is. */
enum autodiscover_location {
    AUTODISCOVER_UNSAID,
    AUTODISCOVER_INTERNAL,
    AUTODISCOVER_EXTERNAL,
    AUTODISCOVER_ELSEWHERE, /* a word that is neither; SIPE then uses no access point */
};

struct autodiscover_link {
    struct slice token; /* "User", "Redirect", "External/Autodiscover" */
    struct slice href;
};

/* A SIP access point; fqdn is absent when the document has none. */
struct autodiscover_access {
    struct slice fqdn;
    uint16_t port;
};

enum {
    AUTODISCOVER_LINKS_MAX = 64,
    AUTODISCOVER_HREF_MAX = 2048,
    AUTODISCOVER_BODY_MAX = 65536
};

struct autodiscover_document {
    enum autodiscover_kind kind;
    enum autodiscover_location location;
    /* User and Domain only. SipServer... is for servers; clients pass it over. */
    struct autodiscover_access server_internal, client_internal, server_external, client_external;
    struct autodiscover_link links[AUTODISCOVER_LINKS_MAX];
    size_t link_count;
};

/* Add a link; both slices are borrowed. Beyond the limit it is left out. */
void autodiscover_add_link(struct autodiscover_document *document, struct slice token,
                           struct slice href);

/* The href of the first link of that token, in any case; absent if there is none. */
struct slice autodiscover_href(const struct autodiscover_document *document, const char *token);

/* Append the document as XML (AUTODISCOVER_TYPE_XML), or as JSON (application/json):
 * AccessLocation, the links under _links as UCWA's clients read them, and the
 * access points under the names they have in XML. */
void autodiscover_print_xml(const struct autodiscover_document *document, struct buf *out);
void autodiscover_print_json(const struct autodiscover_document *document, struct buf *out);

/* Read an XML document; slices are copied to the arena. Unknown elements and tokens
 * are passed over, as are links without a usable href and access points without
 * fqdn or port. Returns 0, or -ERR_MALFORMED with AUTODISCOVER_MALFORMED: not XML
 * (an HTML page is named as such), another root element, none or several of Root,
 * Domain, User, or more links than the limit; or what the XML reader refuses. */
int autodiscover_parse(struct slice body, struct arena *arena,
                       struct autodiscover_document *document_out, struct fault *fault);

/* The access points that a client at that location may use, in the order in which
 * to try them; unsaid means inside first, then outside. Returns how many, 0 to 2. */
size_t autodiscover_access_points(const struct autodiscover_document *document,
                                  struct autodiscover_access points_out[2]);

#endif
