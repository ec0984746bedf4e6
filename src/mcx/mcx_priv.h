/* The interior: sessions, and one request on its way through them. */
#ifndef LYCHGATE_MCX_MCX_PRIV_H
#define LYCHGATE_MCX_MCX_PRIV_H

#include "mcx/mcx.h"
#include "mcx/queue_priv.h"

#include <sys/queue.h>
#include <uthash.h>

/* A request that waits: for its PHONE_DONEs, or for something to be told. */
struct call {
    uint64_t tag;         /* of the phone's call, the first of `dones`; 0: waits for what is told */
    unsigned dones, left; /* PHONE_DONEs in all, and still to come */
    struct http_later *later;
    struct mcx_response response; /* what is said when all is well */
    LIST_ENTRY(call) next;
};

/* Somebody whose presence the phone was asked for. */
struct watched {
    UT_hash_handle hh;
    bool listed; /* still a contact */
    char address[];
};

struct session {
    struct mcx *mcx;
    struct phone *phone;
    struct arena *arena; /* of the strings */
    struct slice id, account, endpoint, user_agent, device;
    struct http_later *initiating; /* the InitiateSession that waits for the sign-in */
    struct http_later *poll;       /* held; NULL */
    int64_t poll_ack, poll_until;
    struct queue queue;
    uint64_t tags; /* the last one given */
    struct fault end;
    bool appear, over; /* to be done, once the phone has finished telling */
    bool wanted;       /* GetContacts was called: watch people, tell of them */
    bool listed;       /* the phone has told its contacts */
    bool watch;        /* they have changed since: ask for the presence of new ones */
    uint64_t watching; /* tag of the phone_watch() that GetContacts waits for; 0: none */
    struct watched *people;
    LIST_HEAD(, call) calls;
    LIST_ENTRY(session) next, sibling; /* all; of the same user */
    UT_hash_handle hh;                 /* by id */
    struct owner *owner;
};

struct mcx {
    struct mcx_options options;
    LIST_HEAD(, session) sessions;
    struct session *by_id;
    struct owner *owners; /* by account */
    size_t count;
    int64_t now; /* of the last call */
};

/* A request to a session. */
struct ask {
    struct session *session;
    struct http_later *later;
    const struct mcx_request *request;
    int64_t expires, now;
};

/* ---- roll.c: who is there ---- */

void mcx_enrol(struct session *session);
void mcx_strike(struct session *session);

/* By id; NULL: there is none. By user and endpoint, and how many the user has. */
struct session *mcx_session(const struct mcx *mcx, struct slice id);
struct session *mcx_session_of(const struct mcx *mcx, struct slice account, struct slice endpoint,
                               size_t *count_out);

/* ---- mcx.c ---- */

/* End it: the phone at once, everything that waits is answered by the fault. */
void mcx_end(struct session *session, const struct fault *fault);

/* ---- answer.c: each ends the request ---- */

void mcx_say(struct http_later *later, const struct mcx_response *response);
void mcx_say_fault(const struct mcx *mcx, struct http_later *later, const struct fault *fault);
void mcx_say_session(struct session *session);
struct mcx_pace mcx_pace_of(const struct session *session);

/* To a session that is there. */
void mcx_dispatch(struct ask *ask);

void mcx_call_free(struct call *call);
void mcx_call_done(struct session *session, uint64_t tag, const struct fault *fault);

/* Answer those who wait for settings, or for contacts and their presence. */
void mcx_calls_told(struct session *session);

/* ---- poll.c: what is told ---- */

void mcx_hear(struct session *session, const struct phone_news *news);

/* Answer the poll if there is something for it by now. */
void mcx_wake(struct session *session);
void mcx_answer_poll(struct ask *ask);

/* ---- people.c: whose presence is asked for ---- */

void mcx_watch_contacts(struct session *session);
void mcx_people_free(struct session *session);

#endif
