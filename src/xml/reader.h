/* Reading XML from strangers: libxml2 with everything dangerous refused before
 * it gets there. A document type declaration, an entity of its own or a
 * processing instruction ends the reading (XML_FORBIDDEN), so do size, depth,
 * number of nodes and of attributes in one tag past their limits (XML_LIMIT).
 * Nothing is ever fetched. Only UTF-8 is read. Comments are dropped: they are
 * not signed (exclusive C14N leaves them out), so nobody may depend on them, and
 * text on both sides of one is a single text here.
 *
 * All questions to a node take NULL for "there is none" and answer with none,
 * so a way down a document needs one check at its end. Slices point into the
 * document and live as long as it does. A document belongs to one thread. */
#ifndef LYCHGATE_XML_READER_H
#define LYCHGATE_XML_READER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

struct xml_doc;
struct xml_node; /* an element; never exists by itself, belongs to its xml_doc */

/* A field that is 0 means the default's. */
struct xml_limits {
    size_t bytes;      /* of the document */
    size_t depth;      /* of nested elements; at most 250 */
    size_t nodes;      /* elements, attributes, namespace declarations, texts */
    size_t attributes; /* attributes and namespace declarations of one element */
    size_t value;      /* bytes of one attribute or namespace name: canonical forms repeat
                        * a namespace on every element that uses it */
    size_t scope;      /* namespace declarations in force at one place: libxml2 goes through
                        * all of them for every element */
};

/* 1 MiB, depth 64, 20,000 nodes, 100 attributes an element, 2 KiB an attribute,
 * 32 namespaces in scope. */
extern const struct xml_limits xml_limits_default;

/* Read a document; limits NULL means the default. Returns 0 and a document to
 * be freed with xml_doc_free, or -ERR_MALFORMED (XML_MALFORMED), -ERR_DENIED
 * (XML_FORBIDDEN), -ERR_LIMIT (XML_LIMIT); the fault's detail says line and
 * column. */
int xml_read(struct slice bytes, const struct xml_limits *limits, struct xml_doc **doc_out,
             struct fault *fault);

/* Free a document and all its nodes (content may have been secret: it is
 * the caller's to copy such text to a struct secret). NULL is fine. */
void xml_doc_free(struct xml_doc *doc);
SCOPED_FREE(xml_doc, struct xml_doc, xml_doc_free)

/* The document's element, never NULL for a document that was read. */
const struct xml_node *xml_root(const struct xml_doc *doc);

/* The element around this one; NULL for the root. */
const struct xml_node *xml_parent(const struct xml_node *node);

/* First child element, next sibling element. */
const struct xml_node *xml_first(const struct xml_node *node);
const struct xml_node *xml_next(const struct xml_node *node);

/* for each child element: `xml_each(child, parent) { ... }` */
#define xml_each(child, parent)                                                                    \
    for (const struct xml_node *child = xml_first(parent); child; child = xml_next(child))

/* Is it the element of this namespace ("" is none, NULL is any) and local name? */
bool xml_is(const struct xml_node *node, const char *ns, const char *name);

/* The same, where one slash at the end of either namespace does not count:
 * WS-Trust 200512 is met in both spellings. */
bool xml_is_loosely(const struct xml_node *node, const char *ns, const char *name);

/* First child element of that namespace (as in xml_is) and local name. */
const struct xml_node *xml_child(const struct xml_node *node, const char *ns, const char *name);

/* The next sibling of that name, to find what must not come twice. */
const struct xml_node *xml_next_of(const struct xml_node *node, const char *ns, const char *name);

/* Go down by local names in any namespace, "Body/Fault/faultstring", taking the
 * first child of each name. */
const struct xml_node *xml_path(const struct xml_node *node, const char *path);

/* Local name; namespace name (absent when it has none). */
struct slice xml_name(const struct xml_node *node);
struct slice xml_namespace(const struct xml_node *node);

/* An attribute without namespace, and one of a namespace; absent if it has none. */
struct slice xml_attr(const struct xml_node *node, const char *name);
struct slice xml_attr_ns(const struct xml_node *node, const char *ns, const char *name);

/* The text of an element that has no element children, without white space
 * around it; present and empty for an element without text, absent for NULL and
 * for an element with element children. xml_text_exact leaves the white space. */
struct slice xml_text(const struct xml_node *node);
struct slice xml_text_exact(const struct xml_node *node);

/* The line the element starts on, for fault details; 0 for NULL. */
long xml_line(const struct xml_node *node);

/* Append the element as text that stands by itself: every namespace in scope is
 * declared on it (inclusive C14N), which also serves prefixes in content. */
void xml_raw(const struct xml_node *node, struct buf *out);

/* Append the exclusive C14N 1.0 form of the element, without comments. Both set
 * out->failed for a document that has no canonical form (relative namespaces). */
void xml_c14n(const struct xml_node *node, struct buf *out);

#endif
