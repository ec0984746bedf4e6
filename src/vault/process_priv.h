/* The child's side of vault_start(). */
#ifndef LYCHGATE_VAULT_PROCESS_PRIV_H
#define LYCHGATE_VAULT_PROCESS_PRIV_H

#include "vault/vault.h"

struct vault_process {
    const struct vault_options *options;
    const int *sockets; /* the vault's ends, options->clients of them */
    int life;           /* a pipe: takes one struct fault when ready or failed, and
                           closes when the process ends */
};

/* Become the vault. Never returns to the caller's code. */
_Noreturn void vault_process_main(const struct vault_process *process);

#endif
