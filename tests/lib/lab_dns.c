#include "lab_dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct lab_dns {
    struct lab_dns_options options;
    pthread_t thread;
    int udp, tcp, stop;
    uint16_t port;
    atomic_int udp_queries, tcp_queries;
};

static void must(bool fine)
{
    if (!fine)
        abort();
}

/* TCP gets whatever port is free, UDP must then have the same: try until both do. */
static void open_sockets(struct lab_dns *lab)
{
    for (;;) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t len = sizeof at;
        lab->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        lab->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        must(lab->tcp >= 0 && lab->udp >= 0);
        must(bind(lab->tcp, (struct sockaddr *)&at, sizeof at) == 0);
        must(listen(lab->tcp, 16) == 0);
        must(getsockname(lab->tcp, (struct sockaddr *)&at, &len) == 0);
        lab->port = ntohs(at.sin_port);
        if (bind(lab->udp, (struct sockaddr *)&at, sizeof at) == 0)
            return;
        close(lab->tcp);
        close(lab->udp);
    }
}

static bool answer(struct lab_dns *lab, enum nameserver_transport transport, struct slice query,
                   struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    if (lab->options.silent ||
        nameserver_step(lab->options.server, transport, query, arena, out, NULL) != 0)
        return false;
    if (lab->options.mangle)
        lab->options.mangle(out);
    return true;
}

static void serve_udp(struct lab_dns *lab)
{
    char query[DNS_UDP_PLAIN * 4];
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    scoped(buf) struct buf out = BUF_INIT;
    ssize_t got = recvfrom(lab->udp, query, sizeof query, 0, (struct sockaddr *)&from, &len);
    if (got < 0)
        return;
    lab->udp_queries++;
    if (answer(lab, NAMESERVER_UDP, slice_make(query, (size_t)got), &out))
        must(sendto(lab->udp, out.at, out.len, 0, (struct sockaddr *)&from, len) >= 0);
}

static bool receive_all(int fd, void *to, size_t len)
{
    return recv(fd, to, len, MSG_WAITALL) == (ssize_t)len;
}

/* One connection after the other is enough for a test. */
static void serve_tcp(struct lab_dns *lab)
{
    uint8_t head[2];
    char query[DNS_UDP_PLAIN * 4];
    int fd = accept(lab->tcp, NULL, NULL);
    must(fd >= 0);
    while (receive_all(fd, head, 2)) {
        size_t len = (size_t)(head[0] << 8 | head[1]);
        scoped(buf) struct buf out = BUF_INIT;
        if (len > sizeof query || !receive_all(fd, query, len))
            break;
        lab->tcp_queries++;
        if (!answer(lab, NAMESERVER_TCP, slice_make(query, len), &out))
            break;
        head[0] = (uint8_t)(out.len >> 8);
        head[1] = (uint8_t)(out.len & 0xff);
        if (send(fd, head, 2, MSG_NOSIGNAL) != 2 ||
            send(fd, out.at, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
            break;
    }
    close(fd);
}

static void *serve(void *arg)
{
    struct lab_dns *lab = arg;
    for (;;) {
        struct pollfd fds[] = {{.fd = lab->udp, .events = POLLIN},
                               {.fd = lab->tcp, .events = POLLIN},
                               {.fd = lab->stop, .events = POLLIN}};
        must(poll(fds, 3, -1) > 0);
        if (fds[2].revents)
            return NULL;
        if (fds[0].revents)
            serve_udp(lab);
        if (fds[1].revents)
            serve_tcp(lab);
    }
}

struct lab_dns *lab_dns_start(const struct lab_dns_options *options)
{
    struct lab_dns *lab = must_calloc(1, sizeof *lab);
    lab->options = *options;
    lab->stop = eventfd(0, EFD_CLOEXEC);
    must(lab->stop >= 0);
    open_sockets(lab);
    must(pthread_create(&lab->thread, NULL, serve, lab) == 0);
    return lab;
}

uint16_t lab_dns_port(const struct lab_dns *lab)
{
    return lab->port;
}

int lab_dns_udp_queries(const struct lab_dns *lab)
{
    return lab->udp_queries;
}

int lab_dns_tcp_queries(const struct lab_dns *lab)
{
    return lab->tcp_queries;
}

void lab_dns_stop(struct lab_dns *lab)
{
    if (!lab)
        return;
    uint64_t one = 1;
    must(write(lab->stop, &one, sizeof one) == sizeof one);
    pthread_join(lab->thread, NULL);
    close(lab->udp);
    close(lab->tcp);
    close(lab->stop);
    free(lab);
}
