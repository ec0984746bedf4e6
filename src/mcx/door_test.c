/* The door, by the whole way of a phone: password, certificate, ticket by the certificate,
 * message. A real vault and store in a temporary folder. */
#include "accounts/account.h"
#include "certprov/certprov.h"
#include "certprov/client.h"
#include "certprov/csr.h"
#include "mcx/mcx.h"
#include "vault/vault_init.h"
#include "webticket/client.h"
#include "webticket/mex.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* */
#include <cmocka.h>

#define WEB     "https://webdir.contoso.test"
#define MCX_URL WEB SITE_PATH_MCX
#define DEVICE  "4e9df1a2-0b3c-5d6e-8f70-112233445566"
#define SESSION "0123456789abcdef0123456789abcdef"
#define LITERAL(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static const struct site site = {
    .domain = LITERAL("contoso.test"),
    .web_host = LITERAL("webdir.contoso.test"),
    .sip_host = LITERAL("sip.contoso.test"),
    .sip_external_host = LITERAL("sipfed.contoso.test"),
    .orgid_host = LITERAL("login.contoso.test"),
    .https_port = 443,
};

static struct world {
    char dir[64];
    struct arena *arena;
    struct vault *vault;
    struct store *store;
    struct desk desk;
    struct penalty *penalty;
    struct vault_public keys;
    struct webticket *webticket;
    struct certprov *certprov;
    struct http_routes *routes;
    EVP_PKEY *key;
    int64_t now;
    struct fault fault;
} world;

static void must(int err)
{
    if (err)
        fail_msg("%s: %s", finding_id(world.fault.finding), world.fault.detail);
}

static struct desk *the_desk(void *arg)
{
    (void)arg;
    return &world.desk;
}

static int open_accounts(const char *path)
{
    const struct store_schema *schemas[] = {&accounts_schema};
    struct account alice = {.address = SLICE("alice@contoso.test"), .enabled = true};
    must(store_open(&(struct store_options){.path = path, .schemas = schemas, .schema_count = 1},
                    &world.store, &world.fault));
    must(accounts_open(
        &(struct accounts_options){.store = world.store, .default_domain = site.domain},
        &world.desk.accounts, &world.fault));
    must(accounts_add(world.desk.accounts, &alice, world.arena, &world.fault));
    return accounts_set_password(world.desk.accounts, world.desk.vault, alice.id, SLICE("secret"),
                                 &world.fault);
}

static int set_up(void **state)
{
    (void)state;
    char path[96];
    world.now = INT64_C(1795298700500);
    world.arena = arena_new();
    snprintf(world.dir, sizeof world.dir, "/tmp/lychgate-mcx-XXXXXX");
    if (!mkdtemp(world.dir))
        return -1;
    snprintf(path, sizeof path, "%s/vault", world.dir);
    must(vault_init(path, &(struct vault_init_options){.site = "contoso.test", .now = world.now},
                    &world.fault));
    must(vault_start(&(struct vault_options){.dir = path, .clients = 1, .hash_cost = 1},
                     &world.vault, &world.fault));
    world.desk.vault = vault_client(world.vault, 0);
    must(vault_public(world.desk.vault, world.arena, &world.keys, &world.fault));
    snprintf(path, sizeof path, "%s/store.db", world.dir);
    must(open_accounts(path));
    world.penalty = penalty_new(NULL);
    world.webticket = webticket_new(
        &(struct webticket_options){
            .site = &site, .desk = the_desk, .penalty = world.penalty, .keys = &world.keys},
        &world.fault);
    assert_non_null(world.webticket);
    world.certprov = certprov_new(
        &(struct certprov_options){.site = &site, .desk = the_desk, .webticket = world.webticket});
    world.routes = http_routes_new(443);
    webticket_add_routes(world.webticket, world.routes);
    certprov_add_routes(world.certprov, world.routes);
    mcx_add_routes(&site, world.arena, world.routes);
    world.key = certprov_key_new(&world.fault);
    return world.key ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    EVP_PKEY_free(world.key);
    http_routes_free(world.routes);
    certprov_free(world.certprov);
    webticket_free(world.webticket);
    penalty_free(world.penalty);
    accounts_free(world.desk.accounts);
    store_free(world.store);
    vault_free(world.vault);
    arena_free(world.arena);
    snprintf(command, sizeof command, "rm -rf %s", world.dir);
    return system(command);
}

