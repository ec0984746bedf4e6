/* c-ares carries the queries; the answers are read by discover/dns, because
 * c-ares tells neither the CNAME chain of a failed look-up nor who answered. */
#include "client/resolver_priv.h"

#include "base/clock.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 2000,
    TRIES = 2,
    DNS_PORT = 53,
    EDNS_SIZE = 1232
};

struct resolver {
    ares_channel channel;
    bool system; /* the machine's own configuration: its hosts file counts, too */
    int timeout_ms;
    char peer[RESOLVER_SERVER_TEXT]; /* who sent what is being processed */
    bool peer_tcp;
};

/* ---- c-ares' sockets: ours, to see who answers ------------------------------- */

static ares_socket_t open_socket(int family, int type, int protocol, void *arg)
{
    (void)arg;
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int close_socket(ares_socket_t fd, void *arg)
{
    (void)arg;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len,
                          void *arg)
{
    (void)arg;
    return connect(fd, to, len);
}

static void note_peer(struct resolver *r, int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer, type_len = sizeof(int);
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int type = 0;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
        getnameinfo((struct sockaddr *)&peer, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(r->peer, sizeof r->peer, peer.ss_family == AF_INET6 ? "[%.50s]:%.5s" : "%.50s:%.5s",
             host, port);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len);
    r->peer_tcp = type == SOCK_STREAM;
}

static ares_ssize_t receive(ares_socket_t fd, void *to, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *from_len, void *arg)
{
    ssize_t got = recvfrom(fd, to, size, flags, from, from_len);
    if (got > 0)
        note_peer(arg, fd);
    return got;
}

static ares_ssize_t transmit(ares_socket_t fd, const struct iovec *pieces, int count, void *arg)
{
    (void)arg;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions SOCKETS = {
    .asocket = open_socket,
    .aclose = close_socket,
    .aconnect = connect_socket,
    .arecvfrom = receive,
    .asendv = transmit,
};

/* ---- construction ------------------------------------------------------------- */

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", "V6". */
static int parse_server(struct slice text, struct dns_address *address, uint16_t *port)
{
    struct slice host = text, rest = {0};
    uint64_t number = DNS_PORT;
    if (slice_starts(text, SLICE("["))) {
        if (!slice_cut(slice_from(text, 1), ']', &host, &rest))
            return -ERR_MALFORMED;
        if (!slice_empty(rest) && rest.at[0] != ':')
            return -ERR_MALFORMED;
        rest = slice_from(rest, 1);
    } else if (dns_address_parse(text, address) != 0) {
        slice_cut(text, ':', &host, &rest);
    }
    if (!slice_empty(rest) && (slice_number(rest, UINT16_MAX, &number) != 0 || number == 0))
        return -ERR_MALFORMED;
    *port = (uint16_t)number;
    return dns_address_parse(host, address);
}

static int set_server(struct resolver *r, struct slice text, struct fault *fault)
{
    struct dns_address address;
    uint16_t port;
    if (parse_server(text, &address, &port) != 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "name server \"%.*s\": not an address, or address:port",
                         SLICE_ARG(slice_head(text, 80)));
    struct ares_addr_port_node node = {
        .family = address.len == 4 ? AF_INET : AF_INET6, .udp_port = port, .tcp_port = port};
    memcpy(&node.addr, address.bytes, address.len);
    int status = ares_set_servers_ports(r->channel, &node);
    if (status != ARES_SUCCESS)
        return fault_set(fault, ERR_IO, FINDING_DNS_NO_SERVER, "%s", ares_strerror(status));
    return 0;
}

static void start_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

struct resolver *resolver_new(const struct resolver_options *options, struct fault *fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
    scoped(resolver) struct resolver *r = must_calloc(1, sizeof *r);
    r->system = slice_empty(options->nameserver);
    r->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
    /* Names here are complete: no search list. Where there is only one server to
     * ask, its SERVFAIL or REFUSED is the answer: c-ares 1.18 would otherwise try
     * again and then report it as a refused connection. */
    struct ares_options ares = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
                 (options->tcp ? ARES_FLAG_USEVC : 0) | (r->system ? 0 : ARES_FLAG_NOCHECKRESP),
        .timeout = r->timeout_ms,
        .tries = options->tries > 0 ? options->tries : TRIES,
        .ednspsz = EDNS_SIZE,
    };
    int status =
        ares_init_options(&r->channel, &ares,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ);
    if (status != ARES_SUCCESS) {
        r->channel = NULL;
        fault_set(fault, ERR_IO, FINDING_DNS_NO_SERVER, "c-ares: %s", ares_strerror(status));
        return NULL;
    }
    ares_set_socket_functions(r->channel, &SOCKETS, r);
    if (!r->system && set_server(r, options->nameserver, fault) != 0)
        return NULL;
    return take(&r);
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    if (resolver->channel)
        ares_destroy(resolver->channel);
    free(resolver);
}

/* ---- asking ---------------------------------------------------------------------- */

static void answered(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
    (void)timeouts;
    struct asked *q = arg;
    q->done = true;
    q->status = status;
    if (bytes && len > 0)
        q->bytes = arena_copy(q->arena, slice_make(bytes, (size_t)len));
    if (q->resolver->peer[0] && status != ARES_ETIMEOUT)
        q->server = arena_copy(q->arena, slice_of(q->resolver->peer));
    q->tcp = q->resolver->peer_tcp;
}

/* Give c-ares the processor until all questions have their callback; it keeps
 * the time, and a query always ends within timeout x tries x servers. */
static void wait_for(struct resolver *r, struct asked *asked, size_t count)
{
    for (;;) {
        bool done = true;
        for (size_t i = 0; i < count; i++)
            done = done && asked[i].done;
        if (done)
            return;
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        struct pollfd fds[ARES_GETSOCK_MAXNUM];
        nfds_t n = 0;
        unsigned bits = (unsigned)ares_getsock(r->channel, sockets, ARES_GETSOCK_MAXNUM);
        for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            /* ARES_GETSOCK_WRITABLE shifts into the sign bit of an int; this does not. */
            short events = (short)((bits >> i & 1U ? POLLIN : 0) |
                                   (bits >> (i + ARES_GETSOCK_MAXNUM) & 1U ? POLLOUT : 0));
            if (events)
                fds[n++] = (struct pollfd){.fd = sockets[i], .events = events};
        }
        /* What comes back is one of the two, and the second may not be filled at all. */
        struct timeval longest = {.tv_sec = 1}, nearer;
        const struct timeval *left = ares_timeout(r->channel, &longest, &nearer);
        poll(fds, n, (int)(left->tv_sec * 1000 + (left->tv_usec + 999) / 1000));
        for (nfds_t i = 0; i < n; i++) {
            bool in = fds[i].revents & (POLLIN | POLLERR | POLLHUP);
            bool out = fds[i].revents & (POLLOUT | POLLERR | POLLHUP);
            ares_process_fd(r->channel, in ? fds[i].fd : ARES_SOCKET_BAD,
                            out ? fds[i].fd : ARES_SOCKET_BAD);
        }
        ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
    }
}

