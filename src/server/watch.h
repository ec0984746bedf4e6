/* The watch: once a second, has an administrator changed accounts (accounts/notice.h; the
 * command line does while the server runs)? Their homes read them anew: who was disabled
 * or removed is signed out, a new list of contacts or a new card is told. So is what
 * the site's configurations say (sitewide.h). Once an hour it deletes the certificates that have
 * expired. */
#ifndef LYCHGATE_SERVER_WATCH_H
#define LYCHGATE_SERVER_WATCH_H

#include "server/server_priv.h"

/* Start it on the first wing's loop; before that loop runs. */
int watch_start(struct server *server, struct fault *fault);

/* Stop it; workers have ended. NULL is fine. */
void watch_free(struct watch *watch);

#endif
