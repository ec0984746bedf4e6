#include "vault/vault_init.h"

#include "base/random.h"
#include "vault/worker_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t ten_years = INT64_C(3652) * 86400 * 1000;
static const int64_t an_hour = INT64_C(3600) * 1000;

struct making {
    const char *dir;
    const struct vault_init_options *options;
    struct arena *arena;
};

static int failed(struct fault *fault, const char *path)
{
    return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s: %s", path, strerror(errno));
}

static int give(const struct making *making, const char *file, struct fault *fault)
{
    const char *path = vault_path(making->arena, making->dir, file);
    if (chmod(path, 0600) != 0)
        return failed(fault, path);
    if ((making->options->uid || making->options->gid) &&
        chown(path, making->options->uid, making->options->gid) != 0)
        return failed(fault, path);
    return 0;
}

static int make_credential(const struct making *making, const char *name, const char *title,
                           enum credential_key key, enum credential_use use, struct fault *fault)
{
    struct slice common_name =
        slice_head(arena_print(making->arena, "%s %s", making->options->site, title), 64);
    const char *key_file = arena_print(making->arena, "%s.key", name).at;
    const char *certificate_file = arena_print(making->arena, "%s.pem", name).at;
    scoped(credential) struct credential *made = NULL;
    int result = credential_make(
        &(struct credential_options){
            .key = key,
            .use = use,
            .common_name = common_name,
            /* Clients whose clock is a little late shall not refuse what is new. */
            .not_before = making->options->now - an_hour,
            .not_after = making->options->now + ten_years,
        },
        NULL, &made, fault);
    if (result == 0)
        result = credential_write(made, vault_path(making->arena, making->dir, certificate_file),
                                  vault_path(making->arena, making->dir, key_file), fault);
    if (result == 0)
        result = give(making, key_file, fault);
    if (result == 0)
        result = give(making, certificate_file, fault);
    return result;
}

static int make_push(const struct making *making, struct fault *fault)
{
    return make_credential(making, "push", "push", CREDENTIAL_ECDSA_P256, CREDENTIAL_SIGN, fault);
}

static int make_seal(const struct making *making, struct fault *fault)
{
    const char *path = vault_path(making->arena, making->dir, "seal.key");
    unsigned char seal[SEAL_KEY_LEN];
    random_fill(seal, sizeof seal);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, seal, sizeof seal) == sizeof seal && fsync(fd) == 0;
    secret_wipe(seal, sizeof seal);
    int result = ok ? give(making, "seal.key", fault) : failed(fault, path);
    if (fd >= 0)
        close(fd);
    return result;
}

static int make_database(const struct making *making, struct fault *fault)
{
    struct vault_shared shared = {0};
    int result = vault_shared_open_store(&shared, making->dir, fault);
    store_free(shared.store);
    return result == 0 ? give(making, "vault.db", fault) : result;
}

static int make_folder(const struct making *making, struct fault *fault)
{
    if (mkdir(making->dir, 0700) != 0 && errno != EEXIST)
        return failed(fault, making->dir);
    if (access(vault_path(making->arena, making->dir, "seal.key"), F_OK) == 0)
        return fault_set(fault, ERR_CONFLICT, FINDING_VAULT_FAILED, "%s holds a vault already",
                         making->dir);
    if (chmod(making->dir, 0700) != 0)
        return failed(fault, making->dir);
    if ((making->options->uid || making->options->gid) &&
        chown(making->dir, making->options->uid, making->options->gid) != 0)
        return failed(fault, making->dir);
    return 0;
}

/* seal.key comes last: where it is, the vault is whole; anything before is made anew. */
int vault_init(const char *dir, const struct vault_init_options *options, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct making making = {dir, options, arena};
    enum credential_key token_key =
        options->token_algorithm == VAULT_RSA_SHA256 ? CREDENTIAL_RSA_2048 : CREDENTIAL_ECDSA_P256;
    int result = make_folder(&making, fault);
    if (result == 0)
        result =
            make_credential(&making, "user-ca", "users", CREDENTIAL_RSA_2048, CREDENTIAL_CA, fault);
    if (result == 0)
        result = make_credential(&making, "token", "tokens", token_key, CREDENTIAL_SIGN, fault);
    if (result == 0)
        result = make_credential(&making, "decrypt", "identity", CREDENTIAL_RSA_2048,
                                 CREDENTIAL_DECRYPT, fault);
    if (result == 0)
        result = make_push(&making, fault);
    if (result == 0)
        result = make_database(&making, fault);
    if (result == 0)
        result = make_seal(&making, fault);
    return result;
}

int vault_init_push(const char *dir, const struct vault_init_options *options, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct making making = {dir, options, arena};
    if (access(vault_path(arena, dir, "push.key"), F_OK) == 0)
        return 0;
    return make_push(&making, fault);
}
