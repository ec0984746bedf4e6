/* The whole way to a certificate, client halves against server halves: Org ID or a
 * password, web ticket, GetAndPublishCert; over a real vault and store. */
#include "certprov/certprov.h"

#include "accounts/account.h"
#include "accounts/certificate.h"
#include "base/encode.h"
#include "certprov/client.h"
#include "certprov/csr.h"
#include "event/event.h"
#include "orgid/client.h"
#include "orgid/orgid.h"
#include "vault/vault_init.h"
#include "webticket/client.h"
#include "webticket/mex.h"
#include "webticket/webticket.h"
#include "xml/names.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700500); /* 2026-11-21T22:05:00.5Z */
static const int64_t hour = INT64_C(3600000);

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static const struct site site = {
    .domain = {TEXT("contoso.test")},
    .web_host = {TEXT("webdir.contoso.test")},
    .sip_host = {TEXT("sip.contoso.test")},
    .sip_external_host = {TEXT("sipfed.contoso.test")},
    .orgid_host = {TEXT("login.contoso.test")},
    .https_port = 443,
};

#define WEB     "https://webdir.contoso.test"
#define SERVICE WEB SITE_PATH_CERTPROV
#define DEVICE  "4e9df1a2-0b3c-5d6e-8f70-112233445566"

static struct world {
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
} world;

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

static int add_account(struct account *account, const char *address)
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

static int setup_group(void **state)
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

static int teardown_group(void **state)
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

static bool contains(struct slice text, const char *what)
{
    return slice_find(text, slice_of(what)) >= 0;
}

static void assert_finding(enum finding found, enum finding wanted)
{
    if (found != wanted)
        fail_msg("%s, not %s", finding_id(found), finding_id(wanted));
}

/* To an https URL of any of the site's hosts; GET without a body. */
static struct http_reply fetch(const char *url, struct slice body, int64_t at)
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

static struct webticket_grant ask_ticket(struct webticket_ask ask, int64_t at)
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

static struct webticket_grant ticket_of(const char *address, int64_t at)
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

static struct slice message_at(const struct webticket_grant *ticket, struct slice entity,
                               struct slice csr, int64_t at)
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

static struct http_reply ask_cert(struct slice entity, struct slice csr)
{
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    return fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, entity, csr, now), now);
}

static struct slice replaced(struct slice text, const char *what, const char *with)
{
    ptrdiff_t at = slice_find(text, slice_of(what));
    if (at < 0)
        fail_msg("no %s in it", what);
    return arena_print(world.arena, "%.*s%s%.*s", SLICE_ARG(slice_head(text, (size_t)at)), with,
                       SLICE_ARG(slice_from(text, (size_t)at + strlen(what))));
}

static size_t published(const struct account *account)
{
    struct certificate_record *list;
    size_t count = 0;
    certificates_list(world.desk.accounts, account->id, world.arena, &list, &count, &world.fault);
    return count;
}

static struct slice csr_of(EVP_PKEY *key, const EVP_MD *md, long version)
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

static void write_file(const char *name, struct slice bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", world.dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    fclose(file);
}

/* Run a command of OpenSSL's in the temporary folder; what it said goes to out.txt. */
static int openssl_says(const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, "cd %s && openssl %s >out.txt 2>&1", world.dir, arguments);
    return system(command);
}

static size_t read_file(const char *name, char *to, size_t room)
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

/* ---- metadata ------------------------------------------------------------------------------- */

static void test_mex(void **state)
{
    (void)state;
    struct mex_service service;
    struct http_reply reply = fetch(SERVICE "/mex", (struct slice){0}, now);
    assert_int_equal(reply.status, 200);
    assert_int_equal(mex_parse(reply.body, world.arena, &service, &world.fault), 0);
    const struct mex_port *port = mex_find(&service, CERTPROV_PORT);
    assert_non_null(port);
    assert_int_equal(port->auth, MEX_AUTH_TICKET_PROOF);
    assert_true(slice_eq(port->location, SLICE(SERVICE "/WebTicket_Proof")));
    assert_true(slice_eq(port->issuer, SLICE(WEB SITE_PATH_WEBTICKET)));
    /* SIPE looks the policy up by this Id. */
    assert_true(contains(reply.body, "Id=\"" CERTPROV_PORT "_policy\""));
}

