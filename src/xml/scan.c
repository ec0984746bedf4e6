/* libxml2 checks limits late: it compares all attributes of a start tag with
 * each other before anybody is asked, and builds a tree of forty times the size
 * of the text. So the text is measured first. In a well-formed document this
 * scan sees the same tags as libxml2 does (a '<' cannot hide in an attribute);
 * one that is not well-formed is refused by libxml2 itself. */
#include "xml/reader_priv.h"

#include <string.h>

struct scan {
    struct slice in;
    size_t at;
    size_t depth;
    size_t nodes;
    const struct xml_limits *limits;
    struct fault *fault;
};

static int refuse(const struct scan *s, enum err err, enum finding finding, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < s->at && i < s->in.len; i++) {
        column++;
        if (s->in.at[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return fault_set(s->fault, err, finding, "line %zu, column %zu: %s", line, column, what);
}

static bool here(const struct scan *s, struct slice text)
{
    return slice_starts(slice_from(s->in, s->at), text);
}

/* Go behind the next `end`, or to the end of the input. */
static void skip_past(struct scan *s, struct slice end)
{
    ptrdiff_t found = slice_find(slice_from(s->in, s->at), end);
    s->at = found < 0 ? s->in.len : s->at + (size_t)found + end.len;
}

/* Go behind the '>' of a start tag, counting its attributes. */
static int start_tag(struct scan *s)
{
    size_t start = s->at, attributes = 0, opened = 0, longest = 0;
    char quote = 0, before = 0;
    for (; s->at < s->in.len; s->at++) {
        char c = s->in.at[s->at];
        if (quote) {
            if (c != quote)
                continue;
            quote = 0;
            longest = s->at - opened > longest ? s->at - opened : longest;
        } else if (c == '"' || c == '\'') {
            quote = c;
            opened = s->at + 1;
        } else if (c == '=') {
            attributes++;
        } else if (c == '>') {
            break;
        }
        before = c;
    }
    s->at = s->at < s->in.len ? s->at + 1 : s->at;
    s->nodes += attributes;
    size_t end = s->at;
    s->at = start;
    if (attributes > s->limits->attributes)
        return refuse(s, ERR_LIMIT, FINDING_XML_LIMIT, "too many attributes in one tag");
    if (longest > s->limits->value)
        return refuse(s, ERR_LIMIT, FINDING_XML_LIMIT, "too long an attribute");
    if (s->depth >= s->limits->depth)
        return refuse(s, ERR_LIMIT, FINDING_XML_LIMIT, "elements nested too deeply");
    s->at = end;
    if (before != '/')
        s->depth++;
    return 0;
}

static int markup(struct scan *s)
{
    if (here(s, SLICE("<!--"))) {
        skip_past(s, SLICE("-->"));
    } else if (here(s, SLICE("<![CDATA["))) {
        skip_past(s, SLICE("]]>"));
    } else if (here(s, SLICE("<!"))) {
        return refuse(s, ERR_DENIED, FINDING_XML_FORBIDDEN, "a document type declaration");
    } else if (here(s, SLICE("<?xml ")) && s->at == 0) {
        skip_past(s, SLICE("?>"));
    } else if (here(s, SLICE("<?"))) {
        return refuse(s, ERR_DENIED, FINDING_XML_FORBIDDEN, "a processing instruction");
    } else if (here(s, SLICE("</"))) {
        skip_past(s, SLICE(">"));
        s->depth -= s->depth > 0;
    } else {
        return start_tag(s);
    }
    return 0;
}

int xml_scan(struct slice bytes, const struct xml_limits *limits, struct fault *fault)
{
    struct scan s = {.in = bytes, .limits = limits, .fault = fault};
    if (bytes.len > limits->bytes)
        return fault_set(fault, ERR_LIMIT, FINDING_XML_LIMIT, "%zu bytes, at most %zu are taken",
                         bytes.len, limits->bytes);
    while (s.at < bytes.len) {
        const char *from = bytes.at + s.at;
        const char *open = memchr(from, '<', bytes.len - s.at);
        s.nodes += from != open; /* a text */
        if (!open)
            break;
        s.at = (size_t)(open - bytes.at);
        s.nodes++;
        if (s.nodes > limits->nodes)
            return refuse(&s, ERR_LIMIT, FINDING_XML_LIMIT, "too many nodes");
        int err = markup(&s);
        if (err)
            return err;
    }
    return s.nodes > limits->nodes ? refuse(&s, ERR_LIMIT, FINDING_XML_LIMIT, "too many nodes") : 0;
}
