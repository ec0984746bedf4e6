#include "presence/presence_priv.h"

#include <stdlib.h>
#include <string.h>

void presence_posts_init(struct presence_posts *posts, struct arena *arena)
{
    *posts = (struct presence_posts){.arena = arena};
    posts->last = &posts->first;
}

bool turn_touches(const struct turn *turn, struct slice category, int64_t container)
{
    for (const struct touch *t = turn->touched; t; t = t->next)
        if (t->kind == OP_PUBLICATION && (container < 0 || t->container == container) &&
            slice_eq(t->category, category))
            return true;
    return false;
}

bool turn_touches_kind(const struct turn *turn, enum op_kind kind)
{
    const struct touch *t = turn->touched;
    while (t && t->kind != kind)
        t = t->next;
    return t;
}

void turn_touch(struct turn *turn, enum op_kind kind, struct slice category, uint32_t container)
{
    for (const struct touch *t = turn->touched; t; t = t->next)
        if (t->kind == kind && t->container == container && slice_eq(t->category, category))
            return;
    struct touch *touch = arena_new_of(turn->arena, struct touch);
    *touch = (struct touch){turn->touched, kind, arena_copy(turn->arena, category), container};
    turn->touched = touch;
}

static void unlink_publication(struct person *person, struct publication *publication)
{
    struct publication **at = &person->publications;
    while (*at != publication)
        at = &(*at)->next;
    *at = publication->next;
    if (!publication->ours) {
        person->publication_count--;
        person->value_bytes -= publication->value->len;
    }
}

void turn_drop(struct turn *turn, struct publication *publication)
{
    turn_touch(turn, OP_PUBLICATION, publication->category->text, publication->container);
    unlink_publication(turn->person, publication);
    publication_free(turn->presence, publication);
}

static struct slice guid_bytes(const struct guid *guid)
{
    return slice_make((const char *)guid->bytes, sizeof guid->bytes);
}

void turn_put(struct turn *turn, const struct presence_op *op, const struct guid *endpoint,
              bool ours)
{
    struct person *person = turn->person;
    struct publication *old = publication_find(person, op);
    struct publication *made = must_calloc(1, sizeof *made);
    made->category = atom_take(turn->presence, op->category);
    made->value = value_take(person, op->value);
    made->instance = op->instance;
    made->container = (uint16_t)op->container;
    made->version = op->version;
    made->expire = op->expire;
    made->ours = ours;
    if (op->expire == EXPIRE_ENDPOINT && endpoint)
        made->endpoint = atom_take(turn->presence, guid_bytes(endpoint));
    made->published = op->published ? op->published : turn->now;
    made->seconds = (uint32_t)op->seconds;
    if (op->expire == EXPIRE_TIME)
        due_by(turn->presence, person, publication_expires(made));
    if (old) {
        unlink_publication(person, old);
        publication_free(turn->presence, old);
    }
    made->next = person->publications;
    person->publications = made;
    if (!ours) {
        person->publication_count++;
        person->value_bytes += made->value->len;
    }
    turn_touch(turn, OP_PUBLICATION, made->category->text, made->container);
}

void turn_put_ours(struct turn *turn, struct slice category, uint32_t container, uint32_t instance,
                   enum expire_type expire, struct slice value)
{
    struct presence_op op = {.category = category,
                             .container = container,
                             .instance = instance,
                             .value = value,
                             .expire = expire};
    struct publication *old = publication_find(turn->person, &op);
    op.version = old ? old->version + 1 : 1;
    if (old && (!old->ours || slice_eq(value_text(old->value), value)))
        return; /* who sees no difference is not told */
    if (!slice_absent(value))
        turn_put(turn, &op, NULL, true);
    else if (old)
        turn_drop(turn, old);
}

void post_to(struct presence_posts *posts, enum presence_post_kind kind, struct slice to,
             struct slice from, uint64_t dialog, struct slice document)
{
    struct presence_post *post = arena_new_of(posts->arena, struct presence_post);
    *post = (struct presence_post){
        .kind = kind, .to = to, .from = from, .dialog = dialog, .document = document};
    *posts->last = post;
    posts->last = &post->next;
}

