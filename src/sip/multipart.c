#include "sip/multipart.h"

#include "sip/params.h"

enum {
    BOUNDARY_MAX = 70
};

bool sip_is_multipart(struct slice content_type)
{
    return slice_starts_nocase(content_type, SLICE("multipart/"));
}

/* ---- delimiters -------------------------------------------------------------------------- */

/* "--boundary", blanks, end of line; "--boundary--" is the last. */
struct delimiter {
    struct slice before, after; /* without the line ends around it */
    bool last;
};

static struct slice without_line_end(struct slice text)
{
    if (text.len && text.at[text.len - 1] == '\n')
        text.len--;
    if (text.len && text.at[text.len - 1] == '\r')
        text.len--;
    return text;
}

/* Is there a delimiter where the text begins? Then it is cut off. */
static bool take_delimiter(struct slice *text, struct slice boundary, bool *last_out)
{
    struct slice rest = *text;
    if (!slice_starts(rest, SLICE("--")) || !slice_starts(slice_from(rest, 2), boundary))
        return false;
    rest = slice_from(rest, 2 + boundary.len);
    *last_out = slice_starts(rest, SLICE("--"));
    if (*last_out)
        rest = slice_from(rest, 2);
    while (rest.len && (rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = slice_from(rest, 1);
    if (slice_starts(rest, SLICE("\r\n")))
        rest = slice_from(rest, 2);
    else if (slice_starts(rest, SLICE("\n")))
        rest = slice_from(rest, 1);
    else if (rest.len || !*last_out) /* it is some other line */
        return false;
    *text = rest;
    return true;
}

static bool find_delimiter(struct slice text, struct slice boundary, struct delimiter *out)
{
    struct slice rest = text;
    for (;;) {
        struct slice line, after = rest;
        if (take_delimiter(&after, boundary, &out->last)) {
            out->before = without_line_end(slice_head(text, text.len - rest.len));
            out->after = after;
            return true;
        }
        if (!slice_cut(rest, '\n', &line, &rest))
            return false;
    }
}

/* ---- parts --------------------------------------------------------------------------------- */

static int wrong(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "multipart body: %s", what);
}

int sip_multipart_begin(struct sip_multipart *it, struct slice content_type, struct slice body,
                        struct fault *fault)
{
    struct delimiter first;
    ptrdiff_t params = slice_index(content_type, ';');
    *it = (struct sip_multipart){.over = true};
    if (params >= 0)
        it->boundary = sip_param_find(slice_from(content_type, (size_t)params), SLICE("boundary"));
    if (it->boundary.len == 0 || it->boundary.len > BOUNDARY_MAX)
        return wrong(fault, "its Content-Type has no boundary");
    if (!find_delimiter(body, it->boundary, &first))
        return wrong(fault, "its boundary is not in it");
    it->rest = first.after;
    it->over = first.last;
    return 0;
}

static struct slice strip_angles(struct slice text)
{
    if (text.len >= 2 && text.at[0] == '<' && text.at[text.len - 1] == '>')
        return slice_make(text.at + 1, text.len - 2);
    return text;
}

static int read_part(struct slice text, struct sip_part *part, struct fault *fault)
{
    *part = (struct sip_part){0};
    for (;;) {
        struct slice line, name, value, rest;
        bool more = slice_cut(text, '\n', &line, &rest);
        text = more ? rest : slice_from(text, text.len);
        if (slice_empty(slice_trim(line)))
            break;
        if (!more) /* headers only */
            return wrong(fault, "a part has no empty line behind its headers");
        if (!slice_cut(line, ':', &name, &value))
            return wrong(fault, "a part has a header line without a colon");
        if (slice_eq_nocase(slice_trim(name), SLICE("Content-Type")))
            part->type = slice_trim(value);
        else if (slice_eq_nocase(slice_trim(name), SLICE("Content-ID")))
            part->id = strip_angles(slice_trim(value));
    }
    part->body = text;
    return 1;
}

int sip_multipart_next(struct sip_multipart *it, struct sip_part *part, struct fault *fault)
{
    struct delimiter end;
    if (it->over)
        return 0;
    it->over = true;
    if (!find_delimiter(it->rest, it->boundary, &end))
        return wrong(fault, "its last part has no end");
    it->over = end.last;
    it->rest = end.after;
    return read_part(end.before, part, fault);
}

struct slice sip_find_text(struct slice type, struct slice body, struct slice *type_out)
{
    struct sip_multipart it;
    struct sip_part part;
    struct slice found = {0}, word = type, rest;
    slice_cut(type, ';', &word, &rest);
    word = slice_trim(word);
    *type_out = word;
    if (slice_eq_nocase(word, SLICE("text/plain")) || slice_eq_nocase(word, SLICE("text/html")))
        return body;
    if (!sip_is_multipart(type) || sip_multipart_begin(&it, type, body, NULL) < 0)
        return found;
    while (sip_multipart_next(&it, &part, NULL) > 0) {
        word = part.type;
        slice_cut(part.type, ';', &word, &rest);
        bool plain = slice_eq_nocase(slice_trim(word), SLICE("text/plain"));
        if (!plain && (found.at || !slice_eq_nocase(slice_trim(word), SLICE("text/html"))))
            continue;
        found = part.body;
        *type_out = slice_trim(word);
        if (plain)
            break;
    }
    return found;
}
