/* A listener: accepts on its loop and hands connections to a set of loops in
 * turn. On a TLS listener, first bytes that are no TLS close the connection
 * (tls-not-spoken) before any TLS memory is spent. */
#ifndef LYCHGATE_NET_LISTENER_H
#define LYCHGATE_NET_LISTENER_H

#include "base/fault.h"
#include "net/address.h"
#include "net/conn.h"
#include "net/loop.h"

struct listener;

/* How many connections there may be, in all and from one address (IPv6: from
 * one /64); shared by the listeners of a server. Counted, any thread. */
struct quota;

/* 0: no limit. */
struct quota *quota_new(size_t total, size_t per_address);
struct quota *quota_ref(struct quota *quota);
void quota_unref(struct quota *quota);

/* Do not count per address what comes from this host (a reverse proxy). */
void quota_exempt(struct quota *quota, const struct address *host);

/* Change the limits (SIGHUP); connections that exist stay. */
void quota_set(struct quota *quota, size_t total, size_t per_address);

/* Count one in, or return -ERR_BUSY with a fault (too-many-connections); count it out. */
int quota_enter(struct quota *quota, const struct address *peer, struct fault *fault);
void quota_leave(struct quota *quota, const struct address *peer);

size_t quota_total(struct quota *quota);

struct listener_options {
    struct address address; /* port 0: the kernel chooses; IPv6 sockets take IPv6 only */
    int fd;      /* > 0: an already bound and listening socket (systemd); address unused */
    int backlog; /* 0: 1024 */
    struct loop *const
        *loops; /* who gets the connections, in turn; none: the listener's own loop */
    size_t loop_count;
    struct quota *quota; /* NULL: no limit; counted up */
    /* For each connection: limits, TLS, workers, and the handler whose on_open
     * makes a session and puts it in charge with conn_set_handler. */
    struct conn_options conn;
};

/* Bind and listen; NULL with a fault that names address and reason. Emits
 * net.listen. The loops must outlive the listener; call from the loop's thread
 * or before it runs. */
struct listener *listener_open(struct loop *loop, const struct listener_options *options,
                               struct fault *fault);

/* The address that is really bound (the port that the kernel chose). */
const struct address *listener_address(const struct listener *listener);

/* Accept no more and close the socket; connections live on. The loop's thread,
 * or after it ended; before loop_free. NULL is fine. */
void listener_close(struct listener *listener);

#endif
