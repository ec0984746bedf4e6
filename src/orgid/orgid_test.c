/* The client half against the server half, over a real vault and store. */
#include "orgid/orgid.h"

#include "accounts/account.h"
#include "orgid/client.h"
#include "vault/vault_init.h"
#include "webticket/saml.h"
#include "webticket/webticket.h"
#include "xml/encrypted.h"
#include "xml/names.h"
#include "xml/soap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700500); /* 2026-11-21T22:05:00.5Z */
static const int64_t minute = INT64_C(60000);

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static const struct site site = {
    .domain = {TEXT("contoso.test")},
    .web_host = {TEXT("webdir.contoso.test")},
    .sip_host = {TEXT("sip.contoso.test")},
    .sip_external_host = {TEXT("sipfed.contoso.test")},
    .orgid_host = {TEXT("login.contoso.test")},
    .https_port = 443,
};

#define FED  "https://webdir.contoso.test/WebTicket/WebTicketService.svc/WsFed_bearer"
#define FED2 "https://webdir.contoso.test/WebTicket/WebTicketAdvancedService.svc/WsFed_bearer"

static struct world {
    char dir[64], vault_dir[96], store_path[96];
    struct arena *arena;
    struct vault *vault;
    struct store *store;
    struct desk desk;
    struct penalty *penalty;
    struct vault_public keys;
    struct orgid *orgid;
    struct http_routes *routes;
    struct account alice, carol;
    struct fault fault;
} world;

static struct desk *the_desk(void *arg)
{
    struct world *w = arg;
    return &w->desk;
}

static int add_account(struct account *account, struct slice password)
{
    int err = accounts_add(world.desk.accounts, account, world.arena, &world.fault);
    return err ? err
               : accounts_set_password(world.desk.accounts, world.desk.vault, account->id, password,
                                       &world.fault);
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
    world.alice = (struct account){.address = SLICE("alice@contoso.test"),
                                   .login = SLICE("asmith@contoso.test"),
                                   .enabled = true};
    world.carol = (struct account){.address = SLICE("carol@contoso.test"), .enabled = true};
    if (add_account(&world.alice, SLICE("s3cret & <more>")) ||
        add_account(&world.carol, SLICE("carols")))
        return -1;
    return accounts_enable(world.desk.accounts, world.carol.id, false, &world.fault);
}

static int setup_group(void **state)
{
    (void)state;
    snprintf(world.dir, sizeof world.dir, "/tmp/lychgate-orgid-XXXXXX");
    if (!mkdtemp(world.dir))
        return -1;
    snprintf(world.vault_dir, sizeof world.vault_dir, "%s/vault", world.dir);
    snprintf(world.store_path, sizeof world.store_path, "%s/store.db", world.dir);
    world.arena = arena_new();
    if (vault_init(world.vault_dir,
                   &(struct vault_init_options){.site = "contoso.test", .now = now},
                   &world.fault) ||
        vault_start(&(struct vault_options){.dir = world.vault_dir, .clients = 1, .hash_cost = 1},
                    &world.vault, &world.fault))
        return -1;
    world.desk.vault = vault_client(world.vault, 0);
    if (vault_public(world.desk.vault, world.arena, &world.keys, &world.fault) || open_accounts())
        return -1;
    world.penalty = penalty_new(NULL);
    world.orgid = orgid_new(&(struct orgid_options){.site = &site,
                                                    .desk = the_desk,
                                                    .desk_arg = &world,
                                                    .penalty = world.penalty,
                                                    .keys = &world.keys},
                            &world.fault);
    world.routes = http_routes_new(443);
    if (!world.orgid)
        return -1;
    orgid_add_routes(world.orgid, world.routes);
    return 0;
}

static int teardown_group(void **state)
{
    char command[128];
    (void)state;
    http_routes_free(world.routes);
    orgid_free(world.orgid);
    penalty_free(world.penalty);
    accounts_free(world.desk.accounts);
    store_free(world.store);
    vault_free(world.vault);
    arena_free(world.arena);
    snprintf(command, sizeof command, "rm -rf %s", world.dir);
    return system(command);
}

/* ---- helpers ----------------------------------------------------------------------- */

