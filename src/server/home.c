/* Homes: each user's live state is touched by one loop only. Requests travel
 * there and back by letter; when line and home share a loop they do not travel. */
#include "event/event.h"
#include "server/line.h"

#include <stdlib.h>

/* ---- REGISTER -------------------------------------------------------------------- */

static void go_back(void *arg)
{
    line_errand_back(arg);
}

static void answer(struct errand *e, struct wing *home)
{
    struct fault fault;
    sip_reply_init(&e->reply, e->arena, 200);
    if (registrar_register(home->registrar, e->request, &e->caller, e->now, &e->reply, &e->outgoing,
                           &fault) < 0)
        sip_reply_fault(&e->reply, &fault, e->server->site.sip_host);
    if (!timer_running(&home->expiry))
        home_expire(home);
}

static void arrive(void *arg)
{
    struct errand *e = arg;
    answer(e, wing_of_account(e->server, e->caller.account));
    e->letter = (struct letter){.fn = go_back, .arg = e};
    loop_send(e->wing->loop, &e->letter);
}

bool home_register(struct errand *e)
{
    struct wing *home = wing_of_account(e->server, e->caller.account);
    if (home == e->wing) {
        answer(e, home);
        return true;
    }
    e->letter = (struct letter){.fn = arrive, .arg = e};
    loop_send(home->loop, &e->letter);
    return false;
}

/* ---- connections that end ----------------------------------------------------------- */

struct loss {
    struct wing *wing;
    struct flow flow;
};

static void lose(void *arg)
{
    struct loss *loss = arg;
    size_t gone = registrar_flow_lost(loss->wing->registrar, loss->flow);
    if (gone > 0)
        event_emit(EVENT_INFO, "registrar.lost", FINDING_NONE, EVENT_INT("endpoints", gone),
                   EVENT_END);
    free(loss);
}

/* A connection may carry users of several homes; few connections end at once, so
 * every home is told. */
void home_flow_lost(struct wing *wing, struct flow flow)
{
    struct server *server = wing->server;
    for (unsigned i = 0; i < server->wing_count; i++) {
        struct loss *loss = must_alloc(sizeof *loss);
        *loss = (struct loss){.wing = &server->wings[i], .flow = flow};
        loop_post(server->wings[i].loop, lose, loss);
    }
}

/* ---- messages of our own --------------------------------------------------------------- */

struct delivery {
    struct wing *wing;
    struct arena *arena;
    struct outgoing outgoing;
};

static void deliver(void *arg)
{
    struct delivery *delivery = arg;
    line_deliver(delivery->wing, &delivery->outgoing, delivery->arena);
    arena_free(delivery->arena);
}

/* The list dies with its exchange: what travels to another loop is copied. */
static void copy_request(struct arena *arena, struct sip_request *to,
                         const struct sip_request *from)
{
    *to = *from;
    to->arena = arena;
    to->uri = arena_copy(arena, from->uri);
    to->from = arena_copy(arena, from->from);
    to->to = arena_copy(arena, from->to);
    to->call_id = arena_copy(arena, from->call_id);
    to->content_type = arena_copy(arena, from->content_type);
    to->body = arena_copy(arena, from->body);
    to->headers = (struct sip_lines){0};
    for (const struct sip_line *line = from->headers.first; line; line = line->next)
        sip_line_add(&to->headers, arena, arena_copy(arena, line->name),
                     arena_copy(arena, line->value));
}

void home_send_all(struct server *server, const struct outgoing_list *list)
{
    for (const struct outgoing *o = list->first; o; o = o->next) {
        struct arena *arena = arena_new();
        struct delivery *delivery = arena_new_of(arena, struct delivery);
        delivery->arena = arena;
        delivery->wing = &server->wings[o->flow.loop];
        delivery->outgoing = *o;
        delivery->outgoing.account = arena_copy(arena, o->account);
        delivery->outgoing.epid = arena_copy(arena, o->epid);
        delivery->outgoing.instance = arena_copy(arena, o->instance);
        copy_request(arena, &delivery->outgoing.request, &o->request);
        loop_post(delivery->wing->loop, deliver, delivery);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

void home_expire(void *arg)
{
    struct wing *wing = arg;
    int64_t now = loop_now(wing->loop);
    int64_t next = registrar_expire(wing->registrar, now);
    if (next != INT64_MAX)
        timer_start(&wing->expiry, next > now ? next - now : 1);
}
