/* Whose presence the phone asks for: all contacts, once the device has asked for them. */
#include "mcx/mcx_priv.h"

#include <stdlib.h>

static struct watched *find(const struct session *session, struct slice address)
{
    struct watched *person = NULL;
    HASH_FIND(hh, session->people, address.at, address.len, person);
    return person;
}

static struct watched *add(struct session *session, struct slice address)
{
    struct watched *person = must_calloc(1, sizeof *person + address.len + 1);
    memcpy(person->address, address.at, address.len);
    HASH_ADD_KEYPTR(hh, session->people, person->address, address.len, person);
    return person;
}

static void drop(struct session *session, struct watched *person)
{
    HASH_DEL(session->people, person);
    free(person);
}

/* Those who are no contacts any more. */
static void unwatch(struct session *session, struct arena *arena)
{
    struct watched *person, *next;
    size_t count = 0;
    struct slice *gone = arena_array(arena, struct slice, HASH_COUNT(session->people));
    HASH_ITER(hh, session->people, person, next)
    {
        if (person->listed)
            continue;
        gone[count++] = arena_copy(arena, slice_of(person->address));
        drop(session, person);
    }
    if (count > 0)
        phone_unwatch(session->phone, ++session->tags, gone, count);
}

void mcx_watch_contacts(struct session *session)
{
    scoped(arena) struct arena *arena = arena_new();
    size_t count, fresh_count = 0;
    const struct phone_contact *contacts = phone_contacts(session->phone, &count);
    struct slice *fresh = arena_array(arena, struct slice, count);
    struct watched *person, *next;
    session->watch = false;
    HASH_ITER(hh, session->people, person, next)
    person->listed = false;
    for (size_t i = 0; i < count; i++) {
        person = find(session, contacts[i].address);
        /* A phone watches no more than that, and would rather watch nobody. */
        if (!person && HASH_COUNT(session->people) < PHONE_WATCHED_MAX) {
            person = add(session, contacts[i].address);
            fresh[fresh_count++] = arena_copy(arena, contacts[i].address);
        }
        if (person)
            person->listed = true;
    }
    unwatch(session, arena);
    if (fresh_count > 0) {
        session->watching = ++session->tags;
        phone_watch(session->phone, session->watching, fresh, fresh_count);
    }
}

void mcx_people_free(struct session *session)
{
    struct watched *person, *next;
    HASH_ITER(hh, session->people, person, next)
    drop(session, person);
}