/* ---- a certificate -----------------------------------------------------------------------------
 */

static void check_with_openssl(struct slice certificate)
{
    char said[1024];
    write_file("user.der", certificate);
    write_file("ca.der", world.keys.user_ca_certificate);
    assert_int_equal(openssl_says("x509 -inform DER -in ca.der -out ca.pem"), 0);
    assert_int_equal(openssl_says("x509 -inform DER -in user.der -out user.pem"), 0);
    assert_int_equal(openssl_says("verify -x509_strict -purpose sslclient -attime 1795298800 "
                                  "-CAfile ca.pem user.pem"),
                     0);
    assert_int_not_equal(openssl_says("verify -purpose sslserver -attime 1795298800 -CAfile ca.pem "
                                      "user.pem"),
                         0);
    assert_int_equal(openssl_says("x509 -in user.pem -noout -subject -ext subjectAltName"), 0);
    read_file("out.txt", said, sizeof said);
    assert_non_null(strstr(said, "CN = alice@contoso.test\n"));
    assert_non_null(strstr(said, "URI:sip:alice@contoso.test\n"));
}

static void test_certificate(void **state)
{
    (void)state;
    struct certprov_grant grant;
    struct certificate_record record;
    struct account account;
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    world.issued[0] = '\0';
    struct http_reply reply = ask_cert(SLICE("alice@contoso.test"), world.csr);
    assert_int_equal(reply.status, 200);
    assert_finding(reply.fault.finding, FINDING_NONE);
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_int_equal(certprov_grant_check(&grant, world.csr, &world.fault), 0);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
    assert_int_equal(grant.not_before, now / 1000 * 1000 - CERTPROV_BACKDATE_MS);
    assert_int_equal(grant.not_after, now / 1000 * 1000 + 8 * hour);
    SHA256((const unsigned char *)grant.certificate.at, grant.certificate.len, fingerprint);
    assert_int_equal(certificates_check(world.desk.accounts,
                                        slice_make(fingerprint, sizeof fingerprint), now,
                                        world.arena, &record, &account, &world.fault),
                     0);
    assert_int_equal(account.id, world.alice.id);
    assert_true(slice_eq(record.device_id, SLICE(DEVICE)));
    assert_int_equal(record.not_after, grant.not_after);
    assert_non_null(strstr(world.issued, "user=alice@contoso.test"));
    assert_non_null(strstr(world.issued, DEVICE));
    assert_non_null(strstr(world.issued, "2026-11-22T06:05:00Z"));
    /* The form that SIPE walks down (signin.md 5.3). */
    assert_true(contains(reply.body,
                         "<GetAndPublishCertResponse xmlns=\"" NS_OCS_CERT "\" DeviceId=\"{" DEVICE
                         "}\" Entity=\"alice@contoso.test\">"));
    check_with_openssl(grant.certificate);
}

/* Each device has its own, and the subject of the request does not count. */
static void test_another(void **state)
{
    (void)state;
    struct certprov_grant grant;
    size_t before = published(&world.alice);
    struct http_reply reply =
        ask_cert(SLICE("sip:ALICE@contoso.test"), csr_of(world.key, EVP_sha1(), 2));
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
    assert_int_equal(published(&world.alice), before + 1);
}

static void test_p256(void **state)
{
    (void)state;
    struct certprov_grant grant;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct slice csr = csr_of(key, EVP_sha256(), 0);
    struct http_reply reply = ask_cert(SLICE("alice@contoso.test"), csr);
    assert_int_equal(certprov_response_parse(reply.body, world.arena, &grant, &world.fault), 0);
    assert_int_equal(certprov_grant_check(&grant, csr, &world.fault), 0);
    /* And the client sees it when the key is another's. */
    assert_int_equal(certprov_grant_check(&grant, world.csr, &world.fault), -ERR_FORGED);
    EVP_PKEY_free(key);
}

