/* A line: one SIP connection. The way of a REGISTER, in this order:
 *
 *   line_bytes      frame and parse                        (sip/frame, sip/message)
 *   line_judge      what the gate says of it               (auth/gate)
 *   methods_take    who answers it, and where              (methods.c)
 *   admit_work      on a worker: may this client come in?  (admit.c)
 *   home_register   on the user's home loop: bind          (registrar/, home.c)
 *   line_reply      print, sign, trace, write              (sip/print, auth/association)
 *
 * A line's messages are handled in order: while one is on a worker or at another
 * loop, the connection is not read. */
#ifndef LYCHGATE_SERVER_LINE_H
#define LYCHGATE_SERVER_LINE_H

#include "contacts/contacts.h"
#include "net/workers.h"
#include "presence/presence.h"
#include "server/server_priv.h"
#include "sip/message.h"
#include "sip/reply.h"

struct admission;
struct errand;
struct peer_claim;
typedef void errand_fn(struct errand *errand);

/* One message in work, from its bytes to its reply. Owned by the line's loop,
 * lent to a worker or to a home loop; everything in it lives in its arena. */
struct errand {
    struct job job;       /* for the worker */
    struct letter letter; /* for the way to another loop and back */
    errand_fn *work;      /* on the worker */
    errand_fn *then;      /* back from him, or on the other loop */
    struct errand *next;  /* in a hold's queue */
    struct server *server;
    struct wing *wing;              /* the line's */
    struct line *line;              /* NULL: the connection is gone */
    uint64_t phone;                 /* instead of a line: the flow of a phone (phones.h); 0: none */
    const struct peer_claim *claim; /* it came by a trusted peer (peer.h); NULL: it did not */
    struct arena *arena;
    struct sip_message *request; /* or an endpoint's response (session.c) */
    struct sip_reply reply;
    struct gate_work *handshake;     /* of a stranger: a piece of TLS-DSK */
    struct association *association; /* signs the reply; the gate's */
    bool established;                /* the first request of that association */
    struct registrar_caller caller;  /* its strings are the errand's own */
    struct outgoing_list outgoing;   /* to be sent behind the reply */
    int64_t now, started_us;
    bool *finished; /* told when it ends before the line has gone on */
    bool away;      /* the connection is not read meanwhile */
    bool held;      /* it is the one that others wait for (hold.h) */
    const struct method_way *way;
    struct admission *admission; /* of a REGISTER that signs in */
    union {
        struct contacts_change contacts;
        struct presence_change *publication;
        struct visit *visit;
        struct session *session;
    } plan;
    struct contacts_list *stored_contacts; /* read anew, after a conflict */
    int err;                               /* of what a worker did, with its fault */
    struct fault fault;
};

/* Go on with `then` on that wing's loop: now if this is it, else by letter. */
void errand_travel(struct errand *errand, struct wing *to, errand_fn *then);

/* Have `work` done by a worker, and go on with `then` on this loop. Returns 0, or -ERR_BUSY
 * with errand->fault: neither will be called. */
int errand_work(struct errand *errand, errand_fn *work, errand_fn *then);

/* The reply is made: send it, then what is in errand->outgoing, and go on with the
 * line, from whatever loop this is called. The errand is gone afterwards. */
void line_errand_finish(struct errand *errand);

/* The two halves of that, on the line's loop: the reply, and the rest. */
void line_errand_reply(struct errand *errand);
void line_errand_end(struct errand *errand);

/* The same with a refusal. */
void line_errand_refuse(struct errand *errand, const struct fault *fault);

/* Deliver a message to the endpoint at outgoing->flow: this wing's loop only. */
void line_deliver(struct wing *wing, const struct outgoing *outgoing, struct arena *arena);

/* Trust in peers may have been withdrawn: end the lines of those who would not be let in now. */
void line_review_peers(struct wing *wing);

/* Close all of this wing's lines, those with a message in work behind its answer: the
 * server drains. */
void line_close_all(struct wing *wing);

#endif
