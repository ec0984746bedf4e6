#include "bench/fleet.h"

#include "base/clock.h"
#include "net/loop.h"

#include <stdlib.h>
#include <string.h>

enum {
    SILENCE_MS = 30000, /* of a server that will not go on by itself */
    LOOK_MS = 20        /* between looks whether all is quiet */
};

struct berth {
    struct fleet *fleet;
    struct handset *handset; /* NULL: not there yet, or gone */
    bool busy;               /* in the act */
    bool polls, told;        /* asks for events; has had its answer of this wake */
};

struct fleet {
    struct handset_cast cast;
    struct loop *loop;
    struct tls *tls;
    struct berth *berths;
    size_t size, window;

    const struct fleet_act *act; /* NULL: none */
    size_t next, busy, done, lost;
    struct fault first;
    int64_t heard_us; /* when something was answered last */

    size_t held;
    const struct fleet_wake *wake; /* NULL: none */
    size_t left;                   /* of whom it wakes */
    bool answered;                 /* the teller */
    int64_t woke_us, first_us, quiet_us;
    struct timer timer;
};

/* ---- who is next -------------------------------------------------------------------------- */

static size_t who_is(const struct berth *berth)
{
    return (size_t)(berth - berth->fleet->berths);
}

static void note_loss(struct fleet *fleet, const struct fault *why)
{
    if (fleet->lost++ == 0)
        fleet->first = *why;
}

static bool begin(struct berth *berth)
{
    struct fleet *fleet = berth->fleet;
    struct fault fault;
    if (berth->handset) {
        handset_ask(berth->handset, fleet->act->from, fleet->act->word);
        return true;
    }
    if (fleet->act->from != HANDSET_CONNECT)
        return false;
    berth->handset = handset_new(&fleet->cast, &fleet->cast.stage->users[who_is(berth)], berth);
    if (!berth->handset) {
        fault_set(&fault, ERR_IO, FINDING_INTERNAL, "no more sockets");
        note_loss(fleet, &fault);
    }
    return berth->handset != NULL;
}

/* Keep the window full; the act is over when all have been and nobody is busy. */
static void go_on(struct fleet *fleet)
{
    size_t end = fleet->act->first + fleet->act->count;
    while (fleet->busy < fleet->window && fleet->next < end) {
        struct berth *berth = &fleet->berths[fleet->next++];
        if (begin(berth)) {
            berth->busy = true;
            fleet->busy++;
        }
    }
    if (fleet->busy == 0)
        loop_stop(fleet->loop);
}

static void end_turn(struct berth *berth)
{
    if (berth->busy) {
        berth->busy = false;
        berth->fleet->busy--;
        go_on(berth->fleet);
    }
}

/* ---- what the handsets tell ---------------------------------------------------------------- */

static void poll(struct berth *berth)
{
    berth->fleet->held++;
    handset_ask(berth->handset, HANDSET_POLL, NULL);
}

/* Whom it wakes hears of it once: what is told a second time does not count. */
static void note_wake(struct berth *berth)
{
    struct fleet *fleet = berth->fleet;
    const struct fleet_wake *wake = fleet->wake;
    if (fleet->left == 0 || berth->told || who_is(berth) < wake->first ||
        who_is(berth) >= wake->first + wake->count)
        return;
    if (fleet->left == wake->count) {
        fleet->first_us = fleet->heard_us;
        if (wake->first_answer)
            bench_series_add(wake->first_answer, (double)(fleet->heard_us - fleet->woke_us));
    } else if (wake->after) {
        bench_series_add(wake->after, (double)(fleet->heard_us - fleet->first_us));
    }
    if (wake->each)
        bench_series_add(wake->each, (double)(fleet->heard_us - fleet->woke_us));
    berth->told = true;
    fleet->left--;
}

static void heard_events(struct berth *berth)
{
    berth->fleet->held--;
    note_wake(berth);
    poll(berth);
}

static void on_done(struct handset *handset, enum handset_step step)
{
    struct berth *berth = handset_user(handset);
    struct fleet *fleet = berth->fleet;
    fleet->heard_us = clock_monotonic_us();
    if (berth->polls) {
        heard_events(berth);
        return;
    }
    if (!berth->busy) {
        fleet->answered = true;
        return;
    }
    if (step != fleet->act->to) {
        handset_ask(handset, step + 1, fleet->act->word);
        return;
    }
    fleet->done++;
    if (fleet->act->leave)
        handset_free(take(&berth->handset));
    end_turn(berth);
}

static void on_failed(struct handset *handset, const struct fault *why)
{
    struct berth *berth = handset_user(handset);
    note_loss(berth->fleet, why);
    berth->fleet->held -= berth->polls;
    berth->polls = false;
    handset_free(take(&berth->handset));
    if (!berth->fleet->act)
        loop_stop(berth->fleet->loop);
    end_turn(berth);
}

