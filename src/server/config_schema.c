#include "server/config.h"

/* clang-format off */
#define ROW(live, kind, section, member, key, least, most, fallback, help)                         \
    {#section, key, kind, offsetof(struct config, section.member), least, most, fallback, help, live}
#define TEXT(section, member, key, fallback, help)                                                 \
    ROW(false, CONFIG_TEXT, section, member, key, 0, 0, fallback, help)
#define SWITCH(section, member, key, fallback, help)                                               \
    ROW(false, CONFIG_SWITCH, section, member, key, 0, 1, fallback, help)
#define RANGE(kind, section, member, key, least, most, fallback, help)                             \
    ROW(false, kind, section, member, key, least, most, fallback, help)
/* The same for what SIGHUP can change. */
#define LIVE_TEXT(section, member, key, fallback, help)                                            \
    ROW(true, CONFIG_TEXT, section, member, key, 0, 0, fallback, help)
#define LIVE_SWITCH(section, member, key, fallback, help)                                          \
    ROW(true, CONFIG_SWITCH, section, member, key, 0, 1, fallback, help)
#define LIVE_RANGE(kind, section, member, key, least, most, fallback, help)                        \
    ROW(true, kind, section, member, key, least, most, fallback, help)
/* clang-format on */

enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    KIB = 1024,
    MIB = 1024 * KIB,
};

