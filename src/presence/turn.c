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
        if ((container < 0 || t->container == container) && slice_eq(t->category, category))
            return true;
    return false;
}

void turn_touch(struct turn *turn, struct slice category, uint32_t container)
{
    if (turn_touches(turn, category, container))
        return;
    struct touch *touch = arena_new_of(turn->arena, struct touch);
    *touch = (struct touch){turn->touched, arena_copy(turn->arena, category), container};
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
        person->value_bytes -= publication->value.len;
    }
}

void turn_drop(struct turn *turn, struct publication *publication)
{
    turn_touch(turn, publication->category, publication->container);
    unlink_publication(turn->person, publication);
    free(publication);
}

void turn_put(struct turn *turn, const struct presence_op *op, const struct guid *endpoint,
              bool ours)
{
    struct person *person = turn->person;
    struct publication *old = publication_find(person, op);
    struct publication *made = must_calloc(1, sizeof *made + op->category.len + op->value.len + 2);
    memcpy(made->text, op->category.at, op->category.len);
    made->category = slice_make(made->text, op->category.len);
    char *value = made->text + op->category.len + 1;
    if (op->value.len)
        memcpy(value, op->value.at, op->value.len);
    made->value = slice_make(value, op->value.len);
    made->instance = op->instance;
    made->container = op->container;
    made->version = op->version;
    made->expire = op->expire;
    made->ours = ours;
    made->published = turn->now;
    made->expires = op->expire == EXPIRE_TIME ? turn->now + op->seconds * 1000 : INT64_MAX;
    made->endpoint = *endpoint;
    if (old) {
        unlink_publication(person, old);
        free(old);
    }
    made->next = person->publications;
    person->publications = made;
    if (!ours) {
        person->publication_count++;
        person->value_bytes += made->value.len;
    }
    turn_touch(turn, made->category, made->container);
}

void turn_put_ours(struct turn *turn, struct slice category, uint32_t container, uint32_t instance,
                   enum expire_type expire, struct slice value)
{
    static const struct guid nobody;
    struct presence_op op = {.category = category,
                             .container = container,
                             .instance = instance,
                             .value = value,
                             .expire = expire};
    struct publication *old = publication_find(turn->person, &op);
    op.version = old ? old->version + 1 : 1;
    if (old && (!old->ours || slice_eq(old->value, value)))
        return; /* who sees no difference is not told */
    if (!slice_absent(value))
        turn_put(turn, &op, &nobody, true);
    else if (old)
        turn_drop(turn, old);
}

void post_to(struct presence_posts *posts, enum presence_post_kind kind, struct slice to,
             struct slice from, uint64_t dialog, struct slice document)
{
    struct presence_post *post = arena_new_of(posts->arena, struct presence_post);
    *post = (struct presence_post){.kind = kind,
                                   .to = arena_copy(posts->arena, to),
                                   .from = arena_copy(posts->arena, from),
                                   .dialog = dialog,
                                   .document = document};
    *posts->last = post;
    posts->last = &post->next;
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
    for (struct self *s = turn->person->selves; s; s = s->next) {
        if (turn->not_to && guid_eq(turn->not_to, &s->peer.endpoint))
            continue;
        struct slice body = print_self(turn->out->arena, turn->person, s, turn);
        if (body.len)
            subscription_notify(&s->peer.subscription, turn->now,
                                SLICE("application/vnd-microsoft-roaming-self+xml"), body,
                                &peer_outgoing(turn->person, &s->peer, turn->out)->request);
    }
}

/* What a watcher learns: of the categories he asked for, those that changed in his
 * container; all of them when he is in another container now. */
static size_t news_for(const struct turn *turn, const struct watch *w, bool moved,
                       struct slice *categories)
{
    size_t count = 0;
    for (size_t i = 0; i < w->category_count; i++)
        if (moved || turn_touches(turn, w->categories[i], w->container))
            categories[count++] = w->categories[i];
    return count;
}

static bool same_list(const struct slice *a, size_t a_count, const struct slice *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (!slice_eq(a[i], b[i]))
            return false;
    return a_count == b_count;
}

