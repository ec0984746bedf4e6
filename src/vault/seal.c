/* Sealed bytes: version 1, nonce 12, ciphertext, tag 16. The kind and the purpose
 * are authenticated with them. Nonces are random: with 96 bits, a key is good for
 * 2^32 seals ([NIST SP 800-38D] section 8.3), one for each web ticket. */
#include "base/random.h"
#include "vault/certificate_priv.h"
#include "vault/worker_priv.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    SEAL_VERSION = 1,
    NONCE_LEN = 12,
    TAG_LEN = 16,
    HEAD_LEN = 1 + NONCE_LEN
};

_Static_assert(HEAD_LEN + TAG_LEN == VAULT_SEAL_MORE, "vault.h says how much longer sealed is");

static bool feed_purpose(EVP_CIPHER_CTX *gcm, enum seal_kind kind, struct slice purpose)
{
    unsigned char kind_byte = (unsigned char)kind;
    int len;
    return EVP_CipherUpdate(gcm, NULL, &len, &kind_byte, 1) &&
           EVP_CipherUpdate(gcm, NULL, &len, (const unsigned char *)purpose.at, (int)purpose.len);
}

int seal_close(const unsigned char key[SEAL_KEY_LEN], enum seal_kind kind, struct slice purpose,
               struct slice bytes, char *to, struct fault *fault)
{
    unsigned char *out = (unsigned char *)to;
    int len = 0, rest = 0;
    out[0] = SEAL_VERSION;
    random_fill(out + 1, NONCE_LEN);
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    bool ok = gcm && EVP_EncryptInit_ex2(gcm, EVP_aes_256_gcm(), key, out + 1, NULL) &&
              feed_purpose(gcm, kind, purpose) &&
              EVP_CipherUpdate(gcm, out + HEAD_LEN, &len, (const unsigned char *)bytes.at,
                               (int)bytes.len) &&
              EVP_CipherFinal_ex(gcm, out + HEAD_LEN + len, &rest) &&
              EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out + HEAD_LEN + bytes.len);
    EVP_CIPHER_CTX_free(gcm);
    if (!ok)
        return fault_set(fault, ERR_INTERNAL, FINDING_VAULT_FAILED, "seal: %s", openssl_trouble());
    return 0;
}

int seal_open(const unsigned char key[SEAL_KEY_LEN], enum seal_kind kind, struct slice purpose,
              struct slice sealed, char *to, size_t *len_out, struct fault *fault)
{
    unsigned char *out = (unsigned char *)to;
    unsigned char tag[TAG_LEN];
    int len = 0, rest = 0;
    if (sealed.len < VAULT_SEAL_MORE || sealed.at[0] != SEAL_VERSION)
        return fault_set(fault, ERR_FORGED, FINDING_VAULT_FAILED, "these bytes are not sealed");
    const unsigned char *in = (const unsigned char *)sealed.at;
    size_t inner = sealed.len - VAULT_SEAL_MORE;
    memcpy(tag, in + HEAD_LEN + inner, TAG_LEN);
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    bool ok = gcm && EVP_DecryptInit_ex2(gcm, EVP_aes_256_gcm(), key, in + 1, NULL) &&
              feed_purpose(gcm, kind, purpose) &&
              EVP_CipherUpdate(gcm, out, &len, in + HEAD_LEN, (int)inner) &&
              EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) &&
              EVP_CipherFinal_ex(gcm, out + len, &rest) > 0;
    EVP_CIPHER_CTX_free(gcm);
    if (!ok) {
        secret_wipe(to, inner);
        (void)openssl_trouble();
        return fault_set(fault, ERR_FORGED, FINDING_VAULT_FAILED,
                         "sealed bytes do not open: altered, or sealed for something else");
    }
    *len_out = inner;
    return 0;
}
