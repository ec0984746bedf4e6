/* Distribution groups: lists of people under one address, which clients expand. Members
 * are addresses: of accounts, of other groups, or of people elsewhere. All functions
 * block: worker threads, command line. */
#ifndef LYCHGATE_ADDRESSBOOK_GROUP_H
#define LYCHGATE_ADDRESSBOOK_GROUP_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

enum {
    GROUP_NAME_MAX = 256,    /* bytes of its name */
    GROUP_MEMBERS_MAX = 1000 /* of one group */
};

struct group {
    struct slice address; /* "sales@contoso.test", lower case */
    struct slice name;    /* shown; never empty: the address stands in */
    struct slice *members;
    size_t member_count; /* in order of address; in a list of groups only the number */
};

/* The tables of this file, and of location.h; after accounts_schema. */
extern const struct store_schema addressbook_schema;

/* Add one, or give it another name (absent or empty: its address). -ERR_MALFORMED,
 * GROUP_INVALID. */
int group_set(struct store *store, struct slice address, struct slice name, struct fault *fault);

/* -ERR_UNKNOWN, GROUP_UNKNOWN, as the following. */
int group_remove(struct store *store, struct slice address, struct fault *fault);

/* Add a member, or take one out; what is so already is fine. -ERR_MALFORMED, -ERR_LIMIT:
 * GROUP_INVALID. */
int group_member_set(struct store *store, struct slice address, struct slice member, bool in,
                     struct fault *fault);

/* By address, with or without "sip:" and "mailto:", any case. */
int group_find(struct store_reader *reader, struct slice address, struct arena *arena,
               struct group *group_out, struct fault *fault);

/* All of them in order of address; the array is the arena's. */
int group_list(struct store_reader *reader, struct arena *arena, struct group **list_out,
               size_t *count_out, struct fault *fault);

#endif
