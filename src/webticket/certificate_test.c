/* Tickets by certificate: /Cert, and what is done to it. */
#include "webticket/testing_priv.h"

#include "accounts/certificate.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#define CERT_WAY SITE_PATH_WEBTICKET "/Cert"
#define MCX_URL  WEB SITE_PATH_MCX

static int believed(struct rig *rig, struct slice assertion, struct webticket_claims *claims)
{
    struct slice header =
        arena_print(rig->arena, "opaque=%.*s", SLICE_ARG(base64_print(rig->arena, assertion)));
    return webticket_verify_opaque(rig->webticket, header, rig->now, rig->arena, claims,
                                   &rig->fault);
}

static void test_how_it_was_got(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    static const struct {
        const char *method;
        bool by_certificate;
    } rows[] = {
        {SAML_AM_PASSWORD, false},
        {SAML_AM_UNSPECIFIED, false},
        {SAML_AM_X509, true},
        {SAML_AM_X509 "x", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct saml_assertion a = {
            .id = SLICE("SamlSecurityToken-1"),
            .issuer = webticket_issuer(rig->arena, &site),
            .audience = SLICE(WEB SITE_PATH_MCX),
            .subject = SLICE("sip:alice@contoso.test"),
            .method = rows[i].method,
            .account_id = 1,
            .issued = rig->now,
            .not_before = rig->now,
            .not_after = rig->now + 60 * MINUTE,
        };
        scoped(buf) struct buf out = BUF_INIT;
        must(rig, saml_issue(&a, &rig->keys, rig->desk.vault, &out, &rig->fault));
        must(rig, believed(rig, buf_slice(&out), &claims));
        if (claims.by_certificate != rows[i].by_certificate)
            fail_msg("%s", rows[i].method);
    }
    struct webticket_grant grant = rig_ticket(rig); /* by password */
    must(rig, believed(rig, grant.assertion, &claims));
    assert_false(claims.by_certificate);
}

/* ---- certificates ------------------------------------------------------------------------ */

static EVP_PKEY *rsa_key, *other_key, *ec_key; /* made once: that takes long */

static int setup(void **state)
{
    rsa_key = EVP_RSA_gen(2048);
    other_key = EVP_RSA_gen(2048);
    ec_key = EVP_EC_gen("P-256");
    return rig_setup(state);
}

static int teardown(void **state)
{
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(ec_key);
    return rig_teardown(state);
}

static struct slice fingerprint_of(struct rig *rig, struct slice der)
{
    unsigned char *digest = arena_alloc(rig->arena, SHA256_DIGEST_LENGTH);
    SHA256((const unsigned char *)der.at, der.len, digest);
    return slice_make(digest, SHA256_DIGEST_LENGTH);
}

/* As certprov/ does it; `publish` false: the authority signed it, and nobody wrote it down. */
static struct webticket_identity certify(struct rig *rig, const struct account *account,
                                         EVP_PKEY *key, bool publish)
{
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);
    struct webticket_identity identity = {.key = key};
    const struct vault_certificate wanted = {
        .public_key = slice_make(spki, (size_t)len),
        .common_name = account->address,
        .sip_uri = arena_print(rig->arena, "sip:%.*s", SLICE_ARG(account->address)),
        .not_before = rig->now - 5 * MINUTE,
        .not_after = rig->now + 8 * 60 * MINUTE,
    };
    must(rig, vault_certificate_issue(rig->desk.vault, &wanted, rig->arena, &identity.certificate,
                                      &rig->fault));
    OPENSSL_free(spki);
    struct certificate_record record = {
        .fingerprint = fingerprint_of(rig, identity.certificate),
        .serial = SLICE("1"),
        .account_id = account->id,
        .device_id = SLICE("device"),
        .not_before = wanted.not_before,
        .not_after = wanted.not_after,
        .issued_at = rig->now,
    };
    if (publish)
        must(rig, certificates_publish(rig->desk.accounts, &record, &rig->fault));
    return identity;
}

/* Another site's: right in all but who signed it. */
static struct webticket_identity certify_elsewhere(struct rig *rig, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_set_pubkey(certificate, key);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"alice@contoso.test", -1, -1, 0);
    assert_true(X509_sign(certificate, other_key, EVP_sha256()) > 0);
    int len = i2d_X509(certificate, &der);
    struct slice copy = arena_copy(rig->arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(certificate);
    return (struct webticket_identity){.key = key, .certificate = copy};
}

/* ---- asking --------------------------------------------------------------------------------- */

static struct slice signed_wish(struct rig *rig, const struct webticket_identity *identity,
                                const char *to, int64_t when)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    ask.to = slice_of(to);
    ask.applies_to = SLICE(MCX_URL);
    ask.now = when;
    must(rig, webticket_rst_print_signed(&ask, identity, &out, &rig->fault));
    return arena_copy(rig->arena, buf_slice(&out));
}

