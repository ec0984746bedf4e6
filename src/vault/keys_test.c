/* What the vault does with its keys. OpenSSL is the judge of the results. */
#include "vault/test_folder.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t hour = INT64_C(3600000);
static char dir[64];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lychgate-vault-XXXXXX");
    return mkdtemp(dir) ? test_vault_make(dir) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return test_vault_remove(dir);
}

static struct vault *start(unsigned clients)
{
    struct vault *vault = test_vault_start(dir, clients);
    assert_non_null(vault);
    return vault;
}

/* ---- keys ----------------------------------------------------------------------------- */

static EVP_PKEY *public_key_of(struct slice certificate)
{
    const unsigned char *at = (const unsigned char *)certificate.at;
    X509 *parsed = d2i_X509(NULL, &at, (long)certificate.len);
    assert_non_null(parsed);
    EVP_PKEY *key = X509_get_pubkey(parsed);
    X509_free(parsed);
    return key;
}

static struct vault_public public_of(struct vault *vault, struct arena *arena)
{
    struct vault_public public = {0};
    assert_int_equal(vault_public(vault_client(vault, 0), arena, &public, NULL), 0);
    return public;
}

/* OpenSSL wants DER; what we get is r and s side by side. */
static int verify_ecdsa(EVP_PKEY *key, struct slice bytes, struct slice signature)
{
    const unsigned char *at = (const unsigned char *)signature.at;
    ECDSA_SIG *halves = ECDSA_SIG_new();
    unsigned char *der = NULL;
    ECDSA_SIG_set0(halves, BN_bin2bn(at, 32, NULL), BN_bin2bn(at + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(halves, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key);
    int verdict =
        EVP_DigestVerify(context, der, (size_t)len, (const unsigned char *)bytes.at, bytes.len);
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ECDSA_SIG_free(halves);
    return verdict;
}

static void test_token_signature_verifies(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_public public = public_of(vault, arena);
    struct slice signature;
    assert_int_equal(public.token_algorithm, VAULT_ECDSA_SHA256);
    assert_int_equal(
        vault_token_sign(vault_client(vault, 0), SLICE("<SignedInfo/>"), arena, &signature, NULL),
        0);
    assert_int_equal(signature.len, 64);
    EVP_PKEY *key = public_key_of(public.token_certificate);
    assert_int_equal(verify_ecdsa(key, SLICE("<SignedInfo/>"), signature), 1);
    assert_int_not_equal(verify_ecdsa(key, SLICE("<SignedInfo />"), signature), 1);
    EVP_PKEY_free(key);
}

static EVP_PKEY *key_of_point(struct slice point)
{
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.at,
                                          point.len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void test_push_signature_verifies(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_public public = public_of(vault, arena);
    struct slice signature;
    char most[VAULT_PUSH_SIGN_MAX + 1] = "";
    assert_int_equal(public.push_key.len, 65);
    assert_int_equal(
        vault_push_sign(vault_client(vault, 0), SLICE("header.claims"), arena, &signature, NULL),
        0);
    assert_int_equal(signature.len, 64);
    EVP_PKEY *push = key_of_point(public.push_key),
             *token = public_key_of(public.token_certificate);
    assert_int_equal(verify_ecdsa(push, SLICE("header.claims"), signature), 1);
    assert_int_not_equal(verify_ecdsa(push, SLICE("header.claimz"), signature), 1);
    assert_int_not_equal(verify_ecdsa(token, SLICE("header.claims"), signature), 1);
    EVP_PKEY_free(push);
    EVP_PKEY_free(token);
    assert_int_equal(vault_push_sign(vault_client(vault, 0), slice_make(most, sizeof most), arena,
                                     &signature, NULL),
                     -ERR_LIMIT);
}

/* A site that was made before there was push goes on, says what is missing, and can
 * be given the key later. */
static void test_vault_without_push_key(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct slice signature;
    struct fault fault = {0};
    assert_int_equal(unlink(test_path(dir, "push.key")), 0);
    struct vault *vault = start(1);
    assert_true(slice_empty(public_of(vault, arena).push_key));
    assert_int_equal(vault_push_sign(vault_client(vault, 0), SLICE("x"), arena, &signature, &fault),
                     -ERR_UNKNOWN);
    assert_int_equal(fault.finding, FINDING_PUSH_NO_KEY);
    vault_free(vault);
    const struct vault_init_options options = {.site = "contoso.test", .now = now};
    assert_int_equal(vault_init_push(dir, &options, NULL), 0);
    vault = start(1);
    struct slice made = public_of(vault, arena).push_key;
    assert_int_equal(made.len, 65);
    vault_free(vault);
    assert_int_equal(vault_init_push(dir, &options, NULL), 0); /* nothing: it is there */
    vault = start(1);
    assert_true(slice_eq(public_of(vault, arena).push_key, made));
    vault_free(vault);
}

static struct slice wrap(struct vault *vault, struct arena *arena, struct slice key)
{
    EVP_PKEY *to = public_key_of(public_of(vault, arena).decrypt_certificate);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(to, NULL);
    size_t len = 512;
    char *wrapped = arena_alloc(arena, len);
    EVP_PKEY_encrypt_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
    assert_int_equal(EVP_PKEY_encrypt(context, (unsigned char *)wrapped, &len,
                                      (const unsigned char *)key.at, key.len),
                     1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(to);
    return slice_make(wrapped, len);
}

static void test_wrapped_key_opens(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct secret key = SECRET_INIT;
    struct slice wrapped = wrap(vault, arena, SLICE("0123456789abcdef"));
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), wrapped, &key, NULL), 0);
    assert_true(slice_eq(secret_slice(&key), SLICE("0123456789abcdef")));
    secret_free(&key);
    struct slice altered = arena_copy(arena, wrapped);
    ((char *)(uintptr_t)altered.at)[9] ^= 1;
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), altered, &key, NULL), -ERR_FORGED);
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), SLICE("short"), &key, NULL),
                     -ERR_FORGED);
    assert_null(key.at);
}

