/* The vault: the one process that reads private keys and password hashes.
 *
 * vault_start() forks it before the server has threads and before privileges
 * are dropped. It answers a fixed table of operations over one socket a client;
 * nothing in it returns a private key or a hash. Whoever takes the server over
 * can ask these questions while he is in; he cannot carry the keys away.
 *
 * Each call here is one question and its answer, and blocks: call from worker
 * threads only. When the vault is gone or silent, calls fail with -ERR_IO and
 * FINDING_VAULT_FAILED; it cannot be started again after the drop of
 * privileges, so the server then ends and its service manager starts it anew. */
#ifndef LYCHGATE_VAULT_VAULT_H
#define LYCHGATE_VAULT_VAULT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/slice.h"

#include <sys/types.h>

struct vault;
struct vault_client;

enum {
    VAULT_CLIENTS_MAX = 256,
    VAULT_KEY_MAX = 256,        /* bytes of the name a password is kept under */
    VAULT_PASSWORD_MAX = 511,   /* bytes of a password (libcrypt's limit); refused, never cut */
    VAULT_SIGN_MAX = 16384,     /* bytes to be signed */
    VAULT_PUSH_SIGN_MAX = 1024, /* bytes of a VAPID token to be signed */
    VAULT_SEAL_MAX = 4096,      /* bytes to be sealed */
    VAULT_SEAL_MORE = 29,       /* by how much sealed bytes are longer */
};

struct vault_options {
    const char *dir;        /* the vault folder, made by vault_init() */
    unsigned clients;       /* how many vault_client()s, one for each worker thread */
    unsigned timeout_ms;    /* longest wait for an answer; 0: 10,000 */
    unsigned hash_cost;     /* yescrypt cost 1 to 11 for new hashes; 0: Debian's default (5) */
    int64_t certificate_ms; /* longest validity of a user certificate; 0: 30 days */
    uid_t uid;              /* user and group the process becomes once it has read its keys; */
    gid_t gid;              /* 0: it stays what it is */
};

/* Fork the vault and wait until it has read its keys. Call before any thread is
 * started. On failure nothing is left running and the fault says which file is
 * missing, unsafe (readable by others) or damaged. */
int vault_start(const struct vault_options *options, struct vault **vault_out, struct fault *fault);

/* Let the vault end (it does so as well when the server dies) and wait for it. */
void vault_free(struct vault *vault);
SCOPED_FREE(vault, struct vault, vault_free)

/* Client i, to be used by one thread at a time. Owned by the vault. */
struct vault_client *vault_client(struct vault *vault, unsigned i);

/* The process, for watching it (SIGCHLD). */
pid_t vault_pid(const struct vault *vault);

/* ---- what everybody may know ------------------------------------------------ */

enum vault_algorithm {
    VAULT_ECDSA_SHA256, /* the signature is r and s, 32 bytes each, as XML-DSig and JWS have it */
    VAULT_RSA_SHA256,   /* PKCS#1 v1.5 */
};

struct vault_public {
    enum vault_algorithm token_algorithm;
    struct slice token_certificate;   /* DER; the key that signs tokens */
    struct slice decrypt_certificate; /* DER, RSA; encrypt to this what vault_key_unwrap opens */
    struct slice user_ca_certificate; /* DER; the issuer of user certificates */
    struct slice push_key;            /* P-256 point, 65 bytes: what push services know us by;
                                         empty: a vault from before there was one */
};
int vault_public(struct vault_client *client, struct arena *arena, struct vault_public *public_out,
                 struct fault *fault);

/* What the vault has computed since it started, for metrics. */
struct vault_counts {
    uint64_t hashes;       /* password hashes, for right, wrong and unknown alike */
    uint64_t signatures;   /* tokens */
    uint64_t certificates; /* issued to users */
};
int vault_counts(struct vault_client *client, struct vault_counts *counts_out, struct fault *fault);

/* ---- passwords ---------------------------------------------------------------- */

enum vault_verdict {
    VAULT_RIGHT,
    VAULT_WRONG,
    VAULT_UNKNOWN, /* nothing is kept under this key; it took as long to say so */
};
/* A password that nobody can have (empty, overlong, with a NUL) is VAULT_WRONG at
 * once, whether the key is known or not. */
int vault_password_check(struct vault_client *client, struct slice key, struct slice password,
                         enum vault_verdict *verdict_out, struct fault *fault);

/* Keep a password under `key` (replacing one that is there). An empty password,
 * one with a NUL or an overlong one is refused with -ERR_LIMIT or -ERR_MALFORMED. */
int vault_password_set(struct vault_client *client, struct slice key, struct slice password,
                       struct fault *fault);

/* Forget a password; it is no error when there is none. */
int vault_password_remove(struct vault_client *client, struct slice key, struct fault *fault);

/* ---- signing, issuing, opening -------------------------------------------------- */

/* Sign up to VAULT_SIGN_MAX bytes (which the vault hashes itself) with the token key. */
int vault_token_sign(struct vault_client *client, struct slice bytes, struct arena *arena,
                     struct slice *signature_out, struct fault *fault);

/* Sign a VAPID token ([RFC 8292]) with the push key: ES256, r and s, 64 bytes.
 * -ERR_UNKNOWN with FINDING_PUSH_NO_KEY when the vault has none. */
int vault_push_sign(struct vault_client *client, struct slice bytes, struct arena *arena,
                    struct slice *signature_out, struct fault *fault);

struct vault_certificate {
    struct slice public_key;  /* SubjectPublicKeyInfo, DER: RSA 2048 to 4096 or ECDSA P-256 */
    struct slice common_name; /* "user@domain"; more than the 64 bytes of [RFC 5280] if need be */
    struct slice sip_uri;     /* "sip:" and the same, for the subject alternative name */
    struct slice serial;      /* up to 20 bytes, big-endian; empty: a random one of 16 */
    int64_t not_before;       /* ms since the epoch; certificates know whole seconds */
    int64_t not_after;
};

/* Issue a user certificate: clientAuth, no CA, signed by the user CA. DER.
 * -ERR_UNSUPPORTED with FINDING_CSR_WEAK_KEY for a key that is not taken. */
int vault_certificate_issue(struct vault_client *client, const struct vault_certificate *wanted,
                            struct arena *arena, struct slice *certificate_out,
                            struct fault *fault);

/* Open a key that was encrypted to decrypt_certificate by RSA-OAEP (MGF1 and digest
 * SHA-1, which is what xmlenc#rsa-oaep-mgf1p means). -ERR_FORGED when it does not open. */
int vault_key_unwrap(struct vault_client *client, struct slice wrapped, struct secret *key_out,
                     struct fault *fault);

/* Encrypt to ourselves (AES-256-GCM): a proof key that travels inside a web ticket.
 * `purpose` (up to 64 bytes) must be the same when it is opened; else -ERR_FORGED. */
int vault_seal(struct vault_client *client, struct slice purpose, struct slice bytes,
               struct arena *arena, struct slice *sealed_out, struct fault *fault);
int vault_open(struct vault_client *client, struct slice purpose, struct slice sealed,
               struct secret *bytes_out, struct fault *fault);

#endif
