/* A connection: TCP, with or without TLS, as one set of events. Made by a
 * listener or by conn_connect(), it lives on one loop and frees itself after its
 * last event, on_closed. All functions: the loop's thread only.
 *
 * An idle connection holds no buffers: input is read into the loop's own memory
 * and only what the handler leaves over is kept, output is written at once and
 * only what the kernel does not take is kept.
 *
 * A server's TLS handshake runs on the workers, step by step; the connection is
 * lent to the worker meanwhile. Closing it then is safe: it ends when it is back. */
#ifndef LYCHGATE_NET_CONN_H
#define LYCHGATE_NET_CONN_H

#include "base/fault.h"
#include "base/slice.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/workers.h"

struct conn;

/* What a connection tells its owner. Any member may be NULL. Every conn_
 * function may be called from each of these, conn_close included. */
struct conn_handler {
    /* Connected, and with TLS the handshake is done. */
    void (*on_open)(struct conn *conn);
    /* All input so far that was not consumed. Returns how many bytes it
     * consumed, 0 to wait for more; called again while it consumes something
     * and bytes are left, and when conn_set_handler put another in charge. */
    size_t (*on_bytes)(struct conn *conn, struct slice bytes);
    /* All that was queued has gone to the kernel, after some had to wait. */
    void (*on_drained)(struct conn *conn);
    /* The end; `conn` is gone when this returns. Comes exactly once, never from
     * within a conn_ function, also if on_open never came. why->finding is
     * FINDING_NONE when this side closed, FINDING_CONNECTION_LOST when the peer did. */
    void (*on_closed)(struct conn *conn, const struct fault *why);
};

/* Limits of a connection; 0 takes the default. */
struct conn_limits {
    size_t
        input_max; /* bytes on_bytes may leave unconsumed (1 MiB); over it: closed, input-limit */
    size_t output_high;   /* with so much output queued, reading pauses (64 KiB) */
    size_t output_max;    /* with so much queued the connection is given up (16 MiB): slow-peer */
    int64_t handshake_ms; /* to connect and shake hands (20,000), then slow-peer or
                             connection-timeout */
    int64_t output_stall_ms; /* queued output without progress (60,000), then slow-peer */
};

struct conn_options {
    const struct conn_handler *handler;
    void *user;
    struct conn_limits limits;
    struct tls *tls;         /* NULL: plain TCP; counted up */
    struct workers *workers; /* where handshakes run; NULL: on the loop (clients) */
};

/* Connect to an address. `host` is the name that the peer's certificate must
 * carry (needed with TLS; IP addresses as text work too). Failure comes as
 * on_closed (connection-refused, connection-timeout, tls-...). NULL with a fault only if the
 * system gives no socket. */
struct conn *conn_connect(struct loop *loop, const struct address *address, const char *host,
                          const struct conn_options *options, struct fault *fault);

/* Adopt a connected stream socket as a server's side (what listeners do, and
 * tests with socketpair). The conn owns the fd from now on. Never NULL; on_open
 * comes from the loop. */
struct conn *conn_adopt(struct loop *loop, int fd, const struct address *peer,
                        const struct conn_options *options);

/* Put another handler and user in charge from the next event on. */
void conn_set_handler(struct conn *conn, const struct conn_handler *handler, void *user);
void *conn_user(const struct conn *conn);

struct loop *conn_loop(const struct conn *conn);
const struct address *conn_peer(const struct conn *conn);
struct address conn_local(const struct conn *conn); /* which of our addresses it came to */

/* A number that no other connection of this process has; for logs and tables. */
uint64_t conn_id(const struct conn *conn);

bool conn_is_tls(const struct conn *conn);

/* The TLS session, for its version, cipher and certificates; NULL before on_open and without TLS.
 */
struct ssl_st *conn_ssl(struct conn *conn);

/* Send bytes; they are copied as far as the kernel does not take them now. After
 * conn_close (or _after_flush) they are dropped. Errors come as on_closed. */
void conn_write(struct conn *conn, struct slice bytes);

/* Output that waits, in bytes. */
size_t conn_queued(const struct conn *conn);

/* Stop and continue on_bytes (a request is with a worker). Not counted: one
 * resume undoes all pauses. What was left over is offered again after resume,
 * from the loop. While paused, the peer's end is not noticed. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* Close in `ms` milliseconds unless called again: with `finding` (slow-peer for
 * one that does not finish its request, FINDING_NONE for an idle keep-alive).
 * ms <= 0: no deadline. */
void conn_set_deadline(struct conn *conn, int64_t ms, enum finding finding);

/* Send what is queued, then end in good order: close_notify, FIN, and a short
 * wait for the peer's end so that the last reply is not destroyed by a reset. */
void conn_close_after_flush(struct conn *conn);

/* End now. Harmless when called twice. */
void conn_close(struct conn *conn);

/* End now for a reason that on_closed shall hear. */
void conn_fail(struct conn *conn, const struct fault *why);

#endif
