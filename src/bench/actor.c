#include "bench/actor.h"

#include "auth/association.h"
#include "auth/challenge.h"
#include "auth/tlsdsk.h"
#include "base/clock.h"
#include "base/random.h"
#include "registrar/endpoint.h"
#include "sip/frame.h"
#include "sip/print.h"

#include <stdlib.h>
#include <string.h>

enum {
    BODY_MAX = 16 << 20 /* the presence of a thousand contacts is more than the usual limit */
};

struct actor {
    struct job job; /* first: the workers hand it back */
    const struct actor_cast *cast;
    const struct stage_user *who;
    void *user;
    struct conn *conn; /* NULL once it has ended */
    struct sip_framer framer;
    enum actor_step step;
    int64_t sent_us;
    bool working; /* a worker has it */
    bool freed;   /* free it when the worker is done */
    bool failed;

    struct arena *arena; /* of the actor's life: names, challenge in work */
    struct slice epid, tag, call_id;
    uint32_t cseq;

    struct challenge challenge; /* the last one */
    struct tlsdsk *tlsdsk;
    struct association *association;
    struct buf token; /* what the handshake wants to send */
    int state;        /* tlsdsk_step's answer */
    struct fault fault;
};

static const char *const step_names[ACTOR_STEPS] = {
    [ACTOR_CONNECT] = "connect_tls", [ACTOR_CHALLENGE] = "challenge",
    [ACTOR_HELLO] = "tlsdsk_hello",  [ACTOR_FINISH] = "tlsdsk_finish",
    [ACTOR_REGISTER] = "register",   [ACTOR_REFRESH] = "refresh",
};

const char *actor_step_name(enum actor_step step)
{
    return step_names[step];
}

void *actor_user(const struct actor *actor)
{
    return actor->user;
}

struct slice actor_account(const struct actor *actor)
{
    return slice_of(actor->who->address);
}

struct slice actor_gruu(const struct actor *actor, struct arena *arena)
{
    struct guid instance = endpoint_instance_of_epid(actor->epid);
    return endpoint_gruu(arena, actor_account(actor), &instance);
}

static void actor_destroy(struct actor *actor)
{
    tlsdsk_free(actor->tlsdsk);
    association_free(actor->association);
    buf_free(&actor->token);
    arena_free(actor->arena);
    free(actor);
}

/* Tell once; whoever is told may free the actor, so touch nothing afterwards. */
static void fail(struct actor *actor, const struct fault *why)
{
    if (actor->failed || actor->freed)
        return;
    actor->failed = true;
    actor->cast->handler->on_failed(actor, why);
}

static void record(struct actor *actor)
{
    struct bench_series *series = actor->cast->steps[actor->step];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - actor->sent_us));
}

/* ---- going out ------------------------------------------------------------------------ */

/* The REGISTER of a Lync client: the same headers, the same weight. */
static void make_register(struct actor *actor, struct arena *arena, struct sip_out *out)
{
    struct address local = conn_local(actor->conn);
    struct guid instance = endpoint_instance_of_epid(actor->epid);
    struct slice here = address_print(arena, &local), uuid = guid_print(arena, &instance);
    struct sip_request request = {
        .arena = arena,
        .method = SIP_REGISTER,
        .uri = SLICE("sip:" BENCH_DOMAIN),
        .via_host = here,
        .branch = sip_branch_new(arena),
        .from = arena_print(arena, "<sip:%s>;tag=%.*s;epid=%.*s", actor->who->address,
                            SLICE_ARG(actor->tag), SLICE_ARG(actor->epid)),
        .to = arena_print(arena, "<sip:%s>", actor->who->address),
        .call_id = actor->call_id,
        .cseq = ++actor->cseq,
    };
    sip_request_header(
        &request, "Contact",
        "<sip:%.*s;transport=tls;ms-opaque=d3470f2e1d>;methods=\"INVITE, MESSAGE, INFO, "
        "OPTIONS, BYE, CANCEL, NOTIFY, ACK, REFER, BENOTIFY\";proxy=replace;"
        "+sip.instance=\"<urn:uuid:%.*s>\"",
        SLICE_ARG(here), SLICE_ARG(uuid));
    sip_request_header(&request, "User-Agent",
                       "UCCAPI/4.0.7577.4053 OC/4.0.7577.4053 (Microsoft Lync 2010)");
    sip_request_header(&request, "Supported", "gruu-10, adhoclist, msrtc-event-categories");
    sip_request_header(&request, "Supported", "ms-forking");
    sip_request_header(&request, "Supported", "ms-cluster-failover");
    sip_request_header(&request, "Supported", "ms-userservices-state-notification");
    sip_request_header(&request, "ms-keep-alive", "UAC;hop-hop=yes");
    sip_request_header(&request, "Event", "registration");
    sip_out_request(out, &request);
}

