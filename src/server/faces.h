/* Faces: what phones are seen through from outside (UCWA, MCX), and the way there. A request comes
 * to any loop; a worker finds out who asks (ticket, account); it travels to that user's home
 * loop, where the face and the phone live; the reply goes back to the connection's loop by
 * itself (http_later_send). So a face, like a phone, is touched by one thread only. */
#ifndef LYCHGATE_SERVER_FACES_H
#define LYCHGATE_SERVER_FACES_H

#include "http/message.h"
#include "server/server_priv.h"
#include "webticket/ticket.h"

/* Who asks: good until the request is answered. */
struct face_guest {
    struct slice account; /* "alice@contoso.test" */
    int64_t account_id;
    int64_t until; /* his ticket ends then (ms since the epoch): no later may a poll be held */
    const void *message; /* what the worker has read of the request, if anything; for the face */
};

/* Answer at home: takes `later` over. */
typedef void face_fn(struct wing *home, const struct face_guest *guest, struct http_later *later,
                     int64_t now);

/* Who the ticket stands for, if he is still the same and enabled. Workers only. */
int faces_guest(struct server *server, const struct webticket_claims *claims, struct arena *arena,
                struct face_guest *guest_out, struct fault *fault);

/* Take the request to its guest's home. From any thread; `later` has been taken. */
void faces_travel(struct server *server, const struct face_guest *guest, struct http_later *later,
                  face_fn *fn);

/* The routes of the faces; `webticket` checks their tickets and is borrowed. */
void faces_add_routes(struct server *server, struct webticket *webticket);

/* Make what a wing keeps, behind phones_open(); let it do what is due; end it: every poll that
 * is held is answered, every later request refused. That wing's loop only, or when none runs. */
void faces_open(struct wing *wing);
void faces_tick(struct wing *wing, int64_t now);

/* A turn begins, in which phones may tell something: what time it is. */
void faces_time(struct wing *wing, int64_t now);

/* Something has happened: see to it that what is due now is done in time, and not only at the
 * next faces_tick(). Cheap. */
void faces_wake(struct wing *wing);

void faces_close(struct wing *wing);

/* Is there anything that faces_tick() is for? */
bool faces_any(const struct wing *wing);

#endif
