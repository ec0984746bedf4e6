/* DNS in words: master file lines (RFC 1035 section 5, RFC 3597 for types that
 * are not known here), names of types and codes, addresses. */
#include "discover/dns_priv.h"

#include <arpa/inet.h>
#include <string.h>

struct word {
    uint16_t number;
    const char *word;
};

static const struct word TYPES[] = {
    {DNS_A, "A"},     {DNS_NS, "NS"},     {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"},
    {DNS_PTR, "PTR"}, {DNS_TXT, "TXT"},   {DNS_AAAA, "AAAA"},   {DNS_SRV, "SRV"},
    {DNS_OPT, "OPT"}, {DNS_AXFR, "AXFR"}, {DNS_ANY, "ANY"},     {15, "MX"},
    {65, "HTTPS"},    {0, NULL},
};

static const struct word RCODES[] = {
    {DNS_NOERROR, "NOERROR"},   {DNS_FORMERR, "FORMERR"},
    {DNS_SERVFAIL, "SERVFAIL"}, {DNS_NXDOMAIN, "NXDOMAIN"},
    {DNS_NOTIMP, "NOTIMP"},     {DNS_REFUSED, "REFUSED"},
    {DNS_BADVERS, "BADVERS"},   {0, NULL},
};

static struct slice word_of(struct arena *arena, const struct word *words, const char *prefix,
                            uint16_t number)
{
    for (const struct word *w = words; w->word; w++) {
        if (w->number == number)
            return slice_of(w->word);
    }
    return arena_print(arena, "%s%u", prefix, (unsigned)number);
}

struct slice dns_type_name(struct arena *arena, uint16_t type)
{
    return word_of(arena, TYPES, "TYPE", type);
}

struct slice dns_rcode_name(struct arena *arena, uint16_t rcode)
{
    return word_of(arena, RCODES, "RCODE", rcode);
}

static void add_name(struct buf *out, struct slice name)
{
    buf_add(out, name);
    if (!slice_eq(name, SLICE(".")))
        buf_add_byte(out, '.');
}

/* TXT: one or more strings, each with its length before it. */
static void add_strings(struct buf *out, struct slice raw)
{
    const uint8_t *bytes = (const uint8_t *)raw.at;
    for (size_t at = 0; at < raw.len;) {
        size_t end = at + 1 + bytes[at];
        buf_add_string(out, at ? " \"" : "\"");
        for (at++; at < end && at < raw.len; at++) {
            if (bytes[at] == '"' || bytes[at] == '\\')
                buf_print(out, "\\%c", bytes[at]);
            else if (bytes[at] >= ' ' && bytes[at] < 0x7f)
                buf_add_byte(out, (char)bytes[at]);
            else
                buf_print(out, "\\%03u", (unsigned)bytes[at]);
        }
        buf_add_byte(out, '"');
    }
}

static void add_raw(struct buf *out, const struct dns_record *record)
{
    struct slice raw = record->data.raw;
    if (record->type == DNS_TXT && !slice_empty(raw)) {
        add_strings(out, raw);
        return;
    }
    buf_print(out, "\\# %zu", raw.len);
    for (size_t i = 0; i < raw.len; i++)
        buf_print(out, "%s%02x", i ? "" : " ", (unsigned)(uint8_t)raw.at[i]);
}

static void add_data(struct buf *out, const struct dns_record *record)
{
    const struct dns_srv *srv = &record->data.srv;
    const struct dns_soa *soa = &record->data.soa;
    char text[INET6_ADDRSTRLEN];
    switch (dns_shape(record->type, record->klass)) {
    case DNS_SHAPE_ADDRESS:
        buf_add_string(out, inet_ntop(record->data.address.len == 4 ? AF_INET : AF_INET6,
                                      record->data.address.bytes, text, sizeof text));
        break;
    case DNS_SHAPE_NAME:
        add_name(out, record->data.target);
        break;
    case DNS_SHAPE_SRV:
        buf_print(out, "%u %u %u ", srv->priority, srv->weight, srv->port);
        add_name(out, srv->target);
        break;
    case DNS_SHAPE_SOA:
        add_name(out, soa->mname);
        buf_add_byte(out, ' ');
        add_name(out, soa->rname);
        buf_print(out, " %u %u %u %u %u", soa->serial, soa->refresh, soa->retry, soa->expire,
                  soa->minimum);
        break;
    case DNS_SHAPE_RAW:
        add_raw(out, record);
        break;
    }
}

void dns_record_print(struct buf *out, const struct dns_record *record)
{
    scoped(arena) struct arena *words = arena_new();
    add_name(out, record->name);
    buf_print(out, " %u ", record->ttl);
    if (record->klass == DNS_CLASS_IN)
        buf_add_string(out, "IN");
    else
        buf_print(out, "CLASS%u", (unsigned)record->klass);
    buf_print(out, " %.*s ", SLICE_ARG(dns_type_name(words, record->type)));
    add_data(out, record);
    buf_add_byte(out, '\n');
}

struct slice dns_address_print(struct arena *arena, const struct dns_address *address)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->bytes, text, sizeof text);
    return arena_copy(arena, slice_of(text));
}

int dns_address_parse(struct slice text, struct dns_address *out)
{
    char string[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof string || memchr(text.at, 0, text.len))
        return -ERR_MALFORMED;
    memcpy(string, text.at, text.len);
    string[text.len] = 0;
    *out = (struct dns_address){.len = 4};
    if (inet_pton(AF_INET, string, out->bytes) == 1)
        return 0;
    out->len = 16;
    return inet_pton(AF_INET6, string, out->bytes) == 1 ? 0 : -ERR_MALFORMED;
}
