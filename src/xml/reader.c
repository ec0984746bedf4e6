#include "xml/reader.h"

#include "xml/reader_priv.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <string.h>

const struct xml_limits xml_limits_default = {
    .bytes = 1 << 20, .depth = 64, .nodes = 20000, .attributes = 100, .value = 2048, .scope = 32};

static void say_nothing(void *arg, const char *format, ...)
{
    (void)arg;
    (void)format;
}

void xml_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local bool silent;
    pthread_once(&once, xmlInitParser);
    /* libxml2 keeps its error handler by thread, and the first one prints. */
    if (!silent)
        xmlSetGenericErrorFunc(NULL, say_nothing);
    silent = true;
}

static int parse_fault(xmlParserCtxt *ctxt, struct fault *fault)
{
    const xmlError *error = xmlCtxtGetLastError(ctxt);
    if (!error || !error->message)
        return fault_set(fault, ERR_MALFORMED, FINDING_XML_MALFORMED, "no document");
    struct slice message = slice_trim(slice_of(error->message));
    /* With document types refused, an undeclared entity is the only other way to
     * use one. */
    bool entity =
        error->code == XML_ERR_UNDECLARED_ENTITY || error->code == XML_WAR_UNDECLARED_ENTITY;
    return fault_set(fault, entity ? ERR_DENIED : ERR_MALFORMED,
                     entity ? FINDING_XML_FORBIDDEN : FINDING_XML_MALFORMED,
                     "line %d, column %d: %.*s", error->line, error->int2, SLICE_ARG(message));
}

static size_t limit(size_t given, size_t standard)
{
    return given ? given : standard;
}

static struct xml_limits limits_of(const struct xml_limits *given)
{
    const struct xml_limits *standard = &xml_limits_default;
    given = given ? given : standard;
    return (struct xml_limits){
        .bytes = limit(given->bytes, standard->bytes),
        .depth = limit(given->depth, standard->depth),
        .nodes = limit(given->nodes, standard->nodes),
        .attributes = limit(given->attributes, standard->attributes),
        .value = limit(given->value, standard->value),
        .scope = limit(given->scope, standard->scope),
    };
}

int xml_read(struct slice bytes, const struct xml_limits *limits, struct xml_doc **doc_out,
             struct fault *fault)
{
    *doc_out = NULL;
    if (slice_starts(bytes, SLICE("\xef\xbb\xbf")))
        bytes = slice_from(bytes, 3);
    struct xml_limits actual = limits_of(limits);
    int err = xml_scan(bytes, &actual, fault);
    if (err)
        return err;
    if (bytes.len == 0 || bytes.len > INT32_MAX)
        return fault_set(fault, ERR_MALFORMED, FINDING_XML_MALFORMED, "no document");

    xml_start();
    xmlParserCtxt *ctxt = xmlNewParserCtxt();
    if (!ctxt)
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "libxml2: no parser");
    ctxt->sax->comment = NULL;
    /* UTF-8 is forced, so that no other encoding hides anything from the scan. */
    xmlDoc *doc =
        xmlCtxtReadMemory(ctxt, bytes.at, (int)bytes.len, NULL, "UTF-8",
                          XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
                              XML_PARSE_NOWARNING | XML_PARSE_COMPACT | XML_PARSE_BIG_LINES);
    if (!doc || !ctxt->nsWellFormed)
        err = parse_fault(ctxt, fault);
    else if (doc->intSubset || doc->extSubset) /* the scan saw to it already */
        err = fault_set(fault, ERR_DENIED, FINDING_XML_FORBIDDEN, "a document type");
    xmlFreeParserCtxt(ctxt);
    if (err) {
        xmlFreeDoc(doc);
        return err;
    }
    *doc_out = (struct xml_doc *)doc;
    return 0;
}

void xml_doc_free(struct xml_doc *doc)
{
    xmlFreeDoc((xmlDoc *)doc);
}

/* ---- going about ------------------------------------------------------------ */

