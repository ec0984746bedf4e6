/* For the tests of this room and of others: a VAPID signer without a vault, and the
 * push service's look at what it signed. */
#ifndef LYCHGATE_PUSH_TESTING_PRIV_H
#define LYCHGATE_PUSH_TESTING_PRIV_H

#include "base/encode.h"
#include "push/encrypt_priv.h"
#include "push/vapid.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct test_signer {
    struct vapid_signer as;
    EVP_PKEY *key;
    char point[PUSH_POINT_LEN];
    unsigned signatures;
    bool fails;
};

static inline int test_sign(void *arg, struct slice bytes, struct arena *arena,
                            struct slice *signature_out, struct fault *fault)
{
    struct test_signer *signer = arg;
    unsigned char der[80], *halves = arena_alloc(arena, 64);
    const unsigned char *at = der;
    size_t len = sizeof der;
    if (signer->fails)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "told to fail");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key) == 1 &&
              EVP_DigestSign(context, der, &len, (const unsigned char *)bytes.at, bytes.len) == 1;
    EVP_MD_CTX_free(context);
    ECDSA_SIG *signature = ok ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;
    if (!signature)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "no signature");
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), halves, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), halves + 32, 32);
    ECDSA_SIG_free(signature);
    signer->signatures++;
    *signature_out = slice_make(halves, 64);
    return 0;
}

static inline struct test_signer *test_signer_new(void)
{
    struct test_signer *signer = must_calloc(1, sizeof *signer);
    signer->key = EVP_EC_gen("P-256");
    push_key_point(signer->key, signer->point);
    signer->as =
        (struct vapid_signer){test_sign, signer, slice_make(signer->point, PUSH_POINT_LEN)};
    return signer;
}

static inline void test_signer_free(struct test_signer *signer)
{
    if (signer)
        EVP_PKEY_free(signer->key);
    free(signer);
}
SCOPED_FREE(test_signer, struct test_signer, test_signer_free)

/* "vapid t=TOKEN, k=KEY" */
static inline bool test_vapid_split(struct slice value, struct slice *token_out,
                                    struct slice *key_out)
{
    struct slice rest;
    if (!slice_starts(value, SLICE("vapid t=")) ||
        !slice_cut(slice_from(value, 8), ',', token_out, &rest))
        return false;
    *key_out = slice_from(slice_trim(rest), 2);
    return slice_starts(slice_trim(rest), SLICE("k="));
}

/* Does the signature of a JSON Web Token hold? */
static inline bool test_token_verifies(struct arena *arena, struct slice token, struct slice point)
{
    size_t dot = token.len;
    struct slice halves;
    while (dot > 0 && token.at[dot - 1] != '.')
        dot--;
    EVP_PKEY *key = push_public_key(point);
    if (!key || dot == 0 || base64url_parse(arena, slice_from(token, dot), &halves) < 0 ||
        halves.len != 64) {
        EVP_PKEY_free(key);
        return false;
    }
    const unsigned char *at = (const unsigned char *)halves.at;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    ECDSA_SIG_set0(signature, BN_bin2bn(at, 32, NULL), BN_bin2bn(at + 32, 32, NULL));
    unsigned char *der = NULL;
    int len = i2d_ECDSA_SIG(signature, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok =
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, der, (size_t)len, (const unsigned char *)token.at, dot - 1) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    EVP_PKEY_free(key);
    return ok;
}

#endif
