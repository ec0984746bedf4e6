#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int bad(struct slice text, struct fault *fault)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                     "'%.*s' is not an IP address with a port, such as 192.0.2.1:443 or [::]:443",
                     SLICE_ARG(slice_head(text, 64)));
}

/* A host of IPv6 text, IPv4 text, in that order of the colon's telling. */
static bool parse_host(struct slice host, struct address *out)
{
    char name[INET6_ADDRSTRLEN];
    if (host.len >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", SLICE_ARG(host));
    *out = (struct address){0};
    if (slice_index(host, ':') >= 0) {
        out->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, name, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, name, &out->v4.sin_addr) == 1;
}

int address_parse(struct slice text, uint16_t default_port, struct address *out,
                  struct fault *fault)
{
    struct slice host = text, port = {0};
    if (slice_starts(text, SLICE("["))) {
        ptrdiff_t end = slice_index(text, ']');
        if (end < 0)
            return bad(text, fault);
        host = slice_make(text.at + 1, (size_t)end - 1);
        port = slice_from(text, (size_t)end + 1);
        if (slice_index(host, ':') < 0 || (port.len && !slice_starts(port, SLICE(":"))))
            return bad(text, fault);
        port = port.len ? slice_from(port, 1) : (struct slice){0};
    } else if (slice_cut(text, ':', &host, &port) && slice_index(port, ':') >= 0) {
        host = text; /* bare IPv6 */
        port = (struct slice){0};
    }
    uint64_t number = default_port;
    if (!slice_absent(port) && slice_number(port, UINT16_MAX, &number) != 0)
        return bad(text, fault);
    struct address address;
    if (!parse_host(host, &address))
        return bad(text, fault);
    address_set_port(&address, (uint16_t)number);
    *out = address;
    return 0;
}

/* An IPv4 address inside an IPv6 one, as dual-stack sockets report them. */
static bool mapped(const struct address *address)
{
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
}

static bool host_text(const struct address *address, char text[static INET6_ADDRSTRLEN])
{
    const void *host = address->any.sa_family == AF_INET    ? (const void *)&address->v4.sin_addr
                       : mapped(address)                    ? &address->v6.sin6_addr.s6_addr[12]
                       : address->any.sa_family == AF_INET6 ? (const void *)&address->v6.sin6_addr
                                                            : NULL;
    int family = mapped(address) ? AF_INET : address->any.sa_family;
    return host && inet_ntop(family, host, text, INET6_ADDRSTRLEN);
}

struct slice address_print_host(struct arena *arena, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    return arena_print(arena, "%s", host_text(address, text) ? text : "-");
}

struct slice address_print(struct arena *arena, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    if (!host_text(address, text))
        return arena_print(arena, "-");
    return arena_print(arena, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, address_port(address));
}

uint16_t address_port(const struct address *address)
{
    return address->any.sa_family == AF_INET6  ? ntohs(address->v6.sin6_port)
           : address->any.sa_family == AF_INET ? ntohs(address->v4.sin_port)
                                               : 0;
}

void address_set_port(struct address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

socklen_t address_len(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

bool address_same_host(const struct address *a, const struct address *b)
{
    char one[INET6_ADDRSTRLEN], two[INET6_ADDRSTRLEN];
    return host_text(a, one) && host_text(b, two) && strcmp(one, two) == 0;
}