static void write_out(struct actor *actor, const struct sip_out *out, struct slice name,
                      struct slice value)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    sip_print(out, name, value, &bytes);
    conn_write(actor->conn, buf_slice(&bytes));
}

static void send_out(struct actor *actor, enum actor_step step, const struct sip_out *out,
                     struct slice name, struct slice value)
{
    actor->step = step;
    actor->sent_us = clock_monotonic_us();
    write_out(actor, out, name, value);
}

static void write_signed(struct actor *actor, const struct sip_out *out)
{
    struct sip_signature_fields fields;
    sip_out_signature(out, &fields);
    write_out(actor, out, slice_of(challenge_answer_header(&actor->challenge)),
              association_authorization(actor->association, out->arena, &fields));
}

static void send_plain(struct actor *actor)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_out out;
    make_register(actor, arena, &out);
    send_out(actor, ACTOR_CHALLENGE, &out, (struct slice){0}, (struct slice){0});
}

static void send_token(struct actor *actor)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_out out;
    make_register(actor, arena, &out);
    send_out(actor, actor->step == ACTOR_CHALLENGE ? ACTOR_HELLO : ACTOR_FINISH, &out,
             slice_of(challenge_answer_header(&actor->challenge)),
             challenge_answer(arena, &actor->challenge, buf_slice(&actor->token)));
}

static void send_signed(struct actor *actor, enum actor_step step)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_out out;
    make_register(actor, arena, &out);
    actor->step = step;
    actor->sent_us = clock_monotonic_us();
    write_signed(actor, &out);
}

void actor_refresh(struct actor *actor)
{
    if (actor->conn && !actor->failed)
        send_signed(actor, ACTOR_REFRESH);
}

static void add_headers(struct sip_request *request, const char *headers)
{
    struct slice rest = slice_of(headers), line, name, value;
    while (!slice_empty(rest)) {
        slice_cut(rest, '\n', &line, &rest);
        slice_cut(line, ':', &name, &value);
        sip_line_add(&request->headers, request->arena, name, slice_trim(value));
    }
}

void actor_ask(struct actor *actor, const struct actor_request *ask)
{
    if (!actor->conn || actor->failed)
        return;
    scoped(arena) struct arena *arena = arena_new();
    struct address local = conn_local(actor->conn);
    struct slice own = arena_print(arena, "sip:%s", actor->who->address);
    struct slice uri = slice_absent(ask->uri) ? own : ask->uri;
    struct sip_request request = {
        .arena = arena,
        .method = ask->method,
        .uri = uri,
        .via_host = address_print(arena, &local),
        .branch = sip_branch_new(arena),
        .from = arena_print(arena, "<%.*s>;tag=%.*s;epid=%.*s", SLICE_ARG(own),
                            SLICE_ARG(actor->tag), SLICE_ARG(actor->epid)),
        .to = slice_absent(ask->to) ? arena_print(arena, "<%.*s>", SLICE_ARG(uri)) : ask->to,
        .call_id = slice_absent(ask->call_id) ? random_hex(arena, 32) : ask->call_id,
        .cseq = ask->cseq,
        .content_type = ask->content_type,
        .body = ask->body,
    };
    sip_request_header(&request, "Contact", "<%.*s>", SLICE_ARG(actor_gruu(actor, arena)));
    if (ask->headers)
        add_headers(&request, ask->headers);
    struct sip_out out;
    sip_out_request(&out, &request);
    write_signed(actor, &out);
}