static int ask(struct resolver *r, struct slice name, const uint16_t *types, size_t count,
               struct arena *arena, struct resolver_answer *out, struct fault *fault)
{
    struct asked asked[RESOLVER_QUESTIONS_MAX] = {0};
    int64_t start = clock_monotonic_us();
    /* A backslash would mean an escape to c-ares, and names of hosts have none. */
    if (dns_name_check(name, fault) != 0 || slice_index(name, '\\') >= 0 ||
        memchr(name.at, 0, name.len))
        return fault_set(fault, ERR_MALFORMED, FINDING_DNS_MALFORMED,
                         "\"%.*s\" cannot be a name in DNS", SLICE_ARG(slice_head(name, 100)));
    r->peer[0] = 0;
    for (size_t i = 0; i < count; i++) {
        asked[i] = (struct asked){.resolver = r, .arena = arena, .type = types[i]};
        ares_query(r->channel, arena_string(arena, name), DNS_CLASS_IN, types[i], answered,
                   &asked[i]);
    }
    wait_for(r, asked, count);
    int err = resolver_conclude(asked, count, r->timeout_ms, out, fault);
    out->spent_us = clock_monotonic_us() - start;
    return err;
}

/* Look into /etc/hosts, as every program of the machine does before it asks. */
static void ask_hosts_file(struct resolver *r, struct slice host, int family, struct arena *arena,
                           struct resolver_answer *out)
{
    struct hostent *entry = NULL;
    if (ares_gethostbyname_file(r->channel, arena_string(arena, host), family, &entry) !=
        ARES_SUCCESS)
        return;
    size_t count = 0;
    while (entry->h_addr_list[count])
        count++;
    struct dns_address *all = arena_array(arena, struct dns_address, out->address_count + count);
    for (size_t i = 0; i < out->address_count; i++)
        all[i] = out->addresses[i];
    for (size_t i = 0; i < count; i++) {
        struct dns_address *a = &all[out->address_count++];
        a->len = family == AF_INET ? 4 : 16;
        memcpy(a->bytes, entry->h_addr_list[i], a->len);
    }
    ares_free_hostent(entry);
    out->addresses = all;
    out->server = SLICE("hosts file");
}

/* Answers that need no server. */
static bool known_here(struct resolver *r, struct slice host, enum resolver_family family,
                       struct arena *arena, struct resolver_answer *out)
{
    struct dns_address literal;
    if (dns_address_parse(host, &literal) == 0) {
        out->addresses = arena_new_of(arena, struct dns_address);
        out->addresses[out->address_count++] = literal;
        out->server = SLICE("literal");
        return true;
    }
    if (r->system && (family & RESOLVER_V4))
        ask_hosts_file(r, host, AF_INET, arena, out);
    if (r->system && (family & RESOLVER_V6))
        ask_hosts_file(r, host, AF_INET6, arena, out);
    return out->address_count > 0;
}

int resolver_lookup(struct resolver *resolver, struct slice host, enum resolver_family family,
                    struct arena *arena, struct resolver_answer *out, struct fault *fault)
{
    uint16_t types[RESOLVER_QUESTIONS_MAX];
    size_t count = 0;
    *out = (struct resolver_answer){.name = arena_copy(arena, host)};
    if (known_here(resolver, host, family, arena, out))
        return 0;
    if (family & RESOLVER_V4)
        types[count++] = DNS_A;
    if (family & RESOLVER_V6)
        types[count++] = DNS_AAAA;
    return ask(resolver, out->name, types, count, arena, out, fault);
}

int resolver_srv(struct resolver *resolver, struct slice name, struct arena *arena,
                 struct resolver_answer *out, struct fault *fault)
{
    uint16_t type = DNS_SRV;
    *out = (struct resolver_answer){.name = arena_copy(arena, name)};
    return ask(resolver, out->name, &type, 1, arena, out, fault);
}
