/* A TCP address: IPv4 or IPv6, with its port. Names are resolved elsewhere
 * (discover/, c-ares); net/ never looks anything up. */
#ifndef LYCHGATE_NET_ADDRESS_H
#define LYCHGATE_NET_ADDRESS_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Plain data; copy freely. All zero: no address. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* Read "192.0.2.1:443", "[2001:db8::1]:443", "192.0.2.1" or "2001:db8::1"; the
 * last two get `default_port`. Returns 0, or -ERR_MALFORMED (configuration-invalid). */
int address_parse(struct slice text, uint16_t default_port, struct address *out,
                  struct fault *fault);

/* "192.0.2.1:443", "[2001:db8::1]:443"; "-" for no address. An IPv4 address
 * that came in on an IPv6 socket is shown as IPv4. */
struct slice address_print(struct arena *arena, const struct address *address);

/* The same without port and brackets. */
struct slice address_print_host(struct arena *arena, const struct address *address);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

/* Length for bind and connect. */
socklen_t address_len(const struct address *address);

/* Same host, whatever the port? */
bool address_same_host(const struct address *a, const struct address *b);

#endif
