#include "contacts/list.h"

#include "sip/uri.h"

#include <string.h>

struct contacts_list *contacts_list_new(struct arena *arena)
{
    struct contacts_list *list = arena_new_of(arena, struct contacts_list);
    list->delta = 1;
    contacts_list_put_group(list, arena,
                            &(struct contacts_group){CONTACTS_EVERYBODY, SLICE("~"), SLICE("")});
    return list;
}

/* ---- finding ------------------------------------------------------------------------- */

size_t contacts_list_place(const struct contacts_list *list, struct slice uri, bool *found_out)
{
    size_t low = 0, high = list->contact_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_cmp(list->contacts[middle]->uri, uri);
        if (order == 0) {
            *found_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found_out = false;
    return low;
}

const struct contacts_contact *contacts_list_find(const struct contacts_list *list,
                                                  struct slice uri)
{
    bool found;
    size_t at = contacts_list_place(list, uri, &found);
    return found ? list->contacts[at] : NULL;
}

const struct contacts_group *contacts_list_group(const struct contacts_list *list, unsigned id)
{
    for (size_t i = 0; i < list->group_count; i++)
        if (list->groups[i].id == id)
            return &list->groups[i];
    return NULL;
}

const struct contacts_group *contacts_list_group_named(const struct contacts_list *list,
                                                       struct slice name)
{
    for (size_t i = 0; i < list->group_count; i++)
        if (slice_eq(list->groups[i].name, name))
            return &list->groups[i];
    return NULL;
}

unsigned contacts_list_free_id(const struct contacts_list *list)
{
    for (unsigned id = CONTACTS_EVERYBODY + 1; id <= CONTACTS_GROUPS_MAX; id++)
        if (!contacts_list_group(list, id))
            return id;
    return 0;
}

/* ---- putting --------------------------------------------------------------------------- */

void contacts_list_put(struct contacts_list *list, struct arena *arena,
                       const struct contacts_contact *contact)
{
    bool found;
    size_t at = contacts_list_place(list, contact->uri, &found);
    if (found) {
        list->contacts[at] = contact;
        return;
    }
    if (list->contact_count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        const struct contacts_contact **grown =
            arena_array(arena, const struct contacts_contact *, room);
        if (list->contact_count)
            memcpy(grown, list->contacts, list->contact_count * sizeof *grown);
        list->contacts = grown;
        list->room = room;
    }
    memmove(&list->contacts[at + 1], &list->contacts[at],
            (list->contact_count - at) * sizeof *list->contacts);
    list->contacts[at] = contact;
    list->contact_count++;
}

/* Most people have a few groups only. */
static void make_group_room(struct contacts_list *list, struct arena *arena)
{
    if (list->group_count < list->group_room)
        return;
    size_t room = list->group_room ? list->group_room * 2 : 4;
    struct contacts_group *grown = arena_array(arena, struct contacts_group, room);
    if (list->group_count)
        memcpy(grown, list->groups, list->group_count * sizeof *grown);
    list->groups = grown;
    list->group_room = room;
}

void contacts_list_put_group(struct contacts_list *list, struct arena *arena,
                             const struct contacts_group *group)
{
    size_t at = 0;
    while (at < list->group_count && list->groups[at].id < group->id)
        at++;
    if (at == list->group_count || list->groups[at].id != group->id) {
        make_group_room(list, arena);
        memmove(&list->groups[at + 1], &list->groups[at],
                (list->group_count - at) * sizeof *list->groups);
        list->group_count++;
    }
    list->groups[at] = *group;
}

/* The id in `list` of each group of `more`, by its id there. */
static int merge_groups(struct contacts_list *list, const struct contacts_list *more,
                        unsigned ids[CONTACTS_GROUPS_MAX + 1], struct arena *arena,
                        struct fault *fault)
{
    for (size_t i = 0; i < more->group_count; i++) {
        struct contacts_group group = more->groups[i];
        const struct contacts_group *known = contacts_list_group_named(list, group.name);
        unsigned id = known ? known->id : contacts_list_free_id(list);
        if (id == 0)
            return fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_GROUPS_FULL, "more than %d groups",
                             CONTACTS_GROUPS_MAX);
        ids[group.id] = id;
        group.id = id;
        if (!known)
            contacts_list_put_group(list, arena, &group);
    }
    return 0;
}

