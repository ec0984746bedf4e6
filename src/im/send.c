/* What goes out: to the caller as he would hear it from an endpoint, to the endpoints
 * as they would hear it from the caller. */
#include "im/im_priv.h"

struct slice im_via(const struct im *im, struct arena *arena, struct slice branch)
{
    const struct site *site = im->options.site;
    return arena_print(arena, "SIP/2.0/TLS %.*s:%u;branch=%.*s", SLICE_ARG(site->sip_host),
                       site->sip_port, SLICE_ARG(branch));
}

void im_send(struct outgoing_list *out, struct sip_out *message, struct flow flow,
             struct slice account, struct slice epid, struct slice instance)
{
    struct outgoing *outgoing = outgoing_add(out);
    outgoing->flow = flow;
    outgoing->account = arena_copy(out->arena, account);
    outgoing->epid = arena_copy(out->arena, epid);
    outgoing->instance = arena_copy(out->arena, instance);
    outgoing->forwarded = message;
}

void im_send_caller(struct outgoing_list *out, const struct im_call *call, struct sip_out *message)
{
    if (call->on)
        im_send(out, message, call->flow, call->account, call->epid, call->instance);
}

/* A request of ours in the caller's name, to one endpoint. */
struct own {
    enum sip_method method;
    struct slice uri, to, branch, reason;
    uint32_t cseq;
};

static void send_own(const struct im *im, const struct im_branch *branch, const struct own *own,
                     struct outgoing_list *out)
{
    const struct site *site = im->options.site;
    struct arena *arena = out->arena;
    struct sip_request request = {
        .arena = arena,
        .method = own->method,
        .uri = arena_copy(arena, own->uri),
        .via_host = arena_print(arena, "%.*s:%u", SLICE_ARG(site->sip_host), site->sip_port),
        .branch = arena_copy(arena, own->branch),
        .from = arena_copy(arena, branch->call->from),
        .to = arena_copy(arena, own->to),
        .call_id = arena_copy(arena, branch->call->call_id),
        .cseq = own->cseq,
    };
    if (!slice_empty(own->reason))
        sip_request_header(&request, "Reason", "%.*s", SLICE_ARG(own->reason));
    struct sip_out *message = arena_new_of(arena, struct sip_out);
    sip_out_request(message, &request);
    im_send(out, message, branch->flow, branch->account, branch->epid, branch->instance);
}

void im_send_cancel(const struct im *im, const struct im_branch *branch, struct slice reason,
                    struct outgoing_list *out)
{
    send_own(im, branch,
             &(struct own){.method = SIP_CANCEL,
                           .uri = branch->uri,
                           .to = branch->to,
                           .branch = branch->id,
                           .reason = reason,
                           .cseq = branch->call->cseq},
             out);
}

/* Section 17.1.1.3. */
void im_send_ack(const struct im *im, const struct im_branch *branch,
                 const struct sip_message *response, struct outgoing_list *out)
{
    send_own(im, branch,
             &(struct own){.method = SIP_ACK,
                           .uri = branch->uri,
                           .to = sip_value(response, SIP_HEADER_TO),
                           .branch = branch->id,
                           .cseq = branch->call->cseq},
             out);
}

/* The callee thinks that he is in a session with the caller, who knows nothing of it:
 * we end it in the caller's name (sections 13.2.2.4, 15.1.1). */
void im_dispose(const struct im *im, const struct im_branch *branch,
                const struct sip_message *response, struct outgoing_list *out)
{
    struct own own = {.method = SIP_ACK,
                      .uri = branch->uri,
                      .to = sip_value(response, SIP_HEADER_TO),
                      .branch = im_branch_new_id(im, out->arena),
                      .cseq = branch->call->cseq};
    if (response->contact_place && !response->contact.star)
        own.uri = response->contact.address.uri.text;
    send_own(im, branch, &own, out);
    own.method = SIP_BYE;
    own.branch = im_branch_new_id(im, out->arena);
    own.cseq++;
    send_own(im, branch, &own, out);
}
