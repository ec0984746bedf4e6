/* Signatures over parts of a message by a certificate's key. */
#include "base/encode.h"
#include "xml/dsig_priv.h"
#include "xml/names.h"
#include "xml/test_judge_priv.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STAMP "<wsu:Timestamp xmlns:wsu=\"" NS_WSU "\" wsu:Id=\"stamp\">now</wsu:Timestamp>"
#define TO                                                                                         \
    "<wsa:To xmlns:wsa=\"" NS_WSA "\" xmlns:wsu=\"" NS_WSU "\" wsu:Id=\"to\">https://x/</wsa:To>"
#define BODY    "<Body xmlns:wsu=\"" NS_WSU "\" wsu:Id=\"body\">b</Body>"

#define TEXT(s) .at = (s), .len = sizeof(s) - 1 /* SLICE is no constant for a static */

static EVP_PKEY *rsa, *rsa_other, *ec;

static int make_keys(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    rsa_other = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(rsa_other);
    EVP_PKEY_free(ec);
    return 0;
}

static const struct dsig_part parts[] = {
    {{TEXT(STAMP)}, {TEXT("stamp")}}, {{TEXT(TO)}, {TEXT("to")}}, {{TEXT(BODY)}, {TEXT("body")}}};

static void around(struct slice signature, struct buf *out)
{
    buf_print(out, "<Security>" STAMP TO BODY "%.*s</Security>", SLICE_ARG(signature));
}

static void put_signed(EVP_PKEY *key, size_t count, struct buf *out)
{
    scoped(buf) struct buf signature = BUF_INIT, key_info = BUF_INIT;
    struct fault fault;
    dsig_key_info_token(SLICE("token"), &key_info);
    assert_int_equal(dsig_parts_print(key, parts, count, buf_slice(&key_info), &signature, &fault),
                     0);
    around(buf_slice(&signature), out);
}

/* Timestamp and To must be covered, the Body may be. */
static int judge(struct slice text, EVP_PKEY *public_key, struct fault *fault)
{
    scoped(dsig_key) struct dsig_key *key = dsig_key_new(public_key);
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (xml_read(text, NULL, &doc, fault))
        fail_msg("%s in %.*s", fault->detail, SLICE_ARG(text));
    const struct xml_node *security = xml_root(doc);
    const struct xml_node *const nodes[] = {xml_child(security, NS_WSU, "Timestamp"),
                                            xml_child(security, NS_WSA, "To"),
                                            xml_child(security, NULL, "Body")};
    return dsig_verify_parts(xml_child(security, NS_DS, "Signature"), nodes, 2, 3, key, fault);
}

static void test_what_we_sign_holds(void **state)
{
    (void)state;
    EVP_PKEY *const keys[] = {rsa, ec};
    struct fault fault;
    for (size_t i = 0; i < 2; i++)
        for (size_t count = 2; count <= 3; count++) {
            scoped(buf) struct buf text = BUF_INIT;
            put_signed(keys[i], count, &text);
            assert_int_equal(judge(buf_slice(&text), keys[i], &fault), 0);
        }
}

static void expect(struct slice text, EVP_PKEY *key, enum finding finding)
{
    struct fault fault;
    if (judge(text, key, &fault) != -ERR_FORGED || fault.finding != finding)
        fail_msg("%s (%s), not %s", finding_id(fault.finding), fault.detail, finding_id(finding));
}

