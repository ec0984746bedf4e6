/* The commands that look at policies; policy_change.c has those that change them. */
#include "tools/policy.h"

#include "server/offer.h"
#include "tools/policy_show.h"
#include "tools/show.h"

#include <stdio.h>

enum {
    NEAR = 4 /* letters that a scope may be off and still be suggested */
};

void policy_suggest(const struct office *office, enum policy_kind kind, const char *scope,
                    struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct policy *list;
    struct fault inner;
    struct slice asked, near = {0};
    size_t count, least = NEAR;
    if (fault->err != -ERR_UNKNOWN ||
        policy_scope_parse(kind, slice_of(scope), arena, &asked, &inner) < 0 ||
        policy_list(office->reader, kind, arena, &list, &count, &inner) < 0)
        return;
    for (size_t i = 1; i < count; i++) {
        size_t distance = slice_distance(asked, list[i].scope);
        if (distance < least) {
            least = distance;
            near = list[i].scope;
        }
    }
    if (!slice_absent(near)) {
        const char *detail = arena_string(arena, slice_of(fault->detail));
        fault_set(fault, ERR_UNKNOWN, fault->finding, "%s; did you mean %.*s?", detail,
                  SLICE_ARG(near));
    }
}

/* ---- list -------------------------------------------------------------------------------- */

static int list_kind(struct invocation *invocation, const struct office *office,
                     enum policy_kind kind, struct show_table *table, json_t *rows,
                     struct fault *fault)
{
    struct policy *list;
    size_t count;
    int err = policy_list(office->reader, kind, invocation->arena, &list, &count, fault);
    for (size_t i = 0; i < count && err == 0; i++) {
        if (invocation->json)
            json_array_append_new(rows, policy_show_json(&list[i], offer_level(office->config)));
        else
            show_table_row(table,
                           (struct slice[]){slice_of(policy_kind_row(kind)->name), list[i].scope,
                                            policy_show_line(invocation->arena, &list[i])});
    }
    return err;
}

enum tool_exit policy_list_kind(struct invocation *invocation, enum policy_kind kind)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    struct show_table *table =
        show_table_new(invocation->arena, (const char *[]){"KIND", "SCOPE", "SETS", NULL});
    json_t *rows = json_array();
    int err = office_open_records(invocation->config_path, &office, &fault);
    for (unsigned i = 0; i < POLICY_KINDS && err == 0; i++)
        if (kind == POLICY_KINDS || kind == (enum policy_kind)i)
            err = list_kind(invocation, &office, (enum policy_kind)i, table, rows, &fault);
    if (err < 0) {
        json_decref(rows);
        return tool_fail(invocation, &fault);
    }
    if (!invocation->json) {
        json_decref(rows);
        show_table_put(table);
        return TOOL_FINE;
    }
    show_json(rows);
    return TOOL_FINE;
}

enum tool_exit policy_list_run(struct invocation *invocation)
{
    enum policy_kind kind = POLICY_KINDS;
    struct fault fault;
    if (invocation->operand_count > 0 &&
        policy_kind_find(slice_of(invocation->operands[0]), &kind, &fault) < 0)
        return tool_fail(invocation, &fault);
    return policy_list_kind(invocation, kind);
}

/* ---- show, effective ------------------------------------------------------------------------ */

/* A policy with its rules, if its kind has any. */
static void put_policy(struct invocation *invocation, const struct policy *policy,
                       enum policy_level level, const struct client_rules *clients,
                       const struct dialplan *plan)
{
    policy_show_put(invocation->arena, policy, level);
    if (policy->kind == POLICY_CLIENT_VERSION) {
        putchar('\n');
        client_rules_put(invocation->arena, clients);
    }
    if (policy->kind == POLICY_DIAL_PLAN) {
        printf("\nOn the wire it is called %.*s. Its rules:\n", SLICE_ARG(plan->name));
        dialplan_rules_put(invocation->arena, plan);
    }
}

