/* Tickets shown to services: good ones, and everything that is done to them. */
#include "webticket/testing_priv.h"

#include "xml/dsig.h"

#include <sys/wait.h>

static struct slice opaque(struct rig *rig, struct slice assertion)
{
    return arena_print(rig->arena, "opaque=%.*s", SLICE_ARG(base64_print(rig->arena, assertion)));
}

static int show(struct rig *rig, struct slice assertion, struct webticket_claims *claims)
{
    return webticket_verify_opaque(rig->webticket, opaque(rig, assertion), rig->now, rig->arena,
                                   claims, &rig->fault);
}

static void expect(struct rig *rig, int err, enum finding finding)
{
    if (err >= 0 || rig->fault.finding != finding || rig->fault.err != err)
        fail_msg("%d %s (%s), not %s", err, finding_id(rig->fault.finding), rig->fault.detail,
                 finding_id(finding));
}

/* ---- in the header --------------------------------------------------------------------- */

static void test_bearer_is_believed(void **state)
{
    struct rig *rig = *state;
    struct webticket_grant grant = rig_ticket(rig);
    struct webticket_claims claims;
    must(rig, webticket_verify_opaque(rig->webticket, webticket_opaque_header(rig->arena, &grant),
                                      rig->now, rig->arena, &claims, &rig->fault));
    assert_true(slice_eq(claims.address, SLICE("alice@contoso.test")));
    assert_int_equal(claims.account_id, rig->alice.id);
    assert_true(slice_eq(claims.assertion_id, grant.assertion_id));
    assert_true(slice_eq(claims.audience, SLICE(CERT_URL)));
    assert_int_equal(claims.not_before, grant.created);
    assert_int_equal(claims.not_after, grant.expires);
    assert_false(claims.proven);
    /* Any copy of the service, and one after a restart, believes it too. */
    scoped(webticket) struct webticket *other = rig_service(rig, false);
    must(rig, webticket_verify_opaque(other, webticket_opaque_header(rig->arena, &grant), rig->now,
                                      rig->arena, &claims, &rig->fault));
}

static int run(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int judge(struct rig *rig, struct slice assertion)
{
    char path[128], command[512];
    snprintf(path, sizeof path, "%s/assertion.xml", rig->dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(assertion.at, 1, assertion.len, file), assertion.len);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command,
             "xmlsec1 --verify --pubkey-cert-pem %s/token.pem "
             "--id-attr:AssertionID " NS_SAML ":Assertion %s >%s/out 2>&1",
             rig->vault_dir, path, rig->dir);
    int verdict = run(command);
    if (verdict == 0) {
        snprintf(command, sizeof command, "grep -q '^SignedInfo References (ok/all): 1/1' %s/out",
                 rig->dir);
        verdict = run(command);
    }
    return verdict;
}

static void test_xmlsec1_believes_it(void **state)
{
    struct rig *rig = *state;
    if (run("command -v xmlsec1 >/dev/null") != 0) {
        print_message("SKIP: xmlsec1 is not installed\n");
        skip();
    }
    struct webticket_grant grant = rig_ticket(rig);
    assert_int_equal(judge(rig, grant.assertion), 0);
    assert_int_not_equal(judge(rig, replaced(rig, grant.assertion, "sip:alice@", "sip:bob@")), 0);
}

/* Without the envelope's name spaces, which the client takes along and nobody signs. */
static struct slice bare(struct rig *rig, struct slice assertion)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf out = BUF_INIT;
    must(rig, xml_read(assertion, NULL, &doc, &rig->fault));
    xml_c14n(xml_root(doc), &out);
    return arena_copy(rig->arena, buf_slice(&out));
}

