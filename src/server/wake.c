#include "server/wake.h"

#include "accounts/account.h"
#include "base/clock.h"
#include "event/event.h"
#include "server/phones.h"
#include "server/sitewide.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <uthash.h>

enum {
    WING_SHIFT = 48 /* a wish's tag: the wing's number, then one of the wing's own */
};

/* A wish whose outcome is still to come. */
struct waking {
    uint64_t number; /* its tag at the clearing house: the key */
    uint64_t phone, tag;
    UT_hash_handle hh;
};

struct wakes {
    struct waking *waiting;
    uint64_t last;
};

/* ---- push or pull --------------------------------------------------------------------------- */

static struct push_guard guard_of(const struct server *server)
{
    return (struct push_guard){.allow_private = server->config->lab.private_push};
}

bool wake_can_push(struct server *server, int64_t account, struct slice device)
{
    scoped(arena) struct arena *arena = arena_new();
    struct push_subscription subscription;
    struct fault ignored;
    return !slice_empty(device) &&
           push_subscription_find(server_desk(server)->reader, account, device, clock_now(), arena,
                                  &subscription, &ignored) == 0;
}

static void set_push(struct wing *home, struct phone *phone, bool push)
{
    struct sitewide sitewide = sitewide_now(home->server);
    push = push && sitewide.push;
    phone_set_push(phone, push, sitewide_lifetime(&sitewide, push));
}

/* On its way to the phones of a device. */
struct mode {
    struct arena *arena;
    struct wing *home;
    struct slice account, device;
    bool push;
};

static void change_mode(void *arg, struct phone *phone)
{
    const struct mode *mode = arg;
    if (slice_eq_nocase(phone_account(phone), mode->account) &&
        slice_eq(phone_device(phone), mode->device))
        set_push(mode->home, phone, mode->push);
}

static void arrive(void *arg)
{
    struct mode *mode = arg;
    phones_each(mode->home, change_mode, mode);
    arena_free(mode->arena);
}

static void tell_phones(struct server *server, struct slice account, struct slice device, bool push)
{
    struct arena *arena = arena_new();
    struct mode *mode = arena_new_of(arena, struct mode);
    *mode = (struct mode){.arena = arena,
                          .home = wing_of_account(server, account),
                          .account = arena_copy(arena, account),
                          .device = arena_copy(arena, device),
                          .push = push};
    loop_post(mode->home->loop, arrive, mode);
}

/* ---- subscriptions ----------------------------------------------------------------------------
 */

int wake_subscribe(struct server *server, struct slice account, struct slice device,
                   struct slice json, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct desk *desk = server_desk(server);
    struct push_guard guard = guard_of(server);
    struct push_subscription subscription;
    struct account holder;
    int64_t now = clock_now();
    int err = accounts_find(desk->accounts, account, arena, &holder, fault);
    if (err == 0)
        err = push_subscription_parse(json, &guard, now, arena, &subscription, fault);
    if (err < 0)
        return err;
    subscription.account = holder.id;
    subscription.device = device;
    subscription.created = now;
    err = push_subscription_add(server->store, &subscription,
                                (unsigned)server->config->push.per_user, fault);
    if (err == 0)
        tell_phones(server, holder.address, device, true);
    return err;
}

int wake_unsubscribe(struct server *server, struct slice account, struct slice device,
                     struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct account holder;
    int err = accounts_find(server_desk(server)->accounts, account, arena, &holder, fault);
    if (err == 0 && slice_empty(device)) /* would be all of the account's */
        err = fault_set(fault, ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID, "no device named");
    if (err == 0)
        err = push_subscription_remove(server->store, holder.id, device, fault);
    if (err < 0)
        return err;
    tell_phones(server, holder.address, device, false);
    return 0;
}

struct order {
    struct job job;
    struct arena *arena;
    struct wing *home;
    struct slice account, device, json;
    wake_fn *fn;
    void *arg;
    int err;
    struct fault fault;
};

static void do_order(struct job *job, unsigned worker)
{
    struct order *order = (struct order *)job;
    struct server *server = order->home->server;
    (void)worker;
    order->err =
        slice_absent(order->json)
            ? wake_unsubscribe(server, order->account, order->device, &order->fault)
            : wake_subscribe(server, order->account, order->device, order->json, &order->fault);
}

static void end_order(void *arg)
{
    struct order *order = arg;
    order->fn(order->home, order->arg, order->err < 0 ? &order->fault : NULL);
    arena_free(order->arena);
}

static void order_done(struct job *job)
{
    end_order(job);
}

void wake_subscribe_later(struct wing *home, struct slice account, struct slice device,
                          struct slice json, wake_fn *fn, void *arg)
{
    struct arena *arena = arena_new();
    struct order *order = arena_new_of(arena, struct order);
    order->arena = arena;
    order->home = home;
    order->account = arena_copy(arena, account);
    order->device = arena_copy(arena, device);
    if (!slice_absent(json))
        order->json = arena_copy(arena, json);
    order->fn = fn;
    order->arg = arg;
    order->job = (struct job){.run = do_order, .done = order_done, .loop = home->loop};
    /* Once submitted, the order is the worker's: nothing of it is touched but on failure. */
    int err = server_work(home->server, &order->job, &order->fault);
    if (err == 0)
        return;
    order->err = err;
    loop_post(home->loop, end_order, order);
}

