#include "registrar/places_priv.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The bytes of a struct flow that count; what follows is padding. */
enum {
    FLOW_KEY_LEN = offsetof(struct flow, loop) + sizeof(uint32_t)
};

/* ---- by the time it expires: a binary heap ------------------------------------------ */

static void heap_set(struct places *places, size_t at, struct place *place)
{
    places->heap[at] = place;
    place->heap_at = at;
}

static bool sooner(const struct place *a, const struct place *b)
{
    return a->endpoint.expires < b->endpoint.expires;
}

static void heap_up(struct places *places, struct place *place)
{
    size_t at = place->heap_at;
    for (; at > 0 && sooner(place, places->heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap_set(places, at, places->heap[(at - 1) / 2]);
    heap_set(places, at, place);
}

static void heap_down(struct places *places, struct place *place)
{
    size_t at = place->heap_at;
    for (size_t child; (child = 2 * at + 1) < places->count; at = child) {
        if (child + 1 < places->count && sooner(places->heap[child + 1], places->heap[child]))
            child++;
        if (!sooner(places->heap[child], place))
            break;
        heap_set(places, at, places->heap[child]);
    }
    heap_set(places, at, place);
}

static void heap_add(struct places *places, struct place *place)
{
    if (places->count == places->room) {
        places->room = places->room ? 2 * places->room : 16;
        places->heap = must_realloc(places->heap, places->room * sizeof(struct place *));
    }
    heap_set(places, places->count++, place);
    heap_up(places, place);
}

static void heap_remove(struct places *places, struct place *place)
{
    struct place *last = places->heap[--places->count];
    if (last == place)
        return;
    heap_set(places, place->heap_at, last);
    heap_up(places, last);
    heap_down(places, last);
}

/* ---- by user ------------------------------------------------------------------------- */

struct user *places_user(const struct places *places, struct slice account)
{
    struct user *user = NULL;
    if (!slice_empty(account))
        HASH_FIND(hh, places->users, account.at, account.len, user);
    return user;
}

static struct user *user_of(struct places *places, struct slice account)
{
    struct user *user = places_user(places, account);
    if (user)
        return user;
    user = must_calloc(1, sizeof *user + account.len);
    user->len = account.len;
    memcpy(user->address, account.at, account.len);
    HASH_ADD_KEYPTR(hh, places->users, user->address, user->len, user);
    return user;
}

static void join_user(struct user *user, struct place *place)
{
    place->user = user;
    place->older = user->newest;
    if (user->newest)
        user->newest->newer = place;
    else
        user->oldest = place;
    user->newest = place;
    user->count++;
}

static void leave_user(struct places *places, struct place *place)
{
    struct user *user = place->user;
    *(place->older ? &place->older->newer : &user->oldest) = place->newer;
    *(place->newer ? &place->newer->older : &user->newest) = place->older;
    if (--user->count > 0)
        return;
    HASH_DEL(places->users, user);
    free(user);
}

struct place *places_find(const struct user *user, const struct guid *instance)
{
    struct place *place = user ? user->oldest : NULL;
    while (place && !guid_eq(&place->endpoint.instance, instance))
        place = place->newer;
    return place;
}

/* ---- by connection ---------------------------------------------------------------------- */

static struct used_flow *find_flow(const struct places *places, const struct flow *flow)
{
    struct used_flow *used = NULL;
    HASH_FIND(hh, places->flows, flow, FLOW_KEY_LEN, used);
    return used;
}

struct place *places_on_flow(const struct places *places, struct flow flow)
{
    const struct used_flow *used = find_flow(places, &flow);
    return used ? used->first : NULL;
}

static void join_flow(struct places *places, struct place *place, const struct flow *flow)
{
    struct used_flow *used = find_flow(places, flow);
    if (!used) {
        used = must_calloc(1, sizeof *used);
        used->flow = *flow;
        HASH_ADD(hh, places->flows, flow, FLOW_KEY_LEN, used);
    }
    place->used = used;
    place->flow_prev = NULL;
    place->flow_next = used->first;
    if (used->first)
        used->first->flow_prev = place;
    used->first = place;
}

static void leave_flow(struct places *places, struct place *place)
{
    struct used_flow *used = place->used;
    *(place->flow_prev ? &place->flow_prev->flow_next : &used->first) = place->flow_next;
    if (place->flow_next)
        place->flow_next->flow_prev = place->flow_prev;
    place->used = NULL;
    if (used->first)
        return;
    HASH_DEL(places->flows, used);
    free(used);
}

/* ---- all of it --------------------------------------------------------------------------- */

/* The strings of an endpoint, one behind the other. What they are copied from may be
 * the old ones. */
static void copy_strings(struct place *place, struct endpoint *as)
{
    struct slice *const strings[] = {&as->epid,    &as->gruu,     &as->contact, &as->user_agent,
                                     &as->call_id, &as->from_tag, &as->to_tag};
    size_t len = 1;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        len += strings[i]->len;
    char *text = must_alloc(len), *at = text;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (slice_absent(*strings[i]))
            continue;
        if (strings[i]->len > 0)
            memcpy(at, strings[i]->at, strings[i]->len);
        strings[i]->at = at;
        at += strings[i]->len;
    }
    free(place->text);
    place->text = text;
}

struct place *places_put(struct places *places, struct place *place, const struct endpoint *as)
{
    struct endpoint endpoint = *as;
    bool fresh = !place;
    if (fresh) {
        place = must_calloc(1, sizeof *place);
        join_user(user_of(places, as->account), place);
    } else if (!flow_eq(place->endpoint.flow, as->flow)) {
        leave_flow(places, place);
    }
    copy_strings(place, &endpoint);
    endpoint.account = slice_make(place->user->address, place->user->len);
    place->endpoint = endpoint;
    if (!place->used)
        join_flow(places, place, &endpoint.flow);
    if (fresh) {
        heap_add(places, place);
    } else {
        heap_up(places, place);
        heap_down(places, place);
    }
    return place;
}

void places_drop(struct places *places, struct place *place)
{
    heap_remove(places, place);
    leave_flow(places, place);
    leave_user(places, place);
    free(place->text);
    free(place);
}

void places_fini(struct places *places)
{
    while (places->count > 0)
        places_drop(places, places->heap[places->count - 1]);
    free(places->heap);
    *places = (struct places){0};
}
