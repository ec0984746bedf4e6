#include "tools/dns.h"

#include "net/address.h"
#include "server/lab.h"

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

int dns_zone_print(const struct config *config, struct buf *out, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct zone zone;
    uint16_t sip = first_port(config->listen.sip, 5061);
    uint16_t outside = config->listen.sip_on_https ? first_port(config->listen.https, 443) : sip;
    int err = lab_zone(arena, config, sip, outside, &zone, fault);
    if (err == 0)
        zone_print(out, &zone);
    return err;
}

enum tool_exit dns_zone(struct invocation *invocation)
{
    struct config *config;
    struct fault fault;
    scoped(buf) struct buf out = BUF_INIT;
    if (config_load(invocation->config_path, &config, &fault) < 0)
        return tool_fail(invocation, &fault);
    int err = dns_zone_print(config, &out, &fault);
    config_free(config);
    if (err < 0)
        return tool_fail(invocation, &fault);
    fwrite(buf_string(&out), 1, out.len, stdout);
    return TOOL_FINE;
}