static struct http_reply ask_by(struct rig *rig, struct slice body)
{
    return rig_ask(rig, &(struct exchange){HTTP_POST, CERT_WAY, NULL, NULL, body});
}

static struct slice alices_wish(struct rig *rig, const struct webticket_identity *identity)
{
    return signed_wish(rig, identity, WEB CERT_WAY, rig->now);
}

static void expect_refusal(struct rig *rig, struct slice body, enum finding finding)
{
    struct http_reply reply = ask_by(rig, body);
    if (reply.status < 400 || reply.fault.finding != finding)
        fail_msg("%d %s (%s), not %s", reply.status, finding_id(reply.fault.finding),
                 reply.fault.detail, finding_id(finding));
    assert_false(holds(reply.body, "Assertion"));
}

static void test_certificate_gives_a_ticket(void **state)
{
    struct rig *rig = *state;
    EVP_PKEY *const keys[] = {rsa_key, ec_key};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct webticket_claims claims;
        struct webticket_identity identity = certify(rig, &rig->alice, keys[i], true);
        struct http_reply reply = ask_by(rig, alices_wish(rig, &identity));
        struct webticket_grant grant = rig_grant(rig, &reply);
        must(rig, believed(rig, grant.assertion, &claims));
        assert_true(claims.by_certificate);
        assert_int_equal(claims.account_id, rig->alice.id);
        assert_true(slice_eq(claims.audience, SLICE(MCX_URL)));
        assert_true(grant.has_proof_key);
        webticket_grant_fini(&grant);
        rig->now += MINUTE;
    }
}

static void test_same_message_again(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity identity = certify(rig, &rig->alice, rsa_key, true);
    struct slice wish = alices_wish(rig, &identity);
    assert_int_equal(ask_by(rig, wish).status, 200);
    expect_refusal(rig, wish, FINDING_TICKET_REPLAYED);
    rig->now += 9 * MINUTE; /* the Timestamp is still within the tolerance */
    expect_refusal(rig, wish, FINDING_TICKET_REPLAYED);
    rig->now += 2 * MINUTE;
    expect_refusal(rig, wish, FINDING_CLOCK_SKEW);
    /* Expires far away makes no message immortal. */
    struct slice later = signed_wish(rig, &identity, WEB CERT_WAY, rig->now - 16 * MINUTE);
    expect_refusal(rig, later, FINDING_CLOCK_SKEW);
}

static void test_keys_that_did_not_sign(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity good = certify(rig, &rig->alice, rsa_key, true);
    struct webticket_identity wrong_key = {.key = other_key, .certificate = good.certificate};
    expect_refusal(rig, alices_wish(rig, &wrong_key), FINDING_SIGNATURE_INVALID);
    struct webticket_identity wrong_kind = {.key = ec_key, .certificate = good.certificate};
    expect_refusal(rig, alices_wish(rig, &wrong_kind), FINDING_SIGNATURE_WRAPPED);
    struct webticket_identity foreign = certify_elsewhere(rig, rsa_key);
    expect_refusal(rig, alices_wish(rig, &foreign), FINDING_CERT_UNKNOWN);
    struct webticket_identity unpublished = certify(rig, &rig->alice, other_key, false);
    expect_refusal(rig, alices_wish(rig, &unpublished), FINDING_CERT_UNKNOWN);
    /* What is no user's certificate is no way in, whoever signed it. */
    struct webticket_identity authority = {.key = rsa_key,
                                           .certificate = rig->keys.user_ca_certificate};
    struct http_reply reply = ask_by(rig, alices_wish(rig, &authority));
    assert_true(reply.status >= 400);
}

