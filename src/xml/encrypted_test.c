#include "xml/encrypted.h"
#include "xml/names.h"
#include "xml/test_judge_priv.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static EVP_PKEY *rsa;

static int make_key(void **state)
{
    (void)state;
    rsa = EVP_RSA_gen(2048);
    return rsa ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    return 0;
}

/* What the vault does. */
static int unwrap(void *arg, struct slice wrapped, unsigned char *key, size_t len)
{
    unsigned char out[512];
    size_t out_len = sizeof out;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(arg, NULL);
    bool ok =
        EVP_PKEY_decrypt_init(ctx) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
        EVP_PKEY_decrypt(ctx, out, &out_len, (const unsigned char *)wrapped.at, wrapped.len) > 0 &&
        out_len == len;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        memcpy(key, out, len);
    return ok ? 0 : -1;
}

static int decrypt(struct slice text, bool allow_cbc, struct secret *out, struct fault *fault)
{
    struct xml_doc *doc;
    if (xml_read(text, NULL, &doc, fault))
        fail_msg("%s in %.*s", fault->detail, SLICE_ARG(text));
    struct encrypted_read_options options = {.unwrap = unwrap, .arg = rsa, .allow_cbc = allow_cbc};
    int err = encrypted_read(xml_root(doc), &options, out, fault);
    xml_doc_free(doc);
    return err;
}

static void encrypt(struct slice text, enum encrypted_cipher cipher, struct buf *out)
{
    struct fault fault;
    buf_clear(out);
    if (encrypted_print(text, rsa, cipher, out, &fault))
        fail_msg("%s", fault.detail);
}

static void test_round_trip(void **state)
{
    (void)state;
    char content[100];
    memset(content, 'x', sizeof content);
    scoped(buf) struct buf out = BUF_INIT;
    struct fault fault;
    for (size_t len = 0; len < sizeof content; len += len < 34 ? 1 : 13) {
        for (int cbc = 0; cbc < 2; cbc++) {
            scoped(secret) struct secret text = SECRET_INIT;
            encrypt(slice_make(content, len), (enum encrypted_cipher)cbc, &out);
            assert_int_equal(decrypt(buf_slice(&out), cbc, &text, &fault), 0);
            assert_true(slice_eq(secret_slice(&text), slice_make(content, len)));
        }
    }
}

static void test_cbc_only_where_allowed(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    scoped(secret) struct secret text = SECRET_INIT;
    struct fault fault;
    encrypt(SLICE("<a></a>"), ENCRYPTED_AES256_CBC, &out);
    assert_int_equal(decrypt(buf_slice(&out), false, &text, &fault), -ERR_UNSUPPORTED);
    assert_null(text.at);
}

/* Alter the base64 character `at` bytes into the `nth` CipherValue. */
static void alter(const struct buf *text, int nth, size_t at, struct buf *out)
{
    buf_clear(out);
    buf_add(out, buf_slice(text));
    char *place = out->at;
    for (int i = 0; i <= nth; i++)
        place = strstr(place, "<xenc:CipherValue>") + strlen("<xenc:CipherValue>");
    place[at] = place[at] == 'A' ? 'B' : 'A';
}

static void test_all_failures_look_alike(void **state)
{
    (void)state;
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    struct fault first, fault;
    encrypt(SLICE("<saml:Assertion>not for everybody</saml:Assertion>"), ENCRYPTED_AES256_GCM,
            &text);
    alter(&text, 0, 10, &changed); /* the wrapped key */
    scoped(secret) struct secret out = SECRET_INIT;
    assert_int_equal(decrypt(buf_slice(&changed), false, &out, &first), -ERR_DENIED);
    for (size_t at = 0; at < 80; at += 7) { /* IV, ciphertext, tag */
        alter(&text, 1, at, &changed);
        assert_int_equal(decrypt(buf_slice(&changed), false, &out, &fault), -ERR_DENIED);
        assert_int_equal(fault.finding, FINDING_TOKEN_REFUSED);
        assert_string_equal(fault.detail, first.detail);
    }
    assert_null(out.at);
    /* CBC: a changed last block is bad padding, mostly; then it looks the same. */
    encrypt(SLICE("0123456789abcdef"), ENCRYPTED_AES256_CBC, &text);
    alter(&text, 1, 30, &changed);
    if (decrypt(buf_slice(&changed), true, &out, &fault))
        assert_string_equal(fault.detail, first.detail);
}

