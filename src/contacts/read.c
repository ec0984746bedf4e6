/* contactList, contactDelta and the edits, as a client has to do with them. */
#include "contacts/read.h"

#include "contacts/contacts_priv.h"
#include "xml/soap.h"
#include "xml/writer.h"

/* 10,000 contacts with their groups and extensions. */
static const struct xml_limits limits = {
    .bytes = 8 * 1024 * 1024, .depth = 24, .nodes = 200 * 1000, .attributes = 32};

static int malformed(struct fault *fault, const struct xml_node *node, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_MALFORMED, "line %ld, %.*s: %s",
                     xml_line(node), SLICE_ARG(slice_head(xml_name(node), 60)), what);
}

static struct slice text_attr(const struct xml_node *node, const char *name, struct arena *arena)
{
    struct slice text = xml_attr(node, name);
    return slice_absent(text) ? SLICE("") : arena_copy(arena, text);
}

/* ---- groups --------------------------------------------------------------------------------- */

static unsigned read_id(const struct xml_node *node)
{
    uint64_t id;
    return slice_number(slice_trim(xml_attr(node, "id")), CONTACTS_GROUPS_MAX, &id) == 0
               ? (unsigned)id
               : 0;
}

static void take_group(struct contacts_list *list, const struct xml_node *node, struct arena *arena)
{
    struct contacts_group group = {.id = read_id(node),
                                   .name = text_attr(node, "name", arena),
                                   .external = text_attr(node, "externalURI", arena)};
    if (group.id && contacts_check_group(&group, NULL) == 0)
        contacts_list_put_group(list, arena, &group);
}

static struct contacts_contact *copy_contact(struct arena *arena,
                                             const struct contacts_contact *from)
{
    struct contacts_contact *made = arena_new_of(arena, struct contacts_contact);
    *made = (struct contacts_contact){
        .uri = arena_copy(arena, from->uri),
        .name = arena_copy(arena, from->name),
        .groups = from->groups,
        .subscribed = from->subscribed,
        .external = arena_copy(arena, from->external),
        .extension = arena_copy(arena, from->extension),
    };
    return made;
}

static void drop_group(struct contacts_list *list, unsigned id, struct arena *arena)
{
    size_t kept = 0;
    if (id == 0 || id == CONTACTS_EVERYBODY)
        return;
    for (size_t i = 0; i < list->group_count; i++)
        if (list->groups[i].id != id)
            list->groups[kept++] = list->groups[i];
    list->group_count = kept;
    for (size_t i = 0; i < list->contact_count; i++) {
        if (!(list->contacts[i]->groups & contacts_bit(id)))
            continue;
        struct contacts_contact *contact = copy_contact(arena, list->contacts[i]);
        contact->groups &= ~contacts_bit(id);
        if (!contact->groups)
            contact->groups = contacts_bit(CONTACTS_EVERYBODY);
        list->contacts[i] = contact;
    }
}

/* "1 2 ": Microsoft's own sample ends with a blank. Who is in no group that exists is in
 * the one that everybody is in. */
static uint64_t read_groups(const struct contacts_list *list, struct slice text)
{
    uint64_t groups = 0, id;
    struct slice item;
    while (slice_next(&text, ' ', &item))
        if (slice_number(item, CONTACTS_GROUPS_MAX, &id) == 0 && id > 0 &&
            contacts_list_group(list, (unsigned)id))
            groups |= contacts_bit((unsigned)id);
    return groups ? groups : contacts_bit(CONTACTS_EVERYBODY);
}

/* ---- contacts ------------------------------------------------------------------------------- */

/* One that is too long is no reason to hide the contact. */
static struct slice read_extension(const struct xml_node *contact, struct arena *arena)
{
    struct slice text = SLICE("");
    const struct xml_node *node = xml_child(contact, NULL, "contactExtension");
    if (node && contacts_read_extension(node, arena, &text, NULL) < 0)
        return SLICE("");
    return text;
}

