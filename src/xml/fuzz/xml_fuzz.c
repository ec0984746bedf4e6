/* Any bytes as a document: read, walked, written again, taken apart as SOAP. */
#include "xml/soap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct xml_node *node, int depth)
{
    if (depth > 64)
        abort();
    (void)xml_text(node);
    (void)xml_attr(node, "Id");
    if (slice_empty(xml_name(node)))
        abort();
    xml_each (child, node) {
        if (xml_parent(child) != node)
            abort();
        walk(child, depth + 1);
    }
}

/* A canonical text reads back, and is then its own canonical text; only limits
 * may stand in the way, since C14N repeats declarations. */
static void check_canonical(const struct xml_node *root)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct xml_doc *again;
    struct fault fault;
    xml_c14n(root, &once);
    if (!buf_failed(&once)) {
        if (xml_read(buf_slice(&once), NULL, &again, &fault) == 0) {
            xml_c14n(xml_root(again), &twice);
            if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
                abort();
            xml_doc_free(again);
        } else if (fault.finding != FINDING_XML_LIMIT) {
            abort();
        }
    }
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xml_doc *doc;
    struct fault fault = {0};
    struct soap_message message;
    struct soap_fault soap_fault;
    struct buf out = BUF_INIT;
    if (xml_read(slice_make(data, size), NULL, &doc, &fault)) {
        if (doc || !fault.err)
            abort();
        return 0;
    }
    walk(xml_root(doc), 1);
    check_canonical(xml_root(doc));
    xml_raw(xml_root(doc), &out);
    if (soap_read(doc, &message, &fault) == 0)
        (void)soap_fault_read(&message, &soap_fault);
    buf_free(&out);
    xml_doc_free(doc);
    return 0;
}
