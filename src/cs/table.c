/* The table of cmdlets. */
#include "cs/cmdlet_priv.h"

/* Every cmdlet that changes something takes these. */
#define CHANGES                                                                                    \
    {"WhatIf", CS_TAKES_SWITCH, 0, false},                                                         \
    {                                                                                              \
        "Confirm", CS_TAKES_SWITCH, 0, false                                                       \
    }
#define IDENTITY                                                                                   \
    {                                                                                              \
        "Identity", CS_TAKES_TEXT, 1, true                                                         \
    }

static const struct cs_parameter get_user[] = {
    IDENTITY,
    {"Filter", CS_TAKES_FILTER, 0, false},
    {"LdapFilter", CS_TAKES_TEXT, 0, false},
    {"ResultSize", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter set_user[] = {
    IDENTITY,
    {"Enabled", CS_TAKES_BOOL, 0, false},
    {"EnterpriseVoiceEnabled", CS_TAKES_BOOL, 0, false},
    {"LineURI", CS_TAKES_TEXT, 0, false},
    {"SipAddress", CS_TAKES_TEXT, 0, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter enable_user[] = {
    IDENTITY,
    {"RegistrarPool", CS_TAKES_TEXT, 0, false},
    {"SipAddress", CS_TAKES_TEXT, 0, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter disable_user[] = {
    IDENTITY,
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter identity_only[] = {IDENTITY, {0}};
static const struct cs_parameter get_policy[] = {
    IDENTITY,
    {"Filter", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter change_policy[] = {
    IDENTITY,
    {"Force", CS_TAKES_SWITCH, 0, false}, /* for warnings, of which there are none */
    CHANGES,
    {0},
};
static const struct cs_parameter remove_policy[] = {
    IDENTITY,
    {"Force", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter grant_policy[] = {
    IDENTITY,
    {"PolicyName", CS_TAKES_TEXT, 2, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter choose[] = {
    {"Property", CS_TAKES_LIST, 1, false},
    {"First", CS_TAKES_TEXT, 0, false},
    {"Last", CS_TAKES_TEXT, 0, false},
    {"ExpandProperty", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter format[] = {
    {"Property", CS_TAKES_LIST, 1, false},
    {"AutoSize", CS_TAKES_SWITCH, 0, false},
    {0},
};
/* A block, or a property and one of the operators: `where Enabled -eq $true`. */
static const struct cs_parameter where[] = {
    {"FilterScript", CS_TAKES_FILTER, 1, false},
    {"eq", CS_TAKES_ANY, 0, false},
    {"ne", CS_TAKES_ANY, 0, false},
    {"lt", CS_TAKES_ANY, 0, false},
    {"le", CS_TAKES_ANY, 0, false},
    {"gt", CS_TAKES_ANY, 0, false},
    {"ge", CS_TAKES_ANY, 0, false},
    {"like", CS_TAKES_ANY, 0, false},
    {"notlike", CS_TAKES_ANY, 0, false},
    {0},
};
static const struct cs_parameter sort[] = {
    {"Property", CS_TAKES_LIST, 1, false},
    {"Descending", CS_TAKES_SWITCH, 0, false},
    {0},
};
static const struct cs_parameter measure[] = {
    {"Property", CS_TAKES_TEXT, 1, false},  {"Average", CS_TAKES_SWITCH, 0, false},
    {"Sum", CS_TAKES_SWITCH, 0, false},     {"Maximum", CS_TAKES_SWITCH, 0, false},
    {"Minimum", CS_TAKES_SWITCH, 0, false}, {0},
};
static const struct cs_parameter name_only[] = {{"Name", CS_TAKES_TEXT, 1, false}, {0}};
static const struct cs_parameter mcx_im[] = {
    {"TargetFqdn", CS_TAKES_TEXT, 1, false},
    {"SenderSipAddress", CS_TAKES_TEXT, 0, false},
    {"SenderCredential", CS_TAKES_TEXT, 0, false},
    {"ReceiverSipAddress", CS_TAKES_TEXT, 0, false},
    {"ReceiverCredential", CS_TAKES_TEXT, 0, false},
    {"Authentication", CS_TAKES_TEXT, 0, false},
    {"RegistrarPort", CS_TAKES_TEXT, 0, false},
    {"Force", CS_TAKES_SWITCH, 0, false},
    {"Verbose", CS_TAKES_SWITCH, 0, false},
    {0},
};
static const struct cs_parameter registration[] = {
    {"TargetFqdn", CS_TAKES_TEXT, 1, false},     {"UserSipAddress", CS_TAKES_TEXT, 0, false},
    {"UserCredential", CS_TAKES_TEXT, 0, false}, {"Authentication", CS_TAKES_TEXT, 0, false},
    {"RegistrarPort", CS_TAKES_TEXT, 0, false},  {"Force", CS_TAKES_SWITCH, 0, false},
    {"Verbose", CS_TAKES_SWITCH, 0, false},      {0},
};

/* clang-format off */
#define POLICY(noun, kind)                                                                         \
    {"Get-Cs" noun, NULL, get_policy, cs_policy_get, kind, false, "Get policies of this kind."},   \
    {"New-Cs" noun, NULL, change_policy, cs_policy_new, kind, true, "Make a policy."},             \
    {"Set-Cs" noun, NULL, change_policy, cs_policy_set, kind, true, "Change a policy."},           \
    {"Remove-Cs" noun, NULL, remove_policy, cs_policy_remove, kind, false, "Remove a policy."},    \
    {"Grant-Cs" noun, NULL, grant_policy, cs_policy_grant, kind, false, "Grant a policy."}
#define CONFIGURATION(noun, kind)                                                                  \
    {"Get-Cs" noun, NULL, get_policy, cs_policy_get, kind, false, "Get configurations of a kind."},\
    {"New-Cs" noun, NULL, change_policy, cs_policy_new, kind, true, "Make a configuration."},      \
    {"Set-Cs" noun, NULL, change_policy, cs_policy_set, kind, true, "Change a configuration."},    \
    {"Remove-Cs" noun, NULL, remove_policy, cs_policy_remove, kind, false,                         \
     "Remove a configuration."}
/* clang-format on */

const struct cs_cmdlet cs_cmdlets[] = {
    {"Get-CsUser", NULL, get_user, cs_user_get, CS_NO_KIND, false, "Get users."},
    {"Set-CsUser", NULL, set_user, cs_user_set, CS_NO_KIND, false, "Change users."},
    {"Enable-CsUser", NULL, enable_user, cs_user_enable, CS_NO_KIND, false, "Let users sign in."},
    {"Disable-CsUser", NULL, disable_user, cs_user_disable, CS_NO_KIND, false,
     "Sign users out and keep them out."},
    {"Get-CsEffectivePolicy", NULL, identity_only, cs_effective_get, CS_NO_KIND, false,
     "Get which policies govern a user."},
    POLICY("MobilityPolicy", POLICY_MOBILITY),
    POLICY("ClientPolicy", POLICY_CLIENT),
    POLICY("VoicePolicy", POLICY_VOICE),
    POLICY("ConferencingPolicy", POLICY_CONFERENCING),
    POLICY("LocationPolicy", POLICY_LOCATION),
    POLICY("PresencePolicy", POLICY_PRESENCE),
    POLICY("ClientVersionPolicy", POLICY_CLIENT_VERSION),
    POLICY("DialPlan", POLICY_DIAL_PLAN),
    CONFIGURATION("McxConfiguration", POLICY_MCX),
    CONFIGURATION("PushNotificationConfiguration", POLICY_PUSH),
    {"Test-CsRegistration", NULL, registration, cs_test_registration, CS_NO_KIND, false,
     "Try whether a user can sign in."},
    {"Test-CsMcxP2PIM", NULL, mcx_im, cs_test_mcx_im, CS_NO_KIND, false,
     "Try whether two phones can exchange a message."},
    {"Select-Object", "select", choose, cs_select, CS_NO_KIND, false,
     "Choose properties, or the first few objects."},
    {"Where-Object", "where", where, cs_where, CS_NO_KIND, false,
     "Pass on the objects for which a filter holds."},
    {"Format-List", "fl", format, cs_format_list, CS_NO_KIND, false, "Print as a list."},
    {"Format-Table", "ft", format, cs_format_table, CS_NO_KIND, false, "Print as a table."},
    {"Sort-Object", "sort", sort, cs_sort, CS_NO_KIND, false, "Put objects in order."},
    {"Measure-Object", "measure", measure, cs_measure, CS_NO_KIND, false,
     "Count objects, and sum up a property."},
    {"Get-Command", "gcm", name_only, cs_commands, CS_NO_KIND, false, "Get these cmdlets."},
    {"Get-Help", "help", name_only, cs_help, CS_NO_KIND, false,
     "Get what a cmdlet does, and its parameters."},
    {0},
};
