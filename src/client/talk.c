#include "client/talk_priv.h"

#include "base/clock.h"
#include "base/random.h"
#include "sip/print.h"
#include "sip/transaction.h"

#include <stdlib.h>
#include <string.h>

enum {
    OUTSTANDING_MAX = 64
};

/* Whoever waits for an answer. */
struct asked {
    talk_answer_fn *fn;
    void *arg;
    struct slice call_id; /* in text */
    uint32_t cseq;
    char text[];
};

/* ---- out -------------------------------------------------------------------------------- */

struct sip_request talk_request(struct lychgate *gate, struct arena *arena, enum sip_method method,
                                struct slice uri)
{
    struct sip_request request = {.arena = arena, .method = method, .uri = uri, .cseq = 1};
    request.via_host = wire_local(gate->wire);
    request.branch = sip_branch_new(arena);
    request.from =
        arena_print(arena, "<%.*s>;tag=%.*s;epid=%.*s", SLICE_ARG(gate->set.sip_uri),
                    SLICE_ARG(slice_head(sip_tag_new(arena), 10)), SLICE_ARG(gate->epid));
    request.to = arena_print(arena, "<%.*s>", SLICE_ARG(uri));
    request.call_id = random_hex(arena, 32);
    sip_request_header(&request, "User-Agent", "%s", gate->set.user_agent);
    return request;
}

static struct slice contact_of(struct lychgate *gate, struct arena *arena)
{
    if (gate->summary.gruu[0])
        return arena_print(arena, "<%s>", gate->summary.gruu);
    return arena_print(arena, "<sip:%.*s;transport=tls;ms-opaque=%.*s>;proxy=replace",
                       SLICE_ARG(wire_local(gate->wire)), SLICE_ARG(slice_head(gate->epid, 10)));
}

void talk_contact(struct lychgate *gate, struct sip_request *request)
{
    sip_request_header(request, "Contact", "%.*s", SLICE_ARG(contact_of(gate, request->arena)));
}

int talk_tell(struct lychgate *gate, const struct sip_request *request, struct fault *fault)
{
    struct sip_out out;
    sip_out_request(&out, request);
    return dialogue_send(gate, &out, fault);
}

int talk_ask(struct lychgate *gate, const struct sip_request *request, talk_answer_fn *fn,
             void *arg, struct fault *fault)
{
    if (!gate->transactions)
        gate->transactions = sip_transactions_new(OUTSTANDING_MAX);
    if (sip_transactions_count(gate->transactions) == OUTSTANDING_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_INTERNAL, "%d requests wait for answers",
                         OUTSTANDING_MAX);
    int err = talk_tell(gate, request, fault);
    if (err)
        return err;
    struct asked *asked = must_alloc(sizeof *asked + request->call_id.len);
    *asked = (struct asked){.fn = fn, .arg = arg, .cseq = request->cseq};
    memcpy(asked->text, request->call_id.at, request->call_id.len);
    asked->call_id = slice_make(asked->text, request->call_id.len);
    err = sip_client_sent(gate->transactions, request->branch, sip_method_name(request->method),
                          clock_monotonic(), gate->set.timeout_ms, asked, fault);
    if (err)
        free(asked);
    return err;
}

int talk_reply(struct lychgate *gate, const struct sip_message *request,
               const struct sip_reply *reply, struct fault *fault)
{
    struct sip_out out;
    sip_out_reply(&out, reply->arena, request, reply, &(struct sip_out_options){0});
    return dialogue_send(gate, &out, fault);
}

/* ---- in ---------------------------------------------------------------------------------- */

static void expired(void *arg, enum sip_method method, void *user)
{
    struct asked *asked = user;
    (void)method;
    asked->fn(arg, asked->arg, NULL);
    free(asked);
}

void talk_end(struct lychgate *gate)
{
    struct sip_transactions *table = gate->transactions;
    gate->transactions = NULL;
    if (table)
        sip_transactions_expire(table, INT64_MAX, expired, gate);
    sip_transactions_free(table);
}

