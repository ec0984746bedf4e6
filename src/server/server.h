/* lychgated from configuration to shutdown. */
#ifndef LYCHGATE_SERVER_SERVER_H
#define LYCHGATE_SERVER_SERVER_H

#include "base/fault.h"
#include "server/config.h"

struct server;

struct server_options {
    const char *config_path; /* read again on SIGHUP */
    const char *ready_path;  /* a JSON file to write once all is open; NULL: none */
};

/* Start everything in the one order that is safe: the vault process while there is
 * no thread, then ports (which may need root), then privileges dropped, then threads,
 * rooms and doors. Takes the configuration. Returns 0, or a negative enum err with a
 * fault that says which step failed; nothing is left running then. */
int server_new(struct config *config, const struct server_options *options,
               struct server **server_out, struct fault *fault);

/* Serve until SIGTERM or SIGINT; then drain: no new connections, requests in work are
 * finished, clients' connections are closed in good order. SIGHUP reads certificates
 * and configuration again without dropping a connection. Returns 0, or -ERR_IO when
 * the vault process ended by itself. */
int server_run(struct server *server);

void server_free(struct server *server);

/* Check what server_new() would use (files, keys, addresses) without opening
 * anything: `lychgated --check`. */
int server_check(const struct config *config, struct fault *fault);

#endif
