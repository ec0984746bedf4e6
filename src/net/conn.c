#include "net/conn.h"

#include "base/arena.h"
#include "event/event.h"
#include "net/conn_priv.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    INPUT_MAX = 1 << 20,
    OUTPUT_HIGH = 64 << 10,
    OUTPUT_MAX = 16 << 20,
    HANDSHAKE_MS = 20000,
    OUTPUT_STALL_MS = 60000,
};

static _Atomic uint64_t last_id;

/* What readiness means in each state. */
static void (*const ready[])(struct conn *) = {
    [CONN_CONNECTING] = handshake_connected,
    [CONN_PEEKING] = handshake_peek,
    [CONN_SHAKING] = handshake_step,
    [CONN_OPEN] = conn_pump,
    [CONN_FLUSHING] = conn_flush,
    [CONN_LINGERING] = conn_discard,
    [CONN_CLOSED] = NULL,
};

static void kernel_says_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *conn = arg;
    if (!conn->lent && ready[conn->state])
        ready[conn->state](conn);
}

/* What the watchdog's bark means in each state. */
static void watchdog_barks(void *arg)
{
    struct conn *conn = arg;
    struct fault why = {0};
    switch (conn->state) {
    case CONN_CONNECTING:
    case CONN_PEEKING:
    case CONN_SHAKING:
        fault_set(&why, ERR_EXPIRED, conn->server ? FINDING_SLOW_PEER : FINDING_CONNECTION_TIMEOUT,
                  "%s not done after %lld ms",
                  conn->state == CONN_CONNECTING ? "connecting" : "TLS handshake",
                  (long long)conn->limits.handshake_ms);
        break;
    case CONN_OPEN:
    case CONN_FLUSHING:
        fault_set(&why, ERR_EXPIRED, FINDING_SLOW_PEER,
                  "took none of the %zu bytes waiting for it in %lld ms", conn_queued(conn),
                  (long long)conn->limits.output_stall_ms);
        break;
    case CONN_LINGERING:
    case CONN_CLOSED:
        conn_close(conn);
        return;
    }
    conn_fail(conn, &why);
}

static void deadline_comes(void *arg)
{
    struct conn *conn = arg;
    if (conn->deadline_finding == FINDING_NONE) {
        conn_close(conn);
        return;
    }
    struct fault why;
    fault_set(&why, ERR_EXPIRED, conn->deadline_finding, "the deadline passed");
    conn_fail(conn, &why);
}

static struct conn_limits with_defaults(struct conn_limits limits)
{
    limits.input_max = limits.input_max ? limits.input_max : INPUT_MAX;
    limits.output_high = limits.output_high ? limits.output_high : OUTPUT_HIGH;
    limits.output_max = limits.output_max ? limits.output_max : OUTPUT_MAX;
    limits.handshake_ms = limits.handshake_ms ? limits.handshake_ms : HANDSHAKE_MS;
    limits.output_stall_ms = limits.output_stall_ms ? limits.output_stall_ms : OUTPUT_STALL_MS;
    return limits;
}