bool talk_is_genuine(struct lychgate *gate, const struct sip_message *message)
{
    struct fault odd;
    if (!gate->association || message->status == 401 || (message->status && message->status < 200))
        return true;
    if (association_verify_info(gate->association, message, clock_now(), &odd) == 0)
        return true;
    report_tell(&gate->report, &(struct report_told){.step = "message",
                                                     .asked = SLICE("a message of the server's"),
                                                     .whom = gate->pool_name,
                                                     .received = message->bytes,
                                                     .answer = "passed over",
                                                     .outcome = LYCHGATE_NOTED,
                                                     .fault = &odd});
    return false;
}

static void take_response(struct lychgate *gate, const struct sip_message *response)
{
    if (!gate->transactions || !talk_is_genuine(gate, response))
        return;
    struct sip_answer answer = sip_client_received(gate->transactions, response, clock_monotonic());
    /* A 2xx of a second fork: the server cancels those, the peer's BYE will follow. */
    if (!answer.known || answer.repeated || response->status < 200)
        return;
    struct asked *asked = answer.user;
    bool ours = slice_eq(asked->call_id, response->call_id) && asked->cseq == response->cseq;
    asked->fn(gate, asked->arg, ours ? response : NULL);
    free(asked);
}

int talk_take(struct lychgate *gate, const struct sip_message *message, struct fault *fault)
{
    if (sip_is_request(message))
        return dialogue_request(gate, message, fault);
    take_response(gate, message);
    return 0;
}

static int64_t sooner(struct lychgate *gate, int64_t until)
{
    int64_t deadline =
        gate->transactions ? sip_transactions_deadline(gate->transactions) : INT64_MAX;
    return deadline < until ? deadline : until;
}

int talk_pump(struct lychgate *gate, int64_t until, const bool *done, struct fault *fault)
{
    for (;;) {
        struct sip_message message;
        if (gate->transactions)
            sip_transactions_expire(gate->transactions, clock_monotonic(), expired, gate);
        if (done && *done)
            return 0;
        int err = dialogue_receive(gate, sooner(gate, until), &message, fault);
        if (err == 0)
            err = talk_take(gate, &message, fault);
        if (err && (err != -ERR_AGAIN || clock_monotonic() >= until))
            return err;
    }
}

int talk_await(struct lychgate *gate, const bool *done, struct fault *fault)
{
    int err = talk_pump(gate, clock_monotonic() + gate->set.timeout_ms, done, fault);
    if (err == -ERR_AGAIN)
        fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer from the server");
    if (err == -ERR_CONFLICT)
        fault_set(fault, ERR_CONFLICT, FINDING_STOPPED, "while waiting for an answer");
    /* Who waits may wait in the memory of a caller that will be gone. */
    if (err)
        talk_end(gate);
    return err == -ERR_AGAIN ? -ERR_IO : err;
}

struct exchange {
    struct arena *arena;
    bool done;
    struct slice bytes; /* absent: no answer */
};

static void exchanged(struct lychgate *gate, void *arg, const struct sip_message *answer)
{
    struct exchange *exchange = arg;
    (void)gate;
    exchange->done = true;
    if (answer)
        exchange->bytes = arena_copy(exchange->arena, answer->bytes);
}

int talk_exchange(struct lychgate *gate, const struct sip_request *request,
                  struct sip_message *answer, struct fault *fault)
{
    struct exchange exchange = {.arena = request->arena};
    int err = talk_ask(gate, request, exchanged, &exchange, fault);
    if (err == 0)
        err = talk_await(gate, &exchange.done, fault);
    if (err)
        return err;
    if (slice_absent(exchange.bytes))
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer to %.*s",
                         SLICE_ARG(sip_method_name(request->method)));
    return sip_parse(answer, exchange.bytes, fault);
}

/* ---- legs --------------------------------------------------------------------------------- */

static int wrong(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "dialog: %s", what);
}

void leg_begin(struct lychgate *gate, struct leg *leg, struct slice uri)
{
    *leg = (struct leg){.arena = arena_new()};
    struct sip_request request = talk_request(gate, leg->arena, SIP_OPTIONS, uri);
    struct sip_address from;
    leg->call_id = request.call_id;
    leg->local = request.from;
    leg->remote = arena_print(leg->arena, "<%.*s>", SLICE_ARG(uri));
    leg->target = arena_copy(leg->arena, uri);
    if (sip_address_parse(leg->local, "From", &from, NULL) == 0)
        leg->local_tag = from.tag;
}

