/* Every command of lychgate, in the order of its help. */
#include "tools/bench.h"
#include "tools/clientversion.h"
#include "tools/completion.h"
#include "tools/contacts.h"
#include "tools/cs.h"
#include "tools/dialplan.h"
#include "tools/dns.h"
#include "tools/finding.h"
#include "tools/group.h"
#include "tools/im.h"
#include "tools/init.h"
#include "tools/location.h"
#include "tools/policy.h"
#include "tools/presence.h"
#include "tools/push.h"
#include "tools/roster.h"
#include "tools/setting.h"
#include "tools/signin.h"
#include "tools/trace.h"
#include "tools/user.h"
#include "tools/user_card.h"
#include "tools/verb.h"
#include "tools/whoami.h"

const struct verb verbs[] = {
    {"init", NULL, "", "Set up a site: configuration, certificates, keys, databases.", init_options,
     init_run},
    {"signin", NULL, "ADDRESS", "Sign in, step by step, and say what happens.", signin_options,
     signin_run},
    {"whoami", NULL, "", "Say who the server takes us for, and what it set for us.", whoami_options,
     whoami_run},
    {"im", NULL, "[ADDRESS] [TEXT]", "Send a message, and wait for answers.", im_options, im_run},
    {"presence", "watch", "[ADDRESS...]", "Print people's presence as it changes.",
     presence_watch_options, presence_watch_run},
    {"presence", "set", "STATE", "Set one's own state and note.", presence_set_options,
     presence_set_run},
    {"user", "add", "ADDRESS", "Add a user.", user_add_options, user_add},
    {"user", "list", "", "List all users.", NULL, user_list},
    {"user", "show", "ADDRESS", "Show a user and his certificates.", NULL, user_show},
    {"user", "set", "ADDRESS", "Change a user's names or password.", user_set_options, user_set},
    {"user", "remove", "ADDRESS", "Remove a user with password and certificates.", NULL,
     user_remove},
    {"user", "enable", "ADDRESS", "Let a user sign in.", NULL, user_enable},
    {"user", "disable", "ADDRESS", "Sign a user out and keep him out.", NULL, user_disable},
    {"user", "card", "ADDRESS [FIELD=VALUE...]", "Show or change a user's directory card.", NULL,
     user_card},
    {"user", "photo", "ADDRESS [FILE]", "Set or remove a user's photo.", user_photo_options,
     user_photo},
    {"user", "setting", "ADDRESS [NAME=VALUE...]",
     "Show or change a user's telephony and the like.", user_setting_options, user_setting_run},
    {"user", "provisioning", "ADDRESS [GROUP]", "Print what a user's client is told at sign-in.",
     NULL, user_provisioning_run},
    {"cert", "revoke", "ADDRESS", "Revoke all certificates of a user.", NULL, cert_revoke},
    {"policy", "list", "[KIND]", "List policies, with what they set.", NULL, policy_list_run},
    {"policy", "show", "KIND [SCOPE]", "Show all attributes of a policy and their meaning.", NULL,
     policy_show_run},
    {"policy", "set", "KIND SCOPE [NAME=VALUE...]", "Change a policy, or make one.",
     policy_set_options, policy_set_run},
    {"policy", "remove", "KIND SCOPE", "Remove a policy, or reset the global one.",
     policy_remove_options, policy_remove_run},
    {"policy", "grant", "KIND ADDRESS [TAG]", "Grant a policy to a user.", policy_grant_options,
     policy_grant_run},
    {"policy", "effective", "ADDRESS [KIND]", "Show which policies govern a user.", NULL,
     policy_effective_run},
    {"client-version", "rule", "SCOPE PRIORITY", "Put or remove a rule for sign-in programs.",
     client_version_rule_options, client_version_rule_run},
    {"client-version", "test", "USER-AGENT", "Say whether a program may sign in, and why.",
     client_version_test_options, client_version_test_run},
    {"dialplan", "list", "", "List dial plans.", NULL, dialplan_list_run},
    {"dialplan", "show", "PLAN", "Show the rules of a dial plan.", NULL, dialplan_show_run},
    {"dialplan", "set", "SCOPE [NAME=VALUE...]", "Change a dial plan's attributes, or make one.",
     policy_set_options, dialplan_set_run},
    {"dialplan", "rule", "SCOPE PRIORITY [PATTERN] [TRANSLATION]", "Put or remove a rule.",
     dialplan_rule_options, dialplan_rule_run},
    {"dialplan", "remove", "SCOPE", "Remove a dial plan.", policy_remove_options,
     dialplan_remove_run},
    {"dialplan", "test", "PLAN NUMBER", "Show what each rule says to a number.", NULL,
     dialplan_test_run},
    {"contacts", "list", "", "Show one's contacts, by group, with their presence.", roster_options,
     roster_list},
    {"contacts", "add", "ADDRESS", "Add a contact, or put one into a group too.",
     roster_group_options, roster_add},
    {"contacts", "remove", "ADDRESS", "Remove a contact, or take one out of a group.",
     roster_group_options, roster_remove},
    {"contacts", "move", "ADDRESS", "Put a contact into one group, out of all others.",
     roster_group_options, roster_move},
    {"contacts", "add-group", "NAME", "Add a group to one's contact list.", roster_options,
     roster_add_group},
    {"contacts", "rename-group", "NAME NEW-NAME", "Rename a group.", roster_options,
     roster_rename_group},
    {"contacts", "remove-group", "NAME", "Remove a group; its people stay.", roster_options,
     roster_remove_group},
    {"contacts", "export", "ADDRESS", "Print a user's contact list.", contacts_export_options,
     contacts_export_run},
    {"contacts", "import", "ADDRESS FILE", "Read a user's contact list from a file.",
     contacts_import_options, contacts_import_run},
    {"cs", NULL, "CMDLET...", "Run cmdlets as administrators of Lync type them.", NULL,
     cs_verb_run},
    {"group", "add", "ADDRESS", "Add or rename a distribution group.", group_add_options,
     group_add},
    {"group", "remove", "ADDRESS", "Remove a distribution group.", NULL, group_remove_verb},
    {"group", "show", "ADDRESS", "Show a distribution group and its members.", NULL, group_show},
    {"group", "list", "", "List all distribution groups.", NULL, group_list_verb},
    {"group", "member", "ADDRESS MEMBER [MEMBER...]", "Add members to a group, or take them out.",
     group_member_options, group_member},
    {"location", "add", "KIND KEY [PART=VALUE...]", "Say where a network is.", NULL, location_add},
    {"location", "remove", "KIND KEY", "Forget where a network is.", NULL, location_remove_verb},
    {"location", "list", "", "List all locations.", NULL, location_list_verb},
    {"location", "import", "FILE", "Read locations from a CSV file.", NULL, location_import},
    {"push", "add", "ADDRESS FILE", "Keep a push subscription (JSON) for a user's device.",
     push_add_options, push_add_run},
    {"push", "list", "[ADDRESS]", "List push subscriptions.", NULL, push_list_run},
    {"push", "remove", "ADDRESS", "Forget a user's push subscriptions.", push_remove_options,
     push_remove_run},
    {"push", "test", "ADDRESS", "Send a push message to a user's devices.", push_test_options,
     push_test_run},
    {"push", "key", "", "Print the key that applications subscribe with.", NULL, push_key_run},
    {"dns", "zone", "", "Print the DNS records to publish, as a zone file.", dns_zone_options,
     dns_zone},
    {"trace", NULL, "FILE", "Draw the ladder of a trace file.", trace_options, trace_run},
    {"finding", NULL, "[ID]", "Explain a finding, or list them all.", NULL, finding_run},
    {"bench", "parse", "", "Time the SIP parser beside other people's.", bench_parse_options,
     bench_parse_run},
    {"bench", "signin", "", "Time sign-ins, many at once.", bench_signin_options, bench_signin_run},
    {"bench", "register", "", "Time refreshes on long-lived connections.", bench_register_options,
     bench_register_run},
    {"bench", "idle", "", "Weigh registered endpoints that do nothing.", bench_idle_options,
     bench_idle_run},
    {"completion", NULL, "SHELL", "Print completion for bash, zsh or fish.", NULL, completion_run},
    {0},
};
