#include "server/offer.h"

struct site offer_site(const struct config *config, uint16_t https_port, uint16_t sip_port)
{
    uint16_t sip = sip_port ? sip_port : 5061;
    return (struct site){
        .domain = slice_of(config->site.domain),
        .web_host = slice_of(config->site.web_host),
        .sip_host = slice_of(config->site.sip_host),
        .sip_external_host = slice_of(config->site.sip_external_host),
        .orgid_host = slice_of(config->site.orgid_host),
        .https_port = config->site.https_port ? (uint16_t)config->site.https_port
                      : https_port            ? https_port
                                              : 443,
        .sip_port = sip,
        .sip_external_port = config->listen.sip_on_https && https_port ? https_port : sip,
    };
}

enum policy_level offer_level(const struct config *config)
{
    return config->site.policy_level >= POLICY_LYNC_2013 ? POLICY_LYNC_2013 : POLICY_LYNC_2010;
}

static struct slice text(const char *value)
{
    return value[0] ? slice_of(value) : (struct slice){0};
}

struct policy_subject offer_subject(const struct config *config, int64_t account)
{
    return (struct policy_subject){.account = account,
                                   .site = text(config->site.name),
                                   .pool = text(config->site.sip_host),
                                   .level = offer_level(config)};
}

struct provision_options offer_provision(const struct config *config, const struct site *site)
{
    return (struct provision_options){
        .site = site,
        .services = config->roles.web
                        ? PROVISION_ADDRESS_BOOK | PROVISION_GROUP_EXPANSION | PROVISION_LOCATION
                        : 0,
        .organization = text(config->site.organization),
        .helpdesk_url = text(config->site.helpdesk),
    };
}