static void test_altered_tickets(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct slice good = rig_ticket(rig).assertion;
    static const char *const cuts[][2] = {
        {"sip:alice@", "sip:bob@"},
        {"NotOnOrAfter=\"2026", "NotOnOrAfter=\"2036"},
        {"webdir.contoso.test/CertProv", "webdir.contoso.test/WebTicket"},
        {"<lg:SealedKey xmlns:lg=\"urn:lychgate:webticket:1\">",
         "<lg:SealedKey xmlns:lg=\"urn:lychgate:webticket:1\">AAAA"},
        {"<saml:AttributeValue>", "<saml:AttributeValue>1"},
    };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct slice bad = replaced(rig, good, cuts[i][0], cuts[i][1]);
        assert_false(slice_eq(bad, good));
        expect(rig, show(rig, bad, &claims), FINDING_SIGNATURE_INVALID);
    }
    ptrdiff_t at = slice_find(good, SLICE("Signature"));
    struct slice unsigned_one =
        arena_print(rig->arena, "%.*s</saml:Assertion>", (int)at - 1, good.at);
    assert_true(show(rig, unsigned_one, &claims) < 0);
    good = bare(rig, good);
    assert_int_equal(show(rig, good, &claims), 0);
    for (size_t i = 0; i < good.len; i += 37) { /* no bit may change */
        char *bad = arena_string(rig->arena, good);
        bad[i] ^= 1;
        if (show(rig, slice_make(bad, good.len), &claims) == 0)
            fail_msg("believed with byte %zu changed", i);
        assert_null(claims.address.at);
    }
}

/* A good assertion hidden in a bad one, and the other way round. */
static void test_wrapped_tickets(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct slice good = rig_ticket(rig).assertion;
    struct saml_assertion evil = {
        .id = SLICE("SamlSecurityToken-evil"),
        .issuer = webticket_issuer(rig->arena, &site),
        .audience = SLICE(CERT_URL),
        .subject = SLICE("sip:bob@contoso.test"),
        .method = SAML_AM_PASSWORD,
        .account_id = rig->bob.id,
        .issued = rig->now,
        .not_before = rig->now,
        .not_after = rig->now + 60 * MINUTE,
    };
    scoped(buf) struct buf text = BUF_INIT, around = BUF_INIT;
    saml_print(&evil, &text);
    dsig_enveloped_insert(buf_slice(&text), good, &around);
    assert_true(show(rig, buf_slice(&around), &claims) < 0);
    ptrdiff_t at = slice_find(good, SLICE("<Signature"));
    if (at < 0)
        at = slice_find(good, SLICE("<ds:Signature"));
    assert_true(at > 0);
    struct slice signature = slice_from(good, (size_t)at);
    signature.len -= strlen("</saml:Assertion>");
    buf_clear(&around);
    dsig_enveloped_insert(buf_slice(&text), signature, &around); /* its signature, moved */
    expect(rig, show(rig, buf_slice(&around), &claims), FINDING_SIGNATURE_WRAPPED);
    buf_clear(&around);
    dsig_enveloped_insert(good, signature, &around); /* signed twice */
    expect(rig, show(rig, buf_slice(&around), &claims), FINDING_SIGNATURE_WRAPPED);
}

