/* A handset: one mobile client on a stage. On one HTTPS connection it trades its password
 * for a ticket, makes its UCWA application, becomes available, and then asks what it is
 * told to, a held poll of its events among it. It follows the links that it is shown. */
#ifndef LYCHGATE_BENCH_HANDSET_H
#define LYCHGATE_BENCH_HANDSET_H

#include "bench/report.h"
#include "bench/stage.h"
#include "net/conn.h"

struct handset;

enum handset_step {
    HANDSET_CONNECT,     /* TCP and TLS */
    HANDSET_DISCOVER,    /* autodiscover's user resource: 401 */
    HANDSET_TOKEN,       /* POST oauthtoken: password for ticket */
    HANDSET_APPLICATION, /* POST applications: the phone signs in */
    HANDSET_AVAILABLE,   /* POST makeMeAvailable */
    HANDSET_WATCH,       /* POST presenceSubscriptions: one person */
    HANDSET_PUBLISH,     /* POST presence */
    HANDSET_INVITE,      /* POST startMessaging: a conversation with one person */
    HANDSET_ACCEPT,      /* POST accept: of the invitation that a poll brought */
    HANDSET_SAY,         /* POST sendMessage: in the conversation that it began */
    HANDSET_POLL,        /* GET events: answered when there are some */
    HANDSET_STEPS
};

/* "connect_tls", "oauthtoken", ... */
const char *handset_step_name(enum handset_step step);

struct handset_handler {
    /* What was asked last (after handset_new(): HANDSET_CONNECT) is done, as it ought to be. */
    void (*on_done)(struct handset *handset, enum handset_step step);
    /* Something failed, or the connection ended; the handset does nothing any more. */
    void (*on_failed)(struct handset *handset, const struct fault *why);
};

/* What the handsets of one run share. */
struct handset_cast {
    const struct stage *stage;
    struct loop *loop;
    struct tls *tls;
    const struct handset_handler *handler;
    struct bench_series *steps[HANDSET_STEPS]; /* NULL: not recorded */
};

/* A new handset of a user of the stage; starts to connect. `user` is handed back. NULL when
 * the system gives no socket. */
struct handset *handset_new(const struct handset_cast *cast, const struct stage_user *who,
                            void *user);

/* End the connection and free; the handler is not called again. The loop must run (or be
 * freed) afterwards. */
void handset_free(struct handset *handset);

void *handset_user(const struct handset *handset);

/* Ask; only when nothing else is under way, and the steps before it are done. `word`: whom to
 * watch or invite ("user3@bench.test"), what to publish ("Busy") or say; else NULL. */
void handset_ask(struct handset *handset, enum handset_step step, const char *word);

/* Has a poll brought an invitation? */
bool handset_invited(const struct handset *handset);

#endif
