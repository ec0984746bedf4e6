#include "server/watch.h"

#include "accounts/certificate.h"
#include "base/clock.h"
#include "event/event.h"
#include "server/line.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    EVERY_MS = 1000,
    PRUNE_MS = 3600 * 1000
};

struct watch {
    struct server *server;
    struct accounts *accounts; /* its own handle: accounts_changed() is per handle */
    struct timer timer;
    struct job job; /* one at a time */
    int64_t pruned; /* when expired certificates were deleted last */
    bool changed;
    atomic_bool missed; /* a wing's roll call found no worker */
};

/* ---- one wing's users ------------------------------------------------------------ */

struct roll_call {
    struct job job;
    struct wing *wing;
    struct arena *arena;
    struct slice *users;
    bool *gone;
    size_t count, room;
};

static void note_user(void *arg, struct slice account)
{
    struct roll_call *roll = arg;
    if (roll->count < roll->room)
        roll->users[roll->count++] = arena_copy(roll->arena, account);
}

static void look_up(struct job *job, unsigned worker)
{
    struct roll_call *roll = (struct roll_call *)job;
    (void)worker;
    struct desk *desk = server_desk(roll->wing->server);
    for (size_t i = 0; i < roll->count; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct account account;
        struct fault fault;
        int err = accounts_find(desk->accounts, roll->users[i], arena, &account, &fault);
        roll->gone[i] = err == -ERR_UNKNOWN || (err == 0 && !account.enabled);
    }
}

static void sign_out(struct job *job)
{
    struct roll_call *roll = (struct roll_call *)job;
    struct outgoing_list out;
    outgoing_init(&out, roll->arena);
    for (size_t i = 0; i < roll->count; i++) {
        if (!roll->gone[i])
            continue;
        size_t ended = registrar_user_gone(roll->wing->registrar, roll->users[i], &out);
        if (ended > 0)
            event_emit(EVENT_NOTICE, "registrar.signed_out", FINDING_DEREGISTERED,
                       EVENT_SLICE("user", roll->users[i]), EVENT_INT("endpoints", ended),
                       EVENT_END);
    }
    home_send_all(roll->wing->server, &out);
    arena_free(roll->arena);
}

static void call_roll(void *arg)
{
    struct wing *wing = arg;
    struct arena *arena = arena_new();
    struct roll_call *roll = arena_new_of(arena, struct roll_call);
    roll->arena = arena;
    roll->wing = wing;
    roll->room = registrar_users(wing->registrar);
    roll->users = arena_array(arena, struct slice, roll->room);
    roll->gone = arena_array(arena, bool, roll->room);
    registrar_each_user(wing->registrar, note_user, roll);
    roll->job = (struct job){.run = look_up, .done = sign_out, .loop = wing->loop};
    if (roll->count > 0 && wing->server->workers &&
        workers_submit(wing->server->workers, &roll->job) == 0)
        return;
    if (roll->count > 0) /* too busy now: again with the next look */
        atomic_store(&wing->server->watch->missed, true);
    arena_free(arena);
}

/* ---- the clock ---------------------------------------------------------------------- */

static void look(struct job *job, unsigned worker)
{
    struct watch *watch = (struct watch *)((char *)job - offsetof(struct watch, job));
    (void)worker;
    bool again = atomic_exchange(&watch->missed, false);
    watch->changed = accounts_changed(watch->accounts) || again;
    int64_t now = clock_now();
    if (now - watch->pruned < PRUNE_MS)
        return;
    struct fault fault;
    int count = certificates_prune(watch->accounts, now, &fault);
    watch->pruned = now;
    if (count < 0)
        event_emit(EVENT_ERROR, "accounts.prune", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    else if (count > 0)
        event_emit(EVENT_INFO, "accounts.prune", FINDING_NONE, EVENT_INT("certificates", count),
                   EVENT_END);
}

static void looked(struct job *job)
{
    struct watch *watch = (struct watch *)((char *)job - offsetof(struct watch, job));
    struct server *server = watch->server;
    for (unsigned i = 0; watch->changed && i < server->wing_count; i++)
        loop_post(server->wings[i].loop, call_roll, &server->wings[i]);
    timer_start(&watch->timer, EVERY_MS);
}

static void tick(void *arg)
{
    struct watch *watch = arg;
    watch->job = (struct job){.run = look, .done = looked, .loop = watch->server->wings[0].loop};
    if (workers_submit(watch->server->workers, &watch->job) < 0)
        timer_start(&watch->timer, EVERY_MS);
}

int watch_start(struct server *server, struct fault *fault)
{
    struct watch *watch = must_calloc(1, sizeof *watch);
    watch->server = server;
    int err = accounts_open(
        &(struct accounts_options){.store = server->store,
                                   .default_domain = slice_of(server->config->site.domain)},
        &watch->accounts, fault);
    if (err < 0) {
        free(watch);
        return err;
    }
    accounts_changed(watch->accounts); /* the first call is always true */
    timer_init(&watch->timer, server->wings[0].loop, tick, watch);
    timer_start(&watch->timer, EVERY_MS);
    server->watch = watch;
    return 0;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    timer_stop(&watch->timer);
    accounts_free(watch->accounts);
    free(watch);
}
