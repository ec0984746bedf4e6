/* The administrator's access to a site: its configuration, database and vault,
 * opened for one command. The server may run meanwhile: both databases are shared
 * between processes, and the command has a vault process of its own. */
#ifndef LYCHGATE_TOOLS_OFFICE_H
#define LYCHGATE_TOOLS_OFFICE_H

#include "accounts/account.h"
#include "server/config.h"
#include "store/store.h"
#include "vault/vault.h"

struct office {
    struct config *config;
    struct vault *vault;
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
};

/* Open all of it; call before anything else starts threads. On failure nothing is
 * left open. */
int office_open(const char *config_file, struct office *office, struct fault *fault);

/* The same without the vault, for what needs no password or key: quicker. */
int office_open_records(const char *config_file, struct office *office, struct fault *fault);

void office_close(struct office *office);

struct vault_client *office_vault(const struct office *office);

static inline void scoped_office_free(struct office *office)
{
    office_close(office);
}
/* `scoped(office) struct office office = {0};` */

#endif
