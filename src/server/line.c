#include "server/line.h"

#include "base/clock.h"
#include "event/event.h"
#include "server/front.h"
#include "server/home.h"
#include "server/methods.h"
#include "server/peer.h"
#include "server/phones.h"
#include "server/turn.h"
#include "sip/frame.h"
#include "sip/print.h"

#include <stdlib.h>
#include <uthash.h>

struct line {
    struct wing *wing;
    struct conn *conn;
    uint64_t number;   /* of its flow: the key */
    struct gate *gate; /* NULL: behind it is a trusted peer */
    struct peer *peer;
    struct errand *errand; /* the message in work */
    struct sip_framer framer;
    int64_t opened; /* clock_monotonic() */
    bool external;
    bool known; /* somebody has signed in on it */
    bool begun; /* a message has begun to arrive; its deadline stands */
    UT_hash_handle hh;
};

/* Until its next message. A stranger gains no time by keep-alives. */
static void allow_silence(struct line *line)
{
    const struct config *config = line->wing->server->config;
    int64_t left = config->limits.signin_time - (clock_monotonic() - line->opened);
    if (line->known)
        left = 2 * config->sip.keepalive + 30000;
    conn_set_deadline(line->conn, left > 0 ? left : 1, FINDING_NONE);
}

/* ---- errands ------------------------------------------------------------------- */

static struct errand *errand_new(struct line *line, struct slice bytes)
{
    struct arena *arena = arena_new();
    struct errand *e = arena_new_of(arena, struct errand);
    e->arena = arena;
    e->server = line->wing->server;
    e->wing = line->wing;
    e->line = line;
    e->now = loop_now(line->wing->loop);
    e->started_us = clock_monotonic_us();
    e->request = arena_new_of(arena, struct sip_message);
    e->request->bytes = arena_copy(arena, bytes);
    outgoing_init(&e->outgoing, arena);
    line->errand = e;
    return e;
}

static void errand_free(struct errand *e)
{
    gate_work_free(e->handshake);
    if (e->finished)
        *e->finished = true;
    if (e->line) {
        e->line->errand = NULL;
        if (e->server->draining)
            conn_close_after_flush(e->line->conn);
    }
    arena_free(e->arena);
}

/* ---- going out -------------------------------------------------------------------- */

static void log_reply(const struct errand *e)
{
    const struct sip_message *request = e->request;
    const struct fault *fault = &e->reply.fault;
    /* Other statuses from 500 on are what a client asks for (501, 513) or brings about. */
    bool ours = e->reply.status == 500 || fault->finding == FINDING_SERVER_BUSY;
    enum event_level level = fault->finding == FINDING_NONE          ? EVENT_DEBUG
                             : fault->finding == FINDING_AUTH_NEEDED ? EVENT_DEBUG
                             : ours                                  ? EVENT_ERROR
                                                                     : EVENT_NOTICE;
    /* Refreshes come every few minutes from everybody; coming and going is news. */
    if (request->method == SIP_REGISTER && e->reply.status == 200 && request->expires == 0)
        level = EVENT_INFO;
    event_emit(level, "sip.request", fault->finding, EVENT_SLICE("method", request->method_text),
               EVENT_SLICE("user", request->from.uri.text),
               EVENT_SLICE("agent", sip_value(request, SIP_HEADER_USER_AGENT)),
               EVENT_INT("status", e->reply.status),
               EVENT_INT("us", clock_monotonic_us() - e->started_us), EVENT_FAULT(fault),
               EVENT_END);
}

static void write_out(struct line *line, const struct sip_out *out, struct association *association)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    struct slice name = {0}, value = {0};
    if (association) {
        struct sip_signature_fields fields;
        sip_out_signature(out, &fields);
        name = SLICE("Authentication-Info");
        value = association_authentication_info(association, out->arena, &fields);
        if (slice_absent(value)) {
            conn_close(line->conn); /* its numbers are used up: the client signs in anew */
            return;
        }
    }
    sip_print(out, name, value, &bytes);
    server_trace(line->wing->server, TRACE_SIP, line->conn, false, buf_slice(&bytes));
    conn_write(line->conn, buf_slice(&bytes));
}