static const struct xml_node *element_from(const xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return (const struct xml_node *)node;
}

const struct xml_node *xml_root(const struct xml_doc *doc)
{
    const xmlDoc *lib = (const xmlDoc *)doc;
    return element_from(lib->children);
}

const struct xml_node *xml_parent(const struct xml_node *node)
{
    const xmlNode *parent = node ? xml_node_lib(node)->parent : NULL;
    return parent && parent->type == XML_ELEMENT_NODE ? (const struct xml_node *)parent : NULL;
}

const struct xml_node *xml_first(const struct xml_node *node)
{
    return node ? element_from(xml_node_lib(node)->children) : NULL;
}

const struct xml_node *xml_next(const struct xml_node *node)
{
    return node ? element_from(xml_node_lib(node)->next) : NULL;
}

bool xml_is(const struct xml_node *node, const char *ns, const char *name)
{
    return node && slice_eq(xml_name(node), slice_of(name)) &&
           (!ns || slice_eq(xml_namespace(node), slice_of(ns)));
}

static struct slice without_slash(struct slice uri)
{
    return slice_ends(uri, SLICE("/")) ? slice_head(uri, uri.len - 1) : uri;
}

bool xml_is_loosely(const struct xml_node *node, const char *ns, const char *name)
{
    return xml_is(node, NULL, name) &&
           (!ns || slice_eq(without_slash(xml_namespace(node)), without_slash(slice_of(ns))));
}

const struct xml_node *xml_child(const struct xml_node *node, const char *ns, const char *name)
{
    const struct xml_node *child = xml_first(node);
    return xml_is(child, ns, name) ? child : xml_next_of(child, ns, name);
}

const struct xml_node *xml_next_of(const struct xml_node *node, const char *ns, const char *name)
{
    do
        node = xml_next(node);
    while (node && !xml_is(node, ns, name));
    return node;
}

const struct xml_node *xml_path(const struct xml_node *node, const char *path)
{
    struct slice rest = slice_of(path), name;
    while (node && rest.len > 0) {
        slice_cut(rest, '/', &name, &rest);
        const struct xml_node *child = xml_first(node);
        while (child && !slice_eq(xml_name(child), name))
            child = xml_next(child);
        node = child;
    }
    return node;
}

/* ---- what a node says -------------------------------------------------------- */

static struct slice text_of(const xmlChar *string)
{
    return slice_of((const char *)string);
}

struct slice xml_name(const struct xml_node *node)
{
    return node ? text_of(xml_node_lib(node)->name) : (struct slice){0};
}

struct slice xml_namespace(const struct xml_node *node)
{
    const xmlNs *ns = node ? xml_node_lib(node)->ns : NULL;
    return ns ? text_of(ns->href) : (struct slice){0};
}

struct slice xml_attr_ns(const struct xml_node *node, const char *ns, const char *name)
{
    for (const xmlAttr *a = node ? xml_node_lib(node)->properties : NULL; a; a = a->next) {
        struct slice attr_ns = a->ns ? text_of(a->ns->href) : (struct slice){0};
        if (!slice_eq(text_of(a->name), slice_of(name)) || !slice_eq(attr_ns, slice_of(ns)))
            continue;
        /* Without entities libxml2 makes one text of every value. */
        if (!a->children)
            return SLICE("");
        if (a->children->type == XML_TEXT_NODE && !a->children->next)
            return text_of(a->children->content);
        break;
    }
    return (struct slice){0};
}

struct slice xml_attr(const struct xml_node *node, const char *name)
{
    return xml_attr_ns(node, NULL, name);
}

struct slice xml_text_exact(const struct xml_node *node)
{
    if (!node)
        return (struct slice){0};
    /* Comments are dropped and CDATA is text, so libxml2 has put all of it into
     * one node; if ever it has not, we know no text rather than half of it. */
    const xmlNode *text = xml_node_lib(node)->children;
    if (!text)
        return SLICE("");
    if (text->type != XML_TEXT_NODE || text->next)
        return (struct slice){0};
    return text_of(text->content);
}

