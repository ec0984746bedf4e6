/* Searching the directory, by SIP: no web service of our own is asked. */
#include "mobility/phone_priv.h"

#include "xml/names.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <string.h>

enum {
    FOUND_MAX = 100
};

static void print_search(struct slice text, size_t most, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    bool address = slice_index(text, '@') >= 0;
    xml_open(&w, "SOAP-ENV:Envelope");
    xml_put_ns(&w, "SOAP-ENV", NS_SOAP11);
    xml_open(&w, "SOAP-ENV:Body");
    xml_open(&w, "m:directorySearch");
    xml_put_ns(&w, "m", NS_WINRTC);
    xml_open(&w, "m:filter");
    xml_put_attr_string(&w, "m:href", "#searchArray");
    xml_close_empty(&w);
    xml_open(&w, "m:maxResults");
    xml_put_number(&w, (long long)most);
    xml_close(&w);
    xml_close(&w);
    xml_open(&w, "m:Array");
    xml_put_ns(&w, "m", NS_WINRTC);
    xml_put_attr_string(&w, "m:id", "searchArray");
    xml_open(&w, "m:row");
    xml_put_attr_string(&w, "m:attrib", address ? "mail" : "displayName");
    xml_put_attr(&w, "m:value", text);
    xml_close_empty(&w);
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}

/* ---- the answer
 * ----------------------------------------------------------------------------------- */

static struct slice attribute_of(const struct xml_node *node, const char *name)
{
    struct slice value = xml_attr_ns(node, NS_WINRTC, name);
    if (slice_absent(value))
        value = xml_attr(node, name);
    return slice_absent(value) ? SLICE("") : value;
}

static const struct xml_node *rows_of(const struct xml_doc *doc)
{
    const struct xml_node *envelope = xml_root(doc);
    const struct xml_node *body =
        xml_is(envelope, NS_SOAP11, "Envelope") ? xml_child(envelope, NS_SOAP11, "Body") : NULL;
    return body ? xml_child(body, NS_WINRTC, "Array") : NULL;
}

static size_t read_rows(const struct xml_node *array, size_t most, struct arena *arena,
                        struct phone_person *found)
{
    size_t count = 0;
    struct fault ignored;
    xml_each (row, array) {
        struct phone_person person = {.name = attribute_of(row, "displayName"),
                                      .email = attribute_of(row, "email"),
                                      .title = attribute_of(row, "title"),
                                      .company = attribute_of(row, "company"),
                                      .department = SLICE(""),
                                      .office = attribute_of(row, "office"),
                                      .phone = attribute_of(row, "phone"),
                                      .availability = PRESENCE_UNKNOWN,
                                      .activity = SLICE(""),
                                      .device = SLICE(""),
                                      .note = SLICE("")};
        if (count < most &&
            phone_address(arena, attribute_of(row, "uri"), &person.address, &ignored) == 0)
            found[count++] = person;
    }
    return count;
}

static void found(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    static const struct xml_limits limits = {
        .bytes = 512 * 1024, .depth = 16, .nodes = 5000, .attributes = 64};
    scoped(arena) struct arena *arena = arena_new();
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct fault fault;
    if (!answer || answer->status > 299) {
        phone_talk_refusal(answer, &fault);
        phone_done(phone, ask->tag, &fault);
        return;
    }
    int err = xml_read(answer->body, &limits, &doc, &fault);
    const struct xml_node *rows = err ? NULL : rows_of(doc);
    struct phone_person *people = arena_array(arena, struct phone_person, ask->most);
    size_t count = rows ? read_rows(rows, ask->most, arena, people) : 0;
    if (err == 0)
        phone_tell(phone, &(struct phone_news){.kind = PHONE_FOUND,
                                               .tag = ask->tag,
                                               .found = people,
                                               .found_count = count});
    phone_done(phone, ask->tag, err ? &fault : NULL);
}

void phone_search(struct phone *phone, uint64_t tag, struct slice text, size_t most)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf body = BUF_INIT;
    struct fault fault;
    text = slice_trim(text);
    if (!phone_ready(phone, tag))
        return;
    if (slice_empty(text) || text.len > CONTACTS_NAME_MAX) {
        phone_fault(&fault, ERR_MALFORMED, FINDING_MOBILITY_INVALID, "nothing to search for");
        phone_done(phone, tag, &fault);
        return;
    }
    if (most < 1 || most > FOUND_MAX)
        most = FOUND_MAX;
    print_search(text, most, &body);
    struct sip_request request = phone_talk_request(phone, arena, SIP_SERVICE, phone->uri);
    request.content_type = SLICE("application/SOAP+xml");
    request.body = buf_slice(&body);
    struct ask ask = {.fn = found, .tag = tag, .most = most};
    if (phone_talk_ask(phone, &request, &ask, 0, &fault) < 0)
        phone_done(phone, tag, &fault);
}
