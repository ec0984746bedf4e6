/* Every command of lychgate, in the order of its help. */
#include "tools/bench.h"
#include "tools/completion.h"
#include "tools/dns.h"
#include "tools/finding.h"
#include "tools/init.h"
#include "tools/signin.h"
#include "tools/trace.h"
#include "tools/user.h"
#include "tools/user_card.h"
#include "tools/verb.h"

const struct verb verbs[] = {
    {"init", NULL, "", "Set up a site: configuration, certificates, keys, databases.", init_options,
     init_run},
    {"signin", NULL, "ADDRESS", "Sign in, step by step, and say what happens.", signin_options,
     signin_run},
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
    {"cert", "revoke", "ADDRESS", "Revoke all certificates of a user.", NULL, cert_revoke},
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