/* Requests by a foreign hand, and ours before a foreign judge. */
static void test_openssl_requests(void **state)
{
    (void)state;
    struct certprov_csr csr;
    char bytes[CERTPROV_CSR_MAX];
    write_file("own.der", world.csr);
    assert_int_equal(openssl_says("req -inform DER -in own.der -noout -verify -subject"), 0);
    assert_int_equal(openssl_says("req -new -newkey rsa:2048 -nodes -keyout k.pem -outform DER "
                                  "-out foreign.der -subj /O=Elsewhere/CN=x "
                                  "-addext subjectAltName=DNS:evil.test"),
                     0);
    size_t len = read_file("foreign.der", bytes, sizeof bytes);
    assert_int_equal(certprov_csr_parse(slice_make(bytes, len), world.arena, &csr, &world.fault),
                     0);
    assert_int_equal(csr.bits, 2048);
}

/* Password, Org ID, web ticket, certificate: as in the cloud. */
static void test_by_orgid(void **state)
{
    (void)state;
    scoped(buf) struct buf rst2 = BUF_INIT;
    struct orgid_grant token;
    struct certprov_grant grant;
    const struct slice fed = SLICE(WEB SITE_PATH_WEBTICKET_ADVANCED "/WsFed_bearer");
    orgid_rst2_print(&(struct orgid_ask){.to = SLICE("https://login.contoso.test/RST2.srf"),
                                         .user = SLICE("alice@contoso.test"),
                                         .password = SLICE("secret"),
                                         .applies_to = fed,
                                         .message_id = SLICE("uuid:3"),
                                         .now = now},
                     &rst2);
    struct http_reply reply = fetch("https://login.contoso.test/RST2.srf", buf_slice(&rst2), now);
    if (orgid_rst2_parse(reply.body, world.arena, &token, &world.fault))
        fail_msg("%s", world.fault.detail);
    struct webticket_grant ticket =
        ask_ticket((struct webticket_ask){.method = WEBTICKET_FEDERATED,
                                          .to = fed,
                                          .sip_uri = SLICE("sip:alice@contoso.test"),
                                          .token = token.token},
                   now);
    reply = fetch(SERVICE "/WebTicket_Proof_SHA1",
                  message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now), now);
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
}

/* ---- ErrorInfo
 * ----------------------------------------------------------------------------------- */

static void refused(struct http_reply reply, enum finding logged, enum finding told)
{
    struct certprov_grant grant;
    assert_int_equal(reply.status, 200);
    assert_finding(reply.fault.finding, logged);
    assert_int_equal(certprov_response_parse(reply.body, world.arena, &grant, &world.fault),
                     -ERR_DENIED);
    assert_finding(world.fault.finding, told);
    assert_true(contains(reply.body, "<ErrorInfo>"));
    assert_false(slice_absent(http_reply_get(&reply, "X-Ms-diagnostics")));
}

static void test_other_entity(void **state)
{
    (void)state;
    static const char *const others[] = {"bob@contoso.test", "nobody@contoso.test",
                                         "alice@contoso.test,bob@contoso.test",
                                         "alice@contoso.tes"};
    size_t alices = published(&world.alice), bobs = published(&world.bob);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(ask_cert(slice_of(others[i]), world.csr), FINDING_CLAIM_MISMATCH,
                FINDING_CLAIM_MISMATCH);
    assert_int_equal(published(&world.alice), alices);
    assert_int_equal(published(&world.bob), bobs);
}

static void test_weak_keys(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-384"), EVP_EC_gen("P-224"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const EVP_MD *md = EVP_PKEY_is_a(keys[i], "ED25519") ? NULL : EVP_sha256();
        refused(ask_cert(SLICE("alice@contoso.test"), csr_of(keys[i], md, 0)), FINDING_CSR_WEAK_KEY,
                FINDING_CSR_WEAK_KEY);
        EVP_PKEY_free(keys[i]);
    }
}

