/* What a site offers its users, as its configuration says. Policies and provisioning are
 * made of it, so the server and the command line ask here, and agree. */
#ifndef LYCHGATE_SERVER_OFFER_H
#define LYCHGATE_SERVER_OFFER_H

#include "policy/policy.h"
#include "provision/provision.h"
#include "server/config.h"
#include "site/site.h"

/* The names and ports that clients are told. The ports are those that listen; 0: none
 * does, or it is not known, then the usual ones. Lends the configuration's strings. */
struct site offer_site(const struct config *config, uint16_t https_port, uint16_t sip_port);

/* Which attributes policies have here: [site] policy-level. */
enum policy_level offer_level(const struct config *config);

/* Whom policies are looked up for: an account of this site. Lends its name. */
struct policy_subject offer_subject(const struct config *config, int64_t account);

/* What provisioning tells of the site. Lends site and configuration. */
struct provision_options offer_provision(const struct config *config, const struct site *site);

#endif
