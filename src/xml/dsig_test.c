#include "base/encode.h"
#include "xml/dsig.h"
#include "xml/names.h"
#include "xml/test_judge_priv.h"
#include "xml/writer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- keys made once for all tests ------------------------------------------- */

static EVP_PKEY *rsa, *other_rsa, *ec;
static struct dsig_key *rsa_key, *other_rsa_key, *ec_key;
static struct buf rsa_certificate = BUF_INIT;

static void make_certificate(void)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"token", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, rsa);
    assert_true(X509_sign(x, rsa, EVP_sha256()) > 0);
    unsigned char *der = NULL;
    int len = i2d_X509(x, &der);
    buf_add(&rsa_certificate, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(x);
}

static int make_keys(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    other_rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    make_certificate();
    rsa_key = dsig_key_from_certificate(buf_slice(&rsa_certificate));
    other_rsa_key = dsig_key_new(other_rsa);
    ec_key = dsig_key_new(ec);
    return rsa_key && other_rsa_key && ec_key ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    dsig_key_free(rsa_key);
    dsig_key_free(other_rsa_key);
    dsig_key_free(ec_key);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other_rsa);
    EVP_PKEY_free(ec);
    buf_free(&rsa_certificate);
    return 0;
}

/* ---- making signed documents --------------------------------------------------- */

static void put_assertion(struct buf *out, const char *id, const char *subject)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "saml:Assertion");
    xml_put_ns(&w, "saml", NS_SAML);
    xml_put_attr_string(&w, "AssertionID", id);
    xml_put_attr_string(&w, "Issuer", "https://web.contoso.test/");
    xml_open(&w, "saml:AuthenticationStatement");
    xml_element_string(&w, "saml:NameIdentifier", subject);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}

static void sign_octets(EVP_PKEY *key, const EVP_MD *md, struct slice octets, struct buf *out)
{
    size_t len = 0;
    const unsigned char *in = (const unsigned char *)octets.at;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(EVP_DigestSignInit(ctx, NULL, md, NULL, key) > 0);
    assert_true(EVP_DigestSign(ctx, NULL, &len, in, octets.len) > 0);
    char *at = buf_reserve(out, len);
    assert_true(EVP_DigestSign(ctx, (unsigned char *)at, &len, in, octets.len) > 0);
    buf_added(out, len);
    EVP_MD_CTX_free(ctx);
}

static void put_signature(struct slice element, const char *id, enum dsig_method method,
                          EVP_PKEY *key, struct slice certificate, struct buf *out)
{
    scoped(buf) struct buf info = BUF_INIT, octets = BUF_INIT;
    struct fault fault;
    dsig_enveloped_prepare(element, slice_of(id), method, &info);
    sign_octets(key, EVP_sha256(), buf_slice(&info), &octets);
    if (dsig_enveloped_finish(buf_slice(&info), method, buf_slice(&octets), certificate, out,
                              &fault))
        fail_msg("%s", fault.detail);
}

static void put_signed(struct buf *out, enum dsig_method method, EVP_PKEY *key,
                       struct slice certificate)
{
    scoped(buf) struct buf element = BUF_INIT, signature = BUF_INIT;
    put_assertion(&element, "SamlSecurityToken-1", "sip:alice@contoso.test");
    put_signature(buf_slice(&element), "SamlSecurityToken-1", method, key, certificate, &signature);
    dsig_enveloped_insert(buf_slice(&element), buf_slice(&signature), out);
}

static void embed(struct slice assertion, struct buf *out)
{
    buf_print(out,
              "<s:Envelope xmlns:s=\"%s\" xmlns=\"urn:d\" xmlns:saml=\"urn:elsewhere\">"
              "<s:Header>\n <w:Security xmlns:w=\"%s\">%.*s</w:Security>\n</s:Header>"
              "<s:Body></s:Body></s:Envelope>",
              NS_SOAP11, NS_WSSE, SLICE_ARG(assertion));
}

/* ---- judging them ------------------------------------------------------------------ */

static int judge(struct slice text, const char *path, bool sha1, struct fault *fault)
{
    struct xml_doc *doc;
    const struct dsig_key *keys[] = {ec_key, other_rsa_key, rsa_key};
    struct dsig_verify_options options = {
        .keys = keys, .key_count = 3, .id_attribute = "AssertionID", .allow_rsa_sha1 = sha1};
    if (xml_read(text, NULL, &doc, fault))
        fail_msg("%s in %.*s", fault->detail, SLICE_ARG(text));
    int err = dsig_verify_enveloped(xml_path(xml_root(doc), path), &options, fault);
    xml_doc_free(doc);
    return err;
}

