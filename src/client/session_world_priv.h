/* A scripted server in memory: session_world.c takes the place of client/wire.c, so that every
 * message sent is answered at once. */
#ifndef LYCHGATE_CLIENT_SESSION_WORLD_PRIV_H
#define LYCHGATE_CLIENT_SESSION_WORLD_PRIV_H

#include "client/session_priv.h"

struct wire {
    int unused;
};

struct line {
    struct line *next;
    size_t len;
    char text[];
};

struct world {
    struct wire wire;
    struct lychgate *gate;
    struct line *first, *last, *taken; /* on their way to the client */
    char sent[64 * 1024];              /* everything that the client sent */
    unsigned conflicts;                /* 409s before a publication is taken */
    int invite_status, message_status; /* of the peer */
    const char *subscribe_status;      /* NULL: 200 */
    bool later;                        /* no piggyback: NOTIFY behind the 200 */
    bool stale;                        /* the next edit is refused */
    unsigned delta, edits;
    unsigned presence_news, contact_news, message_news, failed_steps, steps;
    char message[200];
};

extern struct world w;

/* Put a message on its way to the client; and one that is a notification within the dialog of
 * the request m. */
void push(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notify(const struct sip_message *m, const char *method, const char *tag, unsigned cseq,
            const char *type, const char *body);

/* Drop what is on its way. */
void clear_world(void);

#define CARD(who, name, availability)                                                              \
    "<categories xmlns=\"http://schemas.microsoft.com/2006/09/sip/categories\" uri=\"sip:" who     \
    "\"><category name=\"contactCard\" "                                                           \
    "instance=\"0\"><contactCard><identity><name><displayName>" name                               \
    "</displayName></name></identity></contactCard></category><category name=\"state\" "           \
    "instance=\"1\"><state><availability>" availability "</availability></state></category>"       \
    "</categories>"

#endif