struct conn *conn_make(struct loop *loop, int fd, const struct address *peer,
                       const struct conn_options *options)
{
    struct conn *conn = must_calloc(1, sizeof *conn);
    conn->loop = loop;
    conn->fd = fd;
    conn->peer = *peer;
    conn->handler = options->handler;
    conn->user = options->user;
    conn->limits = with_defaults(options->limits);
    conn->id = ++last_id;
    event_assign(&conn->readable, loop->base, fd, EV_READ | EV_PERSIST, kernel_says_ready, conn);
    event_assign(&conn->writable, loop->base, fd, EV_WRITE | EV_PERSIST, kernel_says_ready, conn);
    timer_init(&conn->watchdog, loop, watchdog_barks, conn);
    timer_init(&conn->deadline, loop, deadline_comes, conn);
    if (options->tls) {
        conn->handshake = must_calloc(1, sizeof *conn->handshake);
        conn->handshake->conn = conn;
        conn->handshake->tls = tls_ref(options->tls);
        conn->handshake->workers = options->workers;
    }
    /* Replies are written whole: waiting to join them with more only delays. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    LIST_INSERT_HEAD(&loop->conns, conn, all);
    atomic_fetch_add(&loop->conn_count, 1);
    timer_start(&conn->watchdog, conn->limits.handshake_ms);
    return conn;
}

struct conn *conn_adopt(struct loop *loop, int fd, const struct address *peer,
                        const struct conn_options *options)
{
    struct conn *conn = conn_make(loop, fd, peer, options);
    conn->server = true;
    conn->state = conn->handshake ? CONN_PEEKING : CONN_SHAKING;
    if (conn->handshake)
        conn_watch(conn);
    else
        conn_attend(conn);
    return conn;
}

struct conn *conn_connect(struct loop *loop, const struct address *address, const char *host,
                          const struct conn_options *options, struct fault *fault)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fault_set(fault, ERR_IO, FINDING_INTERNAL, "socket: %s", strerror(errno));
        return NULL;
    }
    struct conn *conn = conn_make(loop, fd, address, options);
    conn->state = CONN_CONNECTING;
    if (conn->handshake)
        conn->handshake->host = must_strdup(host ? host : "");
    /* Whatever connect says at once, SO_ERROR or a second connect says later. */
    if (connect(fd, &address->any, address_len(address)) == 0 || errno == EINPROGRESS) {
        conn_watch(conn);
        return conn;
    }
    struct fault why;
    fault_set(&why, ERR_IO,
              errno == ECONNREFUSED ? FINDING_CONNECTION_REFUSED : FINDING_CONNECTION_TIMEOUT,
              "connect: %s", strerror(errno));
    conn_fail(conn, &why);
    return conn;
}

static void watch_one(struct event *event, bool *watched, bool wanted)
{
    if (*watched == wanted)
        return;
    *watched = wanted;
    if (wanted)
        event_add(event, NULL);
    else
        event_del(event);
}

void conn_stop_reading(struct conn *conn)
{
    watch_one(&conn->readable, &conn->watches_read, false);
}

void conn_watch(struct conn *conn)
{
    bool read = false, write = false;
    switch (conn->state) {
    case CONN_CONNECTING:
        write = true;
        break;
    case CONN_PEEKING:
    case CONN_LINGERING:
        read = true;
        break;
    case CONN_SHAKING:
        if (conn->lent || !conn->handshake || timer_running(&conn->handshake->retry))
            break;
        write = conn->handshake->wants_write;
        read = !write;
        break;
    case CONN_OPEN:
        /* A pause is mostly over before the peer says more: until then (conn_pump)
         * the kernel need not hear of it. */
        read = (conn_takes_input(conn) || conn->watches_read) && !conn->peer_ended;
        write = conn->output.len > 0;
        break;
    case CONN_FLUSHING:
        write = true;
        break;
    case CONN_CLOSED:
        break;
    }
    watch_one(&conn->readable, &conn->watches_read, read);
    watch_one(&conn->writable, &conn->watches_write, write);
}

void conn_attend(struct conn *conn)
{
    if (conn->attended)
        return;
    conn->attended = true;
    TAILQ_INSERT_TAIL(&conn->loop->attention, conn, attention);
}

static void report_end(const struct conn *conn)
{
    enum finding finding = conn->why ? conn->why->finding : FINDING_NONE;
    if (!conn->server || finding == FINDING_NONE)
        return;
    enum event_level level = finding == FINDING_CONNECTION_LOST ? EVENT_DEBUG : EVENT_INFO;
    scoped(arena) struct arena *arena = arena_new();
    event_emit(level, conn->opened ? "net.closed" : "net.refused", finding,
               EVENT_SLICE("peer", address_print(arena, &conn->peer)), EVENT_INT("conn", conn->id),
               EVENT_FAULT(conn->why), EVENT_END);
}

