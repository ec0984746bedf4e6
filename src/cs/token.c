#include "cs/token_priv.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

int cs_malformed(struct fault *fault, size_t at, const char *format, ...)
{
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fault_set(fault, ERR_MALFORMED, FINDING_CS_MALFORMED, "character %zu: %s", at + 1, what);
}

/* The character at a place, with what PowerShell takes for the same written as ASCII:
 * typographic quotes and dashes, the no-break space. 0 at the end. */
static char peek_at(const struct cs_reader *r, size_t at, size_t *len_out)
{
    static const struct {
        const char *bytes;
        char as;
    } same[] = {
        {"\xe2\x80\x9c", '"'},  {"\xe2\x80\x9d", '"'},  {"\xe2\x80\x9e", '"'},
        {"\xe2\x80\x98", '\''}, {"\xe2\x80\x99", '\''}, {"\xe2\x80\x9a", '\''},
        {"\xe2\x80\x9b", '\''}, {"\xe2\x80\x93", '-'},  {"\xe2\x80\x94", '-'},
        {"\xe2\x80\x95", '-'},  {"\xc2\xa0", ' '},
    };
    struct slice rest = slice_from(r->text, at);
    *len_out = 1;
    if (slice_empty(rest))
        return 0;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct slice bytes = slice_of(same[i].bytes);
        if (slice_starts(rest, bytes)) {
            *len_out = bytes.len;
            return same[i].as;
        }
    }
    return rest.at[0] ? rest.at[0] : ' ';
}

