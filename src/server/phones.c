#include "server/phones.h"

#include "accounts/account.h"
#include "base/clock.h"
#include "event/event.h"
#include "server/home.h"
#include "server/methods.h"
#include "server/offer.h"
#include "server/sitewide.h"
#include "server/verdict.h"
#include "server/wake.h"
#include "sip/print.h"

#include <stdlib.h>
#include <uthash.h>

/* Connections count from 1 and never get there. */
#define PHONE_FLOW (UINT64_C(1) << 63)

struct seat {
    uint64_t number; /* of its flow: the key */
    struct wing *wing;
    struct phone *phone;
    int64_t account; /* account.id, once a worker has looked */
    struct timer timer;
    bool stirred; /* a letter to go on is under way */
    bool busy;    /* a message is in work: the next one waits */
    bool asked;   /* a worker looks whether he may */
    bool gone;    /* closed by its face meanwhile */
    bool present; /* somebody knows its flow */
    UT_hash_handle hh;
};

struct phones {
    struct phone_host host;
    struct seat *seats;
    uint64_t last;
};

bool phones_is_flow(struct flow flow)
{
    return (flow.conn & PHONE_FLOW) != 0;
}

static struct seat *find_seat(const struct wing *wing, uint64_t number)
{
    struct seat *seat = NULL;
    if (wing->phones)
        HASH_FIND(hh, wing->phones->seats, &number, sizeof number, seat);
    return seat && !seat->gone ? seat : NULL;
}

static struct flow flow_of(const struct seat *seat)
{
    return (struct flow){.conn = seat->number, .loop = seat->wing->index};
}

/* ---- the trace ------------------------------------------------------------------------------- */

/* The phone's end is POOL:5087, as its Contact says. */
static struct trace_record between(const struct seat *seat, bool out, struct arena *arena)
{
    const struct server *server = seat->wing->server;
    struct slice pool = server->site.sip_host;
    struct slice phone =
        arena_print(arena, "%.*s:%u", SLICE_ARG(pool), (unsigned)server->config->mobility.port);
    struct slice us = arena_print(arena, "%.*s:%u", SLICE_ARG(pool), server->site.sip_port);
    return (struct trace_record){.from = out ? phone : us,
                                 .to = out ? us : phone,
                                 .conversation =
                                     arena_print(arena, "phone-%u-%llu", seat->wing->index,
                                                 (unsigned long long)(seat->number & ~PHONE_FLOW))};
}

static void trace_message(const struct seat *seat, bool out, struct slice bytes)
{
    struct server *server = seat->wing->server;
    if (!server->trace)
        return;
    scoped(arena) struct arena *arena = arena_new();
    struct trace_record record = between(seat, out, arena);
    record.at_us = clock_now() * 1000;
    record.layer = TRACE_SIP;
    record.component = SLICE(TRACE_SIPSTACK);
    record.text = bytes;
    trace_write(server->trace, &record);
}

static void tell_verdict(const struct seat *seat, const struct phone_admission *admission,
                         const struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct verdict verdict = {.account = phone_account(seat->phone),
                              .endpoint = phone_endpoint(seat->phone),
                              .enabled = !fault && verdict_enabled(&admission->policy),
                              .fault = fault,
                              .mode = fault             ? "none"
                                      : admission->push ? "push"
                                                        : "pull"};
    verdict_tell(seat->wing->server, &verdict, between(seat, false, arena));
}

/* ---- may he? -----------------------------------------------------------------------------------
 */

struct inquiry {
    struct job job;
    struct wing *wing;
    uint64_t number;
    struct arena *arena; /* of this */
    struct slice account, device;
    int64_t account_id;
    struct phone_admission admission;
    int err;
    struct fault fault;
};