/* ---- wishes and their outcomes ----------------------------------------------------------------
 */

struct result {
    struct wing *home;
    struct push_outcome outcome;
};

/* A subscription that has ended makes it a phone that polls. */
static void hear(struct wing *home, const struct waking *waking, const struct push_outcome *outcome)
{
    struct phone *phone = phones_find(home, waking->phone);
    enum finding finding = outcome->fault.finding;
    if (!phone)
        return;
    phone_woken(phone, waking->tag, outcome);
    if (finding == FINDING_PUSH_GONE || finding == FINDING_PUSH_NO_SUBSCRIPTION)
        set_push(home, phone, false);
}

static void take_result(void *arg)
{
    struct result *result = arg;
    struct wakes *wakes = result->home->wakes;
    struct waking *waking = NULL;
    if (wakes)
        HASH_FIND(hh, wakes->waiting, &result->outcome.tag, sizeof waking->number, waking);
    if (waking) {
        HASH_DEL(wakes->waiting, waking);
        hear(result->home, waking, &result->outcome);
        free(waking);
    }
    free(result);
}

static void post_result(struct wing *home, const struct push_outcome *outcome)
{
    struct result *result = must_alloc(sizeof *result);
    *result = (struct result){.home = home, .outcome = *outcome};
    loop_post(home->loop, take_result, result);
}

/* On the clearing house's thread. */
static void ended(void *arg, const struct push_outcome *outcome)
{
    struct server *server = arg;
    post_result(&server->wings[outcome->tag >> WING_SHIFT], outcome);
}

static int pass_on(struct server *server, const struct wake_wish *wish, uint64_t number,
                   struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct push_wish push;
    if (!server->clearing)
        return fault_set(fault, ERR_UNKNOWN, FINDING_PUSH_NO_KEY, "there is no clearing house");
    int err = push_news_wish(wish->news, arena, &push, fault);
    if (err < 0)
        return err;
    push.account = wish->account;
    push.device = wish->device;
    push.tag = number;
    return push_clearing_wish(server->clearing, &push, fault);
}

void wake_wish(struct wing *wing, const struct wake_wish *wish)
{
    struct waking *waking = must_calloc(1, sizeof *waking);
    struct push_outcome failed = {.account = wish->account};
    waking->number = (uint64_t)wing->index << WING_SHIFT | ++wing->wakes->last;
    waking->phone = wish->phone;
    waking->tag = wish->tag;
    HASH_ADD(hh, wing->wakes->waiting, number, sizeof waking->number, waking);
    event_emit(EVENT_INFO, "mobility.wake", FINDING_NONE,
               EVENT_SLICE("component", SLICE("MCXService")), EVENT_INT("account", wish->account),
               EVENT_SLICE("device", wish->device), EVENT_END);
    if (pass_on(wing->server, wish, waking->number, &failed.fault) < 0) {
        failed.tag = waking->number;
        post_result(wing, &failed);
    }
}

/* ---- life ---------------------------------------------------------------------------------------
 */

static int sign(void *arg, struct slice bytes, struct arena *arena, struct slice *signature_out,
                struct fault *fault)
{
    return vault_push_sign(arg, bytes, arena, signature_out, fault);
}

int wake_start(struct server *server, struct fault *fault)
{
    const struct config *config = server->config;
    struct vault_public keys;
    int err = vault_public(vault_client(server->vault, server->vault_client), server->arena, &keys,
                           fault);
    if (err < 0)
        return err;
    if (slice_empty(keys.push_key)) {
        event_emit(EVENT_NOTICE, "push.off", FINDING_PUSH_NO_KEY, EVENT_END);
        return 0;
    }
    return push_clearing_new(
        &(struct push_clearing_options){
            .store = server->store,
            .signer = {.sign = sign,
                       .arg = vault_client(server->vault, server->vault_client + 1),
                       .public_key = keys.push_key},
            .subject = slice_of(config->push.subject),
            .guard = guard_of(server),
            .queue = {.per_minute = (unsigned)config->push.per_minute},
            .outcome = ended,
            .arg = server,
        },
        &server->clearing, fault);
}

void wake_stop(struct server *server)
{
    push_clearing_free(take(&server->clearing));
}

void wake_open(struct wing *wing)
{
    wing->wakes = must_calloc(1, sizeof *wing->wakes);
}

void wake_close(struct wing *wing)
{
    struct waking *waking, *next;
    if (!wing->wakes)
        return;
    HASH_ITER(hh, wing->wakes->waiting, waking, next)
    {
        HASH_DEL(wing->wakes->waiting, waking);
        free(waking);
    }
    free(wing->wakes);
    wing->wakes = NULL;
}