static void test_headers_that_are_no_ticket(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    char *huge = must_alloc(20001);
    memset(huge, 'A', 20000);
    huge[20000] = 0;
    memcpy(huge, "opaque=", 7);
    const struct {
        const char *header;
        enum finding finding;
    } rows[] = {
        {NULL, FINDING_TICKET_MISSING},
        {"  ", FINDING_TICKET_MISSING},
        {"cwt=AAEB", FINDING_TICKET_MALFORMED},
        {"opaque=", FINDING_TICKET_MALFORMED},
        {"opaque=***", FINDING_TICKET_MALFORMED},
        {"opaque=PGEvPg==", FINDING_TICKET_MALFORMED},                 /* <a/> */
        {"opaque=PCFET0NUWVBFIGE+PGEvPg==", FINDING_TICKET_MALFORMED}, /* a DTD */
        {huge, FINDING_TICKET_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rig,
               webticket_verify_opaque(rig->webticket, slice_of(rows[i].header), rig->now,
                                       rig->arena, &claims, &rig->fault),
               rows[i].finding);
    free(huge);
}

/* ---- time, audience, issuer ------------------------------------------------------------------ */

static void test_ticket_in_time(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct slice header = opaque(rig, rig_ticket(rig).assertion);
    const struct {
        int64_t when;
        enum finding finding;
        const char *says;
    } rows[] = {
        {-4 * MINUTE, FINDING_NONE, ""},
        {-7 * MINUTE, FINDING_TICKET_NOT_YET_VALID, "420 s"},
        {WEBTICKET_LIFETIME_MS - 1, FINDING_NONE, ""},
        {WEBTICKET_LIFETIME_MS + 5 * MINUTE - 1, FINDING_NONE, ""},
        {WEBTICKET_LIFETIME_MS + 412000, FINDING_TICKET_EXPIRED, "412 s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int err = webticket_verify_opaque(rig->webticket, header, rig->now + rows[i].when,
                                          rig->arena, &claims, &rig->fault);
        if (rows[i].finding == FINDING_NONE) {
            assert_int_equal(err, 0);
            continue;
        }
        expect(rig, err, rows[i].finding);
        assert_non_null(strstr(rig->fault.detail, rows[i].says));
    }
}

static void test_tickets_of_others(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct saml_assertion a = {
        .id = SLICE("SamlSecurityToken-1"),
        .issuer = webticket_orgid_issuer(rig->arena, &site), /* same key, another paper */
        .audience = SLICE(CERT_URL),
        .subject = SLICE("sip:alice@contoso.test"),
        .method = SAML_AM_PASSWORD,
        .account_id = 1,
        .issued = rig->now,
        .not_before = rig->now,
        .not_after = rig->now + 60 * MINUTE,
    };
    scoped(buf) struct buf out = BUF_INIT;
    must(rig, saml_issue(&a, &rig->keys, rig->desk.vault, &out, &rig->fault));
    expect(rig, show(rig, buf_slice(&out), &claims), FINDING_TICKET_AUDIENCE);
    buf_clear(&out);
    a.issuer = webticket_issuer(rig->arena, &site);
    a.audience = SLICE("https://webdir.fabrikam.test" SITE_PATH_CERTPROV);
    must(rig, saml_issue(&a, &rig->keys, rig->desk.vault, &out, &rig->fault));
    expect(rig, show(rig, buf_slice(&out), &claims), FINDING_TICKET_AUDIENCE);
}

static void test_audiences(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {USER_URL, true},
        {USER_URL "?sipuri=alice@contoso.test", true},
        {CERT_URL, true},
        {CERT_URL "/", true},
        {WEB SITE_PATH_CERTPROV, true},
        {"HTTPS://WEBDIR.contoso.test:443/certprov/certprovisioningservice.svc/mex", true},
        {WEB SITE_PATH_WEBTICKET "/Auth", true},
        {WEB SITE_PATH_WEBTICKET_ADVANCED, true},
        {WEB SITE_PATH_MCX, true},
        {"https://lyncdiscover.contoso.test" SITE_PATH_AUTODISCOVER_USER, true},
        {"https://lyncdiscoverinternal.contoso.test" SITE_PATH_AUTODISCOVER_USER, true},
        {"https://webdir.contoso.test:444" SITE_PATH_CERTPROV, false},
        {"http://webdir.contoso.test" SITE_PATH_CERTPROV, false},
        {"https://webdir.contoso.test@evil.test" SITE_PATH_CERTPROV, false},
        {"https://evil.test/?" WEB SITE_PATH_CERTPROV, false},
        {"https://lyncdiscover.contoso.test.evil.test" SITE_PATH_AUTODISCOVER_USER, false},
        {WEB SITE_PATH_CERTPROV "x", false},
        {WEB "/other", false},
        {WEB, false},
        {"", false},
        {SITE_PATH_CERTPROV, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (webticket_is_audience(&site, slice_of(rows[i].url)) != rows[i].good)
            fail_msg("%s", rows[i].url);
}

/* ---- in wsse:Security
 * ------------------------------------------------------------------------------ */

static struct slice message_with(struct rig *rig, struct slice security, const char *body)
{
    return arena_print(rig->arena,
                       "<s:Envelope xmlns:s=\"" NS_SOAP11 "\"><s:Header><wsse:Security "
                       "xmlns:wsse=\"" NS_WSSE "\">%.*s</wsse:Security></s:Header><s:Body>"
                       "<GetAndPublishCert>%s</GetAndPublishCert></s:Body></s:Envelope>",
                       SLICE_ARG(security), body);
}

static struct slice signed_message(struct rig *rig, const struct webticket_grant *grant,
                                   int64_t when)
{
    scoped(buf) struct buf security = BUF_INIT;
    webticket_security_print(grant, when, &security);
    return message_with(rig, buf_slice(&security), "csr");
}

static int present(struct rig *rig, struct slice text, bool proof_needed, bool once,
                   struct webticket_claims *claims)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    must(rig, xml_read(text, NULL, &doc, &rig->fault));
    must(rig, soap_read(doc, &message, &rig->fault));
    struct webticket_use use = {&message, proof_needed, once};
    return webticket_verify_soap(rig->webticket, &use, rig->now, rig->arena, claims, &rig->fault);
}

static void test_proof_is_believed(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    must(rig, present(rig, signed_message(rig, &grant, rig->now), true, true, &claims));
    assert_true(claims.proven);
    assert_int_equal(claims.account_id, rig->alice.id);
    assert_true(slice_eq(claims.address, SLICE("alice@contoso.test")));
    /* A second message, a millisecond later, is a second message. */
    must(rig, present(rig, signed_message(rig, &grant, rig->now + 1), true, true, &claims));
}

static void test_proof_that_does_not_hold(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig), other = rig_ticket(rig);
    struct webticket_grant mixed = grant;
    memcpy(mixed.proof_key, other.proof_key, sizeof mixed.proof_key);
    expect(rig, present(rig, signed_message(rig, &mixed, rig->now), false, false, &claims),
           FINDING_TICKET_PROOF);
    mixed = grant;
    mixed.has_proof_key = false; /* a copied ticket */
    struct slice bearer = signed_message(rig, &mixed, rig->now);
    expect(rig, present(rig, bearer, true, false, &claims), FINDING_TICKET_PROOF);
    assert_null(claims.address.at);
    must(rig, present(rig, bearer, false, false, &claims));
    assert_false(claims.proven);
    struct slice good = signed_message(rig, &grant, rig->now);
    /* The signed time stamp moved out of sight, another one put in its place. */
    struct slice moved = replaced(rig, good, "wsu:Id=\"timestamp\"", "wsu:Id=\"other\"");
    expect(rig, present(rig, moved, true, false, &claims), FINDING_TICKET_PROOF);
    struct slice later = replaced(rig, good, "</wsu:Expires>", " </wsu:Expires>");
    expect(rig, present(rig, later, true, false, &claims), FINDING_TICKET_PROOF);
}

