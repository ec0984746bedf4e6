/* Credentials: private keys with their certificates. What `lychgate init` makes
 * for the site (a CA, server certificates), reads when the administrator brings
 * his own, and checks either for names that clients will ask for. The CA of user
 * certificates is not handled here: that is the vault's (vault.h). */
#ifndef LYCHGATE_VAULT_AUTHORITY_H
#define LYCHGATE_VAULT_AUTHORITY_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <openssl/types.h>

/* One private key, its certificate, and the certificates above it. */
struct credential;

enum credential_key {
    CREDENTIAL_RSA_2048,
    CREDENTIAL_ECDSA_P256,
};

enum credential_use {
    CREDENTIAL_CA,      /* may sign certificates, not CAs; ten years is usual */
    CREDENTIAL_SERVER,  /* serverAuth and clientAuth (SIP servers are both); 397 days at most */
    CREDENTIAL_SIGN,    /* signs documents: digitalSignature */
    CREDENTIAL_DECRYPT, /* opens keys: keyEncipherment */
};

enum {
    CREDENTIAL_SERVER_DAYS = 397
}; /* longer ones are refused by Apple's clients */

struct credential_options {
    enum credential_key key;
    enum credential_use use;
    struct slice common_name;  /* for CREDENTIAL_SERVER empty means: the first name, if it fits */
    const struct slice *names; /* DNS names or IP addresses (told apart) for the subject */
    size_t name_count;         /* alternative name; without any there is no such extension */
    int64_t not_before;        /* ms since the epoch */
    int64_t not_after;
};

/* Make a key and a certificate for it, signed by `issuer` (NULL: by itself). */
int credential_make(const struct credential_options *options, const struct credential *issuer,
                    struct credential **credential_out, struct fault *fault);

void credential_free(struct credential *credential);
SCOPED_FREE(credential, struct credential, credential_free)

/* Read a PEM certificate (followed by its chain, leaf first) and its PEM key, and
 * check that they belong together. Encrypted keys are refused, never asked for. */
int credential_read(const char *certificate_path, const char *key_path,
                    struct credential **credential_out, struct fault *fault);

/* Write the certificate and its chain (mode 0644), the key (mode 0600). Either
 * path may be NULL. A file that is there is replaced in one step. */
int credential_write(const struct credential *credential, const char *certificate_path,
                     const char *key_path, struct fault *fault);

/* Which of these names does the certificate not cover (wildcards counted as in
 * TLS)? Their number; the slices in missing_out (room for `count`) are of `names`. */
size_t credential_missing_names(const struct credential *credential, const struct slice *names,
                                size_t count, struct slice *missing_out);

/* The end of its validity, ms since the epoch. */
int64_t credential_not_after(const struct credential *credential);

/* The certificate as DER; and both for an SSL_CTX (borrowed; the chain is in the file). */
struct slice credential_certificate(const struct credential *credential, struct arena *arena);
X509 *credential_x509(const struct credential *credential);
EVP_PKEY *credential_pkey(const struct credential *credential);

#endif
