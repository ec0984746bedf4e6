/* directorySearch (session.md section 7.1). The query is not the method's content but
 * another child of Body that it refers to, which is why soap_read() cannot read it. */
#include "addressbook/directory.h"

#include "addressbook/addressbook_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

#define SOAP_TYPE "application/SOAP+xml"

static const struct xml_limits limits = {
    .bytes = 16 * 1024, .depth = 16, .nodes = 500, .attributes = 32};

static int malformed(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_ADDRESSBOOK_MALFORMED, "directorySearch: %s",
                     what);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* OCS's own clients qualify attributes, others do not. */
static struct slice attribute_of(const struct xml_node *node, const char *name)
{
    struct slice value = xml_attr_ns(node, NS_WINRTC, name);
    return slice_absent(value) ? xml_attr(node, name) : value;
}

static const struct xml_node *body_of(const struct xml_doc *doc)
{
    const struct xml_node *envelope = xml_root(doc);
    return xml_is(envelope, NS_SOAP11, "Envelope") ? xml_child(envelope, NS_SOAP11, "Body") : NULL;
}

int addressbook_directory_parse(struct slice body, struct xml_doc **doc_out,
                                struct addressbook_directory *out, struct fault *fault)
{
    *out = (struct addressbook_directory){0};
    int err = xml_read(body, &limits, doc_out, fault);
    if (err < 0)
        return err;
    const struct xml_node *content = body_of(*doc_out);
    const struct xml_node *search = xml_child(content, NS_WINRTC, "directorySearch");
    const struct xml_node *array = xml_child(content, NS_WINRTC, "Array");
    if (!search || !array)
        return malformed(fault, "directorySearch or Array is missing");
    out->limit = addressbook_results(xml_text(xml_child(search, NS_WINRTC, "maxResults")));
    xml_each (row, array) {
        struct slice name = attribute_of(row, "attrib"), value = attribute_of(row, "value");
        const struct addressbook_attribute *attribute = addressbook_attribute_find(name);
        if (slice_empty(value))
            continue;
        if (!attribute || !addressbook_fields(attribute))
            return malformed(fault, "an attribute that cannot be searched");
        err =
            addressbook_terms_add(&out->terms, value, addressbook_fields(attribute), false, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

bool addressbook_is_directory_search(const struct sip_message *request)
{
    return sip_is_request(request) && request->method == SIP_SERVICE &&
           slice_eq_nocase(sip_value_word(request, SIP_HEADER_CONTENT_TYPE), SLICE(SOAP_TYPE)) &&
           slice_find(request->body, SLICE(NS_WINRTC)) >= 0 &&
           slice_find(request->body, SLICE("directorySearch")) >= 0;
}

/* ---- answering ----------------------------------------------------------------------------------
 */

static void put_row(struct xml_writer *w, const struct addressbook_person *person,
                    struct arena *arena)
{
    static const char *const columns[][2] = {
        {"m:city", "l"},
        {"m:company", "company"},
        {"m:country", "c"},
        {"m:displayName", "displayName"},
        {"m:email", "mail"},
        {"m:office", "physicalDeliveryOfficeName"},
        {"m:phone", "telephoneNumber"},
        {"m:state", "st"},
        {"m:title", "title"},
        {"m:uri", "msRTCSIP-PrimaryUserAddress"}, /* SIPE takes what follows "sip:" */
    };
    xml_open(w, "m:row");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct addressbook_attribute *attribute =
            addressbook_attribute_find(slice_of(columns[i][1]));
        struct slice value = addressbook_value(attribute, person, arena);
        xml_put_attr(w, columns[i][0], slice_absent(value) ? SLICE("") : value);
    }
    xml_close_empty(w);
}

static void print(const struct addressbook_person *people, size_t count, bool more,
                  struct arena *arena, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "m:directorySearch");
    xml_put_ns(&w, "m", NS_WINRTC);
    xml_element_string(&w, "m:moreAvailable", more ? "true" : "false");
    xml_open(&w, "m:returned");
    xml_put_number(&w, (long long)count);
    xml_close(&w);
    xml_open(&w, "m:value");
    xml_put_attr_string(&w, "m:href", "#rows");
    xml_close_empty(&w);
    xml_close(&w);
    xml_open(&w, "m:Array");
    xml_put_ns(&w, "m", NS_WINRTC);
    xml_put_attr_string(&w, "m:id", "rows");
    for (size_t i = 0; i < count; i++)
        put_row(&w, &people[i], arena);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

int addressbook_directory_search(struct accounts *accounts, const struct sip_message *request,
                                 struct sip_reply *reply, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf out = BUF_INIT;
    struct addressbook_directory search;
    struct addressbook_person *people;
    size_t count;
    bool more;
    int err = addressbook_directory_parse(request->body, &doc, &search, fault);
    if (err == 0)
        err = addressbook_search(accounts, &search.terms, search.limit, reply->arena, &people,
                                 &count, &more, fault);
    if (err < 0)
        return err;
    print(people, count, more, reply->arena, &out);
    sip_reply_body(reply, SLICE(SOAP_TYPE), arena_copy(reply->arena, buf_slice(&out)));
    return 0;
}
