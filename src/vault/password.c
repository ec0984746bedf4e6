/* Passwords are kept as yescrypt hashes, as Debian keeps its own. Each hash is
 * sealed under the key it belongs to: a copy of vault.db alone is of no use, and
 * a hash moved to another account's row does not open. */
#include "base/random.h"
#include "vault/worker_priv.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(VAULT_PASSWORD_MAX == CRYPT_MAX_PASSPHRASE_SIZE - 1, "libcrypt's limit");

enum {
    SALT_LEN = 16,
    COST_DEFAULT = 5,
    COST_MAX = 11
};

static const char *const steps[] = {
    "create table password (key text primary key, hash blob not null)",
};
const struct store_schema vault_schema = {"vault", steps, 1};

int vault_shared_open_store(struct vault_shared *shared, const char *dir, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    return store_open(
        &(struct store_options){.path = vault_path(arena, dir, "vault.db"),
                                .schemas = (const struct store_schema *[]){&vault_schema},
                                .schema_count = 1},
        &shared->store, fault);
}

/* ---- hashing ----------------------------------------------------------------------- */

static int make_setting(const struct vault_shared *shared, char setting[CRYPT_GENSALT_OUTPUT_SIZE],
                        struct fault *fault)
{
    char salt[SALT_LEN];
    unsigned cost = shared->hash_cost ? shared->hash_cost : COST_DEFAULT;
    random_fill(salt, sizeof salt);
    if (!crypt_gensalt_rn("$y$", cost > COST_MAX ? COST_MAX : cost, salt, sizeof salt, setting,
                          CRYPT_GENSALT_OUTPUT_SIZE))
        return fault_set(fault, ERR_INTERNAL, FINDING_VAULT_FAILED, "crypt_gensalt: %s",
                         strerror(errno));
    return 0;
}

/* The only place that hashes. `setting` may be a whole hash. */
static int compute(struct vault_shared *shared, struct slice password, const char *setting,
                   char hash[CRYPT_OUTPUT_SIZE], struct fault *fault)
{
    struct secret phrase = SECRET_INIT;
    struct crypt_data *data = must_calloc(1, sizeof *data);
    secret_set(&phrase, password);
    atomic_fetch_add(&shared->hashes, 1);
    const char *made = crypt_rn(phrase.at, setting, data, sizeof *data);
    if (made)
        strcpy(hash, made);
    int trouble = errno;
    secret_wipe(data, sizeof *data);
    free(data);
    secret_free(&phrase);
    if (made)
        return 0;
    return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "crypt: %s", strerror(trouble));
}

static int check_form(struct slice password, struct fault *fault)
{
    if (slice_index(password, '\0') >= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_VAULT_FAILED, "password with a NUL");
    return 0;
}

/* ---- keeping ------------------------------------------------------------------------ */

struct sealed_row {
    char bytes[CRYPT_OUTPUT_SIZE + VAULT_SEAL_MORE];
    size_t len;
    struct arena *arena;
};

static int see_hash(const struct store_row *row, void *arg)
{
    struct sealed_row *sealed = arg;
    struct slice bytes = store_row_text(row, 0, sealed->arena);
    sealed->len = bytes.len <= sizeof sealed->bytes ? bytes.len : 0;
    if (sealed->len)
        memcpy(sealed->bytes, bytes.at, sealed->len);
    return 1;
}

/* The hash of a key, as a string. 1: found, 0: not there. */
static int find_hash(struct vault_worker *worker, struct slice key, char hash[CRYPT_OUTPUT_SIZE],
                     struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sealed_row sealed = {.arena = arena};
    char opened[sizeof sealed.bytes];
    size_t len = 0;
    int found = store_query(store_reader_db(worker->reader), fault, see_hash, &sealed,
                            "select hash from password where key = ?1", STORE_TEXT(key), STORE_END);
    if (found <= 0)
        return found;
    int result = seal_open(worker->shared->keys.seal, SEAL_FOR_PASSWORD, key,
                           slice_make(sealed.bytes, sealed.len), opened, &len, fault);
    if (result == 0 && len < CRYPT_OUTPUT_SIZE) {
        memcpy(hash, opened, len);
        hash[len] = '\0';
    } else if (result == 0) {
        result = -ERR_FORGED;
    }
    secret_wipe(opened, sizeof opened);
    if (result == 0)
        return 1;
    /* Not a wrong password: somebody changed the file, or seal.key is another one. */
    return fault_set(fault, ERR_FORGED, FINDING_VAULT_FAILED,
                     "vault.db: the hash of %.*s is not ours", SLICE_ARG(key));
}

int password_check(struct vault_worker *worker, const struct password_request *request,
                   enum vault_verdict *verdict_out, struct fault *fault)
{
    char kept[CRYPT_OUTPUT_SIZE];
    char made[CRYPT_OUTPUT_SIZE];
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    int result = check_form(request->password, fault);
    if (result != 0)
        return result;
    int found = find_hash(worker, request->key, kept, fault);
    if (found < 0)
        return found;
    /* An unknown key costs the same hash, over a salt made for it. */
    result = make_setting(worker->shared, setting, fault);
    if (result == 0)
        result = compute(worker->shared, request->password, found ? kept : setting, made, fault);
    if (result == 0 && !found)
        *verdict_out = VAULT_UNKNOWN;
    else if (result == 0)
        *verdict_out = secret_eq(slice_of(made), slice_of(kept)) ? VAULT_RIGHT : VAULT_WRONG;
    secret_wipe(kept, sizeof kept);
    secret_wipe(made, sizeof made);
    return result;
}

struct hash_write {
    struct slice key;
    struct slice sealed;
};

static int write_hash(struct store_db *db, void *arg, struct fault *fault)
{
    struct hash_write *write = arg;
    return store_exec(db, fault,
                      "insert into password (key, hash) values (?1, ?2)"
                      " on conflict (key) do update set hash = excluded.hash",
                      STORE_TEXT(write->key), STORE_BLOB(write->sealed), STORE_END);
}

int password_set(struct vault_worker *worker, const struct password_request *request,
                 struct fault *fault)
{
    char hash[CRYPT_OUTPUT_SIZE];
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    char sealed[CRYPT_OUTPUT_SIZE + VAULT_SEAL_MORE];
    int result = check_form(request->password, fault);
    if (result == 0)
        result = make_setting(worker->shared, setting, fault);
    if (result == 0)
        result = compute(worker->shared, request->password, setting, hash, fault);
    if (result != 0)
        return result;
    size_t len = strlen(hash);
    result = seal_close(worker->shared->keys.seal, SEAL_FOR_PASSWORD, request->key,
                        slice_make(hash, len), sealed, fault);
    secret_wipe(hash, sizeof hash);
    if (result == 0)
        result = store_write(
            worker->shared->store, write_hash,
            &(struct hash_write){request->key, slice_make(sealed, len + VAULT_SEAL_MORE)}, fault);
    return result < 0 ? result : 0;
}

static int delete_hash(struct store_db *db, void *arg, struct fault *fault)
{
    const struct password_request *request = arg;
    return store_exec(db, fault, "delete from password where key = ?1", STORE_TEXT(request->key),
                      STORE_END);
}

int password_remove(struct vault_worker *worker, const struct password_request *request,
                    struct fault *fault)
{
    struct password_request copy = *request;
    int result = store_write(worker->shared->store, delete_hash, &copy, fault);
    return result < 0 ? result : 0;
}
