#include "http/routes.h"

#include "http/grammar_priv.h"
#include "http/origin.h"

#include <stdlib.h>

/* How narrowly a row names its host; the narrowest comes first. */
enum host_rank {
    HOST_EXACT,
    HOST_PATTERN,
    HOST_ANY
};

struct entry {
    struct slice key; /* the path; of a prefix without its star */
    bool prefix;
    enum host_rank rank;
    size_t order; /* in which it was added */
    struct slice host;
    struct http_route route;
};

/* Sorted by key, so that a look-up is a binary search whatever the number of
 * rows; all rows of one key lie together in the order in which they apply. */
struct http_routes {
    unsigned https_port;
    struct slice origins, source; /* of shared rows */
    struct entry *entries;
    size_t count;
};

struct http_routes *http_routes_new(unsigned https_port)
{
    struct http_routes *routes = must_calloc(1, sizeof *routes);
    routes->https_port = https_port;
    return routes;
}

void http_routes_free(struct http_routes *routes)
{
    if (!routes)
        return;
    free(routes->entries);
    free(routes);
}

void http_routes_share(struct http_routes *routes, struct slice origins, struct slice source)
{
    routes->origins = origins;
    routes->source = source;
}

static int cmp_nocase(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int x = (unsigned char)a.at[i], y = (unsigned char)b.at[i];
        x = x >= 'A' && x <= 'Z' ? x + ('a' - 'A') : x;
        y = y >= 'A' && y <= 'Z' ? y + ('a' - 'A') : y;
        if (x != y)
            return x - y;
    }
    return (a.len > b.len) - (a.len < b.len);
}

static int cmp_key(const struct entry *entry, struct slice key, bool prefix)
{
    int order = cmp_nocase(entry->key, key);
    return order ? order : (int)entry->prefix - (int)prefix;
}

static int cmp_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = cmp_key(a, b->key, b->prefix);
    if (order == 0)
        order = (int)a->rank - (int)b->rank;
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static struct entry make_entry(const struct http_route *row, void *role, size_t order)
{
    struct entry entry = {.key = slice_of(row->path), .order = order, .route = *row};
    entry.prefix = slice_ends(entry.key, SLICE("/*"));
    entry.key.len -= entry.prefix;
    entry.host = slice_of(row->host);
    entry.rank = HOST_EXACT;
    if (slice_absent(entry.host)) {
        entry.rank = HOST_ANY;
    } else if (slice_ends(entry.host, SLICE(".*"))) {
        entry.rank = HOST_PATTERN;
        entry.host.len--;
    }
    if (!entry.route.role)
        entry.route.role = role;
    if (entry.route.methods & HTTP_GET)
        entry.route.methods |= HTTP_HEAD;
    return entry;
}

void http_routes_add(struct http_routes *routes, const struct http_route *rows, size_t count,
                     void *role)
{
    if (count == 0)
        return;
    routes->entries =
        must_realloc(routes->entries, (routes->count + count) * sizeof *routes->entries);
    for (size_t i = 0; i < count; i++, routes->count++)
        routes->entries[routes->count] = make_entry(&rows[i], role, routes->count);
    qsort(routes->entries, routes->count, sizeof *routes->entries, cmp_entries);
}

static bool host_fits(const struct entry *entry, struct slice host)
{
    switch (entry->rank) {
    case HOST_EXACT:
        return slice_eq_nocase(entry->host, host);
    case HOST_PATTERN:
        return host.len > entry->host.len && slice_starts_nocase(host, entry->host);
    case HOST_ANY:
        break;
    }
    return true;
}

/* What the rows of a path would take, as far as they fit the host. */
struct known {
    unsigned methods;
    bool shared;
};

/* The rows of one key: the first that fits host and method. */
static const struct entry *find_key(const struct http_routes *routes, struct slice key, bool prefix,
                                    const struct http_request *request, struct known *known)
{
    size_t low = 0, high = routes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cmp_key(&routes->entries[middle], key, prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < routes->count; low++) {
        const struct entry *entry = &routes->entries[low];
        if (cmp_key(entry, key, prefix) != 0)
            break;
        if (!host_fits(entry, request->host))
            continue;
        known->methods |= entry->route.methods;
        known->shared |= (entry->route.flags & ROUTE_SHARED) != 0;
        if (entry->route.methods & request->method)
            return entry;
    }
    return NULL;
}

