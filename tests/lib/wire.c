#include "wire.h"

#include "base/arena.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host ? host : "127.0.0.1", &address.sin_addr);
    return address;
}

struct wire *wire_open(uint16_t port, const char *from, struct tls *tls, const char *name)
{
    struct sockaddr_in here = loopback(from, 0), there = loopback(NULL, port);
    struct wire *wire = must_calloc(1, sizeof *wire);
    const struct timeval patience = {.tv_sec = WIRE_PATIENCE_MS / 1000};
    wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(wire->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(wire->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    bool good = bind(wire->fd, (struct sockaddr *)&here, sizeof here) == 0 &&
                connect(wire->fd, (struct sockaddr *)&there, sizeof there) == 0;
    if (good && tls) {
        wire->ssl = tls_session_new(tls, name);
        SSL_clear_mode(wire->ssl, SSL_MODE_AUTO_RETRY); /* a ticket is not an answer */
        good = SSL_set_fd(wire->ssl, wire->fd) == 1 && SSL_connect(wire->ssl) == 1;
    }
    ERR_clear_error();
    if (good)
        return wire;
    wire_close(wire);
    return NULL;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    SSL_free(wire->ssl);
    close(wire->fd);
    buf_free(&wire->in);
    free(wire);
}

void wire_finish(struct wire *wire)
{
    if (wire->ssl)
        SSL_shutdown(wire->ssl);
    shutdown(wire->fd, SHUT_WR);
}

bool wire_write(struct wire *wire, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = wire->ssl ? SSL_write(wire->ssl, bytes.at, (int)bytes.len)
                                 : send(wire->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0) {
            ERR_clear_error();
            return false;
        }
        bytes = slice_from(bytes, (size_t)sent);
    }
    return true;
}

static int read_some(struct wire *wire)
{
    char *to = buf_reserve(&wire->in, 16384);
    ERR_clear_error();
    ssize_t got = wire->ssl ? SSL_read(wire->ssl, to, 16384) : recv(wire->fd, to, 16384, 0);
    if (got > 0) {
        buf_added(&wire->in, (size_t)got);
        return 1;
    }
    if (wire->ssl && SSL_get_error(wire->ssl, (int)got) == SSL_ERROR_WANT_READ)
        return -1;
    wire->ended = true;
    return 0;
}

int wire_read(struct wire *wire, int ms)
{
    struct pollfd readable = {.fd = wire->fd, .events = POLLIN};
    int64_t until = clock_monotonic() + ms;
    while (!wire->ended) {
        int64_t left = until - clock_monotonic();
        bool pending = wire->ssl && SSL_pending(wire->ssl) > 0;
        if (!pending && poll(&readable, 1, left > 0 ? (int)left : 0) <= 0)
            return -1;
        int got = read_some(wire);
        if (got >= 0)
            return got;
    }
    return 0;
}

bool wire_ends(struct wire *wire)
{
    int got;
    while ((got = wire_read(wire, WIRE_PATIENCE_MS)) > 0)
        buf_clear(&wire->in);
    return got == 0;
}

/* ---- HTTP --------------------------------------------------------------------------- */

struct slice wire_header(const struct wire_response *response, const char *name)
{
    struct slice rest = response->head, line, key, value;
    while (slice_cut(rest, '\n', &line, &rest))
        if (slice_cut(line, ':', &key, &value) && slice_eq_nocase(key, slice_of(name)))
            return slice_trim(value);
    return (struct slice){0};
}

/* A whole response at the start of `bytes`? Its length, or 0. */
static size_t response_in(struct slice bytes, struct arena *arena, struct wire_response *out)
{
    uint64_t status = 0, length = 0;
    ptrdiff_t blank = slice_find(bytes, SLICE("\r\n\r\n"));
    if (blank < 0)
        return 0;
    size_t head = (size_t)blank + 4;
    out->head = slice_head(bytes, head);
    slice_number(slice_head(slice_from(bytes, sizeof "HTTP/1.1 " - 1), 3), 999, &status);
    slice_number(wire_header(out, "Content-Length"), 1 << 24, &length);
    if (bytes.len < head + length)
        return 0;
    out->status = (int)status;
    out->head = arena_copy(arena, out->head);
    out->body = arena_copy(arena, slice_head(slice_from(bytes, head), length));
    return head + length;
}

bool wire_response(struct wire *wire, struct arena *arena, struct wire_response *out)
{
    size_t len;
    while ((len = response_in(buf_slice(&wire->in), arena, out)) == 0)
        if (wire_read(wire, WIRE_PATIENCE_MS) <= 0)
            return false;
    buf_drop(&wire->in, len);
    return true;
}
