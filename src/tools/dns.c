#include "tools/dns.h"

#include "net/address.h"
#include "server/lab.h"

#include <jansson.h>
#include <stdio.h>

const struct verb_option dns_zone_options[] = {
    {0},
};

/* The port of the first listening address; `fallback` when the kernel chooses it. */
static uint16_t first_port(const char *addresses, uint16_t fallback)
{
    struct slice list = slice_of(addresses), text;
    struct address address;
    struct fault fault;
    if (!slice_next(&list, ' ', &text) || address_parse(text, fallback, &address, &fault) < 0 ||
        address_port(&address) == 0)
        return fallback;
    return address_port(&address);
}

static int build(struct arena *arena, const struct config *config, struct zone *zone,
                 struct fault *fault)
{
    uint16_t sip = first_port(config->listen.sip, 5061);
    uint16_t outside = config->listen.sip_on_https ? first_port(config->listen.https, 443) : sip;
    return lab_zone(arena, config, sip, outside, zone, fault);
}

int dns_zone_print(const struct config *config, struct buf *out, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct zone zone;
    int err = build(arena, config, &zone, fault);
    if (err == 0)
        zone_print(out, &zone);
    return err;
}

/* A record as the zone file has it, "name TTL IN TYPE data", taken apart. */
static json_t *record_json(const struct dns_record *record)
{
    scoped(buf) struct buf line = BUF_INIT;
    struct slice name, ttl, type, rest;
    uint64_t seconds = 0;
    dns_record_print(&line, record);
    slice_cut(slice_trim(buf_slice(&line)), ' ', &name, &rest);
    slice_cut(rest, ' ', &ttl, &rest);
    slice_cut(rest, ' ', &type, &rest); /* IN */
    slice_cut(rest, ' ', &type, &rest);
    slice_number(ttl, UINT32_MAX, &seconds);
    return json_pack("{s:s%,s:I,s:s%,s:s%}", "name", name.at, name.len, "ttl", (json_int_t)seconds,
                     "type", type.at, type.len, "data", rest.at, rest.len);
}

json_t *dns_zone_json(const struct config *config, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct zone zone;
    if (build(arena, config, &zone, fault) < 0)
        return NULL;
    json_t *records = json_array();
    for (size_t i = 0; i < zone.record_count; i++)
        json_array_append_new(records, record_json(&zone.records[i]));
    return json_pack("{s:s%,s:o}", "domain", zone.domain.at, zone.domain.len, "records", records);
}

static int zone_as_json(const struct config *config, struct fault *fault)
{
    json_t *document = dns_zone_json(config, fault);
    if (!document)
        return -1;
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(document);
    return 0;
}

static int zone_as_text(const struct config *config, struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    int err = dns_zone_print(config, &out, fault);
    if (err == 0)
        fwrite(buf_string(&out), 1, out.len, stdout);
    return err;
}

enum tool_exit dns_zone(struct invocation *invocation)
{
    struct config *config;
    struct fault fault;
    if (config_load(invocation->config_path, &config, &fault) < 0)
        return tool_fail(invocation, &fault);
    int err = invocation->json ? zone_as_json(config, &fault) : zone_as_text(config, &fault);
    config_free(config);
    return err < 0 ? tool_fail(invocation, &fault) : TOOL_FINE;
}
