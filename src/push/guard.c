#include "push/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOST_MAX = 253,
    PORT_SYSTEM_MAX = 1023
};

static int invalid(struct fault *fault, enum err err, const char *why)
{
    return fault_set(fault, err, FINDING_PUSH_SUBSCRIPTION_INVALID, "endpoint: %s", why);
}

static int refuse(struct fault *fault, struct slice host, const char *why)
{
    return fault_set(fault, ERR_DENIED, FINDING_PUSH_ENDPOINT_REFUSED, "endpoint at %.*s: %s",
                     SLICE_ARG(slice_head(host, 120)), why);
}

/* ---- addresses -------------------------------------------------------------------------- */

struct block4 {
    uint32_t base;
    unsigned bits;
};

/* What is not global unicast, after IANA's special-purpose registry for IPv4. */
static const struct block4 blocks4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared, behind carriers' NAT: [RFC 6598] */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, with the clouds' metadata service */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays, gone */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof blocks4 / sizeof *blocks4; i++)
        if ((address ^ blocks4[i].base) >> (32 - blocks4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t number4(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool begins(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(address, prefix, whole) == 0 &&
           (rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0);
}

struct block6 {
    unsigned char prefix[12];
    unsigned bits;
};

/* Inside 2000::/3, the only global unicast there is: what is not, all the same. */
static const struct block6 blocks6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo in it */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: leads to any IPv4 address */
    {{0x3f, 0xff}, 20},             /* documentation: [RFC 9637] */
};

static bool public6(const unsigned char *at)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (begins(at, mapped, 96) || begins(at, nat64, 96))
        return public4(number4(at + 12));
    if (at[0] >> 5 != 1)
        return false;
    for (size_t i = 0; i < sizeof blocks6 / sizeof *blocks6; i++)
        if (begins(at, blocks6[i].prefix, blocks6[i].bits))
            return false;
    return true;
}

bool push_address_allowed(const struct push_guard *guard, const struct sockaddr *address)
{
    if (guard->allow_private)
        return true;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return public4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return public6(v6.sin6_addr.s6_addr);
    }
    return false;
}

/* ---- URLs ---------------------------------------------------------------------------------- */

static bool printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] <= ' ' || (unsigned char)s.at[i] >= 0x7f)
            return false;
    return true;
}

static bool host_name(struct slice host)
{
    if (host.len == 0 || host.len > HOST_MAX || host.at[0] == '.' || host.at[0] == '-')
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!isalnum((unsigned char)host.at[i]) && !strchr("-_.", host.at[i]))
            return false;
    return slice_find(host, SLICE("..")) < 0;
}

static bool address6(struct slice text, struct in6_addr *out)
{
    char string[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof string)
        return false;
    memcpy(string, text.at, text.len);
    string[text.len] = '\0';
    return inet_pton(AF_INET6, string, out) == 1;
}

/* "host:port", "[v6]:port"; the port may be missing. */
static bool split_authority(struct slice authority, struct push_origin *origin)
{
    struct slice port = {0}, rest;
    struct in6_addr unused;
    if (slice_starts(authority, SLICE("["))) {
        if (!slice_cut(slice_from(authority, 1), ']', &origin->host, &rest) ||
            !address6(origin->host, &unused) ||
            (!slice_empty(rest) && !slice_starts(rest, SLICE(":"))))
            return false;
        port = slice_empty(rest) ? port : slice_from(rest, 1);
        if (!slice_empty(rest) && slice_empty(port))
            return false;
    } else if (slice_cut(authority, ':', &origin->host, &port) && slice_empty(port)) {
        return false;
    } else if (!host_name(origin->host)) {
        return false;
    }
    uint64_t number = origin->secure ? 443 : 80;
    if (!slice_empty(port) && (slice_number(port, UINT16_MAX, &number) < 0 || number == 0))
        return false;
    origin->port = (uint16_t)number;
    return true;
}

int push_origin_parse(struct slice url, struct push_origin *origin_out, struct fault *fault)
{
    if (url.len > PUSH_ENDPOINT_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_SUBSCRIPTION_INVALID,
                         "endpoint: %zu bytes, %d are allowed", url.len, PUSH_ENDPOINT_MAX);
    if (!printable(url))
        return invalid(fault, ERR_MALFORMED, "a byte that no URL has");
    *origin_out = (struct push_origin){.secure = slice_starts_nocase(url, SLICE("https://"))};
    if (!origin_out->secure && !slice_starts_nocase(url, SLICE("http://")))
        return invalid(fault, ERR_MALFORMED, "no https URL");
    struct slice rest = slice_from(url, origin_out->secure ? 8 : 7);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#\\", rest.at[end]))
        end++;
    /* Parsers disagree on backslashes and on what stands before an @; so neither. */
    if (slice_index(url, '\\') >= 0 || slice_index(url, '#') >= 0 ||
        slice_index(slice_head(rest, end), '@') >= 0)
        return invalid(fault, ERR_MALFORMED, "a user name, fragment or backslash");
    if (!split_authority(slice_head(rest, end), origin_out))
        return invalid(fault, ERR_MALFORMED, "no host and port");
    return 0;
}

/* ---- the policy -------------------------------------------------------------------------------
 */

/* Names that lead somewhere local, if anywhere. */
static const char *const local_ends[] = {
    ".localhost", ".local", ".localdomain", ".internal",  ".intranet",     ".lan",
    ".home",      ".corp",  ".private",     ".home.arpa", ".in-addr.arpa", ".ip6.arpa",
};

/* 127.1, 0x7f.1, 2130706433: what inet_aton() takes for an address is one to some resolver. */
static bool numeric(struct slice host)
{
    ptrdiff_t dot = -1;
    for (size_t i = 0; i + 1 < host.len; i++)
        dot = host.at[i] == '.' ? (ptrdiff_t)i : dot;
    return isdigit((unsigned char)host.at[dot + 1]) != 0;
}

static bool literal4(struct slice host, struct in_addr *out)
{
    char string[INET_ADDRSTRLEN];
    if (host.len >= sizeof string)
        return false;
    memcpy(string, host.at, host.len);
    string[host.len] = '\0';
    return inet_pton(AF_INET, string, out) == 1;
}

static int check_name(struct slice host, struct fault *fault)
{
    if (slice_ends(host, SLICE(".")))
        host = slice_head(host, host.len - 1);
    if (slice_index(host, '.') < 0)
        return refuse(fault, host, "a name without a domain");
    for (size_t i = 0; i < sizeof local_ends / sizeof *local_ends; i++)
        if (slice_ends_nocase(host, slice_of(local_ends[i])))
            return refuse(fault, host, "a name for local use");
    return 0;
}

int push_endpoint_check(const struct push_guard *guard, struct slice url, struct fault *fault)
{
    struct push_origin origin;
    struct in6_addr v6;
    struct in_addr v4;
    int err = push_origin_parse(url, &origin, fault);
    if (err < 0 || guard->allow_private)
        return err;
    if (!origin.secure)
        return refuse(fault, origin.host, "it is not https");
    if (origin.port != 443 && origin.port <= PORT_SYSTEM_MAX)
        return refuse(fault, origin.host, "a port of another service");
    if (slice_index(origin.host, ':') >= 0)
        return address6(origin.host, &v6) && public6(v6.s6_addr)
                   ? 0
                   : refuse(fault, origin.host, "the address is not public");
    if (numeric(origin.host))
        return literal4(origin.host, &v4) && public4(ntohl(v4.s_addr))
                   ? 0
                   : refuse(fault, origin.host, "the address is not public");
    return check_name(origin.host, fault);
}