/* The exact path, then its prefixes from the longest to "/". */
static const struct entry *find(const struct http_routes *routes,
                                const struct http_request *request, struct known *known)
{
    struct slice key = request->path;
    const struct entry *entry = find_key(routes, key, false, request, known);
    for (; !entry && known->methods == 0 && key.len > 0; key.len--)
        if (key.at[key.len - 1] == '/')
            entry = find_key(routes, key, true, request, known);
    return entry;
}

static struct slice print_allow(struct arena *arena, unsigned methods)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    struct slice list = SLICE("");
    for (unsigned bit = 0; bit < sizeof names / sizeof *names; bit++)
        if (methods & 1U << bit)
            list =
                arena_print(arena, "%.*s%s%s", SLICE_ARG(list), list.len ? ", " : "", names[bit]);
    return list;
}

/* Plain http to https, at the same name and path. */
static bool redirect(const struct http_routes *routes, const struct http_request *request,
                     struct http_reply *reply, struct arena *arena)
{
    struct slice authority, origin;
    if (slice_empty(request->host) ||
        http_target_split(request->target, &authority, &origin, NULL) < 0)
        return false;
    bool literal = slice_index(request->host, ':') >= 0; /* an IPv6 address needs its brackets */
    struct slice port =
        routes->https_port == 443 ? SLICE("") : arena_print(arena, ":%u", routes->https_port);
    http_reply_header(reply, arena, "Location", "https://%s%.*s%s%.*s%s%.*s", literal ? "[" : "",
                      SLICE_ARG(request->host), literal ? "]" : "", SLICE_ARG(port),
                      origin.len > 0 && origin.at[0] == '/' ? "" : "/", SLICE_ARG(origin));
    http_reply_set(reply, 301, NULL, (struct slice){0});
    return true;
}

static void refuse(const struct http_request *request, unsigned methods, struct http_reply *reply,
                   struct arena *arena)
{
    struct fault fault = {0};
    if (methods == 0) {
        fault_set(&fault, ERR_UNKNOWN, FINDING_HTTP_NOT_FOUND, "host %.*s, path %.*s",
                  SLICE_ARG(slice_head(request->host, 80)),
                  SLICE_ARG(slice_head(request->path, 120)));
    } else {
        fault_set(&fault, ERR_UNSUPPORTED, FINDING_HTTP_METHOD, "%.*s %.*s",
                  SLICE_ARG(slice_head(request->method_name, 32)),
                  SLICE_ARG(slice_head(request->path, 120)));
        http_reply_header(reply, arena, "Allow", "%.*s", SLICE_ARG(print_allow(arena, methods)));
    }
    http_reply_fault(reply, arena, &fault);
}

/* A browser's question whether a page may ask. */
static bool is_preflight(const struct http_request *request, const struct known *known)
{
    return known->shared && request->method == HTTP_OPTIONS &&
           !slice_absent(http_header(request, "Access-Control-Request-Method"));
}

const struct http_route *http_routes_find(const struct http_routes *routes,
                                          const struct http_request *request,
                                          struct http_reply *reply, struct arena *arena)
{
    struct known known = {0};
    const struct entry *entry = find(routes, request, &known);
    bool open =
        request->secure || routes->https_port == 0 || (entry && (entry->route.flags & ROUTE_PLAIN));
    if (entry && open) {
        bool allowed = !(entry->route.flags & ROUTE_SHARED) ||
                       http_origin_allows(routes->origins, routes->source, request, reply, arena);
        return allowed ? &entry->route : NULL;
    }
    if (!open && redirect(routes, request, reply, arena))
        return NULL;
    if (open && is_preflight(request, &known))
        http_origin_preflight(routes->origins, routes->source, print_allow(arena, known.methods),
                              request, reply, arena);
    else
        refuse(request, entry ? 0 : known.methods, reply, arena);
    return NULL;
}

void http_routes_answer(const struct http_routes *routes, const struct http_request *request,
                        struct http_reply *reply, struct arena *arena, int64_t now)
{
    const struct http_route *route = http_routes_find(routes, request, reply, arena);
    if (route)
        route->answer(route->role, request, reply, arena, now);
}
