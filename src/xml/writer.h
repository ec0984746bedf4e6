/* A small XML writer onto a struct buf. What it writes stays as it is under
 * exclusive C14N, so a text may be signed as written: no white space between
 * elements, explicit end tags, C14N's own escapes. Two things are the caller's
 * part: declare a namespace on the element (or an ancestor) that first uses it
 * and never again inside, in order of prefix, before the attributes; write
 * attributes in C14N order (without namespace by name, then by namespace).
 *
 * Names are literals of the program, only values are escaped; characters that
 * XML 1.0 cannot hold and bytes that are not UTF-8 become U+FFFD. Unbalanced
 * use is a defect and ends the program (assertion). Failure over the buffer's
 * limit is sticky in the buffer. */
#ifndef LYCHGATE_XML_WRITER_H
#define LYCHGATE_XML_WRITER_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    XML_WRITER_DEPTH = 64
};

struct xml_writer {
    struct buf *out; /* borrowed */
    unsigned depth;
    bool in_tag;                        /* the start tag is still open for attributes */
    const char *open[XML_WRITER_DEPTH]; /* names of the open elements; borrowed */
};

/* Write onto out, after what it holds; nothing is to be freed. */
#define XML_WRITER(buf_)                                                                           \
    {                                                                                              \
        .out = (buf_)                                                                              \
    }

/* Start an element: "s:Envelope". The name must live until it is closed. */
void xml_open(struct xml_writer *w, const char *name);

/* Declare a namespace on the element just opened; prefix "" is the default one. */
void xml_put_ns(struct xml_writer *w, const char *prefix, const char *uri);

/* Add an attribute to the element just opened. */
void xml_put_attr(struct xml_writer *w, const char *name, struct slice value);
void xml_put_attr_string(struct xml_writer *w, const char *name, const char *value);

/* Add text, escaped. */
void xml_put_text(struct xml_writer *w, struct slice text);
void xml_put_string(struct xml_writer *w, const char *text);
void xml_put_number(struct xml_writer *w, long long number);
void xml_put_base64(struct xml_writer *w, struct slice bytes);

/* Add a text that is XML already (an assertion, a signature), as it is. */
void xml_put_raw(struct xml_writer *w, struct slice xml);

/* A whole element with text: open, put_text, close. */
void xml_element(struct xml_writer *w, const char *name, struct slice text);
void xml_element_string(struct xml_writer *w, const char *name, const char *text);

/* End the element opened last with `</name>`. */
void xml_close(struct xml_writer *w);

/* End the element opened last, which must be empty, with `/>`: for documents
 * that are not signed and whose readers are used to it. */
void xml_close_empty(struct xml_writer *w);

/* All done: asserts that every element was closed. */
void xml_end(struct xml_writer *w);

/* Append a text with XML's escapes, without a writer. */
void xml_escape_text(struct buf *out, struct slice text);
void xml_escape_attr(struct buf *out, struct slice value);

#endif
