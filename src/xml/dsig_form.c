/* The shape of a signature, judged before any key is touched. Signature wrapping
 * lives on freedom in this shape, so there is none: every element is named here,
 * in order, and anything else is refused. */
#include "xml/dsig_priv.h"
#include "xml/names.h"

#include <string.h>

static int wrapped(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_WRAPPED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

/* The next expected ds: element; NULL when another one is there, or none. */
static const struct xml_node *expect(const struct xml_node *node, const char *name)
{
    return xml_is(node, NS_DS, name) ? node : NULL;
}

/* A method element says one URI and has no parameters (HMACOutputLength would cut
 * a MAC to nothing, InclusiveNamespaces would change what is covered). */
static struct slice method_uri(const struct xml_node *node)
{
    return xml_first(node) ? (struct slice){0} : xml_attr(node, "Algorithm");
}

static bool is_method(const struct xml_node *node, const char *name, const char *uri)
{
    return expect(node, name) && slice_eq(method_uri(node), slice_of(uri));
}

/* Exactly (enveloped-signature and then) exclusive C14N. */
static bool transforms_allowed(const struct xml_node *transforms, bool enveloped)
{
    const struct xml_node *transform = xml_first(transforms);
    if (enveloped) {
        if (!is_method(transform, "Transform", ALG_ENVELOPED))
            return false;
        transform = xml_next(transform);
    }
    return is_method(transform, "Transform", ALG_EXC_C14N) && !xml_next(transform);
}

static bool is_plain_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '_' && c != '.')
            return false;
    }
    return id.len > 0;
}

static int read_reference(const struct xml_node *reference, bool enveloped,
                          struct dsig_reference *out, struct fault *fault)
{
    /* Only "#id": no other document, no XPointer, not the whole document (""). */
    struct slice uri = xml_attr(reference, "URI");
    out->id = slice_from(uri, 1);
    if (!slice_starts(uri, SLICE("#")) || !is_plain_id(out->id))
        return wrapped(fault, reference, "the URI is not a plain #id");

    const struct xml_node *transforms = expect(xml_first(reference), "Transforms");
    if (!transforms || !transforms_allowed(transforms, enveloped))
        return wrapped(fault, reference, "transforms other than those allowed");

    const struct xml_node *method = expect(xml_next(transforms), "DigestMethod");
    out->digest = dsig_digest_of(method_uri(method));
    if (!out->digest)
        return wrapped(fault, reference, "no digest method that is allowed");

    const struct xml_node *value = expect(xml_next(method), "DigestValue");
    out->digest_value = xml_text(value);
    if (slice_empty(out->digest_value) || xml_next(value))
        return wrapped(fault, reference, "no digest value, or something behind it");
    return 0;
}

static int read_signed_info(const struct xml_node *info, bool enveloped, size_t references,
                            struct dsig_form *out, struct fault *fault)
{
    const struct xml_node *c14n = xml_first(info);
    if (!is_method(c14n, "CanonicalizationMethod", ALG_EXC_C14N))
        return wrapped(fault, info, "canonicalization other than exclusive C14N");
    const struct xml_node *method = expect(xml_next(c14n), "SignatureMethod");
    out->algorithm = dsig_algorithm_of(method_uri(method));
    if (!out->algorithm)
        return wrapped(fault, info, "no signature method that is allowed");
    const struct xml_node *reference = expect(xml_next(method), "Reference");
    if (!reference)
        return wrapped(fault, info, "no Reference");
    for (; reference; reference = xml_next(reference)) {
        if (!expect(reference, "Reference") || out->reference_count == references)
            return wrapped(fault, info, "more than the References allowed");
        int err =
            read_reference(reference, enveloped, &out->references[out->reference_count++], fault);
        if (err)
            return err;
    }
    return 0;
}

int dsig_form_read(const struct xml_node *signature, bool enveloped, size_t references,
                   struct dsig_form *out, struct fault *fault)
{
    *out = (struct dsig_form){.signed_info = expect(xml_first(signature), "SignedInfo")};
    if (!expect(signature, "Signature") || !out->signed_info)
        return wrapped(fault, signature, "not a Signature with a SignedInfo");
    int err = read_signed_info(out->signed_info, enveloped, references, out, fault);
    if (err)
        return err;
    const struct xml_node *value = expect(xml_next(out->signed_info), "SignatureValue");
    out->signature_value = xml_text(value);
    if (slice_empty(out->signature_value))
        return wrapped(fault, signature, "no signature value");
    const struct xml_node *key_info = xml_next(value);
    if (key_info && (!expect(key_info, "KeyInfo") || xml_next(key_info)))
        return wrapped(fault, signature, "something other than one KeyInfo at its end");
    return 0;
}

/* ---- what it points at ----------------------------------------------------------------- */

/* Names that some reader or other takes for ids. */
static bool looks_like_id(const xmlAttr *attr)
{
    const char *name = (const char *)attr->name;
    return attr->atype == XML_ATTRIBUTE_ID || strcasecmp(name, "id") == 0 ||
           strcasecmp(name, "AssertionID") == 0;
}

static bool has_value(const xmlAttr *attr, struct slice value)
{
    const xmlNode *text = attr->children;
    return text && text->content && slice_eq(slice_of((const char *)text->content), value);
}

static size_t count_ids(const xmlNode *node, struct slice value)
{
    size_t count = 0;
    for (const xmlAttr *a = node->properties; a; a = a->next)
        count += looks_like_id(a) && has_value(a, value);
    return count;
}

/* The node after this one in document order; elements only. */
static const struct xml_node *following(const struct xml_node *node)
{
    const struct xml_node *next = xml_first(node);
    for (; !next && node; node = xml_parent(node))
        next = xml_next(node);
    return next;
}

int dsig_form_target(const struct dsig_reference *reference, const struct xml_node *target,
                     struct slice id, struct fault *fault)
{
    if (slice_empty(id) || !slice_eq(reference->id, id))
        return wrapped(fault, target, "the signature refers to another element");
    const struct xml_node *root = target;
    while (xml_parent(root))
        root = xml_parent(root);
    size_t count = 0;
    for (const struct xml_node *node = root; node; node = following(node))
        count += count_ids(xml_node_lib(node), id);
    if (count != 1)
        return wrapped(fault, target, "its id is not unique in the document");
    return 0;
}