static void test_other_forms(void **state)
{
    (void)state;
    const struct {
        const char *from, *to;
        int err;
    } cases[] = {
        {"aes256-gcm", "aes128-gcm", -ERR_UNSUPPORTED},
        {"rsa-oaep-mgf1p", "rsa-1_5", -ERR_UNSUPPORTED},
        {"rsa-oaep-mgf1p\">", "rsa-oaep-mgf1p\"><xenc:OAEPparams>AA==</xenc:OAEPparams>",
         -ERR_UNSUPPORTED},
        {"rsa-oaep-mgf1p\">", "rsa-oaep-mgf1p\"><ds:DigestMethod Algorithm=\"" ALG_SHA256 "\"/>",
         -ERR_UNSUPPORTED},
        {"rsa-oaep-mgf1p\">", "rsa-oaep-mgf1p\"><ds:DigestMethod Algorithm=\"" ALG_SHA1 "\"/>", 0},
        {"<xenc:CipherValue>", "<xenc:CipherValue>!", -ERR_MALFORMED},
        {"</xenc:CipherValue>", "</xenc:CipherValue><x/>", -ERR_MALFORMED},
        {"</ds:KeyInfo>", "<xenc:EncryptedKey/></ds:KeyInfo>", -ERR_MALFORMED},
    };
    scoped(buf) struct buf text = BUF_INIT, changed = BUF_INIT;
    struct fault fault;
    encrypt(SLICE("<a></a>"), ENCRYPTED_AES256_GCM, &text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(secret) struct secret out = SECRET_INIT;
        replace(buf_slice(&text), cases[i].from, cases[i].to, &changed);
        if (decrypt(buf_slice(&changed), false, &out, &fault) != cases[i].err)
            fail_msg("%s: %s", cases[i].to, fault.detail);
    }
    scoped(secret) struct secret out = SECRET_INIT;
    assert_int_equal(decrypt(SLICE("<EncryptedData/>"), false, &out, &fault), -ERR_MALFORMED);
    assert_int_equal(decrypt(SLICE("<EncryptedData xmlns='" NS_XENC "'/>"), false, &out, &fault),
                     -ERR_UNSUPPORTED);
}

static void test_key_alone(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    unsigned char key[32];
    struct xml_doc *doc;
    struct fault fault;
    struct slice proof = SLICE("0123456789abcdef0123456789abcdef");
    struct encrypted_read_options options = {.unwrap = unwrap, .arg = rsa};
    assert_int_equal(encrypted_key_print(proof, rsa, &out, &fault), 0);
    assert_int_equal(xml_read(buf_slice(&out), NULL, &doc, &fault), 0);
    assert_int_equal(encrypted_key_read(xml_root(doc), &options, key, sizeof key, &fault), 0);
    assert_memory_equal(key, proof.at, sizeof key);
    assert_int_equal(encrypted_key_read(xml_root(doc), &options, key, 16, &fault), -ERR_DENIED);
    xml_doc_free(doc);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    assert_int_equal(encrypted_key_print(proof, ec, &out, &fault), -ERR_INTERNAL);
    EVP_PKEY_free(ec);
}

/* The foreign judge: xmlsec1 decrypts what we encrypt. */
static void test_xmlsec1_decrypts(void **state)
{
    (void)state;
    if (system("xmlsec1 --version >/dev/null 2>&1") != 0) {
        print_message("xmlsec1 is not installed\n");
        skip();
    }
    char dir[] = "/tmp/lychgate-xenc-XXXXXX", doc[64], key[64], command[256];
    assert_non_null(mkdtemp(dir));
    snprintf(doc, sizeof doc, "%s/doc.xml", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    snprintf(command, sizeof command, "xmlsec1 --decrypt --privkey-pem %s %s 2>&1", key, doc);
    FILE *file = fopen(key, "w");
    assert_true(PEM_write_PrivateKey(file, rsa, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    for (int cipher = 0; cipher < 2; cipher++) {
        scoped(buf) struct buf out = BUF_INIT;
        char answer[200] = "";
        encrypt(SLICE("<token>for xmlsec1</token>"), (enum encrypted_cipher)cipher, &out);
        file = fopen(doc, "w");
        assert_int_equal(fwrite(out.at, 1, out.len, file), out.len);
        fclose(file);
        FILE *pipe = popen(command, "r");
        size_t got = fread(answer, 1, sizeof answer - 1, pipe);
        answer[got] = '\0';
        assert_int_equal(pclose(pipe), 0);
        assert_non_null(strstr(answer, "<token>for xmlsec1</token>"));
    }
    unlink(doc);
    unlink(key);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_cbc_only_where_allowed),
        cmocka_unit_test(test_all_failures_look_alike),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_key_alone),
        cmocka_unit_test(test_xmlsec1_decrypts),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