void post_unwatch(struct presence_posts *posts, const struct person *watcher, uint64_t dialog,
                  struct slice contact)
{
    post_to(posts, PRESENCE_UNWATCH, arena_copy(posts->arena, contact),
            arena_copy(posts->arena, watcher->account), dialog, (struct slice){0});
}

struct outgoing *peer_outgoing(const struct person *person, const struct peer *peer,
                               struct outgoing_list *out)
{
    struct outgoing *message = outgoing_add(out);
    message->flow = peer->flow;
    message->account = arena_copy(out->arena, person->account);
    message->epid = arena_copy(out->arena, peer->epid);
    message->instance = guid_print(out->arena, &peer->endpoint);
    return message;
}

static void tell_selves(const struct turn *turn)
{
    struct arena *arena = turn->out->arena;
    for (struct self *s = turn->person->selves; s; s = s->next) {
        if (turn->not_to && guid_eq(turn->not_to, &s->peer.endpoint))
            continue;
        struct slice type = SLICE("application/vnd-microsoft-roaming-self+xml"), body = {0};
        if (!s->wpending) {
            body = print_self(arena, turn->presence, turn->person, s, turn);
        } else if (turn_touches_kind(turn, OP_SUBSCRIBER)) {
            type = SLICE("text/xml+msrtc.wpending");
            body = print_wpending(arena, turn->person);
        }
        if (body.len)
            subscription_notify(&s->peer.subscription, turn->now, type, body,
                                &peer_outgoing(turn->person, &s->peer, turn->out)->request);
    }
}

/* Of the categories asked for, those that changed in the watcher's container; all of them
 * when he is in another container now. */
struct slice print_for_wish(struct arena *arena, const struct person *person, uint32_t container,
                            const struct wish *wish, const struct turn *changed)
{
    struct slice categories[PRESENCE_CATEGORIES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < wish->count; i++)
        if (!changed || turn_touches(changed, wish->categories[i], container))
            categories[count++] = wish->categories[i];
    if (changed && count == 0)
        return (struct slice){0};
    return wish->legacy ? print_legacy(arena, person, container)
                        : print_for_watcher(arena, person, container, categories, count);
}

/* What was printed for one watcher is there for all who are told the same. */
struct printed {
    const struct wish *wish;
    uint32_t container;
    bool moved;
    struct slice document; /* absent: there is nothing to tell */
};

struct telling {
    const struct turn *turn;
    enum presence_post_kind kind;
    bool members; /* who sees what may have changed */
    struct slice from;
    struct printed printed[16];
    size_t printed_count;
};

static struct slice print_once(struct telling *telling, const struct watch *w, bool moved)
{
    const size_t most = sizeof telling->printed / sizeof *telling->printed;
    for (size_t i = 0; i < telling->printed_count; i++) {
        const struct printed *p = &telling->printed[i];
        if (p->wish == w->wish && p->container == w->container && p->moved == moved)
            return p->document;
    }
    size_t at = telling->printed_count < most ? telling->printed_count++ : most - 1;
    const struct turn *turn = telling->turn;
    telling->printed[at] =
        (struct printed){w->wish, w->container, moved,
                         print_for_wish(turn->posts->arena, turn->person, w->container, w->wish,
                                        moved ? NULL : turn)};
    return telling->printed[at].document;
}

static void tell_watcher(void *arg, struct watch *w)
{
    struct telling *telling = arg;
    const struct turn *turn = telling->turn;
    uint32_t before = w->container;
    if (telling->kind == PRESENCE_GONE)
        w->container = BLOCKED;
    else if (telling->members)
        w->container = container_of_watcher(turn->presence, turn->person, w->account->text);
    bool moved = telling->kind == PRESENCE_GONE || w->container != before;
    struct slice document = print_once(telling, w, moved);
    if (!slice_absent(document))
        post_to(turn->posts, telling->kind, arena_copy(turn->posts->arena, w->account->text),
                telling->from, w->dialog, document);
}

