/* The doors: listeners, their certificates, and the names and ports that follow
 * from where they really listen. */
#ifndef LYCHGATE_SERVER_DOORS_H
#define LYCHGATE_SERVER_DOORS_H

#include "server/server_priv.h"

/* Read the certificates, open all listeners, settle server->site. */
int doors_open(struct server *server, struct fault *fault);

/* Become the configured user: all ports are open, all keys of ours are read. */
int doors_drop_privileges(struct server *server, struct fault *fault);

/* Read certificates and limits again (SIGHUP). On failure the old ones stay. */
int doors_reload(struct server *server, struct fault *fault);

/* Say where we listen: an event, and the file of --ready. */
void doors_announce(struct server *server);

/* Accept no more. */
void doors_close(struct server *server);

/* Read the certificate folder: NAME.pem with NAME.key, one a key type. Strings and
 * bytes come from the arena. */
int doors_read_pairs(const struct config *config, struct arena *arena, struct tls_pair **pairs_out,
                     size_t *count_out, struct fault *fault);

/* Is a door for mobility services open (peer.h), and who may come in by it? */
bool doors_peers_wanted(const struct config *config);
void doors_read_peers(const struct config *config, struct arena *arena,
                      struct tls_peers *peers_out);

#endif
