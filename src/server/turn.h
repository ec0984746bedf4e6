/* A turn: one piece of work on a home loop, and what it wants to be sent. Rooms put
 * their messages and their news for other homes into lists; when the turn ends, these
 * go where they belong, each receiver's in order. A reply goes out before turn_end(). */
#ifndef LYCHGATE_SERVER_TURN_H
#define LYCHGATE_SERVER_TURN_H

#include "presence/presence.h"
#include "server/server_priv.h"

struct turn {
    struct wing *wing;
    struct arena *arena; /* of all that the turn makes */
    int64_t now;
    struct outgoing_list out;
    struct presence_posts posts;
};

/* Begin: wing->turn is this one until turn_end(). The wing's loop only; turns do not nest. */
void turn_begin(struct turn *turn, struct wing *wing);

/* Send what has come together, and drop the rest. */
void turn_end(struct turn *turn);

/* Send messages that a request left behind which was answered elsewhere. */
void turn_send(struct wing *wing, const struct outgoing_list *list);

/* Copy the messages of a list that dies earlier. */
void turn_take(struct turn *turn, const struct outgoing_list *list);

/* Messages that are passed on lend the bytes they came in. Make them the turn's own,
 * before the errand with those bytes ends. */
void turn_own(struct turn *turn);

#endif
