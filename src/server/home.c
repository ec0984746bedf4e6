#include "server/home.h"

#include "event/event.h"
#include "im/im.h"
#include "provision/provision.h"
#include "server/admit.h"
#include "server/faces.h"
#include "server/hold.h"
#include "server/methods.h"
#include "server/phones.h"
#include "server/session.h"
#include "server/turn.h"
#include "server/wake.h"

#include <stdlib.h>

enum {
    TICK_MS = 1000,
    SWEEP_MS = 60 * 1000 /* contacts_expire() goes through everybody */
};

/* Also what clients read in Allow-Events: one list without blanks. */
#define HOME_EVENTS                                                                                \
    PROVISION_EVENTS                                                                               \
    ",vnd-microsoft-roaming-contacts,vnd-microsoft-roaming-self,presence,presence.wpending"

/* ---- what a home keeps ---------------------------------------------------------------- */

/* An endpoint leaves: what it had subscribed to and published goes with it. */
static void endpoint_gone(void *arg, const struct endpoint *endpoint, bool last)
{
    struct wing *wing = arg;
    struct turn *turn = wing->turn;
    contacts_endpoint_lost(wing->contacts, endpoint);
    presence_endpoint_lost(wing->presence, endpoint->account, &endpoint->instance, last, turn->now,
                           &turn->out, &turn->posts);
    if (last)
        contacts_forget(wing->contacts, endpoint->account);
}

static void tick(void *arg);

void home_open(struct wing *wing)
{
    struct server *server = wing->server;
    const struct config *config = server->config;
    /* Lync's: docs/contacts.md. */
    struct subscription_terms terms = {
        .shortest = INT64_C(1200) * 1000,
        .usual = INT64_C(28800) * 1000,
        .longest = INT64_C(43200) * 1000,
        .contact = server->contact.at,
    };
    timer_init(&wing->tick, wing->loop, tick, wing);
    wing->registrar = registrar_new(&(struct registrar_options){
        .site = &server->site,
        .expires_ms = config->sip.expires,
        .keepalive_ms = config->sip.keepalive,
        .endpoints_max = (unsigned)config->sip.endpoints_per_user,
        .allow_events = HOME_EVENTS,
        .on_gone = endpoint_gone,
        .arg = wing,
    });
    wing->contacts = contacts_new(&(struct contacts_options){.terms = terms});
    wing->presence =
        presence_new(&(struct presence_options){.domain = server->site.domain, .terms = terms});
    wing->im = im_new(&(struct im_options){.site = &server->site, .home = wing->index});
    phones_open(wing);
    wake_open(wing);
    faces_open(wing);
}

void home_stop(struct wing *wing)
{
    timer_stop(&wing->tick);
    faces_close(wing);
    phones_close(wing);
    wake_close(wing);
}

void home_close(struct wing *wing)
{
    registrar_free(wing->registrar);
    contacts_free(wing->contacts);
    presence_free(wing->presence);
    im_free(wing->im);
}

/* ---- the way there -------------------------------------------------------------------------- */

/* True: the home knows the caller now. */
static bool settle(struct wing *home, struct errand *e)
{
    if (!admit_needed(home, e->caller.account))
        return true;
    if (!e->admission)
        return false;
    struct turn turn;
    turn_begin(&turn, home, e);
    admit_settle(home, e);
    turn_end(&turn);
    return true;
}

void home_take(struct errand *e)
{
    struct wing *home = wing_of_account(e->server, e->caller.account);
    if (e->request->method == SIP_REGISTER) {
        e->way->home(home, e);
    } else if (!registrar_next(home->registrar, e->caller.account, NULL)) {
        fault_set(&e->fault, ERR_DENIED, FINDING_NOT_REGISTERED, "%.*s",
                  SLICE_ARG(e->caller.account));
        hold_refuse(home, e);
    } else if (settle(home, e)) {
        e->way->home(home, e);
    } else {
        admit_send(e); /* forgotten meanwhile */
    }
}

void home_send(struct errand *e)
{
    errand_travel(e, wing_of_account(e->server, e->caller.account), home_take);
}

/* ---- what needs nothing but live state -------------------------------------------------- */

/* The turn of one answer: the reply first, then what it brings about. */
static void conclude(struct turn *turn, int err, const struct fault *fault)
{
    if (err < 0)
        sip_reply_fault(&turn->errand->reply, fault, turn->wing->server->site.sip_host);
    turn_conclude(turn);
}

void home_register(struct wing *home, struct errand *e)
{
    struct turn turn;
    struct fault fault;
    turn_begin(&turn, home, e);
    int err = registrar_register(home->registrar, e->request, &e->caller, e->now, &e->reply,
                                 &turn.out, &fault);
    if (err == 0 && e->admission && registrar_next(home->registrar, e->caller.account, NULL))
        admit_settle(home, e);
    conclude(&turn, err, &fault);
}

void home_subscribe_contacts(struct wing *home, struct errand *e)
{
    struct turn turn;
    struct fault fault;
    turn_begin(&turn, home, e);
    int err = contacts_subscribe(home->contacts, e->request, &e->caller, turn.now, &e->reply,
                                 &turn.out, &fault);
    conclude(&turn, err, &fault);
}

void home_subscribe_self(struct wing *home, struct errand *e)
{
    struct turn turn;
    struct fault fault;
    turn_begin(&turn, home, e);
    int err = presence_self(home->presence, e->request, &e->caller, turn.now, &e->reply, &turn.out,
                            &fault);
    conclude(&turn, err, &fault);
}

