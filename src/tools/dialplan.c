#include "tools/dialplan.h"

#include "server/offer.h"
#include "tools/office.h"
#include "tools/policy.h"
#include "tools/policy_show.h"
#include "tools/show.h"

#include <stdio.h>

const struct verb_option dialplan_rule_options[] = {
    {"name", "NAME", "what the rule is for", false},
    {"internal", NULL, "it makes the number of an extension inside", false},
    {"device", NULL, "it is for telephones that dial as one types, too", false},
    {"remove", NULL, "remove the rule of this priority", false},
    {0},
};

/* A plan by its scope, by its name on the wire, or the one that governs a user. */
static int find_plan(struct invocation *invocation, struct office *office, struct dialplan *plan,
                     struct fault *fault)
{
    struct slice asked = slice_of(invocation->operands[0]);
    struct arena *arena = invocation->arena;
    int err = office_open_records(invocation->config_path, office, fault);
    if (err < 0)
        return err;
    if (slice_index(asked, '@') >= 0) {
        struct account account;
        struct policy_effective effective;
        err = accounts_find_login(office->accounts, asked, arena, &account, fault);
        if (err < 0)
            return err;
        struct policy_subject subject = offer_subject(office->config, account.id);
        err = policy_effective_load(office->reader, &subject, arena, &effective, fault);
        *plan = effective.dialplan;
        return err;
    }
    err = dialplan_load(office->reader, asked, arena, plan, fault);
    if (err < 0)
        err = dialplan_find(office->reader, asked, arena, plan, fault);
    if (err < 0)
        policy_suggest(office, POLICY_DIAL_PLAN, invocation->operands[0], fault);
    return err;
}

enum tool_exit dialplan_list_run(struct invocation *invocation)
{
    return policy_list_kind(invocation, POLICY_DIAL_PLAN);
}

static void put_plan(struct invocation *invocation, const struct dialplan *plan)
{
    if (invocation->json) {
        show_json(dialplan_rules_json(plan));
        return;
    }
    printf("name:   %.*s\nprefix: %.*s\n\n", SLICE_ARG(plan->name),
           SLICE_ARG(plan->prefix.len ? plan->prefix : SLICE("(none)")));
    dialplan_rules_put(invocation->arena, plan);
}

enum tool_exit dialplan_show_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct dialplan plan;
    struct fault fault;
    if (find_plan(invocation, &office, &plan, &fault) < 0)
        return tool_fail(invocation, &fault);
    put_plan(invocation, &plan);
    return TOOL_FINE;
}

enum tool_exit dialplan_set_run(struct invocation *invocation)
{
    return policy_set_kind(invocation, POLICY_DIAL_PLAN, invocation->operands[0], 1);
}

enum tool_exit dialplan_remove_run(struct invocation *invocation)
{
    return policy_remove_kind(invocation, POLICY_DIAL_PLAN, invocation->operands[0]);
}

/* ---- rule -------------------------------------------------------------------------------- */

enum tool_exit dialplan_rule_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct slice scope = slice_of(invocation->operands[0]);
    bool remove = invocation_has(invocation, "remove");
    struct dialplan plan;
    struct fault fault;
    uint64_t priority;
    if (slice_number(slice_of(invocation->operands[1]), UINT32_MAX, &priority) < 0)
        return tool_usage("`%s` is no priority: a number from 1 on", invocation->operands[1]);
    if (invocation->operand_count != (remove ? 2 : 4))
        return tool_usage("a rule needs PATTERN and TRANSLATION, --remove neither");
    struct dialplan_rule rule = {
        .priority = (uint32_t)priority,
        .name = slice_of(invocation_value(invocation, "name")),
        .pattern = slice_of(remove ? NULL : invocation->operands[2]),
        .translation = slice_of(remove ? NULL : invocation->operands[3]),
        .internal = invocation_has(invocation, "internal"),
        .device = invocation_has(invocation, "device"),
    };
    int err = office_open_records(invocation->config_path, &office, &fault);
    if (err == 0)
        err = remove ? dialplan_rule_remove(office.store, scope, rule.priority, &fault)
                     : dialplan_rule_set(office.store, scope, &rule, &fault);
    if (err == 0)
        err = dialplan_load(office.reader, scope, invocation->arena, &plan, &fault);
    if (err < 0) {
        policy_suggest(&office, POLICY_DIAL_PLAN, invocation->operands[0], &fault);
        return tool_fail(invocation, &fault);
    }
    put_plan(invocation, &plan);
    return TOOL_FINE;
}

