/* [RFC 2986]. */
#include "certprov/csr.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 4096,
    RSA_EXPONENT_BITS_MAX = 64
};

static const char *trouble(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "OpenSSL gives no reason";
}

/* ---- the client's ------------------------------------------------------------------- */

EVP_PKEY *certprov_key_new(struct fault *fault)
{
    EVP_PKEY *key = EVP_RSA_gen(RSA_BITS_MIN);
    if (!key)
        fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "making an RSA key: %s", trouble());
    return key;
}

/* Not by X509_NAME_add_entry_by_txt: it refuses names over 64 bytes, and a SIP
 * address may be longer. */
static bool set_subject(X509_REQ *request, struct slice address)
{
    X509_NAME_ENTRY *entry =
        X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, V_ASN1_UTF8STRING,
                                      (const unsigned char *)address.at, (int)address.len);
    bool ok = entry && X509_NAME_add_entry(X509_REQ_get_subject_name(request), entry, -1, 0) == 1;
    X509_NAME_ENTRY_free(entry);
    return ok;
}

int certprov_csr_new(EVP_PKEY *key, struct slice address, struct arena *arena,
                     struct slice *der_out, struct fault *fault)
{
    X509_REQ *request = X509_REQ_new();
    int len = -1;
    if (request && X509_REQ_set_version(request, X509_REQ_VERSION_1) &&
        set_subject(request, address) && X509_REQ_set_pubkey(request, key) &&
        X509_REQ_sign(request, key, EVP_sha256()) > 0 && (len = i2d_X509_REQ(request, NULL)) > 0) {
        unsigned char *at = arena_alloc(arena, (size_t)len);
        *der_out = slice_make(at, (size_t)len);
        i2d_X509_REQ(request, &at);
    }
    X509_REQ_free(request);
    if (len > 0)
        return 0;
    return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "making a certificate request: %s",
                     trouble());
}

/* ---- the server's --------------------------------------------------------------------- */

static int malformed(struct fault *fault, enum err err, const char *what)
{
    ERR_clear_error();
    return fault_set(fault, err, FINDING_CSR_MALFORMED, "PKCS#10: %s", what);
}

/* An odd exponent from 3 on, and none so large that checking with it takes long. */
static bool good_exponent(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) && BN_is_odd(e) &&
              !BN_is_one(e) && BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;
    BN_free(e);
    return ok;
}

static int check_key(EVP_PKEY *key, struct certprov_csr *out, struct fault *fault)
{
    char group[32] = "";
    bool good = false;
    out->bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA")) {
        out->kind = "RSA";
        good = out->bits >= RSA_BITS_MIN && out->bits <= RSA_BITS_MAX && good_exponent(key);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        out->kind = "EC";
        good = EVP_PKEY_get_group_name(key, group, sizeof group, NULL) &&
               strcmp(group, SN_X9_62_prime256v1) == 0;
    } else {
        out->kind = "another kind";
    }
    ERR_clear_error();
    if (good)
        return 0;
    return fault_set(fault, ERR_UNSUPPORTED, FINDING_CSR_WEAK_KEY, "%s, %d bits%s%s", out->kind,
                     out->bits, group[0] ? ", " : "", group);
}

static struct slice public_key_of(X509_REQ *request, struct arena *arena)
{
    X509_PUBKEY *key = X509_REQ_get_X509_PUBKEY(request);
    int len = i2d_X509_PUBKEY(key, NULL);
    if (len <= 0)
        return (struct slice){0};
    unsigned char *at = arena_alloc(arena, (size_t)len);
    struct slice der = slice_make(at, (size_t)len);
    i2d_X509_PUBKEY(key, &at);
    return der;
}

/* The key's kind is looked at first: checking a signature with a key of 16384 bits is
 * work that a stranger must not be able to order. */
static int check_request(X509_REQ *request, struct arena *arena, struct certprov_csr *out,
                         struct fault *fault)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    if (!key)
        return malformed(fault, ERR_MALFORMED, "its public key cannot be read");
    int err = check_key(key, out, fault);
    if (err)
        return err;
    if (X509_REQ_verify(request, key) != 1)
        return malformed(fault, ERR_FORGED, "not signed by its own key");
    out->public_key = public_key_of(request, arena);
    return slice_empty(out->public_key)
               ? malformed(fault, ERR_MALFORMED, "its public key cannot be written")
               : 0;
}

int certprov_csr_parse(struct slice der, struct arena *arena, struct certprov_csr *out,
                       struct fault *fault)
{
    *out = (struct certprov_csr){0};
    if (slice_empty(der) || der.len > CERTPROV_CSR_MAX)
        return malformed(fault, ERR_MALFORMED, "empty or too long");
    const unsigned char *at = (const unsigned char *)der.at;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    int err;
    if (!request)
        err = malformed(fault, ERR_MALFORMED, "not DER of a certificate request");
    else if (at != (const unsigned char *)der.at + der.len)
        err = malformed(fault, ERR_MALFORMED, "bytes behind its end");
    else
        err = check_request(request, arena, out, fault);
    X509_REQ_free(request);
    return err;
}