/* The one place where a connection ends; lists all that it holds. */
static void destroy(struct conn *conn)
{
    report_end(conn);
    LIST_REMOVE(conn, all);
    atomic_fetch_sub(&conn->loop->conn_count, 1);
    if (conn->handler && conn->handler->on_closed)
        conn->handler->on_closed(conn, conn->why ? conn->why : &(struct fault){0});
    if (conn->attended) /* by a conn_ function in on_closed */
        TAILQ_REMOVE(&conn->loop->attention, conn, attention);
    if (conn->ssl && conn->opened && !conn->tls_broken && !conn->peer_ended)
        SSL_shutdown(conn->ssl); /* close_notify if the kernel takes it; we do not wait */
    SSL_free(conn->ssl);
    handshake_free(conn->handshake);
    close(conn->fd);
    if (conn->quota) {
        quota_leave(conn->quota, &conn->peer);
        quota_unref(conn->quota);
    }
    timer_stop(&conn->watchdog);
    timer_stop(&conn->deadline);
    buf_free(&conn->input);
    buf_free(&conn->output);
    free(conn->why);
    free(conn);
}

void conns_attend(struct loop *loop)
{
    struct conn_queue now = TAILQ_HEAD_INITIALIZER(now);
    TAILQ_CONCAT(&now, &loop->attention, attention);
    for (struct conn *conn; (conn = TAILQ_FIRST(&now));) {
        TAILQ_REMOVE(&now, conn, attention);
        conn->attended = false;
        if (conn->state == CONN_CLOSED && !conn->lent)
            destroy(conn);
        else if (conn->state == CONN_SHAKING && !conn->lent)
            handshake_begin(conn);
        else if (conn->state == CONN_OPEN)
            conn_offer(conn);
    }
}

void conn_fail(struct conn *conn, const struct fault *why)
{
    if (conn->state == CONN_CLOSED)
        return;
    if (why && !conn->why) {
        conn->why = must_alloc(sizeof *conn->why);
        *conn->why = *why;
    }
    conn->state = CONN_CLOSED;
    timer_stop(&conn->watchdog);
    timer_stop(&conn->deadline);
    if (conn->handshake)
        timer_stop(&conn->handshake->retry);
    conn_watch(conn);
    conn_attend(conn);
}

void conn_close(struct conn *conn)
{
    conn_fail(conn, NULL);
}

void conn_close_after_flush(struct conn *conn)
{
    if (conn->state < CONN_OPEN) {
        conn_close(conn);
    } else if (conn->state == CONN_OPEN) {
        conn->state = CONN_FLUSHING;
        conn_flush(conn);
    }
}

void conn_set_handler(struct conn *conn, const struct conn_handler *handler, void *user)
{
    conn->handler = handler;
    conn->user = user;
    conn->swapped = true;
    if (conn->input.len > 0 && !conn->delivering)
        conn_attend(conn);
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
}

void conn_resume(struct conn *conn)
{
    conn->paused = false;
    if (conn->state != CONN_OPEN)
        return;
    conn_watch(conn);
    if (conn->input.len > 0 || conn->peer_ended)
        conn_attend(conn);
}

void conn_set_deadline(struct conn *conn, int64_t ms, enum finding finding)
{
    conn->deadline_finding = finding;
    if (ms > 0 && conn->state != CONN_CLOSED)
        timer_start(&conn->deadline, ms);
    else
        timer_stop(&conn->deadline);
}

void conn_set_quota(struct conn *conn, struct quota *quota)
{
    conn->quota = quota_ref(quota);
}

void *conn_user(const struct conn *conn)
{
    return conn->user;
}

struct loop *conn_loop(const struct conn *conn)
{
    return conn->loop;
}

const struct address *conn_peer(const struct conn *conn)
{
    return &conn->peer;
}

struct address conn_local(const struct conn *conn)
{
    struct address local = {0};
    socklen_t len = sizeof local;
    if (getsockname(conn->fd, &local.any, &len) != 0)
        local = (struct address){0};
    return local;
}

uint64_t conn_id(const struct conn *conn)
{
    return conn->id;
}

bool conn_is_tls(const struct conn *conn)
{
    return conn->handshake || conn->ssl; /* ssl is the worker's while there is a handshake */
}

struct ssl_st *conn_ssl(struct conn *conn)
{
    return conn->opened ? conn->ssl : NULL;
}

size_t conn_queued(const struct conn *conn)
{
    return conn->output.len - conn->output_sent;
}
