/* A request comes in (RFC 3261 sections 16.3 to 16.6). */
#include "event/event.h"
#include "im/im_priv.h"
#include "sip/forward.h"

/* ---- may it pass -------------------------------------------------------------------------- */

static int check_from(const struct im_request *ask, struct arena *arena, struct fault *fault)
{
    struct slice aor, account = ask->caller->account;
    if (sip_uri_aor(arena, &ask->request->from.uri, &aor, fault) == 0 &&
        slice_eq_nocase(slice_from(aor, sizeof "sip:" - 1), account))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH, "From %.*s, signed in as %.*s",
                     SLICE_ARG(slice_head(ask->request->from.uri.text, 80)),
                     SLICE_ARG(slice_head(account, 80)));
}

/* The option tags that Proxy-Require names and we do not know: "a, b". ms-benotify is for
 * subscriptions, but clients that always name it must not fail by it. */
static struct slice unsupported(const struct sip_message *request, struct arena *arena)
{
    struct slice unknown = {0};
    const struct sip_header *header = sip_header(request, SIP_HEADER_PROXY_REQUIRE);
    for (; header; header = sip_header_next(request, header)) {
        struct slice rest = header->value, tag;
        while (slice_next(&rest, ',', &tag))
            if (!slice_eq_nocase(tag, SLICE("ms-benotify")))
                unknown = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(unknown),
                                      slice_empty(unknown) ? "" : ", ", SLICE_ARG(tag));
    }
    return unknown;
}

/* SIPE believes any NOTIFY: a user could sign others out (registration-notify) or
 * forge the presence of third ones. Of these only REFER's is between users. */
static int check_event(const struct sip_message *request, struct fault *fault)
{
    struct slice event = sip_value_word(request, SIP_HEADER_EVENT);
    if (request->method != SIP_NOTIFY || slice_eq_nocase(event, SLICE("refer")))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_IM_EVENT, "Event: %.*s",
                     SLICE_ARG(slice_head(event, 80)));
}

/* Who blocks may not be told from who is not there: same finding, same detail. What ends
 * a session passes all the same. */
static int check_reach(const struct im_request *ask, struct fault *fault)
{
    enum sip_method method = ask->request->method;
    struct slice account = slice_head(ask->target->account, 120);
    if (ask->reach == IM_UNKNOWN)
        return fault_set(fault, ERR_UNKNOWN, FINDING_IM_NO_SUCH_USER, "%.*s", SLICE_ARG(account));
    if (ask->reach == IM_BLOCKED && method != SIP_BYE && method != SIP_ACK) {
        event_emit(EVENT_DEBUG, "im.blocked", FINDING_NONE,
                   EVENT_SLICE("user", ask->caller->account), EVENT_SLICE("by", account),
                   EVENT_END);
        return fault_set(fault, ERR_UNKNOWN, FINDING_IM_NOT_THERE, "%.*s", SLICE_ARG(account));
    }
    return 0;
}

static int check(const struct im_request *ask, struct arena *arena, struct slice *unknown,
                 struct fault *fault)
{
    int err = check_from(ask, arena, fault);
    if (err < 0 || ask->request->method == SIP_CANCEL) /* CANCEL goes no further than here */
        return err;
    if (!im_takes(ask->request))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SIP_METHOD, "%.*s",
                         SLICE_ARG(slice_head(ask->request->method_text, 32)));
    if (ask->request->max_forwards == 0)
        return fault_set(fault, ERR_DENIED, FINDING_SIP_TOO_MANY_HOPS, "Max-Forwards is 0");
    *unknown = unsupported(ask->request, arena);
    if (!slice_empty(*unknown))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SIP_EXTENSION, "Proxy-Require: %.*s",
                         SLICE_ARG(slice_head(*unknown, 100)));
    err = check_event(ask->request, fault);
    return err < 0 ? err : check_reach(ask, fault);
}

/* ---- to whom ------------------------------------------------------------------------------ */