struct slice xml_text(const struct xml_node *node)
{
    struct slice text = xml_text_exact(node);
    return slice_absent(text) ? text : slice_trim(text);
}

long xml_line(const struct xml_node *node)
{
    return node ? xmlGetLineNo(xml_node_lib(node)) : 0;
}

/* ---- as text ------------------------------------------------------------------ */

static int write_to_buf(void *arg, const char *bytes, int len)
{
    buf_add(arg, slice_make(bytes, (size_t)len));
    return len;
}

xmlDoc *xml_alone(const struct xml_node *node)
{
    xmlDoc *alone = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *copy = alone ? xmlDocCopyNode(xml_node_lib(node), alone, 1) : NULL;
    if (!copy) {
        xmlFreeDoc(alone);
        return NULL;
    }
    xmlDocSetRootElement(alone, copy);
    return alone;
}

static bool declares(const xmlNode *node, const xmlChar *prefix)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
        if (xmlStrEqual(ns->prefix, prefix))
            return true;
    return false;
}

/* Declare on the root of a copy what was in scope at the original. */
static int bring_scope(xmlNode *root, const xmlNode *original)
{
    xmlNs **scope = xmlGetNsList(original->doc, original);
    int err = 0;
    for (size_t i = 0; scope && scope[i] && err == 0; i++)
        if (!declares(root, scope[i]->prefix) && *scope[i]->href &&
            !xmlNewNs(root, scope[i]->href, scope[i]->prefix))
            err = -ERR_INTERNAL;
    xmlFree(scope);
    return err;
}

/* xml:lang and xml:space hold for what is inside; the nearest counts. */
static int bring_xml_attributes(xmlNode *root, const xmlNode *original)
{
    for (const xmlNode *n = original->parent; n && n->type == XML_ELEMENT_NODE; n = n->parent)
        for (const xmlAttr *a = n->properties; a; a = a->next) {
            if (!a->ns || !xmlStrEqual(a->ns->href, XML_XML_NAMESPACE) ||
                xmlHasNsProp(root, a->name, XML_XML_NAMESPACE))
                continue;
            xmlNs *ns = xmlSearchNsByHref(root->doc, root, XML_XML_NAMESPACE);
            const xmlChar *value = a->children ? a->children->content : NULL;
            if (!ns || !xmlNewNsProp(root, ns, a->name, value))
                return -ERR_INTERNAL;
        }
    return 0;
}

static int canonical(xmlDoc *doc, int mode, struct buf *out)
{
    xmlOutputBuffer *sink = xmlOutputBufferCreateIO(write_to_buf, NULL, out, NULL);
    if (!sink)
        return -ERR_INTERNAL;
    int done = xmlC14NExecute(doc, NULL, NULL, mode, NULL, 0, sink);
    int closed = xmlOutputBufferClose(sink);
    return done < 0 || closed < 0 ? -ERR_INTERNAL : 0;
}

/* Of a copy, because libxml2 goes through the whole document for any part of it: who
 * sends a document of many parts would be paid for each with the price of all. */
int xml_canonical(const struct xml_node *node, bool exclusive, struct buf *out)
{
    const xmlNode *lib = xml_node_lib(node);
    xml_start();
    xmlDoc *alone = xml_alone(node);
    xmlNode *root = alone ? xmlDocGetRootElement(alone) : NULL;
    int err = root ? 0 : -ERR_INTERNAL;
    if (err == 0 && !exclusive)
        err = bring_scope(root, lib);
    if (err == 0 && !exclusive)
        err = bring_xml_attributes(root, lib);
    if (err == 0)
        err = canonical(alone, exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0, out);
    xmlFreeDoc(alone);
    return err;
}

void xml_raw(const struct xml_node *node, struct buf *out)
{
    if (node && xml_canonical(node, false, out))
        out->failed = true;
}

void xml_c14n(const struct xml_node *node, struct buf *out)
{
    if (node && xml_canonical(node, true, out))
        out->failed = true;
}
