#include "server/visit.h"

#include "presence/watch.h"
#include "server/person.h"

struct visit {
    struct presence_batch *batch;
    unsigned at;                     /* wings[at] is visited */
    struct person_record *strangers; /* contacts whose home does not know them yet */
    size_t stranger_count;
};

static void go_there(struct errand *e);

static struct wing *here(const struct errand *e)
{
    return &e->server->wings[e->plan.visit->at];
}

/* ---- people who are not known there yet --------------------------------------------------- */

static void note_strangers(struct wing *wing, struct errand *e)
{
    struct visit *visit = e->plan.visit;
    const struct presence_batch *batch = visit->batch;
    visit->stranger_count = 0;
    for (size_t i = 0; i < batch->contact_count; i++) {
        struct slice account = batch->contacts[i].account;
        if (wing_of_account(e->server, account) == wing && !presence_knows(wing->presence, account))
            visit->strangers[visit->stranger_count++] = (struct person_record){.address = account};
    }
}

/* One that cannot be read is shown as nobody: the others are not to wait for him. */
static void read_strangers(struct errand *e)
{
    struct visit *visit = e->plan.visit;
    struct fault fault;
    for (size_t i = 0; i < visit->stranger_count; i++)
        person_read(e->server, e->arena, &visit->strangers[i], &fault);
}

static void look_around(struct errand *e)
{
    struct wing *wing = here(e);
    struct turn turn;
    turn_begin(&turn, wing, e);
    presence_visit(wing->presence, e->plan.visit->batch, turn.now, &turn.out);
    turn_end(&turn);
    e->plan.visit->at++;
    go_there(e);
}

static void strangers_read(struct errand *e)
{
    struct wing *wing = here(e);
    for (size_t i = 0; i < e->plan.visit->stranger_count; i++)
        person_adopt(wing, &e->plan.visit->strangers[i]);
    look_around(e);
}

/* ---- from home to home --------------------------------------------------------------------- */

static void come_home(struct errand *e)
{
    struct wing *home = wing_of_account(e->server, e->caller.account);
    struct turn turn;
    turn_begin(&turn, home, e);
    presence_subscribed(home->presence, e->plan.visit->batch, turn.now, &e->reply, &turn.out);
    turn_conclude(&turn);
}

static void arrive(struct errand *e);

static void arrive_again(void *arg)
{
    arrive(arg);
}

static void arrive(struct errand *e)
{
    struct wing *wing = here(e);
    note_strangers(wing, e);
    if (e->plan.visit->stranger_count == 0) {
        look_around(e);
        return;
    }
    if (errand_work(e, read_strangers, strangers_read) == 0)
        return;
    if (e->server->workers)
        loop_post(wing->loop, arrive_again, e); /* all are busy: again, behind what waits here */
    else
        look_around(e);
}

static bool is_expected(const struct errand *e, const struct wing *wing)
{
    const struct presence_batch *batch = e->plan.visit->batch;
    for (size_t i = 0; i < batch->contact_count; i++)
        if (wing_of_account(e->server, batch->contacts[i].account) == wing)
            return true;
    return false;
}

/* To the next home that has one of the contacts; after the last back to the watcher's. */
static void go_there(struct errand *e)
{
    struct visit *visit = e->plan.visit;
    while (visit->at < e->server->wing_count && !is_expected(e, here(e)))
        visit->at++;
    bool back = visit->at == e->server->wing_count;
    if (back)
        errand_travel(e, wing_of_account(e->server, e->caller.account), come_home);
    else
        errand_travel(e, here(e), arrive);
}

void home_subscribe_presence(struct wing *home, struct errand *e)
{
    struct turn turn;
    struct presence_batch *batch = NULL;
    turn_begin(&turn, home, e);
    e->err = presence_subscribe(home->presence, e->request, &e->caller, turn.now, e->arena, &batch,
                                &e->reply, &turn.posts, &e->fault);
    turn_end(&turn);
    if (e->err < 0) {
        line_errand_refuse(e, &e->fault);
        return;
    }
    e->plan.visit = arena_new_of(e->arena, struct visit);
    e->plan.visit->batch = batch;
    e->plan.visit->strangers = arena_array(e->arena, struct person_record, batch->contact_count);
    go_there(e);
}
