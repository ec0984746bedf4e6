/* Each worker's own handles on the vault and the database. */
#include "accounts/account.h"
#include "server/server_priv.h"
#include "vault/vault.h"

#include <stdlib.h>

/* The desk at which this thread sits. Set once by the worker itself; loops have
 * none, so a handler that blocks can only run where it may. */
static _Thread_local struct desk *own_desk;

struct desk *server_desk(void *server)
{
    (void)server;
    return own_desk;
}

int server_desk_open(void *arg, unsigned worker, void **desk_out, struct fault *fault)
{
    struct server *server = arg;
    struct desk *desk = must_calloc(1, sizeof *desk);
    desk->vault = vault_client(server->vault, worker);
    int err = accounts_open(
        &(struct accounts_options){.store = server->store,
                                   .default_domain = slice_of(server->config->site.domain),
                                   .certificates_per_account =
                                       (unsigned)server->config->certificates.per_user},
        &desk->accounts, fault);
    if (err < 0) {
        free(desk);
        return err;
    }
    desk->reader = accounts_reader(desk->accounts);
    own_desk = desk;
    *desk_out = desk;
    return 0;
}

void server_desk_close(void *arg, void *context)
{
    (void)arg;
    struct desk *desk = context;
    own_desk = NULL;
    accounts_free(desk->accounts);
    free(desk);
}

int server_work(struct server *server, struct job *job, struct fault *fault)
{
    if (!server->workers)
        return fault_set(fault, ERR_BUSY, FINDING_SERVER_BUSY, "the server is stopping");
    if (workers_submit(server->workers, job) == 0)
        return 0;
    return fault_set(fault, ERR_BUSY, FINDING_SERVER_BUSY, "%zu jobs wait for a worker",
                     workers_waiting(server->workers));
}
