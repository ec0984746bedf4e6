#include "registrar/notify_priv.h"

static struct slice print_party(struct arena *arena, const struct endpoint *endpoint,
                                struct slice tag, struct slice epid)
{
    return arena_print(arena, "<sip:%.*s>%s%.*s%s%.*s", SLICE_ARG(endpoint->account),
                       slice_empty(tag) ? "" : ";tag=", SLICE_ARG(tag),
                       slice_empty(epid) ? "" : ";epid=", SLICE_ARG(epid));
}

/* As in [MS-SIPREGE] section 4.1.3. SIPE knows the event only when its word ends the
 * body, so no CRLF follows it. */
void notify_deregistered(struct place *place, const char *event, enum finding why, bool last,
                         struct outgoing_list *out)
{
    struct endpoint *endpoint = &place->endpoint;
    if (!endpoint->notified)
        return;
    struct arena *arena = out->arena;
    struct outgoing *message = outgoing_add(out);
    message->flow = endpoint->flow;
    message->account = arena_copy(arena, endpoint->account);
    message->epid = arena_copy(arena, endpoint->epid);
    message->instance = guid_print(arena, &endpoint->instance);
    message->last = last;
    struct sip_request *request = &message->request;
    request->method = SIP_NOTIFY;
    request->uri = arena_copy(arena, endpoint->contact);
    request->from = print_party(arena, endpoint, endpoint->to_tag, (struct slice){0});
    request->to = print_party(arena, endpoint, endpoint->from_tag, endpoint->epid);
    request->call_id = arena_copy(arena, endpoint->call_id);
    request->cseq = ++endpoint->cseq;
    sip_request_header(request, "Event", "registration-notify");
    sip_request_header(request, "subscription-state", "terminated;expires=0");
    const struct finding_row *row = finding_row(why);
    if (row->ms_diagnostics)
        sip_request_header(request, "ms-diagnostics-public", "%d;reason=\"%.*s\"",
                           row->ms_diagnostics, SLICE_ARG(sip_quote(arena, slice_of(row->user))));
    request->content_type = SLICE("text/registration-event");
    request->body = arena_print(arena, "deregistered;event=%s", event);
}
