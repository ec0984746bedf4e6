#include "server/watch.h"

#include "accounts/certificate.h"
#include "accounts/notice.h"
#include "base/clock.h"
#include "contacts/contacts.h"
#include "event/event.h"
#include "server/person.h"
#include "server/sitewide.h"

#include <stdlib.h>

enum {
    EVERY_MS = 1000,
    PRUNE_MS = 3600 * 1000
};

struct watch {
    struct server *server;
    struct timer timer;
    struct job job;      /* one at a time */
    int64_t pruned;      /* when expired certificates were deleted last */
    int64_t noticed;     /* number of the last notice that was dealt with */
    struct arena *arena; /* of this look */
    struct notice *notices;
    size_t count;
};

/* ---- one account that was changed -------------------------------------------------------- */

struct change {
    struct job job;
    struct wing *home;
    struct arena *arena;
    struct person_record person;
    struct contacts_list *contacts;
    int err;
};

static void read_anew(struct job *job, unsigned worker)
{
    struct change *change = (struct change *)job;
    const struct desk *desk = server_desk(change->home->server);
    struct fault fault;
    (void)worker;
    change->err = person_read(change->home->server, change->arena, &change->person, &fault);
    if (change->err == 0 && change->person.exists)
        change->err = contacts_load(desk->reader, change->person.account.id, change->arena,
                                    &change->contacts, &fault);
    if (change->err < 0)
        event_emit(EVENT_ERROR, "accounts.change", fault.finding,
                   EVENT_SLICE("user", change->person.address), EVENT_FAULT(&fault), EVENT_END);
}

static void sign_out(struct wing *home, struct slice account)
{
    struct turn *turn = home->turn;
    size_t ended = registrar_user_gone(home->registrar, account, &turn->out);
    presence_remove(home->presence, account, turn->now, &turn->posts);
    if (ended > 0)
        event_emit(EVENT_NOTICE, "registrar.signed_out", FINDING_DEREGISTERED,
                   EVENT_SLICE("user", account), EVENT_INT("endpoints", ended), EVENT_END);
}

static void take_over(struct job *job)
{
    struct change *change = (struct change *)job;
    struct wing *home = change->home;
    struct slice account = change->person.address;
    struct turn turn;
    turn_begin(&turn, home, NULL);
    if (change->err == 0 && !change->person.exists) {
        sign_out(home, account);
    } else if (change->err == 0) {
        /* What is being edited meanwhile is ahead of what was read. */
        const struct contacts_list *live = contacts_of(home->contacts, account);
        if (live && change->contacts->delta > live->delta)
            contacts_adopt(home->contacts, account, change->person.account.id, change->contacts,
                           turn.now, &turn.out);
        person_changed(home, &change->person);
    }
    turn_end(&turn);
    arena_free(change->arena);
}

static void arrive(void *arg)
{
    struct change *change = arg;
    struct fault fault;
    change->job = (struct job){.run = read_anew, .done = take_over, .loop = change->home->loop};
    if (server_work(change->home->server, &change->job, &fault) == 0)
        return;
    if (change->home->server->workers)
        loop_post(change->home->loop, arrive, change); /* all are busy: again */
    else
        arena_free(change->arena);
}

static void pass_on(struct server *server, const struct notice *notice)
{
    struct arena *arena = arena_new();
    struct change *change = arena_new_of(arena, struct change);
    change->arena = arena;
    change->person.address = arena_copy(arena, notice->address);
    change->home = wing_of_account(server, change->person.address);
    loop_post(change->home->loop, arrive, change);
}

/* ---- the clock ---------------------------------------------------------------------- */

static void prune(struct watch *watch, const struct desk *desk)
{
    int64_t now = clock_now();
    struct fault fault;
    if (now - watch->pruned < PRUNE_MS)
        return;
    watch->pruned = now;
    int count = certificates_prune(desk->accounts, now, &fault);
    if (count < 0)
        event_emit(EVENT_ERROR, "accounts.prune", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    else if (count > 0)
        event_emit(EVENT_INFO, "accounts.prune", FINDING_NONE, EVENT_INT("certificates", count),
                   EVENT_END);
}

static struct watch *of_job(struct job *job)
{
    return (struct watch *)((char *)job - offsetof(struct watch, job));
}

static void look(struct job *job, unsigned worker)
{
    struct watch *watch = of_job(job);
    const struct desk *desk = server_desk(watch->server);
    struct fault fault;
    (void)worker;
    watch->arena = arena_new();
    watch->count = 0;
    if (notice_list(desk->reader, watch->noticed, watch->arena, &watch->notices, &watch->count,
                    &fault) < 0)
        event_emit(EVENT_ERROR, "accounts.look", fault.finding, EVENT_FAULT(&fault), EVENT_END);
    if (sitewide_look(watch->server, desk->reader, &fault) < 0)
        event_emit(EVENT_ERROR, "server.configuration", fault.finding, EVENT_FAULT(&fault),
                   EVENT_END);
    prune(watch, desk);
}

static void looked(struct job *job)
{
    struct watch *watch = of_job(job);
    for (size_t i = 0; i < watch->count; i++) {
        pass_on(watch->server, &watch->notices[i]);
        watch->noticed = watch->notices[i].number;
    }
    arena_free(take(&watch->arena));
    timer_start(&watch->timer, EVERY_MS);
}

static void tick(void *arg)
{
    struct watch *watch = arg;
    struct fault fault;
    watch->job = (struct job){.run = look, .done = looked, .loop = watch->server->wings[0].loop};
    if (server_work(watch->server, &watch->job, &fault) < 0)
        timer_start(&watch->timer, EVERY_MS);
}

int watch_start(struct server *server, struct fault *fault)
{
    scoped(store_reader) struct store_reader *reader = NULL;
    struct watch *watch = must_calloc(1, sizeof *watch);
    server->watch = watch;
    watch->server = server;
    timer_init(&watch->timer, server->wings[0].loop, tick, watch);
    int err = store_reader_open(server->store, &reader, fault);
    if (err == 0)
        err = notice_latest(reader, &watch->noticed, fault);
    if (err == 0)
        err = sitewide_look(server, reader, fault);
    if (err == 0)
        timer_start(&watch->timer, EVERY_MS);
    return err;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    timer_stop(&watch->timer);
    free(watch);
}
