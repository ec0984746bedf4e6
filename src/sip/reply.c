#include "sip/reply.h"

#include "base/encode.h"
#include "base/random.h"
#include "sip/grammar_priv.h"

static bool control(char c)
{
    return (uint8_t)c < 0x20 && c != '\t';
}

/* No line ends from inside a value: each run of blanks that holds one becomes a single
 * blank, as does any other control byte. That also undoes the folds of a value that is
 * echoed. Untouched values, nearly all, are not copied. */
static struct slice one_line(struct arena *arena, struct slice value)
{
    size_t clean = 0;
    while (clean < value.len && !control(value.at[clean]))
        clean++;
    if (clean == value.len)
        return value;
    char *text = arena_alloc(arena, value.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        bool after_blank = len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t');
        if (control(c) || (after_blank && i > clean && (c == ' ' || c == '\t'))) {
            if (!after_blank)
                text[len++] = ' ';
        } else {
            text[len++] = c;
        }
    }
    return slice_make(text, len);
}

/* Header names are ours, never a peer's; a wrong one must still not break the line. */
static bool proper_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!sip_is(name.at[i], SIP_IS_TOKEN))
            return false;
    return name.len > 0;
}

void sip_line_add(struct sip_lines *lines, struct arena *arena, struct slice name,
                  struct slice value)
{
    if (!proper_name(name))
        return;
    struct sip_line *line = arena_new_of(arena, struct sip_line);
    line->name = name;
    line->value = one_line(arena, value);
    if (lines->last)
        lines->last->next = line;
    else
        lines->first = line;
    lines->last = line;
}

void sip_reply_init(struct sip_reply *reply, struct arena *arena, int status)
{
    *reply = (struct sip_reply){.arena = arena, .status = status};
}

void sip_reply_header(struct sip_reply *reply, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice value = arena_printv(reply->arena, format, args);
    va_end(args);
    sip_line_add(&reply->headers, reply->arena, slice_of(name), value);
}

void sip_request_header(struct sip_request *request, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice value = arena_printv(request->arena, format, args);
    va_end(args);
    sip_line_add(&request->headers, request->arena, slice_of(name), value);
}

void sip_reply_body(struct sip_reply *reply, struct slice content_type, struct slice body)
{
    reply->content_type = content_type;
    reply->body = body;
}

/* Refusals that a peer on the other side of a federation border may see explained. */
static bool travels(int status)
{
    return status == 403 || status == 404 || status == 480;
}

void sip_reply_fault(struct sip_reply *reply, const struct fault *fault, struct slice source)
{
    const struct finding_row *row = finding_row(fault->finding);
    struct arena *arena = reply->arena;
    bool silent = reply->no_answer;
    sip_reply_init(reply, arena, row->sip ? row->sip : 500);
    reply->fault = *fault;
    reply->no_answer = silent;
    struct slice text = slice_of(row->user);
    if (row->audience == SEEN_BY_ALL && fault->detail[0])
        text = arena_print(arena, "%s (%s)", row->user, fault->detail);
    text = sip_quote(arena, text);
    if (row->ms_diagnostics) {
        struct slice named = SLICE("");
        if (!slice_empty(source))
            named = arena_print(arena, ";source=\"%.*s\"", SLICE_ARG(sip_quote(arena, source)));
        sip_reply_header(reply, "ms-diagnostics", "%d%.*s;reason=\"%.*s\"", row->ms_diagnostics,
                         SLICE_ARG(named), SLICE_ARG(text));
        if (travels(reply->status))
            sip_reply_header(reply, "ms-diagnostics-public", "%d;reason=\"%.*s\"",
                             row->ms_diagnostics, SLICE_ARG(text));
    }
    /* SIPE shows a Warning's text for 403; and without a number it is all there is. */
    if (reply->status == 403 || !row->ms_diagnostics)
        sip_reply_header(reply, "Warning", "399 %.*s \"%.*s\"",
                         SLICE_ARG(slice_empty(source) ? SLICE("lychgate") : source),
                         SLICE_ARG(text));
}

static struct slice random_upper(struct arena *arena)
{
    char bytes[16];
    random_fill(bytes, sizeof bytes);
    return hex_print(arena, slice_make(bytes, sizeof bytes));
}

struct slice sip_branch_new(struct arena *arena)
{
    return arena_print(arena, "z9hG4bK%.*s", SLICE_ARG(random_upper(arena)));
}

struct slice sip_tag_new(struct arena *arena)
{
    return random_upper(arena);
}

struct slice sip_quote(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, 2 * text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '"' || c == '\\')
            out[len++] = '\\';
        out[len++] = control(c) || c == '\x7f' ? ' ' : c;
    }
    return slice_make(out, len);
}
