/* The inside of the room: calls (server transactions), their branches (client
 * transactions), and the ways to find them. */
#ifndef LYCHGATE_IM_IM_PRIV_H
#define LYCHGATE_IM_IM_PRIV_H

#include "im/im.h"
#include "sip/print.h"

#include <uthash.h>

enum {
    IM_BRANCHES_MAX = 64 /* as many as the registrar lets a user have endpoints */
};

enum im_branch_state {
    IM_WAITING,   /* sent, nothing heard */
    IM_RINGING,   /* a provisional response came */
    IM_CANCELLED, /* CANCEL sent, still waited for */
    IM_LATE,      /* counted as answered; a 200 that comes now is disposed of */
    IM_OVER,      /* answered, nothing more is expected */
};

/* A copy of the request at one endpoint. In its call's arena. */
struct im_branch {
    struct im_call *call;
    struct slice id; /* the key */
    UT_hash_handle hh;
    enum im_branch_state state;
    int64_t due; /* INT64_MAX: the branch waits for nothing */
    struct flow flow;
    struct slice account, epid, instance, uri;
    struct slice to; /* value as sent */
    struct im_flow *on;
    struct im_branch *flow_prev, *flow_next;
};

/* A request in work, or an INVITE that was answered lately. Owns its arena. */
struct im_call {
    struct arena *arena;
    struct slice key;
    UT_hash_handle hh;
    struct slice head; /* what an answer echoes of the request, as a message */
    enum sip_method method;
    struct slice method_text, from, call_id; /* in head */
    uint32_t cseq;
    int64_t began;
    bool answered;  /* the caller has his final answer; only an INVITE stays then */
    bool accepted;  /* and it was a 2xx */
    bool cancelled; /* the caller took it back */

    struct flow flow; /* of the caller */
    struct slice account, epid, instance;
    struct im_flow *on; /* NULL: the caller's connection is gone */
    struct im_call *flow_prev, *flow_next;
    struct im_caller *caller;

    struct im_branch *branches;
    size_t branch_count, open; /* open: without a final answer */
    int best;                  /* status of the best refusal, 0: none */
    struct slice best_bytes;   /* absent: a refusal of ours */

    int64_t due; /* when something is to be done */
    size_t heap_at;
};

/* A connection with branches or callers. */
struct im_flow {
    struct flow flow; /* the key */
    UT_hash_handle hh;
    struct im_branch *branches;
    struct im_call *calls;
};

/* An account with calls. */
struct im_caller {
    UT_hash_handle hh;
    size_t calls, len;
    char account[]; /* the key */
};

struct im {
    struct im_options options;
    struct im_call *calls;
    struct im_branch *branches;
    struct im_flow *flows;
    struct im_caller *callers;
    struct im_call **heap; /* the one that is due first on top */
    size_t count, room;
};

/* ---- calls.c ---- */

struct slice im_call_key(struct arena *arena, const struct sip_message *request,
                         const struct registrar_caller *caller, struct slice method);
struct im_call *im_call_find(const struct im *im, struct slice key);
size_t im_calls_of(const struct im *im, struct slice account);
struct im_call *im_call_new(struct im *im, const struct sip_message *request,
                            const struct registrar_caller *caller, size_t branches, int64_t now);
void im_call_end(struct im *im, struct im_call *call);

/* The times in it have changed. */
void im_call_touch(struct im *im, struct im_call *call);

struct im_branch *im_branch_add(struct im *im, struct im_call *call,
                                const struct endpoint *endpoint, int64_t due);
struct im_branch *im_branch_find(const struct im *im, struct slice id);
struct slice im_branch_new_id(const struct im *im, struct arena *arena);
void im_branch_leave_flow(struct im *im, struct im_branch *branch);
void im_call_leave_flow(struct im *im, struct im_call *call);
struct im_flow *im_flow_find(const struct im *im, struct flow flow);

/* ---- send.c ---- */

struct slice im_via(const struct im *im, struct arena *arena, struct slice branch);

/* A message for whoever is at the flow; all strings are copied to the list's arena. */
void im_send(struct outgoing_list *out, struct sip_out *message, struct flow flow,
             struct slice account, struct slice epid, struct slice instance);
void im_send_caller(struct outgoing_list *out, const struct im_call *call, struct sip_out *message);

/* CANCEL a branch; reason: value of Reason, absent: none. */
void im_send_cancel(const struct im *im, const struct im_branch *branch, struct slice reason,
                    struct outgoing_list *out);

/* ACK a refusal, in the branch's transaction. */
void im_send_ack(const struct im *im, const struct im_branch *branch,
                 const struct sip_message *response, struct outgoing_list *out);

/* ACK a 200 that nobody wants, and end what it began. */
void im_dispose(const struct im *im, const struct im_branch *branch,
                const struct sip_message *response, struct outgoing_list *out);

/* ---- answer.c: what becomes of a branch, and of the call by it ---- */

/* Provisional response: on to the caller. */
void im_relay(const struct im_call *call, const struct sip_message *response,
              struct outgoing_list *out);

/* 2xx: the call is answered by this branch. May end the call. */
void im_won(struct im *im, struct im_branch *branch, const struct sip_message *response,
            int64_t now, struct outgoing_list *out);

/* The branch has failed with that status; response NULL: as we say. `state` is what it
 * is in afterwards. May end the call. */
void im_failed(struct im *im, struct im_branch *branch, int status,
               const struct sip_message *response, enum im_branch_state state, int64_t now,
               struct outgoing_list *out);

/* CANCEL all open branches of an INVITE. */
void im_cancel(struct im *im, struct im_call *call, struct slice reason, int64_t now,
               struct outgoing_list *out);

#endif
