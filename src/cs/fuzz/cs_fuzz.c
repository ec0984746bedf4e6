/* A line, and each block in it as a filter for some object: both come to an end, and what
 * is refused has a finding and a place. */
#include "cs/filter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void try_filter(struct slice text, struct arena *arena)
{
    struct cs_objects list = {.arena = arena};
    struct cs_object *object = cs_objects_add(&list, CS_OBJECT_OTHER, 0, SLICE("x"));
    struct cs_filter *filter;
    struct fault fault = {0};
    bool matches;
    cs_object_set(&list, object, "SamAccountName", cs_text(SLICE("bcarius")));
    cs_object_set(&list, object, "Enabled", cs_bool(true));
    cs_object_set(&list, object, "VoicePolicy", cs_text((struct slice){0}));
    cs_object_set(&list, object, "Size", cs_int(5));
    if (cs_filter_parse(text, arena, &filter, &fault) < 0)
        need(fault.finding == FINDING_CS_MALFORMED);
    else if (cs_filter_matches(filter, object, arena, &matches, &fault) < 0)
        need(fault.finding == FINDING_CS_UNKNOWN);
}

static void try_ldap(struct slice text, struct arena *arena)
{
    struct cs_filter *filter;
    struct fault fault = {0};
    if (cs_filter_parse_ldap(text, arena, &filter, &fault) < 0)
        need(fault.finding == FINDING_CS_MALFORMED);
    else
        need(filter != NULL);
}

static void look_at(const struct cs_value *value, struct arena *arena)
{
    need(value->kind != CS_TEXT || value->text.at);
    need(value->kind != CS_LIST || (value->count > 1 && value->count <= CS_ITEMS_MAX));
    if (value->kind == CS_BLOCK)
        try_filter(value->text, arena);
    cs_value_text(arena, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice text = slice_make(data, size);
    struct cs_script script;
    struct fault fault = {0};
    try_filter(text, arena);
    try_ldap(text, arena);
    if (cs_parse(text, arena, &script, &fault) < 0) {
        need(fault.finding == FINDING_CS_MALFORMED);
        return 0;
    }
    need(script.count <= CS_LINES_MAX);
    for (size_t k = 0; k < script.count; k++) {
        const struct cs_line *line = &script.line[k];
        need(line->count > 0 && line->count <= CS_STAGES_MAX);
        for (size_t i = 0; i < line->count; i++)
            for (size_t j = 0; j < line->stage[i].count; j++)
                look_at(&line->stage[i].argument[j].value, arena);
    }
    return 0;
}
