#include "server/lab_dns.h"

#include "event/event.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    QUERY_MAX = 4096,
    TCP_WAIT_MS = 2000, /* a client that says less in this time is let go */
    BIND_TRIES = 16,    /* the UDP port that the kernel chose may be taken on TCP */
};

struct lab_dns {
    int udp, tcp, stop;
    struct address address;
    const struct nameserver *nameserver;
    pthread_t thread;
    bool running;
};

static int bind_one(const struct address *address, int type)
{
    int fd = socket(address->any.sa_family, type | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return -1;
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address->any, address_len(address)) < 0 ||
        (type == SOCK_STREAM && listen(fd, 16) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool bind_both(struct lab_dns *dns, const struct address *wanted)
{
    dns->address = *wanted;
    dns->udp = bind_one(wanted, SOCK_DGRAM);
    if (dns->udp < 0)
        return false;
    socklen_t size = sizeof dns->address;
    getsockname(dns->udp, &dns->address.any, &size);
    dns->tcp = bind_one(&dns->address, SOCK_STREAM);
    if (dns->tcp >= 0)
        return true;
    close(dns->udp);
    return false;
}

int lab_dns_open(const struct address *address, struct lab_dns **dns_out, struct fault *fault)
{
    struct lab_dns *dns = must_calloc(1, sizeof *dns);
    int tries = address_port(address) ? 1 : BIND_TRIES;
    bool bound = false;
    while (!bound && tries-- > 0)
        bound = bind_both(dns, address);
    if (!bound) {
        scoped(arena) struct arena *arena = arena_new();
        fault_set(fault, ERR_IO, FINDING_CONFIG_INVALID, "[listen] dns: cannot bind %s: %s",
                  address_print(arena, address).at, strerror(errno));
        free(dns);
        return -ERR_IO;
    }
    dns->stop = eventfd(0, EFD_CLOEXEC);
    *dns_out = dns;
    return 0;
}

uint16_t lab_dns_port(const struct lab_dns *dns)
{
    return address_port(&dns->address);
}

static bool answer(struct lab_dns *dns, enum nameserver_transport transport, struct slice query,
                   struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    struct nameserver_note note = {0};
    if (nameserver_step(dns->nameserver, transport, query, arena, out, &note) < 0)
        return false;
    event_emit(EVENT_DEBUG, "dns.query", FINDING_NONE, EVENT_SLICE("name", note.name),
               EVENT_SLICE("type", dns_type_name(arena, note.type)),
               EVENT_SLICE("rcode", dns_rcode_name(arena, note.rcode)), EVENT_END);
    return true;
}

static void serve_udp(struct lab_dns *dns)
{
    char query[QUERY_MAX];
    struct address from;
    socklen_t size = sizeof from;
    scoped(buf) struct buf out = BUF_INIT;
    ssize_t len = recvfrom(dns->udp, query, sizeof query, MSG_DONTWAIT, &from.any, &size);
    if (len >= 0 && answer(dns, NAMESERVER_UDP, slice_make(query, (size_t)len), &out))
        (void)!sendto(dns->udp, out.at, out.len, 0, &from.any, size);
}

static bool read_exactly(int fd, char *to, size_t len)
{
    while (len > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&ready, 1, TCP_WAIT_MS) > 0 ? recv(fd, to, len, 0) : -1;
        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* One query a connection (RFC 7766 allows closing after it). */
static void serve_tcp(struct lab_dns *dns)
{
    uint8_t prefix[2];
    char query[QUERY_MAX];
    scoped(buf) struct buf out = BUF_INIT;
    int fd = accept4(dns->tcp, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (read_exactly(fd, (char *)prefix, 2)) {
        size_t len = (size_t)prefix[0] << 8 | prefix[1];
        if (len <= sizeof query && read_exactly(fd, query, len) &&
            answer(dns, NAMESERVER_TCP, slice_make(query, len), &out)) {
            uint8_t size[2] = {(uint8_t)(out.len >> 8), (uint8_t)out.len};
            (void)!send(fd, size, 2, MSG_NOSIGNAL | MSG_MORE);
            (void)!send(fd, out.at, out.len, MSG_NOSIGNAL);
        }
    }
    close(fd);
}

static void *run(void *arg)
{
    struct lab_dns *dns = arg;
    struct pollfd fds[] = {
        {.fd = dns->udp, .events = POLLIN},
        {.fd = dns->tcp, .events = POLLIN},
        {.fd = dns->stop, .events = POLLIN},
    };
    while (poll(fds, 3, -1) >= 0 || errno == EINTR) {
        if (fds[2].revents)
            break;
        if (fds[0].revents)
            serve_udp(dns);
        if (fds[1].revents)
            serve_tcp(dns);
    }
    return NULL;
}

int lab_dns_start(struct lab_dns *dns, const struct nameserver *nameserver, struct fault *fault)
{
    dns->nameserver = nameserver;
    int err = pthread_create(&dns->thread, NULL, run, dns);
    if (err != 0)
        return fault_set(fault, ERR_IO, FINDING_INTERNAL, "lab name server thread: %s",
                         strerror(err));
    dns->running = true;
    return 0;
}

void lab_dns_free(struct lab_dns *dns)
{
    if (!dns)
        return;
    if (dns->running) {
        eventfd_write(dns->stop, 1);
        pthread_join(dns->thread, NULL);
    }
    close(dns->udp);
    close(dns->tcp);
    close(dns->stop);
    free(dns);
}
