/* Requests of the phone's and their answers, and dialogs as one side keeps them (RFC 3261
 * section 12). Nothing is signed here: the server knows the phone by its flow. */
#include "mobility/phone_priv.h"

#include "base/random.h"
#include "sip/reply.h"

#include <stdlib.h>
#include <string.h>

enum {
    ASKS_MAX = 64
};

/* ---- out ---------------------------------------------------------------------------------- */

static void push_out(struct phone *phone, const struct sip_out *out)
{
    scoped(buf) struct buf bytes = BUF_INIT;
    sip_print(out, (struct slice){0}, (struct slice){0}, &bytes);
    struct slice text = buf_slice(&bytes);
    struct parting *parting = must_alloc(sizeof *parting + text.len);
    parting->next = NULL;
    parting->len = text.len;
    memcpy(parting->bytes, text.at, text.len);
    *phone->last = parting;
    phone->last = &parting->next;
    phone_stir(phone);
}

struct sip_request phone_talk_request(const struct phone *phone, struct arena *arena,
                                      enum sip_method method, struct slice uri)
{
    struct sip_request request = {.arena = arena, .method = method, .uri = uri, .cseq = 1};
    request.via_host =
        arena_print(arena, "%.*s:%u", SLICE_ARG(phone->world.pool), phone->world.port);
    request.branch = sip_branch_new(arena);
    request.from =
        arena_print(arena, "<%.*s>;tag=%.*s;epid=%.*s", SLICE_ARG(phone->uri),
                    SLICE_ARG(slice_head(sip_tag_new(arena), 10)), SLICE_ARG(phone->epid));
    request.to = arena_print(arena, "<%.*s>", SLICE_ARG(uri));
    request.call_id = random_hex(arena, 32);
    /* The shape of RTCC/4.0.0.0 McxService/4.0.0.0 WPLync/...: stack, service, device. */
    sip_request_header(&request, "User-Agent", "RTCC/4.0.0.0 McxService/4.0.0.0 %.*s",
                       SLICE_ARG(phone->user_agent));
    return request;
}

struct slice phone_talk_contact(const struct phone *phone, struct arena *arena)
{
    if (phone->gruu[0])
        return arena_print(arena, "<%s>", phone->gruu);
    return arena_print(arena, "<sip:%.*s:%u;transport=tls;ms-opaque=%.*s>",
                       SLICE_ARG(phone->world.pool), phone->world.port,
                       SLICE_ARG(slice_head(phone->epid, 10)));
}

void phone_talk_tell(struct phone *phone, const struct sip_request *request)
{
    struct sip_out out;
    sip_out_request(&out, request);
    push_out(phone, &out);
}

int phone_talk_ask(struct phone *phone, const struct sip_request *request, const struct ask *ask,
                   int64_t timeout_ms, struct fault *fault)
{
    if (sip_transactions_count(phone->transactions) >= ASKS_MAX)
        return phone_fault(fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "too many requests wait");
    struct ask *kept = must_alloc(sizeof *kept);
    *kept = *ask;
    int err =
        sip_client_sent(phone->transactions, request->branch, sip_method_name(request->method),
                        phone_now(phone), timeout_ms, kept, fault);
    if (err)
        free(kept);
    else
        phone_talk_tell(phone, request);
    return err;
}

void phone_talk_reply(struct phone *phone, const struct sip_message *request,
                      const struct sip_reply *reply)
{
    struct sip_out out;
    scoped(arena) struct arena *arena = arena_new();
    struct slice server =
        arena_print(arena, "RTCC/4.0.0.0 McxService/4.0.0.0 %.*s", SLICE_ARG(phone->user_agent));
    sip_out_reply(&out, reply->arena, request, reply, &(struct sip_out_options){.server = server});
    push_out(phone, &out);
}

void phone_talk_answer(struct phone *phone, const struct sip_message *request, int status)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    sip_reply_init(&reply, arena, status);
    if (request->method != SIP_BENOTIFY && request->method != SIP_ACK)
        phone_talk_reply(phone, request, &reply);
}

/* ---- in ------------------------------------------------------------------------------------ */

static void expired(void *arg, enum sip_method method, void *user)
{
    struct ask *ask = user;
    (void)method;
    ask->fn(arg, ask, NULL);
    free(ask);
}

void phone_talk_expire(struct phone *phone, int64_t now)
{
    sip_transactions_expire(phone->transactions, now, expired, phone);
}

void phone_talk_end(struct phone *phone)
{
    phone_talk_expire(phone, INT64_MAX);
}

