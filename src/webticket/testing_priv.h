/* A site for this room's tests: a real vault process, a real store, one worker's
 * desk, and requests that go through the route table as in the server. */
#ifndef LYCHGATE_WEBTICKET_TESTING_PRIV_H
#define LYCHGATE_WEBTICKET_TESTING_PRIV_H

#include "accounts/account.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"
#include "http/message.h"
#include "vault/vault_init.h"
#include "webticket/client.h"
#include "webticket/saml_priv.h"
#include "webticket/ticket.h"
#include "webticket/webticket.h"
#include "xml/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW      INT64_C(1795298700000) /* 2026-11-21T22:05:00Z */
#define MINUTE   INT64_C(60000)
#define WEB      "https://webdir.contoso.test"
#define USER_URL WEB SITE_PATH_AUTODISCOVER_USER
#define CERT_URL WEB SITE_PATH_CERTPROV "/WebTicket_Proof"

struct rig {
    char dir[64], vault_dir[96], store_path[96];
    struct arena *arena;
    struct vault *vault;
    struct store *store;
    struct desk desk;
    struct penalty *penalty;
    struct vault_public keys;
    struct webticket *webticket;
    struct http_routes *routes;
    struct account alice, bob;
    struct fault fault;
    int64_t now;
};

static const struct site site = {
    .domain = {"contoso.test", 12},
    .web_host = {"webdir.contoso.test", 19},
    .sip_host = {"sip.contoso.test", 16},
    .sip_external_host = {"sipfed.contoso.test", 19},
    .orgid_host = {"login.contoso.test", 18},
    .https_port = 443,
    .sip_port = 5061,
    .sip_external_port = 443,
};

static inline struct desk *rig_desk(void *arg)
{
    return &((struct rig *)arg)->desk;
}

static inline void must(struct rig *rig, int err)
{
    if (err)
        fail_msg("%s: %s", finding_id(rig->fault.finding), rig->fault.detail);
}

/* A service as after a restart: same keys, no memory. */
static inline struct webticket *rig_service(struct rig *rig, bool orgid)
{
    struct webticket *webticket = webticket_new(&(struct webticket_options){.site = &site,
                                                                            .desk = rig_desk,
                                                                            .desk_arg = rig,
                                                                            .penalty = rig->penalty,
                                                                            .keys = &rig->keys,
                                                                            .replay_entries = 256,
                                                                            .orgid = orgid},
                                                &rig->fault);
    assert_non_null(webticket);
    return webticket;
}

static inline struct account rig_user(struct rig *rig, const char *address, const char *sam)
{
    struct account account = {
        .address = slice_of(address), .sam = slice_of(sam), .enabled = true, .created = NOW};
    must(rig, accounts_add(rig->desk.accounts, &account, rig->arena, &rig->fault));
    must(rig, accounts_set_password(rig->desk.accounts, rig->desk.vault, account.id,
                                    SLICE("p<w&\xc3\xa4 1"), &rig->fault));
    return account;
}

static inline int rig_setup(void **state)
{
    struct rig *rig = must_calloc(1, sizeof *rig);
    *state = rig;
    rig->arena = arena_new();
    rig->now = NOW;
    snprintf(rig->dir, sizeof rig->dir, "/tmp/lychgate-webticket-XXXXXX");
    if (!mkdtemp(rig->dir))
        return -1;
    snprintf(rig->vault_dir, sizeof rig->vault_dir, "%s/vault", rig->dir);
    snprintf(rig->store_path, sizeof rig->store_path, "%s/store.db", rig->dir);
    must(rig,
         vault_init(rig->vault_dir,
                    &(struct vault_init_options){.site = "contoso.test", .now = NOW}, &rig->fault));
    must(rig,
         vault_start(&(struct vault_options){.dir = rig->vault_dir, .clients = 1, .hash_cost = 1},
                     &rig->vault, &rig->fault));
    rig->desk.vault = vault_client(rig->vault, 0);
    must(rig, vault_public(rig->desk.vault, rig->arena, &rig->keys, &rig->fault));
    must(rig,
         store_open(
             &(struct store_options){.path = rig->store_path,
                                     .schemas = (const struct store_schema *[]){&accounts_schema},
                                     .schema_count = 1},
             &rig->store, &rig->fault));
    must(rig, accounts_open(
                  &(struct accounts_options){.store = rig->store, .default_domain = site.domain},
                  &rig->desk.accounts, &rig->fault));
    rig->alice = rig_user(rig, "alice@contoso.test", "CONTOSO\\alice");
    rig->bob = rig_user(rig, "bob@contoso.test", "CONTOSO\\bob");
    rig->penalty = penalty_new(NULL);
    rig->webticket = rig_service(rig, true);
    rig->routes = http_routes_new(443);
    webticket_add_routes(rig->webticket, rig->routes);
    return 0;
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;
    char command[160];
    http_routes_free(rig->routes);
    webticket_free(rig->webticket);
    penalty_free(rig->penalty);
    accounts_free(rig->desk.accounts);
    store_free(rig->store);
    vault_free(rig->vault);
    arena_free(rig->arena);
    snprintf(command, sizeof command, "rm -rf %s", rig->dir);
    free(rig);
    return system(command);
}

