#include "webticket/p_sha1.h"

#include "base/memory.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHA1_LEN = 20
};

static void hmac(struct slice secret, const unsigned char *bytes, size_t len, unsigned char *out)
{
    /* OpenSSL takes a NULL key for "the key of before", so an empty one is "". */
    if (!HMAC(EVP_sha1(), secret.len ? secret.at : "", (int)secret.len, bytes, len, out, NULL))
        memory_exhausted(len);
}

void p_sha1(struct slice secret, struct slice seed, unsigned char *out, size_t len)
{
    unsigned char block[SHA1_LEN];
    unsigned char *a = must_alloc(SHA1_LEN + seed.len); /* A(i), then the seed */
    if (seed.len > 0)
        memcpy(a + SHA1_LEN, seed.at, seed.len);
    hmac(secret, a + SHA1_LEN, seed.len, a);
    while (len > 0) {
        size_t part = len < SHA1_LEN ? len : SHA1_LEN;
        hmac(secret, a, SHA1_LEN + seed.len, block);
        memcpy(out, block, part);
        out += part;
        len -= part;
        hmac(secret, a, SHA1_LEN, block);
        memcpy(a, block, SHA1_LEN);
    }
    secret_wipe(block, sizeof block);
    secret_wipe(a, SHA1_LEN + seed.len);
    free(a);
}
