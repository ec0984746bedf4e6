/* The key and certificate of the server half: any will do, since TLS-DSK clients
 * take the first certificate and do not validate it; they trust the outer TLS. */
#include "auth/tlsdsk.h"
#include "base/random.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

enum {
    KEY_BITS = 2048,
    LIFE_YEARS = 10
};

static int fill(X509 *certificate, EVP_PKEY *key, struct slice name, int64_t now)
{
    uint8_t serial[8];
    random_fill(serial, sizeof serial);
    serial[0] &= 0x7f; /* a positive INTEGER */
    time_t begins = (time_t)(now / 1000) - 24 * 3600;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
                X509_set_version(certificate, X509_VERSION_3) == 1 &&
                ASN1_TIME_set(X509_getm_notBefore(certificate), begins) &&
                ASN1_TIME_adj(X509_getm_notAfter(certificate), begins, LIFE_YEARS * 365, 0) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name.at,
                                           (int)name.len, -1, 0) == 1 &&
                X509_set_issuer_name(certificate, subject) == 1 &&
                X509_set_pubkey(certificate, key) == 1 &&
                X509_sign(certificate, key, EVP_sha256()) > 0;
    BN_free(number);
    return good ? 0 : -ERR_INTERNAL;
}

int tlsdsk_identity_new(struct slice name, int64_t now, EVP_PKEY **key_out, X509 **certificate_out,
                        struct fault *fault)
{
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    X509 *certificate = X509_new();
    /* CN holds at most 64 characters; nobody reads ours. */
    if (key && certificate && fill(certificate, key, slice_head(name, 64), now) == 0) {
        *key_out = key;
        *certificate_out = certificate;
        return 0;
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    ERR_clear_error();
    return fault_set(fault, ERR_INTERNAL, FINDING_TLSDSK_HANDSHAKE,
                     "making the inner TLS server's key and certificate");
}
