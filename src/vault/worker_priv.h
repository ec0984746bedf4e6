/* Inside the vault process: its keys, and one worker for each socket. */
#ifndef LYCHGATE_VAULT_WORKER_PRIV_H
#define LYCHGATE_VAULT_WORKER_PRIV_H

#include "store/store.h"
#include "vault/authority.h"
#include "vault/wire_priv.h"

#include <stdatomic.h>

enum {
    SEAL_KEY_LEN = 32
};

/* ---- keys.c: what lies in the vault folder ---------------------------------------- */

/* Read once at start, then only read: shared by all workers. */
struct vault_keys {
    struct credential *user_ca;
    struct credential *token;
    struct credential *decrypt;
    struct credential *push; /* NULL in a vault from before there was one */
    enum vault_algorithm token_algorithm;
    unsigned char seal[SEAL_KEY_LEN];
};

/* Path of a file of the vault, in the arena. */
const char *vault_path(struct arena *arena, const char *dir, const char *file);

/* Read them all; a key file that others may read is refused. */
int vault_keys_load(const char *dir, struct vault_keys *keys_out, struct fault *fault);
void vault_keys_wipe(struct vault_keys *keys);

/* ---- seal.c: AES-256-GCM under seal.key ------------------------------------------- */

/* What a sealed thing is for; a password hash can never be opened as anything else. */
enum seal_kind {
    SEAL_FOR_CLIENT = 1,
    SEAL_FOR_PASSWORD = 2,
};

/* `to` has room for bytes.len + VAULT_SEAL_MORE; returns 0 and that length is used. */
int seal_close(const unsigned char key[SEAL_KEY_LEN], enum seal_kind kind, struct slice purpose,
               struct slice bytes, char *to, struct fault *fault);

/* `to` has room for sealed.len bytes; the length goes to *len_out. -ERR_FORGED. */
int seal_open(const unsigned char key[SEAL_KEY_LEN], enum seal_kind kind, struct slice purpose,
              struct slice sealed, char *to, size_t *len_out, struct fault *fault);

/* ---- shared by all workers ---------------------------------------------------------- */

struct vault_shared {
    struct vault_keys keys;
    struct store *store; /* vault.db */
    unsigned hash_cost;
    int64_t certificate_ms;
    atomic_uint_least64_t hashes, signatures, certificates;
};

/* The tables of vault.db. */
extern const struct store_schema vault_schema;

int vault_shared_open_store(struct vault_shared *shared, const char *dir, struct fault *fault);

/* Answers of one request are made here and wiped when they have been sent. */
struct scratch {
    char bytes[WIRE_MAX];
    size_t used;
};
char *scratch_take(struct scratch *scratch, size_t len);
void scratch_wipe(struct scratch *scratch);

struct vault_worker {
    struct vault_shared *shared;
    struct store_reader *reader;
    struct scratch scratch;
};

/* ---- password.c ------------------------------------------------------------------------ */

int password_check(struct vault_worker *worker, const struct password_request *request,
                   enum vault_verdict *verdict_out, struct fault *fault);
int password_set(struct vault_worker *worker, const struct password_request *request,
                 struct fault *fault);
int password_remove(struct vault_worker *worker, const struct password_request *request,
                    struct fault *fault);

/* ---- operations.c ------------------------------------------------------------------------ */

/* Answer one packet with another one (into WIRE_MAX bytes at `to`); never fails: what
 * cannot be read or done is answered with a fault. Returns the length. */
size_t vault_answer(struct vault_worker *worker, struct slice packet, char *to);

#endif