static void reply_now(struct errand *e)
{
    struct line *line = e->line;
    log_reply(e);
    if (e->reply.no_answer)
        return;
    const struct address *peer = conn_peer(line->conn);
    struct sip_out out;
    sip_out_reply(
        &out, e->arena, e->request, &e->reply,
        &(struct sip_out_options){
            .received_host = address_print_host(e->arena, peer),
            .received_port = address_port(peer),
            .received_cid = arena_print(e->arena, "%llX", (unsigned long long)line->number),
            .server = SLICE("RTC/6.0"),
            .now = e->now,
        });
    write_out(line, &out, e->association);
}

static void refuse(struct errand *e, const struct fault *fault)
{
    sip_reply_init(&e->reply, e->arena, 500);
    sip_reply_fault(&e->reply, fault, e->server->site.sip_host);
    reply_now(e);
}

static void forget(const struct errand *e)
{
    if (e->association)
        gate_forget(e->line->gate, e->association);
}

void line_errand_reply(struct errand *e)
{
    if (e->phone && sip_is_request(e->request)) {
        log_reply(e);
        phones_reply(e);
    }
    if (!e->line || !sip_is_request(e->request))
        return;
    reply_now(e);
    if (e->reply.status == 200 && e->request->method == SIP_REGISTER && e->request->expires == 0)
        forget(e);
}

void line_errand_end(struct errand *e)
{
    struct conn *conn = e->line && e->away ? e->line->conn : NULL;
    struct wing *wing = e->wing;
    uint64_t phone = e->phone;
    /* The connection has ended while we were away, and a home may have bound to it what it
     * will never hear the end of: once more, behind us. */
    if (!e->line && !phone)
        home_flow_lost(wing, e->caller.flow);
    turn_send(wing, &e->outgoing);
    errand_free(e);
    if (conn)
        conn_resume(conn);
    if (phone)
        phones_errand_ended(wing, phone);
}

static void finish_here(struct errand *e)
{
    line_errand_reply(e);
    line_errand_end(e);
}

void line_errand_finish(struct errand *e)
{
    errand_travel(e, e->wing, finish_here);
}

void line_errand_refuse(struct errand *e, const struct fault *fault)
{
    sip_reply_fault(&e->reply, fault, e->server->site.sip_host);
    line_errand_finish(e);
}

/* ---- what the gate says ------------------------------------------------------------ */

static void judge(struct errand *e, struct gate_verdict *verdict);

static void handshake_work(struct errand *e)
{
    gate_work_run(e->handshake, &e->server->checks, clock_now());
}

static void handshake_done(struct errand *e)
{
    struct line *line = e->line;
    if (!line) {
        errand_free(e);
        return;
    }
    struct gate_verdict verdict = {0};
    e->now = loop_now(e->wing->loop);
    gate_step_done(line->gate, take(&e->handshake), e->now, e->arena, &verdict);
    conn_resume(line->conn);
    judge(e, &verdict);
}

static void start_handshake(struct errand *e, struct gate_work *work)
{
    e->handshake = work;
    if (errand_work(e, handshake_work, handshake_done) == 0) {
        conn_pause(e->line->conn);
        return;
    }
    refuse(e, &e->fault);
    errand_free(e);
}

/* A challenge or a refusal. A refusal on a good association is signed. */
static void reply_verdict(struct errand *e, const struct gate_verdict *verdict)
{
    e->association = verdict->association;
    gate_reply(verdict, e->arena, e->server->site.sip_host, &e->reply);
    reply_now(e);
    errand_free(e);
}

