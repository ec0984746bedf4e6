/* The way to on_open: TCP's answer, the first byte, the TLS handshake. Each
 * step of a server's handshake runs on a worker, because somewhere in it there
 * is an RSA signature (1 ms and more): hundreds of others wait for this loop. */
#include "base/arena.h"
#include "net/conn_priv.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    RETRY_MS = 20,             /* the pool was full; the handshake's limit bounds the tries */
    TLS_HANDSHAKE_RECORD = 22, /* RFC 8446 section 5.1 */
};

void handshake_free(struct handshake *handshake)
{
    if (!handshake)
        return;
    timer_stop(&handshake->retry);
    tls_unref(handshake->tls);
    free(handshake->host);
    free(handshake);
}

static void open_up(struct conn *conn)
{
    handshake_free(conn->handshake);
    conn->handshake = NULL;
    conn->state = CONN_OPEN;
    conn->opened = true;
    timer_stop(&conn->watchdog);
    if (conn->handler && conn->handler->on_open)
        conn->handler->on_open(conn);
    conn_flush(conn); /* what was written before it was open */
    conn_watch(conn);
}

/* In whichever thread the step runs; touches nothing of the conn but ssl. */
static void shake(struct handshake *handshake)
{
    struct conn *conn = handshake->conn;
    ERR_clear_error();
    if (!conn->ssl) {
        conn->ssl = tls_session_new(handshake->tls, handshake->host);
        if (!conn->ssl || SSL_set_fd(conn->ssl, conn->fd) != 1) {
            ERR_clear_error();
            handshake->outcome = fault_set(&handshake->fault, ERR_INTERNAL, FINDING_INTERNAL,
                                           "OpenSSL makes no session");
            return;
        }
    }
    int ret = SSL_do_handshake(conn->ssl);
    handshake->outcome = ret == 1 ? 0 : tls_fault(conn->ssl, ret, &handshake->fault);
    handshake->wants_write = SSL_want_write(conn->ssl);
}

static void judge(struct handshake *handshake)
{
    struct conn *conn = handshake->conn;
    if (handshake->outcome == 0) {
        open_up(conn);
    } else if (handshake->outcome == -ERR_AGAIN) {
        conn_watch(conn);
    } else {
        conn->tls_broken = true;
        conn_fail(conn, &handshake->fault);
    }
}

static void run_job(struct job *job, unsigned worker)
{
    (void)worker;
    shake((struct handshake *)((char *)job - offsetof(struct handshake, job)));
}

static void job_done(struct job *job)
{
    struct handshake *handshake =
        (struct handshake *)((char *)job - offsetof(struct handshake, job));
    struct conn *conn = handshake->conn;
    conn->lent = false;
    if (conn->state == CONN_CLOSED)
        conn_attend(conn);
    else
        judge(handshake);
}

static void retry_comes(void *arg)
{
    handshake_step(arg);
}

void handshake_step(struct conn *conn)
{
    struct handshake *handshake = conn->handshake;
    if (!handshake->workers) {
        shake(handshake);
        judge(handshake);
        return;
    }
    handshake->job =
        (struct job){.run = run_job, .done = job_done, .loop = conn->loop, .modest = true};
    conn->lent = true;
    conn_watch(conn); /* nothing, while it is lent */
    if (workers_submit(handshake->workers, &handshake->job) == 0)
        return;
    conn->lent = false;
    timer_init(&handshake->retry, conn->loop, retry_comes, conn);
    timer_start(&handshake->retry, RETRY_MS);
}

void handshake_begin(struct conn *conn)
{
    if (!conn->handshake) {
        open_up(conn);
        return;
    }
    conn->state = CONN_SHAKING;
    handshake_step(conn);
}

void handshake_connected(struct conn *conn)
{
    int error = 0;
    getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
    if (error == 0) {
        handshake_begin(conn);
        return;
    }
    struct fault why;
    fault_set(&why, ERR_IO,
              error == ECONNREFUSED ? FINDING_CONNECTION_REFUSED : FINDING_CONNECTION_TIMEOUT,
              "connect: %s", strerror(error));
    conn_fail(conn, &why);
}

void handshake_peek(struct conn *conn)
{
    struct fault why;
    unsigned char first = 0;
    ssize_t n = recv(conn->fd, &first, 1, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 1 && first == TLS_HANDSHAKE_RECORD) {
        handshake_begin(conn);
        return;
    }
    if (n == 1)
        fault_set(&why, ERR_MALFORMED, FINDING_TLS_NOT_SPOKEN, "the first byte is 0x%02x, not 0x16",
                  first);
    else
        fault_set(&why, ERR_IO, FINDING_CONNECTION_LOST, "%s before the first byte",
                  n == 0 ? "closed" : strerror(errno));
    conn_fail(conn, &why);
}
