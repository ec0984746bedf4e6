/* What is kept between sign-ins: the key, its certificate, and where the pool was.
 *
 * One file an account and pool, FOLDER/ADDRESS@POOL, readable by its owner only:
 * a line of our own each for address, pool and targetname, then key and certificate
 * as PEM, which `openssl x509 -in` and `openssl pkey -in` read as they are. */
#ifndef LYCHGATE_CLIENT_KEPT_H
#define LYCHGATE_CLIENT_KEPT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <openssl/types.h>

struct kept {
    struct arena *arena;
    struct slice address;        /* "alice@contoso.test" */
    struct slice pool;           /* "sip.contoso.test:5061" */
    struct slice target;         /* the server's targetname, which names whose certificate it is */
    struct evp_pkey_st *key;     /* owned */
    struct x509_st *certificate; /* owned; NULL: none yet */
    int64_t until;               /* its notAfter, ms since the epoch */
};

enum {
    KEPT_MARGIN_MS = 10 * 60 * 1000 /* renewed so long before its end */
};

/* A new one; takes the key over. */
struct kept *kept_new(struct slice address, struct evp_pkey_st *key);

/* Give it a certificate (DER). -ERR_MALFORMED or, if it is for another key,
 * -ERR_FORGED. */
int kept_set_certificate(struct kept *kept, struct slice der, struct fault *fault);

/* The latest for that address in the folder; NULL when there is none that can be read
 * (the fault says why, FINDING_NONE: no file is there). */
struct kept *kept_load(const char *folder, struct slice address, struct fault *fault);

/* Write it (0600, replacing in one step; the folder is made, 0700) and remove what
 * else is kept for the address: users move. -ERR_IO, CACHE_UNUSABLE. */
int kept_store(const struct kept *kept, const char *folder, struct fault *fault);

/* Is the certificate still good for a sign-in? */
bool kept_fresh(const struct kept *kept, int64_t now);

/* Frees key and certificate; NULL is fine. */
void kept_free(struct kept *kept);

SCOPED_FREE(kept, struct kept, kept_free)

/* "XDG_CACHE_HOME/lychgate" or "HOME/.cache/lychgate"; absent when neither is set. */
struct slice kept_default_folder(struct arena *arena);

#endif
