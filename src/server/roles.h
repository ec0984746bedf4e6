/* The web rooms of the server, made from the configuration and hung into one
 * route table. */
#ifndef LYCHGATE_SERVER_ROLES_H
#define LYCHGATE_SERVER_ROLES_H

#include "server/server_priv.h"

struct roles;

/* Make the rooms whose roles are switched on and add their routes to
 * server->routes. Needs the vault (for its public keys), before workers run. */
int roles_new(struct server *server, struct roles **roles_out, struct fault *fault);
void roles_free(struct roles *roles);

#endif
