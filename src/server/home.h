/* Homes: each user's live state (endpoints, contacts, presence) is touched by one loop
 * only. Requests travel there and back by letter; when line and home share a loop they
 * do not travel. */
#ifndef LYCHGATE_SERVER_HOME_H
#define LYCHGATE_SERVER_HOME_H

#include "server/line.h"

/* Make what a home keeps, and free it in two steps: what needs its loop (timers, faces, phones)
 * before that is freed, the rest behind it. */
void home_open(struct wing *wing);
void home_stop(struct wing *wing);
void home_close(struct wing *wing);

/* Let errand->way answer the request at its caller's home. */
void home_send(struct errand *errand);
void home_take(struct errand *errand); /* there already */

/* The ways of home: each finishes its errand, now or later. */
typedef void home_fn(struct wing *home, struct errand *errand);
home_fn home_register, home_subscribe_contacts, home_subscribe_self, home_edit_contacts,
    home_publish;

/* The connection of this flow has ended. */
void home_flow_lost(struct wing *wing, struct flow flow);

/* There may be something to expire: let the home look from time to time. */
void home_wake(struct wing *wing);

#endif
