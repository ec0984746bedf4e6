#include "vault/worker_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *vault_path(struct arena *arena, const char *dir, const char *file)
{
    return arena_print(arena, "%s/%s", dir, file).at;
}

/* As sshd does with host keys: a key that others could read is a key no more. */
static int check_private(const char *path, struct fault *fault)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fault_set(fault, ERR_DENIED, FINDING_VAULT_FAILED, "%s is not a file", path);
    if (info.st_mode & 077)
        return fault_set(fault, ERR_DENIED, FINDING_VAULT_FAILED,
                         "%s is open to others (mode %04o, must be 0600)", path,
                         info.st_mode & 07777U);
    return 0;
}

static int load_credential(const char *dir, const char *name, struct credential **credential_out,
                           struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    const char *key = arena_print(arena, "%s/%s.key", dir, name).at;
    const char *certificate = arena_print(arena, "%s/%s.pem", dir, name).at;
    int result = check_private(key, fault);
    if (result == 0)
        result = credential_read(certificate, key, credential_out, fault);
    return result;
}

/* The one key that may be missing: a site that was made before it has none. */
static int load_push(const char *dir, struct credential **credential_out, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    if (access(vault_path(arena, dir, "push.key"), F_OK) != 0 && errno == ENOENT)
        return 0;
    return load_credential(dir, "push", credential_out, fault);
}

static int load_seal(const char *dir, unsigned char seal[SEAL_KEY_LEN], struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    const char *path = vault_path(arena, dir, "seal.key");
    int result = check_private(path, fault);
    if (result != 0)
        return result;
    unsigned char bytes[SEAL_KEY_LEN + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;
    if (fd >= 0)
        close(fd);
    if (got == SEAL_KEY_LEN)
        memcpy(seal, bytes, SEAL_KEY_LEN);
    else
        result = fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s does not hold %d bytes", path,
                           SEAL_KEY_LEN);
    secret_wipe(bytes, sizeof bytes);
    return result;
}

static int check_kinds(struct vault_keys *keys, struct fault *fault)
{
    EVP_PKEY *token = credential_pkey(keys->token);
    EVP_PKEY *push = keys->push ? credential_pkey(keys->push) : NULL;
    if (push && !(EVP_PKEY_is_a(push, "EC") && EVP_PKEY_get_bits(push) == 256))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_VAULT_FAILED,
                         "push.key is not ECDSA P-256");
    if (!EVP_PKEY_is_a(credential_pkey(keys->decrypt), "RSA"))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_VAULT_FAILED, "decrypt.key is not RSA");
    if (EVP_PKEY_is_a(token, "RSA"))
        keys->token_algorithm = VAULT_RSA_SHA256;
    else if (EVP_PKEY_is_a(token, "EC") && EVP_PKEY_get_bits(token) == 256)
        keys->token_algorithm = VAULT_ECDSA_SHA256;
    else
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_VAULT_FAILED,
                         "token.key is neither RSA nor ECDSA P-256");
    return 0;
}

int vault_keys_load(const char *dir, struct vault_keys *keys_out, struct fault *fault)
{
    *keys_out = (struct vault_keys){0};
    int result = load_credential(dir, "user-ca", &keys_out->user_ca, fault);
    if (result == 0)
        result = load_credential(dir, "token", &keys_out->token, fault);
    if (result == 0)
        result = load_credential(dir, "decrypt", &keys_out->decrypt, fault);
    if (result == 0)
        result = load_push(dir, &keys_out->push, fault);
    if (result == 0)
        result = load_seal(dir, keys_out->seal, fault);
    if (result == 0)
        result = check_kinds(keys_out, fault);
    if (result != 0)
        vault_keys_wipe(keys_out);
    return result;
}

void vault_keys_wipe(struct vault_keys *keys)
{
    credential_free(keys->user_ca);
    credential_free(keys->token);
    credential_free(keys->decrypt);
    credential_free(keys->push);
    secret_wipe(keys, sizeof *keys);
}