/* ---- the way to a ticket -----------------------------------------------------------------------
 */

static struct http_request request_to(const char *path, struct slice body)
{
    bool get = slice_absent(body);
    return (struct http_request){.method = get ? HTTP_GET : HTTP_POST,
                                 .method_name = get ? SLICE("GET") : SLICE("POST"),
                                 .path = slice_of(path),
                                 .host = site.web_host,
                                 .minor = 1,
                                 .body = body,
                                 .peer = SLICE("192.0.2.7"),
                                 .secure = true};
}

static struct http_reply fetch(const char *path, struct slice body)
{
    struct http_reply reply = {0};
    struct http_request request = request_to(path, body);
    http_routes_answer(world.routes, &request, &reply, world.arena, world.now);
    return reply;
}

static const unsigned char entropy[WEBTICKET_ENTROPY_LEN] = "thirty-two bytes, not so random";

static struct webticket_ask wish(const char *to, const char *service)
{
    return (struct webticket_ask){.method = WEBTICKET_USERNAME,
                                  .to = slice_of(to),
                                  .applies_to = slice_of(service),
                                  .sip_uri = SLICE("sip:alice@contoso.test"),
                                  .user = SLICE("alice@contoso.test"),
                                  .password = SLICE("secret"),
                                  .entropy = slice_make(entropy, sizeof entropy),
                                  .message_id = SLICE("uuid:1"),
                                  .now = world.now};
}

static struct webticket_grant granted(const char *path, const struct buf *rst)
{
    struct webticket_grant grant;
    struct http_reply reply = fetch(path, buf_slice(rst));
    if (reply.status != 200)
        fail_msg("%d: %s", reply.status, reply.fault.detail);
    must(webticket_rstr_parse(reply.body, slice_make(entropy, sizeof entropy), world.arena, &grant,
                              &world.fault));
    return grant;
}

static struct webticket_grant by_password(const char *service)
{
    scoped(buf) struct buf rst = BUF_INIT;
    struct webticket_ask ask = wish(WEB SITE_PATH_WEBTICKET "/Auth", service);
    webticket_rst_print(&ask, &rst);
    return granted(SITE_PATH_WEBTICKET "/Auth", &rst);
}

static struct slice certificate(void)
{
    scoped(buf) struct buf security = BUF_INIT, out = BUF_INIT;
    struct webticket_grant ticket = by_password(WEB SITE_PATH_CERTPROV "/WebTicket_Proof");
    struct certprov_ask ask = {.device_id = SLICE(DEVICE), .address = SLICE("alice@contoso.test")};
    struct certprov_grant grant;
    must(certprov_csr_new(world.key, ask.address, world.arena, &ask.csr, &world.fault));
    webticket_security_print(&ticket, world.now, &security);
    ask.security = buf_slice(&security);
    ask.request_id = SLICE("1");
    certprov_request_print(&ask, &out);
    struct http_reply reply = fetch(SITE_PATH_CERTPROV "/WebTicket_Proof", buf_slice(&out));
    must(certprov_response_parse(reply.body, world.arena, &grant, &world.fault));
    return grant.certificate;
}

static struct webticket_grant by_certificate(void)
{
    scoped(buf) struct buf rst = BUF_INIT;
    struct webticket_identity identity = {.key = world.key, .certificate = certificate()};
    struct webticket_ask ask = wish(WEB SITE_PATH_WEBTICKET "/Cert", MCX_URL);
    must(webticket_rst_print_signed(&ask, &identity, &rst, &world.fault));
    return granted(SITE_PATH_WEBTICKET "/Cert", &rst);
}

/* ---- at the door -------------------------------------------------------------------------------
 */

static const struct mcx_request poll = {
    .operation = MCX_POLL, .session = LITERAL(SESSION), .poll = {3, -1}};

static struct slice message_with(const struct webticket_grant *ticket)
{
    scoped(buf) struct buf security = BUF_INIT, out = BUF_INIT;
    webticket_security_print(ticket, world.now, &security);
    mcx_request_print(&poll, buf_slice(&security), &out);
    return arena_copy(world.arena, buf_slice(&out));
}

static int knock(struct slice body, struct webticket_claims *claims, struct mcx_request *message)
{
    struct http_request request = request_to(SITE_PATH_MCX, body);
    world.fault = (struct fault){0};
    return mcx_read(world.webticket, &request, world.now, world.arena, claims, message,
                    &world.fault);
}

