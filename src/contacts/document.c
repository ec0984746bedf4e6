/* What clients read: contactList and contactDelta ([MS-SIP] sections 2.2.4.1, 3.7.5.2 and
 * 9.1). On the wire they have no namespace. */
#include "contacts/contacts_priv.h"
#include "xml/soap.h"
#include "xml/writer.h"

#include <stdio.h>

static void put_number(struct xml_writer *w, const char *name, unsigned long number)
{
    char text[24];
    snprintf(text, sizeof text, "%lu", number);
    xml_put_attr_string(w, name, text);
}

static void put_group(struct xml_writer *w, const char *element, const struct contacts_group *group)
{
    xml_open(w, element);
    put_number(w, "id", group->id);
    xml_put_attr(w, "name", group->name);
    xml_put_attr(w, "externalURI", group->external);
    xml_close_empty(w);
}

/* No blank at the end: SIPE reads an empty last item as group 0. */
static void put_groups(struct xml_writer *w, uint64_t groups)
{
    char text[CONTACTS_GROUPS_MAX * 3 + 1];
    int at = 0;
    text[0] = '\0';
    for (unsigned id = 1; id <= CONTACTS_GROUPS_MAX; id++)
        if (groups & contacts_bit(id))
            at += snprintf(text + at, sizeof text - (size_t)at, "%s%u", at ? " " : "", id);
    xml_put_attr_string(w, "groups", text);
}

static void put_contact(struct xml_writer *w, const char *element, struct slice uri,
                        const struct contacts_contact *contact)
{
    xml_open(w, element);
    xml_put_attr(w, "uri", uri);
    xml_put_attr(w, "name", contact->name);
    put_groups(w, contact->groups);
    xml_put_attr_string(w, "subscribed", contact->subscribed ? "true" : "false");
    xml_put_attr(w, "externalURI", contact->external);
    if (slice_empty(contact->extension)) {
        xml_close_empty(w);
        return;
    }
    xml_open(w, "contactExtension");
    xml_put_raw(w, contact->extension);
    xml_close(w);
    xml_close(w);
}

struct slice contacts_document(struct arena *arena, const struct contacts_list *list)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    xml_open(&w, "contactList");
    put_number(&w, "deltaNum", list->delta);
    for (size_t i = 0; i < list->group_count; i++)
        put_group(&w, "group", &list->groups[i]);
    for (size_t i = 0; i < list->contact_count; i++)
        put_contact(&w, "contact", list->contacts[i]->uri, list->contacts[i]);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&out));
}

/* Unlike in the list, SIPE takes the uri of a delta as it is: here it has its scheme. */
static void put_change(struct xml_writer *w, struct arena *arena,
                       const struct contacts_change *change)
{
    struct slice uri = arena_print(arena, "sip:%.*s", SLICE_ARG(change->contact.uri));
    switch (change->edit) {
    case CONTACTS_SET_CONTACT:
        put_contact(w, change->added ? "addedContact" : "modifiedContact", uri, &change->contact);
        return;
    case CONTACTS_DELETE_CONTACT:
        xml_open(w, "deletedContact");
        xml_put_attr(w, "uri", uri);
        xml_close_empty(w);
        return;
    case CONTACTS_ADD_GROUP:
        put_group(w, "addedGroup", &change->group);
        return;
    case CONTACTS_MODIFY_GROUP:
        put_group(w, "modifiedGroup", &change->group);
        return;
    case CONTACTS_DELETE_GROUP:
        xml_open(w, "deletedGroup");
        put_number(w, "id", change->group.id);
        xml_close_empty(w);
        return;
    }
}

struct slice contacts_delta_document(struct arena *arena, const struct contacts_change *change)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    xml_open(&w, "contactDelta");
    put_number(&w, "deltaNum", change->after);
    put_number(&w, "prevDeltaNum", change->before);
    put_change(&w, arena, change);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&out));
}

struct slice contacts_group_answer(struct arena *arena, unsigned id)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "m:addGroup");
    xml_put_ns(&w, "m", CONTACTS_SOAP_NS);
    xml_open(&w, "m:groupID");
    xml_put_number(&w, id);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&out));
}