static char peek(const struct cs_reader *r, size_t *len_out)
{
    return peek_at(r, r->at, len_out);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool ends_word(char c)
{
    return c == 0 || is_blank(c) || c == '|' || c == ',' || c == ';' || c == '{' || c == '}' ||
           c == '(' || c == ')' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '&';
}

/* At the end of a line: go to the last one of those that only blanks part, since they are one
 * token; or past all of them when a bar follows, as then the line goes on (PowerShell 7). */
static bool line_ends(struct cs_reader *r)
{
    size_t len = 1, last = r->at, at = r->at;
    char c = '\n';
    for (; at < r->text.len && is_blank(c); c = peek_at(r, at, &len)) {
        if (c == '\n')
            last = at;
        at += len;
    }
    bool ends = at >= r->text.len || c != '|';
    r->at = ends ? last : at;
    return ends;
}

/* Blanks, comments, and a backtick at the end of a line. */
static void skip_blanks(struct cs_reader *r)
{
    size_t len, next;
    for (;;) {
        char c = peek(r, &len);
        char after = peek_at(r, r->at + len, &next);
        if (c == '\n' && r->lines) {
            if (line_ends(r))
                return;
        } else if (is_blank(c) && r->at < r->text.len) {
            r->at += len;
        } else if (c == '`' && (after == '\n' || after == '\r')) {
            r->at += len + next;
        } else if (c == '#') {
            while (r->at < r->text.len && r->text.at[r->at] != '\n')
                r->at++;
        } else {
            return;
        }
    }
}

/* ---- strings ------------------------------------------------------------------------------ */

static struct slice kept(const struct cs_reader *r, const struct buf *text)
{
    return text->len ? arena_copy(r->arena, buf_slice(text)) : SLICE("");
}

/* $true, $false and $null; false: it is another variable. */
static bool constant(struct slice name, struct cs_value *value)
{
    *value = (struct cs_value){.kind = CS_BOOL, .yes = slice_eq_nocase(name, SLICE("true"))};
    if (value->yes || slice_eq_nocase(name, SLICE("false")))
        return true;
    value->kind = CS_NULL;
    return slice_eq_nocase(name, SLICE("null"));
}

static struct slice variable_name(const struct cs_reader *r, size_t at)
{
    size_t end = at;
    while (end < r->text.len && is_name(r->text.at[end]))
        end++;
    return slice_make(r->text.at + at, end - at);
}

/* The $ in a string of double quotes. */
static int expand(struct cs_reader *r, struct buf *out, struct fault *fault)
{
    struct slice name = variable_name(r, r->at + 1);
    struct cs_value value;
    if (slice_empty(name)) {
        buf_add_byte(out, '$');
        r->at++;
        return 0;
    }
    if (!constant(name, &value))
        return cs_malformed(fault, r->at, "variables are not known here; write `$ for a dollar");
    if (value.kind == CS_BOOL)
        buf_add_string(out, value.yes ? "True" : "False");
    r->at += 1 + name.len;
    return 0;
}

static void escape(struct cs_reader *r, struct buf *out)
{
    size_t len;
    r->at++;
    char c = peek(r, &len);
    if (c == 0)
        return;
    if (c == 'n' || c == 't')
        buf_add_byte(out, c == 'n' ? '\n' : '\t');
    else
        buf_add(out, slice_head(slice_from(r->text, r->at), len));
    r->at += len;
}

static int read_string(struct cs_reader *r, char quote, struct cs_token *token, struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    size_t len, next;
    peek(r, &len);
    r->at += len;
    for (;;) {
        char c = peek(r, &len);
        if (r->at >= r->text.len)
            return cs_malformed(fault, token->at, "this string has no end");
        if (c == quote) {
            r->at += len;
            if (peek(r, &next) != quote)
                break;
            len = next;
        } else if (quote == '"' && c == '`') {
            escape(r, &out);
            continue;
        } else if (quote == '"' && c == '$') {
            int err = expand(r, &out, fault);
            if (err < 0)
                return err;
            continue;
        }
        buf_add(&out, slice_head(slice_from(r->text, r->at), len));
        r->at += len;
    }
    token->kind = CS_TOKEN_STRING;
    token->text = kept(r, &out);
    return 0;
}

/* Past a string inside a block, whose text is read later. */
static void pass_string(struct cs_reader *r, char quote)
{
    size_t len;
    for (char c = peek(r, &len); r->at < r->text.len && c != quote; c = peek(r, &len)) {
        r->at += len;
        if (c == '`' && quote == '"' && r->at < r->text.len) {
            peek(r, &len);
            r->at += len;
        }
    }
    r->at += r->at < r->text.len ? len : 0;
}

static int read_block(struct cs_reader *r, struct cs_token *token, struct fault *fault)
{
    size_t len, start = r->at + 1, depth = 0;
    for (;;) {
        char c = peek(r, &len);
        if (r->at >= r->text.len)
            return cs_malformed(fault, token->at, "this brace is never closed");
        r->at += len;
        depth += c == '{';
        depth -= c == '}';
        if (depth == 0)
            break;
        if (c == '"' || c == '\'')
            pass_string(r, c);
    }
    token->kind = CS_TOKEN_BLOCK;
    token->text = slice_make(r->text.at + start, r->at - 1 - start);
    return 0;
}

/* ---- words -------------------------------------------------------------------------------- */

static int read_dollar(struct cs_reader *r, struct cs_token *token, struct fault *fault)
{
    struct slice name = variable_name(r, r->at + 1);
    size_t end = r->at + 1 + name.len;
    if (slice_eq(name, SLICE("_")) && end < r->text.len && r->text.at[end] == '.') {
        token->kind = CS_TOKEN_FIELD;
        token->text = variable_name(r, end + 1);
        r->at = end + 1 + token->text.len;
        return slice_empty(token->text)
                   ? cs_malformed(fault, token->at, "$_. needs the name of a property")
                   : 0;
    }
    token->kind = CS_TOKEN_VALUE;
    token->text = name;
    r->at = end;
    return constant(name, &token->value)
               ? 0
               : cs_malformed(fault, token->at,
                              "$%.*s: only $true, $false and $null are known here",
                              SLICE_ARG(slice_head(name, 60)));
}

static int read_word(struct cs_reader *r, struct cs_token *token)
{
    scoped(buf) struct buf out = BUF_INIT;
    size_t len;
    for (char c = peek(r, &len); !ends_word(c); c = peek(r, &len)) {
        if (c == '`') {
            escape(r, &out);
            continue;
        }
        if (len > 1 && c == '-')
            buf_add_byte(&out, '-');
        else
            buf_add(&out, slice_head(slice_from(r->text, r->at), len));
        r->at += len;
    }
    token->kind = CS_TOKEN_WORD;
    token->text = kept(r, &out);
    return 0;
}

static void read_dash(struct cs_reader *r, size_t dash, struct cs_token *token)
{
    token->kind = CS_TOKEN_DASH;
    token->text = variable_name(r, r->at + dash);
    r->at += dash + token->text.len;
    token->colon = r->at < r->text.len && r->text.at[r->at] == ':';
    r->at += token->colon;
}

int cs_token_next(struct cs_reader *r, struct cs_token *token, struct fault *fault)
{
    static const struct {
        char c;
        enum cs_token_kind kind;
    } marks[] = {{'|', CS_TOKEN_PIPE},  {';', CS_TOKEN_BREAK}, {'\n', CS_TOKEN_BREAK},
                 {',', CS_TOKEN_COMMA}, {'(', CS_TOKEN_OPEN},  {')', CS_TOKEN_CLOSE},
                 {'!', CS_TOKEN_NOT}};
    size_t len, next;
    skip_blanks(r);
    *token = (struct cs_token){.kind = CS_TOKEN_END, .at = r->at};
    char c = peek(r, &len);
    if (r->at >= r->text.len)
        return 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (c == marks[i].c) {
            token->kind = marks[i].kind;
            r->at += len;
            return 0;
        }
    if (c == '"' || c == '\'')
        return read_string(r, c, token, fault);
    if (c == '{')
        return read_block(r, token, fault);
    if (c == '$')
        return read_dollar(r, token, fault);
    char after = peek_at(r, r->at + len, &next);
    if (c == '-' && is_name(after) && !(after >= '0' && after <= '9')) {
        read_dash(r, len, token);
        return 0;
    }
    if (c == '@' || ends_word(c))
        return cs_malformed(fault, token->at, "`%c` is not known here; pipelines of cmdlets are",
                            c);
    return read_word(r, token);
}
