/* The ways to a ticket: the client half asks, the service answers. */
#include "webticket/p_sha1.h"
#include "webticket/testing_priv.h"

#include "xml/encrypted.h"

#include <openssl/x509.h>

#define PATH_AUTH  SITE_PATH_WEBTICKET "/Auth"
#define PATH_WSFED SITE_PATH_WEBTICKET "/WsFed_bearer"

/* ---- HTTP Basic ------------------------------------------------------------------------------ */

static void test_basic_is_asked_for_first(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    struct http_reply reply = rig_ask(
        rig, &(struct exchange){HTTP_POST, SITE_PATH_WEBTICKET, NULL, NULL, rig_print(rig, &ask)});
    assert_int_equal(reply.status, 401);
    assert_string_equal(http_reply_get(&reply, "WWW-Authenticate").at,
                        "Basic realm=\"webdir.contoso.test\"");
    assert_string_equal(http_reply_get(&reply, "X-MS-Server-Fqdn").at, "webdir.contoso.test");
    assert_int_equal(rig_ask(rig, &(struct exchange){HTTP_GET, PATH_AUTH, NULL, NULL, {0}}).status,
                     400);
}

static void test_basic_gives_a_ticket(void **state)
{
    struct rig *rig = *state;
    static const char *const logins[] = {"alice@contoso.test", "CONTOSO\\alice", "alice"};
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    for (size_t i = 0; i < 3; i++) {
        struct http_reply reply =
            rig_ask(rig, &(struct exchange){HTTP_POST, SITE_PATH_WEBTICKET, logins[i],
                                            "p<w&\xc3\xa4 1", rig_print(rig, &ask)});
        struct webticket_grant grant = rig_grant(rig, &reply);
        assert_true(grant.has_proof_key);
        assert_int_equal(grant.expires - grant.created, WEBTICKET_LIFETIME_MS);
        assert_true(slice_starts(grant.assertion_id, SLICE("SamlSecurityToken-")));
        webticket_grant_fini(&grant);
        assert_int_equal(grant.proof_key[0] | grant.proof_key[31], 0);
    }
}