/* ---- test -------------------------------------------------------------------------------- */

/* What each rule said, in the order in which they were asked. */
struct trial {
    struct arena *arena;
    const struct dialplan *plan;
    struct slice dialled;
    struct show_table *table;
    json_t *rows;
};

static void trial_row(struct trial *trial, const struct dialplan_rule *rule, const char *said,
                      struct slice number)
{
    show_table_row(trial->table,
                   (struct slice[]){arena_print(trial->arena, "%u", rule->priority), rule->name,
                                    rule->pattern, slice_of(said), number});
    json_array_append_new(trial->rows,
                          json_pack("{s:I,s:o,s:o,s:s,s:o}", "priority", (json_int_t)rule->priority,
                                    "name", show_text(rule->name), "pattern",
                                    show_text(rule->pattern), "said", said, "number",
                                    number.len ? show_text(number) : json_null()));
}

/* Each rule as a plan of its own, so that it can be asked alone. */
static int run_trial(struct trial *trial, struct dialplan_result *result, struct fault *fault)
{
    for (size_t i = 0; i < trial->plan->count; i++) {
        const struct dialplan_rule *rule = &trial->plan->rule[i];
        struct dialplan alone = *trial->plan;
        struct dialplan_result said;
        alone.rule = rule;
        alone.count = 1;
        if (result->rule) {
            trial_row(trial, rule, "not asked", SLICE(""));
            continue;
        }
        int err = dialplan_normalize(&alone, trial->dialled, trial->arena, &said, fault);
        if (err < 0)
            return err;
        *result = said;
        trial_row(trial, rule, said.rule ? "matches" : "no match",
                  said.rule ? said.number : SLICE(""));
    }
    return 0;
}

enum tool_exit dialplan_test_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct dialplan plan;
    struct dialplan_result result = {0};
    struct fault fault;
    struct trial trial = {
        .arena = invocation->arena, .plan = &plan, .dialled = slice_of(invocation->operands[1])};
    trial.table = show_table_new(
        invocation->arena, (const char *[]){"PRIORITY", "NAME", "PATTERN", "SAYS", "NUMBER", NULL});
    if (find_plan(invocation, &office, &plan, &fault) < 0)
        return tool_fail(invocation, &fault);
    trial.rows = json_array();
    if (run_trial(&trial, &result, &fault) < 0) {
        json_decref(trial.rows);
        return tool_fail(invocation, &fault);
    }
    if (invocation->json) {
        show_json(json_pack("{s:o,s:o,s:o,s:o,s:o}", "plan", show_text(plan.name), "dialled",
                            show_text(trial.dialled), "number", show_text(result.number), "rule",
                            result.rule ? json_integer(result.rule->priority) : json_null(),
                            "rules", trial.rows));
        return TOOL_FINE;
    }
    json_decref(trial.rows);
    show_table_put(trial.table);
    if (result.rule)
        printf("\n%.*s becomes %.*s by rule %u of %.*s.\n", SLICE_ARG(trial.dialled),
               SLICE_ARG(result.number), result.rule->priority, SLICE_ARG(plan.name));
    else
        printf("\nNo rule of %.*s matches; the number stays %.*s.\n", SLICE_ARG(plan.name),
               SLICE_ARG(result.number));
    return TOOL_FINE;
}
