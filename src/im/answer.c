/* What becomes of a branch, and by that of its call (RFC 3261 section 16.7). */
#include "event/event.h"
#include "im/im_priv.h"
#include "sip/forward.h"

/* ---- the caller's answer ------------------------------------------------------------------ */

/* What is kept of the request, as a message again; in the exchange's arena. */
static const struct sip_message *request_of(const struct im_call *call, struct arena *arena)
{
    struct sip_message *request = arena_new_of(arena, struct sip_message);
    struct fault fault;
    if (sip_parse(request, arena_copy(arena, call->head), &fault) < 0)
        event_emit(EVENT_ERROR, "im.head", FINDING_INTERNAL, EVENT_FAULT(&fault), EVENT_END);
    return request;
}

static void forward(const struct im_call *call, const struct sip_message *response,
                    struct outgoing_list *out)
{
    struct sip_out *message = arena_new_of(out->arena, struct sip_out);
    if (sip_forward_response(message, out->arena, response) == 0)
        im_send_caller(out, call, message);
}

static enum finding finding_of(int status)
{
    switch (status) {
    case 408:
        return FINDING_IM_TIMEOUT;
    case 480:
        return FINDING_IM_NOT_THERE;
    case 487:
        return FINDING_IM_CANCELLED;
    default:
        return FINDING_IM_BAD_ANSWER;
    }
}

/* A refusal that no endpoint has worded. */
static void refuse(const struct im *im, const struct im_call *call, struct outgoing_list *out)
{
    const struct sip_message *request = request_of(call, out->arena);
    struct sip_out *message = arena_new_of(out->arena, struct sip_out);
    struct sip_reply reply;
    struct fault fault;
    fault_set(&fault, ERR_EXPIRED, finding_of(call->best), "%.*s to %.*s",
              SLICE_ARG(slice_head(call->method_text, 32)),
              SLICE_ARG(slice_head(request->to.uri.text, 120)));
    event_emit(EVENT_INFO, "im.refused", fault.finding, EVENT_SLICE("user", call->account),
               EVENT_FAULT(&fault), EVENT_END);
    sip_reply_init(&reply, out->arena, call->best);
    sip_reply_fault(&reply, &fault, im->options.site->sip_host);
    sip_out_reply(message, out->arena, request, &reply, NULL);
    im_send_caller(out, call, message);
}

/* ---- the end of a call --------------------------------------------------------------------- */

/* Nobody will ask again: the caller's connection is gone, and so is all that may yet answer. */
static bool is_past(const struct im_call *call)
{
    for (size_t i = 0; i < call->branch_count; i++)
        if (call->branches[i].state != IM_OVER)
            return false;
    return !call->on;
}

/* The final answer is out. An INVITE stays: for the ACK of a refusal, for repetitions,
 * and for late 200s. */
static void answered(struct im *im, struct im_call *call, bool accepted, int64_t now)
{
    call->answered = true;
    call->accepted = accepted;
    call->due = now + im->options.late_ms;
    if (call->method == SIP_INVITE && (accepted || !is_past(call)))
        im_call_touch(im, call);
    else
        im_call_end(im, call);
}

static void end_refused(struct im *im, struct im_call *call, int64_t now, struct outgoing_list *out)
{
    if (slice_absent(call->best_bytes)) {
        refuse(im, call, out);
    } else {
        struct sip_message *response = arena_new_of(out->arena, struct sip_message);
        if (sip_parse(response, arena_copy(out->arena, call->best_bytes), NULL) == 0)
            forward(call, response, out);
    }
    answered(im, call, false, now);
}

/* Section 16.7 point 6, the lowest is the best: 6xx are final, then the lowest class;
 * in it first what the caller can do something about, last what only says that nobody
 * spoke. A caller who has taken it back expects 487. */
static int rank(const struct im_call *call, int status)
{
    if (call->cancelled && status == 487)
        return 0;
    switch (status) {
    case 415:
    case 420:
    case 484:
        return 400;
    case 480:
        return 497;
    case 487:
        return 498;
    case 408:
        return 499;
    default:
        return status >= 600 ? 1 : status / 100 * 100 + 1;
    }
}

/* ---- branches -----------------------------------------------------------------------------------
 */

static void settle(struct im_branch *branch, enum im_branch_state state)
{
    branch->state = state;
    branch->due = INT64_MAX;
    branch->call->open--;
}

static bool is_open(const struct im_branch *branch)
{
    return branch->state != IM_LATE && branch->state != IM_OVER;
}

void im_relay(const struct im_call *call, const struct sip_message *response,
              struct outgoing_list *out)
{
    if (!call->answered && !call->cancelled)
        forward(call, response, out);
}

void im_won(struct im *im, struct im_branch *branch, const struct sip_message *response,
            int64_t now, struct outgoing_list *out)
{
    struct im_call *call = branch->call;
    settle(branch, IM_OVER);
    forward(call, response, out);
    if (call->method == SIP_INVITE) {
        struct slice reason = arena_print(out->arena,
                                          "SIP;cause=200;text=\"Call completed elsewhere\";"
                                          "ms-acceptedby=\"sip:%.*s\"",
                                          SLICE_ARG(branch->account));
        for (size_t i = 0; i < call->branch_count; i++) {
            struct im_branch *other = &call->branches[i];
            if (!is_open(other))
                continue;
            if (other->state != IM_CANCELLED)
                im_send_cancel(im, other, reason, out);
            settle(other, IM_LATE);
        }
    }
    answered(im, call, true, now);
}

/* An endpoint may not challenge: SIPE answers a 401 again and again. 503 would say
 * that we are out of service (section 16.7 point 6). */
static bool is_servers_own(int status)
{
    return status == 401 || status == 407 || status == 503;
}

void im_failed(struct im *im, struct im_branch *branch, int status,
               const struct sip_message *response, enum im_branch_state state, int64_t now,
               struct outgoing_list *out)
{
    struct im_call *call = branch->call;
    settle(branch, state);
    if (is_servers_own(status)) {
        status = 500;
        response = NULL;
    }
    if (call->best == 0 || rank(call, status) < rank(call, call->best)) {
        call->best = status;
        call->best_bytes = response ? arena_copy(call->arena, response->bytes) : (struct slice){0};
    }
    if (status >= 600 && call->method == SIP_INVITE)
        im_cancel(im, call, (struct slice){0}, now, out);
    if (call->open > 0)
        im_call_touch(im, call);
    else
        end_refused(im, call, now, out);
}

void im_cancel(struct im *im, struct im_call *call, struct slice reason, int64_t now,
               struct outgoing_list *out)
{
    for (size_t i = 0; i < call->branch_count; i++) {
        struct im_branch *branch = &call->branches[i];
        if (!is_open(branch) || branch->state == IM_CANCELLED)
            continue;
        im_send_cancel(im, branch, reason, out);
        branch->state = IM_CANCELLED;
        branch->due = now + im->options.cancel_ms;
    }
    im_call_touch(im, call);
}
