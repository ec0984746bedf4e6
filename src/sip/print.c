/* RFC 3261 sections 8.1.1, 8.2.6 and 18.2.1; [MS-CONMGMT] for ms-received-*. */
#include "sip/print.h"

#include "base/clock.h"
#include "sip/grammar_priv.h"

static void add(struct sip_out *out, const char *name, struct slice value)
{
    sip_line_add(&out->lines, out->arena, slice_of(name), value);
}

/* What was added last, in the form it will be printed in. */
static struct slice added(const struct sip_out *out)
{
    return out->lines.last->value;
}

static struct slice without_ends(struct arena *arena, struct slice text)
{
    struct sip_lines lines = {0};
    sip_line_add(&lines, arena, SLICE("x"), text);
    return lines.first->value;
}

/* The top Via says where the request came from; a client behind NAT learns its
 * address from it, and Lync finds the connection again by ms-received-cid. */
static struct slice top_via(struct arena *arena, const struct sip_message *request,
                            struct slice value, const struct sip_out_options *o)
{
    struct slice via = request->via.text;
    if (slice_absent(via) || slice_absent(o->received_host))
        return value;
    struct slice received = SLICE(""), port = SLICE(""), cid = SLICE("");
    if (!slice_eq_nocase(via.len ? request->via.host : via, o->received_host))
        received = arena_print(arena, ";received=%.*s", SLICE_ARG(o->received_host));
    if (o->received_port)
        port = arena_print(arena, ";ms-received-port=%u", o->received_port);
    if (!slice_absent(o->received_cid))
        cid = arena_print(arena, ";ms-received-cid=%.*s", SLICE_ARG(o->received_cid));
    size_t split = (size_t)(via.at + via.len - value.at);
    struct slice rest = slice_from(value, split);
    return arena_print(arena, "%.*s%.*s%.*s%.*s%.*s", SLICE_ARG(slice_head(value, split)),
                       SLICE_ARG(received), SLICE_ARG(port), SLICE_ARG(cid), SLICE_ARG(rest));
}

static void echo_vias(struct sip_out *out, const struct sip_message *request,
                      const struct sip_out_options *o)
{
    const struct sip_header *via = sip_header(request, SIP_HEADER_VIA);
    for (bool top = true; via; via = sip_header_next(request, via), top = false)
        add(out, "Via", top ? top_via(out->arena, request, via->value, o) : via->value);
}

static struct slice to_tag(struct arena *arena, const struct sip_reply *reply,
                           const struct sip_out_options *o)
{
    if (!slice_empty(reply->to_tag))
        return reply->to_tag;
    return slice_empty(o->to_tag) ? sip_tag_new(arena) : o->to_tag;
}

static void echo_to(struct sip_out *out, const struct sip_message *request,
                    const struct sip_reply *reply, const struct sip_out_options *o)
{
    struct slice to = sip_value(request, SIP_HEADER_TO);
    /* A To that could not be read gets no tag: it goes back as it came. */
    if (out->status > 100 && !slice_absent(request->to.uri.text) && slice_absent(request->to.tag)) {
        struct slice tag = to_tag(out->arena, reply, o);
        to = arena_print(out->arena, "%.*s;tag=%.*s", SLICE_ARG(to), SLICE_ARG(tag));
    }
    add(out, "To", to);
    out->to = added(out);
}

static void append_lines(struct sip_out *out, const struct sip_lines *lines)
{
    for (const struct sip_line *line = lines->first; line; line = line->next)
        sip_line_add(&out->lines, out->arena, line->name, line->value);
}

static void add_body(struct sip_out *out, struct slice content_type, struct slice body)
{
    if (!slice_empty(content_type))
        add(out, "Content-Type", content_type);
    out->body = body;
}

void sip_out_reply(struct sip_out *out, struct arena *arena, const struct sip_message *request,
                   const struct sip_reply *reply, const struct sip_out_options *options)
{
    static const struct sip_out_options nothing;
    const struct sip_out_options *o = options ? options : &nothing;
    struct slice reason = slice_empty(reply->reason) ? sip_reason(reply->status) : reply->reason;
    *out = (struct sip_out){.arena = arena, .status = reply->status, .cseq = request->cseq};
    out->start = without_ends(
        arena, arena_print(arena, "SIP/2.0 %03d %.*s", reply->status, SLICE_ARG(reason)));
    echo_vias(out, request, o);
    add(out, "From", sip_value(request, SIP_HEADER_FROM));
    out->from = added(out);
    echo_to(out, request, reply, o);
    add(out, "Call-ID", sip_value(request, SIP_HEADER_CALL_ID));
    out->call_id = added(out);
    add(out, "CSeq", sip_value(request, SIP_HEADER_CSEQ));
    out->cseq_text = added(out);
    append_lines(out, &reply->headers);
    if (!slice_empty(o->server))
        add(out, "Server", o->server);
    if (o->now)
        add(out, "Date", clock_print_http(arena, o->now));
    add_body(out, reply->content_type, reply->body);
}

void sip_out_request(struct sip_out *out, const struct sip_request *request)
{
    struct arena *arena = request->arena;
    struct slice method = sip_method_name(request->method);
    struct slice transport =
        slice_empty(request->via_transport) ? SLICE("TLS") : request->via_transport;
    *out = (struct sip_out){.arena = arena, .cseq = request->cseq};
    out->start = without_ends(
        arena, arena_print(arena, "%.*s %.*s SIP/2.0", SLICE_ARG(method), SLICE_ARG(request->uri)));
    add(out, "Via",
        arena_print(arena, "SIP/2.0/%.*s %.*s;branch=%.*s", SLICE_ARG(transport),
                    SLICE_ARG(request->via_host), SLICE_ARG(request->branch)));
    add(out, "Max-Forwards", SLICE("70"));
    add(out, "From", request->from);
    out->from = added(out);
    add(out, "To", request->to);
    out->to = added(out);
    add(out, "Call-ID", request->call_id);
    out->call_id = added(out);
    add(out, "CSeq", arena_print(arena, "%u %.*s", request->cseq, SLICE_ARG(method)));
    out->cseq_text = added(out);
    append_lines(out, &request->headers);
    add_body(out, request->content_type, request->body);
}

static void print_line(struct buf *to, struct slice name, struct slice value)
{
    buf_add(to, name);
    buf_add(to, SLICE(": "));
    buf_add(to, value);
    buf_add(to, SLICE("\r\n"));
}

void sip_print(const struct sip_out *out, struct slice name, struct slice value, struct buf *to)
{
    buf_add(to, out->start);
    buf_add(to, SLICE("\r\n"));
    for (const struct sip_line *line = out->lines.first; line; line = line->next)
        print_line(to, line->name, line->value);
    if (!slice_empty(name)) {
        struct sip_lines extra = {0};
        sip_line_add(&extra, out->arena, name, value);
        if (extra.first)
            print_line(to, extra.first->name, extra.first->value);
    }
    buf_print(to, "Content-Length: %zu\r\n\r\n", out->body.len);
    buf_add(to, out->body);
}
