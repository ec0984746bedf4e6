/* The proxy as a whole; what responses, lost connections and time do to it. */
#include "im/im_priv.h"

#include "base/memory.h"
#include "event/event.h"
#include "sip/forward.h"

#include <stdlib.h>

static const struct im_options usual = {
    .answer_ms = 32000,
    .ring_ms = 180000,
    .call_ms = 600000,
    .cancel_ms = 2000,
    .late_ms = 32000,
    .calls_max = 20000,
    .caller_calls_max = 200,
};

struct im *im_new(const struct im_options *options)
{
    struct im *im = must_calloc(1, sizeof *im);
    struct im_options *o = &im->options;
    *o = *options;
    o->answer_ms = o->answer_ms ? o->answer_ms : usual.answer_ms;
    o->ring_ms = o->ring_ms ? o->ring_ms : usual.ring_ms;
    o->call_ms = o->call_ms ? o->call_ms : usual.call_ms;
    o->cancel_ms = o->cancel_ms ? o->cancel_ms : usual.cancel_ms;
    o->late_ms = o->late_ms ? o->late_ms : usual.late_ms;
    o->calls_max = o->calls_max ? o->calls_max : usual.calls_max;
    o->caller_calls_max = o->caller_calls_max ? o->caller_calls_max : usual.caller_calls_max;
    return im;
}

void im_free(struct im *im)
{
    if (!im)
        return;
    while (im->count > 0)
        im_call_end(im, im->heap[im->count - 1]);
    free(im->heap);
    free(im);
}

size_t im_count(const struct im *im)
{
    return im->count;
}

/* ---- responses ---------------------------------------------------------------------------- */

typedef void hear_fn(struct im *im, struct im_branch *branch, const struct sip_message *response,
                     int64_t now, struct outgoing_list *out);

static void ring(struct im *im, struct im_branch *branch, int64_t now)
{
    int64_t end = branch->call->began + im->options.call_ms;
    branch->state = IM_RINGING;
    branch->due = now + im->options.ring_ms < end ? now + im->options.ring_ms : end;
    im_call_touch(im, branch->call);
}

/* 100 is for us: it says that the branch lives. */
static void hear_trying(struct im *im, struct im_branch *branch, const struct sip_message *response,
                        int64_t now, struct outgoing_list *out)
{
    (void)response;
    (void)out;
    if (branch->state == IM_WAITING && branch->call->method == SIP_INVITE)
        ring(im, branch, now);
}

static void hear_ringing(struct im *im, struct im_branch *branch,
                         const struct sip_message *response, int64_t now, struct outgoing_list *out)
{
    if (branch->call->method == SIP_INVITE)
        ring(im, branch, now);
    im_relay(branch->call, response, out);
}

static void hear_refusal(struct im *im, struct im_branch *branch,
                         const struct sip_message *response, int64_t now, struct outgoing_list *out)
{
    if (branch->call->method == SIP_INVITE)
        im_send_ack(im, branch, response, out);
    im_failed(im, branch, response->status, response, IM_OVER, now, out);
}

/* It was accepted while our CANCEL was on its way. When another endpoint's 6xx was the
 * reason for that, it counts (section 16.7 point 5); when the caller was, he does not
 * want it any more. */
static void hear_crossed(struct im *im, struct im_branch *branch,
                         const struct sip_message *response, int64_t now, struct outgoing_list *out)
{
    if (!branch->call->cancelled) {
        im_won(im, branch, response, now, out);
        return;
    }
    im_dispose(im, branch, response, out);
    im_failed(im, branch, 487, NULL, IM_OVER, now, out);
}

static void hear_late_success(struct im *im, struct im_branch *branch,
                              const struct sip_message *response, int64_t now,
                              struct outgoing_list *out)
{
    (void)now;
    branch->state = IM_OVER;
    im_dispose(im, branch, response, out);
}

static void hear_late_refusal(struct im *im, struct im_branch *branch,
                              const struct sip_message *response, int64_t now,
                              struct outgoing_list *out)
{
    (void)now;
    branch->state = IM_OVER;
    im_send_ack(im, branch, response, out);
}

/* 100, 101 to 199, 2xx, the rest. What is not there is not listened to. */
enum kind {
    TRYING,
    RINGING,
    SUCCESS,
    REFUSAL,
    KINDS
};

static hear_fn *const hear[][KINDS] = {
    [IM_WAITING] = {hear_trying, hear_ringing, im_won, hear_refusal},
    [IM_RINGING] = {hear_trying, hear_ringing, im_won, hear_refusal},
    [IM_CANCELLED] = {[SUCCESS] = hear_crossed, [REFUSAL] = hear_refusal},
    [IM_LATE] = {[SUCCESS] = hear_late_success, [REFUSAL] = hear_late_refusal},
    [IM_OVER] = {NULL},
};