static const struct config_row schema[] = {
    TEXT(site, domain, "domain", "", "The SIP domain: what stands behind the @ of the addresses."),
    TEXT(site, address, "address", "127.0.0.1",
         "The address that the site's names resolve to, for the zone and the lab name server."),
    TEXT(site, web_host, "web-host", "", "Host name of the web services (default webdir.DOMAIN)."),
    TEXT(site, sip_host, "sip-host", "", "Host name of the pool inside (default sip.DOMAIN)."),
    TEXT(site, sip_external_host, "sip-external-host", "",
         "Host name of the pool for clients outside (default sipfed.DOMAIN)."),
    TEXT(site, orgid_host, "orgid-host", "",
         "Host name of the Org ID token service (default login.DOMAIN)."),
    TEXT(site, data, "data", ".", "Folder with the databases, the vault and the certificates."),
    TEXT(site, run_as, "run-as", "", "User to become once the ports are open (only from root)."),
    RANGE(CONFIG_NUMBER, site, https_port, "https-port", 0, 65535, "0",
          "HTTPS port that clients see when a proxy stands in front; 0: the one that listens."),
    TEXT(site, name, "name", "", "Name of the site, by which policies of scope Site:NAME apply."),
    RANGE(CONFIG_NUMBER, site, policy_level, "policy-level", 2010, 2013, "2013",
          "Policies have the attributes of Lync 2010, or those of Lync 2013 too; and phones are "
          "told of MCX alone, or of UCWA too."),
    TEXT(site, organization, "organization", "", "Name of the organisation, for clients to show."),
    TEXT(site, helpdesk, "helpdesk", "", "https URL of the help desk, for clients to show."),

    SWITCH(roles, web, "web", "on", "Autodiscover, web tickets and certificate provisioning."),
    SWITCH(roles, orgid, "orgid", "on", "The Org ID token service."),
    SWITCH(roles, sip, "sip", "on", "SIP sign-in: the registrar."),
    SWITCH(roles, dns, "dns", "off", "Authoritative name server for laboratories."),

    TEXT(listen, http, "http", "0.0.0.0:80",
         "Where plain HTTP listens: addresses with ports, or `off`."),
    TEXT(listen, https, "https", "0.0.0.0:443",
         "Where HTTPS listens; several with blanks between."),
    TEXT(listen, sip, "sip", "0.0.0.0:5061", "Where SIP over TLS listens."),
    TEXT(listen, dns, "dns", "127.0.0.1:53", "Where the lab name server listens (UDP and TCP)."),
    TEXT(listen, mobility, "mobility", "off",
         "Where mobility services come in by certificate, Lync's 5086; for phones inside."),
    TEXT(listen, mobility_external, "mobility-external", "off",
         "The same for phones outside, Lync's 5087."),
    SWITCH(listen, sip_on_https, "sip-on-https", "on",
           "Serve SIP on the HTTPS port too, told apart by the first bytes."),

    LIVE_TEXT(tls, certificates, "certificates", "tls",
              "Folder with the server's certificate chains NAME.pem and their keys NAME.key."),
    LIVE_SWITCH(tls, legacy, "legacy", "off",
                "Also take TLS 1.0 and 1.1 on the outside (old phones)."),

    TEXT(web, trusted_proxies, "trusted-proxies", "",
         "Addresses or networks of reverse proxies whose X-Forwarded-For is believed."),
    TEXT(web, origins, "origins", "",
         "Origins of web applications on other hosts that may ask here (https://APP.DOMAIN), with "
         "blanks between; empty: none."),
    SWITCH(web, page, "page", "on", "The page at /web, where people sign in from a browser."),
    RANGE(CONFIG_DURATION, web, ticket_lifetime, "ticket-lifetime", 10 * SECOND, 24 * HOUR, "8h",
          "How long a web ticket is good."),
    RANGE(CONFIG_DURATION, web, orgid_lifetime, "orgid-lifetime", MINUTE, 24 * HOUR, "8h",
          "How long an Org ID token is good."),
    RANGE(CONFIG_DURATION, web, clock_skew, "clock-skew", 0, HOUR, "5m",
          "How far a client's clock may be off."),
    RANGE(CONFIG_SIZE, web, head_limit, "head-limit", KIB, MIB, "16K",
          "Most bytes of an HTTP request line and headers."),
    RANGE(CONFIG_SIZE, web, body_limit, "body-limit", KIB, 64 * MIB, "256K",
          "Most bytes of an HTTP body."),

    RANGE(CONFIG_DURATION, certificates, lifetime, "lifetime", 2 * HOUR, INT64_C(4320) * HOUR, "8h",
          "How long an issued user certificate is good."),
    RANGE(CONFIG_NUMBER, certificates, per_user, "per-user", 1, 1000, "20",
          "Most unexpired certificates a user may have; the oldest goes first."),

    RANGE(CONFIG_SIZE, sip, head_limit, "head-limit", KIB, MIB, "16K",
          "Most bytes of a SIP message's head."),
    RANGE(CONFIG_SIZE, sip, body_limit, "body-limit", KIB, 64 * MIB, "1M",
          "Most bytes of a SIP message's body."),
    RANGE(CONFIG_DURATION, sip, expires, "expires", MINUTE, 24 * HOUR, "10m",
          "How long a registration lasts unless it is refreshed."),
    RANGE(CONFIG_DURATION, sip, keepalive, "keepalive", 10 * SECOND, HOUR, "5m",
          "Silence after which a client sends a keep-alive; after twice that it is gone."),
    RANGE(CONFIG_NUMBER, sip, endpoints_per_user, "endpoints-per-user", 1, 100, "8",
          "At how many places a user may be signed in at once."),
    TEXT(sip, tlsdsk_min, "tlsdsk-min", "1.0", "Least TLS version inside TLS-DSK (1.0, 1.1, 1.2)."),
    TEXT(sip, tlsdsk_max, "tlsdsk-max", "1.2", "Highest TLS version inside TLS-DSK."),

    RANGE(CONFIG_NUMBER, limits, loops, "loops", 0, 64, "0",
          "Network threads; 0 means one for each core."),
    RANGE(CONFIG_NUMBER, limits, workers, "workers", 0, 256, "0",
          "Threads for passwords and keys; 0 means two for each core."),
    LIVE_RANGE(CONFIG_NUMBER, limits, connections, "connections", 16, 1000000, "20000",
               "Most connections in all."),
    LIVE_RANGE(CONFIG_NUMBER, limits, connections_per_address, "connections-per-address", 1,
               1000000, "1000", "Most connections from one address."),
    RANGE(CONFIG_DURATION, limits, request_time, "request-time", SECOND, HOUR, "20s",
          "How long a handshake or a request may take to arrive."),
    RANGE(CONFIG_DURATION, limits, signin_time, "signin-time", SECOND, HOUR, "3m",
          "How long a SIP connection may stay before somebody has signed in on it: clients fetch a "
          "ticket and a certificate meanwhile."),
    RANGE(CONFIG_DURATION, limits, idle_time, "idle-time", SECOND, HOUR, "2m",
          "How long an HTTP connection may be idle."),

    LIVE_TEXT(log, level, "level", "info",
              "Least level that is logged: error, warning, notice, info, debug."),
    TEXT(log, trace, "trace", "", "File for the message trace (redacted); empty for none."),

    TEXT(push, subject, "subject", "",
         "Whom push services may write to about this server: mailto:ADDRESS or an https URL."),
    RANGE(CONFIG_NUMBER, push, per_user, "per-user", 1, 1000, "16",
          "Most devices with push that a user may have."),
    RANGE(CONFIG_NUMBER, push, per_minute, "per-minute", 1, 600, "30",
          "Most push messages a minute to one device; more are merged or wait."),

    LIVE_TEXT(mobility, trusted_ca, "trusted-ca", "ca.pem",
              "File with the CAs that sign the certificates of mobility services."),
    LIVE_TEXT(mobility, trusted_peers, "trusted-peers", "",
              "Names of mobility services, exactly as in their certificates, with blanks between; "
              "empty: sip-host."),
    RANGE(CONFIG_NUMBER, mobility, peer_requests, "peer-requests", 1, 1000000, "500",
          "Most messages a second on one connection of a mobility service; more wait."),
    RANGE(CONFIG_NUMBER, mobility, port, "port", 1, 65535, "5087",
          "Port in the Contact of phones (Lync's McxSipExternalListeningPort)."),
    RANGE(CONFIG_NUMBER, mobility, phones, "phones", 1, 1000000, "10000",
          "Most phones on one network thread."),

    RANGE(CONFIG_DURATION, lab, clock_offset, "clock-offset", -24 * HOUR, 24 * HOUR, "0s",
          "Laboratory only: run this server's clock ahead by so much."),
    RANGE(CONFIG_NUMBER, lab, password_cost, "password-cost", 1, 11, "5",
          "yescrypt cost of new passwords; low values are for laboratories only."),
    SWITCH(lab, private_push, "private-push", "off",
           "Laboratory only: take push endpoints at loopback and private addresses, and http."),
    TEXT(lab, dns_omit, "dns-omit", "",
         "Laboratory only: names that the name server leaves out, separated by blanks."),
};

const struct config_row *config_schema(size_t *count_out)
{
    *count_out = sizeof schema / sizeof *schema;
    return schema;
}
