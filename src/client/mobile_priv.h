/* The mobile sign-in from within: its steps are rows of one table (mobile.c), numbered as the
 * article numbers them. Finding and tickets are the engine's (signin_priv.h). */
#ifndef LYCHGATE_CLIENT_MOBILE_PRIV_H
#define LYCHGATE_CLIENT_MOBILE_PRIV_H

#include "client/signin_priv.h"
#include "lychgate/mobile.h"
#include "mcx/wire.h"

enum {
    MOBILE_CHATS_MAX = 64
};

struct mobile_chat {
    int64_t id;
    enum phone_chat_state state;
    struct slice peer;
};

struct mobile {
    struct arena *own; /* lifetime of the object */
    struct lychgate_mobile_options with;
    struct slice endpoint, user_agent;
    const char *cache_folder; /* NULL: keep nothing */

    /* One sign-in; strings in gate->arena. */
    bool internal;        /* lyncdiscoverinternal led on */
    struct slice name;    /* the lyncdiscover name that is used */
    bool by_http;         /* https does not answer at it */
    struct slice tickets; /* URL of the web ticket service */
    struct slice service; /* URL of the mobility service */
    struct slice session;
    int64_t ack;
    int64_t stamp; /* of the last message, ms since the epoch */
    bool signed_in;

    /* What is known; strings in `told`, which is new with each GetContacts. */
    struct arena *told;
    struct lychgate_contact *contacts;
    size_t contact_count;

    struct arena *result; /* of summary and settings */
    struct lychgate_mobile_summary summary;
    struct lychgate_setting *settings;
    size_t setting_count;

    struct mobile_chat chats[MOBILE_CHATS_MAX]; /* those that have not ended */
    size_t chat_count;
};

/* ---- the steps ---------------------------------------------------------------------- */

typedef int mobile_step_fn(struct lychgate *gate, struct fault *fault);

mobile_step_fn mobile_credentials, mobile_inside, mobile_outside; /* mobile_find.c: 1 to 3 */
mobile_step_fn mobile_web_name, mobile_connect, mobile_http;      /* 4 to 6 */
mobile_step_fn mobile_root, mobile_user;                          /* 7, 8 */
mobile_step_fn mobile_authenticate;                               /* mobile_find.c: 9 */
mobile_step_fn mobile_initiate, mobile_verdict, mobile_provision; /* mobile_call.c: 10 to 12 */
mobile_step_fn mobile_push_or_pull, mobile_contacts;              /* 13, 14 */

/* ---- mobile.c ------------------------------------------------------------------------ */

/* End the session at the server, and say so. */
int mobile_end(struct lychgate *gate, struct fault *fault);

/* ---- mobile_call.c -------------------------------------------------------------------- */

/* One operation, as a step of its own (NULL: untold unless it fails); the answer is gate->arena's
 * or the given one's. Gets a new ticket when the old one ends. */
struct mobile_call {
    const char *step;
    struct mcx_request *request; /* the session is put in */
    struct arena *arena;
    int wait_ms;    /* how much longer than others it may take */
    bool stoppable; /* by lychgate_stop() */
};
int mobile_call(struct lychgate *gate, const struct mobile_call *call, struct mcx_response *out,
                struct fault *fault);

/* ---- mobile_events.c --------------------------------------------------------------------- */

/* Read contacts and cards anew into `told`. */
int mobile_read_contacts(struct lychgate *gate, const char *step, struct fault *fault);

/* One poll: 1, something was told; 0; negative. */
int mobile_poll(struct lychgate *gate, const char *step, int seconds, struct fault *fault);

/* The chat with that person that goes on; NULL: none. */
const struct mobile_chat *mobile_chat_with(const struct mobile *mobile, struct slice address);

#endif