static void assert_good(struct slice text, const char *path)
{
    struct fault fault;
    if (judge(text, path, false, &fault))
        fail_msg("%s: %.*s", fault.detail, SLICE_ARG(text));
}

static void assert_bad(struct slice text, const char *path, enum finding finding)
{
    struct fault fault = {0};
    int err = judge(text, path, false, &fault);
    if (err != -ERR_FORGED || fault.finding != finding)
        fail_msg("%s %s: %.*s", finding_id(fault.finding), fault.detail, SLICE_ARG(text));
}

static void test_round_trip(void **state)
{
    (void)state;
    const struct {
        enum dsig_method method;
        EVP_PKEY *key;
    } cases[] = {{DSIG_RSA_SHA256, rsa}, {DSIG_ECDSA_SHA256, ec}, {DSIG_RSA_SHA256, other_rsa}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(buf) struct buf plain = BUF_INIT, embedded = BUF_INIT;
        put_signed(&plain, cases[i].method, cases[i].key, (struct slice){0});
        assert_good(buf_slice(&plain), "");
        embed(buf_slice(&plain), &embedded);
        assert_good(buf_slice(&embedded), "Header/Security/Assertion");
    }
}

/* Microsoft's services have namespaces that are no absolute URIs in their bodies. */
static void test_relative_namespace_around(void **state)
{
    (void)state;
    scoped(buf) struct buf plain = BUF_INIT, embedded = BUF_INIT, relative = BUF_INIT;
    put_signed(&plain, DSIG_RSA_SHA256, rsa, (struct slice){0});
    embed(buf_slice(&plain), &embedded);
    replace(buf_slice(&embedded), "<s:Body>", "<s:Body><q xmlns=\"DistributionListExpander\"/>",
            &relative);
    assert_good(buf_slice(&relative), "Header/Security/Assertion");
    replace(buf_slice(&relative), "alice@", "malice@", &embedded);
    assert_bad(buf_slice(&embedded), "Header/Security/Assertion", FINDING_SIGNATURE_INVALID);
}

static void test_signed_info_is_canonical(void **state)
{
    (void)state;
    scoped(buf) struct buf info = BUF_INIT, canonical = BUF_INIT;
    dsig_enveloped_prepare(SLICE("<a></a>"), SLICE("x"), DSIG_RSA_SHA256, &info);
    struct xml_doc *doc;
    assert_int_equal(xml_read(buf_slice(&info), NULL, &doc, NULL), 0);
    xml_c14n(xml_root(doc), &canonical);
    assert_string_equal(buf_string(&info), buf_string(&canonical));
    xml_doc_free(doc);
}

static void test_altered(void **state)
{
    (void)state;
    const char *const changes[][2] = {
        {"alice", "alicf"},
        {"Issuer=\"https://web", "Issuer=\"https://evil"},
        {"</saml:NameIdentifier>", " </saml:NameIdentifier>"},
        {"<saml:AuthenticationStatement>", "<saml:AuthenticationStatement><saml:x/>"},
        {"<ds:DigestValue>", "<ds:DigestValue>AAAA"},
        {"<ds:SignatureValue>", "<ds:SignatureValue>AAAA"},
        {"<ds:SignatureValue>", "<ds:SignatureValue>!"},
        {"#rsa-sha256", "#ecdsa-sha256"},
        {"AssertionID=", "Extra=\"1\" AssertionID="},
    };
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    put_signed(&text, DSIG_RSA_SHA256, rsa, (struct slice){0});
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        replace(buf_slice(&text), changes[i][0], changes[i][1], &changed);
        assert_bad(buf_slice(&changed), "", FINDING_SIGNATURE_INVALID);
    }
}

static void test_key_only_from_caller(void **state)
{
    (void)state;
    /* Signed with a key that nobody trusts, whose certificate is in KeyInfo. */
    EVP_PKEY *stranger = EVP_RSA_gen(2048);
    scoped(buf) struct buf text = BUF_INIT;
    put_signed(&text, DSIG_RSA_SHA256, stranger, buf_slice(&rsa_certificate));
    assert_bad(buf_slice(&text), "", FINDING_SIGNATURE_INVALID);
    EVP_PKEY_free(stranger);
    EVP_PKEY *small = EVP_RSA_gen(1024);
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    assert_null(dsig_key_new(small));
    assert_null(dsig_key_new(p384));
    assert_null(dsig_key_new(NULL));
    assert_null(dsig_key_from_certificate(SLICE("0\x82")));
    EVP_PKEY_free(small);
    EVP_PKEY_free(p384);
}

