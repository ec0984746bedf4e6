/* For tests: an empty store, a vault, an open room, and Alice. */
#ifndef LYCHGATE_ACCOUNTS_TEST_WORLD_PRIV_H
#define LYCHGATE_ACCOUNTS_TEST_WORLD_PRIV_H

#include "accounts/certificate.h"
#include "vault/test_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char dir[64], vault_dir[96], store_path[96];

/* One test's world: an empty store, a vault (kept for all tests), an open room. */
struct world {
    struct arena *arena;
    struct store *store;
    struct vault *vault;
    struct accounts *accounts;
    struct vault_client *client;
    struct fault fault;
};

static inline int setup_group(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lychgate-accounts-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(vault_dir, sizeof vault_dir, "%s/vault", dir);
    snprintf(store_path, sizeof store_path, "%s/store.db", dir);
    return test_vault_make(vault_dir);
}

static inline int teardown_group(void **state)
{
    (void)state;
    test_vault_remove(vault_dir);
    return rmdir(dir);
}

static inline int open_store(struct store **store_out)
{
    return store_open(
        &(struct store_options){.path = store_path,
                                .schemas = (const struct store_schema *[]){&accounts_schema},
                                .schema_count = 1},
        store_out, NULL);
}

static inline int setup(void **state)
{
    struct world *world = must_calloc(1, sizeof *world);
    *state = world;
    world->arena = arena_new();
    world->vault = test_vault_start(vault_dir, 1);
    if (!world->vault)
        return -1;
    world->client = vault_client(world->vault, 0);
    if (open_store(&world->store) != 0)
        return -1;
    return accounts_open(&(struct accounts_options){.store = world->store,
                                                    .default_domain = SLICE("Contoso.test"),
                                                    .certificates_per_account = 3},
                         &world->accounts, NULL);
}

static inline int teardown(void **state)
{
    struct world *world = *state;
    accounts_free(world->accounts);
    store_free(world->store);
    vault_free(world->vault);
    arena_free(world->arena);
    free(world);
    return unlink(store_path);
}

static inline struct account add(struct world *world, struct account account)
{
    account.enabled = true;
    account.created = now;
    if (accounts_add(world->accounts, &account, world->arena, &world->fault) != 0)
        fail_msg("%s", world->fault.detail);
    assert_true(account.id > 0);
    return account;
}

static inline struct account add_alice(struct world *world)
{
    struct account alice = add(world, (struct account){.address = SLICE("sip:Alice@Contoso.TEST"),
                                                       .login = SLICE("asmith@corp.test"),
                                                       .sam = SLICE("CONTOSO\\asmith"),
                                                       .display_name = SLICE("Alice Sm\xc3\xaeth"),
                                                       .pool = SLICE("Pool1.contoso.test")});
    assert_int_equal(accounts_set_password(world->accounts, world->client, alice.id,
                                           SLICE("correct horse"), &world->fault),
                     0);
    return alice;
}

#endif