static int look(struct inquiry *q)
{
    struct server *server = q->wing->server;
    const struct desk *desk = server_desk(server);
    struct account account;
    struct phone_admission *admission = &q->admission;
    int err = accounts_find(desk->accounts, q->account, q->arena, &account, &q->fault);
    if (err < 0)
        return err;
    if (!account.enabled)
        return fault_set(&q->fault, ERR_DENIED, FINDING_USER_DISABLED, "%.*s",
                         SLICE_ARG(q->account));
    struct policy_subject subject = offer_subject(server->config, account.id);
    err = policy_effective_load(desk->reader, &subject, admission->arena, &admission->policy,
                                &q->fault);
    if (err < 0)
        return err;
    struct sitewide sitewide = sitewide_of(&admission->policy);
    q->account_id = account.id;
    admission->push = sitewide.push && wake_can_push(server, account.id, q->device);
    admission->lifetime = sitewide_lifetime(&sitewide, admission->push);
    return 0;
}

static void look_on_worker(struct job *job, unsigned worker)
{
    struct inquiry *q = (struct inquiry *)job;
    (void)worker;
    q->err = look(q);
}

static void answer_inquiry(struct inquiry *q)
{
    struct seat *seat = find_seat(q->wing, q->number);
    if (seat) {
        seat->account = q->account_id;
        tell_verdict(seat, &q->admission, q->err < 0 ? &q->fault : NULL);
        phone_admit(seat->phone, &q->admission, q->err < 0 ? &q->fault : NULL);
    } else {
        arena_free(q->admission.arena);
    }
    arena_free(q->arena);
}

static void looked(struct job *job)
{
    answer_inquiry((struct inquiry *)job);
}

static void inquire(struct seat *seat)
{
    struct arena *arena = arena_new();
    struct inquiry *q = arena_new_of(arena, struct inquiry);
    struct slice device = phone_device(seat->phone);
    q->arena = arena;
    q->wing = seat->wing;
    q->number = seat->number;
    q->account = arena_copy(arena, phone_account(seat->phone));
    q->device = slice_empty(device) ? SLICE("") : arena_copy(arena, device);
    q->admission.arena = arena_new();
    q->job = (struct job){.run = look_on_worker, .done = looked, .loop = seat->wing->loop};
    /* Once submitted it is the worker's, who may have set q->err before this returns. */
    int err = server_work(seat->wing->server, &q->job, &q->fault);
    if (err == 0)
        return;
    q->err = err;
    answer_inquiry(q);
}

/* ---- messages
 * ------------------------------------------------------------------------------------ */

static void free_seat(struct seat *seat)
{
    timer_stop(&seat->timer);
    phone_free(seat->phone);
    HASH_DEL(seat->wing->phones->seats, seat);
    if (seat->present)
        home_flow_lost(seat->wing, flow_of(seat));
    free(seat);
}

/* The gate has nothing to say: the user proved to a face who he is. */
static void start_errand(struct seat *seat, struct arena *arena, struct slice bytes)
{
    struct wing *wing = seat->wing;
    struct errand *e = arena_new_of(arena, struct errand);
    struct fault fault;
    e->arena = arena;
    e->server = wing->server;
    e->wing = wing;
    e->phone = seat->number;
    e->now = loop_now(wing->loop);
    e->started_us = clock_monotonic_us();
    e->request = arena_new_of(arena, struct sip_message);
    outgoing_init(&e->outgoing, arena);
    trace_message(seat, true, bytes);
    if (sip_parse(e->request, bytes, &fault) < 0) { /* a defect of ours */
        event_emit(EVENT_ERROR, "mobility.malformed", fault.finding, EVENT_FAULT(&fault),
                   EVENT_END);
        arena_free(arena);
        return;
    }
    e->caller = (struct registrar_caller){
        .account = arena_copy(arena, phone_account(seat->phone)),
        .epid = arena_copy(arena, phone_epid(seat->phone)),
        .instance = arena_copy(arena, phone_instance(seat->phone)),
        .flow = flow_of(seat),
        .external = true, /* phones come by 5087, the external port */
    };
    e->established = !seat->present && e->request->method == SIP_REGISTER;
    seat->present = seat->busy = true;
    sip_reply_init(&e->reply, arena, 200);
    methods_take(e);
}

static void go_on(void *arg);

/* What a face or a message has brought about: next messages, time, news. One letter a stir,
 * so nothing of a phone or its face is ever called from within itself. */
