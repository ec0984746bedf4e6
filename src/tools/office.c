#include "tools/office.h"

#include "server/schemas.h"

int office_open(const char *config_file, struct office *office, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    *office = (struct office){0};
    int err = config_load(config_file, &office->config, fault);
    if (err < 0)
        return err;
    const struct config *config = office->config;
    err = vault_start(&(struct vault_options){.dir = config_path(arena, config, CONFIG_VAULT).at,
                                              .clients = 1,
                                              .hash_cost = (unsigned)config->lab.password_cost},
                      &office->vault, fault);
    if (err == 0)
        err = store_open(
            &(struct store_options){.path = config_path(arena, config, CONFIG_DATABASE).at,
                                    .schemas = server_schemas,
                                    .schema_count = server_schema_count},
            &office->store, fault);
    if (err == 0)
        err = accounts_open(
            &(struct accounts_options){.store = office->store,
                                       .default_domain = slice_of(config->site.domain)},
            &office->accounts, fault);
    if (err < 0)
        office_close(office);
    return err;
}

void office_close(struct office *office)
{
    accounts_free(office->accounts);
    store_free(office->store);
    vault_free(office->vault);
    config_free(office->config);
    *office = (struct office){0};
}

struct vault_client *office_vault(const struct office *office)
{
    return vault_client(office->vault, 0);
}
