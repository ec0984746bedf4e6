#include "cs/filter.h"

#include "cs/token_priv.h"

enum test {
    TEST_AND,
    TEST_OR,
    TEST_NOT,
    TEST_HOLDS, /* a property alone, as a condition */
    TEST_EQ,
    TEST_NE,
    TEST_LT,
    TEST_LE,
    TEST_GT,
    TEST_GE,
    TEST_LIKE,
    TEST_NOTLIKE,
};

static const struct {
    const char *name;
    enum test test;
} comparisons[] = {
    {"eq", TEST_EQ}, {"ne", TEST_NE}, {"lt", TEST_LT},     {"le", TEST_LE},
    {"gt", TEST_GT}, {"ge", TEST_GE}, {"like", TEST_LIKE}, {"notlike", TEST_NOTLIKE},
};

/* A condition: of two others, or of a property and a value. */
struct cs_filter {
    enum test test;
    struct cs_filter *left, *right;
    struct slice property;
    struct cs_value value;
};

/* ---- parsing ------------------------------------------------------------------------------ */

struct parser {
    struct cs_reader reader;
    struct cs_token token;
    struct arena *arena;
    struct fault *fault;
    unsigned depth;
};

static int advance(struct parser *p)
{
    return cs_token_next(&p->reader, &p->token, p->fault);
}

static bool at_word(const struct parser *p, const char *name)
{
    return p->token.kind == CS_TOKEN_DASH && slice_eq_nocase(p->token.text, slice_of(name));
}

static struct cs_filter *node(struct parser *p, enum test test)
{
    struct cs_filter *made = arena_new_of(p->arena, struct cs_filter);
    made->test = test;
    return made;
}

static int parse_value(struct parser *p, struct cs_value *out)
{
    if (p->token.kind == CS_TOKEN_VALUE)
        *out = p->token.value;
    else if (p->token.kind == CS_TOKEN_WORD || p->token.kind == CS_TOKEN_STRING)
        *out = cs_text(p->token.text);
    else
        return cs_malformed(p->fault, p->token.at, "a value is missing here");
    return advance(p);
}

/* -eq, -ieq; 1: there is none here. */
static int parse_comparison(struct parser *p, enum test *out)
{
    struct slice name = p->token.text;
    if (p->token.kind != CS_TOKEN_DASH || at_word(p, "and") || at_word(p, "or"))
        return 1;
    if (name.len > 2 && (name.at[0] == 'i' || name.at[0] == 'I'))
        name = slice_from(name, 1);
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (slice_eq_nocase(name, slice_of(comparisons[i].name))) {
            *out = comparisons[i].test;
            return advance(p);
        }
    return cs_malformed(p->fault, p->token.at,
                        "no operator is called -%.*s; -eq, -ne, -lt, -le, -gt, -ge, -like, "
                        "-notlike, -and, -or and -not are",
                        SLICE_ARG(slice_head(p->token.text, 40)));
}

static int parse_condition(struct parser *p, struct cs_filter **out)
{
    struct cs_filter *made = node(p, TEST_HOLDS);
    if (p->token.kind != CS_TOKEN_WORD && p->token.kind != CS_TOKEN_FIELD)
        return cs_malformed(p->fault, p->token.at, "the name of a property is missing here");
    made->property = p->token.text;
    *out = made;
    int err = advance(p);
    if (err == 0)
        err = parse_comparison(p, &made->test);
    return err ? (err < 0 ? err : 0) : parse_value(p, &made->value);
}

static int parse_chain(struct parser *p, struct cs_filter **out);

static int parse_one(struct parser *p, struct cs_filter **out)
{
    int err;
    if (p->depth == CS_DEPTH_MAX)
        return fault_set(p->fault, ERR_LIMIT, FINDING_CS_MALFORMED,
                         "character %zu: more than %d brackets", p->token.at + 1, CS_DEPTH_MAX);
    p->depth++;
    if (p->token.kind == CS_TOKEN_NOT || at_word(p, "not")) {
        *out = node(p, TEST_NOT);
        err = advance(p);
        if (err == 0)
            err = parse_one(p, &(*out)->left);
    } else if (p->token.kind == CS_TOKEN_OPEN) {
        err = advance(p);
        if (err == 0)
            err = parse_chain(p, out);
        if (err == 0 && p->token.kind != CS_TOKEN_CLOSE)
            err = cs_malformed(p->fault, p->token.at, "a closing bracket is missing here");
        if (err == 0)
            err = advance(p);
    } else {
        err = parse_condition(p, out);
    }
    p->depth--;
    return err;
}

static int parse_chain(struct parser *p, struct cs_filter **out)
{
    int err = parse_one(p, out);
    while (err == 0 && (at_word(p, "and") || at_word(p, "or"))) {
        struct cs_filter *both = node(p, at_word(p, "and") ? TEST_AND : TEST_OR);
        both->left = *out;
        *out = both;
        err = advance(p);
        if (err == 0)
            err = parse_one(p, &both->right);
    }
    return err;
}

