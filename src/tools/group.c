#include "tools/group.h"

#include "addressbook/group.h"
#include "tools/office.h"

#include <jansson.h>
#include <stdio.h>

const struct verb_option group_add_options[] = {
    {"name", "NAME", "the name that people see", false},
    {0},
};

const struct verb_option group_member_options[] = {
    {"remove", NULL, "take the members out instead of adding them", false},
    {0},
};

static json_t *text(struct slice s)
{
    return json_stringn(s.at, s.len);
}

static void put_json(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(document);
}

static json_t *group_json(const struct group *group)
{
    return json_pack("{s:o,s:o,s:I}", "address", text(group->address), "name", text(group->name),
                     "members", (json_int_t)group->member_count);
}

/* Show the group that the command names. */
static enum tool_exit show(struct invocation *invocation, const struct office *office)
{
    struct group group;
    struct fault fault;
    if (group_find(accounts_reader(office->accounts), slice_of(invocation->operands[0]),
                   invocation->arena, &group, &fault) < 0)
        return tool_fail(invocation, &fault);
    if (invocation->json) {
        json_t *document = group_json(&group), *members = json_array();
        for (size_t i = 0; i < group.member_count; i++)
            json_array_append_new(members, text(group.members[i]));
        json_object_set_new(document, "members", members);
        put_json(document);
        return TOOL_FINE;
    }
    printf("address: %.*s\nname:    %.*s\n", SLICE_ARG(group.address), SLICE_ARG(group.name));
    for (size_t i = 0; i < group.member_count; i++)
        printf("member:  %.*s\n", SLICE_ARG(group.members[i]));
    return TOOL_FINE;
}

enum tool_exit group_add(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    const char *name = invocation_value(invocation, "name");
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        group_set(office.store, slice_of(invocation->operands[0]),
                  name ? slice_of(name) : (struct slice){0}, &fault) < 0)
        return tool_fail(invocation, &fault);
    return show(invocation, &office);
}

enum tool_exit group_remove_verb(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        group_remove(office.store, slice_of(invocation->operands[0]), &fault) < 0)
        return tool_fail(invocation, &fault);
    if (!invocation->json)
        printf("Removed %s.\n", invocation->operands[0]);
    return TOOL_FINE;
}

enum tool_exit group_show(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    if (office_open(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    return show(invocation, &office);
}

enum tool_exit group_list_verb(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct group *list;
    struct fault fault;
    size_t count;
    if (office_open(invocation->config_path, &office, &fault) < 0 ||
        group_list(accounts_reader(office.accounts), invocation->arena, &list, &count, &fault) < 0)
        return tool_fail(invocation, &fault);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(rows, group_json(&list[i]));
        if (!invocation->json)
            printf("%-36.*s %4zu %.*s\n", SLICE_ARG(list[i].address), list[i].member_count,
                   SLICE_ARG(list[i].name));
    }
    if (invocation->json)
        put_json(rows);
    else
        json_decref(rows);
    return TOOL_FINE;
}

enum tool_exit group_member(struct invocation *invocation)
{
    scoped(office) struct office office = {0};
    struct fault fault;
    bool in = !invocation_has(invocation, "remove");
    if (office_open(invocation->config_path, &office, &fault) < 0)
        return tool_fail(invocation, &fault);
    for (size_t i = 1; i < invocation->operand_count; i++)
        if (group_member_set(office.store, slice_of(invocation->operands[0]),
                             slice_of(invocation->operands[i]), in, &fault) < 0)
            return tool_fail(invocation, &fault);
    return show(invocation, &office);
}
