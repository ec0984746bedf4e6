/* libxml2 checks limits late: it compares all attributes of a start tag with
 * each other before anybody is asked, and builds a tree of forty times the size
 * of the text. So the text is measured first. In a well-formed document this
 * scan sees the same tags as libxml2 does (a '<' cannot hide in an attribute);
 * one that is not well-formed is refused by libxml2 itself. */
#include "xml/reader_priv.h"

#include <string.h>

/* libxml2 itself goes no deeper than 256. */
enum {
    DEPTH_MAX = 250
};

struct scan {
    struct slice in;
    size_t at;
    size_t depth;
    size_t nodes;
    size_t scope;               /* namespace declarations in force */
    size_t declared[DEPTH_MAX]; /* of these, by each open element */
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

struct tag {
    size_t attributes, namespaces, longest;
    bool empty;
};

/* Go behind the '>' of a start tag, counting what is in it. */
static struct tag read_tag(struct scan *s)
{
    struct tag tag = {0};
    size_t opened = 0, name = s->at;
    char quote = 0, before = 0;
    for (; s->at < s->in.len; s->at++) {
        char c = s->in.at[s->at];
        if (quote && c == quote) {
            quote = 0;
            tag.longest = s->at - opened > tag.longest ? s->at - opened : tag.longest;
        } else if (quote) {
            continue;
        } else if (c == '"' || c == '\'') {
            quote = c;
            opened = s->at + 1;
        } else if (c == '=') {
            tag.attributes++;
            tag.namespaces += slice_starts(slice_from(s->in, name), SLICE("xmlns"));
        } else if (c == '>') {
            break;
        } else if (c > ' ' && before <= ' ') {
            name = s->at;
        }
        before = c;
    }
    s->at += s->at < s->in.len;
    tag.empty = before == '/';
    return tag;
}

static int start_tag(struct scan *s)
{
    size_t start = s->at;
    struct tag tag = read_tag(s);
    size_t end = s->at;
    const char *over = NULL;
    if (tag.attributes > s->limits->attributes)
        over = "too many attributes in one tag";
    else if (tag.longest > s->limits->value)
        over = "too long an attribute";
    else if (s->scope + tag.namespaces > s->limits->scope)
        over = "too many namespaces in scope";
    else if (s->depth >= s->limits->depth || s->depth >= DEPTH_MAX)
        over = "elements nested too deep";
    s->at = start;
    if (over)
        return refuse(s, ERR_LIMIT, FINDING_XML_LIMIT, over);
    s->at = end;
    s->nodes += tag.attributes;
    if (!tag.empty) {
        s->scope += tag.namespaces;
        s->declared[s->depth++] = tag.namespaces;
    }
    return 0;
}

static void end_tag(struct scan *s)
{
    skip_past(s, SLICE(">"));
    if (s->depth > 0)
        s->scope -= s->declared[--s->depth];
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
        end_tag(s);
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
