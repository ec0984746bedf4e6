/* Requests beyond REGISTER on the signed connection: several at once, each answer given to
 * whoever asked, and dialogs ("legs") as one side keeps them. */
#ifndef LYCHGATE_CLIENT_TALK_PRIV_H
#define LYCHGATE_CLIENT_TALK_PRIV_H

#include "client/signin_priv.h"
#include "sip/reply.h"

enum {
    LEG_ROUTES_MAX = 8,
    LEG_TEXT_MAX = 8 * 1024 /* bytes of all that a peer makes us keep of a dialog */
};

/* The final answer to a request of ours; NULL: none came in time, or the connection ended. */
typedef void talk_answer_fn(struct lychgate *gate, void *arg, const struct sip_message *answer);

/* A request outside of dialogs: From and To ourselves with a new tag and Call-ID, CSeq 1,
 * User-Agent; the rest is the caller's. */
struct sip_request talk_request(struct lychgate *gate, struct arena *arena, enum sip_method method,
                                struct slice uri);

/* Our Contact in it: our GRUU, or else our address on this connection. */
void talk_contact(struct lychgate *gate, struct sip_request *request);

/* Sign and send it. `fn` is called once, unless this fails. */
int talk_ask(struct lychgate *gate, const struct sip_request *request, talk_answer_fn *fn,
             void *arg, struct fault *fault);

/* Ask, and wait for the final answer, whatever it is; it lives in the request's arena. -ERR_IO
 * (CONNECTION_TIMEOUT, CONNECTION_LOST), -ERR_CONFLICT (STOPPED). */
int talk_exchange(struct lychgate *gate, const struct sip_request *request,
                  struct sip_message *answer, struct fault *fault);

/* Sign and send what has no answer: ACK. */
int talk_tell(struct lychgate *gate, const struct sip_request *request, struct fault *fault);

/* Sign and send the answer to a request of the server's. */
int talk_reply(struct lychgate *gate, const struct sip_message *request,
               const struct sip_reply *reply, struct fault *fault);

/* Was it signed by the server? What is not did not come from it, and is told as odd. Only
 * provisional answers and 401 may come unsigned ([MS-SIPAE] section 3.2.5.2). */
bool talk_is_genuine(struct lychgate *gate, const struct sip_message *message);

/* Take a message: a response goes to whoever asked, a request to dialogue_request(). */
int talk_take(struct lychgate *gate, const struct sip_message *message, struct fault *fault);

/* Take what comes until *done (may be NULL) or the time. 0: done. -ERR_AGAIN: time is over. */
int talk_pump(struct lychgate *gate, int64_t until, const bool *done, struct fault *fault);

/* The same for as long as an answer may take: -ERR_IO (CONNECTION_TIMEOUT) when it does
 * not come, -ERR_CONFLICT (STOPPED) after lychgate_stop(). On failure nobody waits any more:
 * talk_end() was called. */
int talk_await(struct lychgate *gate, const bool *done, struct fault *fault);

/* Whoever waits for an answer hears that there is none. */
void talk_end(struct lychgate *gate);

/* ---- legs -------------------------------------------------------------------------------- */

/* One dialog; strings live in its arena. */
struct leg {
    struct arena *arena;
    struct slice call_id;
    struct slice local, local_tag;   /* our From, whole; its tag */
    struct slice remote, remote_tag; /* our To, whole; its tag, empty before the first answer */
    struct slice target;             /* our Request-URI */
    struct slice routes[LEG_ROUTES_MAX];
    size_t route_count;
    uint32_t cseq, remote_cseq;
};

/* A dialog that we begin, with that URI. */
void leg_begin(struct lychgate *gate, struct leg *leg, struct slice uri);

/* A dialog that a request begins. -ERR_MALFORMED, -ERR_LIMIT (SIP_MALFORMED). */
int leg_accept(struct lychgate *gate, struct leg *leg, const struct sip_message *request,
               struct fault *fault);

/* A 2xx came to what began it: remote tag, target, routes. Errors as above. */
int leg_confirm(struct leg *leg, const struct sip_message *answer, struct fault *fault);

/* Is the request of that dialog? */
bool leg_is_of(const struct leg *leg, const struct sip_message *request);

/* The next request in it. */
struct sip_request leg_request(struct lychgate *gate, struct leg *leg, struct arena *arena,
                               enum sip_method method);

void leg_end(struct leg *leg);

#endif