static void refused(struct slice body, enum finding finding)
{
    struct webticket_claims claims;
    struct mcx_request message;
    assert_true(knock(body, &claims, &message) < 0);
    assert_string_equal(finding_id(world.fault.finding), finding_id(finding));
    struct http_reply reply = {0};
    struct mcx_response response;
    struct fault fault;
    mcx_refuse(&site, &reply, world.arena, &world.fault); /* and the client can read that */
    assert_int_equal(reply.status, mcx_fault_status(finding));
    assert_int_equal(mcx_response_parse(reply.body, MCX_POLL, world.arena, &response, &fault),
                     -ERR_DENIED);
}

static void tickets_by_certificate_pass(void **state)
{
    (void)state;
    struct webticket_grant ticket = by_certificate();
    struct slice body = message_with(&ticket);
    struct webticket_claims claims;
    struct mcx_request message;
    must(knock(body, &claims, &message));
    assert_true(claims.by_certificate && claims.proven);
    assert_true(slice_eq(claims.address, SLICE("alice@contoso.test")));
    assert_int_equal(message.operation, MCX_POLL);
    assert_int_equal(message.poll.ack, 3);
    refused(body, FINDING_TICKET_REPLAYED);
    world.now += 1; /* another Timestamp: the same ticket does for the next message */
    must(knock(message_with(&ticket), &claims, &message));
    world.now += (int64_t)9 * 3600 * 1000;
    refused(message_with(&ticket), FINDING_TICKET_EXPIRED);
    webticket_grant_fini(&ticket);
}

static void others_do_not(void **state)
{
    (void)state;
    scoped(buf) struct buf bare = BUF_INIT;
    struct webticket_grant ticket = by_password(MCX_URL);
    refused(message_with(&ticket), FINDING_MCX_NO_CERTIFICATE);
    ticket.has_proof_key = false; /* somebody who has only seen it */
    world.now += 1;
    refused(message_with(&ticket), FINDING_TICKET_PROOF);
    webticket_grant_fini(&ticket);
    mcx_request_print(&poll, (struct slice){0}, &bare);
    refused(buf_slice(&bare), FINDING_TICKET_MISSING);
    refused(SLICE("<html/>"), FINDING_SOAP_MALFORMED);
    refused(SLICE("{}"), FINDING_XML_MALFORMED);
    refused(SLICE("<!DOCTYPE x><x/>"), FINDING_XML_FORBIDDEN);
    refused(SLICE("<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body>"
                  "<Poll xmlns=\"" NS_MCX "\"/></e:Body></e:Envelope>"),
            FINDING_SOAP_MALFORMED);
    char *large = must_alloc(MCX_REQUEST_MAX + 8);
    memset(large, ' ', MCX_REQUEST_MAX + 8);
    memcpy(large, "<x/>", 4);
    refused(slice_make(large, MCX_REQUEST_MAX + 8), FINDING_XML_LIMIT);
    free(large);
}

static void it_says_what_it_is(void **state)
{
    (void)state;
    struct mex_service service;
    struct http_reply page = fetch(SITE_PATH_MCX, (struct slice){0});
    assert_int_equal(page.status, 200);
    assert_true(slice_find(page.body, SLICE("not wire-compatible with Lync 2010")) >= 0);
    struct http_reply mex = fetch(SITE_PATH_MCX "/mex", (struct slice){0});
    assert_int_equal(mex.status, 200);
    assert_true(slice_find(mex.body, SLICE("not wire-compatible with Lync 2010")) >= 0);
    for (int i = 0; i < MCX_OPERATIONS; i++)
        assert_true(slice_find(mex.body, arena_print(world.arena, "soapAction=\"" NS_MCX "/%s\"",
                                                     mcx_operation_name((enum mcx_operation)i))) >=
                    0);
    must(mex_parse(mex.body, world.arena, &service, &world.fault));
    const struct mex_port *port = mex_find(&service, MCX_PORT);
    assert_non_null(port);
    assert_int_equal(port->auth, MEX_AUTH_TICKET_PROOF);
    assert_true(slice_eq(port->location, SLICE(MCX_URL)));
    assert_true(slice_ends(port->issuer, SLICE("/Cert")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_by_certificate_pass),
        cmocka_unit_test(others_do_not),
        cmocka_unit_test(it_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
