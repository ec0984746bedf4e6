/* What the tests of connections share: a world of one loop, a server side that
 * echoes and a client side that collects, and throwaway certificates. */
#ifndef LYCHGATE_NET_NET_TEST_PRIV_H
#define LYCHGATE_NET_NET_TEST_PRIV_H

#include "base/arena.h"
#include "base/buf.h"
#include "net/listener.h"

/* One end of a connection, and what it has seen. */
struct side {
    struct conn *conn; /* NULL again after on_closed */
    struct buf got;
    bool opened, closed;
    int drained;
    struct fault why;
};

struct world {
    struct loop *loop;
    struct workers *workers;
    struct listener *listener;
    struct tls *server_tls, *client_tls;
    struct side server, client;
    struct timer poll;
    bool (*until)(void);
    int64_t give_up;
};

extern struct world w;

extern const struct conn_handler client_handler; /* collects into w.client.got */
extern const struct conn_handler echo_handler;   /* w.server: sends all back */

/* A certificate of its own (self-signed, so its own CA too) for `name`, valid
 * from `from` to `to` seconds from now; ECDSA P-256, or RSA 2048. Both as PEM in
 * the arena; the certificate also in a file if `file` is given. */
struct tls_pair make_pair(struct arena *arena, const char *name, long from, long to, bool rsa,
                          const char *file);

/* Open a listener on 127.0.0.1 with these options (handler: echo unless set). */
void world_listen(struct listener_options options);

/* Connect w.client to it, in the clear or with w.client_tls. */
void world_connect(bool tls, const char *host, struct conn_limits limits);

/* Run the loop until the condition holds; fails the test after 20 seconds. */
void run_until(bool (*condition)(void));

bool client_closed(void);
bool server_closed(void);
bool both_open(void);
bool both_closed(void);

/* cmocka's fixtures: certificates once for all tests, and for each a world with workers and TLS
 * contexts for "localhost". */
int world_open(void **state);
int world_close(void **state);
int world_setup(void **state);
int world_teardown(void **state);

#endif
