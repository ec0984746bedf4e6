#include "bench/rooms.h"

#include "bench/stage.h"
#include "contacts/read.h"
#include "im/im.h"
#include "presence/own.h"
#include "presence/watch.h"
#include "registrar/registrar.h"
#include "sip/print.h"

#include <stdlib.h>
#include <time.h>

enum {
    MACHINE = PRESENCE_MACHINE_STATE | 0x123456,
    HERE = 3500,
    BUSY = 6500,
    ENDPOINTS_MAX = 4
};

#define NOW  INT64_C(1800000000000)
#define EPID "01ab23cd45ef"
#define OFFERS                                                                                     \
    "Supported: ms-benotify, ms-piggyback-first-notify, eventlist, com.microsoft.autoextend\r\n"

struct person {
    uint32_t version; /* of his state */
    uint32_t delta;   /* of his list */
};

struct rooms {
    struct site site;
    struct registrar *registrar;
    struct contacts *contacts;
    struct presence *presence;
    struct im *im;
    struct person *people;
    unsigned count;

    /* One exchange. */
    struct arena *arena;
    struct outgoing_list out;
    struct presence_posts posts;
    struct sip_reply reply;
    struct fault *fault;
    unsigned cseq;
    int64_t began_ns, spent_ns;
};

/* ---- the stop-watch: what clients do is not counted ------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void go(struct rooms *r)
{
    r->began_ns = now_ns();
}

static void stop(struct rooms *r)
{
    r->spent_ns += now_ns() - r->began_ns;
}

/* ---- requests ------------------------------------------------------------------------------ */

static struct slice account_of(struct arena *arena, unsigned who)
{
    return arena_print(arena, "user%u@" BENCH_DOMAIN, who);
}

static struct registrar_caller caller_of(const struct rooms *r, unsigned who)
{
    return (struct registrar_caller){
        .account = account_of(r->arena, who), .epid = SLICE(EPID), .flow = {.conn = who + 1}};
}

static struct slice print_request(struct rooms *r, const char *method, unsigned who, unsigned to,
                                  const char *headers, struct slice body)
{
    r->cseq++;
    return arena_print(
        r->arena,
        "%s sip:user%u@" BENCH_DOMAIN " SIP/2.0\r\n"
        "Via: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK%u\r\nMax-Forwards: 70\r\n"
        "From: <sip:user%u@" BENCH_DOMAIN ">;tag=7f3a9c;epid=" EPID "\r\n"
        "To: <sip:user%u@" BENCH_DOMAIN ">\r\nCSeq: %u %s\r\nCall-ID: 0123456789abcdef%u\r\n"
        "Contact: <sip:10.0.0.5:40112;transport=tls;ms-opaque=d3470f2e1d>;proxy=replace\r\n"
        "User-Agent: UCCAPI/4.0.7577.4053 OC/4.0.7577.4053 (Microsoft Lync 2010)\r\n%s"
        "Content-Length: %zu\r\n\r\n%.*s",
        method, to, r->cseq, who, to, r->cseq, method, r->cseq, headers, body.len, SLICE_ARG(body));
}

/* The server's first step: its clock runs from here on. */
static int receive(struct rooms *r, struct slice bytes, struct sip_message *message)
{
    go(r);
    return sip_parse(message, bytes, r->fault);
}

static void begin(struct rooms *r, struct fault *fault)
{
    r->arena = arena_new();
    r->fault = fault;
    r->spent_ns = 0;
    outgoing_init(&r->out, r->arena);
    presence_posts_init(&r->posts, r->arena);
    sip_reply_init(&r->reply, r->arena, 200);
}

static void end(struct rooms *r)
{
    arena_free(take(&r->arena));
}

/* ---- the operations: each stops the clock ------------------------------------------------- */

static int do_register(struct rooms *r, unsigned who)
{
    struct sip_message request;
    struct registrar_caller by = caller_of(r, who);
    int err = receive(
        r, print_request(r, "REGISTER", who, who, "Event: registration\r\n", (struct slice){0}),
        &request);
    if (err == 0)
        err = registrar_register(r->registrar, &request, &by, NOW, &r->reply, &r->out, r->fault);
    stop(r);
    return err;
}

static void deliver_news(struct rooms *r)
{
    for (const struct presence_post *post = r->posts.first; post; post = post->next)
        presence_deliver(r->presence, post, NOW, &r->out, &r->posts);
}

