#include "tools/clientversion.h"

#include "server/offer.h"
#include "tools/office.h"
#include "tools/policy.h"
#include "tools/policy_show.h"
#include "tools/show.h"

#include <stdio.h>

const struct verb_option client_version_rule_options[] = {
    {"agent", "NAME", "the product in User-Agent that the rule is about: OC, Sipe", false},
    {"if", "COMPARE", "any (default), EQL, NEQ, LSS, LEQ, GTR or GEQ", false},
    {"version", "VERSION", "what the client's version is compared with: 4.0.7577.0", false},
    {"action", "ACTION", "Allow, AllowWithUrl, Block or BlockWithUrl", false},
    {"url", "URL", "where a better client is", false},
    {"remove", NULL, "remove the rule of this priority", false},
    {0},
};
const struct verb_option client_version_test_options[] = {
    {"user", "ADDRESS", "by the policy of this user (default: the global one)", false},
    {0},
};

/* ---- rule -------------------------------------------------------------------------------- */

static enum tool_exit read_rule(const struct invocation *invocation, struct client_rule *rule)
{
    const char *compare = invocation_value(invocation, "if");
    const char *version = invocation_value(invocation, "version");
    const char *action = invocation_value(invocation, "action");
    struct fault fault;
    if (!invocation_has(invocation, "agent") || !action)
        return tool_usage("a rule needs --agent and --action");
    if (client_action_find(slice_of(action), &rule->action, &fault) < 0 ||
        (compare && client_compare_find(slice_of(compare), &rule->compare, &fault) < 0) ||
        (version && client_version_parse(slice_of(version), rule->version, &fault) < 0))
        return tool_fail(invocation, &fault);
    if ((rule->compare == CLIENT_ANY) != (version == NULL))
        return tool_usage("--if COMPARE and --version VERSION belong together");
    rule->agent = slice_of(invocation_value(invocation, "agent"));
    rule->url = slice_of(invocation_value(invocation, "url"));
    return TOOL_FINE;
}

static enum tool_exit show_rules(struct invocation *invocation, const struct office *office,
                                 const char *scope)
{
    struct client_rules rules;
    struct policy policy;
    struct fault fault;
    if (policy_get(office->reader, POLICY_CLIENT_VERSION, slice_of(scope), invocation->arena,
                   &policy, &fault) < 0 ||
        client_rules_load(office->reader, slice_of(scope), invocation->arena, &rules, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json) {
        show_json(client_rules_json(&rules));
        return TOOL_FINE;
    }
    client_rules_put(invocation->arena, &rules);
    if (!policy_bool(&policy, "Enabled"))
        printf("\nNothing is looked at yet: "
               "`lychgate policy set client-version %.*s Enabled=true`\n",
               SLICE_ARG(policy.scope));
    return TOOL_FINE;
}

enum tool_exit client_version_rule_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    const char *scope = invocation->operands[0];
    bool remove = invocation_has(invocation, "remove");
    struct client_rule rule = {0};
    struct fault fault;
    uint64_t priority;
    if (slice_number(slice_of(invocation->operands[1]), UINT32_MAX, &priority) < 0)
        return tool_usage("`%s` is no priority: a number from 1 on", invocation->operands[1]);
    rule.priority = (uint32_t)priority;
    enum tool_exit error = remove ? TOOL_FINE : read_rule(invocation, &rule);
    if (error)
        return error;
    int err = office_open_records(invocation->config_path, &office, &fault);
    if (err == 0)
        err = remove ? client_rule_remove(office.store, slice_of(scope), rule.priority, &fault)
                     : client_rule_set(office.store, slice_of(scope), &rule, &fault);
    if (err < 0) {
        policy_suggest(&office, POLICY_CLIENT_VERSION, scope, &fault);
        return tool_fail(invocation, &fault);
    }
    return show_rules(invocation, &office, scope);
}

/* ---- test -------------------------------------------------------------------------------- */

static int load_governing(struct invocation *invocation, struct office *office,
                          struct policy_effective *effective, struct fault *fault)
{
    const char *user = invocation_value(invocation, "user");
    struct account account = {0};
    int err = office_open_records(invocation->config_path, office, fault);
    if (err == 0 && user)
        err = accounts_find_login(office->accounts, slice_of(user), invocation->arena, &account,
                                  fault);
    if (err < 0)
        return err;
    struct policy_subject subject = offer_subject(office->config, account.id);
    return policy_effective_load(office->reader, &subject, invocation->arena, effective, fault);
}

enum tool_exit client_version_test_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct policy_effective effective;
    struct client_verdict verdict;
    struct fault fault, refusal;
    if (load_governing(invocation, &office, &effective, &fault) < 0)
        return tool_fail(invocation, &fault);
    client_version_check(&effective, slice_of(invocation->operands[0]), &verdict, &refusal);
    const struct policy *policy = &effective.of[POLICY_CLIENT_VERSION];
    struct slice why =
        verdict.rule ? arena_print(invocation->arena, "rule %u (%.*s)", verdict.rule->priority,
                                   SLICE_ARG(client_rule_line(invocation->arena, verdict.rule)))
        : policy_bool(policy, "Enabled") ? SLICE("no rule matches, so the default action")
                                         : SLICE("the policy is not enabled");
    if (!verdict.allowed) {
        fault_set(&fault, ERR_DENIED, FINDING_CLIENT_BLOCKED, "%s; %.*s of policy %.*s",
                  refusal.detail, SLICE_ARG(why), SLICE_ARG(policy->scope));
        return tool_fail(invocation, &fault);
    }
    if (invocation->json)
        show_json(json_pack("{s:b,s:o,s:o,s:o,s:o}", "allowed", 1, "scope",
                            show_text(policy->scope), "why", show_text(why), "rule",
                            verdict.rule ? json_integer(verdict.rule->priority) : json_null(),
                            "url", verdict.url.len ? show_text(verdict.url) : json_null()));
    else
        printf("May sign in: %.*s (policy %.*s).\n", SLICE_ARG(why), SLICE_ARG(policy->scope));
    return TOOL_FINE;
}