static void tell_watchers(const struct turn *turn)
{
    struct slice told[16], document = {0};
    size_t told_count = 0;
    uint32_t told_container = 0;
    bool members = turn_touches(turn, (struct slice){0}, -1);
    for (struct watch *w = turn->person->watches; w; w = w->next) {
        struct slice categories[16];
        uint32_t now_in = w->container;
        if (members)
            now_in = container_of_watcher(turn->presence, turn->person, w->account);
        bool moved = now_in != w->container;
        w->container = now_in;
        size_t count = news_for(turn, w, moved, categories);
        if (!count)
            continue;
        /* Most watchers are in one container and ask for the same: print once. */
        if (!document.at || told_container != now_in ||
            !same_list(told, told_count, categories, count)) {
            document =
                print_for_watcher(turn->posts->arena, turn->person, now_in, categories, count);
            memcpy(told, categories, sizeof told);
            told_count = count;
            told_container = now_in;
        }
        post_to(turn->posts, PRESENCE_NEWS, w->account, turn->person->account, w->dialog, document);
    }
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
    tell_watchers(turn);
}

/* ---- endpoints lost, time passed ----------------------------------------------------------- */

static bool bound_to(const struct publication *p, const struct guid *instance, bool last)
{
    if (p->ours)
        return false;
    return (p->expire == EXPIRE_ENDPOINT && (last || guid_eq(&p->endpoint, instance))) ||
           (p->expire == EXPIRE_USER && last);
}

static void post_unwatch(const struct person *person, const struct dialog *dialog,
                         struct presence_posts *posts)
{
    for (const struct watched *w = dialog->watched; w; w = w->next)
        post_to(posts, PRESENCE_UNWATCH, w->account, person->account, dialog->number,
                (struct slice){0});
}

/* Drop the dialogs of an endpoint, or with NULL those that have expired. */
static void drop_dialogs(struct person *person, const struct guid *instance, int64_t now,
                         struct presence_posts *posts)
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
            post_unwatch(person, d, posts);
            *at = d->next;
            dialog_free(d);
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
    person->planned_lost |= last || guid_eq(instance, &person->planned);
    person->planned_last |= last;
    drop_dialogs(person, instance, now, posts);
    for (struct publication *p = person->publications, *next; p; p = next) {
        next = p->next;
        if (bound_to(p, instance, last))
            turn_drop(&turn, p);
    }
    turn_tell(&turn);
}

static int64_t expire_person(struct presence *presence, struct person *person, int64_t now,
                             struct outgoing_list *out, struct presence_posts *posts)
{
    int64_t next_time = INT64_MAX;
    struct turn turn = {.presence = presence,
                        .person = person,
                        .arena = posts->arena,
                        .now = now,
                        .out = out,
                        .posts = posts};
    drop_dialogs(person, NULL, now, posts);
    for (struct publication *p = person->publications, *next; p; p = next) {
        next = p->next;
        if (p->expires <= now)
            turn_drop(&turn, p);
        else if (p->expires < next_time)
            next_time = p->expires;
    }
    turn_tell(&turn);
    for (const struct self *s = person->selves; s; s = s->next)
        if (s->peer.subscription.expires < next_time)
            next_time = s->peer.subscription.expires;
    for (const struct dialog *d = person->dialogs; d; d = d->next)
        if (d->peer.subscription.expires < next_time)
            next_time = d->peer.subscription.expires;
    return next_time;
}

int64_t presence_expire(struct presence *presence, int64_t now, struct outgoing_list *out,
                        struct presence_posts *posts)
{
    int64_t next_time = INT64_MAX;
    for (struct person *person = presence->people; person; person = person->hh.next) {
        int64_t due = expire_person(presence, person, now, out, posts);
        if (due < next_time)
            next_time = due;
    }
    return next_time;
}

/* ---- removal -----------------------------------------------------------------------------------
 */

void presence_remove(struct presence *presence, struct slice account, int64_t now,
                     struct presence_posts *posts)
{
    struct person *person = person_find(presence, account);
    (void)now;
    if (!person)
        return;
    for (const struct watch *w = person->watches; w; w = w->next)
        post_to(posts, PRESENCE_GONE, w->account, account, w->dialog,
                print_for_watcher(posts->arena, person, BLOCKED, w->categories, w->category_count));
    for (const struct dialog *d = person->dialogs; d; d = d->next)
        post_unwatch(person, d, posts);
    person_free(presence, person);
}
