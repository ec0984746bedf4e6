/* The address book web query: SearchAbEntry of the group expansion service (session.md
 * section 7.2; [MS-DLX] could not be read). */
#include "addressbook/addressbook_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

static int malformed(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_ADDRESSBOOK_MALFORMED,
                     "line %ld, element %.*s: %s", xml_line(at),
                     SLICE_ARG(slice_head(xml_name(at), 80)), what);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static uint64_t fields_of_list(struct slice list)
{
    struct slice name;
    uint64_t fields = 0;
    while (slice_next(&list, ',', &name)) {
        const struct addressbook_attribute *attribute = addressbook_attribute_find(name);
        fields |= attribute ? addressbook_fields(attribute) : 0;
    }
    return fields;
}

static uint64_t all_fields(void)
{
    uint64_t fields = 0;
    const struct addressbook_attribute *attribute;
    for (size_t i = 0; (attribute = addressbook_attribute(i)); i++)
        fields |= addressbook_fields(attribute);
    return fields;
}

/* Each word of Value must begin a word of one of the attributes. */
static int read_basic(const struct xml_node *basic, struct addressbook_query *out,
                      struct fault *fault)
{
    const struct xml_node *list = xml_child(basic, NULL, "SearchList");
    struct slice verb = xml_text(xml_child(basic, NULL, "Verb"));
    if (!slice_empty(verb) && !slice_eq_nocase(verb, SLICE("BeginsWith")))
        return malformed(fault, xml_child(basic, NULL, "Verb"), "is not BeginsWith");
    uint64_t fields = slice_empty(xml_text(list)) ? all_fields() : fields_of_list(xml_text(list));
    return addressbook_terms_add(&out->terms, xml_text(xml_child(basic, NULL, "Value")), fields,
                                 false, fault);
}

/* Attribute by attribute, all must match. An address names one person. */
static int read_change(const struct xml_node *change, struct addressbook_query *out,
                       struct fault *fault)
{
    xml_each (row, change) {
        struct slice name = xml_text(xml_child(row, NULL, "SearchOn"));
        struct slice value = xml_text(xml_child(row, NULL, "Value"));
        const struct addressbook_attribute *attribute = addressbook_attribute_find(name);
        if (slice_empty(name) || slice_empty(value))
            continue;
        if (!attribute || !addressbook_fields(attribute))
            return malformed(fault, row, "no attribute of that name can be searched");
        bool whole = slice_eq_nocase(name, SLICE("msRTCSIP-PrimaryUserAddress"));
        int err =
            addressbook_terms_add(&out->terms, value, addressbook_fields(attribute), whole, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

static int read_metadata(const struct xml_node *metadata, struct addressbook_query *out,
                         struct fault *fault)
{
    struct slice list = xml_text(xml_child(metadata, NULL, "ReturnList")), name;
    out->limit = addressbook_results(xml_text(xml_child(metadata, NULL, "MaxResultNum")));
    while (slice_next(&list, ',', &name)) {
        const struct addressbook_attribute *attribute = addressbook_attribute_find(name);
        if (!attribute)
            continue;
        if (out->wanted_count == ADDRESSBOOK_RETURN_MAX)
            return malformed(fault, metadata, "too many attributes are asked for");
        out->wanted[out->wanted_count++] = attribute;
    }
    /* Digits that were typed on a telephone stand for the letters of a name. */
    if (slice_eq_nocase(xml_text(xml_child(metadata, NULL, "FromDialPad")), SLICE("true")))
        for (size_t i = 0; i < out->terms.count; i++)
            out->terms.term[i].dial_pad = true;
    return 0;
}

int addressbook_query_parse(const struct xml_node *payload, struct addressbook_query *out,
                            struct fault *fault)
{
    const struct xml_node *request = xml_child(payload, NULL, "AbEntryRequest");
    const struct xml_node *basic = xml_child(request, NULL, "BasicSearch");
    const struct xml_node *change = xml_child(request, NULL, "ChangeSearch");
    *out = (struct addressbook_query){0};
    if (!basic == !change)
        return malformed(fault, payload, "needs one of BasicSearch and ChangeSearch");
    int err = basic ? read_basic(basic, out, fault) : read_change(change, out, fault);
    return err < 0 ? err : read_metadata(xml_child(request, NULL, "Metadata"), out, fault);
}

/* ---- answering ----------------------------------------------------------------------------------
 */

static void put_attribute(struct xml_writer *w, const struct addressbook_attribute *attribute,
                          const struct addressbook_person *person, struct arena *arena)
{
    struct slice value = addressbook_value(attribute, person, arena);
    if (slice_empty(value))
        return;
    xml_open(w, "Attribute");
    xml_element_string(w, "Name", attribute->name);
    if (attribute->phone) {
        xml_open(w, "Values");
        xml_element(w, "string", value);
        xml_close(w);
    } else {
        xml_element(w, "Value", value);
    }
    xml_close(w);
}

static void put_person(struct xml_writer *w, const struct addressbook_query *query,
                       const struct addressbook_person *person, struct arena *arena)
{
    const struct addressbook_attribute *attribute;
    xml_open(w, "AbEntry");
    xml_open(w, "Attributes");
    for (size_t i = 0; i < query->wanted_count; i++)
        put_attribute(w, query->wanted[i], person, arena);
    if (query->wanted_count == 0)
        for (size_t i = 0; (attribute = addressbook_attribute(i)); i++)
            put_attribute(w, attribute, person, arena);
    xml_close(w);
    xml_close(w);
}

int addressbook_query_answer(struct addressbook_job *job, struct buf *out, struct fault *fault)
{
    struct addressbook_query query;
    struct addressbook_person *people;
    size_t count;
    bool more;
    int err = addressbook_query_parse(job->payload, &query, fault);
    if (err == 0)
        err = addressbook_search(job->accounts, &query.terms, query.limit, job->arena, &people,
                                 &count, &more, fault);
    if (err < 0)
        return err;
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "SearchAbEntryResponse");
    xml_put_ns(&w, "", NS_DLX);
    xml_open(&w, "SearchAbEntryResult");
    xml_open(&w, "Items");
    for (size_t i = 0; i < count; i++)
        put_person(&w, &query, &people[i], job->arena);
    for (int i = 0; i < 3; i++)
        xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
    return 0;
}
