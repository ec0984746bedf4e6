/* P_SHA1, the stretching function of TLS 1.0 (RFC 2246 section 5), which
 * WS-Trust 1.3 section 4.4.4 makes proof keys with: secret is the client's
 * entropy, seed the server's. */
#ifndef LYCHGATE_WEBTICKET_P_SHA1_H
#define LYCHGATE_WEBTICKET_P_SHA1_H

#include "base/slice.h"

enum {
    PROOF_KEY_LEN = 32
};

/* Fill out with len bytes. The result is a secret; the caller wipes it. */
void p_sha1(struct slice secret, struct slice seed, unsigned char *out, size_t len);

#endif
