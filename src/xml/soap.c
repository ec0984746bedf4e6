/* SOAP 1.1 section 4, SOAP 1.2 part 1 section 5, WS-Addressing 1.0 section 3.2,
 * WS-Security 1.0 section 5. */
#include "xml/soap.h"

#include "xml/names.h"

#include <assert.h>

static int malformed(struct fault *fault, const struct xml_node *at, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED, "line %ld, element %.*s: %s",
                     xml_line(at), SLICE_ARG(xml_name(at)), what);
}

static const char *envelope_ns(const struct soap_message *m)
{
    return m->version == SOAP_1_2 ? NS_SOAP12 : NS_SOAP11;
}

/* Envelope: one Header at most, then one Body; nothing else. */
static int read_parts(struct soap_message *m, struct fault *fault)
{
    const char *ns = envelope_ns(m);
    xml_each (part, m->envelope) {
        if (xml_is(part, ns, "Header") && !m->header && !m->body)
            m->header = part;
        else if (xml_is(part, ns, "Body") && !m->body)
            m->body = part;
        else
            return malformed(fault, part, "not expected here in a SOAP envelope");
    }
    if (!m->body)
        return malformed(fault, m->envelope, "has no Body");
    m->payload = xml_first(m->body);
    if (xml_next(m->payload))
        return malformed(fault, xml_next(m->payload), "a second element in the Body");
    return 0;
}

static bool is_true(struct slice value)
{
    value = slice_trim(value);
    return slice_eq(value, SLICE("1")) || slice_eq(value, SLICE("true"));
}

/* A header block with an actor (1.1) or role (1.2) is for somebody on the way,
 * unless it names the last or the next one, which we are. */
static bool for_us(const struct soap_message *m, const struct xml_node *block)
{
    const char *ns = envelope_ns(m);
    struct slice role = xml_attr_ns(block, ns, m->version == SOAP_1_2 ? "role" : "actor");
    return slice_empty(role) || slice_ends(role, SLICE("/next")) ||
           slice_ends(role, SLICE("/role/ultimateReceiver"));
}

static bool understood(const struct xml_node *block, const char *extra)
{
    const char *known[] = {NS_WSA, NS_WSA_2004, NS_WSSE, NS_WSU, extra};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] && slice_eq(xml_namespace(block), slice_of(known[i])))
            return true;
    return false;
}

/* A WS-Addressing header: into its slice, which must still be absent. */
static int read_addressing(struct soap_message *m, const struct xml_node *block,
                           struct fault *fault)
{
    struct {
        const char *name;
        struct slice *to;
    } const fields[] = {
        {"Action", &m->action},
        {"MessageID", &m->message_id},
        {"RelatesTo", &m->relates_to},
        {"To", &m->to},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!xml_is(block, NULL, fields[i].name))
            continue;
        if (!slice_absent(*fields[i].to))
            return malformed(fault, block, "came twice");
        *fields[i].to = xml_text(block);
        if (slice_absent(*fields[i].to))
            return malformed(fault, block, "holds more than text");
    }
    return 0;
}

static int read_block(struct soap_message *m, const struct xml_node *block, const char *extra,
                      struct fault *fault)
{
    if (xml_is(block, NS_WSSE, "Security")) {
        /* Whomever it is for: two of them are two opinions about who signed. */
        if (m->security)
            return malformed(fault, block, "a second one");
        m->security = block;
    } else if (xml_is(block, NS_WSA, "MessageID") || xml_is(block, NS_WSA, "RelatesTo") ||
               xml_is(block, NS_WSA, "Action") || xml_is(block, NS_WSA, "To")) {
        return read_addressing(m, block, fault);
    } else if (is_true(xml_attr_ns(block, envelope_ns(m), "mustUnderstand")) && for_us(m, block) &&
               !understood(block, extra)) {
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SOAP_NOT_UNDERSTOOD,
                         "line %ld: header %.*s of %.*s", xml_line(block),
                         SLICE_ARG(xml_name(block)), SLICE_ARG(xml_namespace(block)));
    }
    return 0;
}

int soap_read_with(const struct xml_doc *doc, const char *understood_ns, struct soap_message *out,
                   struct fault *fault)
{
    *out = (struct soap_message){.envelope = xml_root(doc)};
    if (xml_is(out->envelope, NS_SOAP11, "Envelope"))
        out->version = SOAP_1_1;
    else if (xml_is(out->envelope, NS_SOAP12, "Envelope"))
        out->version = SOAP_1_2;
    else
        return malformed(fault, out->envelope, "not a SOAP envelope");
    int err = read_parts(out, fault);
    for (const struct xml_node *block = xml_first(out->header); block && !err;
         block = xml_next(block))
        err = read_block(out, block, understood_ns, fault);
    return err;
}

int soap_read(const struct xml_doc *doc, struct soap_message *out, struct fault *fault)
{
    return soap_read_with(doc, NULL, out, fault);
}

/* ---- writing -------------------------------------------------------------------- */

static void put_addressing(struct xml_writer *w, const struct soap_envelope_options *o)
{
    if (!slice_absent(o->action))
        xml_element(w, "wsa:Action", o->action);
    if (!slice_absent(o->message_id))
        xml_element(w, "wsa:MessageID", o->message_id);
    if (!slice_absent(o->relates_to))
        xml_element(w, "wsa:RelatesTo", o->relates_to);
    if (o->reply_to_anonymous) {
        xml_open(w, "wsa:ReplyTo");
        xml_element_string(w, "wsa:Address", WSA_ANONYMOUS);
        xml_close(w);
    }
    if (!slice_absent(o->to))
        xml_element(w, "wsa:To", o->to);
}

void soap_open_envelope(struct xml_writer *w, const struct soap_envelope_options *o)
{
    bool addressing = !slice_absent(o->action) || !slice_absent(o->message_id) ||
                      !slice_absent(o->relates_to) || !slice_absent(o->to) || o->reply_to_anonymous;
    bool security = !slice_absent(o->security);
    xml_open(w, "s:Envelope");
    xml_put_ns(w, "s", o->version == SOAP_1_2 ? NS_SOAP12 : NS_SOAP11);
    if (addressing)
        xml_put_ns(w, "wsa", NS_WSA);
    if (security) {
        xml_put_ns(w, "wsse", NS_WSSE);
        xml_put_ns(w, "wsu", NS_WSU);
    }
    for (const char *const *ns = o->ns; ns && ns[0]; ns += 2)
        xml_put_ns(w, ns[0], ns[1]);
    if (addressing || security || !slice_absent(o->header)) {
        xml_open(w, "s:Header");
        put_addressing(w, o);
        if (!slice_absent(o->header))
            xml_put_raw(w, o->header);
        if (security) {
            xml_open(w, "wsse:Security");
            xml_put_raw(w, o->security);
            xml_close(w);
        }
        xml_close(w);
    }
    xml_open(w, "s:Body");
}

void soap_close_envelope(struct xml_writer *w)
{
    assert(w->depth >= 2);
    xml_close(w);
    xml_close(w);
}
