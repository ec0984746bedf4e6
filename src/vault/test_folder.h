/* For the tests of this room and of others: a vault folder, vaults started over it. */
#ifndef LYCHGATE_VAULT_TEST_FOLDER_H
#define LYCHGATE_VAULT_TEST_FOLDER_H

#include "vault/vault_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t now = INT64_C(1795298700000); /* 2026-11-21T22:05:00Z */

/* Path of a file in a folder; good until the third call from there. */
static inline const char *test_path(const char *dir, const char *file)
{
    static char path[2][256];
    static unsigned turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, file);
    return path[turn];
}

static inline int test_vault_make(const char *dir)
{
    return vault_init(dir, &(struct vault_init_options){.site = "contoso.test", .now = now}, NULL);
}

static inline int test_vault_remove(const char *dir)
{
    static const char *const files[] = {
        "user-ca.key",  "user-ca.pem",  "token.key",    "token.pem", "decrypt.key",
        "decrypt.pem",  "seal.key",     "push.key",     "push.pem",  "vault.db",
        "vault.db-wal", "vault.db-shm", "vault.db.kept"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(test_path(dir, files[i]));
    return rmdir(dir);
}

/* Hashes are as cheap as they can be. NULL, and the fault on stderr, when it fails. */
static inline struct vault *test_vault_start(const char *dir, unsigned clients)
{
    struct vault *vault = NULL;
    struct fault fault = {0};
    if (vault_start(&(struct vault_options){.dir = dir, .clients = clients, .hash_cost = 1}, &vault,
                    &fault) != 0)
        fprintf(stderr, "%s\n", fault.detail);
    return vault;
}

#endif