static int do_publish(struct rooms *r, unsigned who)
{
    scoped(buf) struct buf state = BUF_INIT;
    scoped(buf) struct buf body = BUF_INIT;
    struct sip_message request;
    struct registrar_caller by = caller_of(r, who);
    struct presence_change *change = NULL;
    uint32_t version = r->people[who].version++;
    presence_state_print("machineState", false, version % 2 ? BUSY : HERE, &state);
    struct presence_publication list[] = {
        {"state", MACHINE, 2, version, "endpoint", false, buf_slice(&state)},
        {"state", MACHINE, 3, version, "endpoint", false, buf_slice(&state)}};
    presence_publish_print(by.account, list, 2, &body);
    int err =
        receive(r,
                print_request(r, "SERVICE", who, who, "Content-Type: " PRESENCE_PUBLISH_TYPE "\r\n",
                              buf_slice(&body)),
                &request);
    if (err == 0)
        err =
            presence_plan(r->presence, &request, &by, NOW, r->arena, &change, &r->reply, r->fault);
    if (err == 0 && !change)
        err = fault_set(r->fault, ERR_CONFLICT, FINDING_INTERNAL, "a publication was stale");
    if (err == 0) {
        presence_apply(r->presence, change, NOW, &r->reply, &r->out, &r->posts);
        deliver_news(r);
    }
    stop(r);
    return err;
}

static int do_edit(struct rooms *r, unsigned who)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct sip_message request;
    struct registrar_caller by = caller_of(r, who);
    struct contacts_change change = {
        .edit = CONTACTS_SET_CONTACT,
        .before = r->people[who].delta++,
        .contact = {.uri = account_of(r->arena, (who + 1) % r->count),
                    .name = arena_print(r->arena, "Colleague %u", r->cseq % 100),
                    .groups = contacts_bit(CONTACTS_EVERYBODY),
                    .subscribed = true}};
    contacts_ask(&change, &body);
    int err = receive(r,
                      print_request(r, "SERVICE", who, who,
                                    "Content-Type: application/SOAP+xml\r\n", buf_slice(&body)),
                      &request);
    if (err == 0)
        err = contacts_plan(r->contacts, &request, &by, NOW, &change, &r->out, r->fault);
    if (err == 0)
        contacts_apply(r->contacts, &change, &by, NOW, &r->reply, &r->out);
    stop(r);
    return err;
}

/* Who was asked says 200. */
static int do_answer(struct rooms *r, unsigned who, struct slice asked)
{
    struct sip_message request, response;
    struct sip_reply reply;
    struct sip_out out;
    scoped(buf) struct buf bytes = BUF_INIT;
    struct registrar_caller by = caller_of(r, who);
    int err = sip_parse(&request, asked, r->fault);
    if (err < 0)
        return err;
    sip_reply_init(&reply, r->arena, 200);
    sip_out_reply(&out, r->arena, &request, &reply, &(struct sip_out_options){0});
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    outgoing_init(&r->out, r->arena);
    err = receive(r, arena_copy(r->arena, buf_slice(&bytes)), &response);
    if (err == 0)
        im_response(r->im, &response, &by, NOW, &r->out);
    stop(r);
    return err == 0 && !r->out.first
               ? fault_set(r->fault, ERR_INTERNAL, FINDING_INTERNAL, "no answer came back")
               : err;
}

static int pass_on(struct rooms *r, const struct sip_message *request,
                   const struct registrar_caller *by)
{
    const struct endpoint *endpoints[ENDPOINTS_MAX], *next = NULL;
    struct im_target target;
    struct im_request ask = {
        .request = request, .caller = by, .target = &target, .endpoints = endpoints};
    int err = im_target(&r->site, request, r->arena, &target, r->fault);
    if (err < 0)
        return err;
    while (ask.endpoint_count < ENDPOINTS_MAX &&
           (next = registrar_next(r->registrar, target.account, next)))
        endpoints[ask.endpoint_count++] = next;
    ask.reach =
        presence_blocks(r->presence, target.account, by->account) ? IM_BLOCKED : IM_REACHABLE;
    err = im_request(r->im, &ask, NOW, &r->reply, &r->out);
    if (err < 0)
        *r->fault = r->reply.fault;
    return err;
}

static int do_relay(struct rooms *r, unsigned who)
{
    unsigned to = (who + r->count / 2) % r->count;
    struct sip_message request;
    scoped(buf) struct buf bytes = BUF_INIT;
    struct registrar_caller by = caller_of(r, who);
    int err =
        receive(r,
                print_request(r, "MESSAGE", who, to, "Content-Type: text/plain; charset=UTF-8\r\n",
                              SLICE("I am going to the canteen at noon, come along.")),
                &request);
    if (err == 0)
        err = pass_on(r, &request, &by);
    stop(r);
    if (err < 0)
        return err;
    if (!r->out.first || !r->out.first->forwarded)
        return fault_set(r->fault, ERR_INTERNAL, FINDING_INTERNAL, "a message went nowhere");
    sip_print(r->out.first->forwarded, (struct slice){0}, (struct slice){0}, &bytes);
    return do_answer(r, to, buf_slice(&bytes));
}

int rooms_do(struct rooms *r, enum rooms_op op, unsigned who, int64_t *ns_out, struct fault *fault)
{
    static int (*const ops[ROOMS_OPS])(struct rooms * r, unsigned who) = {do_register, do_publish,
                                                                          do_edit, do_relay};
    begin(r, fault);
    int err = ops[op](r, who);
    *ns_out = r->spent_ns;
    end(r);
    return err;
}

