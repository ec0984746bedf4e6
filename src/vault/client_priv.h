/* The server's end of one socket to the vault. */
#ifndef LYCHGATE_VAULT_CLIENT_PRIV_H
#define LYCHGATE_VAULT_CLIENT_PRIV_H

#include "vault/wire_priv.h"

struct vault_client {
    int socket;
    unsigned timeout_ms;
    uint32_t last_id; /* answers to older questions, which had timed out, are passed over */
    char packet[WIRE_MAX + 1];
};

#endif
