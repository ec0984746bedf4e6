/* A contact list as a value ([MS-SIP] section 3.7): what is stored, told to clients,
 * carried in and out as files. */
#ifndef LYCHGATE_CONTACTS_LIST_H
#define LYCHGATE_CONTACTS_LIST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

enum {
    /* [MS-SIP] sections 3.7.4.4 and 9.1, in bytes. */
    CONTACTS_NAME_MAX = 256,
    CONTACTS_EXTERNAL_MAX = 1024,
    CONTACTS_EXTENSION_MAX = 1024,
    CONTACTS_GROUPS_MAX = 64, /* ids are 1 to 64 */
    CONTACTS_URI_MAX = 454,   /* as an address in a Contact or To of ours */
    CONTACTS_DEFAULT_MAX = 1000,
    CONTACTS_EVERYBODY = 1 /* the group that is always there, named "~" */
};

struct contacts_group {
    unsigned id;           /* 1 to 64 */
    struct slice name;     /* never empty */
    struct slice external; /* externalURI, "": none */
};

struct contacts_contact {
    struct slice uri;       /* "bob@contoso.test": an address of record without "sip:" */
    struct slice name;      /* "": as the contact card says */
    uint64_t groups;        /* bit (id - 1) for each group it is in; never 0 */
    bool subscribed;        /* show presence */
    struct slice external;  /* externalURI, "": none */
    struct slice extension; /* the contactExtension element as XML, "": none */
};

/* Groups in order of id, contacts in order of uri. Who owns the parts is said where
 * a list is handed out. `delta` is the number of the latest change, never 0. */
struct contacts_list {
    uint32_t delta;
    size_t group_count, contact_count, room, group_room;
    struct contacts_group *groups;
    const struct contacts_contact **contacts;
};

static inline uint64_t contacts_bit(unsigned id)
{
    return UINT64_C(1) << (id - 1);
}

/* An empty list in the arena: delta 1, the one group "~", no contacts. */
struct contacts_list *contacts_list_new(struct arena *arena);

/* Where uri stands or would stand among the contacts; *found_out says which. */
size_t contacts_list_place(const struct contacts_list *list, struct slice uri, bool *found_out);

/* The contact of that uri, the group of that id or name; NULL: there is none. */
const struct contacts_contact *contacts_list_find(const struct contacts_list *list,
                                                  struct slice uri);
const struct contacts_group *contacts_list_group(const struct contacts_list *list, unsigned id);
const struct contacts_group *contacts_list_group_named(const struct contacts_list *list,
                                                       struct slice name);

/* Put a contact (lent for as long as the list lives) or a group at its place, instead
 * of the one with the same uri or id. For lists in an arena, which may be NULL when
 * group_room is more than group_count; limits are the caller's. */
void contacts_list_put(struct contacts_list *list, struct arena *arena,
                       const struct contacts_contact *contact);
void contacts_list_put_group(struct contacts_list *list, struct arena *arena,
                             const struct contacts_group *group);

/* Put all of `more` into the list (both in the arena): groups are matched by name, a
 * contact that is there already gets what `more` says of it and stays in its groups.
 * -ERR_LIMIT: CONTACTS_FULL past contacts_max, CONTACTS_GROUPS_FULL. */
int contacts_list_merge(struct contacts_list *list, const struct contacts_list *more,
                        size_t contacts_max, struct arena *arena, struct fault *fault);

/* The id that a new group gets: the lowest free one; 0: none is free. */
unsigned contacts_list_free_id(const struct contacts_list *list);

/* "sip:Bob@Contoso.test", or the same without "sip:", as contacts have it; in the
 * arena. -ERR_MALFORMED (CONTACTS_MALFORMED): no address of record, no UTF-8;
 * -ERR_LIMIT (CONTACTS_TOO_LONG): over CONTACTS_URI_MAX. */
int contacts_uri(struct arena *arena, struct slice text, struct slice *uri_out,
                 struct fault *fault);

/* Are the texts within their limits, UTF-8 and free of control bytes? 0, or
 * -ERR_LIMIT (CONTACTS_TOO_LONG), -ERR_MALFORMED (CONTACTS_MALFORMED). */
int contacts_check_group(const struct contacts_group *group, struct fault *fault);
int contacts_check_contact(const struct contacts_contact *contact, struct fault *fault);

#endif