static void test_sealed_bytes_open(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct vault *vault = start(1);
    struct secret opened = SECRET_INIT;
    struct slice sealed;
    char most[VAULT_SEAL_MAX + 1];
    memset(most, 's', sizeof most);
    assert_int_equal(vault_seal(vault_client(vault, 0), SLICE("webticket"),
                                slice_make(most, VAULT_SEAL_MAX), arena, &sealed, NULL),
                     0);
    assert_int_equal(sealed.len, VAULT_SEAL_MAX + VAULT_SEAL_MORE);
    assert_int_equal(vault_seal(vault_client(vault, 0), SLICE("webticket"),
                                slice_make(most, sizeof most), arena, &sealed, NULL),
                     -ERR_LIMIT);
    vault_free(vault);
    vault = start(1); /* tickets outlive a restart */
    assert_int_equal(vault_open(vault_client(vault, 0), SLICE("webticket"), sealed, &opened, NULL),
                     0);
    assert_true(slice_eq(secret_slice(&opened), slice_make(most, VAULT_SEAL_MAX)));
    secret_free(&opened);
    assert_int_equal(vault_open(vault_client(vault, 0), SLICE("other"), sealed, &opened, NULL),
                     -ERR_FORGED);
    vault_free(vault);
}

/* ---- user certificates ------------------------------------------------------------------- */

static struct slice public_key_der(struct arena *arena, EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    struct slice copy = arena_copy(arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return copy;
}

static struct vault_certificate wanted_by_alice(struct arena *arena)
{
    return (struct vault_certificate){.public_key = public_key_der(arena, EVP_EC_gen("P-256")),
                                      .common_name = SLICE("alice@contoso.test"),
                                      .sip_uri = SLICE("sip:alice@contoso.test"),
                                      .not_before = now,
                                      .not_after = now + 8 * hour};
}

static X509 *parse_certificate(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(certificate);
    return certificate;
}

static void assert_verifies(X509 *certificate, struct slice ca_der)
{
    X509 *ca = parse_certificate(ca_der);
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(trusted, ca);
    X509_STORE_CTX_init(context, trusted, certificate, NULL);
    X509_STORE_CTX_set_time(context, 0, (time_t)(now / 1000 + 60));
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    if (X509_verify_cert(context) != 1)
        fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    X509_free(ca);
}

static void assert_names(X509 *certificate, const char *common_name, const char *uri)
{
    char found[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, found,
                              sizeof found);
    assert_string_equal(found, common_name);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
    assert_int_equal(name->type, GEN_URI);
    assert_true(slice_eq(
        slice_make(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5)),
        slice_of(uri)));
    GENERAL_NAMES_free(names);
}

static void test_certificate_is_as_wanted(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_certificate wanted = wanted_by_alice(arena);
    struct slice der;
    wanted.serial = SLICE("\x12\x34\x56");
    assert_int_equal(vault_certificate_issue(vault_client(vault, 0), &wanted, arena, &der, NULL),
                     0);
    X509 *made = parse_certificate(der);
    assert_verifies(made, public_of(vault, arena).user_ca_certificate);
    assert_names(made, "alice@contoso.test", "sip:alice@contoso.test");
    assert_int_equal(ASN1_INTEGER_get(X509_get_serialNumber(made)), 0x123456);
    assert_int_equal(X509_check_ca(made), 0);
    assert_int_equal(X509_check_purpose(made, X509_PURPOSE_SSL_SERVER, 0), 0);
    X509_free(made);
    /* Without a serial each gets its own; a long address is no obstacle. */
    wanted.serial = (struct slice){0};
    struct slice second;
    char name[128], uri[160];
    memset(name, 'u', sizeof name);
    snprintf(name + 80, sizeof name - 80, "@contoso.test");
    snprintf(uri, sizeof uri, "sip:%s", name);
    wanted.common_name = slice_of(name);
    wanted.sip_uri = slice_of(uri);
    assert_int_equal(vault_certificate_issue(vault_client(vault, 0), &wanted, arena, &second, NULL),
                     0);
    made = parse_certificate(second);
    assert_names(made, name, uri);
    assert_int_equal(ASN1_STRING_length(X509_get_serialNumber(made)), 16);
    X509_free(made);
}

