#include "sip/forward.h"

/* What was between the sender and us, or is not his to say. SIPE looks for its
 * signature in the first Authentication-Info: a peer's must never reach it. */
static bool stays_here(enum sip_header_id id)
{
    switch (id) {
    case SIP_HEADER_AUTHORIZATION:
    case SIP_HEADER_PROXY_AUTHORIZATION:
    case SIP_HEADER_WWW_AUTHENTICATE:
    case SIP_HEADER_PROXY_AUTHENTICATE:
    case SIP_HEADER_AUTHENTICATION_INFO:
    case SIP_HEADER_PROXY_AUTHENTICATION_INFO:
    case SIP_HEADER_P_ASSERTED_IDENTITY:
    case SIP_HEADER_P_PREFERRED_IDENTITY:
    case SIP_HEADER_CONTENT_LENGTH: /* printed anew, last */
        return true;
    default:
        return false;
    }
}

static void add(struct sip_out *out, struct slice name, struct slice value)
{
    sip_line_add(&out->lines, out->arena, name, value);
}

/* Keep what a signature needs in the form in which it will be printed. */
static void add_header(struct sip_out *out, const struct sip_header *header, struct slice value)
{
    add(out, header->name, value);
    struct slice printed = out->lines.last->value;
    switch (header->id) {
    case SIP_HEADER_FROM:
        out->from = printed;
        break;
    case SIP_HEADER_TO:
        out->to = printed;
        break;
    case SIP_HEADER_CALL_ID:
        out->call_id = printed;
        break;
    case SIP_HEADER_CSEQ:
        out->cseq_text = printed;
        break;
    default:
        break;
    }
}

static bool is_own(const struct sip_forwarding *how, struct slice route)
{
    struct sip_address address;
    if (sip_address_parse(route, "Route", &address, NULL) < 0)
        return false;
    for (size_t i = 0; i < sizeof how->own_hosts / sizeof *how->own_hosts; i++)
        if (!slice_empty(how->own_hosts[i]) && slice_eq_nocase(address.uri.host, how->own_hosts[i]))
            return true;
    return false;
}

/* Section 16.4: only entries on top are ours to take out. */
static void add_route(struct sip_out *out, const struct sip_header *header,
                      const struct sip_forwarding *how, bool *on_top)
{
    struct slice rest = header->value, left = rest, item;
    while (*on_top && sip_list_next(&rest, &item) == 1) {
        *on_top = is_own(how, item);
        left = *on_top ? rest : slice_make(item.at, (size_t)(left.at + left.len - item.at));
    }
    if (!slice_empty(slice_trim(left)))
        add(out, header->name, left);
}

static struct slice hops(struct arena *arena, int max_forwards)
{
    return arena_print(arena, "%d", max_forwards > 0 ? max_forwards - 1 : 0);
}

static struct slice to_value(struct arena *arena, const struct sip_message *request,
                             const struct sip_header *header, const struct sip_forwarding *how)
{
    if (slice_empty(how->to_epid) || !slice_absent(request->to.epid))
        return header->value;
    return arena_print(arena, "%.*s;epid=%.*s", SLICE_ARG(header->value), SLICE_ARG(how->to_epid));
}

void sip_forward_request(struct sip_out *out, struct arena *arena,
                         const struct sip_message *request, const struct sip_forwarding *how)
{
    struct slice uri = slice_absent(how->uri) ? request->uri.text : how->uri;
    bool routes_on_top = true;
    *out = (struct sip_out){.arena = arena, .cseq = request->cseq, .body = request->body};
    out->start =
        arena_print(arena, "%.*s %.*s SIP/2.0", SLICE_ARG(request->method_text), SLICE_ARG(uri));
    add(out, SLICE("Via"), how->via);
    if (!slice_absent(how->record_route))
        add(out, SLICE("Record-Route"), how->record_route);
    if (request->max_forwards < 0)
        add(out, SLICE("Max-Forwards"), SLICE("70"));
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sip_header *header = &request->header[i];
        if (stays_here(header->id))
            continue;
        if (header->id == SIP_HEADER_ROUTE)
            add_route(out, header, how, &routes_on_top);
        else if (header->id == SIP_HEADER_MAX_FORWARDS)
            add(out, header->name, hops(arena, request->max_forwards));
        else if (header->id == SIP_HEADER_TO)
            add_header(out, header, to_value(arena, request, header, how));
        else
            add_header(out, header, header->value);
    }
    if (!slice_absent(how->identity))
        add(out, SLICE("P-Asserted-Identity"), how->identity);
}

/* The Via line on top without its first item. */
static struct slice second_via(const struct sip_header *top)
{
    struct slice rest = top->value, item;
    if (sip_list_next(&rest, &item) != 1 || sip_list_next(&rest, &item) != 1)
        return (struct slice){0};
    return slice_make(item.at, (size_t)(top->value.at + top->value.len - item.at));
}

bool sip_forward_possible(const struct sip_message *response)
{
    const struct sip_header *top = sip_header(response, SIP_HEADER_VIA);
    return top && (!slice_empty(second_via(top)) || sip_header_next(response, top));
}

int sip_forward_response(struct sip_out *out, struct arena *arena,
                         const struct sip_message *response)
{
    if (!sip_forward_possible(response))
        return -ERR_MALFORMED;
    const struct sip_header *top = sip_header(response, SIP_HEADER_VIA);
    struct slice left = second_via(top);
    /* A status line needs a reason phrase: SIPE waits for the rest of it for ever. */
    struct slice reason =
        slice_empty(response->reason) ? sip_reason(response->status) : response->reason;
    *out = (struct sip_out){
        .arena = arena, .status = response->status, .cseq = response->cseq, .body = response->body};
    out->start = arena_print(arena, "SIP/2.0 %03d %.*s", response->status, SLICE_ARG(reason));
    for (size_t i = 0; i < response->header_count; i++) {
        const struct sip_header *header = &response->header[i];
        if (header != top && !stays_here(header->id))
            add_header(out, header, header->value);
        else if (header == top && !slice_empty(left))
            add(out, header->name, left);
    }
    return 0;
}
