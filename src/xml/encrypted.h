/* XML encryption of the Org ID token: one xenc:EncryptedData with an EncryptedKey
 * in its KeyInfo. AES-256-GCM (or CBC, for old readers) under a fresh key, that
 * key under RSA-OAEP-MGF1P. Nothing else is read or written. */
#ifndef LYCHGATE_XML_ENCRYPTED_H
#define LYCHGATE_XML_ENCRYPTED_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/slice.h"
#include "xml/reader.h"

#include <openssl/types.h>

enum encrypted_cipher {
    ENCRYPTED_AES256_GCM = 0,
    ENCRYPTED_AES256_CBC, /* no integrity of its own: the content must be signed */
};

enum {
    ENCRYPTED_KEY_LEN = 32
};

/* Append the element for a text (an XML element), readable by the owner of the
 * RSA key. It carries its own namespace declarations, so it may be embedded
 * anywhere. -ERR_INTERNAL if the key cannot encrypt. */
int encrypted_print(struct slice text, EVP_PKEY *recipient, enum encrypted_cipher cipher,
                    struct buf *out, struct fault *fault);

/* Append an xenc:EncryptedKey alone, holding a few bytes (a ticket's proof key). */
int encrypted_key_print(struct slice key, EVP_PKEY *recipient, struct buf *out,
                        struct fault *fault);

/* Decrypt an RSA-OAEP (SHA-1, MGF1-SHA-1) wrapped key: the vault does it. Put
 * exactly `len` bytes at key; 0, or negative when the padding or the length is
 * wrong. */
typedef int encrypted_unwrap_fn(void *arg, struct slice wrapped, unsigned char *key, size_t len);

struct encrypted_read_options {
    encrypted_unwrap_fn *unwrap;
    void *arg;
    bool allow_cbc; /* also AES-256-CBC; only where what comes out is then verified */
};

/* Decrypt an EncryptedData element to text. -ERR_DENIED with TOKEN_REFUSED and one
 * and the same detail, after the same work, whatever was wrong inside (key, tag or
 * padding); -ERR_UNSUPPORTED when the algorithms are not ours, -ERR_MALFORMED when
 * the element is not of the form written here. */
int encrypted_read(const struct xml_node *encrypted_data,
                   const struct encrypted_read_options *options, struct secret *text_out,
                   struct fault *fault);

/* The same for an EncryptedKey alone; the key's length must be known. */
int encrypted_key_read(const struct xml_node *encrypted_key,
                       const struct encrypted_read_options *options, unsigned char *key_out,
                       size_t len, struct fault *fault);

#endif