static void stir(void *arg)
{
    struct seat *seat = arg;
    if (seat->stirred)
        return;
    seat->stirred = true;
    loop_post(seat->wing->loop, go_on, seat);
}

static void set_timer(struct seat *seat)
{
    int64_t next = phone_tick(seat->phone);
    timer_stop(&seat->timer);
    if (next == INT64_MAX)
        return;
    int64_t wait = next - loop_now(seat->wing->loop);
    timer_start(&seat->timer, wait < 10 ? 10 : wait > 3600000 ? 3600000 : wait);
}

static void go_on(void *arg)
{
    struct seat *seat = arg;
    struct arena *arena;
    struct slice bytes;
    seat->stirred = false;
    if (!seat->gone && !seat->asked) {
        seat->asked = true;
        inquire(seat);
    }
    while (!seat->gone && !seat->busy) {
        arena = arena_new();
        if (!phone_next(seat->phone, arena, &bytes)) {
            arena_free(arena);
            break;
        }
        start_errand(seat, arena, bytes);
    }
    if (!seat->gone)
        set_timer(seat);
    if (!seat->gone)
        phone_settle(seat->phone);
    if (seat->gone && !seat->stirred)
        free_seat(seat);
}

static void time_is_up(void *arg)
{
    stir(arg);
}

static void hear(const struct seat *seat, struct slice bytes)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message *message = arena_new_of(arena, struct sip_message);
    struct fault fault;
    trace_message(seat, false, bytes);
    if (sip_parse(message, bytes, &fault) == 0)
        phone_take(seat->phone, message);
    else
        event_emit(EVENT_ERROR, "mobility.malformed", fault.finding, EVENT_FAULT(&fault),
                   EVENT_END);
}

void phones_reply(struct errand *e)
{
    struct seat *seat = find_seat(e->wing, e->phone);
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_out out;
    if (!seat || e->reply.no_answer || !sip_is_request(e->request))
        return;
    sip_out_reply(&out, e->arena, e->request, &e->reply,
                  &(struct sip_out_options){.server = SLICE("RTC/6.0"), .now = e->now});
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    hear(seat, buf_slice(&bytes));
}

void phones_errand_ended(struct wing *wing, uint64_t number)
{
    struct seat *seat = find_seat(wing, number);
    if (!seat) { /* a home may have bound to it what it would never hear the end of */
        home_flow_lost(wing, (struct flow){.conn = number, .loop = wing->index});
        return;
    }
    seat->busy = false;
    stir(seat);
}

void phones_deliver(struct wing *wing, const struct outgoing *outgoing, struct arena *arena)
{
    const struct seat *seat = find_seat(wing, outgoing->flow.conn);
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_out out;
    if (!seat)
        return;
    if (!outgoing->forwarded) {
        struct sip_request request = outgoing->request;
        request.arena = arena;
        request.branch = sip_branch_new(arena);
        request.via_host = arena_print(arena, "%.*s:%u", SLICE_ARG(wing->server->site.sip_host),
                                       wing->server->site.sip_port);
        sip_out_request(&out, &request);
    }
    sip_print(outgoing->forwarded ? outgoing->forwarded : &out, (struct slice){0},
              (struct slice){0}, &bytes);
    hear(seat, buf_slice(&bytes));
}

/* ---- opening and closing
 * -------------------------------------------------------------------------- */

static int64_t now_of(void *arg)
{
    const struct seat *seat = arg;
    return loop_now(seat->wing->loop);
}

static void wake(void *arg, const struct push_news *news, uint64_t tag)
{
    const struct seat *seat = arg;
    wake_wish(seat->wing, &(struct wake_wish){.phone = seat->number,
                                              .account = seat->account,
                                              .device = phone_device(seat->phone),
                                              .news = news,
                                              .tag = tag});
}

