/* A turn: one piece of work on a home loop, and what it wants to be sent. Rooms put
 * their messages and their news for other homes into lists; when the turn ends, these
 * go where they belong, each receiver's in order, and behind the reply to what the turn
 * was about. */
#ifndef LYCHGATE_SERVER_TURN_H
#define LYCHGATE_SERVER_TURN_H

#include "presence/watch.h"
#include "server/server_priv.h"

struct turn {
    struct wing *wing;
    struct errand *errand; /* what it is about; NULL: no request */
    struct arena *arena;   /* of all that the turn makes: the errand's, or its own */
    int64_t now;
    struct outgoing_list out;
    struct presence_posts posts;
};

/* Begin: wing->turn is this one until it ends. The wing's loop only; turns do not nest. */
void turn_begin(struct turn *turn, struct wing *wing, struct errand *errand);

/* End: send what has come together. The errand, if any, goes on elsewhere. */
void turn_end(struct turn *turn);

/* End, with the errand: its reply goes first, and it is gone afterwards. */
void turn_conclude(struct turn *turn);

/* Send messages that a request left behind which was answered without a turn. */
void turn_send(struct wing *wing, const struct outgoing_list *list);

#endif
