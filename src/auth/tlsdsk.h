/* TLS-DSK: the TLS handshake that client and server hold inside the gssapi-data
 * of REGISTER and 401, to prove who the client is and to agree on signing keys.
 * No TLS record protects anything afterwards. [MS-SIPAE] 3.2.5.1, 3.3.5.1.
 *
 * The handshake is OpenSSL's over memory; both halves are here. A step costs
 * RSA, so it belongs on a worker: a struct tlsdsk is used by one thread at a
 * time, a struct tlsdsk_context is immutable and shared by all. */
#ifndef LYCHGATE_AUTH_TLSDSK_H
#define LYCHGATE_AUTH_TLSDSK_H

#include "auth/sign.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct tlsdsk_context;
struct tlsdsk;

enum {
    TLSDSK_TOKEN_MAX = 32768,  /* most bytes of records in one step */
    TLSDSK_ROUNDS_MAX = 8,     /* most steps of one handshake; two are usual */
    TLSDSK_PEER_KEY_MAX = 4096 /* bits: a larger RSA key only burns time */
};

struct tlsdsk_options {
    bool server;   /* which half */
    EVP_PKEY *key; /* referenced, not taken; a server's must be RSA (SIPE has RSA transport only) */
    X509 *certificate;   /* belongs to the key; one certificate, never a chain */
    int min_version;     /* TLS1_VERSION .. TLS1_2_VERSION; 0: TLS 1.0 */
    int max_version;     /* 0: TLS 1.2, the last with a PRF as the signing keys need it */
    const char *ciphers; /* OpenSSL's notation for instead of ours; NULL: ours */
};

/* A context for many handshakes. Give the server's one its own key, apart from
 * that of the outer TLS: it must speak TLS 1.0 with SIPE. NULL on failure, with
 * *fault filled. */
struct tlsdsk_context *tlsdsk_context_new(const struct tlsdsk_options *options,
                                          struct fault *fault);
void tlsdsk_context_free(struct tlsdsk_context *context);

/* A self-signed RSA 2048 certificate for the server half: clients of TLS-DSK do
 * not validate it. Takes a tenth of a second: at start, or on a worker. On
 * success the caller owns both. */
int tlsdsk_identity_new(struct slice name, int64_t now, EVP_PKEY **key_out, X509 **certificate_out,
                        struct fault *fault);

/* Begin a handshake; the half is the context's. Never NULL. Holds a reference
 * on what it needs of the context. */
struct tlsdsk *tlsdsk_new(const struct tlsdsk_context *context);
void tlsdsk_free(struct tlsdsk *tlsdsk);

enum tlsdsk_state {
    TLSDSK_CONTINUE, /* send *out, step again with the answer */
    TLSDSK_DONE,     /* send *out unless it is empty; keys and peer are there */
};

/* One round: `in` is the peer's gssapi-data decoded (empty for a client's first
 * step), *out gets ours appended. Returns an enum tlsdsk_state or a negative
 * enum err with FINDING_TLSDSK_HANDSHAKE; after an error or DONE another step
 * is -ERR_CONFLICT.
 *
 * The plaintext messages of a flight share one record (several only past 16 KiB,
 * broken between messages): SIPE rejects a ServerHelloDone on its own. */
int tlsdsk_step(struct tlsdsk *tlsdsk, struct slice in, struct buf *out, struct fault *fault);

/* What the handshake agreed on. Wipe with tlsdsk_keys_wipe(). */
struct tlsdsk_keys {
    enum sign_hash hash;
    uint8_t client[SIGN_KEY_LEN]; /* the client signs with it: bytes 64 to 95 of the material */
    uint8_t server[SIGN_KEY_LEN]; /* bytes 96 to 127 */
};
void tlsdsk_keys_wipe(struct tlsdsk_keys *keys);

/* After DONE: copy the keys. -ERR_CONFLICT before. */
int tlsdsk_keys(const struct tlsdsk *tlsdsk, struct tlsdsk_keys *keys_out);

/* After DONE: the certificate whose key the peer has proved to hold; for the
 * server always there. Still unjudged: who issued it, whose it is, whether it
 * is valid are the caller's to check. Borrowed. NULL before. */
X509 *tlsdsk_peer(const struct tlsdsk *tlsdsk);

/* After DONE: "TLSv1", "AES128-SHA"; "" before. For logs and `signin`. */
const char *tlsdsk_version(const struct tlsdsk *tlsdsk);
const char *tlsdsk_cipher(const struct tlsdsk *tlsdsk);

/* The key material of RFC 5705 without context cut into keys; offered apart for
 * the vectors. */
enum {
    TLSDSK_MATERIAL_LEN = 128
};
void tlsdsk_cut_material(const uint8_t material[TLSDSK_MATERIAL_LEN], struct tlsdsk_keys *keys);

/* Repack TLS records as tlsdsk_step() does; offered apart for tests. `flight` is
 * whole records; -ERR_MALFORMED when it is not. */
int tlsdsk_repack(struct slice flight, struct buf *out);

SCOPED_FREE(tlsdsk, struct tlsdsk, tlsdsk_free)

#endif
