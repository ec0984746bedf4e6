/* Messages between endpoints: the stateful SIP proxy (RFC 3261 sections 16 and 17).
 * One struct im a home loop; it holds the transactions whose callee is at home there
 * and is touched by that loop only. No socket, no clock.
 *
 * What the server calls:
 *   1. A verified request for which im_takes() holds, on the line's loop:
 *      im_target() reads who is meant; on failure answer with sip_reply_fault().
 *      Take the request to the home of target.account.
 *   2. There: look up whether the account exists and whether the caller is blocked
 *      (presence container 32000) -> reach; gather the account's endpoints with
 *      registrar_next(), all of them, the room picks; im_request(). Send the reply
 *      unless no_answer, then what is in *out, in order.
 *   3. A verified response: im_branch_home(top Via branch) says at which home; there
 *      im_response(). False: the answer to a notification of ours.
 *   4. A connection ended: im_flow_lost() at every home, as registrar_flow_lost().
 *   5. After each of these, and when the time has come: im_expire(), which says when
 *      to call it next. A timer that is set already may only have to become earlier.
 * A message in *out is a `forwarded` one, for the endpoint or the caller at
 * outgoing->flow; a flow that is gone swallows it, and im_flow_lost() tells us. */
#ifndef LYCHGATE_IM_IM_H
#define LYCHGATE_IM_IM_H

#include "registrar/registrar.h"
#include "sip/message.h"
#include "sip/reply.h"
#include "site/site.h"

struct im;

/* Times in ms, 0: the usual one. */
struct im_options {
    const struct site *site; /* borrowed */
    uint32_t home;           /* number of this loop: goes into branches */
    int64_t answer_ms;       /* for a final answer, INVITE: for any answer; 32000 */
    int64_t ring_ms;         /* INVITE: after each 101..199, timer C; 180000 */
    int64_t call_ms;         /* INVITE: in all; 600000 */
    int64_t cancel_ms;       /* for the answer of a cancelled branch; 2000 */
    int64_t late_ms;         /* a late 200 of a branch is disposed of; 32000 */
    size_t calls_max;        /* transactions in all; 20000 */
    size_t caller_calls_max; /* of one account; 200 */
};

struct im *im_new(const struct im_options *options);
void im_free(struct im *im);

/* Is it a method that is passed on to another user? OPTIONS only when its Request-URI
 * names a user. Not: REGISTER, SUBSCRIBE, SERVICE, PUBLISH, NEGOTIATE, BENOTIFY. */
bool im_takes(const struct sip_message *request);

/* Who is meant. */
struct im_target {
    struct slice account; /* "bob@contoso.test", in the arena */
    bool one;             /* only the endpoint below */
    struct guid instance; /* of the GRUU; all zero: known by epid only */
    struct slice epid;
};

/* From the Request-URI: a GRUU names one endpoint, an address of record all. Within a
 * dialog (To has a tag) the epid of To picks the one; To also stands in for a
 * Request-URI that names no user of ours (the Contact of a client without GRUU).
 * Returns 0, or a negative enum err with IM_NO_SUCH_ADDRESS (another domain, no SIP
 * URI, a service such as voice mail) or SIP_MALFORMED. */
int im_target(const struct site *site, const struct sip_message *request, struct arena *arena,
              struct im_target *target, struct fault *fault);

enum im_reach {
    IM_REACHABLE,
    IM_UNKNOWN, /* no such account: 404 */
    IM_BLOCKED, /* by the callee: as if he were not signed in */
};

struct im_request {
    const struct sip_message *request;
    const struct registrar_caller *caller; /* who sent it; verified */
    const struct im_target *target;
    enum im_reach reach;
    const struct endpoint *const *endpoints; /* of target->account, in any order */
    size_t endpoint_count;
};

/* Pass a request on. *reply (from sip_reply_init(), which may outlive *out) is what to answer now:
 * 100 for INVITE, 200 for CANCEL, a refusal, or nothing (no_answer); all later answers come in
 * *out. Returns 0, or a negative enum err with reply->fault and
 *   CLAIM_MISMATCH      From is not the caller
 *   SIP_TOO_MANY_HOPS   Max-Forwards is 0
 *   SIP_EXTENSION       Proxy-Require names what we do not do (with Unsupported)
 *   IM_NO_SUCH_USER     404
 *   IM_NOT_THERE        480: nobody signed in, not at that endpoint, or blocked
 *   IM_TOO_MANY         503: limits
 *   IM_EVENT            489: NOTIFY of what only the server tells (all but refer)
 *   IM_NO_TRANSACTION   481: CANCEL of nothing
 *   SIP_METHOD          405: im_takes() does not hold
 * Cost: a few hash look-ups and one copy a branch; transactions are never walked. */
int im_request(struct im *im, const struct im_request *ask, int64_t now, struct sip_reply *reply,
               struct outgoing_list *out);

/* The home at which a branch is waited for; false: none of ours. */
bool im_branch_home(struct slice branch, uint32_t *home_out);

/* An endpoint's response. `from` must be the endpoint that was asked, on the same
 * connection (from->account absent: the connection
 * speaks for all its endpoints); everything else is dropped: unknown or guessed branch, other
 * Call-ID or CSeq, answers to our CANCEL and BYE. */
void im_response(struct im *im, const struct sip_message *response,
                 const struct registrar_caller *from, int64_t now, struct outgoing_list *out);

/* A connection has ended: branches to it count as 480, what was asked over it is
 * cancelled. Returns how many transactions this touched. */
size_t im_flow_lost(struct im *im, struct flow flow, int64_t now, struct outgoing_list *out);

/* Do what is due; returns when to call again (ms), INT64_MAX: nothing waits. */
int64_t im_expire(struct im *im, int64_t now, struct outgoing_list *out);

/* Transactions that are kept, answered INVITEs included. */
size_t im_count(const struct im *im);

#endif