static void test_security_headers_refused(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    struct slice good = signed_message(rig, &grant, rig->now);
    expect(
        rig,
        present(rig, replaced(rig, good, "wsse:Security", "wsse:Insecurity"), true, true, &claims),
        FINDING_TICKET_MISSING);
    struct slice twice = arena_print(rig->arena, "%s%s", grant.assertion.at, grant.assertion.at);
    expect(rig,
           present(rig, replaced(rig, good, grant.assertion.at, twice.at), true, true, &claims),
           FINDING_TICKET_MISSING);
    expect(rig, present(rig, message_with(rig, SLICE("<a/>"), ""), true, true, &claims),
           FINDING_TICKET_MISSING);
    expect(rig, present(rig, replaced(rig, good, "wsu:Created>", "wsu:Made>"), true, true, &claims),
           FINDING_TICKET_MALFORMED);
    expect(rig, present(rig, replaced(rig, good, "sip:alice@", "sip:bob@"), true, true, &claims),
           FINDING_SIGNATURE_INVALID);
    /* Bearer tickets have no key to sign with. */
    struct slice unsigned_time = replaced(rig, good, "wsu:Timestamp", "wsu:Time");
    expect(rig, present(rig, unsigned_time, true, true, &claims), FINDING_TICKET_PROOF);
}

static void test_clocks_that_differ(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    expect(rig,
           present(rig, signed_message(rig, &grant, rig->now + 10 * MINUTE), true, true, &claims),
           FINDING_CLOCK_SKEW);
    assert_non_null(strstr(rig->fault.detail, "600 s from now"));
    expect(rig,
           present(rig, signed_message(rig, &grant, rig->now - 10 * MINUTE), true, true, &claims),
           FINDING_CLOCK_SKEW);
    assert_non_null(strstr(rig->fault.detail, "300 s ago"));
    must(rig,
         present(rig, signed_message(rig, &grant, rig->now - 4 * MINUTE), true, true, &claims));
    must(rig,
         present(rig, signed_message(rig, &grant, rig->now + 4 * MINUTE), true, true, &claims));
}

