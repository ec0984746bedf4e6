/* Filters as LDAP has them (RFC 4515), for Get-CsUser -LdapFilter. */
#include "base/buf.h"
#include "cs/filter.h"
#include "cs/token_priv.h"

enum {
    MEMBERS_MAX = 512 /* conditions in one filter */
};

struct parser {
    struct slice text;
    size_t at;
    struct arena *arena;
    struct fault *fault;
    unsigned depth, members;
};

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.at[p->at] : 0;
}

static void skip_blanks(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\r' || peek(p) == '\n')
        p->at++;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Up to the bracket; "\2a" is a byte. *star_out: there is a * that stands for anything. */
static int parse_value(struct parser *p, struct slice *out, bool *star_out)
{
    scoped(buf) struct buf value = BUF_INIT;
    *star_out = false;
    for (char c = peek(p); p->at < p->text.len && c != ')' && c != '('; c = peek(p)) {
        if (c == '\\') {
            struct slice digits = slice_head(slice_from(p->text, p->at + 1), 2);
            if (digits.len < 2 || hex(digits.at[0]) < 0 || hex(digits.at[1]) < 0)
                return cs_malformed(p->fault, p->at, "a backslash needs two hex digits");
            buf_add_byte(&value, (char)(16 * hex(digits.at[0]) + hex(digits.at[1])));
            p->at += 3;
            continue;
        }
        *star_out |= c == '*';
        buf_add_byte(&value, c);
        p->at++;
    }
    *out = slice_trim(arena_copy(p->arena, buf_slice(&value)));
    return 0;
}

static int parse_item(struct parser *p, struct cs_filter **out)
{
    size_t start = p->at;
    bool star;
    struct cs_value value = {.kind = CS_TEXT};
    while (p->at < p->text.len && slice_index(SLICE("=<>~()"), peek(p)) < 0)
        p->at++;
    struct slice name = slice_trim(slice_make(p->text.at + start, p->at - start));
    char kind = peek(p);
    if (slice_empty(name))
        return cs_malformed(p->fault, start, "the name of an attribute is missing here");
    if (kind == '<' || kind == '>' || kind == '~')
        p->at++;
    if (peek(p) != '=')
        return cs_malformed(p->fault, p->at, "=, >=, <= or ~= is missing here");
    p->at++;
    int err = parse_value(p, &value.text, &star);
    if (err < 0)
        return err;
    if (slice_eq(value.text, SLICE("*")))
        *out = cs_filter_compare(name, "ne", &(struct cs_value){.kind = CS_NULL}, p->arena);
    else
        *out = cs_filter_compare(name,
                                 kind == '>'   ? "ge"
                                 : kind == '<' ? "le"
                                 : star        ? "like"
                                               : "eq",
                                 &value, p->arena);
    return 0;
}

static int parse_one(struct parser *p, struct cs_filter **out);

/* What follows & or |. */
static int parse_members(struct parser *p, bool both, struct cs_filter **out)
{
    struct cs_filter *member;
    int err = 0;
    *out = NULL;
    for (skip_blanks(p); err == 0 && peek(p) == '('; skip_blanks(p)) {
        err = parse_one(p, &member);
        if (err == 0)
            *out = *out ? cs_filter_join(both, *out, member, p->arena) : member;
    }
    if (err == 0 && !*out)
        err = cs_malformed(p->fault, p->at, "a filter in brackets is missing here");
    return err;
}

/* What may stand in brackets, or without them. */
static int parse_inner(struct parser *p, struct cs_filter **out)
{
    char c;
    skip_blanks(p);
    c = peek(p);
    if (++p->members > MEMBERS_MAX)
        return fault_set(p->fault, ERR_LIMIT, FINDING_CS_MALFORMED, "more than %d conditions",
                         MEMBERS_MAX);
    if (c != '&' && c != '|' && c != '!')
        return parse_item(p, out);
    p->at++;
    if (c != '!')
        return parse_members(p, c == '&', out);
    skip_blanks(p);
    int err = parse_one(p, out);
    if (err == 0)
        *out = cs_filter_not(*out, p->arena);
    return err;
}

static int parse_one(struct parser *p, struct cs_filter **out)
{
    if (peek(p) != '(')
        return cs_malformed(p->fault, p->at, "an opening bracket is missing here");
    if (p->depth == CS_DEPTH_MAX)
        return fault_set(p->fault, ERR_LIMIT, FINDING_CS_MALFORMED,
                         "character %zu: more than %d brackets", p->at + 1, CS_DEPTH_MAX);
    p->depth++;
    p->at++;
    int err = parse_inner(p, out);
    skip_blanks(p);
    if (err == 0 && peek(p) != ')')
        err = cs_malformed(p->fault, p->at, "a closing bracket is missing here");
    p->at++;
    p->depth--;
    return err;
}

int cs_filter_parse_ldap(struct slice text, struct arena *arena, struct cs_filter **out,
                         struct fault *fault)
{
    struct parser p = {.text = text, .arena = arena, .fault = fault};
    if (text.len > CS_TEXT_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_CS_MALFORMED, "the filter is too long");
    skip_blanks(&p);
    int err = peek(&p) == '(' ? parse_one(&p, out) : parse_inner(&p, out);
    skip_blanks(&p);
    if (err == 0 && p.at < text.len)
        err = cs_malformed(fault, p.at, "the filter has ended before this");
    return err;
}
