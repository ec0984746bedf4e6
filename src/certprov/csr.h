/* Certificate requests, PKCS#10 ([RFC 2986]), both halves: the client makes one for
 * its key, the server sees whether who sent it has that key. */
#ifndef LYCHGATE_CERTPROV_CSR_H
#define LYCHGATE_CERTPROV_CSR_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <openssl/types.h>

enum {
    CERTPROV_CSR_MAX = 8192 /* bytes of DER; one for RSA 4096 has 1200 */
};

/* A new RSA key of 2048 bits, to be freed with EVP_PKEY_free. Takes 50 to 500 ms. NULL
 * and a fault (INTERNAL) when OpenSSL cannot. */
EVP_PKEY *certprov_key_new(struct fault *fault);

/* A request for CN=address, signed by the key with SHA-256: DER, in the arena.
 * -ERR_INTERNAL for a key that cannot sign. */
int certprov_csr_new(EVP_PKEY *key, struct slice address, struct arena *arena,
                     struct slice *der_out, struct fault *fault);

/* What the server takes from a request; slices are the arena's. */
struct certprov_csr {
    struct slice public_key; /* SubjectPublicKeyInfo, DER */
    const char *kind;        /* "RSA", "EC" */
    int bits;
};

/* Read and check a request: -ERR_MALFORMED or -ERR_FORGED with CSR_MALFORMED (not DER,
 * bytes left over, not signed by its own key), -ERR_UNSUPPORTED with CSR_WEAK_KEY. Any
 * subject, version, attribute and digest passes: SIPE writes version 2 and SHA-1. */
int certprov_csr_parse(struct slice der, struct arena *arena, struct certprov_csr *out,
                       struct fault *fault);

#endif