static struct http_reply ask_at(const char *path, const char *query, enum http_method method,
                                struct slice body, int64_t at)
{
    struct http_reply reply = {0};
    struct http_request request = {
        .method = method,
        .method_name = method == HTTP_GET ? SLICE("GET") : SLICE("POST"),
        .path = slice_of(path),
        .query = slice_of(query),
        .host = site.orgid_host,
        .minor = 1,
        .body = body,
        .peer = SLICE("192.0.2.7"),
        .secure = true,
    };
    http_routes_answer(world.routes, &request, &reply, world.arena, at);
    return reply;
}

static struct http_reply post(struct slice body)
{
    return ask_at("/RST2.srf", NULL, HTTP_POST, body, now);
}

static struct slice rst2(const char *user, const char *password, const char *applies_to)
{
    scoped(buf) struct buf out = BUF_INIT;
    orgid_rst2_print(&(struct orgid_ask){.to = SLICE("https://login.contoso.test/RST2.srf"),
                                         .user = slice_of(user),
                                         .password = slice_of(password),
                                         .applies_to = slice_of(applies_to),
                                         .message_id = SLICE("uuid:1"),
                                         .now = now},
                     &out);
    return arena_copy(world.arena, buf_slice(&out));
}

static bool contains(struct slice text, const char *what)
{
    return slice_find(text, slice_of(what)) >= 0;
}

static void assert_finding(enum finding found, enum finding wanted)
{
    if (found != wanted)
        fail_msg("%s, not %s", finding_id(found), finding_id(wanted));
}

static int unwrap(void *arg, struct slice wrapped, unsigned char *key, size_t len)
{
    scoped(secret) struct secret plain = SECRET_INIT;
    int err = vault_key_unwrap(arg, wrapped, &plain, NULL);
    if (!err && plain.len != len)
        err = -ERR_FORGED;
    if (!err)
        memcpy(key, plain.at, len);
    return err;
}

/* What the web ticket service does with a token. */
static void open_token(struct slice token, struct saml_assertion *out)
{
    scoped(xml_doc) struct xml_doc *outer = NULL, *inner = NULL;
    scoped(secret) struct secret text = SECRET_INIT;
    struct dsig_key *key = dsig_key_from_certificate(world.keys.token_certificate);
    assert_int_equal(xml_read(token, NULL, &outer, &world.fault), 0);
    assert_int_equal(
        encrypted_read(xml_root(outer),
                       &(struct encrypted_read_options){.unwrap = unwrap, .arg = world.desk.vault},
                       &text, &world.fault),
        0);
    assert_int_equal(xml_read(secret_slice(&text), NULL, &inner, &world.fault), 0);
    const struct saml_check check = {
        .key = key, .issuer = webticket_orgid_issuer(world.arena, &site), .now = now, .skew_ms = 0};
    if (saml_verify(xml_root(inner), &check, world.arena, out, &world.fault))
        fail_msg("%s", world.fault.detail);
    dsig_key_free(key);
}

/* ---- realm -------------------------------------------------------------------------- */

static struct orgid_realm realm(const char *query)
{
    struct orgid_realm out;
    struct http_reply reply = ask_at("/GetUserRealm.srf", query, HTTP_GET, (struct slice){0}, now);
    assert_int_equal(reply.status, 200);
    assert_true(slice_starts(reply.content_type, SLICE("text/xml")));
    assert_int_equal(orgid_realm_parse(reply.body, world.arena, &out, &world.fault), 0);
    return out;
}

static void test_realm(void **state)
{
    (void)state;
    struct orgid_realm r = realm("login=alice%40Contoso.test&xml=1");
    assert_int_equal(r.kind, ORGID_MANAGED);
    assert_true(slice_eq(r.login, SLICE("alice@Contoso.test")));
    assert_true(slice_eq(r.domain, SLICE("Contoso.test")));
    assert_true(slice_absent(r.sts_url));
    /* Who has no account looks the same. */
    assert_int_equal(realm("login=nobody@contoso.test&xml=1").kind, ORGID_MANAGED);
    assert_int_equal(realm("login=alice@fabrikam.test&xml=1").kind, ORGID_UNKNOWN);
    assert_int_equal(realm("login=alice&xml=1").kind, ORGID_UNKNOWN);
    assert_int_equal(realm("login=%22%3Ca%40contoso.test&xml=1").kind, ORGID_MANAGED);
}