static void test_what_does_not_hold(void **state)
{
    (void)state;
    scoped(buf) struct buf good = BUF_INIT, changed = BUF_INIT, one = BUF_INIT;
    static const struct {
        const char *old, *new;
        enum finding finding;
    } rows[] = {
        {">now<", ">then<", FINDING_SIGNATURE_INVALID},
        {"https://x/", "https://y/", FINDING_SIGNATURE_INVALID},
        {">b<", ">c<", FINDING_SIGNATURE_INVALID},
        {"wsu:Id=\"to\"", "Id=\"to\"", FINDING_SIGNATURE_WRAPPED},
        {"wsu:Id=\"body\"", "wsu:Id=\"to\"", FINDING_SIGNATURE_WRAPPED},
        {"#body\"", "#else\"", FINDING_SIGNATURE_WRAPPED},
        {"#body\"", "#to\"", FINDING_SIGNATURE_WRAPPED},
        {"#stamp\"", "#\"", FINDING_SIGNATURE_WRAPPED},
        {"#rsa-sha256", "#ecdsa-sha256", FINDING_SIGNATURE_WRAPPED},
        {"<Security>", "<Security><a Id=\"stamp\"/>", FINDING_SIGNATURE_WRAPPED},
        {"<Reference URI=\"#to\">", "<Reference URI=\"#to\"><x/>", FINDING_SIGNATURE_WRAPPED},
        {"</SignedInfo>", "<Reference/></SignedInfo>", FINDING_SIGNATURE_WRAPPED},
    };
    put_signed(rsa, 3, &good);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        replace(buf_slice(&good), rows[i].old, rows[i].new, &changed);
        expect(buf_slice(&changed), rsa, rows[i].finding);
    }
    expect(buf_slice(&good), rsa_other, FINDING_SIGNATURE_INVALID);
    expect(buf_slice(&good), ec, FINDING_SIGNATURE_WRAPPED);
    put_signed(rsa, 1, &one); /* the Timestamp alone is not enough */
    expect(buf_slice(&one), rsa, FINDING_SIGNATURE_WRAPPED);
}

/* As WCF's older algorithm suites have it. */
static void test_sha1_is_taken(void **state)
{
    (void)state;
    scoped(buf) struct buf info = BUF_INIT, signature = BUF_INIT, text = BUF_INIT;
    unsigned char bytes[256];
    size_t len = sizeof bytes;
    struct fault fault;
    dsig_parts_signed_info(dsig_algorithm(DSIG_RSA_SHA1), parts, 2, &info);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha1(), NULL, rsa), 1);
    assert_int_equal(EVP_DigestSign(ctx, bytes, &len, (unsigned char *)info.at, info.len), 1);
    EVP_MD_CTX_free(ctx);
    dsig_signature_print(buf_slice(&info), slice_make(bytes, len), (struct slice){0}, &signature);
    around(buf_slice(&signature), &text);
    assert_int_equal(judge(buf_slice(&text), rsa, &fault), 0);
    expect(buf_slice(&text), rsa_other, FINDING_SIGNATURE_INVALID);
}

static void test_keys_that_sign_nothing(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct fault fault;
    EVP_PKEY *bad[] = {EVP_EC_gen("P-384"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dsig_parts_print(bad[i], parts, 2, (struct slice){0}, &out, &fault),
                         -ERR_UNSUPPORTED);
        EVP_PKEY_free(bad[i]);
    }
    assert_int_equal(out.len, 0);
}

static void test_xmlsec1_accepts(void **state)
{
    (void)state;
    if (!have_xmlsec1()) {
        print_message("SKIP: xmlsec1 is not installed\n");
        skip();
    }
    EVP_PKEY *const keys[] = {rsa, ec};
    for (size_t i = 0; i < 2; i++) {
        scoped(buf) struct buf text = BUF_INIT, doc_path = BUF_INIT, key_path = BUF_INIT;
        char dir[] = "/tmp/lychgate-dsig-XXXXXX";
        assert_non_null(mkdtemp(dir));
        buf_print(&doc_path, "%s/doc.xml", dir);
        buf_print(&key_path, "%s/key.pem", dir);
        put_signed(keys[i], 3, &text);
        write_file(buf_string(&doc_path), buf_slice(&text));
        FILE *file = fopen(buf_string(&key_path), "w");
        assert_int_equal(PEM_write_PUBKEY(file, keys[i]), 1);
        fclose(file);
        assert_int_equal(xmlsec1(dir,
                                 "--verify --id-attr:Id " NS_WSU ":Timestamp --id-attr:Id " NS_WSA
                                 ":To --id-attr:Id Body --pubkey-pem key.pem"),
                         0);
        remove_dir(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_we_sign_holds), cmocka_unit_test(test_what_does_not_hold),
        cmocka_unit_test(test_sha1_is_taken),      cmocka_unit_test(test_keys_that_sign_nothing),
        cmocka_unit_test(test_xmlsec1_accepts),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
