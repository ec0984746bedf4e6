#include "certprov/test_world_priv.h"

#include "accounts/certificate.h"
#include "certprov/client.h"
#include "certprov/csr.h"
#include "event/event.h"
#include "vault/vault_init.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const int64_t now = INT64_C(1795298700500); /* 2026-11-21T22:05:00.5Z */
const int64_t hour = INT64_C(3600000);

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static const struct site site = {
    .domain = {TEXT("contoso.test")},
    .web_host = {TEXT("webdir.contoso.test")},
    .sip_host = {TEXT("sip.contoso.test")},
    .sip_external_host = {TEXT("sipfed.contoso.test")},
    .orgid_host = {TEXT("login.contoso.test")},
    .https_port = 443,
};

struct world world;

/* ---- the world ------------------------------------------------------------------------ */

static struct desk *the_desk(void *arg)
{
    struct world *w = arg;
    return &w->desk;
}

static void collect(void *arg, const struct event_record *record)
{
    struct world *w = arg;
    scoped(arena) struct arena *scratch = arena_new();
    if (strcmp(record->name, "certprov.issued") == 0)
        snprintf(w->issued, sizeof w->issued, "%.*s", SLICE_ARG(event_print(scratch, record)));
}

int add_account(struct account *account, const char *address)
{
    *account = (struct account){.address = slice_of(address), .enabled = true};
    int err = accounts_add(world.desk.accounts, account, world.arena, &world.fault);
    return err ? err
               : accounts_set_password(world.desk.accounts, world.desk.vault, account->id,
                                       SLICE("secret"), &world.fault);
}

static int open_accounts(void)
{
    const struct store_schema *schemas[] = {&accounts_schema};
    if (store_open(&(struct store_options){.path = world.store_path,
                                           .schemas = schemas,
                                           .schema_count = 1},
                   &world.store, &world.fault) ||
        accounts_open(
            &(struct accounts_options){.store = world.store, .default_domain = site.domain},
            &world.desk.accounts, &world.fault))
        return -1;
    return add_account(&world.alice, "alice@contoso.test") ||
           add_account(&world.bob, "bob@contoso.test");
}

static int open_roles(void)
{
    world.penalty = penalty_new(NULL);
    world.orgid = orgid_new(&(struct orgid_options){.site = &site,
                                                    .desk = the_desk,
                                                    .desk_arg = &world,
                                                    .penalty = world.penalty,
                                                    .keys = &world.keys},
                            &world.fault);
    world.webticket = webticket_new(&(struct webticket_options){.site = &site,
                                                                .desk = the_desk,
                                                                .desk_arg = &world,
                                                                .penalty = world.penalty,
                                                                .keys = &world.keys,
                                                                .orgid = true},
                                    &world.fault);
    world.certprov = certprov_new(&(struct certprov_options){
        .site = &site, .desk = the_desk, .desk_arg = &world, .webticket = world.webticket});
    world.routes = http_routes_new(443);
    if (!world.orgid || !world.webticket)
        return -1;
    orgid_add_routes(world.orgid, world.routes);
    webticket_add_routes(world.webticket, world.routes);
    certprov_add_routes(world.certprov, world.routes);
    return 0;
}

int setup_group(void **state)
{
    (void)state;
    snprintf(world.dir, sizeof world.dir, "/tmp/lychgate-certprov-XXXXXX");
    if (!mkdtemp(world.dir))
        return -1;
    snprintf(world.vault_dir, sizeof world.vault_dir, "%s/vault", world.dir);
    snprintf(world.store_path, sizeof world.store_path, "%s/store.db", world.dir);
    world.arena = arena_new();
    event_set_sink(collect, &world, EVENT_NOTICE);
    if (vault_init(world.vault_dir,
                   &(struct vault_init_options){.site = "contoso.test", .now = now},
                   &world.fault) ||
        vault_start(&(struct vault_options){.dir = world.vault_dir, .clients = 1, .hash_cost = 1},
                    &world.vault, &world.fault))
        return -1;
    world.desk.vault = vault_client(world.vault, 0);
    if (vault_public(world.desk.vault, world.arena, &world.keys, &world.fault) || open_accounts() ||
        open_roles())
        return -1;
    world.key = certprov_key_new(&world.fault);
    return certprov_csr_new(world.key, SLICE("alice@contoso.test"), world.arena, &world.csr,
                            &world.fault);
}

int teardown_group(void **state)
{
    char command[128];
    (void)state;
    event_set_sink(NULL, NULL, EVENT_ERROR);
    EVP_PKEY_free(world.key);
    http_routes_free(world.routes);
    certprov_free(world.certprov);
    webticket_free(world.webticket);
    orgid_free(world.orgid);
    penalty_free(world.penalty);
    accounts_free(world.desk.accounts);
    store_free(world.store);
    vault_free(world.vault);
    arena_free(world.arena);
    snprintf(command, sizeof command, "rm -rf %s", world.dir);
    return system(command);
}

