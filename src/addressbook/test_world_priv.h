/* One small site for the tests of this room: a real vault and store in a temporary
 * folder, a few people, and the web ticket service beside the address book. */
#ifndef LYCHGATE_ADDRESSBOOK_TEST_WORLD_PRIV_H
#define LYCHGATE_ADDRESSBOOK_TEST_WORLD_PRIV_H

#include "accounts/account.h"
#include "accounts/card.h"
#include "addressbook/addressbook.h"
#include "webticket/client.h"
#include "webticket/webticket.h"
#include "xml/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WEB      "https://webdir.contoso.test"
#define QUERY    WEB SITE_PATH_GROUP_EXPANSION
#define LOCATION WEB SITE_PATH_LOCATION
#define FILES    WEB SITE_PATH_ADDRESS_BOOK

struct world {
    char dir[64], vault_dir[96], store_path[96];
    struct arena *arena;
    struct vault *vault;
    struct store *store;
    struct desk desk;
    struct penalty *penalty;
    struct vault_public keys;
    struct webticket *webticket;
    struct addressbook *addressbook;
    struct http_routes *routes;
    struct account alice, bob, carol; /* carol is disabled */
    struct fault fault;
};
extern struct world world;
extern const int64_t now;

int setup_group(void **state);
int teardown_group(void **state);

/* Alice's photo, and the hash of it. */
extern const struct slice photo;
struct slice photo_hash(void);

/* ---- on the wire ------------------------------------------------------------------------ */

/* To an https URL of the web host; GET when body is absent. `ticket` goes into
 * X-MS-WebTicket; absent: no such header. */
struct http_reply fetch(const char *url, struct slice body, struct slice ticket);

/* A web ticket for `url`: in the form for X-MS-WebTicket, and as wsse:Security's content. */
struct slice ticket_header(const char *address, const char *url);
struct slice ticket_security(const char *address, const char *url);

/* A SOAP message with this security header (absent: none) and body. */
struct slice message(struct slice security, const char *body);

/* ---- judging ---------------------------------------------------------------------------- */

/* The reply's document, which must be well-formed. It is freed with the world. */
const struct xml_node *document(const struct http_reply *reply);

bool contains(struct slice text, const char *what);
void assert_refused(const struct http_reply *reply, int status, enum finding finding);

#endif
