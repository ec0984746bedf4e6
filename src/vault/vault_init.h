/* Making the vault folder, once, by `lychgate init`. In it, all 0600:
 *
 *   user-ca.key, user-ca.pem    the CA of user certificates (RSA 2048)
 *   token.key, token.pem        signs web tickets and Org ID tokens
 *   decrypt.key, decrypt.pem    opens keys that were encrypted to us (RSA 2048)
 *   push.key, push.pem          signs what we say to push services (ECDSA P-256)
 *   seal.key                    32 bytes: what we encrypt to ourselves
 *   vault.db                    password hashes, each sealed under its account
 *
 * The .pem files are public; the vault hands them out (vault_public). */
#ifndef LYCHGATE_VAULT_VAULT_INIT_H
#define LYCHGATE_VAULT_VAULT_INIT_H

#include "base/fault.h"
#include "vault/vault.h"

struct vault_init_options {
    const char *site;                     /* "contoso.test": goes into the certificates' names */
    enum vault_algorithm token_algorithm; /* kind of the token key; ECDSA unless said otherwise */
    int64_t now;                          /* ms; all certificates are valid for ten years */
    uid_t uid;                            /* owner of the folder: what vault_options.uid will be; */
    gid_t gid;                            /* 0: the caller */
};

/* Make the folder `dir` (its parent must exist) and all that is in it. A folder
 * that has a vault already is left alone: -ERR_CONFLICT. */
int vault_init(const char *dir, const struct vault_init_options *options, struct fault *fault);

/* Make push.key in a vault that was made before there was one; nothing when it is
 * there. The vault reads it at its next start. */
int vault_init_push(const char *dir, const struct vault_init_options *options, struct fault *fault);

#endif
