#include "http/origin.h"

#include "xml/soap.h"

enum {
    ORIGIN_MAX = 280 /* "https://", a name of 253, a port, and some */
};

/* Letters of a host and port; a bracketed IPv6 address too. */
static bool is_authority(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                    c == ':' || c == '[' || c == ']';
        if (!good)
            return false;
    }
    return s.len > 0;
}

/* The part behind the scheme; absent for what is no origin. */
static struct slice authority_of(struct slice origin)
{
    const struct slice schemes[] = {SLICE("https://"), SLICE("http://")};
    for (size_t i = 0; i < 2; i++)
        if (slice_starts(origin, schemes[i]) && origin.len <= ORIGIN_MAX)
            return slice_from(origin, schemes[i].len);
    return (struct slice){0};
}

bool http_is_origin(struct slice word)
{
    return is_authority(authority_of(word));
}

static bool is_listed(struct slice origins, struct slice origin)
{
    struct slice word;
    while (slice_next(&origins, ' ', &word))
        if (http_is_origin(word) && slice_eq(word, origin))
            return true;
    return false;
}

/* Is it the host that the request came for? */
static bool is_own(const struct http_request *request, struct slice origin)
{
    struct slice authority = authority_of(origin), host = request->host;
    if (slice_empty(authority) || slice_empty(host))
        return false;
    if (slice_starts(authority, SLICE("["))) {
        authority = slice_from(authority, 1);
        return slice_starts(authority, host) &&
               slice_starts(slice_from(authority, host.len), SLICE("]"));
    }
    struct slice name, port;
    slice_cut(authority, ':', &name, &port);
    return slice_eq_nocase(name, host);
}

static bool refuse(struct slice source, struct slice origin, struct http_reply *reply,
                   struct arena *arena)
{
    struct fault fault;
    struct slice diagnostics = soap_diagnostics_print(arena, FINDING_HTTP_ORIGIN, source);
    fault_set(&fault, ERR_DENIED, FINDING_HTTP_ORIGIN, "%.*s",
              SLICE_ARG(slice_head(origin, ORIGIN_MAX)));
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s", SLICE_ARG(diagnostics));
    http_reply_fault(reply, arena, &fault);
    return false;
}

bool http_origin_allows(struct slice origins, struct slice source,
                        const struct http_request *request, struct http_reply *reply,
                        struct arena *arena)
{
    struct slice origin = http_header(request, "Origin");
    struct slice page = http_header(request, "X-Ms-Origin");
    if (!slice_absent(page) && !is_own(request, page) && !is_listed(origins, page))
        return refuse(source, page, reply, arena);
    if (slice_absent(origin) || is_own(request, origin))
        return true;
    if (!is_listed(origins, origin))
        return refuse(source, origin, reply, arena);
    http_reply_header(reply, arena, "Access-Control-Allow-Origin", "%.*s", SLICE_ARG(origin));
    http_reply_header(reply, arena, "Access-Control-Expose-Headers",
                      "ETag, Location, Retry-After, WWW-Authenticate, X-Ms-diagnostics, "
                      "X-MS-Server-Fqdn");
    http_reply_header(reply, arena, "Vary", "Origin");
    return true;
}

void http_origin_preflight(struct slice origins, struct slice source, struct slice allow,
                           const struct http_request *request, struct http_reply *reply,
                           struct arena *arena)
{
    if (!http_origin_allows(origins, source, request, reply, arena))
        return;
    http_reply_header(reply, arena, "Access-Control-Allow-Methods", "%.*s", SLICE_ARG(allow));
    http_reply_header(reply, arena, "Access-Control-Allow-Headers",
                      "Accept, Accept-Language, Authorization, Content-Type, If-Match, "
                      "If-None-Match, X-MS-RequiresMinResourceVersion, X-Ms-Origin, "
                      "X-Requested-With");
    http_reply_header(reply, arena, "Access-Control-Max-Age", "600");
    http_reply_set(reply, 204, NULL, (struct slice){0});
}
