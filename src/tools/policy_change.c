/* The commands that change policies. */
#include "server/offer.h"
#include "tools/policy.h"
#include "tools/policy_show.h"
#include "tools/show.h"

#include <stdio.h>

const struct verb_option policy_set_options[] = {
    {"default", "NAME", "put this attribute back to its default", true},
    {0},
};
const struct verb_option policy_remove_options[] = {
    {"force", NULL, "even if users have it; site or global governs them then", false},
    {0},
};
const struct verb_option policy_grant_options[] = {
    {"none", NULL, "take back what was granted; site or global governs then", false},
    {0},
};

/* ---- set --------------------------------------------------------------------------------- */

/* All that the command line assigns. */
static enum tool_exit read_assignments(const struct invocation *invocation, size_t first,
                                       struct policy_assignment *list, size_t *count_out)
{
    const char *reset;
    size_t count = 0;
    for (size_t i = first; i < invocation->operand_count; i++, count++)
        if (!slice_cut(slice_of(invocation->operands[i]), '=', &list[count].attribute,
                       &list[count].value))
            return tool_usage("`%s` is not NAME=VALUE", invocation->operands[i]);
    for (size_t i = 0; (reset = invocation_nth(invocation, "default", i)); i++)
        list[count++] = (struct policy_assignment){.attribute = slice_of(reset)};
    *count_out = count;
    return count > 0 ? TOOL_FINE : tool_usage("give NAME=VALUE, or --default NAME");
}

enum tool_exit policy_set_kind(struct invocation *invocation, enum policy_kind kind,
                               const char *scope, size_t first)
{
    scoped(office) struct office office = {0};
    const struct policy_kind_row *row = policy_kind_row(kind);
    struct policy policy;
    struct fault fault, none;
    size_t count, room = invocation->operand_count + invocation->given_count;
    struct policy_assignment *list = arena_array(invocation->arena, struct policy_assignment, room);
    enum tool_exit error = read_assignments(invocation, first, list, &count);
    if (error)
        return error;
    if (office_open_records(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    enum policy_level level = offer_level(office.config);
    struct slice asked = slice_of(scope);
    bool known = policy_get(office.reader, kind, asked, invocation->arena, &policy, &none) == 0;
    if (policy_assign(office.store, kind, asked, level, list, count, &fault) < 0 ||
        policy_get(office.reader, kind, asked, invocation->arena, &policy, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json)
        show_json(policy_show_json(&policy, level));
    else
        printf("%s %s %s %.*s: %s\n", known ? "Changed" : "Made", row->name, row->noun,
               SLICE_ARG(policy.scope), policy_show_line(invocation->arena, &policy).at);
    return TOOL_FINE;
}

enum tool_exit policy_set_run(struct invocation *invocation)
{
    enum policy_kind kind;
    struct fault fault;
    if (policy_kind_find(slice_of(invocation->operands[0]), &kind, &fault) < 0)
        return tool_fail(invocation, &fault);
    return policy_set_kind(invocation, kind, invocation->operands[1], 2);
}

/* ---- remove ------------------------------------------------------------------------------ */

enum tool_exit policy_remove_kind(struct invocation *invocation, enum policy_kind kind,
                                  const char *scope)
{
    scoped(office) struct office office = {0};
    const struct policy_kind_row *row = policy_kind_row(kind);
    struct fault fault;
    struct slice name;
    if (office_open_records(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (policy_scope_parse(kind, slice_of(scope), invocation->arena, &name, &fault) < 0 ||
        policy_remove(office.store, kind, name, invocation_has(invocation, "force"), &fault) < 0) {
        policy_suggest(&office, kind, scope, &fault);
        return tool_fail(invocation, &fault);
    }
    if (invocation->json)
        show_json(json_pack("{s:s,s:o}", "kind", row->name, "removed", show_text(name)));
    else if (slice_eq(name, SLICE("Global")))
        printf("The global %s %s is back to its defaults.\n", row->name, row->noun);
    else
        printf("Removed %s %s %.*s.\n", row->name, row->noun, SLICE_ARG(name));
    return TOOL_FINE;
}

enum tool_exit policy_remove_run(struct invocation *invocation)
{
    enum policy_kind kind;
    struct fault fault;
    if (policy_kind_find(slice_of(invocation->operands[0]), &kind, &fault) < 0)
        return tool_fail(invocation, &fault);
    return policy_remove_kind(invocation, kind, invocation->operands[1]);
}

/* ---- grant --------------------------------------------------------------------------------- */

static enum tool_exit grant(struct invocation *invocation, enum policy_kind kind, const char *tag)
{
    scoped(office) struct office office = {0};
    struct policy_effective effective;
    struct account account;
    struct fault fault;
    const char *kind_name = policy_kind_row(kind)->name;
    if (office_open_records(invocation->config_path, &office, &fault) < 0 ||
        accounts_find_login(office.accounts, slice_of(invocation->operands[1]), invocation->arena,
                            &account, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (policy_grant(office.store, kind, account.id, slice_of(tag), &fault) < 0) {
        if (tag)
            policy_suggest(&office, kind, tag, &fault);
        return tool_fail(invocation, &fault);
    }
    struct policy_subject subject = offer_subject(office.config, account.id);
    if (policy_effective_load(office.reader, &subject, invocation->arena, &effective, &fault) < 0)
        return tool_fail(invocation, &fault);
    struct slice scope = effective.of[kind].scope;
    if (invocation->json)
        show_json(json_pack("{s:o,s:s,s:o}", "address", show_text(account.address), "kind",
                            kind_name, "scope", show_text(scope)));
    else
        printf("%s policy %.*s governs %.*s now.\n", kind_name, SLICE_ARG(scope),
               SLICE_ARG(account.address));
    return TOOL_FINE;
}

enum tool_exit policy_grant_run(struct invocation *invocation)
{
    bool none = invocation_has(invocation, "none");
    const char *tag = invocation->operand_count > 2 ? invocation->operands[2] : NULL;
    enum policy_kind kind;
    struct fault fault;
    if (none == (tag != NULL))
        return tool_usage("policy grant needs either the TAG to grant, or --none");
    if (policy_kind_find(slice_of(invocation->operands[0]), &kind, &fault) < 0)
        return tool_fail(invocation, &fault);
    return grant(invocation, kind, tag);
}
