/* Who answers a request: one table of host, path and methods. Rooms export
 * their rows, the server adds them all at start; after that it is read-only
 * and may be used by all threads. */
#ifndef LYCHGATE_HTTP_ROUTES_H
#define LYCHGATE_HTTP_ROUTES_H

#include "http/message.h"

/* Answer a request: fill *reply, whose bodies and headers come from the arena.
 * `role` is the room's object. `now` is UTC in milliseconds. */
typedef void http_answer_fn(void *role, const struct http_request *request,
                            struct http_reply *reply, struct arena *arena, int64_t now);

enum {
    ROUTE_WORK = 1 << 0,   /* runs on a worker thread, where blocking is allowed */
    ROUTE_PLAIN = 1 << 1,  /* served over plain http too; others are sent to https by 301 */
    ROUTE_QUICK = 1 << 2,  /* with ROUTE_WORK: the server may try it on the loop first, with
                              request->on_loop set; what cannot be answered without blocking
                              leaves the reply's status 0 and is called again on a worker */
    ROUTE_LATER = 1 << 3,  /* the handler may take the reply upon itself and send it later
                              (http_later_take); alone it runs on the loop, with ROUTE_WORK on a
                              worker */
    ROUTE_SHARED = 1 << 4, /* web pages of the origins of http_routes_share() may ask too, those
                             of others may not (http/origin.h); OPTIONS is answered for it */
};

struct http_route {
    const char *host; /* NULL: any; else exact, or "lyncdiscover.*" (any name that begins so) */
    const char *path; /* exact, or all below: a trailing slash and star ("/mcx" then those two)
                         also fits "/mcx/", but not "/mcx". Case is ignored, as IIS does. */
    unsigned methods; /* HTTP_GET | HTTP_POST ...; HEAD comes with GET */
    unsigned flags;   /* ROUTE_... */
    http_answer_fn *answer;
    void *role; /* NULL in rows of a room; http_routes_add fills it in */
};

struct http_routes;

/* An empty table. https_port is where the 301 of plain http points to (443 is
 * not spelt out in the URL); 0: there is no https, all routes are served plain. */
struct http_routes *http_routes_new(unsigned https_port);
void http_routes_free(struct http_routes *routes);

SCOPED_FREE(http_routes, struct http_routes, http_routes_free)

/* Add rows. They are copied, host and path strings are not: they must live as
 * long. `role` goes to the rows that have none of their own. */
void http_routes_add(struct http_routes *routes, const struct http_route *rows, size_t count,
                     void *role);

/* The origins whose pages may use ROUTE_SHARED rows, with blanks between, and our name in
 * refusals. Both are borrowed. Without a call no other origin may. */
void http_routes_share(struct http_routes *routes, struct slice origins, struct slice source);

/* The route of a request. An exact path wins over a prefix, a longer prefix over
 * a shorter one, an exact host over a pattern over any, the row added first over
 * a later one. The path settles it: a row of that path with another method means
 * 405, not a look at shorter prefixes.
 * Without a route: NULL, and *reply is the answer: 301 to https, 404 or 405, and for shared
 * rows 403, or 204 to the browser's question. With one, *reply may have got headers. */
const struct http_route *http_routes_find(const struct http_routes *routes,
                                          const struct http_request *request,
                                          struct http_reply *reply, struct arena *arena);

/* Find the route and let it answer right here (tests; worker threads). */
void http_routes_answer(const struct http_routes *routes, const struct http_request *request,
                        struct http_reply *reply, struct arena *arena, int64_t now);

#endif
