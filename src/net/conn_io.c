/* The bytes of an open connection. Input passes through the loop's scratch
 * memory; a connection keeps only what its handler, or the kernel, left over. */
#include "base/arena.h"
#include "net/conn_priv.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READS_A_TURN = 4, /* then the others get their turn */
    LINGER_MS = 2000,
};

static void fail_errno(struct conn *conn, const char *what)
{
    struct fault why;
    fault_set(&why, ERR_IO, FINDING_CONNECTION_LOST, "%s: %s", what, strerror(errno));
    conn_fail(conn, &why);
}

/* Bytes read, 0: nothing at present (or the end: conn->peer_ended, or failed). */
static size_t receive(struct conn *conn, char *to, size_t len)
{
    if (!conn->ssl) {
        ssize_t n = recv(conn->fd, to, len, 0);
        if (n == 0)
            conn->peer_ended = true;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            fail_errno(conn, "recv");
        return n > 0 ? (size_t)n : 0;
    }
    ERR_clear_error();
    int n = SSL_read(conn->ssl, to, (int)len);
    if (n > 0)
        return (size_t)n;
    struct fault why;
    if (SSL_get_error(conn->ssl, n) == SSL_ERROR_ZERO_RETURN) {
        conn->peer_ended = true;
    } else if (tls_fault(conn->ssl, n, &why) != -ERR_AGAIN) {
        conn->tls_broken = true;
        conn_fail(conn, &why);
    }
    return 0;
}