/* The association may end while the errand is elsewhere: its names are copied. */
static void name_caller(struct errand *e, const struct association *association)
{
    struct line *line = e->line;
    e->caller = (struct registrar_caller){
        .account = arena_copy(e->arena, association_account(association)),
        .epid = arena_copy(e->arena, association_epid(association)),
        .instance = arena_copy(e->arena, association_instance(association)),
        .received = address_print(e->arena, conn_peer(line->conn)),
        .flow = {.conn = line->number, .loop = line->wing->index},
        .external = line->external,
    };
}

static void set_off(struct errand *e, errand_fn *way)
{
    struct line *line = e->line;
    bool finished = false;
    sip_reply_init(&e->reply, e->arena, 200);
    e->finished = &finished;
    way(e);
    if (finished)
        return;
    e->finished = NULL;
    e->away = true;
    conn_pause(line->conn); /* until it comes back */
}

static void pass(struct errand *e, struct association *association, bool established)
{
    struct line *line = e->line;
    if (established)
        event_emit(EVENT_INFO, "auth.established", FINDING_NONE,
                   EVENT_SLICE("user", association_account(association)),
                   EVENT_SLICE("epid", association_epid(association)), EVENT_END);
    if (!line->known) {
        line->known = true;
        allow_silence(line); /* a stranger's may be less than a keep-alive's time */
    }
    e->association = association;
    e->established = established;
    name_caller(e, association);
    set_off(e, methods_take);
}

static void judge(struct errand *e, struct gate_verdict *verdict)
{
    struct line *line = e->line;
    switch (verdict->action) {
    case GATE_PASS:
        pass(e, verdict->association, verdict->established);
        return;
    case GATE_HANDSHAKE:
        start_handshake(e, verdict->work);
        return;
    case GATE_CHALLENGE:
    case GATE_REFUSE:
        reply_verdict(e, verdict);
        return;
    case GATE_IGNORE:
        break;
    case GATE_DISCONNECT:
        event_emit(EVENT_NOTICE, "sip.disconnect", verdict->fault.finding,
                   EVENT_SLICE("method", e->request->method_text), EVENT_FAULT(&verdict->fault),
                   EVENT_END);
        conn_close(line->conn);
        break;
    }
    errand_free(e);
}

/* A trusted peer needs no gate. */
static void believe(struct errand *e)
{
    struct line *line = e->line;
    struct fault fault;
    peer_count(line->peer);
    if (peer_identify(line->peer, e, &fault) == 0) {
        set_off(e, peer_take);
        return;
    }
    if (e->request->method != SIP_ACK)
        refuse(e, &fault);
    errand_free(e);
    if (peer_is_lost(line->peer))
        conn_close_after_flush(line->conn);
}

/* ---- coming in ------------------------------------------------------------------------ */

static void take_message(struct line *line, struct slice bytes)
{
    struct errand *e = errand_new(line, bytes);
    struct fault fault;
    server_trace(e->server, TRACE_SIP, line->conn, true, e->request->bytes);
    if (sip_parse(e->request, e->request->bytes, &fault) < 0) {
        if (sip_reply_possible(e->request))
            refuse(e, &fault);
        else
            event_emit(EVENT_NOTICE, "sip.malformed", fault.finding, EVENT_FAULT(&fault),
                       EVENT_END);
        errand_free(e);
        conn_close_after_flush(line->conn);
        return;
    }
    if (line->peer) {
        believe(e);
        return;
    }
    struct gate_verdict verdict = {0};
    gate_step(line->gate, e->request, e->now, e->arena, &verdict);
    judge(e, &verdict);
}