static enum kind kind_of(int status)
{
    return status == 100 ? TRYING : status < 200 ? RINGING : status < 300 ? SUCCESS : REFUSAL;
}

/* The caller knows his call by these. An answer to our CANCEL has the same branch, but
 * another method. */
static bool belongs(const struct im_branch *branch, const struct sip_message *response)
{
    const struct im_call *call = branch->call;
    struct sip_address to, from;
    return response->method == call->method && response->cseq == call->cseq &&
           slice_eq(response->method_text, call->method_text) &&
           slice_eq(response->call_id, call->call_id) &&
           sip_address_parse(branch->to, "To", &to, NULL) == 0 &&
           sip_address_parse(call->from, "From", &from, NULL) == 0 &&
           (slice_eq(to.uri.text, response->to.uri.text) ||
            sip_uri_same_aor(&to.uri, &response->to.uri)) &&
           slice_eq(from.tag, response->from.tag) &&
           (slice_absent(to.tag) || slice_eq(to.tag, response->to.tag));
}

void im_response(struct im *im, const struct sip_message *response,
                 const struct registrar_caller *from, int64_t now, struct outgoing_list *out)
{
    struct im_branch *branch = im_branch_find(im, response->via.branch);
    if (!branch)
        return;
    if (!flow_eq(branch->flow, from->flow) ||
        (!slice_absent(from->account) && !slice_eq(branch->account, from->account))) {
        event_emit(EVENT_NOTICE, "im.foreign_answer", FINDING_NONE,
                   EVENT_SLICE("user", from->account), EVENT_SLICE("for", branch->account),
                   EVENT_END);
        return;
    }
    hear_fn *fn = hear[branch->state][kind_of(response->status)];
    if (fn && belongs(branch, response) && sip_forward_possible(response))
        fn(im, branch, response, now, out);
}

/* ---- connections that end -------------------------------------------------------------------- */

static void lose_caller(struct im *im, struct im_call *call, int64_t now, struct outgoing_list *out)
{
    im_call_leave_flow(im, call);
    if (call->answered)
        return;
    if (call->method != SIP_INVITE) {
        im_call_end(im, call);
        return;
    }
    call->cancelled = true;
    im_cancel(im, call, (struct slice){0}, now, out);
}

size_t im_flow_lost(struct im *im, struct flow flow, int64_t now, struct outgoing_list *out)
{
    size_t touched = 0;
    const struct im_flow *lost;
    for (; (lost = im_flow_find(im, flow)) && lost->calls; touched++)
        lose_caller(im, lost->calls, now, out);
    for (; (lost = im_flow_find(im, flow)); touched++) {
        struct im_branch *branch = lost->branches;
        im_branch_leave_flow(im, branch);
        if (branch->state == IM_LATE)
            branch->state = IM_OVER;
        else if (branch->state != IM_OVER)
            im_failed(im, branch, 480, NULL, IM_OVER, now, out);
    }
    return touched;
}

/* ---- time ---------------------------------------------------------------------------------------
 */

/* Nothing was heard in time, or nothing final. An endpoint that may still be ringing is
 * told to stop; without a provisional answer too, since the order of a TLS connection
 * has it see the INVITE first. */
static void give_up(struct im *im, struct im_branch *branch, int64_t now, struct outgoing_list *out)
{
    bool invite = branch->call->method == SIP_INVITE;
    if (branch->state == IM_CANCELLED) {
        im_failed(im, branch, 487, NULL, IM_LATE, now, out);
        return;
    }
    if (invite)
        im_send_cancel(im, branch, (struct slice){0}, out);
    im_failed(im, branch, 408, NULL, invite ? IM_LATE : IM_OVER, now, out);
}

static void expire_call(struct im *im, struct im_call *call, int64_t now, struct outgoing_list *out)
{
    if (call->answered) {
        im_call_end(im, call);
        return;
    }
    for (size_t i = 0; i < call->branch_count; i++) {
        struct im_branch *branch = &call->branches[i];
        bool last = call->open == 1;
        if (branch->due > now)
            continue;
        give_up(im, branch, now, out);
        if (last)
            return; /* the call may be gone */
    }
}

int64_t im_expire(struct im *im, int64_t now, struct outgoing_list *out)
{
    while (im->count > 0 && im->heap[0]->due <= now)
        expire_call(im, im->heap[0], now, out);
    return im->count > 0 ? im->heap[0]->due : INT64_MAX;
}