/* Record-Route: as they stand for who is called, the other way round for who calls
 * (RFC 3261 section 12.1). */
static int take_routes(struct leg *leg, const struct sip_message *message, bool reverse,
                       struct fault *fault)
{
    leg->route_count = 0;
    for (const struct sip_header *h = sip_header(message, SIP_HEADER_RECORD_ROUTE); h;
         h = sip_header_next(message, h)) {
        struct slice rest = h->value, item;
        while (sip_list_next(&rest, &item) > 0) {
            if (leg->route_count == LEG_ROUTES_MAX)
                return wrong(fault, "too many Record-Routes");
            leg->routes[leg->route_count++] = arena_copy(leg->arena, item);
        }
    }
    for (size_t i = 0; reverse && i < leg->route_count / 2; i++) {
        struct slice first = leg->routes[i];
        leg->routes[i] = leg->routes[leg->route_count - 1 - i];
        leg->routes[leg->route_count - 1 - i] = first;
    }
    return 0;
}

/* A dialog without Contact goes to the address it began with. */
static int take_peer(struct leg *leg, const struct sip_message *message,
                     const struct sip_address *peer, bool reverse, struct fault *fault)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    if (message->bytes.len - message->body.len > LEG_TEXT_MAX)
        return wrong(fault, "its headers are too long");
    if (slice_empty(peer->tag))
        return wrong(fault, "the peer has no tag");
    leg->remote = arena_copy(leg->arena, peer->text);
    leg->remote_tag = arena_copy(leg->arena, peer->tag);
    leg->target = arena_copy(leg->arena, sip_contact_next(message, &it, &contact) && !contact.star
                                             ? contact.address.uri.text
                                             : peer->uri.text);
    return take_routes(leg, message, reverse, fault);
}

int leg_accept(struct lychgate *gate, struct leg *leg, const struct sip_message *request,
               struct fault *fault)
{
    *leg = (struct leg){.arena = arena_new()};
    leg->call_id = arena_copy(leg->arena, request->call_id);
    leg->local_tag = slice_head(sip_tag_new(leg->arena), 10);
    leg->local = arena_print(leg->arena, "%.*s;tag=%.*s;epid=%.*s", SLICE_ARG(request->to.text),
                             SLICE_ARG(leg->local_tag), SLICE_ARG(gate->epid));
    if (!slice_absent(request->to.epid)) /* it is there already */
        leg->local = arena_print(leg->arena, "%.*s;tag=%.*s", SLICE_ARG(request->to.text),
                                 SLICE_ARG(leg->local_tag));
    leg->remote_cseq = request->cseq;
    int err = take_peer(leg, request, &request->from, false, fault);
    if (err)
        leg_end(leg);
    return err;
}

int leg_confirm(struct leg *leg, const struct sip_message *answer, struct fault *fault)
{
    return take_peer(leg, answer, &answer->to, true, fault);
}

bool leg_is_of(const struct leg *leg, const struct sip_message *request)
{
    return leg->arena && slice_eq(leg->call_id, request->call_id) &&
           slice_eq(leg->local_tag, request->to.tag) &&
           (slice_empty(leg->remote_tag) || slice_eq(leg->remote_tag, request->from.tag));
}

struct sip_request leg_request(struct lychgate *gate, struct leg *leg, struct arena *arena,
                               enum sip_method method)
{
    struct sip_request request = talk_request(gate, arena, method, leg->target);
    request.from = leg->local;
    request.to = leg->remote;
    request.call_id = leg->call_id;
    request.cseq = ++leg->cseq;
    for (size_t i = 0; i < leg->route_count; i++)
        sip_request_header(&request, "Route", "%.*s", SLICE_ARG(leg->routes[i]));
    return request;
}

void leg_end(struct leg *leg)
{
    arena_free(leg->arena);
    *leg = (struct leg){0};
}