/* ---- what is written before it is answered ------------------------------------------------ */

/* Give a planned change to a worker. */
static void write_down(struct wing *home, struct errand *e, errand_fn *commit, errand_fn *then)
{
    if (errand_work(e, commit, then) < 0)
        hold_refuse(home, e);
}

/* When somebody else has written (the command line), the list is read anew. */
static void commit_contacts(struct errand *e)
{
    const struct contacts_change *change = &e->plan.contacts;
    struct arena *arena = e->arena;
    struct fault fault;
    e->err = contacts_commit(e->server->store, change, &e->fault);
    e->stored_contacts = NULL;
    if (e->err == -ERR_CONFLICT)
        contacts_load(server_desk(e->server)->reader, change->account_id, arena,
                      &e->stored_contacts, &fault);
}

static void contacts_committed(struct errand *e)
{
    struct wing *home = wing_of_account(e->server, e->caller.account);
    struct turn turn;
    turn_begin(&turn, home, e);
    if (e->err == 0)
        contacts_apply(home->contacts, &e->plan.contacts, &e->caller, turn.now, &e->reply,
                       &turn.out);
    else if (e->stored_contacts)
        contacts_adopt(home->contacts, e->caller.account, e->plan.contacts.account_id,
                       e->stored_contacts, turn.now, &turn.out);
    hold_leave(home, e);
    conclude(&turn, e->err, &e->fault);
}

void home_edit_contacts(struct wing *home, struct errand *e)
{
    if (!hold_enter(home, e))
        return;
    struct turn turn;
    turn_begin(&turn, home, e);
    e->err = contacts_plan(home->contacts, e->request, &e->caller, turn.now, &e->plan.contacts,
                           &turn.out, &e->fault);
    if (e->err < 0) {
        hold_leave(home, e);
        conclude(&turn, e->err, &e->fault);
        return;
    }
    turn_end(&turn);
    write_down(home, e, commit_contacts, contacts_committed);
}

static void commit_publication(struct errand *e)
{
    e->err = presence_commit(e->server->store, e->plan.publication, &e->fault);
}

static void publish(struct wing *home, struct errand *e)
{
    struct turn turn;
    turn_begin(&turn, home, e);
    if (e->err == 0)
        presence_apply(home->presence, e->plan.publication, turn.now, &e->reply, &turn.out,
                       &turn.posts);
    hold_leave(home, e);
    conclude(&turn, e->err, &e->fault);
}

static void publication_committed(struct errand *e)
{
    publish(wing_of_account(e->server, e->caller.account), e);
}

void home_publish(struct wing *home, struct errand *e)
{
    if (!hold_enter(home, e))
        return;
    e->err = presence_plan(home->presence, e->request, &e->caller, loop_now(home->loop), e->arena,
                           &e->plan.publication, &e->reply, &e->fault);
    if (e->err < 0) {
        hold_refuse(home, e);
    } else if (!e->plan.publication) { /* stale: the 409 is made */
        hold_leave(home, e);
        line_errand_finish(e);
    } else if (e->plan.publication->durable) {
        write_down(home, e, commit_publication, publication_committed);
    } else {
        publish(home, e);
    }
}

/* ---- connections that end ----------------------------------------------------------- */

struct loss {
    struct wing *wing;
    struct flow flow;
};

static void lose(void *arg)
{
    struct loss *loss = arg;
    struct wing *wing = loss->wing;
    struct turn turn;
    turn_begin(&turn, wing, NULL);
    size_t gone = registrar_flow_lost(wing->registrar, loss->flow);
    session_flow_lost(wing, loss->flow);
    turn_end(&turn);
    if (gone > 0)
        event_emit(EVENT_INFO, "registrar.lost", FINDING_NONE, EVENT_INT("endpoints", gone),
                   EVENT_END);
    free(loss);
}

/* A connection may carry users of several homes; few connections end at once, so
 * every home is told. To be told again does no harm. */
void home_flow_lost(struct wing *wing, struct flow flow)
{
    struct server *server = wing->server;
    for (unsigned i = 0; i < server->wing_count; i++) {
        struct loss *loss = must_alloc(sizeof *loss);
        *loss = (struct loss){.wing = &server->wings[i], .flow = flow};
        loop_post(server->wings[i].loop, lose, loss);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

static void sweep(struct wing *wing, int64_t now)
{
    if (now - wing->swept < SWEEP_MS && now >= wing->swept)
        return;
    wing->swept = now;
    contacts_expire(wing->contacts, now);
}

static void tick(void *arg)
{
    struct wing *wing = arg;
    struct turn turn;
    turn_begin(&turn, wing, NULL);
    registrar_expire(wing->registrar, turn.now);
    presence_expire(wing->presence, turn.now, &turn.out, &turn.posts);
    im_expire(wing->im, turn.now, &turn.out);
    sweep(wing, turn.now);
    turn_end(&turn);
    faces_tick(wing, loop_now(wing->loop));
}

void home_wake(struct wing *wing)
{
    if (!timer_running(&wing->tick) &&
        (registrar_count(wing->registrar) > 0 || im_count(wing->im) > 0 || faces_any(wing)))
        timer_start(&wing->tick, TICK_MS);
    faces_wake(wing);
}
