#include "tools/office.h"

#include "server/schemas.h"

static int open_vault(struct office *office, struct fault *fault)
{
    const struct config *config = office->config;
    scoped(arena) struct arena *arena = arena_new();
    return vault_start(&(struct vault_options){.dir = config_path(arena, config, CONFIG_VAULT).at,
                                               .clients = 1,
                                               .hash_cost = (unsigned)config->lab.password_cost},
                       &office->vault, fault);
}

static int open_records(struct office *office, struct fault *fault)
{
    const struct config *config = office->config;
    scoped(arena) struct arena *arena = arena_new();
    int err =
        store_open(&(struct store_options){.path = config_path(arena, config, CONFIG_DATABASE).at,
                                           .schemas = server_schemas,
                                           .schema_count = server_schema_count},
                   &office->store, fault);
    if (err == 0)
        err = store_reader_open(office->store, &office->reader, fault);
    if (err == 0)
        err = accounts_open(
            &(struct accounts_options){.store = office->store,
                                       .default_domain = slice_of(config->site.domain)},
            &office->accounts, fault);
    return err;
}

/* The vault is a process of its own, and forks off before the store has its thread. */
static int open_all(const char *config_file, bool vault, struct office *office, struct fault *fault)
{
    *office = (struct office){0};
    int err = config_load(config_file, &office->config, fault);
    if (err == 0 && vault)
        err = open_vault(office, fault);
    if (err == 0)
        err = open_records(office, fault);
    if (err < 0)
        office_close(office);
    return err;
}

int office_open(const char *config_file, struct office *office, struct fault *fault)
{
    return open_all(config_file, true, office, fault);
}

int office_open_records(const char *config_file, struct office *office, struct fault *fault)
{
    return open_all(config_file, false, office, fault);
}

void office_close(struct office *office)
{
    accounts_free(office->accounts);
    store_reader_free(office->reader);
    store_free(office->store);
    vault_free(office->vault);
    config_free(office->config);
    *office = (struct office){0};
}

struct vault_client *office_vault(const struct office *office)
{
    return vault_client(office->vault, 0);
}