void actor_answer(struct actor *actor, const struct sip_message *request, int status,
                  struct slice sdp)
{
    if (!actor->conn || actor->failed)
        return;
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    struct sip_out out;
    sip_reply_init(&reply, arena, status);
    sip_reply_header(&reply, "Contact", "<%.*s>", SLICE_ARG(actor_gruu(actor, arena)));
    if (!slice_absent(sdp))
        sip_reply_body(&reply, SLICE("application/sdp"), sdp);
    sip_out_reply(&out, arena, request, &reply, &(struct sip_out_options){0});
    write_signed(actor, &out);
}

/* ---- the handshake ----------------------------------------------------------------------- */

static void handshake_run(struct job *job, unsigned worker)
{
    struct actor *actor = (struct actor *)job;
    (void)worker;
    if (!actor->tlsdsk) {
        struct tlsdsk_context *context =
            tlsdsk_context_new(&(struct tlsdsk_options){.key = actor->cast->stage->key,
                                                        .certificate = actor->who->certificate},
                               &actor->fault);
        actor->state = -ERR_INTERNAL;
        if (!context)
            return;
        actor->tlsdsk = tlsdsk_new(context);
        tlsdsk_context_free(context);
    }
    buf_clear(&actor->token);
    actor->state = tlsdsk_step(actor->tlsdsk, actor->challenge.token, &actor->token, &actor->fault);
}

static void agree(struct actor *actor)
{
    struct tlsdsk_keys keys;
    if (tlsdsk_keys(actor->tlsdsk, &keys) < 0)
        return;
    actor->association =
        association_new(&(struct association_options){.scheme = AUTH_TLS_DSK,
                                                      .version = actor->challenge.version,
                                                      .opaque = actor->challenge.opaque,
                                                      .realm = actor->challenge.realm,
                                                      .targetname = actor->challenge.targetname,
                                                      .keys = &keys,
                                                      .ends = INT64_MAX});
    tlsdsk_keys_wipe(&keys);
    tlsdsk_free(take(&actor->tlsdsk));
    send_signed(actor, ACTOR_REGISTER);
}

static void handshake_done(struct job *job)
{
    struct actor *actor = (struct actor *)job;
    actor->working = false;
    if (!actor->conn) {
        if (actor->freed)
            actor_destroy(actor);
        return;
    }
    if (actor->freed)
        return; /* on_closed is still to come */
    if (actor->state < 0)
        fail(actor, &actor->fault);
    else if (actor->state == TLSDSK_DONE)
        agree(actor);
    else
        send_token(actor);
}

static void start_handshake(struct actor *actor)
{
    actor->job =
        (struct job){.run = handshake_run, .done = handshake_done, .loop = actor->cast->loop};
    actor->working = true;
    if (workers_submit(actor->cast->workers, &actor->job) < 0) {
        struct fault fault;
        actor->working = false;
        fault_set(&fault, ERR_BUSY, FINDING_INTERNAL, "the measuring program is overloaded");
        fail(actor, &fault);
    }
}

/* ---- coming in ------------------------------------------------------------------------------ */

static void take_challenge(struct actor *actor, struct slice bytes)
{
    struct challenge_list list;
    struct fault fault;
    /* The challenge outlives the message: it is answered on a worker. */
    struct sip_message *message = arena_new_of(actor->arena, struct sip_message);
    int err = sip_parse(message, arena_copy(actor->arena, bytes), &fault);
    if (err == 0)
        err = challenge_parse(actor->arena, message, &list, &fault);
    const struct challenge *offer = err == 0 ? challenge_find(&list, AUTH_TLS_DSK) : NULL;
    if (err == 0 && !offer)
        err = fault_set(&fault, ERR_DENIED, FINDING_INTERNAL, "the server offers no TLS-DSK");
    if (err < 0) {
        fail(actor, &fault);
        return;
    }
    actor->challenge = *offer;
    start_handshake(actor);
}