/* Freedom in the shape of the signature: none. */
static void test_form(void **state)
{
    (void)state;
    const char *const changes[][2] = {
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"\""},
        {"URI=\"#SamlSecurityToken-1\"", ""},
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"#SamlSecurityToken-2\""},
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"#xpointer(/)\""},
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"#xpointer(id('SamlSecurityToken-1'))\""},
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"file:///etc/passwd\""},
        {"URI=\"#SamlSecurityToken-1\"", "URI=\"http://127.0.0.1/#SamlSecurityToken-1\""},
        {"#enveloped-signature\"></ds:Transform>",
         "#enveloped-signature\"></ds:Transform><ds:Transform "
         "Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath>"
         "</ds:Transform>"},
        {"#enveloped-signature\"></ds:Transform>",
         "#enveloped-signature\"></ds:Transform><ds:Transform "
         "Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></ds:Transform>"},
        {"#enveloped-signature", "#base64"},
        {"<ds:Transform Algorithm=\"" ALG_ENVELOPED "\"></ds:Transform>", ""},
        {"<ds:Transforms>", "<ds:Transforms><ds:Transform Algorithm=\"" ALG_EXC_C14N "\"/>"},
        {"xml-exc-c14n#\"></ds:Transform>",
         "xml-exc-c14n#\"><i:InclusiveNamespaces xmlns:i=\"" ALG_EXC_C14N
         "\" PrefixList=\"s\"/></ds:Transform>"},
        {"xml-exc-c14n#\"></ds:Transform>", "xml-exc-c14n#WithComments\"></ds:Transform>"},
        {"CanonicalizationMethod Algorithm=\"" ALG_EXC_C14N,
         "CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
        {"#rsa-sha256\"></ds:SignatureMethod>",
         "#rsa-sha256\"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>"},
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", ALG_HMAC_SHA1},
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", ALG_RSA_SHA1},
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "urn:none"},
        {ALG_SHA256, ALG_SHA1},
        {ALG_SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5"},
        {"</ds:SignedInfo>", "<ds:Reference URI=\"#x\"></ds:Reference></ds:SignedInfo>"},
        {"</ds:Reference>", "<ds:x/></ds:Reference>"},
        {"</ds:Signature>", "<ds:Object><x/></ds:Object></ds:Signature>"},
        {"</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>"},
        {"<ds:SignatureValue>", "<ds:SignatureValue/><ds:SignatureValue>"},
        {"<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"},
        {"</ds:Signature>", "</ds:Signature><ds:Signature xmlns:ds=\"" NS_DS "\"/>"},
        {"<ds:Signature xmlns:ds=\"" NS_DS "\">", "<ds:Signature xmlns:ds=\"urn:ds\">"},
        {"AssertionID=", "assertionid="},
        {"<saml:AuthenticationStatement>",
         "<saml:AuthenticationStatement ID=\"SamlSecurityToken-1\">"},
        {"<saml:AuthenticationStatement>",
         "<saml:AuthenticationStatement xml:id=\"SamlSecurityToken-1\">"},
        {"<saml:AuthenticationStatement>",
         "<saml:AuthenticationStatement xmlns:u=\"urn:u\" u:Id=\"SamlSecurityToken-1\">"},
    };
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    put_signed(&text, DSIG_RSA_SHA256, rsa, (struct slice){0});
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        replace(buf_slice(&text), changes[i][0], changes[i][1], &changed);
        assert_bad(buf_slice(&changed), "", FINDING_SIGNATURE_WRAPPED);
    }
}

