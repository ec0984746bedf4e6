/* A line: one SIP connection. The way of a REGISTER, in this order:
 *
 *   line_bytes      frame and parse                        (sip/frame, sip/message)
 *   line_judge      what the gate says of it               (auth/gate)
 *   home_register   on the user's home loop: bind          (registrar/, home.c)
 *   line_reply      print, sign, trace, write              (sip/print, auth/association)
 *
 * A line's messages are handled in order: while one is on a worker or at another
 * loop, the connection is not read. */
#ifndef LYCHGATE_SERVER_LINE_H
#define LYCHGATE_SERVER_LINE_H

#include "net/workers.h"
#include "server/server_priv.h"
#include "sip/message.h"
#include "sip/reply.h"

/* One message in work, from its bytes to its reply. Owned by the line's loop,
 * lent to a worker or to a home loop; everything in it lives in its arena. */
struct errand {
    struct job job;       /* for the worker */
    struct letter letter; /* for the way to the home loop and back */
    struct server *server;
    struct wing *wing; /* the line's */
    struct line *line; /* NULL: the connection is gone */
    struct arena *arena;
    struct sip_message *request;
    struct sip_reply reply;
    struct gate_work *work;
    struct association *association; /* signs the reply; the gate's */
    struct registrar_caller caller;
    struct outgoing_list outgoing;
    int64_t now, started_us;
};

/* Send the reply of an errand whose line may be gone. */
void line_errand_done(struct errand *errand);

/* The same for an errand that was away: its connection is read again. */
void line_errand_back(struct errand *errand);

/* Deliver a message to the endpoint at outgoing->flow: this wing's loop only. */
void line_deliver(struct wing *wing, const struct outgoing *outgoing, struct arena *arena);

/* Close all of this wing's lines, those with a message in work behind its answer: the
 * server drains. */
void line_close_all(struct wing *wing);

/* ---- home.c ---- */

/* Take a REGISTER to its user's home. True: that is here, the reply is made. False: it
 * travels, and comes back by line_errand_back(). */
bool home_register(struct errand *errand);

/* The connection of this flow has ended. */
void home_flow_lost(struct wing *wing, struct flow flow);

/* Send what a registrar wants sent, each to the loop of its flow. */
void home_send_all(struct server *server, const struct outgoing_list *list);

/* Let the wing's registrar end what has expired, and set its timer. */
void home_expire(void *wing);

#endif