static void test_realm_json_and_form(void **state)
{
    (void)state;
    struct http_reply reply =
        ask_at("/getuserrealm.srf", "login=alice@contoso.test", HTTP_GET, (struct slice){0}, now);
    assert_true(contains(reply.content_type, "application/json"));
    assert_true(contains(reply.body, "\"NameSpaceType\":\"Managed\""));
    reply = ask_at("/getuserrealm.srf", NULL, HTTP_POST, SLICE("login=alice%40contoso.test&xml=1"),
                   now);
    assert_true(contains(reply.body, "<NameSpaceType>Managed</NameSpaceType>"));
    reply = ask_at("/getuserrealm.srf", "xml=1", HTTP_GET, (struct slice){0}, now);
    assert_int_equal(reply.status, 400);
    assert_finding(reply.fault.finding, FINDING_HTTP_MALFORMED);
}

static void test_realm_client(void **state)
{
    (void)state;
    struct orgid_realm r;
    assert_true(slice_eq(
        orgid_realm_url(world.arena, SLICE("https://login.contoso.test:4443/RST2.srf"),
                        SLICE("a&b@contoso.test")),
        SLICE(
            "https://login.contoso.test:4443/getuserrealm.srf?login=a%26b%40contoso.test&xml=1")));
    assert_true(slice_absent(orgid_realm_url(world.arena, SLICE("http://x/RST2.srf"), SLICE("a"))));
    assert_true(slice_absent(orgid_realm_url(world.arena, SLICE("urn:x"), SLICE("a"))));
    assert_int_equal(
        orgid_realm_parse(SLICE("<RealmInfo><NameSpaceType>Federated</NameSpaceType><STSAuthURL>"
                                "https://adfs.test/adfs</STSAuthURL></RealmInfo>"),
                          world.arena, &r, &world.fault),
        0);
    assert_int_equal(r.kind, ORGID_FEDERATED);
    assert_true(slice_eq(r.sts_url, SLICE("https://adfs.test/adfs")));
    /* The password would go to whoever is named here. */
    assert_int_equal(
        orgid_realm_parse(SLICE("<RealmInfo><NameSpaceType>Federated</NameSpaceType><STSAuthURL>"
                                "http://adfs.test/adfs</STSAuthURL></RealmInfo>"),
                          world.arena, &r, &world.fault),
        -ERR_MALFORMED);
    assert_int_equal(orgid_realm_parse(SLICE("<html/>"), world.arena, &r, &world.fault),
                     -ERR_MALFORMED);
}

/* ---- tokens --------------------------------------------------------------------------- */

static void test_token(void **state)
{
    (void)state;
    const char *const audiences[] = {FED, FED2};
    for (size_t i = 0; i < 2; i++) {
        struct orgid_grant grant;
        struct saml_assertion assertion;
        struct http_reply reply =
            post(rst2("asmith@contoso.test", "s3cret & <more>", audiences[i]));
        assert_int_equal(reply.status, 200);
        assert_finding(reply.fault.finding, FINDING_NONE);
        assert_true(contains(reply.body, "<psf:reqstatus>0x0</psf:reqstatus>"));
        assert_false(contains(reply.body, "alice")); /* the token is not to be read on the way */
        if (orgid_rst2_parse(reply.body, world.arena, &grant, &world.fault))
            fail_msg("%s", world.fault.detail);
        assert_true(grant.encrypted);
        assert_int_equal(grant.created, now / 1000 * 1000);
        assert_int_equal(grant.expires - grant.created, ORGID_LIFETIME_MS);
        assert_true(contains(reply.body, arena_string(world.arena, grant.lifetime)));
        open_token(grant.token, &assertion);
        assert_true(slice_eq(assertion.subject, SLICE("sip:alice@contoso.test")));
        assert_true(slice_eq(assertion.audience, slice_of(audiences[i])));
        assert_int_equal(assertion.account_id, world.alice.id);
        assert_int_equal(assertion.not_after, grant.expires);
        assert_true(slice_absent(assertion.sealed_key));
    }
}

