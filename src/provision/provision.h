/* In-band provisioning ([MS-SIPREGE] section 2.2.2): what a client is told about its
 * site, its user and the policies that govern him, right after sign-in; and the dial plan
 * ([MS-SIPRE] section 3.8.5.1). Nothing is kept: each answer is made of what the caller
 * hands in. No socket, no clock, no store. */
#ifndef LYCHGATE_PROVISION_PROVISION_H
#define LYCHGATE_PROVISION_PROVISION_H

#include "base/buf.h"
#include "policy/policy.h"
#include "provision/setting.h"
#include "registrar/registrar.h"
#include "site/site.h"

/* What is really served at this site. A URL or address whose service is off is left
 * out: SIPE uses at once all it is told (session.md section 9, row 23). */
enum provision_service {
    PROVISION_ADDRESS_BOOK = 1u << 0,    /* files and photos at SITE_PATH_ADDRESS_BOOK */
    PROVISION_GROUP_EXPANSION = 1u << 1, /* query and expansion at SITE_PATH_GROUP_EXPANSION */
    PROVISION_LOCATION = 1u << 2,        /* SITE_PATH_LOCATION */
    PROVISION_CONFERENCES = 1u << 3,     /* the user's focus factory */
    PROVISION_MEDIA_RELAY = 1u << 4,     /* MRAS */
};

struct provision_options {
    const struct site *site;                 /* borrowed, as long as the answers are made */
    unsigned services;                       /* of enum provision_service */
    struct slice organization, helpdesk_url; /* shown by clients; absent: left out */
    uint16_t media_port_min, media_port_max; /* 0: clients choose */
};

/* Whose provisioning: all of it read-only. */
struct provision_user {
    struct slice account; /* "alice@contoso.test" */
    const struct provision_settings *settings;
    const struct policy_effective *policy;
};

/* The events that provision_subscribe() answers, for the registrar's Allow-Events. */
#define PROVISION_EVENTS "vnd-microsoft-provisioning-v2,vnd-microsoft-provisioning"

enum {
    PROVISION_BODY_MAX = 32 * 1024,
    PROVISION_GROUPS_MAX = 64 /* asked for in one request */
};

bool provision_is_event(struct slice event);

/* Answer a SUBSCRIBE for one of those events. No dialog comes of it. Groups are answered
 * as asked, each once, unknown names passed over; a request without a body gets all. The
 * document travels in the 200; for a client that does not support
 * ms-piggyback-first-notify in a (BE)NOTIFY behind it, in *out. Fills the reply (a 200
 * from sip_reply_init) or returns a negative enum err with
 *   CLAIM_MISMATCH       From or To is not the caller's address
 *   EVENT_PACKAGE        another event
 *   PROVISION_ACCEPT     Accept lacks the document's type
 *   PROVISION_MALFORMED  the body is no provisioningGroupList, or passes a limit
 *   SIP_MALFORMED        no Contact to notify */
int provision_subscribe(const struct provision_options *options, const struct sip_message *request,
                        const struct registrar_caller *caller, const struct provision_user *user,
                        struct sip_reply *reply, struct outgoing_list *out, struct fault *fault);

/* ---- the dial plan ------------------------------------------------------------------------ */

/* Is it a SERVICE for a location profile (opaque=app:locationprofile:get)? */
bool provision_is_profile(const struct sip_message *request);

/* Which plan does it want? An absent name is the default, that is effective->dialplan;
 * any other is to be found with dialplan_find() on a worker. -ERR_MALFORMED,
 * DIALPLAN_UNNAMED: neither `default` nor phone-context. */
int provision_profile_name(const struct sip_message *request, struct slice *name_out,
                           struct fault *fault);

/* The 200 with the plan as a LocationProfileDescription. */
void provision_profile_answer(const struct dialplan *plan, struct sip_reply *reply);

/* ---- for tests and the command line --------------------------------------------------------- */

/* Append the document with the group of that name, or all for an absent one; false, and
 * nothing appended, when there is no such group. */
bool provision_print(const struct provision_options *options, const struct provision_user *user,
                     struct slice group, struct buf *out);

/* The names of the groups, counted from 0; NULL past the last. */
const char *provision_group_name(unsigned index);

#endif
