/* A home without sockets: the rooms that server/home.c opens, with many people signed in,
 * asked directly. So many can be there as memory allows, where a process may not hold as
 * many descriptors; and nothing but the rooms is measured. */
#ifndef LYCHGATE_BENCH_ROOMS_H
#define LYCHGATE_BENCH_ROOMS_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/memory.h"

#include <stddef.h>
#include <stdint.h>

struct rooms;

enum {
    ROOMS_CONTACTS = 10 /* on each list, in each subscription; and as many watch each */
};

enum rooms_op {
    ROOMS_REFRESH, /* REGISTER of an endpoint that is known */
    ROOMS_PUBLISH, /* SERVICE: a new state, and the news for all who watch */
    ROOMS_EDIT,    /* SERVICE: a contact renamed; the list is not on disk here */
    ROOMS_RELAY,   /* MESSAGE to somebody else, and his 200 back */
    ROOMS_OPS
};

/* So many people: signed in, published, each with the contacts behind him in the ring,
 * whom he watches. NULL, with *fault, when a room refuses. */
struct rooms *rooms_new(unsigned people, struct fault *fault);
void rooms_free(struct rooms *rooms);
SCOPED_FREE(rooms, struct rooms, rooms_free)

/* One operation of this person's. *ns_out: the time that the server's side of it took,
 * from the request's bytes to messages ready to be printed. */
int rooms_do(struct rooms *rooms, enum rooms_op op, unsigned who, int64_t *ns_out,
             struct fault *fault);

#endif