/* The signed element is somewhere, but it is not the one that is used. */
static void test_wrapping(void **state)
{
    (void)state;
    scoped(buf) struct buf good = BUF_INIT, evil = BUF_INIT, signature = BUF_INIT, text = BUF_INIT;
    scoped(buf) struct buf element = BUF_INIT;
    put_signed(&good, DSIG_RSA_SHA256, rsa, (struct slice){0});
    put_assertion(&element, "SamlSecurityToken-1", "sip:alice@contoso.test");
    put_signature(buf_slice(&element), "SamlSecurityToken-1", DSIG_RSA_SHA256, rsa,
                  (struct slice){0}, &signature);
    put_assertion(&evil, "SamlSecurityToken-1", "sip:bob@contoso.test");
    struct slice g = buf_slice(&good), e = buf_slice(&evil), s = buf_slice(&signature);
    scoped(buf) struct buf signed_evil = BUF_INIT, evil_2 = BUF_INIT, signed_evil_2 = BUF_INIT;
    dsig_enveloped_insert(e, s, &signed_evil);
    put_assertion(&evil_2, "SamlSecurityToken-2", "sip:bob@contoso.test");
    dsig_enveloped_insert(buf_slice(&evil_2), s, &signed_evil_2);

    /* Two of one id: first and second place. */
    buf_print(&text, "<r>%s%s</r>", buf_string(&signed_evil), g.at);
    assert_bad(buf_slice(&text), "Assertion", FINDING_SIGNATURE_WRAPPED);
    buf_clear(&text);
    buf_print(&text, "<r><x>%s</x>%s</r>", buf_string(&element), buf_string(&signed_evil));
    assert_bad(buf_slice(&text), "Assertion", FINDING_SIGNATURE_WRAPPED);
    /* Another id: the signature points at the original kept elsewhere. */
    buf_clear(&text);
    buf_print(&text, "<r>%s<x>%s</x></r>", buf_string(&signed_evil_2), buf_string(&element));
    assert_bad(buf_slice(&text), "Assertion", FINDING_SIGNATURE_WRAPPED);
    /* The original inside the evil one, with and without the signature of its own. */
    buf_clear(&text);
    dsig_enveloped_insert(buf_slice(&evil_2), g, &text);
    assert_bad(buf_slice(&text), "", FINDING_SIGNATURE_WRAPPED);
    assert_good(buf_slice(&text), "Assertion"); /* the original is still itself */
    /* The original inside the Signature of the evil one (ds:Object). */
    scoped(buf) struct buf object = BUF_INIT, with_object = BUF_INIT;
    buf_print(&object, "<ds:Object>%s</ds:Object></ds:Signature>", buf_string(&element));
    replace(s, "</ds:Signature>", buf_string(&object), &with_object);
    buf_clear(&text);
    dsig_enveloped_insert(buf_slice(&evil_2), buf_slice(&with_object), &text);
    assert_bad(buf_slice(&text), "", FINDING_SIGNATURE_WRAPPED);
    /* A second assertion beside the good one carries no signature. */
    buf_clear(&text);
    buf_print(&text, "<r>%s%s</r>", buf_string(&evil_2), g.at);
    assert_bad(buf_slice(&text), "Assertion", FINDING_SIGNATURE_WRAPPED);
    /* The signature is not the child, but the grandchild. */
    buf_clear(&text);
    replace(buf_slice(&element), "</saml:AuthenticationStatement>",
            "SIG</saml:AuthenticationStatement>", &text);
    scoped(buf) struct buf deep = BUF_INIT;
    replace(buf_slice(&text), "SIG", buf_string(&signature), &deep);
    assert_bad(buf_slice(&deep), "", FINDING_SIGNATURE_WRAPPED);
}

static void test_comments_hide_nothing(void **state)
{
    (void)state;
    /* C14N leaves comments out, so the signature still holds; the text that is
     * read must then be the whole one (CVE-2018-0489 and its many relatives). */
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    put_signed(&text, DSIG_RSA_SHA256, rsa, (struct slice){0});
    replace(buf_slice(&text), "sip:alice@contoso.test", "sip:alice@contoso<!-- x -->.test",
            &changed);
    assert_good(buf_slice(&changed), "");
    struct xml_doc *doc;
    assert_int_equal(xml_read(buf_slice(&changed), NULL, &doc, NULL), 0);
    struct slice name = xml_text(xml_path(xml_root(doc), "AuthenticationStatement/NameIdentifier"));
    assert_true(slice_eq(name, SLICE("sip:alice@contoso.test")));
    xml_doc_free(doc);
}

