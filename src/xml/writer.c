#include "xml/writer.h"

#include "base/encode.h"

#include <assert.h>
#include <string.h>

/* The length of the XML character at s (XML 1.0 production 2, as UTF-8 without
 * overlong forms), or 0 if there is none. */
static size_t character(struct slice s)
{
    const unsigned char *b = (const unsigned char *)s.at;
    if (b[0] < 0x80)
        return b[0] >= 0x20 || b[0] == '\t' || b[0] == '\n' || b[0] == '\r';
    size_t len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || s.len < len)
        return 0;
    uint32_t point = b[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (b[i] & 0x3fU);
    }
    static const uint32_t least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    bool none = point == 0xfffe || point == 0xffff || point > 0x10ffff;
    return point < least[len] || surrogate || none ? 0 : len;
}

/* C14N section 1.1 fixes which characters are escaped, and how. */
static const char *escape(char c, bool in_attr)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return in_attr ? NULL : "&gt;";
    case '"':
        return in_attr ? "&quot;" : NULL;
    case '\t':
        return in_attr ? "&#x9;" : NULL;
    case '\n':
        return in_attr ? "&#xA;" : NULL;
    case '\r':
        return "&#xD;";
    default:
        return NULL;
    }
}

static void add_escaped(struct buf *out, struct slice text, bool in_attr)
{
    size_t plain = 0, at = 0;
    while (at < text.len) {
        size_t len = character(slice_from(text, at));
        const char *instead = len ? escape(text.at[at], in_attr) : "\xef\xbf\xbd";
        if (instead) {
            buf_add(out, slice_make(text.at + plain, at - plain));
            buf_add_string(out, instead);
            plain = at + 1;
        }
        at += len ? len : 1;
    }
    buf_add(out, slice_from(text, plain));
}

void xml_escape_text(struct buf *out, struct slice text)
{
    add_escaped(out, text, false);
}

void xml_escape_attr(struct buf *out, struct slice value)
{
    add_escaped(out, value, true);
}

static void end_tag_start(struct xml_writer *w)
{
    if (w->in_tag)
        buf_add_byte(w->out, '>');
    w->in_tag = false;
}

void xml_open(struct xml_writer *w, const char *name)
{
    assert(w->depth < XML_WRITER_DEPTH);
    end_tag_start(w);
    buf_add_byte(w->out, '<');
    buf_add_string(w->out, name);
    w->open[w->depth++] = name;
    w->in_tag = true;
}

void xml_put_ns(struct xml_writer *w, const char *prefix, const char *uri)
{
    assert(w->in_tag);
    buf_add_string(w->out, prefix[0] ? " xmlns:" : " xmlns");
    buf_add_string(w->out, prefix);
    buf_add_string(w->out, "=\"");
    xml_escape_attr(w->out, slice_of(uri));
    buf_add_byte(w->out, '"');
}

void xml_put_attr(struct xml_writer *w, const char *name, struct slice value)
{
    assert(w->in_tag);
    buf_add_byte(w->out, ' ');
    buf_add_string(w->out, name);
    buf_add_string(w->out, "=\"");
    xml_escape_attr(w->out, value);
    buf_add_byte(w->out, '"');
}

void xml_put_attr_string(struct xml_writer *w, const char *name, const char *value)
{
    xml_put_attr(w, name, slice_of(value));
}

void xml_put_text(struct xml_writer *w, struct slice text)
{
    end_tag_start(w);
    xml_escape_text(w->out, text);
}

void xml_put_string(struct xml_writer *w, const char *text)
{
    xml_put_text(w, slice_of(text));
}

void xml_put_number(struct xml_writer *w, long long number)
{
    end_tag_start(w);
    buf_print(w->out, "%lld", number);
}

void xml_put_base64(struct xml_writer *w, struct slice bytes)
{
    end_tag_start(w);
    base64_add(w->out, bytes);
}

void xml_put_raw(struct xml_writer *w, struct slice xml)
{
    end_tag_start(w);
    buf_add(w->out, xml);
}

void xml_element(struct xml_writer *w, const char *name, struct slice text)
{
    xml_open(w, name);
    xml_put_text(w, text);
    xml_close(w);
}

void xml_element_string(struct xml_writer *w, const char *name, const char *text)
{
    xml_element(w, name, slice_of(text));
}

void xml_close(struct xml_writer *w)
{
    assert(w->depth > 0);
    end_tag_start(w);
    buf_add_string(w->out, "</");
    buf_add_string(w->out, w->open[--w->depth]);
    buf_add_byte(w->out, '>');
}

void xml_close_empty(struct xml_writer *w)
{
    assert(w->depth > 0 && w->in_tag);
    w->depth--;
    w->in_tag = false;
    buf_add_string(w->out, "/>");
}

void xml_end(struct xml_writer *w)
{
    assert(w->depth == 0 && !w->in_tag);
    (void)w;
}