static size_t take_bytes(struct conn *conn, struct slice bytes)
{
    struct line *line = conn_user(conn);
    const struct config *config = line->wing->server->config;
    struct sip_frame frame;
    struct fault fault;
    if (line->peer && peer_waits(line->peer, config->mobility.peer_requests))
        return 0;
    if (sip_frame(&line->framer, bytes, &frame, &fault) < 0) {
        conn_fail(conn, &fault); /* net/ tells */
        return bytes.len;
    }
    if (frame.kind == SIP_FRAME_MORE) {
        if (frame.partial && !line->begun) /* not renewed by a dribble of bytes */
            conn_set_deadline(conn, config->limits.request_time, FINDING_SLOW_PEER);
        line->begun = frame.partial;
        return 0;
    }
    line->begun = false;
    allow_silence(line);
    if (frame.kind == SIP_FRAME_MESSAGE)
        take_message(line, frame.bytes);
    return frame.len;
}

static void ended(struct conn *conn, const struct fault *why)
{
    struct line *line = conn_user(conn);
    (void)why; /* net/ has told */
    HASH_DEL(line->wing->lines, line);
    if (line->errand)
        line->errand->line = NULL;
    if (line->known)
        home_flow_lost(line->wing, (struct flow){.conn = line->number, .loop = line->wing->index});
    gate_free(line->gate);
    peer_free(line->peer);
    free(line);
}

static const struct conn_handler line_handler = {.on_bytes = take_bytes, .on_closed = ended};

static struct line *line_new(struct wing *wing, struct conn *conn, uint64_t number)
{
    const struct config *config = wing->server->config;
    struct line *line = must_calloc(1, sizeof *line);
    line->wing = wing;
    line->conn = conn;
    line->number = number;
    line->opened = clock_monotonic();
    sip_framer_init(&line->framer, &(struct sip_limits){.head = (size_t)config->sip.head_limit,
                                                        .body = (size_t)config->sip.body_limit});
    HASH_ADD(hh, wing->lines, number, sizeof line->number, line);
    conn_set_handler(conn, &line_handler, line);
    return line;
}

void line_take(struct wing *wing, struct conn *conn, bool external)
{
    struct line *line = line_new(wing, conn, conn_id(conn));
    line->external = external;
    line->gate = gate_new(&wing->server->gate);
    allow_silence(line);
}

void line_take_peer(struct wing *wing, struct conn *conn, bool external)
{
    struct line *line = line_new(wing, conn, peer_flow(conn_id(conn)));
    line->external = external;
    line->peer = peer_new(conn, external);
    line->known = true;
    allow_silence(line);
}

/* ---- messages of our own ------------------------------------------------------------ */

void line_deliver(struct wing *wing, const struct outgoing *outgoing, struct arena *arena)
{
    struct line *line;
    if (phones_is_flow(outgoing->flow)) {
        phones_deliver(wing, outgoing, arena);
        return;
    }
    HASH_FIND(hh, wing->lines, &outgoing->flow.conn, sizeof outgoing->flow.conn, line);
    if (!line)
        return;
    struct association *association = NULL;
    if (!line->peer)
        association = gate_find(line->gate, outgoing->account, outgoing->epid, outgoing->instance);
    if (!line->peer && !association)
        return;
    if (outgoing->forwarded) {
        write_out(line, outgoing->forwarded, association);
    } else {
        struct sip_request request = outgoing->request;
        request.arena = arena;
        request.branch = sip_branch_new(arena);
        request.via_host = arena_print(arena, "%.*s:%u", SLICE_ARG(wing->server->site.sip_host),
                                       wing->server->site.sip_port);
        struct sip_out out;
        sip_out_request(&out, &request);
        write_out(line, &out, association);
    }
    if (outgoing->last && !line->peer) /* a peer has other phones, at other homes */
        conn_close_after_flush(line->conn);
}

void line_review_peers(struct wing *wing)
{
    struct line *line, *next;
    struct fault fault;
    HASH_ITER(hh, wing->lines, line, next)
    if (line->peer && tls_peer_check(wing->server->peers, conn_ssl(line->conn), &fault) < 0)
        conn_fail(line->conn, &fault);
}

void line_close_all(struct wing *wing)
{
    struct line *line, *next;
    HASH_ITER(hh, wing->lines, line, next)
    if (!line->errand)
        conn_close_after_flush(line->conn);
}