static void test_rsa_sha1_by_option(void **state)
{
    (void)state;
    scoped(buf) struct buf element = BUF_INIT, info = BUF_INIT, sha1_info = BUF_INIT;
    scoped(buf) struct buf octets = BUF_INIT, signature = BUF_INIT, text = BUF_INIT;
    struct fault fault;
    put_assertion(&element, "A-1", "sip:alice@contoso.test");
    dsig_enveloped_prepare(buf_slice(&element), SLICE("A-1"), DSIG_RSA_SHA256, &info);
    replace(buf_slice(&info), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", ALG_RSA_SHA1,
            &sha1_info);
    sign_octets(rsa, EVP_sha1(), buf_slice(&sha1_info), &octets);
    assert_int_equal(dsig_enveloped_finish(buf_slice(&sha1_info), DSIG_RSA_SHA256,
                                           buf_slice(&octets), (struct slice){0}, &signature,
                                           &fault),
                     0);
    dsig_enveloped_insert(buf_slice(&element), buf_slice(&signature), &text);
    assert_int_equal(judge(buf_slice(&text), "", true, &fault), 0);
    assert_bad(buf_slice(&text), "", FINDING_SIGNATURE_WRAPPED);
}

static void test_finish_refuses(void **state)
{
    (void)state;
    scoped(buf) struct buf info = BUF_INIT, out = BUF_INIT;
    struct fault fault;
    dsig_enveloped_prepare(SLICE("<a></a>"), SLICE("x"), DSIG_ECDSA_SHA256, &info);
    assert_int_equal(dsig_enveloped_finish(buf_slice(&info), DSIG_ECDSA_SHA256, SLICE("0\x03\x02"),
                                           (struct slice){0}, &out, &fault),
                     -ERR_INTERNAL);
    assert_int_equal(dsig_enveloped_finish(SLICE("<x>"), DSIG_RSA_SHA256, SLICE("s"),
                                           (struct slice){0}, &out, &fault),
                     -ERR_INTERNAL);
    assert_int_equal(out.len, 0);
}

/* ---- the foreign judge --------------------------------------------------------------- */

static void write_public_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(PEM_write_PUBKEY(file, key));
    fclose(file);
}

static void test_xmlsec1_accepts(void **state)
{
    (void)state;
    if (!have_xmlsec1()) {
        print_message("xmlsec1 is not installed\n");
        skip();
    }
    static const char by_key[] = "--verify --id-attr:AssertionID " NS_SAML ":Assertion "
                                 "--pubkey-pem key.pem";
    char dir[] = "/tmp/lychgate-dsig-XXXXXX";
    assert_non_null(mkdtemp(dir));
    scoped(buf) struct buf doc_path = BUF_INIT, key_path = BUF_INIT;
    buf_print(&doc_path, "%s/doc.xml", dir);
    buf_print(&key_path, "%s/key.pem", dir);
    for (int i = 0; i < 4; i++) {
        scoped(buf) struct buf plain = BUF_INIT, text = BUF_INIT, altered = BUF_INIT;
        EVP_PKEY *key = i % 2 ? ec : rsa;
        put_signed(&plain, i % 2 ? DSIG_ECDSA_SHA256 : DSIG_RSA_SHA256, key,
                   i == 0 ? buf_slice(&rsa_certificate) : (struct slice){0});
        if (i < 2)
            buf_add(&text, buf_slice(&plain));
        else
            embed(buf_slice(&plain), &text);
        write_file(buf_string(&doc_path), buf_slice(&text));
        write_public_key(buf_string(&key_path), key);
        assert_int_equal(xmlsec1(dir, by_key), 0);
        replace(buf_slice(&text), "alice", "mallory", &altered);
        write_file(buf_string(&doc_path), buf_slice(&altered));
        assert_int_not_equal(xmlsec1(dir, by_key), 0);
    }
    remove_dir(dir);
}

/* ---- threads -------------------------------------------------------------------------------- */

static struct buf shared_text = BUF_INIT;

static void *verify_many(void *arg)
{
    struct fault fault;
    for (int i = 0; i < 20; i++)
        if (judge(buf_slice(&shared_text), "", false, &fault))
            return NULL;
    return arg;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    put_signed(&shared_text, DSIG_RSA_SHA256, rsa, (struct slice){0});
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_many, state), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, state);
    }
    buf_free(&shared_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_relative_namespace_around),
        cmocka_unit_test(test_signed_info_is_canonical),
        cmocka_unit_test(test_altered),
        cmocka_unit_test(test_key_only_from_caller),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_comments_hide_nothing),
        cmocka_unit_test(test_rsa_sha1_by_option),
        cmocka_unit_test(test_finish_refuses),
        cmocka_unit_test(test_xmlsec1_accepts),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