int contacts_list_merge(struct contacts_list *list, const struct contacts_list *more,
                        size_t contacts_max, struct arena *arena, struct fault *fault)
{
    unsigned ids[CONTACTS_GROUPS_MAX + 1] = {0};
    int err = merge_groups(list, more, ids, arena, fault);
    for (size_t i = 0; i < more->contact_count && err == 0; i++) {
        const struct contacts_contact *given = more->contacts[i];
        const struct contacts_contact *known = contacts_list_find(list, given->uri);
        struct contacts_contact *made = arena_new_of(arena, struct contacts_contact);
        *made = *given;
        made->groups = known ? known->groups : 0;
        for (unsigned id = 1; id <= CONTACTS_GROUPS_MAX; id++)
            if (given->groups & contacts_bit(id) && ids[id])
                made->groups |= contacts_bit(ids[id]);
        if (!known && list->contact_count >= contacts_max)
            err = fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_FULL, "more than %zu contacts",
                            contacts_max);
        else
            contacts_list_put(list, arena, made);
    }
    return err;
}

/* ---- checking ---------------------------------------------------------------------------- */

/* The length of the UTF-8 sequence at the start, 0: there is none. */
static size_t utf8_len(struct slice s)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)s.at[0];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len == 1)
        return 1;
    if (len == 0 || first > 0xf4 || len > s.len)
        return 0;
    uint32_t code = first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (c & 0x3f);
    }
    return code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : len;
}

/* XML 1.0 holds no control characters, and what we keep must be told again. */
static int check_text(const char *what, struct slice text, size_t max, struct fault *fault)
{
    if (text.len > max)
        return fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_TOO_LONG,
                         "%s has %zu bytes; %zu are allowed", what, text.len, max);
    for (size_t at = 0; at < text.len;) {
        struct slice rest = slice_from(text, at);
        size_t len = utf8_len(rest);
        unsigned char c = (unsigned char)rest.at[0];
        bool last =
            slice_starts(rest, SLICE("\xef\xbf\xbe")) || slice_starts(rest, SLICE("\xef\xbf\xbf"));
        if (len == 0 || c < ' ' || c == 0x7f || last)
            return fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_MALFORMED,
                             "%s, byte %zu: no character for a name", what, at);
        at += len;
    }
    return 0;
}

int contacts_uri(struct arena *arena, struct slice text, struct slice *uri_out, struct fault *fault)
{
    struct sip_uri uri;
    struct slice aor;
    text = slice_trim(text);
    int err = check_text("an address", text, CONTACTS_URI_MAX, fault);
    if (err < 0)
        return err;
    if (slice_index(text, ':') < 0)
        text = arena_print(arena, "sip:%.*s", SLICE_ARG(text));
    if (sip_uri_parse(text, &uri, NULL) < 0 || sip_uri_aor(arena, &uri, &aor, NULL) < 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_MALFORMED,
                         "%.*s is no SIP address of a person", SLICE_ARG(slice_head(text, 80)));
    *uri_out = slice_from(aor, sizeof "sip:" - 1);
    return 0;
}

int contacts_check_group(const struct contacts_group *group, struct fault *fault)
{
    int err = check_text("a group's name", group->name, CONTACTS_NAME_MAX, fault);
    if (err == 0)
        err = check_text("a group's externalURI", group->external, CONTACTS_EXTERNAL_MAX, fault);
    if (err == 0 && slice_empty(group->name))
        err = fault_set(fault, ERR_MALFORMED, FINDING_CONTACTS_MALFORMED, "a group without name");
    return err;
}

int contacts_check_contact(const struct contacts_contact *contact, struct fault *fault)
{
    int err = check_text("a contact's name", contact->name, CONTACTS_NAME_MAX, fault);
    if (err == 0)
        err =
            check_text("a contact's externalURI", contact->external, CONTACTS_EXTERNAL_MAX, fault);
    if (err == 0 && contact->extension.len > CONTACTS_EXTENSION_MAX)
        err = fault_set(fault, ERR_LIMIT, FINDING_CONTACTS_TOO_LONG,
                        "contactExtension has %zu bytes; %d are allowed", contact->extension.len,
                        CONTACTS_EXTENSION_MAX);
    return err;
}