/* P-256 with its equation instead of its name. */
static EVP_PKEY *spelt_out_curve(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    return key;
}

/* An RSA key whose NULL the sender has left out. */
static struct slice without_parameter(struct arena *arena, struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &at, (long)der.len);
    X509_PUBKEY_set0_param(key, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_UNDEF, NULL, NULL, 0);
    unsigned char *shorter = NULL;
    int len = i2d_X509_PUBKEY(key, &shorter);
    struct slice copy = arena_copy(arena, slice_make(shorter, (size_t)len));
    OPENSSL_free(shorter);
    X509_PUBKEY_free(key);
    return copy;
}

static void test_certificate_has_the_key(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_certificate wanted = wanted_by_alice(arena);
    const struct slice rsa = public_key_der(arena, EVP_RSA_gen(2048)), ec = wanted.public_key;
    const struct slice shorter = without_parameter(arena, rsa);
    assert_int_equal(shorter.len, rsa.len - 2);
    const struct slice sent[] = {ec, rsa, shorter}, held[] = {ec, rsa, rsa};
    for (size_t i = 0; i < 3; i++) {
        struct slice der;
        wanted.public_key = sent[i];
        assert_int_equal(
            vault_certificate_issue(vault_client(vault, 0), &wanted, arena, &der, NULL), 0);
        X509 *made = parse_certificate(der);
        EVP_PKEY *key = X509_get_pubkey(made);
        assert_true(slice_eq(public_key_der(arena, key), held[i]));
        unsigned char *written = NULL;
        int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(made), &written);
        assert_true(slice_eq(slice_make(written, (size_t)len), held[i]));
        OPENSSL_free(written);
        X509_free(made);
    }
}

static void test_certificates_that_are_refused(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    const struct vault_certificate good = wanted_by_alice(arena);
    struct vault_certificate bad[13];
    for (size_t i = 0; i < 13; i++)
        bad[i] = good;
    bad[0].sip_uri = SLICE("sip:bob@contoso.test");
    bad[1].sip_uri = SLICE("https://contoso.test");
    bad[2].common_name = SLICE("alice");
    bad[2].sip_uri = SLICE("sip:alice");
    bad[3].not_after = now;
    bad[4].not_after = now + 31 * 24 * hour;
    bad[5].not_before = now + INT64_C(3651) * 24 * hour;
    bad[5].not_after = bad[5].not_before + 48 * hour;
    bad[6].public_key = SLICE("nonsense");
    bad[7].public_key = public_key_der(arena, EVP_RSA_gen(1024));
    bad[8].public_key = public_key_der(arena, EVP_EC_gen("P-384"));
    bad[9].public_key = public_key_der(arena, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    bad[10].common_name = SLICE("a\nb@contoso.test");
    bad[10].sip_uri = SLICE("sip:a\nb@contoso.test");
    bad[11].common_name = SLICE("");
    bad[12].public_key = public_key_der(arena, spelt_out_curve());
    for (size_t i = 0; i < 13; i++) {
        struct slice der = {0};
        struct fault fault = {0};
        if (vault_certificate_issue(vault_client(vault, 0), &bad[i], arena, &der, &fault) >= 0)
            fail_msg("case %zu was accepted", i);
        assert_true(slice_absent(der));
        enum finding expected = i == 6                          ? FINDING_CSR_MALFORMED
                                : (i >= 7 && i <= 9) || i == 12 ? FINDING_CSR_WEAK_KEY
                                                                : FINDING_VAULT_FAILED;
        assert_int_equal(fault.finding, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_signature_verifies),
        cmocka_unit_test(test_push_signature_verifies),
        cmocka_unit_test(test_vault_without_push_key),
        cmocka_unit_test(test_wrapped_key_opens),
        cmocka_unit_test(test_sealed_bytes_open),
        cmocka_unit_test(test_certificate_is_as_wanted),
        cmocka_unit_test(test_certificate_has_the_key),
        cmocka_unit_test(test_certificates_that_are_refused),
    };
    return cmocka_run_group_tests_name("vault/keys", tests, setup, teardown);
}
