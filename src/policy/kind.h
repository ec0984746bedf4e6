/* What a policy can say: one const table of attributes for each kind. Attributes
 * have the names they have on the wire ([MS-SIPREGE] section 2.2.2.5), so that
 * provisioning writes them as they stand here. */
#ifndef LYCHGATE_POLICY_KIND_H
#define LYCHGATE_POLICY_KIND_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

enum policy_kind {
    POLICY_CLIENT,         /* on the wire: endpointConfiguration */
    POLICY_VOICE,          /* ucPolicy */
    POLICY_CONFERENCING,   /* meetingPolicy */
    POLICY_LOCATION,       /* locationPolicy */
    POLICY_PRESENCE,       /* presencePolicyV2 */
    POLICY_MOBILITY,       /* mobilityPolicy */
    POLICY_CLIENT_VERSION, /* not on the wire; has rules, see clientversion.h */
    POLICY_DIAL_PLAN,      /* the location profile; has rules, see dialplan.h */
    POLICY_MCX,            /* not on the wire: McxConfiguration, the mobility service */
    POLICY_PUSH,           /* PushNotificationConfiguration: which push services are used */
    POLICY_KINDS
};

enum policy_type {
    POLICY_BOOL,   /* "true" or "false" */
    POLICY_INT,    /* decimal, within min..max */
    POLICY_TEXT,   /* UTF-8, at most max bytes, no control characters; may be empty */
    POLICY_CHOICE, /* one of `choices` */
};

/* Which server the site resembles. An attribute exists from its `since` on. */
enum policy_level {
    POLICY_LYNC_2010 = 2010,
    POLICY_LYNC_2013 = 2013, /* and everything later */
};

struct policy_attribute {
    const char *name; /* "AllowCallForwarding"; found without regard to case */
    enum policy_type type;
    enum policy_level since;
    const char *value; /* the default, as text; "" is not sent */
    int64_t min, max;
    const char *choices; /* "VGA|CIF", NULL: none */
    const char *help;
};

/* Which scopes a kind has besides Global. Configurations are not granted: no tags. */
enum policy_scopes {
    POLICY_SITE = 1,
    POLICY_TAG = 2,
    POLICY_SERVICE = 4, /* Service:WebServer:HOST */
};

struct policy;

struct policy_kind_row {
    const char *name; /* "client-version", as on the command line */
    const char *noun; /* "policy", "configuration" */
    const char *help;
    unsigned scopes; /* enum policy_scopes */
    const struct policy_attribute *attribute;
    size_t count;
    /* What must hold between attributes: 0, or -ERR_MALFORMED, POLICY_INVALID. NULL: nothing. */
    int (*check)(const struct policy *policy, struct fault *fault);
};

enum {
    POLICY_TEXT_MAX = 1024 /* bytes of any value */
};

/* The row of a kind, never NULL. */
const struct policy_kind_row *policy_kind_row(enum policy_kind kind);

/* The kind of that name, in any case ("dial-plan", "DialPlan", "MobilityPolicy",
 * "McxConfiguration"): 0, or
 * -ERR_UNKNOWN with POLICY_INVALID and the nearest name in the detail. */
int policy_kind_find(struct slice name, enum policy_kind *kind_out, struct fault *fault);

/* The attribute of that name, in any case, that exists at that level; NULL and a fault
 * (POLICY_INVALID, which names the nearest one) when there is none. */
const struct policy_attribute *policy_attribute_find(enum policy_kind kind, struct slice name,
                                                     enum policy_level level, struct fault *fault);

/* Is this a value of the attribute? Its canonical form ("True" becomes "true") comes
 * from the arena. -ERR_MALFORMED, POLICY_INVALID, and a detail that says what is allowed. */
int policy_value_check(const struct policy_attribute *attribute, struct slice value,
                       struct arena *arena, struct slice *canonical_out, struct fault *fault);

#endif
