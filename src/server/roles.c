#include "server/roles.h"

#include "addressbook/addressbook.h"
#include "autodiscover/autodiscover.h"
#include "certprov/certprov.h"
#include "orgid/orgid.h"
#include "server/faces.h"
#include "server/offer.h"
#include "server/sitewide.h"
#include "vault/vault.h"
#include "web/webpage.h"
#include "webticket/webticket.h"

#include <stdlib.h>

struct roles {
    struct vault_public keys;
    struct webticket *webticket;
    struct orgid *orgid;
    struct certprov *certprov;
    struct autodiscover *autodiscover;
    struct addressbook *addressbook;
    struct webpage *webpage;
};

static int make_webticket(struct server *server, struct roles *roles, struct fault *fault)
{
    roles->webticket = webticket_new(
        &(struct webticket_options){
            .site = &server->site,
            .desk = server_desk,
            .desk_arg = server,
            .penalty = server->penalty,
            .keys = &roles->keys,
            .lifetime_ms = server->config->web.ticket_lifetime,
            .skew_ms = server->config->web.clock_skew,
            .orgid = server->config->roles.orgid,
        },
        fault);
    if (!roles->webticket)
        return fault->err;
    webticket_add_routes(roles->webticket, server->routes);
    return 0;
}

static int make_orgid(struct server *server, struct roles *roles, struct fault *fault)
{
    roles->orgid = orgid_new(
        &(struct orgid_options){
            .site = &server->site,
            .desk = server_desk,
            .desk_arg = server,
            .penalty = server->penalty,
            .keys = &roles->keys,
            .lifetime_ms = server->config->web.orgid_lifetime,
            .skew_ms = server->config->web.clock_skew,
        },
        fault);
    if (!roles->orgid)
        return fault->err;
    orgid_add_routes(roles->orgid, server->routes);
    return 0;
}

static void make_certprov(struct server *server, struct roles *roles)
{
    roles->certprov = certprov_new(&(struct certprov_options){
        .site = &server->site,
        .desk = server_desk,
        .desk_arg = server,
        .webticket = roles->webticket,
        .lifetime_ms = server->config->certificates.lifetime,
    });
    certprov_add_routes(roles->certprov, server->routes);
}

static bool tell_outside(void *server)
{
    return sitewide_now(server).outside;
}

static void make_autodiscover(struct server *server, struct roles *roles)
{
    roles->autodiscover = autodiscover_new(&(struct autodiscover_options){
        .site = &server->site,
        .desk = server_desk,
        .desk_arg = server,
        .webticket = roles->webticket,
        .mcx = server->config->roles.sip,
        .mcx_outside = tell_outside,
        .mcx_arg = server,
        /* A pool of Lync 2010 has none: its phones look for Mcx alone. */
        .ucwa = server->config->roles.sip && offer_level(server->config) != POLICY_LYNC_2010,
        .origins = slice_of(server->config->web.origins),
    });
    autodiscover_add_routes(roles->autodiscover, server->routes);
}

static void make_addressbook(struct server *server, struct roles *roles)
{
    roles->addressbook = addressbook_new(&(struct addressbook_options){
        .site = &server->site,
        .desk = server_desk,
        .desk_arg = server,
        .webticket = roles->webticket,
    });
    addressbook_add_routes(roles->addressbook, server->routes);
}

static void make_webpage(struct server *server, struct roles *roles)
{
    if (!server->config->web.page || !server->config->roles.sip)
        return;
    roles->webpage = webpage_new(&server->site);
    webpage_add_routes(roles->webpage, server->routes);
}

int roles_new(struct server *server, struct roles **roles_out, struct fault *fault)
{
    struct roles *roles = must_calloc(1, sizeof *roles);
    *roles_out = roles; /* freed by server_free() also when a step fails */
    int err = vault_public(vault_client(server->vault, server->vault_client), server->arena,
                           &roles->keys, fault);
    if (err == 0 && server->config->roles.web) {
        err = make_webticket(server, roles, fault);
        if (err == 0) {
            make_certprov(server, roles);
            make_autodiscover(server, roles);
            make_addressbook(server, roles);
            if (server->config->roles.sip)
                faces_add_routes(server, roles->webticket);
            make_webpage(server, roles);
        }
    }
    if (err == 0 && server->config->roles.orgid)
        err = make_orgid(server, roles, fault);
    return err;
}

void roles_free(struct roles *roles)
{
    if (!roles)
        return;
    webpage_free(roles->webpage);
    addressbook_free(roles->addressbook);
    autodiscover_free(roles->autodiscover);
    certprov_free(roles->certprov);
    orgid_free(roles->orgid);
    webticket_free(roles->webticket);
    free(roles);
}
