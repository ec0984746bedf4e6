#include "policy/kind_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct policy_kind_row *const rows[POLICY_KINDS] = {
    [POLICY_CLIENT] = &policy_kind_client,
    [POLICY_VOICE] = &policy_kind_voice,
    [POLICY_CONFERENCING] = &policy_kind_conferencing,
    [POLICY_LOCATION] = &policy_kind_location,
    [POLICY_PRESENCE] = &policy_kind_presence,
    [POLICY_MOBILITY] = &policy_kind_mobility,
    [POLICY_CLIENT_VERSION] = &policy_kind_client_version,
    [POLICY_DIAL_PLAN] = &policy_kind_dial_plan,
    [POLICY_MCX] = &policy_kind_mcx,
    [POLICY_PUSH] = &policy_kind_push,
};

const struct policy_kind_row *policy_kind_row(enum policy_kind kind)
{
    return rows[kind];
}

/* The name most like the one asked for, for the detail. */
struct guess {
    const char *name;
    size_t distance;
};

static void guess_add(struct guess *guess, struct slice asked, const char *name)
{
    size_t distance = slice_distance(asked, slice_of(name));
    if (!guess->name || distance < guess->distance)
        *guess = (struct guess){name, distance};
}

/* "ClientVersionPolicy", "dialplan": the names that other tools have for kinds differ in
 * hyphens and a word at the end. */
static bool kind_named(struct slice asked, const struct policy_kind_row *row)
{
    struct slice tail = slice_of(row->noun);
    const char *name = row->name;
    if (asked.len > tail.len && slice_ends_nocase(asked, tail))
        asked.len -= tail.len;
    for (; *name; name++) {
        while (asked.len && *asked.at == '-')
            asked = slice_from(asked, 1);
        if (*name == '-')
            continue;
        if (!slice_eq_nocase(slice_head(asked, 1), slice_make(name, 1)))
            return false;
        asked = slice_from(asked, 1);
    }
    return slice_eq(asked, SLICE("")) || slice_eq(asked, SLICE("-"));
}

int policy_kind_find(struct slice name, enum policy_kind *kind_out, struct fault *fault)
{
    struct guess guess = {0};
    for (unsigned i = 0; i < POLICY_KINDS; i++) {
        if (kind_named(name, rows[i])) {
            *kind_out = (enum policy_kind)i;
            return 0;
        }
        guess_add(&guess, name, rows[i]->name);
    }
    name = slice_head(name, 40);
    return fault_set(fault, ERR_UNKNOWN, FINDING_POLICY_INVALID,
                     "no kind of policy is called %.*s; did you mean %s?", SLICE_ARG(name),
                     guess.name);
}

const struct policy_attribute *policy_attribute_find(enum policy_kind kind, struct slice name,
                                                     enum policy_level level, struct fault *fault)
{
    const struct policy_kind_row *row = rows[kind];
    struct guess guess = {0};
    for (size_t i = 0; i < row->count; i++) {
        if (row->attribute[i].since > level)
            continue;
        if (slice_eq_nocase(name, slice_of(row->attribute[i].name)))
            return &row->attribute[i];
        guess_add(&guess, name, row->attribute[i].name);
    }
    name = slice_head(name, 60);
    fault_set(fault, ERR_UNKNOWN, FINDING_POLICY_INVALID,
              "a %s %s of level %d has no attribute %.*s; did you mean %s?", row->name, row->noun,
              (int)level, SLICE_ARG(name), guess.name);
    return NULL;
}

static int check_bool(const struct policy_attribute *attribute, struct slice value,
                      struct slice *canonical_out, struct fault *fault)
{
    static const struct slice words[] = {{"true", 4}, {"false", 5}};
    for (size_t i = 0; i < 2; i++) {
        if (!slice_eq_nocase(value, words[i]))
            continue;
        *canonical_out = words[i];
        return 0;
    }
    return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "%s is true or false",
                     attribute->name);
}

static int check_int(const struct policy_attribute *attribute, struct slice value,
                     struct arena *arena, struct slice *canonical_out, struct fault *fault)
{
    uint64_t number;
    if (slice_number(value, (uint64_t)attribute->max, &number) < 0 ||
        (int64_t)number < attribute->min)
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "%s is a number from %lld to %lld", attribute->name,
                         (long long)attribute->min, (long long)attribute->max);
    *canonical_out = arena_print(arena, "%llu", (unsigned long long)number);
    return 0;
}

static int check_text(const struct policy_attribute *attribute, struct slice value,
                      struct arena *arena, struct slice *canonical_out, struct fault *fault)
{
    if (value.len > (size_t)attribute->max)
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "%s has at most %lld bytes",
                         attribute->name, (long long)attribute->max);
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.at[i] < ' ' || value.at[i] == 0x7f)
            return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                             "%s, byte %zu: a control character", attribute->name, i);
    *canonical_out = arena_copy(arena, value.at ? value : SLICE(""));
    return 0;
}

static int check_choice(const struct policy_attribute *attribute, struct slice value,
                        struct slice *canonical_out, struct fault *fault)
{
    struct slice list = slice_of(attribute->choices), item;
    while (slice_next(&list, '|', &item)) {
        if (!slice_eq_nocase(item, value))
            continue;
        *canonical_out = item;
        return 0;
    }
    return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "%s is one of %s",
                     attribute->name, attribute->choices);
}

int policy_value_check(const struct policy_attribute *attribute, struct slice value,
                       struct arena *arena, struct slice *canonical_out, struct fault *fault)
{
    switch (attribute->type) {
    case POLICY_BOOL:
        return check_bool(attribute, value, canonical_out, fault);
    case POLICY_INT:
        return check_int(attribute, value, arena, canonical_out, fault);
    case POLICY_CHOICE:
        return check_choice(attribute, value, canonical_out, fault);
    case POLICY_TEXT:
        break;
    }
    return check_text(attribute, value, arena, canonical_out, fault);
}