int cs_filter_parse(struct slice text, struct arena *arena, struct cs_filter **out,
                    struct fault *fault)
{
    struct parser p = {.reader = {text, 0, arena, false}, .arena = arena, .fault = fault};
    if (text.len > CS_TEXT_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_CS_MALFORMED, "the filter is too long");
    int err = advance(&p);
    if (err == 0)
        err = parse_chain(&p, out);
    if (err == 0 && p.token.kind != CS_TOKEN_END)
        err = cs_malformed(fault, p.token.at, "only -and, -or or the end can stand here");
    return err;
}

struct cs_filter *cs_filter_compare(struct slice property, const char *name,
                                    const struct cs_value *value, struct arena *arena)
{
    struct cs_filter *made = arena_new_of(arena, struct cs_filter);
    *made = (struct cs_filter){.test = TEST_HOLDS, .property = property, .value = *value};
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (slice_eq_nocase(slice_of(name), slice_of(comparisons[i].name)))
            made->test = comparisons[i].test;
    return made;
}

struct cs_filter *cs_filter_join(bool both, struct cs_filter *left, struct cs_filter *right,
                                 struct arena *arena)
{
    struct cs_filter *made = arena_new_of(arena, struct cs_filter);
    *made = (struct cs_filter){.test = both ? TEST_AND : TEST_OR, .left = left, .right = right};
    return made;
}

struct cs_filter *cs_filter_not(struct cs_filter *inner, struct arena *arena)
{
    struct cs_filter *made = arena_new_of(arena, struct cs_filter);
    *made = (struct cs_filter){.test = TEST_NOT, .left = inner};
    return made;
}

/* ---- matching ----------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Goes back to the last * only, so it takes text times pattern at most. */
bool cs_like(struct slice text, struct slice pattern)
{
    size_t t = 0, p = 0, star = SIZE_MAX, mark = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len &&
                   (pattern.at[p] == '?' || lower(pattern.at[p]) == lower(text.at[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static int compare_text(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return lower(a.at[i]) < lower(b.at[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

int cs_value_order(const struct cs_value *a, const struct cs_value *b, struct arena *arena)
{
    uint64_t number;
    if (a->kind == CS_NULL || b->kind == CS_NULL)
        return (a->kind != CS_NULL) - (b->kind != CS_NULL);
    if (a->kind == CS_INT && b->kind == CS_INT)
        return (a->number > b->number) - (a->number < b->number);
    struct slice text = cs_value_text(arena, b);
    if (a->kind == CS_INT && slice_number(text, INT64_MAX, &number) == 0)
        return (a->number > (int64_t)number) - (a->number < (int64_t)number);
    return compare_text(cs_value_text(arena, a), text);
}

static bool holds(const struct cs_value *value)
{
    switch (value->kind) {
    case CS_BOOL:
        return value->yes;
    case CS_INT:
        return value->number != 0;
    case CS_NULL:
        return false;
    default:
        return value->text.len > 0 || value->count > 0;
    }
}

static bool judge(const struct cs_filter *filter, const struct cs_value *value, struct arena *arena)
{
    bool null = value->kind == CS_NULL || filter->value.kind == CS_NULL;
    int order = cs_value_order(value, &filter->value, arena);
    struct slice pattern = cs_value_text(arena, &filter->value);
    switch (filter->test) {
    case TEST_EQ:
        return order == 0;
    case TEST_NE:
        return order != 0;
    case TEST_LT:
        return !null && order < 0;
    case TEST_LE:
        return !null && order <= 0;
    case TEST_GT:
        return !null && order > 0;
    case TEST_GE:
        return !null && order >= 0;
    case TEST_LIKE:
        return cs_like(cs_value_text(arena, value), pattern);
    case TEST_NOTLIKE:
        return !cs_like(cs_value_text(arena, value), pattern);
    default:
        return holds(value);
    }
}

int cs_filter_matches(const struct cs_filter *filter, const struct cs_object *object,
                      struct arena *arena, bool *matches_out, struct fault *fault)
{
    bool left = false, right = false;
    if (filter->left) {
        int err = cs_filter_matches(filter->left, object, arena, &left, fault);
        if (err == 0 && filter->right)
            err = cs_filter_matches(filter->right, object, arena, &right, fault);
        *matches_out = filter->test == TEST_NOT   ? !left
                       : filter->test == TEST_AND ? left && right
                                                  : left || right;
        return err;
    }
    const struct cs_property *property = cs_object_get(object, filter->property);
    if (!property)
        return cs_no_property(fault, object, filter->property);
    *matches_out = judge(filter, &property->value, arena);
    return 0;
}