/* A request for somebody else's public key: the signature is another's. */
static void test_no_possession(void **state)
{
    (void)state;
    EVP_PKEY *other = certprov_key_new(&world.fault);
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    X509_REQ_set_pubkey(request, world.key);
    assert_true(X509_REQ_sign(request, other, EVP_sha256()) > 0);
    int len = i2d_X509_REQ(request, &der);
    refused(ask_cert(SLICE("alice@contoso.test"), slice_make(der, (size_t)len)),
            FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    OPENSSL_free(der);
    X509_REQ_free(request);
    EVP_PKEY_free(other);
}

static void test_broken_requests(void **state)
{
    (void)state;
    struct certprov_csr csr;
    const struct slice alice = SLICE("alice@contoso.test");
    for (size_t len = 0; len < world.csr.len; len++)
        assert_int_equal(
            certprov_csr_parse(slice_head(world.csr, len), world.arena, &csr, &world.fault),
            -ERR_MALFORMED);
    refused(ask_cert(alice, slice_head(world.csr, world.csr.len - 1)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
    char *longer = arena_alloc(world.arena, world.csr.len + 1);
    memcpy(longer, world.csr.at, world.csr.len);
    refused(ask_cert(alice, slice_make(longer, world.csr.len + 1)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
    refused(ask_cert(alice, SLICE("")), FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    refused(ask_cert(alice, slice_make(arena_alloc(world.arena, 100000), 100000)),
            FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    longer[world.csr.len / 2] ^= 1; /* in the public key */
    refused(ask_cert(alice, slice_make(longer, world.csr.len)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
}

static void test_broken_documents(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {">\r\nMII", ">\r\n?II"},
        {"DeviceId=\"{" DEVICE "}\" ", ""},
        {"DeviceId=\"{" DEVICE "}\" ", "DeviceId=\"mine\" "},
        {" Entity=\"alice@contoso.test\"", ""},
        {"#PKCS10", "#PKCS7"},
        {"200512/Issue", "200512/Renew"},
        {"#X509v3</", "#X509v1</"},
        {"wst:RequestSecurityToken>", "wst:RequestSecurityTokem>"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
        struct slice body = message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now);
        body = replaced(body, changes[i][0], changes[i][1]);
        if (contains(body, "wst:RequestSecurityTokem>"))
            body = replaced(body, "</wst:RequestSecurityToken>", "</wst:RequestSecurityTokem>");
        refused(fetch(SERVICE "/WebTicket_Proof", body, now), FINDING_CSR_MALFORMED,
                FINDING_CSR_MALFORMED);
    }
}

static void test_account_gone(void **state)
{
    (void)state;
    const struct slice bob = SLICE("bob@contoso.test");
    struct webticket_grant ticket = ticket_of("bob@contoso.test", now);
    accounts_enable(world.desk.accounts, world.bob.id, false, &world.fault);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now), now),
            FINDING_USER_DISABLED, FINDING_USER_DISABLED);
    /* Another person's account under the same address. */
    accounts_remove(world.desk.accounts, world.desk.vault, world.bob.id, &world.fault);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now + 1000),
                  now + 1000),
            FINDING_UNKNOWN_USER, FINDING_CSR_MALFORMED);
    assert_int_equal(add_account(&world.bob, "bob@contoso.test"), 0);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now + 2000),
                  now + 2000),
            FINDING_UNKNOWN_USER, FINDING_CSR_MALFORMED);
    assert_int_equal(published(&world.bob), 0);
}

/* ---- tickets
 * ----------------------------------------------------------------------------------------- */

static void not_let_in(struct slice body, int64_t at, enum finding finding)
{
    struct http_reply reply = fetch(SERVICE "/WebTicket_Proof", body, at);
    assert_finding(reply.fault.finding, finding);
    assert_true(reply.status >= 400);
    assert_false(slice_absent(http_reply_get(&reply, "X-Ms-diagnostics")));
    assert_false(contains(reply.body, "BinarySecurityToken"));
    assert_true(contains(reply.body, "Fault>"));
}

