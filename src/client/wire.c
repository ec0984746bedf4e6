#include "client/wire.h"

#include "base/clock.h"
#include "net/address.h"
#include "sip/frame.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

struct wire {
    struct arena *arena;
    struct wire_options with;
    int fd;
    SSL *ssl;
    struct sip_framer framer;
    struct buf input;
    bool sending;
    size_t used; /* bytes of the message that was handed out last */
    struct slice local, peer, security, target;
};

enum {
    CHUNK = 16 * 1024,
    BODY_MAX = 16 * 1024 * 1024 /* the presence of a thousand contacts is more than a megabyte */
};

/* ---- waiting --------------------------------------------------------------------------- */

/* 0: ready; -ERR_AGAIN: time is up; -ERR_CONFLICT: told to stop. Only reading is
 * stopped: a message that is half sent is sent to its end. */
static int wait_for(const struct wire *wire, short events, int64_t until)
{
    struct pollfd fds[2] = {{wire->fd, events, 0}, {wire->with.stop_fd, POLLIN, 0}};
    bool stoppable = wire->with.stop_fd >= 0 && !wire->sending;
    for (;;) {
        int64_t left = until - clock_monotonic();
        int ready = poll(fds, stoppable ? 2 : 1, left > 0 ? (int)left : 0);
        if (ready > 0 && stoppable && fds[1].revents)
            return -ERR_CONFLICT;
        if (ready > 0)
            return 0;
        if (ready == 0)
            return -ERR_AGAIN;
        if (errno != EINTR)
            return -ERR_IO;
    }
}

static int timed_out(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "%s", what);
}

/* After an SSL call that did not succeed: wait for what it wants. */
static int ssl_wait(struct wire *wire, int ret, int64_t until, struct fault *fault)
{
    int err = tls_fault(wire->ssl, ret, fault);
    if (err != -ERR_AGAIN)
        return err;
    return wait_for(wire, SSL_want_write(wire->ssl) ? POLLOUT : POLLIN, until);
}

/* Writing to a connection that the peer has reset raises SIGPIPE, which would end a
 * program that did not expect it of a library. */
struct quiet {
    sigset_t before;
    bool pending;
};

static void quiet_begin(struct quiet *quiet)
{
    sigset_t pipe, waiting;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&waiting);
    quiet->pending = sigismember(&waiting, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &quiet->before);
}

static void quiet_end(const struct quiet *quiet)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!quiet->pending)
        sigtimedwait(&pipe, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}

/* ---- connecting ------------------------------------------------------------------------- */

static int connect_fault(int number, struct fault *fault)
{
    enum finding finding = number == ENETUNREACH || number == EHOSTUNREACH
                               ? FINDING_NETWORK_UNREACHABLE
                           : number == ETIMEDOUT ? FINDING_CONNECTION_TIMEOUT
                                                 : FINDING_CONNECTION_REFUSED;
    return fault_set(fault, ERR_IO, finding, "%s", strerror(number));
}

static struct address socket_address(const struct dns_address *from, uint16_t port)
{
    struct address to = {0};
    if (from->len == 16) {
        to.v6.sin6_family = AF_INET6;
        memcpy(&to.v6.sin6_addr, from->bytes, 16);
    } else {
        to.v4.sin_family = AF_INET;
        memcpy(&to.v4.sin_addr, from->bytes, 4);
    }
    address_set_port(&to, port);
    return to;
}

static int connect_tcp(struct wire *wire, const struct address *to, int64_t until,
                       struct fault *fault)
{
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    wire->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return connect_fault(errno, fault);
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(wire->fd, &to->any, address_len(to)) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return connect_fault(errno, fault);
    int err = wait_for(wire, POLLOUT, until);
    if (err)
        return timed_out(fault, "no answer to the connection request");
    getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error ? connect_fault(error, fault) : 0;
}

static int shake_hands(struct wire *wire, int64_t until, struct fault *fault)
{
    scoped(arena) struct arena *scratch = arena_new();
    wire->ssl = tls_session_new(wire->with.tls, arena_string(scratch, wire->with.host));
    if (!wire->ssl || SSL_set_fd(wire->ssl, wire->fd) != 1)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "no TLS session");
    for (;;) {
        int ret = SSL_connect(wire->ssl);
        if (ret == 1)
            return 0;
        int err = ssl_wait(wire, ret, until, fault);
        if (err == -ERR_AGAIN)
            return timed_out(fault, "no answer to the TLS ClientHello");
        if (err)
            return err;
    }
}

static void disconnect(struct wire *wire)
{
    SSL_free(wire->ssl);
    wire->ssl = NULL;
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
}

