/* Contact lists as JSON. */
#include "contacts/exchange_priv.h"

#include <jansson.h>

/* ---- writing -------------------------------------------------------------------------- */

static void put(json_t *object, const char *name, struct slice text)
{
    json_object_set_new(object, name, json_stringn_nocheck(text.at ? text.at : "", text.len));
}

static json_t *print_group(const struct contacts_group *group)
{
    json_t *object = json_object();
    put(object, "name", group->name);
    put(object, "externalURI", group->external);
    return object;
}

static json_t *print_contact(const struct contacts_list *list,
                             const struct contacts_contact *contact)
{
    json_t *object = json_object(), *groups = json_array();
    for (size_t i = 0; i < list->group_count; i++) {
        struct slice name = list->groups[i].name;
        if (contact->groups & contacts_bit(list->groups[i].id))
            json_array_append_new(groups, json_stringn_nocheck(name.at, name.len));
    }
    put(object, "address", contact->uri);
    put(object, "name", contact->name);
    json_object_set_new(object, "groups", groups);
    json_object_set_new(object, "subscribed", json_boolean(contact->subscribed));
    put(object, "externalURI", contact->external);
    put(object, "extension", contact->extension);
    return object;
}

static int add_bytes(const char *bytes, size_t len, void *arg)
{
    buf_add(arg, slice_make(bytes, len));
    return 0;
}

void contacts_print_json(const struct contacts_list *list, struct buf *out)
{
    json_t *root = json_object(), *groups = json_array(), *contacts = json_array();
    for (size_t i = 0; i < list->group_count; i++)
        if (list->groups[i].id != CONTACTS_EVERYBODY)
            json_array_append_new(groups, print_group(&list->groups[i]));
    for (size_t i = 0; i < list->contact_count; i++)
        json_array_append_new(contacts, print_contact(list, list->contacts[i]));
    json_object_set_new(root, "groups", groups);
    json_object_set_new(root, "contacts", contacts);
    json_dump_callback(root, add_bytes, out, JSON_INDENT(2));
    buf_add_byte(out, '\n');
    json_decref(root);
}

/* ---- reading --------------------------------------------------------------------------- */

/* Which entry is meant: JSON keeps no lines, so the detail names the entry. */
static int entry_wrong(struct fault *fault, const char *list, size_t index, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_FILE, "%s[%zu]: %s", list, index, what);
}

/* A text by its name; "" when it is not there. False: it is something else. */
static bool get(const json_t *object, const char *name, struct arena *arena, struct slice *text_out)
{
    const json_t *value = json_object_get(object, name);
    *text_out = SLICE("");
    if (!value)
        return true;
    if (!json_is_string(value))
        return false;
    *text_out = arena_copy(arena, slice_make(json_string_value(value), json_string_length(value)));
    return true;
}

static int read_group(struct exchange *exchange, const json_t *object, size_t index,
                      struct fault *fault)
{
    struct contacts_group group = {0};
    uint64_t groups = 0;
    if (!json_is_object(object) || !get(object, "name", exchange->arena, &group.name) ||
        !get(object, "externalURI", exchange->arena, &group.external))
        return entry_wrong(fault, "groups", index, "is no group");
    if (contacts_list_group_named(exchange->list, group.name))
        return entry_wrong(fault, "groups", index, "that name is there twice");
    return exchange_group(exchange, &group, 0, &groups, fault);
}

static int read_names(struct exchange *exchange, const json_t *names, size_t index,
                      uint64_t *groups_out, struct fault *fault)
{
    size_t i;
    json_t *value;
    if (names && !json_is_array(names))
        return entry_wrong(fault, "contacts", index, "groups is no list");
    json_array_foreach(names, i, value)
    {
        struct contacts_group group = {.external = SLICE("")};
        if (!json_is_string(value))
            return entry_wrong(fault, "contacts", index, "a group is no name");
        group.name = arena_copy(exchange->arena,
                                slice_make(json_string_value(value), json_string_length(value)));
        int err = exchange_group(exchange, &group, 0, groups_out, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

static int read_contact(struct exchange *exchange, const json_t *object, size_t index,
                        struct fault *fault)
{
    struct contacts_contact contact = {.subscribed = true};
    struct arena *arena = exchange->arena;
    const json_t *subscribed = json_object_get(object, "subscribed");
    if (!json_is_object(object) || !get(object, "address", arena, &contact.uri) ||
        !get(object, "name", arena, &contact.name) ||
        !get(object, "externalURI", arena, &contact.external) ||
        !get(object, "extension", arena, &contact.extension) ||
        (subscribed && !json_is_boolean(subscribed)))
        return entry_wrong(fault, "contacts", index, "is no contact");
    if (subscribed)
        contact.subscribed = json_is_true(subscribed);
    int err =
        read_names(exchange, json_object_get(object, "groups"), index, &contact.groups, fault);
    return err < 0 ? err : exchange_contact(exchange, &contact, 0, fault);
}

static int read_root(struct exchange *exchange, const json_t *root, struct fault *fault)
{
    const json_t *groups = json_object_get(root, "groups");
    const json_t *contacts = json_object_get(root, "contacts");
    json_t *value;
    size_t i;
    int err = 0;
    if (!json_is_array(contacts) || (groups && !json_is_array(groups)))
        return exchange_wrong(fault, ERR_MALFORMED, 0, "`contacts` or `groups` is no list");
    json_array_foreach(groups, i, value)
    {
        err = read_group(exchange, value, i, fault);
        if (err < 0)
            return err;
    }
    json_array_foreach(contacts, i, value)
    {
        err = read_contact(exchange, value, i, fault);
        if (err < 0)
            return err;
    }
    return 0;
}

int contacts_parse_json(struct slice text, size_t contacts_max, struct arena *arena,
                        struct contacts_list **list_out, struct fault *fault)
{
    struct exchange exchange;
    json_error_t error;
    int err = exchange_begin(&exchange, text, contacts_max, arena, fault);
    *list_out = exchange.list;
    if (err < 0)
        return err;
    json_t *root = json_loadb(text.at ? text.at : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return exchange_wrong(fault, ERR_MALFORMED, error.line, error.text);
    err = read_root(&exchange, root, fault);
    json_decref(root);
    return err;
}