static bool is_meant(const struct im_target *target, const struct endpoint *endpoint)
{
    static const struct guid none;
    if (!target->one)
        return true;
    if (!guid_eq(&target->instance, &none))
        return guid_eq(&target->instance, &endpoint->instance);
    return slice_eq_nocase(target->epid, endpoint->epid);
}

static bool is_caller(const struct registrar_caller *caller, const struct endpoint *endpoint)
{
    if (!flow_eq(caller->flow, endpoint->flow) || !slice_eq(caller->account, endpoint->account))
        return false;
    return slice_empty(caller->epid) || slice_empty(endpoint->epid) ||
           slice_eq(caller->epid, endpoint->epid);
}

struct chosen {
    const struct endpoint *endpoints[IM_BRANCHES_MAX];
    size_t count;
};

/* Who writes to himself reaches his other endpoints; the one he writes from only when
 * it is all there is. */
static void choose(const struct im_request *ask, struct chosen *chosen)
{
    const struct endpoint *self = NULL;
    chosen->count = 0;
    for (size_t i = 0; i < ask->endpoint_count; i++) {
        const struct endpoint *endpoint = ask->endpoints[i];
        if (!is_meant(ask->target, endpoint))
            continue;
        if (is_caller(ask->caller, endpoint))
            self = endpoint;
        else if (chosen->count < IM_BRANCHES_MAX)
            chosen->endpoints[chosen->count++] = endpoint;
        else
            event_emit(EVENT_NOTICE, "im.branches", FINDING_IM_TOO_MANY,
                       EVENT_SLICE("user", endpoint->account), EVENT_SLICE("epid", endpoint->epid),
                       EVENT_END);
    }
    if (chosen->count == 0 && self)
        chosen->endpoints[chosen->count++] = self;
}

/* ---- on its way ------------------------------------------------------------------------------ */

/* One copy. Section 16.6: the Contact is the Request-URI; From is what was verified. */
static struct sip_out *forward(const struct im *im, const struct im_request *ask,
                               const struct endpoint *to, struct slice branch, struct arena *arena)
{
    const struct site *site = im->options.site;
    enum sip_method method = ask->request->method;
    struct sip_out *message = arena_new_of(arena, struct sip_out);
    struct sip_forwarding how = {
        .uri = slice_empty(to->contact) ? ask->request->uri.text : arena_copy(arena, to->contact),
        .via = im_via(im, arena, branch),
        .own_hosts = {site->sip_host, site->sip_external_host},
        .identity = arena_print(arena, "<sip:%.*s>", SLICE_ARG(ask->caller->account)),
        .to_epid = arena_copy(arena, to->epid),
    };
    if (method == SIP_INVITE || method == SIP_REFER)
        how.record_route = arena_print(arena, "<sip:%.*s:%u;transport=tls;lr>",
                                       SLICE_ARG(site->sip_host), site->sip_port);
    sip_forward_request(message, arena, ask->request, &how);
    return message;
}

static void send_branch(struct im *im, const struct im_request *ask, struct im_call *call,
                        const struct endpoint *to, int64_t now, struct outgoing_list *out)
{
    struct im_branch *branch = im_branch_add(im, call, to, now + im->options.answer_ms);
    struct sip_out *message = forward(im, ask, to, branch->id, out->arena);
    branch->to = arena_copy(call->arena, message->to);
    if (slice_empty(branch->uri))
        branch->uri = arena_copy(call->arena, ask->request->uri.text);
    im_send(out, message, branch->flow, branch->account, branch->epid, branch->instance);
}

static int check_limits(const struct im *im, struct slice account, struct fault *fault)
{
    size_t his = im_calls_of(im, account);
    if (his >= im->options.caller_calls_max)
        return fault_set(fault, ERR_LIMIT, FINDING_IM_TOO_MANY, "%zu of %.*s", his,
                         SLICE_ARG(slice_head(account, 120)));
    if (im->count >= im->options.calls_max)
        return fault_set(fault, ERR_LIMIT, FINDING_IM_TOO_MANY, "%zu in all", im->count);
    return 0;
}