/* ---- people come in -------------------------------------------------------------------------- */

static void adopt(struct rooms *r, unsigned who)
{
    struct slice account = account_of(r->arena, who);
    struct contacts_list *list = contacts_list_new(r->arena);
    for (unsigned i = 1; i <= ROOMS_CONTACTS; i++) {
        struct contacts_contact *contact = arena_new_of(r->arena, struct contacts_contact);
        *contact = (struct contacts_contact){.uri = account_of(r->arena, (who + i) % r->count),
                                             .name = SLICE("A colleague"),
                                             .groups = contacts_bit(CONTACTS_EVERYBODY),
                                             .subscribed = true};
        contacts_list_put(list, r->arena, contact);
    }
    r->people[who].delta = list->delta;
    contacts_adopt(r->contacts, account, who + 1, list, NOW, &r->out);
    presence_adopt(
        r->presence, account,
        &(struct presence_identity){.display_name = arena_print(r->arena, "User %u", who)}, NULL,
        NOW);
}

static int follow_list(struct rooms *r, unsigned who)
{
    struct sip_message request;
    struct registrar_caller by = caller_of(r, who);
    int err = receive(r,
                      print_request(r, "SUBSCRIBE", who, who,
                                    "Event: " CONTACTS_EVENT "\r\n" OFFERS, (struct slice){0}),
                      &request);
    return err < 0
               ? err
               : contacts_subscribe(r->contacts, &request, &by, NOW, &r->reply, &r->out, r->fault);
}

static int watch(struct rooms *r, unsigned who)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct slice list[ROOMS_CONTACTS];
    struct sip_message request;
    struct presence_batch *batch;
    struct registrar_caller by = caller_of(r, who);
    for (unsigned i = 0; i < ROOMS_CONTACTS; i++)
        list[i] = account_of(r->arena, (who + i + 1) % r->count);
    presence_batch_ask(by.account, list, ROOMS_CONTACTS, false, &body);
    int err =
        receive(r,
                print_request(r, "SUBSCRIBE", who, who,
                              "Event: presence\r\nContent-Type: " PRESENCE_BATCH_TYPE "\r\n" OFFERS,
                              buf_slice(&body)),
                &request);
    if (err == 0)
        err = presence_subscribe(r->presence, &request, &by, NOW, r->arena, &batch, &r->reply,
                                 &r->posts, r->fault);
    if (err < 0)
        return err;
    presence_visit(r->presence, batch, NOW, &r->out);
    presence_subscribed(r->presence, batch, NOW, &r->reply, &r->out);
    return 0;
}

/* What everybody does before the next step begins. */
static int come_in(struct rooms *r, int (*step)(struct rooms *r, unsigned who), struct fault *fault)
{
    int err = 0;
    for (unsigned who = 0; who < r->count && err == 0; who++) {
        begin(r, fault);
        err = step(r, who);
        end(r);
    }
    return err;
}

static int sign_in(struct rooms *r, unsigned who)
{
    adopt(r, who);
    int err = do_register(r, who);
    return err < 0 ? err : follow_list(r, who);
}

struct rooms *rooms_new(unsigned people, struct fault *fault)
{
    static int (*const steps[])(struct rooms * r, unsigned who) = {sign_in, do_publish, watch};
    const struct subscription_terms terms = {
        .shortest = 1200000, .usual = 28800000, .longest = 43200000, .contact = "<sip:fe>"};
    struct rooms *r = must_calloc(1, sizeof *r);
    r->site = (struct site){.domain = SLICE(BENCH_DOMAIN),
                            .sip_host = SLICE("sip." BENCH_DOMAIN),
                            .sip_external_host = SLICE("sipfed." BENCH_DOMAIN),
                            .sip_port = 5061};
    r->count = people;
    r->people = must_calloc(people, sizeof *r->people);
    r->registrar = registrar_new(&(struct registrar_options){.site = &r->site,
                                                             .expires_ms = 7200000,
                                                             .keepalive_ms = 60000,
                                                             .endpoints_max = ENDPOINTS_MAX,
                                                             .allow_events = ""});
    r->contacts = contacts_new(&(struct contacts_options){.terms = terms});
    r->presence =
        presence_new(&(struct presence_options){.domain = r->site.domain, .terms = terms});
    r->im = im_new(&(struct im_options){.site = &r->site});
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (come_in(r, steps[i], fault) < 0) {
            rooms_free(r);
            return NULL;
        }
    return r;
}

void rooms_free(struct rooms *r)
{
    if (!r)
        return;
    registrar_free(r->registrar);
    contacts_free(r->contacts);
    presence_free(r->presence);
    im_free(r->im);
    free(r->people);
    free(r);
}
