/* The five edits of a contact list as SOAP ([MS-SIP] sections 4.6 to 4.10, 9.2). */
#include "contacts/contacts_priv.h"
#include "xml/soap.h"

/* An extension of 1,024 bytes in an envelope; anything much larger is no edit. */
static const struct xml_limits limits = {
    .bytes = 32 * 1024, .depth = 24, .nodes = 1000, .attributes = 32};

static const struct {
    const char *name;
    enum contacts_edit edit;
} methods[] = {
    {"setContact", CONTACTS_SET_CONTACT},   {"deleteContact", CONTACTS_DELETE_CONTACT},
    {"addGroup", CONTACTS_ADD_GROUP},       {"modifyGroup", CONTACTS_MODIFY_GROUP},
    {"deleteGroup", CONTACTS_DELETE_GROUP},
};

static int malformed(struct fault *fault, const char *element, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_MALFORMED, "%s %s", element, what);
}

/* The text of a child, in the arena; absent when there is no such child. */
static struct slice child_text(const struct xml_node *payload, const char *name,
                               struct arena *arena)
{
    return arena_copy(arena, xml_text(xml_child(payload, CONTACTS_SOAP_NS, name)));
}

static struct slice or_empty(struct slice s)
{
    return slice_absent(s) ? SLICE("") : s;
}

static int read_number(const struct xml_node *payload, const char *name, uint64_t max,
                       uint64_t *number_out, struct fault *fault)
{
    const struct xml_node *child = xml_child(payload, CONTACTS_SOAP_NS, name);
    if (!child || slice_number(xml_text(child), max, number_out) < 0)
        return malformed(fault, name, child ? "is no number, or too large" : "is missing");
    return 0;
}

/* ---- fields ------------------------------------------------------------------------------- */

static int read_groups(struct slice text, uint64_t *groups_out, struct fault *fault)
{
    struct slice item;
    while (slice_next(&text, ' ', &item)) {
        uint64_t id;
        if (slice_number(item, CONTACTS_GROUPS_MAX, &id) < 0 || id == 0)
            return malformed(fault, "groups", "is no list of group numbers");
        *groups_out |= contacts_bit((unsigned)id);
    }
    return 0;
}

static int read_subscribed(struct slice text, bool *subscribed_out, struct fault *fault)
{
    bool yes = slice_eq(text, SLICE("true")) || slice_eq(text, SLICE("1"));
    bool no = slice_eq(text, SLICE("false")) || slice_eq(text, SLICE("0"));
    *subscribed_out = yes;
    return yes || no ? 0 : malformed(fault, "subscribed", "is neither true nor false");
}

/* Any XML within contactExtension, kept as it is without the element around it, whose
 * name has another namespace where we write it. */
int contacts_read_extension(const struct xml_node *node, struct arena *arena,
                            struct slice *extension_out, struct fault *fault)
{
    scoped(buf) struct buf inner = BUF_LIMIT(CONTACTS_EXTENSION_MAX);
    xml_each (child, node)
        xml_c14n(child, &inner);
    if (!xml_first(node))
        xml_escape_text(&inner, xml_text(node));
    if (buf_failed(&inner))
        return fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_TOO_LONG,
                         "contactExtension is over %d bytes", CONTACTS_EXTENSION_MAX);
    *extension_out = arena_copy(arena, or_empty(buf_slice(&inner)));
    return 0;
}

static int read_uri(const struct xml_node *payload, struct arena *arena, struct contacts_wish *wish,
                    struct fault *fault)
{
    struct slice text = child_text(payload, "URI", arena);
    if (slice_empty(text))
        return malformed(fault, "URI", "is missing");
    return contacts_uri(arena, text, &wish->contact.uri, fault);
}

static int read_contact(const struct xml_node *payload, struct arena *arena,
                        struct contacts_wish *wish, struct fault *fault)
{
    struct contacts_contact *contact = &wish->contact;
    contact->name = or_empty(child_text(payload, "displayName", arena));
    contact->external = or_empty(child_text(payload, "externalURI", arena));
    contact->extension = SLICE("");
    int err = read_uri(payload, arena, wish, fault);
    if (err == 0)
        err = read_groups(child_text(payload, "groups", arena), &contact->groups, fault);
    if (err == 0)
        err =
            read_subscribed(child_text(payload, "subscribed", arena), &contact->subscribed, fault);
    const struct xml_node *extension = xml_child(payload, CONTACTS_SOAP_NS, "contactExtension");
    if (err == 0 && extension)
        err = contacts_read_extension(extension, arena, &contact->extension, fault);
    return err < 0 ? err : contacts_check_contact(contact, fault);
}

static int read_group(const struct xml_node *payload, struct arena *arena,
                      struct contacts_wish *wish, struct fault *fault)
{
    struct contacts_group *group = &wish->group;
    group->name = or_empty(child_text(payload, "name", arena));
    group->external = or_empty(child_text(payload, "externalURI", arena));
    return contacts_check_group(group, fault);
}

static int read_id(const struct xml_node *payload, struct contacts_wish *wish, struct fault *fault)
{
    uint64_t id = 0;
    int err = read_number(payload, "groupID", CONTACTS_GROUPS_MAX, &id, fault);
    wish->group.id = (unsigned)id;
    return err;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int read_fields(const struct xml_node *payload, struct arena *arena,
                       struct contacts_wish *wish, struct fault *fault)
{
    int err;
    switch (wish->edit) {
    case CONTACTS_SET_CONTACT:
        return read_contact(payload, arena, wish, fault);
    case CONTACTS_DELETE_CONTACT:
        return read_uri(payload, arena, wish, fault);
    case CONTACTS_ADD_GROUP:
        return read_group(payload, arena, wish, fault);
    case CONTACTS_MODIFY_GROUP:
        err = read_id(payload, wish, fault);
        return err < 0 ? err : read_group(payload, arena, wish, fault);
    case CONTACTS_DELETE_GROUP:
        return read_id(payload, wish, fault);
    }
    return -ERR_INTERNAL;
}

static bool find_method(const struct soap_message *message, enum contacts_edit *edit_out)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (xml_is(message->payload, CONTACTS_SOAP_NS, methods[i].name)) {
            *edit_out = methods[i].edit;
            return true;
        }
    return false;
}

int contacts_wish_parse(struct slice body, struct arena *arena, struct contacts_wish *wish,
                        struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    uint64_t delta = 0;
    *wish = (struct contacts_wish){0};
    int err = xml_read(body, &limits, &doc, fault);
    if (err == 0)
        err = soap_read(doc, &message, fault);
    if (err < 0)
        return err;
    if (!find_method(&message, &wish->edit))
        return malformed(fault, "the body", "is no edit of contacts");
    err = read_number(message.payload, "deltaNum", UINT32_MAX, &delta, fault);
    wish->delta = (uint32_t)delta;
    return err < 0 ? err : read_fields(message.payload, arena, wish, fault);
}

/* What cannot be read is an edit if it names one: it is to be refused as that. */
static bool names_method(struct slice body)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_find(body, slice_of(methods[i].name)) >= 0)
            return true;
    return false;
}

bool contacts_is_edit(const struct sip_message *request)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    enum contacts_edit edit;
    if (!slice_eq_nocase(sip_value_word(request, SIP_HEADER_CONTENT_TYPE),
                         SLICE(CONTACTS_SOAP_TYPE)) ||
        slice_find(request->body, SLICE(CONTACTS_SOAP_NS)) < 0)
        return false;
    if (xml_read(request->body, &limits, &doc, NULL) < 0 || soap_read(doc, &message, NULL) < 0)
        return names_method(request->body);
    return find_method(&message, &edit);
}