static void test_replays(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    struct slice message = signed_message(rig, &grant, rig->now);
    must(rig, present(rig, message, true, true, &claims));
    expect(rig, present(rig, message, true, true, &claims), FINDING_TICKET_REPLAYED);
    /* Blanks in the signature, another body: still the same time stamp. */
    struct slice spaced = replaced(rig, message, "</SignatureValue>", "\n </SignatureValue>");
    expect(rig, present(rig, spaced, true, true, &claims), FINDING_TICKET_REPLAYED);
    expect(rig, present(rig, replaced(rig, message, ">csr<", ">csr2<"), true, true, &claims),
           FINDING_TICKET_REPLAYED);
    must(rig, present(rig, message, true, false, &claims)); /* who does not ask is not told */
    rig->now += 9 * MINUTE;
    expect(rig, present(rig, message, true, true, &claims), FINDING_TICKET_REPLAYED);
    rig->now += 2 * MINUTE; /* forgotten, but expired as well */
    expect(rig, present(rig, message, true, true, &claims), FINDING_CLOCK_SKEW);
}

/* SIPE signs the ticket's Lifetime instead of a time stamp of its own (signin.md 3.6),
 * so each message of one ticket has the same signature. */
static struct slice sipe_message(struct rig *rig, const struct webticket_grant *grant,
                                 const char *body)
{
    scoped(buf) struct buf security = BUF_INIT, key_info = BUF_INIT;
    struct slice timestamp =
        arena_print(rig->arena,
                    "<wsu:Timestamp xmlns:wsu=\"" NS_WSU "\" wsu:Id=\"timestamp\">%.*s"
                    "</wsu:Timestamp>",
                    SLICE_ARG(grant->lifetime));
    dsig_key_info_assertion(grant->assertion_id, &key_info);
    buf_add(&security, timestamp);
    buf_add(&security, grant->assertion);
    dsig_hmac_print(&(struct dsig_hmac_options){.method = DSIG_HMAC_SHA1,
                                                .text = timestamp,
                                                .id = SLICE("timestamp"),
                                                .key = slice_make(grant->proof_key, PROOF_KEY_LEN),
                                                .key_info = buf_slice(&key_info)},
                    &security);
    return message_with(rig, buf_slice(&security), body);
}

static void test_sipe_reuses_its_signature(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    must(rig, present(rig, sipe_message(rig, &grant, "csr 1"), true, true, &claims));
    rig->now += 60 * MINUTE;
    must(rig, present(rig, sipe_message(rig, &grant, "csr 2"), true, true, &claims));
    expect(rig, present(rig, sipe_message(rig, &grant, "csr 1"), true, true, &claims),
           FINDING_TICKET_REPLAYED);
}

static void test_replay_memory_is_bounded(void **state)
{
    struct rig *rig = *state;
    struct webticket_claims claims;
    struct webticket_grant grant = rig_ticket(rig);
    for (int64_t i = 0; i < 400; i++) /* the rig's table has 256 places */
        must(rig, present(rig, signed_message(rig, &grant, rig->now + i), true, true, &claims));
    expect(rig, present(rig, signed_message(rig, &grant, rig->now + 399), true, true, &claims),
           FINDING_TICKET_REPLAYED);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bearer_is_believed),
        TEST(test_xmlsec1_believes_it),
        TEST(test_altered_tickets),
        TEST(test_wrapped_tickets),
        TEST(test_headers_that_are_no_ticket),
        TEST(test_ticket_in_time),
        TEST(test_tickets_of_others),
        TEST(test_audiences),
        TEST(test_proof_is_believed),
        TEST(test_proof_that_does_not_hold),
        TEST(test_security_headers_refused),
        TEST(test_clocks_that_differ),
        TEST(test_replays),
        TEST(test_sipe_reuses_its_signature),
        TEST(test_replay_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