static void take_success(struct actor *actor, const struct sip_message *message)
{
    struct fault fault;
    if (association_verify_info(actor->association, message, clock_now(), &fault) < 0) {
        fail(actor, &fault);
        return;
    }
    const struct sip_header *state = sip_header_named(message, SLICE("presence-state"), NULL);
    bool kept = state && slice_eq(state->value, SLICE("register-action=\"refreshed\""));
    actor->cast->handler->on_registered(actor, kept);
}

/* What is not about the registration. Checking a signature costs the same whoever
 * listens, so it is done for all. */
static void take_other(struct actor *actor, const struct sip_message *message)
{
    const struct actor_handler *to = actor->cast->handler;
    struct fault fault;
    if (!sip_is_request(message) && message->status < 200)
        return; /* provisional answers are not signed */
    if (association_verify_info(actor->association, message, clock_now(), &fault) < 0) {
        fail(actor, &fault);
        return;
    }
    if (sip_is_request(message) && to->on_request)
        to->on_request(actor, message);
    else if (!sip_is_request(message) && to->on_answer)
        to->on_answer(actor, message);
}

static void take_message(struct actor *actor, struct slice bytes)
{
    struct sip_message message;
    struct fault fault;
    if (sip_parse(&message, bytes, &fault) < 0) {
        fail(actor, &fault);
        return;
    }
    if (actor->failed)
        return;
    if (message.method != SIP_REGISTER) {
        take_other(actor, &message);
        return;
    }
    record(actor);
    bool signed_step = actor->step == ACTOR_REGISTER || actor->step == ACTOR_REFRESH;
    if (message.status == 401 && !signed_step) {
        take_challenge(actor, bytes);
    } else if (message.status == 200 && signed_step) {
        take_success(actor, &message);
    } else {
        fault_set(&fault, ERR_DENIED, FINDING_INTERNAL, "%d %.*s at step %s", message.status,
                  SLICE_ARG(message.reason), step_names[actor->step]);
        fail(actor, &fault);
    }
}

static void on_open(struct conn *conn)
{
    struct actor *actor = conn_user(conn);
    record(actor);
    send_plain(actor);
}

static size_t on_bytes(struct conn *conn, struct slice bytes)
{
    struct actor *actor = conn_user(conn);
    struct sip_frame frame;
    struct fault fault;
    if (sip_frame(&actor->framer, bytes, &frame, &fault) < 0) {
        conn_fail(conn, &fault);
        return bytes.len;
    }
    if (frame.kind == SIP_FRAME_MESSAGE)
        take_message(actor, frame.bytes);
    return frame.len;
}

static void on_closed(struct conn *conn, const struct fault *why)
{
    struct actor *actor = conn_user(conn);
    actor->conn = NULL;
    if (!actor->freed)
        fail(actor, why);
    else if (!actor->working)
        actor_destroy(actor);
}

static const struct conn_handler handler = {
    .on_open = on_open, .on_bytes = on_bytes, .on_closed = on_closed};

/* ---- life -------------------------------------------------------------------------------------
 */

struct actor *actor_new(const struct actor_cast *cast, const struct stage_user *who, void *user)
{
    struct actor *actor = must_calloc(1, sizeof *actor);
    struct fault fault;
    actor->cast = cast;
    actor->who = who;
    actor->user = user;
    actor->arena = arena_new();
    actor->epid = random_hex(actor->arena, 12);
    actor->tag = random_hex(actor->arena, 10);
    actor->call_id = random_hex(actor->arena, 32);
    actor->sent_us = clock_monotonic_us();
    sip_framer_init(&actor->framer, &(struct sip_limits){.body = BODY_MAX});
    struct conn_options options = {.handler = &handler,
                                   .user = actor,
                                   .tls = cast->tls,
                                   .limits = {.input_max = 2 * BODY_MAX}};
    actor->conn =
        conn_connect(cast->loop, &cast->stage->sip, cast->stage->sip_host, &options, &fault);
    if (!actor->conn) {
        actor_destroy(actor);
        return NULL;
    }
    return actor;
}

void actor_free(struct actor *actor)
{
    if (!actor)
        return;
    actor->freed = true;
    if (actor->conn)
        conn_close(actor->conn); /* on_closed destroys it */
    else if (!actor->working)
        actor_destroy(actor);
}
