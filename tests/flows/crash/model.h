/* What one person's durable state must be: a contact list, a note, members of
 * containers. Each change touches several rows of the store at once, so that half of one
 * would show. */
#ifndef LYCHGATE_TESTS_CRASH_MODEL_H
#define LYCHGATE_TESTS_CRASH_MODEL_H

#include "contacts/list.h"
#include "sip_client.h"

enum {
    MODEL_PEOPLE = 8,
    MODEL_CONTAINERS = 3
};

struct model {
    uint32_t delta;
    unsigned groups[CONTACTS_GROUPS_MAX + 1]; /* by id: number of its name; 0: not there */
    struct {
        uint64_t groups; /* 0: not there */
        unsigned name;
    } contacts[MODEL_PEOPLE];
    unsigned note; /* in all containers the same */
    uint32_t note_version;
    bool members[MODEL_PEOPLE]; /* of each container */
    uint32_t members_version;
};

void model_init(struct model *model);

/* Choose a change at random that is possible now: what comes of it, and the SERVICE that
 * makes it (a body in the arena). `number` is in all names and texts that it makes. */
void model_choose(const struct model *now, unsigned number, const char *account,
                  struct arena *arena, struct model *next, struct sip_client_ask *ask);

/* Both to the same text, to be compared and read by people. */
struct slice model_print(const struct model *model, struct arena *arena);

/* What the server says: a contactList and a roamingData document. Absent: not readable. */
struct slice model_print_served(struct slice list, struct slice self, struct arena *arena);

#endif
