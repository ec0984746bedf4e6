#include "tools/policy_show.h"

#include "tools/show.h"

#include <stdio.h>

static bool is_set(const struct policy *policy, size_t attribute)
{
    for (size_t i = 0; i < policy->count; i++)
        if (policy->setting[i].attribute == attribute)
            return true;
    return false;
}

static json_t *value_json(const struct policy_attribute *attribute, struct slice value)
{
    uint64_t number;
    if (attribute->type == POLICY_BOOL)
        return json_boolean(slice_eq(value, SLICE("true")));
    if (attribute->type == POLICY_INT && slice_number(value, INT64_MAX, &number) == 0)
        return json_integer((json_int_t)number);
    return show_text(value);
}

json_t *policy_show_json(const struct policy *policy, enum policy_level level)
{
    const struct policy_kind_row *kind = policy_kind_row(policy->kind);
    json_t *attributes = json_object(), *set = json_array();
    for (size_t i = 0; i < kind->count; i++) {
        const struct policy_attribute *attribute = &kind->attribute[i];
        if (attribute->since > level)
            continue;
        json_object_set_new(attributes, attribute->name,
                            value_json(attribute, policy_value(policy, i)));
        if (is_set(policy, i))
            json_array_append_new(set, json_string(attribute->name));
    }
    return json_pack("{s:s,s:o,s:o,s:o}", "kind", kind->name, "scope", show_text(policy->scope),
                     "attributes", attributes, "set", set);
}

void policy_show_put(struct arena *arena, const struct policy *policy, enum policy_level level)
{
    const struct policy_kind_row *kind = policy_kind_row(policy->kind);
    struct show_table *table =
        show_table_new(arena, (const char *[]){"ATTRIBUTE", "VALUE", "", "MEANING", NULL});
    printf("%s %s %.*s: %s\n\n", kind->name, kind->noun, SLICE_ARG(policy->scope), kind->help);
    for (size_t i = 0; i < kind->count; i++) {
        const struct policy_attribute *attribute = &kind->attribute[i];
        struct slice value = policy_value(policy, i);
        if (attribute->since > level)
            continue;
        show_table_row(table, (struct slice[]){slice_of(attribute->name),
                                               slice_empty(value) ? SLICE("(none)") : value,
                                               is_set(policy, i) ? SLICE("set") : SLICE("default"),
                                               slice_of(attribute->help)});
    }
    show_table_put(table);
}

struct slice policy_show_line(struct arena *arena, const struct policy *policy)
{
    const struct policy_kind_row *kind = policy_kind_row(policy->kind);
    scoped(buf) struct buf line = BUF_INIT;
    for (size_t i = 0; i < policy->count; i++)
        buf_print(&line, "%s%s=%.*s", i ? " " : "",
                  kind->attribute[policy->setting[i].attribute].name,
                  SLICE_ARG(policy->setting[i].value));
    if (policy->count == 0)
        buf_add_string(&line, "(defaults)");
    return arena_copy(arena, buf_slice(&line));
}

/* ---- client versions -------------------------------------------------------------------- */

static struct slice version_text(struct arena *arena, const struct client_rule *rule)
{
    const uint32_t *v = rule->version;
    if (rule->compare == CLIENT_ANY)
        return SLICE("");
    return arena_print(arena, "%u.%u.%u.%u", v[0], v[1], v[2], v[3]);
}

struct slice client_rule_line(struct arena *arena, const struct client_rule *rule)
{
    struct slice version = version_text(arena, rule);
    return arena_print(arena, "%.*s %s%s%.*s: %s%s%.*s", SLICE_ARG(rule->agent),
                       client_compare_name(rule->compare), version.len ? " " : "",
                       SLICE_ARG(version), client_action_name(rule->action),
                       rule->url.len ? " " : "", SLICE_ARG(rule->url));
}

json_t *client_rules_json(const struct client_rules *rules)
{
    scoped(arena) struct arena *arena = arena_new();
    json_t *list = json_array();
    for (size_t i = 0; i < rules->count; i++) {
        const struct client_rule *rule = &rules->rule[i];
        struct slice version = version_text(arena, rule);
        json_array_append_new(list,
                              json_pack("{s:I,s:o,s:s,s:o,s:s,s:o}", "priority",
                                        (json_int_t)rule->priority, "agent", show_text(rule->agent),
                                        "compare", client_compare_name(rule->compare), "version",
                                        version.len ? show_text(version) : json_null(), "action",
                                        client_action_name(rule->action), "url",
                                        rule->url.len ? show_text(rule->url) : json_null()));
    }
    return list;
}

void client_rules_put(struct arena *arena, const struct client_rules *rules)
{
    struct show_table *table = show_table_new(
        arena, (const char *[]){"PRIORITY", "AGENT", "COMPARE", "VERSION", "ACTION", "URL", NULL});
    for (size_t i = 0; i < rules->count; i++) {
        const struct client_rule *rule = &rules->rule[i];
        show_table_row(table,
                       (struct slice[]){arena_print(arena, "%u", rule->priority), rule->agent,
                                        slice_of(client_compare_name(rule->compare)),
                                        version_text(arena, rule),
                                        slice_of(client_action_name(rule->action)), rule->url});
    }
    if (rules->count == 0)
        puts("No rules: the default action is for all clients.");
    show_table_put(table);
}

/* ---- dial plans ---------------------------------------------------------------------------- */

json_t *dialplan_rules_json(const struct dialplan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        const struct dialplan_rule *rule = &plan->rule[i];
        json_array_append_new(
            list, json_pack("{s:I,s:o,s:o,s:o,s:b,s:b}", "priority", (json_int_t)rule->priority,
                            "name", show_text(rule->name), "pattern", show_text(rule->pattern),
                            "translation", show_text(rule->translation), "internal", rule->internal,
                            "device", rule->device));
    }
    return json_pack("{s:o,s:o,s:b,s:o}", "name", show_text(plan->name), "prefix",
                     show_text(plan->prefix), "optimize", plan->optimize, "rules", list);
}

void dialplan_rules_put(struct arena *arena, const struct dialplan *plan)
{
    struct show_table *table = show_table_new(
        arena, (const char *[]){"PRIORITY", "NAME", "PATTERN", "TRANSLATION", "FLAGS", NULL});
    for (size_t i = 0; i < plan->count; i++) {
        const struct dialplan_rule *rule = &plan->rule[i];
        show_table_row(
            table, (struct slice[]){arena_print(arena, "%u", rule->priority), rule->name,
                                    rule->pattern, rule->translation,
                                    arena_print(arena, "%s%s", rule->internal ? "internal " : "",
                                                rule->device ? "device" : "")});
    }
    show_table_put(table);
}