/* The same endpoint again takes the place of its earlier phone, not a second one. */
static void replace(struct wing *wing, const struct seat *by)
{
    struct seat *seat, *next;
    struct fault fault;
    fault_set(&fault, ERR_CONFLICT, FINDING_MOBILITY_REPLACED, "%.*s",
              SLICE_ARG(phone_account(by->phone)));
    HASH_ITER(hh, wing->phones->seats, seat, next)
    if (seat != by && !seat->gone && slice_eq(phone_epid(seat->phone), phone_epid(by->phone)))
        phone_end(seat->phone, &fault);
}

static struct phone *open_phone(void *arg, const struct phone_options *options, struct fault *fault)
{
    struct wing *wing = arg;
    struct server *server = wing->server;
    if (phones_count(wing) >= (size_t)server->config->mobility.phones || server->draining) {
        fault_set(fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "%zu phones", phones_count(wing));
        return NULL;
    }
    struct seat *seat = must_calloc(1, sizeof *seat);
    seat->wing = wing;
    seat->number = PHONE_FLOW | ++wing->phones->last;
    struct phone_world world = {.domain = server->site.domain,
                                .pool = server->site.sip_host,
                                .port = (uint16_t)server->config->mobility.port,
                                .now = now_of,
                                .stir = stir,
                                .wake = wake,
                                .arg = seat};
    if (phone_new(&world, options, &seat->phone, fault) < 0) {
        free(seat);
        return NULL;
    }
    timer_init(&seat->timer, wing->loop, time_is_up, seat);
    HASH_ADD(hh, wing->phones->seats, number, sizeof seat->number, seat);
    replace(wing, seat);
    stir(seat);
    return seat->phone;
}

/* Freed behind what is on its way to it. */
static void close_phone(void *arg, struct phone *phone)
{
    struct wing *wing = arg;
    struct seat *seat, *next;
    HASH_ITER(hh, wing->phones->seats, seat, next)
    if (seat->phone == phone && phone) {
        seat->gone = true;
        stir(seat);
    }
}

void phones_open(struct wing *wing)
{
    wing->phones = must_calloc(1, sizeof *wing->phones);
    wing->phones->host = (struct phone_host){.arg = wing, .open = open_phone, .close = close_phone};
}

void phones_close(struct wing *wing)
{
    struct seat *seat, *next;
    if (!wing->phones)
        return;
    HASH_ITER(hh, wing->phones->seats, seat, next)
    {
        HASH_DEL(wing->phones->seats, seat);
        timer_stop(&seat->timer);
        phone_free(seat->phone);
        free(seat);
    }
    free(wing->phones);
    wing->phones = NULL;
}

void phones_each(struct wing *wing, void (*fn)(void *arg, struct phone *phone), void *arg)
{
    struct seat *seat, *next;
    if (!wing->phones)
        return;
    HASH_ITER(hh, wing->phones->seats, seat, next)
    if (!seat->gone)
        fn(arg, seat->phone);
}

struct phone *phones_find(const struct wing *wing, uint64_t number)
{
    const struct seat *seat = find_seat(wing, number);
    return seat ? seat->phone : NULL;
}

static void end(void *arg, struct phone *phone)
{
    phone_end(phone, arg);
}

void phones_end_all(struct wing *wing)
{
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_STOPPING, "sign in again");
    phones_each(wing, end, &fault);
}

const struct phone_host *phones_host(struct wing *wing)
{
    return &wing->phones->host;
}

size_t phones_count(const struct wing *wing)
{
    return HASH_COUNT(wing->phones->seats);
}

/* ---- the way to them
 * --------------------------------------------------------------------------------- */

struct visitor {
    struct wing *home;
    void (*fn)(struct wing *home, void *arg);
    void *arg;
};

static void arrive(void *arg)
{
    struct visitor visitor = *(struct visitor *)arg;
    free(arg);
    visitor.fn(visitor.home, visitor.arg);
}

void phones_visit(struct server *server, struct slice account,
                  void (*fn)(struct wing *home, void *arg), void *arg)
{
    struct visitor *visitor = must_alloc(sizeof *visitor);
    *visitor = (struct visitor){.home = wing_of_account(server, account), .fn = fn, .arg = arg};
    loop_post(visitor->home->loop, arrive, visitor);
}
