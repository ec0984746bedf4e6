#include "policy/policy_priv.h"

#include <assert.h>
#include <string.h>

enum {
    SCOPE_NAME_MAX = 64
};

struct slice policy_value(const struct policy *policy, size_t attribute)
{
    for (size_t i = 0; i < policy->count; i++)
        if (policy->setting[i].attribute == attribute)
            return policy->setting[i].value;
    return slice_of(policy_kind_row(policy->kind)->attribute[attribute].value);
}

struct slice policy_text(const struct policy *policy, const char *name)
{
    const struct policy_attribute *attribute =
        policy_attribute_find(policy->kind, slice_of(name), POLICY_LYNC_2013, NULL);
    assert(attribute);
    return policy_value(policy, (size_t)(attribute - policy_kind_row(policy->kind)->attribute));
}

bool policy_bool(const struct policy *policy, const char *name)
{
    return slice_eq(policy_text(policy, name), SLICE("true"));
}

int64_t policy_number(const struct policy *policy, const char *name)
{
    uint64_t number = 0;
    int err = slice_number(policy_text(policy, name), INT64_MAX, &number);
    assert(err == 0);
    (void)err;
    return (int64_t)number;
}

void policy_effective_default(enum policy_level level, struct policy_effective *out)
{
    *out = (struct policy_effective){.level = level};
    for (unsigned i = 0; i < POLICY_KINDS; i++)
        out->of[i] = (struct policy){.kind = (enum policy_kind)i, .scope = SLICE("Global")};
    dialplan_finish(&out->of[POLICY_DIAL_PLAN], NULL, &out->dialplan);
}

static bool scope_name_ok(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != ' ' && c != '.' && c != '-' && c != '_')
            return false;
    }
    return name.len > 0 && name.len <= SCOPE_NAME_MAX && slice_trim(name).len == name.len;
}

/* What a scope may begin with. A bare name is a tag, where there are tags. */
static const struct {
    const char *prefix;
    enum policy_scopes scope;
} prefixes[] = {
    {"Site:", POLICY_SITE},
    {"Tag:", POLICY_TAG},
    {"Service:WebServer:", POLICY_SERVICE},
};

int policy_scope_parse(enum policy_kind kind, struct slice text, struct arena *arena,
                       struct slice *scope_out, struct fault *fault)
{
    const struct policy_kind_row *row = policy_kind_row(kind);
    const char *prefix = NULL;
    struct slice name = text;
    if (slice_eq_nocase(text, SLICE("global"))) {
        *scope_out = SLICE("Global");
        return 0;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && !prefix; i++)
        if ((row->scopes & prefixes[i].scope) &&
            slice_starts_nocase(text, slice_of(prefixes[i].prefix))) {
            prefix = prefixes[i].prefix;
            name = slice_from(text, strlen(prefix));
        }
    if (!prefix && (row->scopes & POLICY_TAG))
        prefix = "Tag:";
    if (!prefix || !scope_name_ok(name))
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "the scope of a %s %s is Global, Site:NAME%s%s, the name of 1 to %d "
                         "letters, digits, blanks, '.', '-', '_'",
                         row->name, row->noun, row->scopes & POLICY_TAG ? " or Tag:NAME" : "",
                         row->scopes & POLICY_SERVICE ? " or Service:WebServer:HOST" : "",
                         SCOPE_NAME_MAX);
    *scope_out = arena_print(arena, "%s%.*s", prefix, SLICE_ARG(name));
    return 0;
}