static json_t *policy_json(const struct policy *policy, enum policy_level level,
                           const struct client_rules *clients, const struct dialplan *plan)
{
    json_t *document = policy_show_json(policy, level);
    if (policy->kind == POLICY_CLIENT_VERSION)
        json_object_set_new(document, "rules", client_rules_json(clients));
    if (policy->kind == POLICY_DIAL_PLAN)
        json_object_set_new(document, "plan", dialplan_rules_json(plan));
    return document;
}

enum tool_exit policy_show_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    const char *scope = invocation->operand_count > 1 ? invocation->operands[1] : "Global";
    enum policy_kind kind;
    struct policy policy;
    struct client_rules clients = {0};
    struct dialplan plan = {0};
    struct fault fault;
    int err = policy_kind_find(slice_of(invocation->operands[0]), &kind, &fault);
    if (err == 0)
        err = office_open_records(invocation->config_path, &office, &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    struct store_reader *reader = office.reader;
    err = policy_get(reader, kind, slice_of(scope), invocation->arena, &policy, &fault);
    if (err == 0 && kind == POLICY_CLIENT_VERSION)
        err = client_rules_load(reader, policy.scope, invocation->arena, &clients, &fault);
    if (err == 0 && kind == POLICY_DIAL_PLAN)
        err = dialplan_load(reader, policy.scope, invocation->arena, &plan, &fault);
    if (err < 0) {
        policy_suggest(&office, kind, scope, &fault);
        return tool_fail(invocation, &fault);
    }
    if (invocation->json)
        show_json(policy_json(&policy, offer_level(office.config), &clients, &plan));
    else
        put_policy(invocation, &policy, offer_level(office.config), &clients, &plan);
    return TOOL_FINE;
}

static void put_effective(struct invocation *invocation, const struct policy_effective *effective)
{
    struct show_table *table =
        show_table_new(invocation->arena, (const char *[]){"KIND", "SCOPE", "SETS", NULL});
    for (unsigned i = 0; i < POLICY_KINDS; i++) {
        const struct policy *policy = &effective->of[i];
        show_table_row(table, (struct slice[]){slice_of(policy_kind_row(policy->kind)->name),
                                               policy->scope,
                                               policy_show_line(invocation->arena, policy)});
    }
    show_table_put(table);
    for (size_t i = 0; i < effective->clients.count; i++) {
        struct slice line = client_rule_line(invocation->arena, &effective->clients.rule[i]);
        printf("%sclient rule %u: %.*s\n", i ? "" : "\n", effective->clients.rule[i].priority,
               SLICE_ARG(line));
    }
}

static json_t *effective_json(const struct account *account,
                              const struct policy_effective *effective)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < POLICY_KINDS; i++)
        json_array_append_new(list, policy_json(&effective->of[i], effective->level,
                                                &effective->clients, &effective->dialplan));
    return json_pack("{s:o,s:i,s:o}", "address", show_text(account->address), "level",
                     (int)effective->level, "policies", list);
}

enum tool_exit policy_effective_run(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    enum policy_kind kind = POLICY_KINDS;
    struct policy_effective effective;
    struct account account;
    struct fault fault;
    int err = 0;
    if (invocation->operand_count > 1)
        err = policy_kind_find(slice_of(invocation->operands[1]), &kind, &fault);
    if (err == 0)
        err = office_open_records(invocation->config_path, &office, &fault);
    if (err == 0)
        err = accounts_find_login(office.accounts, slice_of(invocation->operands[0]),
                                  invocation->arena, &account, &fault);
    if (err < 0)
        return tool_fail(invocation, &fault);
    struct policy_subject subject = offer_subject(office.config, account.id);
    if (policy_effective_load(office.reader, &subject, invocation->arena, &effective, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json && kind == POLICY_KINDS)
        show_json(effective_json(&account, &effective));
    else if (invocation->json)
        show_json(policy_json(&effective.of[kind], effective.level, &effective.clients,
                              &effective.dialplan));
    else if (kind == POLICY_KINDS)
        put_effective(invocation, &effective);
    else
        put_policy(invocation, &effective.of[kind], effective.level, &effective.clients,
                   &effective.dialplan);
    return TOOL_FINE;
}