static int take_contact(struct contacts_list *list, const struct xml_node *node,
                        struct arena *arena, struct fault *fault)
{
    struct slice subscribed = xml_attr(node, "subscribed");
    struct contacts_contact contact = {
        .name = text_attr(node, "name", arena),
        .groups = read_groups(list, xml_attr(node, "groups")),
        .subscribed = slice_eq(subscribed, SLICE("true")) || slice_eq(subscribed, SLICE("1")),
        .external = text_attr(node, "externalURI", arena),
        .extension = read_extension(node, arena),
    };
    if (contacts_uri(arena, xml_attr(node, "uri"), &contact.uri, NULL) < 0 ||
        contacts_check_contact(&contact, NULL) < 0)
        return 0;
    if (list->contact_count >= CONTACTS_READ_MAX && !contacts_list_find(list, contact.uri))
        return fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_FULL, "more than %d contacts",
                         CONTACTS_READ_MAX);
    contacts_list_put(list, arena, copy_contact(arena, &contact));
    return 0;
}

static void drop_contact(struct contacts_list *list, const struct xml_node *node,
                         struct arena *arena)
{
    struct slice uri;
    bool found;
    if (contacts_uri(arena, xml_attr(node, "uri"), &uri, NULL) < 0)
        return;
    size_t at = contacts_list_place(list, uri, &found);
    if (!found)
        return;
    list->contact_count--;
    for (; at < list->contact_count; at++)
        list->contacts[at] = list->contacts[at + 1];
}

/* ---- documents ------------------------------------------------------------------------------ */

static struct contacts_list *copy_list(struct arena *arena, const struct contacts_list *from)
{
    struct contacts_list *list = contacts_list_new(arena);
    for (size_t i = 0; i < from->group_count; i++)
        contacts_list_put_group(list, arena,
                                &(struct contacts_group){
                                    .id = from->groups[i].id,
                                    .name = arena_copy(arena, from->groups[i].name),
                                    .external = arena_copy(arena, from->groups[i].external),
                                });
    for (size_t i = 0; i < from->contact_count; i++)
        contacts_list_put(list, arena, copy_contact(arena, from->contacts[i]));
    return list;
}

static int read_number(const struct xml_node *root, const char *name, uint32_t *number_out,
                       struct fault *fault)
{
    uint64_t number;
    if (slice_number(slice_trim(xml_attr(root, name)), UINT32_MAX, &number) < 0)
        return malformed(fault, root, name);
    *number_out = (uint32_t)number;
    return 0;
}

static int read_list(const struct xml_node *root, struct contacts_list *list, struct arena *arena,
                     struct fault *fault)
{
    int err = 0;
    xml_each (node, root) /* all groups first, whatever their order */
        if (xml_is(node, NULL, "group"))
            take_group(list, node, arena);
    xml_each (node, root)
        if (err == 0 && xml_is(node, NULL, "contact"))
            err = take_contact(list, node, arena, fault);
    return err;
}

static int read_delta(const struct xml_node *root, struct contacts_list *list, struct arena *arena,
                      struct fault *fault)
{
    int err = 0;
    xml_each (node, root) {
        if (xml_is(node, NULL, "addedGroup") || xml_is(node, NULL, "modifiedGroup"))
            take_group(list, node, arena);
        else if (xml_is(node, NULL, "addedContact") || xml_is(node, NULL, "modifiedContact"))
            err = take_contact(list, node, arena, fault);
        else if (xml_is(node, NULL, "deletedGroup"))
            drop_group(list, read_id(node), arena);
        else if (xml_is(node, NULL, "deletedContact"))
            drop_contact(list, node, arena);
        if (err)
            break;
    }
    return err;
}

int contacts_read(struct slice body, const struct contacts_list *before, struct arena *arena,
                  struct contacts_list **after_out, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct contacts_list *list = NULL;
    uint32_t delta, previous;
    int err = xml_read(body, &limits, &doc, fault);
    if (err)
        return err;
    const struct xml_node *root = xml_root(doc);
    bool whole = xml_is(root, NULL, "contactList");
    if (!whole && !xml_is(root, NULL, "contactDelta"))
        return malformed(fault, root, "neither contactList nor contactDelta");
    err = read_number(root, "deltaNum", &delta, fault);
    if (err == 0 && whole) {
        list = contacts_list_new(arena);
        err = read_list(root, list, arena, fault);
    } else if (err == 0) {
        err = read_number(root, "prevDeltaNum", &previous, fault);
        if (err == 0 && (!before || before->delta != previous))
            return fault_set(fault, ERR_CONFLICT, FINDING_CONTACTS_STALE,
                             "a change to list number %u, ours is %u", previous,
                             before ? before->delta : 0);
        if (err == 0) {
            list = copy_list(arena, before);
            err = read_delta(root, list, arena, fault);
        }
    }
    if (err)
        return err;
    list->delta = delta;
    *after_out = list;
    return 0;
}

