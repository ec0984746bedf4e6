/* An actor: one SIP client on a stage. It connects, signs in by TLS-DSK with its
 * certificate, refreshes its registration when told and asks what it is told to ask;
 * all on one loop, except its RSA, which runs on workers. The client halves of sip/ and auth/, and
 * no more around them than a measurement wants. */
#ifndef LYCHGATE_BENCH_ACTOR_H
#define LYCHGATE_BENCH_ACTOR_H

#include "bench/report.h"
#include "bench/stage.h"
#include "net/conn.h"
#include "sip/message.h"

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
    /* The final answer to an actor_ask(); a request of the server's. Both are signed as they
     * ought to be. NULL: nobody listens. */
    void (*on_answer)(struct actor *actor, const struct sip_message *answer);
    void (*on_request)(struct actor *actor, const struct sip_message *request);
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

/* A request that is not REGISTER; what it points to is borrowed for the call. */
struct actor_request {
    enum sip_method method;
    struct slice uri;     /* "sip:user3@bench.test"; absent: one's own */
    struct slice to;      /* "<sip:user3@bench.test>;tag=1"; absent: the URI in angle brackets */
    struct slice call_id; /* absent: a new one */
    uint32_t cseq;
    const char *headers; /* "Event: presence\nExpires: 0\n"; NULL: none beyond Contact */
    struct slice content_type, body;
};

/* Send it, signed. Any number may be under way. */
void actor_ask(struct actor *actor, const struct actor_request *request);

/* Answer a request of the server's; body: SDP, or absent. */
void actor_answer(struct actor *actor, const struct sip_message *request, int status,
                  struct slice sdp);

/* "user17@bench.test", and the address of this one endpoint of his. */
struct slice actor_account(const struct actor *actor);
struct slice actor_gruu(const struct actor *actor, struct arena *arena);

#endif
