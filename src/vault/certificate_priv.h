/* Building an X.509 certificate from parts. No part goes through OpenSSL's
 * configuration syntax, where a comma in a name would start another name. */
#ifndef LYCHGATE_VAULT_CERTIFICATE_PRIV_H
#define LYCHGATE_VAULT_CERTIFICATE_PRIV_H

#include "base/fault.h"
#include "base/slice.h"

#include <openssl/x509.h>

struct certificate_plan {
    struct slice common_name;
    struct slice serial;       /* big-endian; empty: 16 random bytes */
    const struct slice *names; /* DNS names and IP addresses */
    size_t name_count;
    struct slice uri;              /* one more alternative name; may be absent */
    const char *constraints;       /* of basicConstraints */
    const char *usage;             /* of keyUsage */
    const char *extended_usage;    /* of extendedKeyUsage, or NULL */
    int64_t not_before, not_after; /* ms */
};

/* Whose certificate it becomes: somebody else's key as it was sent, or our own. */
struct certificate_subject {
    const X509_PUBKEY *sent; /* RSA or a named curve; copied as it stands */
    EVP_PKEY *own;           /* where nothing was sent */
};

/* A certificate for the subject, signed by issuer_key under the name of `issuer` (NULL:
 * by itself). NULL and a fault with FINDING_VAULT_FAILED on failure; the caller owns it. */
X509 *certificate_build(const struct certificate_plan *plan, struct certificate_subject subject,
                        X509 *issuer, EVP_PKEY *issuer_key, struct fault *fault);

/* The first error that OpenSSL noted for this thread, as text; forgets the others. */
const char *openssl_trouble(void);

/* DER into `room` bytes at `to`. Its length, or 0 when it does not fit. */
size_t certificate_der(X509 *certificate, char *to, size_t room);

/* The end of its validity, in ms. */
int64_t certificate_not_after(const X509 *certificate);

#endif
