/* Configurations: they govern sites, not users, and are not granted. Microsoft's help for
 * Set-CsMcxConfiguration and Set-CsPushNotificationConfiguration. */
#include "policy/kind_priv.h"
#include "policy/policy.h"

enum {
    SESSION_MIN = 120 /* seconds; the most is what 32 bits hold */
};

#define CONFIGURATION(name_, help_, scopes_, table, check_)                                        \
    {                                                                                              \
        .name = (name_), .noun = "configuration", .help = (help_), .scopes = (scopes_),            \
        .attribute = (table), .count = sizeof(table) / sizeof((table)[0]), .check = (check_)       \
    }

static const struct policy_attribute mcx[] = {
    INT("SessionExpirationInterval", POLICY_LYNC_2010, "259200", SESSION_MIN, UINT32_MAX,
        "Seconds of silence after which a phone with push is signed out."),
    INT("SessionShortExpirationInterval", POLICY_LYNC_2010, "3600", SESSION_MIN, UINT32_MAX,
        "The same for a phone that polls."),
    CHOICE("ExposedWebURL", POLICY_LYNC_2010, "External", "External|Internal",
           "Whom autodiscover tells of the service: everybody, or who is inside."),
    TEXT("PushNotificationProxyUri", POLICY_LYNC_2010, "sip:push@push.lync.com", 256,
         "SIP address of the clearing house for push notifications."),
};

static int check_mcx(const struct policy *policy, struct fault *fault)
{
    struct slice proxy = policy_text(policy, "PushNotificationProxyUri"), user, host;
    if (policy_number(policy, "SessionExpirationInterval") <=
        policy_number(policy, "SessionShortExpirationInterval"))
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "SessionExpirationInterval must be more than "
                         "SessionShortExpirationInterval (%lld)",
                         (long long)policy_number(policy, "SessionShortExpirationInterval"));
    if (!slice_starts_nocase(proxy, SLICE("sip:")) ||
        !slice_cut(slice_from(proxy, 4), '@', &user, &host) || slice_empty(user) ||
        slice_empty(host) || slice_index(proxy, ' ') >= 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "PushNotificationProxyUri is a SIP address: sip:NAME@DOMAIN");
    return 0;
}
const struct policy_kind_row policy_kind_mcx =
    CONFIGURATION("mcx", "The mobility service.", POLICY_SITE | POLICY_SERVICE, mcx, check_mcx);

/* The third one is ours. It is on by default, unlike Lync's: those send what happens here to
 * a cloud by way of Microsoft; Web Push goes, encrypted, where the device itself asked for it. */
static const struct policy_attribute push[] = {
    BOOL("EnableApplePushNotificationService", POLICY_LYNC_2010, "false",
         "Wake iPhones; kept for Lync's sake, as nothing here speaks to Apple."),
    BOOL("EnableMicrosoftPushNotificationService", POLICY_LYNC_2010, "false",
         "Wake Windows Phones; kept for Lync's sake, as that service has ended."),
    BOOL("EnableWebPushNotificationService", POLICY_LYNC_2010, "true",
         "Wake devices by Web Push (not in Lync)."),
};
const struct policy_kind_row policy_kind_push = CONFIGURATION(
    "push-notification", "Which push services wake sleeping phones.", POLICY_SITE, push, NULL);