void phone_talk_response(struct phone *phone, const struct sip_message *response)
{
    struct sip_answer answer = sip_client_received(phone->transactions, response, phone_now(phone));
    if (!answer.known || answer.repeated || response->status < 200)
        return;
    struct ask *ask = answer.user;
    ask->fn(phone, ask, response);
    free(ask);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Our own server's: the number, and the row's sentence at the beginning of the reason. */
static enum finding finding_of(const struct sip_message *answer)
{
    struct slice value = sip_value(answer, SIP_HEADER_MS_DIAGNOSTICS);
    if (slice_absent(value))
        value = sip_value(answer, SIP_HEADER_MS_DIAGNOSTICS_PUBLIC);
    for (int i = FINDING_NONE + 1; i < FINDING_COUNT && !slice_absent(value); i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        if (row->sip == answer->status && slice_find(value, slice_of(row->user)) >= 0)
            return (enum finding)i;
    }
    return FINDING_NONE;
}

void phone_talk_refusal(const struct sip_message *answer, struct fault *fault)
{
    static const struct {
        int status;
        enum finding finding;
    } rows[] = {{404, FINDING_IM_NO_SUCH_USER},
                {408, FINDING_IM_TIMEOUT},
                {480, FINDING_IM_NOT_THERE},
                {503, FINDING_SERVER_BUSY}};
    if (!answer) {
        fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer");
        return;
    }
    enum finding finding = finding_of(answer);
    for (size_t i = 0; finding == FINDING_NONE && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == answer->status)
            finding = rows[i].finding;
    fault_set(fault, ERR_DENIED, finding == FINDING_NONE ? FINDING_REQUEST_REFUSED : finding,
              "%d %.*s", answer->status, SLICE_ARG(slice_head(answer->reason, 60)));
}

/* ---- legs ------------------------------------------------------------------------------------ */

void phone_leg_begin(struct phone *phone, struct leg *leg, struct slice uri)
{
    *leg = (struct leg){.arena = arena_new()};
    struct sip_request request = phone_talk_request(phone, leg->arena, SIP_OPTIONS, uri);
    struct sip_address from;
    leg->call_id = request.call_id;
    leg->local = request.from;
    leg->remote = arena_print(leg->arena, "<%.*s>", SLICE_ARG(uri));
    leg->target = arena_copy(leg->arena, uri);
    if (sip_address_parse(leg->local, "From", &from, NULL) == 0)
        leg->local_tag = from.tag;
}

/* As they stand for who is called, the other way round for who calls. */
static int take_routes(struct leg *leg, const struct sip_message *message, bool reverse)
{
    leg->route_count = 0;
    for (const struct sip_header *h = sip_header(message, SIP_HEADER_RECORD_ROUTE); h;
         h = sip_header_next(message, h)) {
        struct slice rest = h->value, item;
        while (sip_list_next(&rest, &item) > 0) {
            if (leg->route_count == LEG_ROUTES_MAX)
                return -ERR_LIMIT;
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
                     const struct sip_address *peer, bool reverse)
{
    struct sip_contacts it = {0};
    struct sip_contact contact;
    if (message->bytes.len - message->body.len > LEG_TEXT_MAX || slice_empty(peer->tag))
        return -ERR_MALFORMED;
    leg->remote = arena_copy(leg->arena, peer->text);
    leg->remote_tag = arena_copy(leg->arena, peer->tag);
    leg->target = arena_copy(leg->arena, sip_contact_next(message, &it, &contact) && !contact.star
                                             ? contact.address.uri.text
                                             : peer->uri.text);
    return take_routes(leg, message, reverse);
}

int phone_leg_accept(struct phone *phone, struct leg *leg, const struct sip_message *request)
{
    *leg = (struct leg){.arena = arena_new()};
    leg->call_id = arena_copy(leg->arena, request->call_id);
    leg->local_tag = slice_head(sip_tag_new(leg->arena), 10);
    leg->local = arena_print(leg->arena, "%.*s;tag=%.*s", SLICE_ARG(request->to.text),
                             SLICE_ARG(leg->local_tag));
    if (slice_absent(request->to.epid))
        leg->local = arena_print(leg->arena, "%.*s;epid=%.*s", SLICE_ARG(leg->local),
                                 SLICE_ARG(phone->epid));
    int err = take_peer(leg, request, &request->from, false);
    if (err)
        phone_leg_end(leg);
    return err;
}

int phone_leg_confirm(struct leg *leg, const struct sip_message *answer)
{
    return take_peer(leg, answer, &answer->to, true);
}

bool phone_leg_is_of(const struct leg *leg, const struct sip_message *request)
{
    return leg->arena && slice_eq(leg->call_id, request->call_id) &&
           slice_eq(leg->local_tag, request->to.tag) &&
           (slice_empty(leg->remote_tag) || slice_eq(leg->remote_tag, request->from.tag));
}

struct sip_request phone_leg_request(const struct phone *phone, struct leg *leg,
                                     struct arena *arena, enum sip_method method)
{
    struct sip_request request = phone_talk_request(phone, arena, method, leg->target);
    request.from = leg->local;
    request.to = leg->remote;
    request.call_id = leg->call_id;
    request.cseq = ++leg->cseq;
    for (size_t i = 0; i < leg->route_count; i++)
        sip_request_header(&request, "Route", "%.*s", SLICE_ARG(leg->routes[i]));
    return request;
}

void phone_leg_end(struct leg *leg)
{
    arena_free(leg->arena);
    *leg = (struct leg){0};
}