static void test_altered_messages(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity identity = certify(rig, &rig->alice, rsa_key, true);
    struct slice good = alices_wish(rig, &identity);
    static const struct {
        const char *old, *new;
        enum finding finding;
    } rows[] = {
        {"wsu:Expires>2026", "wsu:Expires>2027", FINDING_SIGNATURE_INVALID},
        {".svc/Cert</wsa:To>", ".svc/Auth</wsa:To>", FINDING_SIGNATURE_INVALID},
        {"wsu:Id=\"to\"", "wsu:Id=\"too\"", FINDING_SIGNATURE_WRAPPED},
        {"URI=\"#to\"", "URI=\"#timestamp\"", FINDING_SIGNATURE_WRAPPED},
        {"<SignatureValue>", "<SignatureValue>AAAA", FINDING_SIGNATURE_INVALID},
        {ALG_RSA_SHA256, ALG_RSA_SHA1, FINDING_SIGNATURE_INVALID},
        {"rsa-sha256", "hmac-sha256", FINDING_SIGNATURE_WRAPPED},
        {"Signature xmlns", "Sealing xmlns", FINDING_XML_MALFORMED},
        {"wsse:BinarySecurityToken", "wsse:OtherToken", FINDING_TICKET_MISSING},
        {"#X509v3\" wsu:Id", "#X509v1\" wsu:Id", FINDING_TICKET_MALFORMED},
        {"wsu:Id=\"certificate\">", "wsu:Id=\"certificate\">AAAA", FINDING_TICKET_MALFORMED},
        {"wsu:Timestamp", "wsu:Stamp", FINDING_SIGNATURE_WRAPPED},
        {"</wsse:Security>", "<wsu:Timestamp xmlns:wsu=\"" NS_WSU "\"/></wsse:Security>",
         FINDING_TICKET_MALFORMED},
        {"sip:alice@contoso.test", "sip:bob@contoso.test", FINDING_CLAIM_MISMATCH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice bad = replaced(rig, good, rows[i].old, rows[i].new);
        assert_false(slice_eq(bad, good));
        rig->now++;
        expect_refusal(rig, bad, rows[i].finding);
    }
    for (size_t len = 0; len < good.len; len += 97)
        assert_true(ask_by(rig, slice_head(good, len)).status >= 400);
}

static void test_signed_for_another_service(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity identity = certify(rig, &rig->alice, rsa_key, true);
    static const char *const places[] = {"https://webdir.fabrikam.test" CERT_WAY, WEB "/other",
                                         WEB SITE_PATH_WEBTICKET "/Auth", ""};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        expect_refusal(rig, signed_wish(rig, &identity, places[i], rig->now + (int64_t)i),
                       FINDING_TICKET_AUDIENCE);
    const char *loose = "HTTPS://WEBDIR.contoso.test:443" CERT_WAY;
    assert_int_equal(ask_by(rig, signed_wish(rig, &identity, loose, rig->now + 9)).status, 200);
}

static void test_times(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity identity = certify(rig, &rig->alice, rsa_key, true);
    const struct {
        int64_t made;
        enum finding finding;
    } rows[] = {
        {-9 * MINUTE, FINDING_NONE},
        {-10 * MINUTE - 1, FINDING_CLOCK_SKEW},
        {4 * MINUTE, FINDING_NONE},
        {6 * MINUTE, FINDING_CLOCK_SKEW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice wish = signed_wish(rig, &identity, WEB CERT_WAY, rig->now + rows[i].made);
        if (rows[i].finding == FINDING_NONE)
            assert_int_equal(ask_by(rig, wish).status, 200);
        else
            expect_refusal(rig, wish, rows[i].finding);
    }
    rig->now += 8 * 60 * MINUTE;
    expect_refusal(rig, alices_wish(rig, &identity), FINDING_CERT_EXPIRED);
}

static void test_revoked_and_disabled(void **state)
{
    struct rig *rig = *state;
    struct webticket_identity identity = certify(rig, &rig->bob, rsa_key, true);
    struct webticket_ask ask = rig_wish(rig, WEBTICKET_BASIC);
    scoped(buf) struct buf out = BUF_INIT;
    ask.to = SLICE(WEB CERT_WAY);
    ask.sip_uri = SLICE("sip:bob@contoso.test");
    must(rig, webticket_rst_print_signed(&ask, &identity, &out, &rig->fault));
    must(rig, accounts_enable(rig->desk.accounts, rig->bob.id, false, &rig->fault));
    expect_refusal(rig, buf_slice(&out), FINDING_USER_DISABLED);
    must(rig, accounts_enable(rig->desk.accounts, rig->bob.id, true, &rig->fault));
    assert_int_equal(ask_by(rig, buf_slice(&out)).status, 200); /* a refusal used nothing up */

    must(rig, certificates_revoke(rig->desk.accounts, fingerprint_of(rig, identity.certificate),
                                  rig->now, &rig->fault));
    expect_refusal(rig, alices_wish(rig, &identity), FINDING_CERT_UNKNOWN);
    /* Who only has the certificate is not told that it was revoked. */
    struct webticket_identity thief = {.key = other_key, .certificate = identity.certificate};
    expect_refusal(rig, alices_wish(rig, &thief), FINDING_SIGNATURE_INVALID);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_how_it_was_got),
        TEST(test_certificate_gives_a_ticket),
        TEST(test_same_message_again),
        TEST(test_keys_that_did_not_sign),
        TEST(test_altered_messages),
        TEST(test_signed_for_another_service),
        TEST(test_times),
        TEST(test_revoked_and_disabled),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
