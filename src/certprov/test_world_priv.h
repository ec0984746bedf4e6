/* One small site for the tests of this room: a real vault and store in a temporary
 * folder, accounts alice and bob (password "secret"), and the three roles that lie on
 * the way to a certificate, behind one table of routes. */
#ifndef LYCHGATE_CERTPROV_TEST_WORLD_PRIV_H
#define LYCHGATE_CERTPROV_TEST_WORLD_PRIV_H

#include "accounts/account.h"
#include "certprov/certprov.h"
#include "orgid/orgid.h"
#include "webticket/client.h"
#include "webticket/webticket.h"

#include <openssl/types.h>

#define WEB     "https://webdir.contoso.test"
#define SERVICE WEB SITE_PATH_CERTPROV
#define DEVICE  "4e9df1a2-0b3c-5d6e-8f70-112233445566"

extern const int64_t now; /* 2026-11-21T22:05:00.5Z */
extern const int64_t hour;

struct world {
    char dir[64], vault_dir[96], store_path[96];
    struct arena *arena;
    struct vault *vault;
    struct store *store;
    struct desk desk;
    struct penalty *penalty;
    struct vault_public keys;
    struct orgid *orgid;
    struct webticket *webticket;
    struct certprov *certprov;
    struct http_routes *routes;
    struct account alice, bob;
    EVP_PKEY *key; /* one for all tests: making it takes long */
    struct slice csr;
    struct fault fault;
    char issued[256]; /* the last event certprov.issued */
};
extern struct world world;

int setup_group(void **state);
int teardown_group(void **state);
int add_account(struct account *account, const char *address);

/* ---- on the wire ------------------------------------------------------------------- */

/* To an https URL of any of the site's hosts; GET when body is absent. */
struct http_reply fetch(const char *url, struct slice body, int64_t at);

/* Ask for a ticket for the certificate service: as `ask` says, or with the password. */
struct webticket_grant ask_ticket(struct webticket_ask ask, int64_t at);
struct webticket_grant ticket_of(const char *address, int64_t at);

/* GetAndPublishCert as a message, and alice's asked at `now`. */
struct slice message_at(const struct webticket_grant *ticket, struct slice entity, struct slice csr,
                        int64_t at);
struct http_reply ask_cert(struct slice entity, struct slice csr);

/* ---- judging ------------------------------------------------------------------------- */

bool contains(struct slice text, const char *what);
void assert_finding(enum finding found, enum finding wanted);
struct slice replaced(struct slice text, const char *what, const char *with);
size_t published(const struct account *account);

/* A request for CN=root@contoso.test. */
struct slice csr_of(EVP_PKEY *key, const EVP_MD *md, long version);

/* Files in the temporary folder; a command of OpenSSL's there, whose words go to out.txt. */
void write_file(const char *name, struct slice bytes);
size_t read_file(const char *name, char *to, size_t room);
int openssl_says(const char *arguments);

#endif