static const struct handset_handler handler = {.on_done = on_done, .on_failed = on_failed};

/* ---- acts ------------------------------------------------------------------------------------ */

/* Looks now and then: is what the loop runs for over, or will it never be? */
static void look(void *arg)
{
    struct fleet *fleet = arg;
    int64_t silent = clock_monotonic_us() - fleet->heard_us;
    bool waits = fleet->act || fleet->left > 0 || !fleet->answered;
    timer_start(&fleet->timer, LOOK_MS);
    if (silent > (waits ? (int64_t)SILENCE_MS * 1000 : fleet->quiet_us))
        loop_stop(fleet->loop);
}

static void run(struct fleet *fleet)
{
    fleet->heard_us = clock_monotonic_us();
    timer_start(&fleet->timer, LOOK_MS);
    loop_run(fleet->loop);
    timer_stop(&fleet->timer);
}

size_t fleet_play(struct fleet *fleet, const struct fleet_act *act)
{
    fleet->act = act;
    fleet->next = act->first;
    fleet->done = 0;
    go_on(fleet);
    run(fleet);
    fleet->act = NULL;
    for (size_t i = 0; i < fleet->size && fleet->busy > 0; i++) { /* they waited in vain */
        fleet->busy -= fleet->berths[i].busy;
        fleet->berths[i].busy = false;
    }
    return fleet->done;
}

void fleet_poll(struct fleet *fleet, size_t count, int64_t quiet_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (!fleet->berths[i].handset)
            continue;
        fleet->berths[i].polls = true;
        poll(&fleet->berths[i]);
    }
    fleet->answered = true;
    fleet->quiet_us = quiet_ms * 1000;
    run(fleet);
}

int fleet_wake(struct fleet *fleet, const struct fleet_wake *wake, struct fault *fault)
{
    if (!fleet->berths[wake->teller].handset)
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_LOST, "who is to tell it is gone");
    for (size_t i = 0; i < wake->count; i++)
        fleet->berths[wake->first + i].told = false;
    fleet->wake = wake;
    fleet->left = wake->count;
    fleet->quiet_us = wake->quiet_ms * 1000;
    fleet->answered = false;
    fleet->woke_us = clock_monotonic_us();
    handset_ask(fleet->berths[wake->teller].handset, wake->step, wake->word);
    run(fleet);
    bool good = fleet->left == 0 && fleet->answered;
    if (!good)
        fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "%zu of %zu polls were not woken",
                  fleet->left, wake->count);
    fleet->left = 0;
    fleet->wake = NULL;
    return good ? 0 : -ERR_IO;
}

bool fleet_invited(const struct fleet *fleet, size_t who)
{
    return fleet->berths[who].handset && handset_invited(fleet->berths[who].handset);
}

void fleet_rest(struct fleet *fleet, int64_t ms)
{
    int64_t until = clock_monotonic_us() + ms * 1000;
    fleet->answered = true;
    for (int64_t left; (left = until - clock_monotonic_us()) > 0;) {
        fleet->quiet_us = left;
        run(fleet);
    }
}

size_t fleet_held(const struct fleet *fleet)
{
    return fleet->held;
}

size_t fleet_lost(const struct fleet *fleet, struct fault *first_out)
{
    if (fleet->lost && first_out)
        *first_out = fleet->first;
    return fleet->lost;
}

/* ---- life ---------------------------------------------------------------------------------------
 */

int fleet_open(const struct fleet_options *options, struct fleet **fleet_out, struct fault *fault)
{
    scoped(fleet) struct fleet *fleet = must_calloc(1, sizeof *fleet);
    fleet->size = options->size;
    fleet->window = options->window;
    fleet->berths = must_calloc(options->size, sizeof *fleet->berths);
    for (size_t i = 0; i < options->size; i++)
        fleet->berths[i].fleet = fleet;
    fleet->loop = loop_new(fault);
    if (!fleet->loop)
        return fault->err;
    fleet->tls =
        tls_client_new(&(struct tls_client_options){.ca_file = options->stage->ca_file}, fault);
    if (!fleet->tls)
        return fault->err;
    fleet->cast = (struct handset_cast){
        .stage = options->stage, .loop = fleet->loop, .tls = fleet->tls, .handler = &handler};
    memcpy(fleet->cast.steps, options->steps, sizeof options->steps);
    timer_init(&fleet->timer, fleet->loop, look, fleet);
    *fleet_out = take(&fleet);
    return 0;
}

void fleet_close(struct fleet *fleet)
{
    if (!fleet)
        return;
    for (size_t i = 0; i < fleet->size; i++)
        handset_free(fleet->berths[i].handset);
    loop_free(fleet->loop);
    tls_unref(fleet->tls);
    free(fleet->berths);
    free(fleet);
}