/* Bytes that the kernel took, 0: none at present (or failed). */
static size_t transmit(struct conn *conn, struct slice bytes)
{
    if (!conn->ssl) {
        ssize_t n = send(conn->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            fail_errno(conn, "send");
        return n > 0 ? (size_t)n : 0;
    }
    size_t sent = 0;
    while (sent < bytes.len) { /* one record a call */
        size_t len = bytes.len - sent < INT_MAX ? bytes.len - sent : INT_MAX;
        ERR_clear_error();
        int n = SSL_write(conn->ssl, bytes.at + sent, (int)len);
        struct fault why;
        if (n <= 0 && tls_fault(conn->ssl, n, &why) != -ERR_AGAIN) {
            conn->tls_broken = true;
            conn_fail(conn, &why);
        }
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    return sent;
}

/* Call on_bytes as its contract says; returns how much was consumed. */
static size_t deliver(struct conn *conn, struct slice bytes)
{
    size_t used = 0;
    conn->delivering = true;
    while (used < bytes.len && conn_takes_input(conn)) {
        conn->swapped = false;
        size_t n = conn->handler && conn->handler->on_bytes
                       ? conn->handler->on_bytes(conn, slice_from(bytes, used))
                       : bytes.len - used;
        used += n < bytes.len - used ? n : bytes.len - used;
        if (n == 0 && !conn->swapped)
            break;
    }
    conn->delivering = false;
    return used;
}

static void keep_rest(struct conn *conn, size_t used)
{
    if (used == conn->input.len)
        buf_free(&conn->input);
    else if (used > 0)
        buf_drop(&conn->input, used);
}

/* Fresh bytes, in the loop's scratch memory. */
static void take_in(struct conn *conn, struct slice bytes)
{
    if (conn->input.len > 0) {
        buf_add(&conn->input, bytes);
        keep_rest(conn, deliver(conn, buf_slice(&conn->input)));
    } else {
        size_t used = deliver(conn, bytes);
        if (used < bytes.len)
            buf_add(&conn->input, slice_from(bytes, used));
    }
    if (conn->input.len <= conn->limits.input_max || !conn_takes_input(conn))
        return;
    struct fault why;
    fault_set(&why, ERR_LIMIT, FINDING_INPUT_LIMIT, "%zu bytes without a complete message",
              conn->input.len);
    conn_fail(conn, &why);
}

/* The peer sends no more. What was asked before is still answered; a handler
 * that has paused the connection for that hears of the end when it resumes. */
static void end_of_input(struct conn *conn)
{
    struct fault why;
    if (!conn_takes_input(conn))
        return;
    fault_set(&why, ERR_IO, FINDING_CONNECTION_LOST, "the peer closed");
    if (conn_queued(conn) == 0) {
        conn_fail(conn, &why);
        return;
    }
    conn->why = must_alloc(sizeof *conn->why);
    *conn->why = why;
    conn->state = CONN_FLUSHING;
}

void conn_offer(struct conn *conn)
{
    if (conn->input.len > 0)
        keep_rest(conn, deliver(conn, buf_slice(&conn->input)));
    if (conn->peer_ended)
        end_of_input(conn);
    conn_watch(conn);
}

/* Linux holds acknowledgements back for 40 ms, for our reply to carry them. A peer
 * that writes a message in two pieces, as libpurple does, and has Nagle's algorithm
 * on sends the second only then: so where no reply is under way, acknowledge now.
 * The kernel takes it for this once, and delays the next one again. */
static void acknowledge(struct conn *conn)
{
    setsockopt(conn->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}

void conn_pump(struct conn *conn)
{
    conn->spoke = false;
    if (conn->output.len > 0)
        conn_flush(conn);
    if (!conn_takes_input(conn))
        conn_stop_reading(conn);
    for (int i = 0; i < READS_A_TURN && conn_takes_input(conn); i++) {
        size_t n = receive(conn, conn->loop->scratch, SCRATCH_SIZE);
        if (n == 0)
            break;
        take_in(conn, slice_make(conn->loop->scratch, n));
        /* Less than there was room for: nothing is left, neither in the kernel
         * nor (a record being smaller than scratch) in OpenSSL, or epoll tells. */
        if (n < SCRATCH_SIZE)
            break;
    }
    if (conn->peer_ended)
        end_of_input(conn);
    else if (!conn->spoke && conn_takes_input(conn))
        acknowledge(conn);
    conn_watch(conn);
}

static void all_sent(struct conn *conn)
{
    bool had_to_wait = conn->output.len > 0;
    buf_free(&conn->output);
    conn->output_sent = 0;
    timer_stop(&conn->watchdog);
    if (conn->state == CONN_FLUSHING) {
        if (conn->peer_ended) {
            conn_close(conn);
            return;
        }
        if (conn->ssl && !conn->tls_broken)
            SSL_shutdown(conn->ssl);
        conn->tls_broken = true; /* said once is enough */
        shutdown(conn->fd, SHUT_WR);
        conn->state = CONN_LINGERING;
        timer_start(&conn->watchdog, LINGER_MS);
    } else if (had_to_wait && conn->handler && conn->handler->on_drained) {
        conn->handler->on_drained(conn);
    }
}

/* Reading pauses while much output waits: who does not read shall not ask. */
static void set_choked(struct conn *conn)
{
    size_t queued = conn_queued(conn);
    if (queued >= conn->limits.output_high) {
        conn->choked = true;
    } else if (conn->choked && queued <= conn->limits.output_high / 4) {
        conn->choked = false;
        if (conn->input.len > 0 || conn->peer_ended)
            conn_attend(conn);
    }
}

void conn_flush(struct conn *conn)
{
    if (conn->state != CONN_OPEN && conn->state != CONN_FLUSHING)
        return;
    struct slice rest = slice_from(buf_slice(&conn->output), conn->output_sent);
    size_t sent = rest.len ? transmit(conn, rest) : 0;
    if (conn->state == CONN_CLOSED)
        return;
    conn->output_sent += sent;
    set_choked(conn);
    if (conn_queued(conn) == 0) {
        all_sent(conn);
    } else if (sent > 0) {
        timer_start(&conn->watchdog, conn->limits.output_stall_ms);
        if (conn->output_sent > conn->output.len / 2) {
            buf_drop(&conn->output, conn->output_sent);
            conn->output_sent = 0;
        }
    }
    conn_watch(conn);
}

static void queue(struct conn *conn, struct slice bytes)
{
    if (conn_queued(conn) + bytes.len > conn->limits.output_max) {
        struct fault why;
        fault_set(&why, ERR_LIMIT, FINDING_SLOW_PEER, "%zu bytes would wait to be taken",
                  conn_queued(conn) + bytes.len);
        conn_fail(conn, &why);
        return;
    }
    buf_add(&conn->output, bytes);
    if (conn->state != CONN_OPEN)
        return;
    if (!timer_running(&conn->watchdog))
        timer_start(&conn->watchdog, conn->limits.output_stall_ms);
    set_choked(conn);
    conn_watch(conn);
}

void conn_write(struct conn *conn, struct slice bytes)
{
    if (conn->state > CONN_OPEN || bytes.len == 0)
        return;
    size_t sent = 0;
    conn->spoke = true;
    if (conn->state == CONN_OPEN && conn->output.len == 0)
        sent = transmit(conn, bytes);
    if (sent < bytes.len && conn->state != CONN_CLOSED)
        queue(conn, slice_from(bytes, sent));
}

void conn_discard(struct conn *conn)
{
    /* TLS or not: nobody will read it, so nobody decrypts it. */
    ssize_t n = recv(conn->fd, conn->loop->scratch, SCRATCH_SIZE, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        conn_close(conn);
}
