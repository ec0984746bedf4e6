/* Where the endpoints of a home are kept, and the four ways to find one: by user
 * (oldest first), by user and instance, by connection, by the time it expires. */
#ifndef LYCHGATE_REGISTRAR_PLACES_PRIV_H
#define LYCHGATE_REGISTRAR_PLACES_PRIV_H

#include "registrar/endpoint.h"

#include <uthash.h>

/* Somebody with at least one endpoint. */
struct user {
    struct place *oldest, *newest;
    unsigned count;
    UT_hash_handle hh;
    size_t len;
    char address[]; /* the key */
};

/* A connection with at least one endpoint; usually exactly one. */
struct used_flow {
    struct flow flow; /* the key */
    struct place *first;
    UT_hash_handle hh;
};

/* An endpoint at its place in all the orders. */
struct place {
    struct endpoint endpoint; /* first: a const struct endpoint * is cast back */
    struct user *user;
    struct place *older, *newer; /* of the user */
    struct used_flow *used;
    struct place *flow_prev, *flow_next; /* on the connection */
    size_t heap_at;
    char *text; /* owned: all strings of the endpoint in one allocation */
};

struct places {
    struct user *users;
    struct used_flow *flows;
    struct place **heap; /* the one that expires first on top */
    size_t count, room;
};

void places_fini(struct places *places);

/* A user by his address in lower case, NULL: nowhere signed in. */
struct user *places_user(const struct places *places, struct slice account);

/* His endpoint of that instance, NULL: none. */
struct place *places_find(const struct user *user, const struct guid *instance);

/* The first endpoint on a connection, then place->flow_next; NULL: none. */
struct place *places_on_flow(const struct places *places, struct flow flow);

/* Keep a new endpoint, or change one that is kept (place not NULL) to *as; all
 * strings are copied. The account must not change. Returns the place. */
struct place *places_put(struct places *places, struct place *place, const struct endpoint *as);

/* Let an endpoint go; its user and connection too if it was their last. */
void places_drop(struct places *places, struct place *place);

#endif