/* ---- edits ---------------------------------------------------------------------------------- */

static void put_id(struct xml_writer *w, unsigned id)
{
    xml_open(w, "m:groupID");
    xml_put_number(w, id);
    xml_close(w);
}

static void put_contact(struct xml_writer *w, const struct contacts_contact *contact)
{
    xml_element(w, "m:displayName", contact->name);
    xml_open(w, "m:groups");
    for (unsigned id = 1, count = 0; id <= CONTACTS_GROUPS_MAX; id++) {
        if (!(contact->groups & contacts_bit(id)))
            continue;
        if (count++)
            xml_put_string(w, " ");
        xml_put_number(w, id);
    }
    xml_close(w);
    xml_element_string(w, "m:subscribed", contact->subscribed ? "true" : "false");
}

static void put_uri(struct xml_writer *w, struct slice uri)
{
    xml_open(w, "m:URI");
    xml_put_string(w, "sip:");
    xml_put_text(w, uri);
    xml_close(w);
}

static void put_fields(struct xml_writer *w, const struct contacts_change *change)
{
    struct slice external = {0};
    if (change->edit == CONTACTS_SET_CONTACT) {
        put_contact(w, &change->contact);
        external = change->contact.external;
    }
    if (change->edit == CONTACTS_SET_CONTACT || change->edit == CONTACTS_DELETE_CONTACT)
        put_uri(w, change->contact.uri);
    if (change->edit == CONTACTS_MODIFY_GROUP || change->edit == CONTACTS_DELETE_GROUP)
        put_id(w, change->group.id);
    if (change->edit == CONTACTS_ADD_GROUP || change->edit == CONTACTS_MODIFY_GROUP) {
        xml_element(w, "m:name", change->group.name);
        external = change->group.external;
    }
    if (change->edit != CONTACTS_DELETE_CONTACT && change->edit != CONTACTS_DELETE_GROUP)
        xml_element(w, "m:externalURI", slice_absent(external) ? SLICE("") : external);
}

void contacts_ask(const struct contacts_change *change, struct buf *out)
{
    static const char *const methods[] = {
        [CONTACTS_SET_CONTACT] = "m:setContact",   [CONTACTS_DELETE_CONTACT] = "m:deleteContact",
        [CONTACTS_ADD_GROUP] = "m:addGroup",       [CONTACTS_MODIFY_GROUP] = "m:modifyGroup",
        [CONTACTS_DELETE_GROUP] = "m:deleteGroup",
    };
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, methods[change->edit]);
    xml_put_ns(&w, "m", CONTACTS_SOAP_NS);
    put_fields(&w, change);
    xml_open(&w, "m:deltaNum");
    xml_put_number(&w, change->before);
    xml_close(&w);
    if (change->edit == CONTACTS_SET_CONTACT && !slice_empty(change->contact.extension)) {
        xml_open(&w, "m:contactExtension");
        xml_put_raw(&w, change->contact.extension);
        xml_close(&w);
    }
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

int contacts_read_group_id(struct slice body, unsigned *id_out, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message soap;
    uint64_t id;
    int err = xml_read(body, NULL, &doc, fault);
    if (err == 0)
        err = soap_read(doc, &soap, fault);
    if (err)
        return err;
    if (!soap.payload || !xml_is(soap.payload, NULL, "addGroup") ||
        slice_number(xml_text(xml_child(soap.payload, NULL, "groupID")), CONTACTS_GROUPS_MAX, &id) <
            0 ||
        id == 0)
        return malformed(fault, xml_root(doc), "no answer to addGroup with a groupID");
    *id_out = (unsigned)id;
    return 0;
}