static int connect_one(struct wire *wire, const struct dns_address *where, struct fault *fault)
{
    int64_t until = clock_monotonic() + wire->with.timeout_ms;
    struct address to = socket_address(where, wire->with.reach->port), from = {0};
    socklen_t size = sizeof from;
    wire->peer = address_print(wire->arena, &to);
    int err = connect_tcp(wire, &to, until, fault);
    if (err == 0)
        err = shake_hands(wire, until, fault);
    if (err) {
        disconnect(wire);
        return err;
    }
    getsockname(wire->fd, &from.any, &size);
    wire->local = address_print(wire->arena, &from);
    wire->security =
        arena_print(wire->arena, "%s %s", SSL_get_version(wire->ssl), SSL_get_cipher(wire->ssl));
    return 0;
}

static int64_t wall_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

struct wire *wire_open(const struct wire_options *options, struct fault *fault)
{
    struct wire *wire = must_calloc(1, sizeof *wire);
    wire->arena = arena_new();
    wire->with = *options;
    wire->with.host = arena_copy(wire->arena, options->host);
    wire->target = reach_print(wire->arena, options->host, options->port);
    wire->fd = -1;
    sip_framer_init(&wire->framer, &(struct sip_limits){.body = BODY_MAX});
    int err = fault_set(fault, ERR_UNKNOWN, FINDING_DNS_NOT_FOUND, "no address for %.*s",
                        SLICE_ARG(options->host));
    for (size_t i = 0; i < options->reach->address_count && err; i++) {
        err = connect_one(wire, &options->reach->addresses[i], fault);
        /* Who answers with a bad certificate is no reason to ask another address. */
        if (err && err != -ERR_IO)
            break;
    }
    wire->with.reach = NULL;
    if (err) {
        wire_close(wire);
        return NULL;
    }
    trace_note(wire->with.trace, wall_us(), wire->local, SLICE("client"), wire->target,
               wire->security);
    return wire;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    if (wire->ssl && SSL_is_init_finished(wire->ssl)) {
        struct quiet quiet;
        quiet_begin(&quiet);
        SSL_shutdown(wire->ssl);
        quiet_end(&quiet);
    }
    disconnect(wire);
    buf_free(&wire->input);
    arena_free(wire->arena);
    free(wire);
}

/* ---- talking -------------------------------------------------------------------------------- */

static void write_trace(struct wire *wire, bool out, struct slice text)
{
    trace_write(wire->with.trace, &(struct trace_record){
                                      .at_us = wall_us(),
                                      .layer = TRACE_SIP,
                                      .from = out ? SLICE("client") : wire->target,
                                      .to = out ? wire->target : SLICE("client"),
                                      .conversation = wire->local,
                                      .text = text,
                                  });
}

static int write_all(struct wire *wire, struct slice bytes, struct fault *fault)
{
    int64_t until = clock_monotonic() + wire->with.timeout_ms;
    while (!slice_empty(bytes)) {
        int ret = SSL_write(wire->ssl, bytes.at, (int)bytes.len);
        if (ret > 0) {
            bytes = slice_from(bytes, (size_t)ret);
            continue;
        }
        int err = ssl_wait(wire, ret, until, fault);
        if (err == -ERR_AGAIN)
            return timed_out(fault, "the server takes no more");
        if (err)
            return err;
    }
    return 0;
}

static int send_bytes(struct wire *wire, struct slice bytes, struct fault *fault)
{
    struct quiet quiet;
    quiet_begin(&quiet);
    wire->sending = true;
    int err = write_all(wire, bytes, fault);
    wire->sending = false;
    quiet_end(&quiet);
    return err;
}

int wire_send(struct wire *wire, struct slice message, struct fault *fault)
{
    write_trace(wire, true, message);
    return send_bytes(wire, message, fault);
}

int wire_keepalive(struct wire *wire, struct fault *fault)
{
    return send_bytes(wire, SLICE("\r\n\r\n"), fault);
}

int wire_receive(struct wire *wire, int64_t until, struct slice *message_out, struct fault *fault)
{
    buf_drop(&wire->input, wire->used);
    wire->used = 0;
    for (;;) {
        struct sip_frame frame;
        int err = sip_frame(&wire->framer, buf_slice(&wire->input), &frame, fault);
        if (err)
            return err;
        if (frame.kind == SIP_FRAME_MESSAGE) {
            *message_out = frame.bytes;
            wire->used = frame.len;
            write_trace(wire, false, frame.bytes);
            return 0;
        }
        buf_drop(&wire->input, frame.len);
        if (frame.kind == SIP_FRAME_KEEPALIVE)
            continue;
        int got = SSL_read(wire->ssl, buf_reserve(&wire->input, CHUNK), CHUNK);
        if (got > 0) {
            buf_added(&wire->input, (size_t)got);
            continue;
        }
        err = ssl_wait(wire, got, until, fault);
        if (err)
            return err;
    }
}

int wire_fd(const struct wire *wire)
{
    return wire->fd;
}

struct slice wire_local(const struct wire *wire)
{
    return wire->local;
}

struct slice wire_peer(const struct wire *wire)
{
    return wire->peer;
}

struct slice wire_security(const struct wire *wire)
{
    return wire->security;
}