/* ---- helpers ----------------------------------------------------------------------------- */

bool contains(struct slice text, const char *what)
{
    return slice_find(text, slice_of(what)) >= 0;
}

void assert_finding(enum finding found, enum finding wanted)
{
    if (found != wanted)
        fail_msg("%s, not %s", finding_id(found), finding_id(wanted));
}

/* To an https URL of any of the site's hosts; GET without a body. */
struct http_reply fetch(const char *url, struct slice body, int64_t at)
{
    struct http_reply reply = {0};
    struct slice host, path;
    slice_cut(slice_from(slice_of(url), strlen("https://")), '/', &host, &path);
    struct http_request request = {
        .method = slice_absent(body) ? HTTP_GET : HTTP_POST,
        .method_name = slice_absent(body) ? SLICE("GET") : SLICE("POST"),
        .path = arena_print(world.arena, "/%.*s", SLICE_ARG(path)),
        .host = host,
        .minor = 1,
        .body = body,
        .peer = SLICE("192.0.2.7"),
        .secure = true,
    };
    http_routes_answer(world.routes, &request, &reply, world.arena, at);
    return reply;
}

static const unsigned char entropy[WEBTICKET_ENTROPY_LEN] = "thirty-two bytes, not so random";

struct webticket_grant ask_ticket(struct webticket_ask ask, int64_t at)
{
    scoped(buf) struct buf rst = BUF_INIT;
    struct webticket_grant grant;
    ask.applies_to = SLICE(SERVICE "/WebTicket_Proof");
    ask.entropy = slice_make(entropy, sizeof entropy);
    ask.message_id = SLICE("uuid:1");
    ask.now = at;
    webticket_rst_print(&ask, &rst);
    struct http_reply reply = fetch(arena_string(world.arena, ask.to), buf_slice(&rst), at);
    if (reply.status != 200)
        fail_msg("%d: %s", reply.status, reply.fault.detail);
    if (webticket_rstr_parse(reply.body, ask.entropy, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    return grant;
}

struct webticket_grant ticket_of(const char *address, int64_t at)
{
    return ask_ticket(
        (struct webticket_ask){
            .method = WEBTICKET_USERNAME,
            .to = SLICE(WEB SITE_PATH_WEBTICKET "/Auth"),
            .sip_uri = arena_print(world.arena, "sip:%s", address),
            .user = slice_of(address),
            .password = SLICE("secret"),
        },
        at);
}

struct slice message_at(const struct webticket_grant *ticket, struct slice entity, struct slice csr,
                        int64_t at)
{
    scoped(buf) struct buf security = BUF_INIT, out = BUF_INIT;
    webticket_security_print(ticket, at, &security);
    certprov_request_print(&(struct certprov_ask){.security = buf_slice(&security),
                                                  .device_id = SLICE(DEVICE),
                                                  .address = entity,
                                                  .csr = csr,
                                                  .request_id = SLICE("request-7")},
                           &out);
    return arena_copy(world.arena, buf_slice(&out));
}

struct http_reply ask_cert(struct slice entity, struct slice csr)
{
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    return fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, entity, csr, now), now);
}

struct slice replaced(struct slice text, const char *what, const char *with)
{
    ptrdiff_t at = slice_find(text, slice_of(what));
    if (at < 0)
        fail_msg("no %s in it", what);
    return arena_print(world.arena, "%.*s%s%.*s", SLICE_ARG(slice_head(text, (size_t)at)), with,
                       SLICE_ARG(slice_from(text, (size_t)at + strlen(what))));
}

size_t published(const struct account *account)
{
    struct certificate_record *list;
    size_t count = 0;
    certificates_list(world.desk.accounts, account->id, world.arena, &list, &count, &world.fault);
    return count;
}

struct slice csr_of(EVP_PKEY *key, const EVP_MD *md, long version)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    X509_REQ_set_version(request, version);
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"root@contoso.test", -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    assert_true(X509_REQ_sign(request, key, md) > 0);
    int len = i2d_X509_REQ(request, &der);
    struct slice copy = arena_copy(world.arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    X509_REQ_free(request);
    return copy;
}

void write_file(const char *name, struct slice bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", world.dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    fclose(file);
}

/* Run a command of OpenSSL's in the temporary folder; what it said goes to out.txt. */
int openssl_says(const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, "cd %s && openssl %s >out.txt 2>&1", world.dir, arguments);
    return system(command);
}

size_t read_file(const char *name, char *to, size_t room)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", world.dir, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(to, 1, room - 1, file);
    fclose(file);
    to[len] = '\0';
    return len;
}