static int pass_on(struct im *im, const struct im_request *ask, int64_t now,
                   struct sip_reply *reply, struct outgoing_list *out, struct fault *fault)
{
    const struct sip_message *request = ask->request;
    struct chosen chosen;
    struct slice key = im_call_key(out->arena, request, ask->caller, request->method_text);
    reply->no_answer = true;
    if (im_call_find(im, key))
        return 0; /* it is in work, and does not fork again */
    reply->no_answer = false;
    choose(ask, &chosen);
    if (chosen.count == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_IM_NOT_THERE, "%.*s",
                         SLICE_ARG(slice_head(ask->target->account, 120)));
    int err = check_limits(im, ask->caller->account, fault);
    if (err < 0)
        return err;
    struct im_call *call = im_call_new(im, request, ask->caller, chosen.count, now);
    for (size_t i = 0; i < chosen.count; i++)
        send_branch(im, ask, call, chosen.endpoints[i], now, out);
    im_call_touch(im, call);
    if (request->method == SIP_INVITE)
        reply->status = 100;
    else
        reply->no_answer = true;
    return 0;
}

/* ---- ACK, CANCEL -------------------------------------------------------------------------------
 */

/* The ACK of a refusal ends here, as the refusal came from here; that of a 200 goes to
 * whom the dialog names. */
static int pass_ack(struct im *im, const struct im_request *ask, int64_t now,
                    struct sip_reply *reply, struct outgoing_list *out, struct fault *fault)
{
    struct slice key = im_call_key(out->arena, ask->request, ask->caller, SLICE("INVITE"));
    const struct im_call *call = im_call_find(im, key);
    struct chosen chosen;
    (void)now;
    (void)reply;
    (void)fault;
    if (call && !call->accepted)
        return 0;
    choose(ask, &chosen);
    for (size_t i = 0; i < chosen.count; i++) {
        const struct endpoint *to = chosen.endpoints[i];
        struct sip_out *message =
            forward(im, ask, to, im_branch_new_id(im, out->arena), out->arena);
        im_send(out, message, to->flow, to->account, to->epid,
                guid_print(out->arena, &to->instance));
    }
    return 0;
}

static int take_back(struct im *im, const struct im_request *ask, int64_t now,
                     struct sip_reply *reply, struct outgoing_list *out, struct fault *fault)
{
    struct slice key = im_call_key(out->arena, ask->request, ask->caller, SLICE("INVITE"));
    struct im_call *call = im_call_find(im, key);
    (void)reply;
    if (!call)
        return fault_set(fault, ERR_UNKNOWN, FINDING_IM_NO_TRANSACTION, "CSeq %.*s",
                         SLICE_ARG(slice_head(ask->request->cseq_text, 40)));
    if (!call->answered && !call->cancelled) {
        call->cancelled = true;
        im_cancel(im, call, sip_value(ask->request, SIP_HEADER_REASON), now, out);
    }
    return 0;
}

/* ---- the way in
 * ----------------------------------------------------------------------------------- */

typedef int arrive_fn(struct im *im, const struct im_request *ask, int64_t now,
                      struct sip_reply *reply, struct outgoing_list *out, struct fault *fault);

static arrive_fn *const arrive[SIP_METHOD_COUNT] = {[SIP_ACK] = pass_ack, [SIP_CANCEL] = take_back};

int im_request(struct im *im, const struct im_request *ask, int64_t now, struct sip_reply *reply,
               struct outgoing_list *out)
{
    struct fault fault = {0};
    struct slice unknown = {0};
    enum sip_method method = ask->request->method;
    sip_reply_init(reply, reply->arena, 200);
    int err = check(ask, out->arena, &unknown, &fault);
    if (err == 0)
        err = (arrive[method] ? arrive[method] : pass_on)(im, ask, now, reply, out, &fault);
    if (err < 0)
        sip_reply_fault(reply, &fault, im->options.site->sip_host);
    if (!slice_empty(unknown))
        sip_reply_header(reply, "Unsupported", "%.*s", SLICE_ARG(unknown));
    if (method == SIP_ACK)
        reply->no_answer = true;
    return err;
}
