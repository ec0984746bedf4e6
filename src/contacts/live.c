/* Lists that change: each contact and each group's texts in an allocation of its own. */
#include "contacts/contacts_priv.h"

#include <stdlib.h>
#include <string.h>

static char *put(char *at, struct slice *field, struct slice value)
{
    if (value.len)
        memcpy(at, value.at, value.len);
    *field = slice_make(at, value.len);
    return at + value.len;
}

static struct contacts_contact *copy_contact(const struct contacts_contact *from)
{
    size_t text = from->uri.len + from->name.len + from->external.len + from->extension.len;
    struct contacts_contact *contact = must_alloc(sizeof *contact + text);
    char *at = (char *)(contact + 1);
    *contact = *from;
    at = put(at, &contact->uri, from->uri);
    at = put(at, &contact->name, from->name);
    at = put(at, &contact->external, from->external);
    put(at, &contact->extension, from->extension);
    return contact;
}

/* The list lends its contacts to all as const; here is who owns them. */
static void free_contact(const struct contacts_contact *contact)
{
    free((void *)(uintptr_t)contact);
}

/* Likewise: a group's texts are one allocation, which its name begins. */
static void free_texts(const struct contacts_group *group)
{
    free((void *)(uintptr_t)group->name.at);
}

/* Few people have more than a handful: there is room for as many as there are. */
static void set_group(struct contacts_owner *owner, const struct contacts_group *from)
{
    struct contacts_list *list = &owner->list;
    struct contacts_group group = *from;
    const struct contacts_group *old = contacts_list_group(list, from->id);
    char *text = must_alloc(from->name.len + from->external.len + 1);
    put(put(text, &group.name, from->name), &group.external, from->external);
    if (old) {
        free_texts(old);
    } else {
        list->group_room = list->group_count + 1;
        list->groups = must_realloc(list->groups, list->group_room * sizeof *list->groups);
    }
    contacts_list_put_group(list, NULL, &group);
}

static void drop_group(struct contacts_owner *owner, unsigned id)
{
    struct contacts_list *list = &owner->list;
    for (size_t i = 0; i < list->group_count; i++) {
        if (list->groups[i].id != id)
            continue;
        free_texts(&list->groups[i]);
        list->group_count--;
        memmove(&list->groups[i], &list->groups[i + 1],
                (list->group_count - i) * sizeof *list->groups);
        return;
    }
}

static void make_room(struct contacts_list *list)
{
    if (list->contact_count < list->room)
        return;
    list->room = list->room ? list->room * 2 : 8;
    list->contacts = must_realloc(list->contacts, list->room * sizeof *list->contacts);
}

static void set_contact(struct contacts_list *list, const struct contacts_contact *from)
{
    bool found;
    size_t at = contacts_list_place(list, from->uri, &found);
    if (found) {
        free_contact(list->contacts[at]);
    } else {
        make_room(list);
        memmove(&list->contacts[at + 1], &list->contacts[at],
                (list->contact_count - at) * sizeof *list->contacts);
        list->contact_count++;
    }
    list->contacts[at] = copy_contact(from);
}

static void drop_contact(struct contacts_list *list, struct slice uri)
{
    bool found;
    size_t at = contacts_list_place(list, uri, &found);
    if (!found)
        return;
    free_contact(list->contacts[at]);
    list->contact_count--;
    memmove(&list->contacts[at], &list->contacts[at + 1],
            (list->contact_count - at) * sizeof *list->contacts);
}

void contacts_live_fini(struct contacts_owner *owner)
{
    for (size_t i = 0; i < owner->list.contact_count; i++)
        free_contact(owner->list.contacts[i]);
    free(owner->list.contacts);
    for (size_t i = 0; i < owner->list.group_count; i++)
        free_texts(&owner->list.groups[i]);
    free(owner->list.groups);
    owner->list = (struct contacts_list){0};
}

void contacts_live_set(struct contacts_owner *owner, const struct contacts_list *list)
{
    contacts_live_fini(owner);
    owner->list.delta = list->delta;
    for (size_t i = 0; i < list->group_count; i++)
        set_group(owner, &list->groups[i]);
    for (size_t i = 0; i < list->contact_count; i++)
        set_contact(&owner->list, list->contacts[i]);
}

void contacts_live_change(struct contacts_owner *owner, const struct contacts_change *change)
{
    switch (change->edit) {
    case CONTACTS_SET_CONTACT:
        set_contact(&owner->list, &change->contact);
        break;
    case CONTACTS_DELETE_CONTACT:
        drop_contact(&owner->list, change->contact.uri);
        break;
    case CONTACTS_ADD_GROUP:
    case CONTACTS_MODIFY_GROUP:
        set_group(owner, &change->group);
        break;
    case CONTACTS_DELETE_GROUP:
        drop_group(owner, change->group.id);
        break;
    }
    owner->list.delta = change->after;
}