/* The dialect of SIPE: no AuthInfo, no Timestamp, prefixes of its own, blanks. */
static void test_token_plain(void **state)
{
    (void)state;
    struct orgid_grant grant;
    struct http_reply reply = post(SLICE(
        "<?xml version=\"1.0\"?>\r\n<S:Envelope xmlns:S=\"" NS_SOAP12 "\" xmlns:wsse=\"" NS_WSSE
        "\" xmlns:wsp=\"" NS_WSP "\" xmlns:wsa=\"" NS_WSA "\" xmlns:wst=\"" NS_WST_2005 "\">"
        " <S:Header>  <wsa:To>https://login.microsoftonline.com:443/RST2.srf</wsa:To>"
        "<wsa:ReplyTo><wsa:Address>" WSA_ANONYMOUS "</wsa:Address></wsa:ReplyTo>"
        "<wsa:MessageID>uuid:2</wsa:MessageID><wsa:Action>" WST_2005_RST "</wsa:Action>"
        "<wsse:Security> <wsse:UsernameToken><wsse:Username>alice@contoso.test</wsse:Username>"
        "<wsse:Password>s3cret &amp; &lt;more&gt;</wsse:Password></wsse:UsernameToken>"
        "</wsse:Security></"
        "S:Header><S:Body><wst:RequestSecurityToken><wst:RequestType>" WST_2005_ISSUE
        "</wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>" FED
        "</wsa:Address></wsa:EndpointReference></wsp:AppliesTo></wst:RequestSecurityToken>"
        "</S:Body></S:Envelope>"));
    assert_int_equal(reply.status, 200);
    if (orgid_rst2_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    /* What SIPE searches for as text comes once, and in this order. */
    ptrdiff_t lifetime = slice_find(reply.body, SLICE(":Lifetime"));
    ptrdiff_t token = slice_find(reply.body, SLICE(":EncryptedData"));
    assert_true(lifetime > 0 && token > lifetime);
    assert_true(contains(reply.body, "<wst:Lifetime><wsu:Created>2026-11-21T22:05:00Z"
                                     "</wsu:Created><wsu:Expires>2026-11-22T06:05:00Z"
                                     "</wsu:Expires></wst:Lifetime>"));
}

/* ---- refusals --------------------------------------------------------------------------- */

static void refused(struct http_reply reply, int status, enum finding logged, enum finding told)
{
    struct orgid_grant grant;
    assert_int_equal(reply.status, status);
    assert_finding(reply.fault.finding, logged);
    assert_true(orgid_rst2_parse(reply.body, world.arena, &grant, &world.fault) < 0);
    assert_finding(world.fault.finding, told);
    orgid_refusal(reply.status, reply.body, &world.fault);
    assert_finding(world.fault.finding, told);
    assert_false(contains(reply.body, "EncryptedData"));
}

static void test_wrong_password(void **state)
{
    (void)state;
    struct vault_counts before, after;
    vault_counts(world.desk.vault, &before, NULL);
    struct http_reply wrong = post(rst2("alice@contoso.test", "guess", FED));
    struct http_reply unknown = post(rst2("nobody@contoso.test", "guess", FED));
    vault_counts(world.desk.vault, &after, NULL);
    refused(wrong, 200, FINDING_WRONG_PASSWORD, FINDING_WRONG_PASSWORD);
    refused(unknown, 200, FINDING_UNKNOWN_USER, FINDING_WRONG_PASSWORD);
    assert_true(slice_eq(wrong.body, unknown.body));
    assert_true(contains(wrong.body, "0x80048821"));
    assert_int_equal(after.hashes - before.hashes, 2); /* one each: the same time */
    assert_int_equal(after.signatures, before.signatures);
}

static void test_wrong_password_again(void **state)
{
    (void)state;
    int64_t delay = 0;
    for (int i = 0; i < 6; i++)
        delay = post(rst2("bob@contoso.test", "guess", FED)).delay_ms;
    assert_true(delay > 0);
    assert_int_equal(post(rst2("alice@contoso.test", "s3cret & <more>", FED)).fault.finding,
                     FINDING_NONE);
}

static void test_disabled(void **state)
{
    (void)state;
    struct http_reply right = post(rst2("carol@contoso.test", "carols", FED));
    refused(right, 200, FINDING_USER_DISABLED, FINDING_USER_DISABLED);
    refused(post(rst2("carol@contoso.test", "guess", FED)), 200, FINDING_WRONG_PASSWORD,
            FINDING_WRONG_PASSWORD);
}

static void test_other_audience(void **state)
{
    (void)state;
    static const char *const others[] = {
        "online.lync.com",
        "https://webdir.contoso.test/WebTicket/WebTicketService.svc",
        "https://webdir.fabrikam.test/WebTicket/WebTicketService.svc/WsFed_bearer",
        "http://webdir.contoso.test/WebTicket/WebTicketService.svc/WsFed_bearer",
        FED "/more",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(post(rst2("alice@contoso.test", "s3cret & <more>", others[i])), 200,
                FINDING_TICKET_AUDIENCE, FINDING_TICKET_AUDIENCE);
}

static void test_clock(void **state)
{
    (void)state;
    struct slice body = rst2("alice@contoso.test", "s3cret & <more>", FED);
    refused(ask_at("/RST2.srf", NULL, HTTP_POST, body, now - 6 * minute), 200, FINDING_CLOCK_SKEW,
            FINDING_CLOCK_SKEW);
    refused(ask_at("/RST2.srf", NULL, HTTP_POST, body, now + 11 * minute), 200, FINDING_CLOCK_SKEW,
            FINDING_CLOCK_SKEW);
    assert_finding(ask_at("/RST2.srf", NULL, HTTP_POST, body, now + 9 * minute).fault.finding,
                   FINDING_NONE);
    assert_finding(ask_at("/RST2.srf", NULL, HTTP_POST, body, now - 4 * minute).fault.finding,
                   FINDING_NONE);
}

static void test_malformed(void **state)
{
    (void)state;
    struct slice good = rst2("alice@contoso.test", "s3cret & <more>", FED);
    for (size_t len = 0; len < good.len; len += 97)
        assert_int_equal(post(slice_head(good, len)).status, 400);
    struct http_reply reply = post(SLICE("<s:Envelope xmlns:s=\"" NS_SOAP12 "\"><s:Body/>"
                                         "</s:Envelope>"));
    refused(reply, 400, FINDING_SOAP_MALFORMED, FINDING_TOKEN_REFUSED);
    reply = post(SLICE("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"));
    refused(reply, 400, FINDING_XML_FORBIDDEN, FINDING_TOKEN_REFUSED);
    scoped(buf) struct buf huge = BUF_INIT;
    buf_add_string(&huge, "<a>");
    for (size_t i = 0; i < 3 << 17; i++)
        buf_add_string(&huge, "<b/>");
    buf_add_string(&huge, "</a>");
    assert_int_equal(post(buf_slice(&huge)).status, 400);
    /* No login, and a SOAP 1.1 one. */
    scoped(buf) struct buf bare = BUF_INIT;
    ptrdiff_t from = slice_find(good, SLICE("<wsse:UsernameToken"));
    ptrdiff_t to = slice_find(good, SLICE("<wsu:Timestamp"));
    buf_add(&bare, slice_head(good, (size_t)from));
    buf_add(&bare, slice_from(good, (size_t)to));
    refused(post(buf_slice(&bare)), 400, FINDING_TICKET_MISSING, FINDING_TOKEN_REFUSED);
}

static void test_foreign_refusals(void **state)
{
    (void)state;
    struct fault fault;
#define PSF(value, code, text)                                                                     \
    SLICE(                                                                                         \
        "<S:Envelope xmlns:S=\"" NS_SOAP12 "\"><S:Body><S:Fault><S:Code><S:Value>S:Sender"         \
        "</S:Value></S:Code><S:Reason><S:Text>Authentication Failure</S:Text></S:Reason>"          \
        "<S:Detail><psf:error xmlns:psf=\"" NS_PASSPORT_PSF "\"><psf:value>" value                 \
        "</psf:value><psf:internalerror><psf:code>" code "</psf:code><psf:text>" text              \
        "</psf:text></psf:internalerror></psf:error></S:Detail></S:Fault></S:Body></S:Envelope>")
    orgid_refusal(200, PSF("0x80048821", "0x80041012", "The entered and stored passwords do not"),
                  &fault);
    assert_finding(fault.finding, FINDING_WRONG_PASSWORD);
    orgid_refusal(200, PSF("0x80048821", "0x80048821", "AADSTS50034: no such user"), &fault);
    assert_finding(fault.finding, FINDING_UNKNOWN_USER);
    orgid_refusal(200, PSF("0x80048823", "0x80048823", "locked"), &fault);
    assert_finding(fault.finding, FINDING_TOO_MANY_ATTEMPTS);
    orgid_refusal(200, PSF("0x80048814", "0x80041034", "something else"), &fault);
    assert_finding(fault.finding, FINDING_TOKEN_REFUSED);
    assert_non_null(strstr(fault.detail, "something else"));
    assert_int_equal(orgid_refusal(503, SLICE("<html><body>Busy"), &fault), -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "503"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_realm),
        cmocka_unit_test(test_realm_json_and_form),
        cmocka_unit_test(test_realm_client),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_token_plain),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_wrong_password_again),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_other_audience),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_foreign_refusals),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
