/* What the rooms' own files share of the reader: the libxml2 side of a node. */
#ifndef LYCHGATE_XML_READER_PRIV_H
#define LYCHGATE_XML_READER_PRIV_H

#include "xml/reader.h"

#include <libxml/tree.h>
#include <stdint.h>

/* libxml2 has no const; nothing here alters a node, but its ID table. */
static inline xmlNode *xml_node_lib(const struct xml_node *node)
{
    return (xmlNode *)(uintptr_t)node;
}

/* Start libxml2, once a process, and keep it silent in this thread. */
void xml_start(void);

/* The limits and refusals that need no tree, in one pass over the bytes before
 * libxml2 sees them (scan.c). */
int xml_scan(struct slice bytes, const struct xml_limits *limits, struct fault *fault);

/* A copy of the element as a document of its own, with the namespaces that it uses: owned,
 * NULL when memory is short. libxml2 has no canonical form of any part of a document that
 * somewhere has a relative namespace name, and Microsoft's "DistributionListExpander" is
 * one; exclusive C14N of an element does not depend on what lies around it. */
xmlDoc *xml_alone(const struct xml_node *node);

/* Append the C14N 1.0 form, exclusive or inclusive. 0, or -ERR_INTERNAL when libxml2
 * refuses (a relative namespace name: in the element, or if inclusive in scope). */
int xml_canonical(const struct xml_node *node, bool exclusive, struct buf *out);

#endif