/* Each test begins without penalties. */
static inline int rig_reset(void **state)
{
    struct rig *rig = *state;
    penalty_succeeded(rig->penalty, SLICE("192.0.2.7"), SLICE("alice@contoso.test"), NOW);
    rig->now += 60 * MINUTE;
    return 0;
}

/* ---- HTTP ---------------------------------------------------------------------------- */

struct exchange {
    enum http_method method;
    const char *path;
    const char *user; /* NULL: no Basic credentials */
    const char *password;
    struct slice body;
};

static inline struct http_reply rig_ask(struct rig *rig, const struct exchange *ask)
{
    struct http_field field = {.name = SLICE("Authorization")};
    struct http_request request = {
        .method = ask->method,
        .method_name = ask->method == HTTP_POST ? SLICE("POST") : SLICE("GET"),
        .target = slice_of(ask->path),
        .path = slice_of(ask->path),
        .host = site.web_host,
        .minor = 1,
        .keep_alive = true,
        .headers = &field,
        .header_count = ask->user ? 1 : 0,
        .body = ask->body,
        .peer = SLICE("192.0.2.7"),
        .secure = true,
    };
    if (ask->user) {
        struct slice pair = arena_print(rig->arena, "%s:%s", ask->user, ask->password);
        field.value =
            arena_print(rig->arena, "Basic %.*s", SLICE_ARG(base64_print(rig->arena, pair)));
    }
    struct http_reply reply = {0};
    http_routes_answer(rig->routes, &request, &reply, rig->arena, rig->now);
    return reply;
}

static inline bool holds(struct slice text, const char *part)
{
    return slice_find(text, slice_of(part)) >= 0;
}

/* The text with every `old` replaced. */
static inline struct slice replaced(struct rig *rig, struct slice text, const char *old,
                                    const char *new)
{
    scoped(buf) struct buf out = BUF_INIT;
    for (ptrdiff_t at; (at = slice_find(text, slice_of(old))) >= 0;) {
        buf_add(&out, slice_head(text, (size_t)at));
        buf_add_string(&out, new);
        text = slice_from(text, (size_t)at + strlen(old));
    }
    buf_add(&out, text);
    return arena_copy(rig->arena, buf_slice(&out));
}

/* ---- tickets --------------------------------------------------------------------------- */

static const char entropy[] = "0123456789abcdef0123456789abcdef";

static inline struct webticket_ask rig_wish(struct rig *rig, enum webticket_method method)
{
    return (struct webticket_ask){
        .method = method,
        .to = SLICE(WEB SITE_PATH_WEBTICKET),
        .applies_to = SLICE(CERT_URL),
        .sip_uri = SLICE("sip:alice@contoso.test"),
        .user = SLICE("alice@contoso.test"),
        .password = SLICE("p<w&\xc3\xa4 1"),
        .entropy = slice_make(entropy, WEBTICKET_ENTROPY_LEN),
        .message_id = SLICE("uuid:9e3f0a52-7f0c-4a55-8b39-000000000001"),
        .now = rig->now,
    };
}

static inline struct slice rig_print(struct rig *rig, const struct webticket_ask *ask)
{
    scoped(buf) struct buf out = BUF_INIT;
    webticket_rst_print(ask, &out);
    return arena_copy(rig->arena, buf_slice(&out));
}

static inline struct http_reply rig_basic(struct rig *rig, struct slice body)
{
    return rig_ask(rig, &(struct exchange){HTTP_POST, SITE_PATH_WEBTICKET, "alice@contoso.test",
                                           "p<w&\xc3\xa4 1", body});
}

static inline struct webticket_grant rig_grant(struct rig *rig, const struct http_reply *reply)
{
    struct webticket_grant grant;
    if (reply->status != 200)
        fail_msg("%d %s %s", reply->status, finding_id(reply->fault.finding), reply->fault.detail);
    must(rig, webticket_rstr_parse(reply->body, slice_make(entropy, WEBTICKET_ENTROPY_LEN),
                                   rig->arena, &grant, &rig->fault));
    return grant;
}

/* Alice's ticket, by Basic. */
static inline struct webticket_grant rig_ticket(struct rig *rig)
{
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    struct http_reply reply = rig_basic(rig, rig_print(rig, &ask));
    return rig_grant(rig, &reply);
}

#endif
