/* An actor: one SIP client on a stage. It connects, signs in by TLS-DSK with its
 * certificate, and refreshes its registration when told; all on one loop, except
 * its RSA, which runs on workers. The client halves of sip/ and auth/, and no more
 * around them than a measurement wants. */
#ifndef LYCHGATE_BENCH_ACTOR_H
#define LYCHGATE_BENCH_ACTOR_H

#include "bench/report.h"
#include "bench/stage.h"
#include "net/conn.h"

struct actor;

enum actor_step {
    ACTOR_CONNECT,   /* TCP and TLS */
    ACTOR_CHALLENGE, /* REGISTER without credentials, to the 401 */
    ACTOR_HELLO,     /* first half of the TLS-DSK handshake */
    ACTOR_FINISH,    /* its second half: here the server decrypts and verifies */
    ACTOR_REGISTER,  /* the first signed REGISTER, to its 200 */
    ACTOR_REFRESH,   /* any later one */
    ACTOR_STEPS
};

/* "tls", "challenge", ... */
const char *actor_step_name(enum actor_step step);

struct actor_handler {
    /* A 200 came whose signature is right. `kept`: the server knew the endpoint
     * (presence-state: register-action="refreshed"). */
    void (*on_registered)(struct actor *actor, bool kept);
    /* Something failed, or the connection ended; the actor does nothing any more. */
    void (*on_failed)(struct actor *actor, const struct fault *why);
};

/* What the actors of one run share. */
struct actor_cast {
    const struct stage *stage;
    struct loop *loop;
    struct workers *workers;
    struct tls *tls;
    const struct actor_handler *handler;
    struct bench_series *steps[ACTOR_STEPS]; /* NULL: not recorded */
};

/* A new actor for a user of the stage; starts to connect. `user` is handed back.
 * NULL when the system gives no socket. */
struct actor *actor_new(const struct actor_cast *cast, const struct stage_user *who, void *user);

/* End the connection and free the actor once nothing works on it any more: its
 * handler is not called again. The loop must run (or be freed) afterwards. */
void actor_free(struct actor *actor);

void *actor_user(const struct actor *actor);

/* Send a signed REGISTER; only when no other is under way. */
void actor_refresh(struct actor *actor);

#endif
