#include "registrar/registrar_priv.h"

#include "base/memory.h"
#include "event/event.h"
#include "registrar/notify_priv.h"

#include <stdlib.h>

struct registrar *registrar_new(const struct registrar_options *options)
{
    struct registrar *registrar = must_calloc(1, sizeof *registrar);
    registrar->options = *options;
    return registrar;
}

void registrar_free(struct registrar *registrar)
{
    if (!registrar)
        return;
    places_fini(&registrar->places);
    free(registrar);
}

void registrar_drop(struct registrar *registrar, struct place *place)
{
    if (registrar->options.on_gone)
        registrar->options.on_gone(registrar->options.arg, &place->endpoint,
                                   place->user->count == 1);
    places_drop(&registrar->places, place);
}

void registrar_put_out(struct registrar *registrar, struct place *place, const char *event,
                       enum finding why, struct outgoing_list *out)
{
    bool alone = !place->flow_prev && !place->flow_next;
    notify_deregistered(place, event, why, alone, out);
    registrar_drop(registrar, place);
}

size_t registrar_flow_lost(struct registrar *registrar, struct flow flow)
{
    size_t gone = 0;
    struct place *place = places_on_flow(&registrar->places, flow);
    for (struct place *next; place; place = next, gone++) {
        next = place->flow_next;
        registrar_drop(registrar, place);
    }
    return gone;
}

size_t registrar_user_gone(struct registrar *registrar, struct slice account,
                           struct outgoing_list *out)
{
    const struct user *user = places_user(&registrar->places, account);
    size_t gone = user ? user->count : 0;
    struct place *place = user ? user->oldest : NULL;
    for (struct place *next; place; place = next) {
        next = place->newer;
        registrar_put_out(registrar, place, "rejected", FINDING_DEREGISTERED, out);
    }
    return gone;
}

int64_t registrar_expire(struct registrar *registrar, int64_t now)
{
    struct places *places = &registrar->places;
    while (places->count > 0 && places->heap[0]->endpoint.expires <= now) {
        const struct endpoint *endpoint = &places->heap[0]->endpoint;
        event_emit(EVENT_INFO, "registrar.expired", FINDING_NONE,
                   EVENT_SLICE("user", endpoint->account), EVENT_SLICE("epid", endpoint->epid),
                   EVENT_END);
        registrar_drop(registrar, places->heap[0]);
    }
    return places->count > 0 ? places->heap[0]->endpoint.expires : INT64_MAX;
}

const struct endpoint *registrar_next(const struct registrar *registrar, struct slice account,
                                      const struct endpoint *after)
{
    const struct place *place;
    if (after) {
        place = ((const struct place *)after)->newer;
    } else {
        const struct user *user = places_user(&registrar->places, account);
        place = user ? user->oldest : NULL;
    }
    return place ? &place->endpoint : NULL;
}

const struct endpoint *registrar_find(const struct registrar *registrar, struct slice account,
                                      const struct guid *instance)
{
    const struct user *user = places_user(&registrar->places, account);
    const struct place *place = user ? places_find(user, instance) : NULL;
    return place ? &place->endpoint : NULL;
}

size_t registrar_count(const struct registrar *registrar)
{
    return registrar->places.count;
}

size_t registrar_users(const struct registrar *registrar)
{
    return HASH_COUNT(registrar->places.users);
}

void registrar_each_user(const struct registrar *registrar,
                         void (*fn)(void *arg, struct slice account), void *arg)
{
    const struct user *user, *next;
    HASH_ITER(hh, registrar->places.users, user, next)
    fn(arg, slice_make(user->address, user->len));
}