static void tell_watchers(const struct turn *turn, enum presence_post_kind kind)
{
    struct telling telling = {
        .turn = turn, .kind = kind, .members = turn_touches_kind(turn, OP_MEMBER)};
    if (!turn->person->watches)
        return;
    telling.from = arena_copy(turn->posts->arena, turn->person->account);
    watch_each(turn->person, tell_watcher, &telling);
}

void turn_tell(struct turn *turn)
{
    const struct slice state = SLICE("state");
    if (!turn->out || turn_touches(turn, state, 2) || turn_touches(turn, state, 3) ||
        turn_touches(turn, SLICE("device"), 2))
        aggregate(turn);
    if (!turn->out || !turn->touched)
        return;
    tell_selves(turn);
    if (turn_touches_kind(turn, OP_PUBLICATION) || turn_touches_kind(turn, OP_MEMBER))
        tell_watchers(turn, PRESENCE_NEWS);
}

/* ---- endpoints lost, time passed ----------------------------------------------------------- */

static bool bound_to(const struct publication *p, const struct guid *instance, bool last)
{
    if (p->ours)
        return false;
    return (p->expire == EXPIRE_ENDPOINT &&
            (last || (p->endpoint && slice_eq(p->endpoint->text, guid_bytes(instance))))) ||
           (p->expire == EXPIRE_USER && last);
}

struct unwatching {
    const struct person *person;
    uint64_t dialog;
    struct presence_posts *posts;
};

static void unwatch_one(void *arg, struct atom *account)
{
    const struct unwatching *u = arg;
    post_unwatch(u->posts, u->person, u->dialog, account->text);
}

static void unwatch_all(const struct person *person, const struct dialog *dialog,
                        struct presence_posts *posts)
{
    struct unwatching unwatching = {person, dialog->number, posts};
    watched_each(dialog, unwatch_one, &unwatching);
}

void drop_dialogs(struct presence *presence, struct person *person, const struct guid *instance,
                  int64_t now, struct presence_posts *posts)
{
    for (struct self **at = &person->selves, *s; (s = *at);) {
        if (instance ? guid_eq(&s->peer.endpoint, instance)
                     : subscription_over(&s->peer.subscription, now)) {
            *at = s->next;
            self_free(s);
        } else {
            at = &s->next;
        }
    }
    for (struct dialog **at = &person->dialogs, *d; (d = *at);) {
        if (instance ? guid_eq(&d->peer.endpoint, instance)
                     : !d->pending && subscription_over(&d->peer.subscription, now)) {
            unwatch_all(person, d, posts);
            *at = d->next;
            dialog_free(presence, d);
        } else {
            at = &d->next;
        }
    }
}

void presence_endpoint_lost(struct presence *presence, struct slice account,
                            const struct guid *instance, bool last, int64_t now,
                            struct outgoing_list *out, struct presence_posts *posts)
{
    struct person *person = person_find(presence, account);
    if (!person)
        return;
    struct turn turn = {.presence = presence,
                        .person = person,
                        .arena = posts->arena,
                        .now = now,
                        .out = out,
                        .posts = posts};
    person->used = now;
    person->planned_lost |= last || guid_eq(instance, &person->planned);
    person->planned_last |= last;
    drop_dialogs(presence, person, instance, now, posts);
    for (struct publication *p = person->publications, *next; p; p = next) {
        next = p->next;
        if (bound_to(p, instance, last))
            turn_drop(&turn, p);
    }
    turn_tell(&turn);
}

/* ---- removal -----------------------------------------------------------------------------------
 */

void presence_remove(struct presence *presence, struct slice account, int64_t now,
                     struct presence_posts *posts)
{
    struct person *person = person_find(presence, account);
    if (!person)
        return;
    struct turn turn = {.presence = presence, .person = person, .now = now, .posts = posts};
    tell_watchers(&turn, PRESENCE_GONE);
    for (const struct dialog *d = person->dialogs; d; d = d->next)
        unwatch_all(person, d, posts);
    person_free(presence, person);
}
