#include "cs/token_priv.h"

struct parser {
    struct cs_reader reader;
    struct cs_token token; /* not yet used */
    struct arena *arena;
    struct fault *fault;
};

static int advance(struct parser *p)
{
    return cs_token_next(&p->reader, &p->token, p->fault);
}

static int too_many(struct parser *p, const char *what, int most)
{
    return fault_set(p->fault, ERR_LIMIT, FINDING_CS_MALFORMED, "character %zu: more than %d %s",
                     p->token.at + 1, most, what);
}

static bool is_value(const struct cs_token *token)
{
    return token->kind == CS_TOKEN_WORD || token->kind == CS_TOKEN_STRING ||
           token->kind == CS_TOKEN_VALUE || token->kind == CS_TOKEN_BLOCK;
}

/* Bars and commas let a pipeline go on in the next line. */
static int skip_breaks(struct parser *p)
{
    int err = 0;
    while (err == 0 && p->token.kind == CS_TOKEN_BREAK)
        err = advance(p);
    return err;
}

static int one_value(struct parser *p, struct cs_value *out)
{
    const struct cs_token *token = &p->token;
    if (!is_value(token))
        return cs_malformed(p->fault, token->at, "a value is missing here");
    if (token->kind == CS_TOKEN_VALUE)
        *out = token->value;
    else
        *out = (struct cs_value){.kind = token->kind == CS_TOKEN_BLOCK ? CS_BLOCK : CS_TEXT,
                                 .text = token->text};
    return advance(p);
}

/* A value, or several with commas between. */
static int value(struct parser *p, struct cs_value *out)
{
    struct cs_value item[CS_ITEMS_MAX];
    size_t count = 1;
    int err = one_value(p, &item[0]);
    while (err == 0 && p->token.kind == CS_TOKEN_COMMA) {
        if (count == CS_ITEMS_MAX)
            return too_many(p, "items", CS_ITEMS_MAX);
        err = advance(p);
        if (err == 0)
            err = skip_breaks(p);
        if (err == 0)
            err = one_value(p, &item[count++]);
    }
    if (err < 0 || count == 1) {
        *out = item[0];
        return err;
    }
    struct cs_value *kept = arena_array(p->arena, struct cs_value, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = item[i];
    *out = (struct cs_value){.kind = CS_LIST, .item = kept, .count = count};
    return 0;
}

static int argument(struct parser *p, struct cs_argument *out)
{
    *out = (struct cs_argument){.at = p->token.at};
    bool follows = true;
    if (p->token.kind == CS_TOKEN_DASH) {
        out->name = p->token.text;
        follows = p->token.colon;
        int err = advance(p);
        if (err < 0)
            return err;
    }
    out->has_value = follows;
    return follows ? value(p, &out->value) : 0;
}

static int stage(struct parser *p, struct cs_stage *out)
{
    struct cs_argument list[CS_ARGUMENTS_MAX];
    size_t count = 0;
    if (p->token.kind != CS_TOKEN_WORD)
        return cs_malformed(p->fault, p->token.at, "the name of a cmdlet is missing here");
    *out = (struct cs_stage){.name = p->token.text, .at = p->token.at};
    int err = advance(p);
    while (err == 0 && (p->token.kind == CS_TOKEN_DASH || is_value(&p->token))) {
        if (count == CS_ARGUMENTS_MAX)
            return too_many(p, "arguments", CS_ARGUMENTS_MAX);
        err = argument(p, &list[count++]);
    }
    if (err < 0)
        return err;
    struct cs_argument *kept = arena_array(p->arena, struct cs_argument, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = list[i];
    out->argument = kept;
    out->count = count;
    return 0;
}

static int line(struct parser *p, struct cs_line *out)
{
    struct cs_stage list[CS_STAGES_MAX];
    size_t count = 0;
    int err = 0;
    while (err == 0) {
        if (count == CS_STAGES_MAX)
            return too_many(p, "cmdlets", CS_STAGES_MAX);
        err = stage(p, &list[count++]);
        if (err == 0 && (p->token.kind == CS_TOKEN_END || p->token.kind == CS_TOKEN_BREAK))
            break;
        if (err == 0 && p->token.kind != CS_TOKEN_PIPE)
            return cs_malformed(p->fault, p->token.at, "only a bar or the end can stand here");
        if (err == 0)
            err = advance(p);
        if (err == 0)
            err = skip_breaks(p);
    }
    if (err < 0)
        return err;
    struct cs_stage *kept = arena_array(p->arena, struct cs_stage, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = list[i];
    *out = (struct cs_line){kept, count};
    return 0;
}

int cs_parse(struct slice text, struct arena *arena, struct cs_script *out, struct fault *fault)
{
    struct parser p = {.reader = {text, 0, arena, true}, .arena = arena, .fault = fault};
    scoped(arena) struct arena *scratch = arena_new();
    struct cs_line *list = arena_array(scratch, struct cs_line, CS_LINES_MAX);
    size_t count = 0;
    if (text.len > CS_TEXT_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_CS_MALFORMED, "there are more than %d bytes",
                         CS_TEXT_MAX);
    int err = advance(&p);
    while (err == 0) {
        err = skip_breaks(&p);
        if (err == 0 && p.token.kind == CS_TOKEN_END)
            break;
        if (err == 0 && count == CS_LINES_MAX)
            return too_many(&p, "lines", CS_LINES_MAX);
        if (err == 0)
            err = line(&p, &list[count++]);
    }
    if (err < 0)
        return err;
    struct cs_line *kept = arena_array(arena, struct cs_line, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = list[i];
    *out = (struct cs_script){kept, count};
    return 0;
}