/* Exactly what Debian's SIPE sends: no header, mixed name spaces, no Type. */
static const char sipe_rst[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
    "<soap:Envelope xmlns:auth=\"http://schemas.xmlsoap.org/ws/2006/12/authorization\""
    " xmlns:wsa=\"http://www.w3.org/2005/08/addressing\""
    " xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\""
    " xmlns:wst=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\""
    " xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
    "<wst:RequestSecurityToken Context=\"0d1a\"><wst:TokenType>http://docs.oasis-open.org/wss/"
    "oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType>"
    "<wst:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</wst:RequestType>"
    "<wsp:AppliesTo><wsa:EndpointReference><wsa:Address>" USER_URL "</wsa:Address>"
    "</wsa:EndpointReference></wsp:AppliesTo>"
    "<wst:Claims Dialect=\"urn:component:Microsoft.Rtc.WebAuthentication.2010:authclaims\">"
    "<auth:ClaimType Uri=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri\""
    " Optional=\"false\"><auth:Value>sip:alice@contoso.test</auth:Value></auth:ClaimType>"
    "</wst:Claims><wst:Entropy><wst:BinarySecret>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    "</wst:BinarySecret></wst:Entropy><wst:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/"
    "200512/SymmetricKey</wst:KeyType></wst:RequestSecurityToken></soap:Body></soap:Envelope>\r\n";

/* How SIPE finds an element: the first "<Name", else the first ":Name"; then its
 * content as raw text. */
static struct slice cut_as_sipe(struct rig *rig, struct slice body, const char *name,
                                bool with_tags)
{
    struct slice plain = arena_print(rig->arena, "<%s", name);
    struct slice prefixed = arena_print(rig->arena, ":%s", name);
    ptrdiff_t at = slice_find(body, plain);
    if (at < 0) {
        at = slice_find(body, prefixed);
        assert_true(at > 0);
        while (body.at[at] != '<')
            at--;
    }
    struct slice from = slice_from(body, (size_t)at), tag, rest;
    ptrdiff_t end = slice_index(from, '>');
    tag = slice_head(slice_from(from, 1), strcspn(from.at + 1, " >"));
    struct slice close = arena_print(rig->arena, "</%.*s>", SLICE_ARG(tag));
    ptrdiff_t last = slice_find(from, close);
    assert_true(end > 0 && last > end);
    rest = slice_head(from, (size_t)last + (with_tags ? close.len : 0));
    return with_tags ? rest : slice_from(rest, (size_t)end + 1);
}

static void test_answer_suits_sipes_eyes(void **state)
{
    struct rig *rig = *state;
    struct http_reply reply = rig_basic(rig, slice_of(sipe_rst));
    struct webticket_grant grant = rig_grant(rig, &reply);
    assert_string_equal(reply.content_type.at, "text/xml; charset=utf-8");
    struct slice lifetime = cut_as_sipe(rig, reply.body, "Lifetime", false);
    assert_true(slice_eq(lifetime, grant.lifetime));
    assert_true(slice_starts(lifetime, SLICE("<wsu:Created>2026-")));
    struct slice assertion = cut_as_sipe(rig, reply.body, "Assertion", true);
    assert_true(slice_starts(assertion, SLICE("<saml:Assertion xmlns:saml=\"" NS_SAML
                                              "\" AssertionID=\"SamlSecurityToken-")));
    struct webticket_claims claims;
    struct slice header =
        arena_print(rig->arena, "opaque=%.*s", SLICE_ARG(base64_print(rig->arena, assertion)));
    must(rig, webticket_verify_opaque(rig->webticket, header, rig->now, rig->arena, &claims,
                                      &rig->fault));
    struct slice secret;
    assert_int_equal(
        base64_parse(rig->arena, cut_as_sipe(rig, reply.body, "BinarySecret", false), &secret), 0);
    unsigned char key[PROOF_KEY_LEN];
    p_sha1(slice_make(entropy, 32), secret, key, sizeof key);
    assert_memory_equal(key, grant.proof_key, sizeof key);
}

static void test_wrong_password_looks_like_unknown_user(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    struct exchange wrong = {HTTP_POST, SITE_PATH_WEBTICKET, "alice@contoso.test", "x",
                             rig_print(rig, &ask)};
    struct exchange unknown = wrong;
    unknown.user = "nobody@contoso.test";
    struct http_reply a = rig_ask(rig, &wrong), b = rig_ask(rig, &unknown);
    assert_int_equal(a.status, 401);
    assert_int_equal(b.status, 401);
    assert_int_equal(a.fault.finding, FINDING_WRONG_PASSWORD);
    assert_int_equal(b.fault.finding, FINDING_UNKNOWN_USER);
    assert_int_equal(a.header_count, b.header_count);
    assert_int_equal(a.delay_ms, 0);
    /* SIPE's repetitions cost one guess, not four; the right one waits all the same. */
    assert_int_equal(rig_ask(rig, &wrong).delay_ms, 1000);
    rig->now += 1000;
    assert_int_equal(rig_ask(rig, &wrong).delay_ms, 1000);
    rig->now += 1000;
    struct http_reply right = rig_basic(rig, rig_print(rig, &ask));
    assert_int_equal(right.status, 200);
    assert_int_equal(right.delay_ms, 1000);
}

static void test_disabled_user_is_told(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    must(rig, accounts_enable(rig->desk.accounts, rig->alice.id, false, &rig->fault));
    struct http_reply reply = rig_basic(rig, rig_print(rig, &ask));
    must(rig, accounts_enable(rig->desk.accounts, rig->alice.id, true, &rig->fault));
    assert_int_equal(reply.status, 403);
    struct slice diagnostics = http_reply_get(&reply, "X-Ms-diagnostics");
    assert_true(slice_starts(diagnostics, SLICE("28000;source=\"webdir.contoso.test\";reason=\"")));
    webticket_refusal(reply.status, diagnostics, reply.body, FINDING_WRONG_PASSWORD, &rig->fault);
    assert_int_equal(rig->fault.finding, FINDING_USER_DISABLED);
}

/* ---- what may be asked for ----------------------------------------------------------------------
 */

static void expect_refusal(struct rig *rig, struct slice body, int status, enum finding finding)
{
    struct http_reply reply = rig_basic(rig, body);
    if (reply.fault.finding != finding || reply.status != status)
        fail_msg("%d %s (%s), not %s", reply.status, finding_id(reply.fault.finding),
                 reply.fault.detail, finding_id(finding));
}

static void test_requests_that_are_refused(void **state)
{
    struct rig *rig = *state;
    struct slice good = slice_of(sipe_rst);
    static const struct {
        const char *old, *new;
        int status;
        enum finding finding;
    } rows[] = {
        {"sip:alice@", "sip:bob@", 403, FINDING_CLAIM_MISMATCH},
        {"webdir.contoso.test", "webdir.fabrikam.test", 500, FINDING_TICKET_AUDIENCE},
        {"AutodiscoverService.svc", "AutodiscoverService.svcx", 500, FINDING_TICKET_AUDIENCE},
        {"https://webdir", "http://webdir", 500, FINDING_TICKET_AUDIENCE},
        {"/root/user", "/root/user?a=1&b=2", 400, FINDING_XML_MALFORMED},
        {"SAMLV1.1", "SAMLV2.0", 400, FINDING_RST_UNSUPPORTED},
        {"200512/SymmetricKey", "200512/PublicKey", 400, FINDING_RST_UNSUPPORTED},
        {"trust/Issue", "trust/Renew", 400, FINDING_RST_UNSUPPORTED},
        {"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "MDEyMzQ1", 400, FINDING_RST_UNSUPPORTED},
        {"MDEyMzQ1Njc4OWFi", "M*EyMzQ1Njc4OWFi", 400, FINDING_SOAP_MALFORMED},
        {"<wst:Entropy>", "<wst:KeyType/><wst:Entropy>", 400, FINDING_SOAP_MALFORMED},
        {"RequestSecurityToken", "RequestSomething", 400, FINDING_SOAP_MALFORMED},
        {"?>\r\n<soap", "?><!DOCTYPE a [<!ENTITY b \"c\">]>\r\n<soap", 400, FINDING_XML_FORBIDDEN},
        {"</soap:Body>", "", 400, FINDING_XML_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice bad = replaced(rig, good, rows[i].old, rows[i].new);
        assert_false(slice_eq(bad, good));
        expect_refusal(rig, bad, rows[i].status, rows[i].finding);
    }
    char *huge = must_alloc(70000);
    memset(huge, 'a', 70000);
    expect_refusal(rig, slice_make(huge, 70000), 413, FINDING_XML_LIMIT);
    free(huge);
    for (size_t len = 0; len < good.len - 2; len += 97) {
        struct http_reply reply = rig_basic(rig, slice_head(good, len));
        assert_int_equal(reply.status, 400);
    }
}

static void test_requests_that_are_taken(void **state)
{
    struct rig *rig = *state;
    struct slice good = slice_of(sipe_rst);
    /* An optional claim need not be met; the ticket is for the account all the same. */
    struct slice optional =
        replaced(rig, replaced(rig, good, "Optional=\"false\"", "Optional=\"true\""), "sip:alice@",
                 "sip:bob@");
    struct http_reply reply = rig_basic(rig, optional);
    assert_true(holds(rig_grant(rig, &reply).assertion, ">sip:alice@contoso.test<"));
    reply = rig_basic(rig, replaced(rig, good, "SymmetricKey", "Bearer"));
    assert_false(rig_grant(rig, &reply).has_proof_key);
    reply = rig_basic(rig, replaced(rig, good, "trust/200512\"", "trust/200512/\""));
    assert_true(rig_grant(rig, &reply).has_proof_key);
    /* A shorter life is granted, a longer one is not. */
    static const struct {
        const char *until;
        int64_t length;
    } wishes[] = {{"2026-11-21T22:20:00Z", 15 * MINUTE},
                  {"2027-11-21T22:20:00Z", WEBTICKET_LIFETIME_MS}};
    for (size_t i = 0; i < 2; i++) {
        struct slice wish = arena_print(rig->arena,
                                        "<wst:Lifetime xmlns:u=\"" NS_WSU
                                        "\"><u:Created>2026-11-21T22:05:00Z</u:Created>"
                                        "<u:Expires>%s</u:Expires></wst:Lifetime><wst:Entropy>",
                                        wishes[i].until);
        reply = rig_basic(rig, replaced(rig, good, "<wst:Entropy>", wish.at));
        struct webticket_grant grant = rig_grant(rig, &reply);
        assert_int_equal(grant.expires - grant.created, wishes[i].length);
    }
}

/* ---- UsernameToken
 * ------------------------------------------------------------------------------- */

static struct http_reply auth(struct rig *rig, const struct webticket_ask *ask)
{
    return rig_ask(rig, &(struct exchange){HTTP_POST, PATH_AUTH, NULL, NULL, rig_print(rig, ask)});
}

static void test_username_token(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_USERNAME);
    struct http_reply reply = auth(rig, &ask);
    assert_true(rig_grant(rig, &reply).has_proof_key);
    ask.encoded = true; /* as Lync's forms clients do */
    ask.user = SLICE("CONTOSO\\alice");
    reply = auth(rig, &ask);
    assert_true(rig_grant(rig, &reply).has_proof_key);
    ask.password = SLICE("wrong");
    reply = auth(rig, &ask);
    assert_int_equal(reply.status, 500);
    assert_int_equal(reply.fault.finding, FINDING_WRONG_PASSWORD);
    assert_true(slice_starts(http_reply_get(&reply, "X-Ms-diagnostics"), SLICE("28020;source=")));
    webticket_refusal(500, (struct slice){0}, reply.body, FINDING_WRONG_PASSWORD, &rig->fault);
    assert_int_equal(rig->fault.finding, FINDING_WRONG_PASSWORD);
}

static void test_username_token_refused(void **state)
{
    struct rig *rig = *state;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_USERNAME);
    struct slice good = rig_print(rig, &ask);
    static const struct {
        const char *old, *new;
        enum finding finding;
    } rows[] = {
        {"#PasswordText", "#PasswordDigest", FINDING_TICKET_MALFORMED},
        {"wsse:UsernameToken>", "wsse:Other>", FINDING_TICKET_MISSING},
        {"<wsse:Username>", "<wsse:Username>bob</wsse:Username><wsse:Username>",
         FINDING_TICKET_MALFORMED},
        {"</wsu:Created>", "x</wsu:Created>", FINDING_TICKET_MALFORMED},
        {WSSE_SAML11_TOKEN "</wst:TokenType>", OCS_USER_CWT "</wst:TokenType>",
         FINDING_RST_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice bad = replaced(rig, good, rows[i].old, rows[i].new);
        struct http_reply reply =
            rig_ask(rig, &(struct exchange){HTTP_POST, PATH_AUTH, NULL, NULL, bad});
        if (reply.fault.finding != rows[i].finding)
            fail_msg("row %zu: %s (%s)", i, finding_id(reply.fault.finding), reply.fault.detail);
    }
    ask.now -= 11 * MINUTE;
    assert_int_equal(auth(rig, &ask).fault.finding, FINDING_CLOCK_SKEW);
    ask.now += 22 * MINUTE;
    assert_int_equal(auth(rig, &ask).fault.finding, FINDING_CLOCK_SKEW);
}

/* ---- Org ID
 * ----------------------------------------------------------------------------------------- */

static struct saml_assertion orgid_token(struct rig *rig)
{
    return (struct saml_assertion){
        .id = saml_new_id(rig->arena),
        .issuer = webticket_orgid_issuer(rig->arena, &site),
        .audience = SLICE(WEB PATH_WSFED),
        .subject = SLICE("sip:alice@contoso.test"),
        .method = SAML_AM_PASSWORD,
        .account_id = rig->alice.id,
        .issued = rig->now,
        .not_before = rig->now,
        .not_after = rig->now + 60 * MINUTE,
    };
}

static struct slice encrypted(struct rig *rig, struct slice text)
{
    scoped(buf) struct buf out = BUF_INIT;
    const unsigned char *der = (const unsigned char *)rig->keys.decrypt_certificate.at;
    X509 *certificate = d2i_X509(NULL, &der, (long)rig->keys.decrypt_certificate.len);
    must(rig, encrypted_print(text, X509_get0_pubkey(certificate), ENCRYPTED_AES256_GCM, &out,
                              &rig->fault));
    X509_free(certificate);
    return arena_copy(rig->arena, buf_slice(&out));
}

static struct slice issued(struct rig *rig, const struct saml_assertion *token)
{
    scoped(buf) struct buf out = BUF_INIT;
    must(rig, saml_issue(token, &rig->keys, rig->desk.vault, &out, &rig->fault));
    return arena_copy(rig->arena, buf_slice(&out));
}

static struct http_reply federated(struct rig *rig, const char *path, struct slice token)
{
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_FEDERATED);
    ask.token = token;
    return rig_ask(rig, &(struct exchange){HTTP_POST, path, NULL, NULL, rig_print(rig, &ask)});
}

static void test_orgid_token_gives_a_ticket(void **state)
{
    struct rig *rig = *state;
    static const char *const paths[] = {PATH_WSFED, SITE_PATH_WEBTICKET_ADVANCED "/WsFed_bearer"};
    for (size_t i = 0; i < 2; i++) {
        struct saml_assertion token = orgid_token(rig);
        struct http_reply reply = federated(rig, paths[i], encrypted(rig, issued(rig, &token)));
        struct webticket_grant grant = rig_grant(rig, &reply);
        assert_true(grant.has_proof_key);
        assert_true(holds(grant.assertion, ">sip:alice@contoso.test<"));
    }
}

static void expect_token_refused(struct rig *rig, const struct saml_assertion *token,
                                 enum finding finding)
{
    struct http_reply reply = federated(rig, PATH_WSFED, encrypted(rig, issued(rig, token)));
    if (reply.fault.finding != finding || reply.status == 200)
        fail_msg("%d %s (%s), not %s", reply.status, finding_id(reply.fault.finding),
                 reply.fault.detail, finding_id(finding));
}

static void test_orgid_tokens_refused(void **state)
{
    struct rig *rig = *state;
    struct saml_assertion token = orgid_token(rig);
    token.issuer = webticket_issuer(rig->arena, &site); /* a web ticket is no such token */
    expect_token_refused(rig, &token, FINDING_TOKEN_REFUSED);
    token = orgid_token(rig);
    token.audience = SLICE(CERT_URL);
    expect_token_refused(rig, &token, FINDING_TOKEN_REFUSED);
    token = orgid_token(rig);
    token.not_after = rig->now - 6 * MINUTE;
    expect_token_refused(rig, &token, FINDING_TICKET_EXPIRED);
    token = orgid_token(rig);
    token.not_before = rig->now + 6 * MINUTE;
    expect_token_refused(rig, &token, FINDING_TICKET_NOT_YET_VALID);
    token = orgid_token(rig);
    token.account_id = rig->bob.id; /* the address went to another account */
    expect_token_refused(rig, &token, FINDING_UNKNOWN_USER);
    token = orgid_token(rig);
    token.subject = SLICE("sip:bob@contoso.test");
    token.account_id = rig->bob.id;
    expect_token_refused(rig, &token, FINDING_CLAIM_MISMATCH);
    token = orgid_token(rig);
    must(rig, accounts_enable(rig->desk.accounts, rig->alice.id, false, &rig->fault));
    expect_token_refused(rig, &token, FINDING_USER_DISABLED);
    must(rig, accounts_enable(rig->desk.accounts, rig->alice.id, true, &rig->fault));
}

static void test_orgid_tokens_forged(void **state)
{
    struct rig *rig = *state;
    struct saml_assertion token = orgid_token(rig);
    struct slice good = issued(rig, &token);
    struct http_reply reply =
        federated(rig, PATH_WSFED, encrypted(rig, replaced(rig, good, "alice@", "bob@")));
    assert_int_equal(reply.fault.finding, FINDING_SIGNATURE_INVALID);
    reply = federated(rig, PATH_WSFED, good); /* in clear */
    assert_int_equal(reply.fault.finding, FINDING_TICKET_MISSING);
    assert_int_equal(reply.status, 500);
    struct slice twice = encrypted(rig, good);
    reply = federated(rig, PATH_WSFED, arena_print(rig->arena, "%s%s", twice.at, twice.at));
    assert_int_equal(reply.fault.finding, FINDING_TICKET_MALFORMED);
    reply = federated(rig, PATH_WSFED, encrypted(rig, SLICE("<!DOCTYPE a><a/>")));
    assert_int_equal(reply.fault.finding, FINDING_TOKEN_REFUSED);
    struct slice broken = replaced(rig, twice, "</xenc:CipherValue>", "AAAA</xenc:CipherValue>");
    reply = federated(rig, PATH_WSFED, broken);
    assert_int_equal(reply.fault.finding, FINDING_TOKEN_REFUSED);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_basic_is_asked_for_first), TEST(test_basic_gives_a_ticket),
        TEST(test_answer_suits_sipes_eyes),  TEST(test_wrong_password_looks_like_unknown_user),
        TEST(test_disabled_user_is_told),    TEST(test_requests_that_are_refused),
        TEST(test_requests_that_are_taken),  TEST(test_username_token),
        TEST(test_username_token_refused),   TEST(test_orgid_token_gives_a_ticket),
        TEST(test_orgid_tokens_refused),     TEST(test_orgid_tokens_forged),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