static void test_tickets(void **state)
{
    (void)state;
    size_t before = published(&world.alice);
    const struct slice alice = SLICE("alice@contoso.test");
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    struct slice body = message_at(&ticket, alice, world.csr, now);
    struct slice later = message_at(&ticket, alice, world.csr, now + 9 * hour);
    not_let_in(replaced(body, "sip:alice@", "sip:bobby@"), now, FINDING_SIGNATURE_INVALID);
    not_let_in(body, now + hour, FINDING_CLOCK_SKEW);
    not_let_in(later, now + 9 * hour, FINDING_TICKET_EXPIRED);
    /* Without its key a copied ticket is worth nothing. */
    struct webticket_grant stolen = ticket;
    stolen.proof_key[0] ^= 1;
    not_let_in(message_at(&stolen, alice, world.csr, now), now, FINDING_TICKET_PROOF);
    stolen.has_proof_key = false;
    not_let_in(message_at(&stolen, alice, world.csr, now), now, FINDING_TICKET_PROOF);
    assert_int_equal(published(&world.alice), before);
    /* The right one, and then a second time. */
    assert_finding(fetch(SERVICE "/WebTicket_Proof", body, now).fault.finding, FINDING_NONE);
    not_let_in(body, now + 1000, FINDING_TICKET_REPLAYED);
    assert_int_equal(published(&world.alice), before + 1);
}

static void test_no_ticket(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    certprov_request_print(&(struct certprov_ask){.device_id = SLICE(DEVICE),
                                                  .address = SLICE("alice@contoso.test"),
                                                  .csr = world.csr,
                                                  .request_id = SLICE("r")},
                           &out);
    not_let_in(buf_slice(&out), now, FINDING_TICKET_MISSING);
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    struct slice body = message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now);
    not_let_in(slice_head(body, body.len / 2), now, FINDING_XML_MALFORMED);
    not_let_in(SLICE("<!DOCTYPE x><x/>"), now, FINDING_XML_FORBIDDEN);
    body = replaced(body, "<GetAndPublishCert ", "<GetCert ");
    not_let_in(replaced(body, "</GetAndPublishCert>", "</GetCert>"), now, FINDING_SOAP_MALFORMED);
}

/* ---- other people's answers
 * ---------------------------------------------------------------------------- */

static void test_foreign_answers(void **state)
{
    (void)state;
    struct certprov_grant grant;
    struct fault fault;
#define ANSWER(inside)                                                                             \
    SLICE("<s:Envelope xmlns:s=\"" NS_SOAP11 "\"><s:Body>" inside "</s:Body></s:Envelope>")
    assert_int_equal(certprov_response_parse(
                         ANSWER("<GetAndPublishCertResponse xmlns=\"" NS_OCS_CERT
                                "\"><ErrorInfo><Message>No <b/></Message><Text>CSR too short</Text>"
                                "</ErrorInfo></GetAndPublishCertResponse>"),
                         world.arena, &grant, &fault),
                     -ERR_DENIED);
    assert_finding(fault.finding, FINDING_CSR_MALFORMED);
    assert_non_null(strstr(fault.detail, "CSR too short"));
    assert_int_equal(certprov_response_parse(ANSWER("<Other/>"), world.arena, &grant, &fault),
                     -ERR_MALFORMED);
    assert_int_equal(
        certprov_response_parse(
            ANSWER("<GetAndPublishCertResponse><RequestSecurityTokenResponse>"
                   "<RequestedSecurityToken><BinarySecurityToken>AAAA</BinarySecurityToken>"
                   "</RequestedSecurityToken></RequestSecurityTokenResponse>"
                   "</GetAndPublishCertResponse>"),
            world.arena, &grant, &fault),
        -ERR_MALFORMED);
    assert_int_equal(
        certprov_response_parse(ANSWER("<s:Fault><faultcode>s:Server</faultcode><faultstring>Tired"
                                       "</faultstring></s:Fault>"),
                                world.arena, &grant, &fault),
        -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "Tired"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mex),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_another),
        cmocka_unit_test(test_p256),
        cmocka_unit_test(test_openssl_requests),
        cmocka_unit_test(test_by_orgid),
        cmocka_unit_test(test_other_entity),
        cmocka_unit_test(test_weak_keys),
        cmocka_unit_test(test_no_possession),
        cmocka_unit_test(test_broken_requests),
        cmocka_unit_test(test_broken_documents),
        cmocka_unit_test(test_account_gone),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_no_ticket),
        cmocka_unit_test(test_foreign_answers),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
