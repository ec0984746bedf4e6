/* Where the server lets itself be sent. A push endpoint is a URL that any user may hand
 * over, and the server will POST to it: without a guard everybody could make it knock
 * at the doors of its own network (server-side request forgery). So an endpoint is
 * looked at twice: its text when it is handed over, and the address it really leads to
 * when the connection is made, which no name server can change in between. */
#ifndef LYCHGATE_PUSH_GUARD_H
#define LYCHGATE_PUSH_GUARD_H

#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>
#include <sys/socket.h>

enum {
    PUSH_ENDPOINT_MAX = 1024 /* bytes of an endpoint; those of today have about 200 */
};

/* What the site allows. */
struct push_guard {
    bool allow_private; /* laboratories: http, loopback and private addresses too */
};

/* Scheme, host and port of an endpoint. Slices of the URL; brackets are off. */
struct push_origin {
    struct slice host;
    uint16_t port;
    bool secure;
};

/* Take an absolute http or https URL apart. No user, no password, no fragment, nothing
 * but printable ASCII, at most PUSH_ENDPOINT_MAX bytes; the host is a name of letters,
 * digits, '-', '_' and '.', or an address. -ERR_MALFORMED or -ERR_LIMIT,
 * PUSH_SUBSCRIPTION_INVALID. */
int push_origin_parse(struct slice url, struct push_origin *origin_out, struct fault *fault);

/* May a user hand this endpoint over? As above; -ERR_DENIED, PUSH_ENDPOINT_REFUSED: not
 * https; an address that is not public, in whatever notation; a name without a dot, or
 * one that is kept for local use ([RFC 6761], [RFC 6762], [RFC 8375]); a port below 1024
 * other than 443. */
int push_endpoint_check(const struct push_guard *guard, struct slice url, struct fault *fault);

/* May a connection be made to this address? Public unicast only: no loopback, private,
 * link-local, shared, multicast, documentation or reserved one, nor one of these inside
 * an IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo). */
bool push_address_allowed(const struct push_guard *guard, const struct sockaddr *address);

#endif
