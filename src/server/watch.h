/* The watch: once a second, has somebody changed the accounts (the command line does
 * while the server runs)? Then every user who is signed in is looked up again, and
 * those who were disabled or removed are signed out. Once an hour it deletes the
 * certificates that have expired. */
#ifndef LYCHGATE_SERVER_WATCH_H
#define LYCHGATE_SERVER_WATCH_H

#include "server/server_priv.h"

/* Start it on the first wing's loop; before that loop runs. */
int watch_start(struct server *server, struct fault *fault);

/* Stop it; workers have ended. NULL is fine. */
void watch_free(struct watch *watch);

#endif
