/* Phones: endpoints without a connection (mobility/phone.h). A phone lives on its user's home
 * loop; its messages go through the same doors as those of a line, behind the gate: methods,
 * homes, rooms. For the registrar it is a flow of its own, in a space of numbers that no
 * connection has. */
#ifndef LYCHGATE_SERVER_PHONES_H
#define LYCHGATE_SERVER_PHONES_H

#include "mobility/core.h"
#include "server/line.h"

/* Make what a wing keeps, and free it. */
void phones_open(struct wing *wing);
void phones_close(struct wing *wing);

/* The server drains: every phone ends, which its face is told. That wing's loop only. */
void phones_end_all(struct wing *wing);

/* The faces' way in; that wing's loop only. Get there by phones_visit(). */
const struct phone_host *phones_host(struct wing *wing);

/* Call fn(arg) on the loop where a user is at home, from any thread. */
void phones_visit(struct server *server, struct slice account,
                  void (*fn)(struct wing *home, void *arg), void *arg);

/* Each phone of a wing; the one of that number (of its flow), or NULL. That wing's loop only. */
void phones_each(struct wing *wing, void (*fn)(void *arg, struct phone *phone), void *arg);
struct phone *phones_find(const struct wing *wing, uint64_t number);

/* Is the flow a phone's? Then messages for it go here instead of to a line. */
bool phones_is_flow(struct flow flow);
void phones_deliver(struct wing *wing, const struct outgoing *outgoing, struct arena *arena);

/* The answer to an errand of a phone's, and its end (line.c). */
void phones_reply(struct errand *errand);
void phones_errand_ended(struct wing *wing, uint64_t number);

size_t phones_count(const struct wing *wing);

#endif
