/* The inside of a connection, shared by conn.c (life), conn_io.c (bytes) and
 * handshake.c (the way to on_open). */
#ifndef LYCHGATE_NET_CONN_PRIV_H
#define LYCHGATE_NET_CONN_PRIV_H

#include "base/buf.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/loop_priv.h"

enum conn_state {
    CONN_CONNECTING, /* client: TCP under way */
    CONN_PEEKING,    /* TLS server: waiting for the first byte */
    CONN_SHAKING,    /* TLS handshake */
    CONN_OPEN,
    CONN_FLUSHING,  /* closing in good order: output goes out, input is not looked at */
    CONN_LINGERING, /* all sent and FIN; waiting for the peer's end */
    CONN_CLOSED,    /* only on_closed is left, and the worker's giving back */
};

/* What only lives until on_open. */
struct handshake {
    struct job job;
    struct conn *conn;
    struct tls *tls;
    struct workers *workers;
    char *host;         /* client: whom to expect; owned */
    struct timer retry; /* the pool was full */
    int outcome;        /* of the last step: 0, -ERR_AGAIN or another error with `fault` */
    bool wants_write;
    struct fault fault;
};

struct conn {
    LIST_ENTRY(conn) all;
    TAILQ_ENTRY(conn) attention;
    struct loop *loop;
    const struct conn_handler *handler;
    void *user;
    struct ssl_st *ssl;
    struct handshake *handshake;
    struct quota *quota; /* where it is counted, or NULL */
    struct fault *why;   /* of the end; NULL: this side closed */
    struct event readable, writable;
    struct timer watchdog; /* by state: handshake limit, output stall, linger limit */
    struct timer deadline; /* conn_set_deadline */
    struct conn_limits limits;
    struct buf input;   /* what on_bytes left over; no memory while there is none */
    struct buf output;  /* what the kernel did not take; no memory while there is none */
    size_t output_sent; /* bytes of output that are gone already */
    uint64_t id;
    struct address peer;
    int fd;
    enum finding deadline_finding;
    enum conn_state state;
    bool server;
    bool opened;     /* on_open was called */
    bool lent;       /* a worker has it: fd and ssl are not ours to touch */
    bool attended;   /* is in loop->attention */
    bool paused;     /* by conn_pause */
    bool choked;     /* too much output waits: no input meanwhile */
    bool swapped;    /* another handler took over: offer the input again */
    bool delivering; /* within on_bytes */
    bool spoke;      /* something was written since reading began */
    bool peer_ended; /* nothing will come any more */
    bool tls_broken; /* OpenSSL forbids SSL_shutdown after a fatal error */
    bool watches_read, watches_write;
};

/* ---- conn.c ---- */

/* A conn in its loop's list, not yet watching. */
struct conn *conn_make(struct loop *loop, int fd, const struct address *peer,
                       const struct conn_options *options);

/* Have the kernel report what this state waits for. */
void conn_watch(struct conn *conn);

/* Have it no more report input, until conn_watch() finds that some can be taken. */
void conn_stop_reading(struct conn *conn);

/* Have the loop look at this connection in its next turn. */
void conn_attend(struct conn *conn);

/* Count it in `quota` until it is gone; the place was entered by the caller. */
void conn_set_quota(struct conn *conn, struct quota *quota);

/* ---- handshake.c ---- */

/* TCP stands: go on to TLS, or to on_open. */
void handshake_begin(struct conn *conn);

/* Ready for the next step: connected (or not), the first byte, the next flight. */
void handshake_connected(struct conn *conn);
void handshake_peek(struct conn *conn);
void handshake_step(struct conn *conn);

void handshake_free(struct handshake *handshake);

/* ---- conn_io.c ---- */

/* Write what waits, read what came. */
void conn_pump(struct conn *conn);

/* Offer the input that was left over again. */
void conn_offer(struct conn *conn);

/* Write what waits; goes on to LINGERING when that was the last. */
void conn_flush(struct conn *conn);

/* LINGERING: drop what comes, until the end. */
void conn_discard(struct conn *conn);

/* May on_bytes be called? */
static inline bool conn_takes_input(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->paused && !conn->choked;
}

#endif
