#include "server/lab.h"

#include "server/lab_dns.h"

int lab_zone(struct arena *arena, const struct config *config, uint16_t sip_port,
             uint16_t sip_external_port, struct zone *zone_out, struct fault *fault)
{
    struct slice list = slice_of(config->site.address), text;
    struct dns_address *addresses = arena_array(arena, struct dns_address, ZONE_ADDRESSES_MAX);
    size_t count = 0;
    while (count < ZONE_ADDRESSES_MAX && slice_next(&list, ' ', &text))
        if (dns_address_parse(text, &addresses[count++]) < 0)
            return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                             "[site] address: `%.*s` is no address", SLICE_ARG(text));
    struct slice *hosts = arena_new_of(arena, struct slice);
    *hosts = slice_of(config->site.orgid_host);
    return zone_build(arena,
                      &(struct zone_options){
                          .domain = slice_of(config->site.domain),
                          .addresses = addresses,
                          .address_count = count,
                          .web_host = slice_of(config->site.web_host),
                          .sip_host = slice_of(config->site.sip_host),
                          .sip_external_host = slice_of(config->site.sip_external_host),
                          .hosts = hosts,
                          .host_count = 1,
                          .sip_port = sip_port,
                          .sip_external_port = sip_external_port,
                      },
                      zone_out, fault);
}

int lab_open(struct server *server, struct fault *fault)
{
    struct address address;
    if (!server->config->roles.dns)
        return 0;
    int err = address_parse(slice_of(server->config->listen.dns), 53, &address, fault);
    return err < 0 ? err : lab_dns_open(&address, &server->dns, fault);
}

int lab_start(struct server *server, struct fault *fault)
{
    if (!server->dns)
        return 0;
    struct zone *zone = arena_new_of(server->arena, struct zone);
    struct nameserver *nameserver = arena_new_of(server->arena, struct nameserver);
    int err = lab_zone(server->arena, server->config, server->site.sip_port,
                       server->site.sip_external_port, zone, fault);
    if (err < 0)
        return err;
    struct slice list = slice_of(server->config->lab.dns_omit), name;
    while (slice_next(&list, ' ', &name))
        zone_remove(zone, name, DNS_ANY);
    *nameserver = (struct nameserver){.zones = zone, .zone_count = 1};
    return lab_dns_start(server->dns, nameserver, fault);
}

void lab_free(struct server *server)
{
    lab_dns_free(server->dns);
    server->dns = NULL;
}
