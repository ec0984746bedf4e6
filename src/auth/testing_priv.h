/* For this room's tests and fuzz targets: keys made once per run, and handshakes
 * between the two halves in memory. */
#ifndef LYCHGATE_AUTH_TESTING_PRIV_H
#define LYCHGATE_AUTH_TESTING_PRIV_H

#include "auth/tlsdsk.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define TEST_NOW ((int64_t)1795298400000) /* 2026-11-22, 06:00 UTC */

struct testing_identity {
    EVP_PKEY *key;
    X509 *certificate;
};

/* The same RSA key for all, as making one costs a tenth of a second. */
static inline const struct testing_identity *testing_identity(void)
{
    static struct testing_identity identity;
    struct fault fault = {0};
    if (!identity.key && tlsdsk_identity_new(SLICE("fe01.contoso.test"), TEST_NOW, &identity.key,
                                             &identity.certificate, &fault) < 0)
        abort();
    return &identity;
}

/* A context of one half for one version and suite (0 and NULL: all of ours). */
static inline struct tlsdsk_context *testing_context(bool server, int version, const char *cipher)
{
    const struct testing_identity *identity = testing_identity();
    struct fault fault = {0};
    return tlsdsk_context_new(&(struct tlsdsk_options){.server = server,
                                                       .key = identity->key,
                                                       .certificate = identity->certificate,
                                                       .min_version = version,
                                                       .max_version = version,
                                                       .ciphers = cipher},
                              &fault);
}

#endif
