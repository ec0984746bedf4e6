#include "http/forwarded.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Both families in one form: IPv4 as ::ffff:a.b.c.d. */
struct address {
    uint8_t bytes[16];
};

struct network {
    struct address address;
    unsigned bits;
};

struct http_proxies {
    enum http_forwarded_by by;
    struct network *networks;
    size_t count;
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct http_proxies *http_proxies_new(enum http_forwarded_by by)
{
    struct http_proxies *proxies = must_calloc(1, sizeof *proxies);
    proxies->by = by;
    return proxies;
}

void http_proxies_free(struct http_proxies *proxies)
{
    if (!proxies)
        return;
    free(proxies->networks);
    free(proxies);
}

static bool is_mapped(const struct address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

/* A bare address, no port, no brackets. */
static bool address_parse(struct slice text, struct address *out)
{
    char string[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof string)
        return false;
    memcpy(string, text.at, text.len);
    string[text.len] = '\0';
    if (inet_pton(AF_INET6, string, out->bytes) == 1)
        return true;
    memcpy(out->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, string, out->bytes + sizeof mapped) == 1;
}

static struct slice address_print(const struct address *address, struct arena *arena)
{
    char string[INET6_ADDRSTRLEN] = "";
    if (is_mapped(address))
        inet_ntop(AF_INET, address->bytes + sizeof mapped, string, sizeof string);
    else
        inet_ntop(AF_INET6, address->bytes, string, sizeof string);
    return arena_copy(arena, slice_of(string));
}

/* As proxies write it: "192.0.2.7", "192.0.2.7:4711", "2001:db8::7",
 * "[2001:db8::7]:4711", each perhaps in quotes (RFC 7239 section 6). */
static bool node_parse(struct slice text, struct address *out)
{
    struct slice bare = slice_trim(text), rest = {0};
    if (bare.len >= 2 && bare.at[0] == '"' && bare.at[bare.len - 1] == '"')
        bare = slice_head(slice_from(bare, 1), bare.len - 2);
    if (bare.len > 0 && bare.at[0] == '[') {
        if (!slice_cut(slice_from(bare, 1), ']', &bare, &rest) ||
            (rest.len > 0 && rest.at[0] != ':'))
            return false;
    } else if (slice_cut(bare, ':', &text, &rest) && slice_index(rest, ':') < 0) {
        bare = text;
    }
    return address_parse(bare, out);
}

int http_proxies_add(struct http_proxies *proxies, struct slice network, struct fault *fault)
{
    struct slice host, prefix;
    struct network entry = {0};
    bool has_prefix = slice_cut(slice_trim(network), '/', &host, &prefix);
    bool ok = address_parse(host, &entry.address);
    unsigned family = is_mapped(&entry.address) && slice_index(host, ':') < 0 ? 32 : 128;
    uint64_t bits = family;
    if (ok && has_prefix)
        ok = slice_number(prefix, family, &bits) == 0;
    if (!ok)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                         "\"%.*s\" is no address or network", SLICE_ARG(slice_head(network, 64)));
    entry.bits = (unsigned)bits + (128 - family);
    proxies->networks =
        must_realloc(proxies->networks, (proxies->count + 1) * sizeof *proxies->networks);
    proxies->networks[proxies->count++] = entry;
    return 0;
}

static bool within(const struct network *network, const struct address *address)
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static bool believed(const struct http_proxies *proxies, const struct address *address)
{
    for (size_t i = 0; proxies && i < proxies->count; i++)
        if (within(&proxies->networks[i], address))
            return true;
    return false;
}

bool http_proxies_have(const struct http_proxies *proxies, struct slice address)
{
    struct address parsed;
    return address_parse(address, &parsed) && believed(proxies, &parsed);
}

/* The last item of a list of lines of items; it is cut off. Read from the right
 * an item needs no care about quotes further left, which a stranger wrote. */
static bool last_item(struct slice *line, struct slice *item_out)
{
    if (slice_absent(*line))
        return false;
    size_t start = line->len;
    while (start > 0 && line->at[start - 1] != ',')
        start--;
    *item_out = slice_trim(slice_from(*line, start));
    *line = start > 0 ? slice_head(*line, start - 1) : (struct slice){0};
    return true;
}

/* "for=192.0.2.7;proto=https": the value of one name, absent without. */
static struct slice parameter(struct slice element, const char *name)
{
    struct slice pair, key, value;
    while (slice_next(&element, ';', &pair)) {
        slice_cut(pair, '=', &key, &value);
        value = slice_trim(value);
        if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = slice_head(slice_from(value, 1), value.len - 2);
        if (slice_eq_nocase(slice_trim(key), slice_of(name)))
            return value;
    }
    return (struct slice){0};
}

/* Walk the chain from our end while it leads through believed proxies. */
static void walk(const struct http_proxies *proxies, const struct http_request *request,
                 const char *header, struct address *client)
{
    for (size_t i = request->header_count; i > 0; i--) {
        const struct http_field *field = &request->headers[i - 1];
        struct slice line = field->value, item;
        if (!slice_eq_nocase(field->name, slice_of(header)))
            continue;
        while (believed(proxies, client) && last_item(&line, &item)) {
            struct address next;
            if (proxies->by == HTTP_BY_FORWARDED)
                item = parameter(item, "for");
            /* "unknown", "_hidden" or rubbish: the proxy is all we know. */
            if (!node_parse(item, &next))
                return;
            *client = next;
        }
    }
}

/* What the proxy next to us says of the protocol; absent when it says nothing. */
static struct slice protocol(const struct http_proxies *proxies, const struct http_request *request)
{
    const char *header = proxies->by == HTTP_BY_FORWARDED ? "Forwarded" : "X-Forwarded-Proto";
    struct slice value, line = {0}, item = {0};
    for (size_t at = 0; http_header_next(request, header, &at, &value);)
        line = value;
    last_item(&line, &item);
    return proxies->by == HTTP_BY_FORWARDED ? parameter(item, "proto") : item;
}

void http_forwarded_apply(const struct http_proxies *proxies, struct http_request *request,
                          struct slice socket_peer, bool socket_secure, struct arena *arena)
{
    struct address client;
    request->peer = socket_peer;
    request->secure = socket_secure;
    if (!address_parse(socket_peer, &client))
        return;
    if (believed(proxies, &client)) {
        struct slice proto = protocol(proxies, request);
        if (!slice_empty(proto))
            request->secure = slice_eq_nocase(proto, SLICE("https"));
        walk(proxies, request, proxies->by == HTTP_BY_FORWARDED ? "Forwarded" : "X-Forwarded-For",
             &client);
    }
    request->peer = address_print(&client, arena);
}
