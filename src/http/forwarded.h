/* Who the client really is when a reverse proxy stands in front. What a proxy
 * says about the client is believed only when the proxy's own address is in the
 * configured list; anybody else's X-Forwarded-For is noise (or an attempt to
 * put a penalty on somebody else's address). */
#ifndef LYCHGATE_HTTP_FORWARDED_H
#define LYCHGATE_HTTP_FORWARDED_H

#include "http/message.h"

/* Which header the proxies write. Only that one is looked at: a proxy passes the
 * other one on as the client sent it. */
enum http_forwarded_by {
    HTTP_BY_X_FORWARDED, /* X-Forwarded-For and X-Forwarded-Proto: nginx, HAProxy, TMG */
    HTTP_BY_FORWARDED,   /* Forwarded: (RFC 7239) */
};

struct http_proxies;

/* An empty list: nobody is believed. */
struct http_proxies *http_proxies_new(enum http_forwarded_by by);
void http_proxies_free(struct http_proxies *proxies);

SCOPED_FREE(http_proxies, struct http_proxies, http_proxies_free)

/* Believe an address ("192.0.2.7", "2001:db8::7") or network ("10.0.0.0/8").
 * Returns 0, or -ERR_MALFORMED with *fault (FINDING_CONFIG_INVALID) filled. */
int http_proxies_add(struct http_proxies *proxies, struct slice network, struct fault *fault);

/* Is this address (text) in the list? IPv4-mapped IPv6 counts as IPv4. */
bool http_proxies_have(const struct http_proxies *proxies, struct slice address);

/* Set request->peer and request->secure, from the socket's own peer address and
 * whether it speaks TLS, and, where that peer is believed, from the headers: the
 * right-most address that is not a proxy of ours. Addresses come out in their
 * canonical form, without port or brackets. No list (NULL) believes nobody. */
void http_forwarded_apply(const struct http_proxies *proxies, struct http_request *request,
                          struct slice socket_peer, bool socket_secure, struct arena *arena);

#endif
