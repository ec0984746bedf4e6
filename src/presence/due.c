/* When something of a person is due: people in a heap by that time, which may be too early
 * (a dialog lives on with every notification) but never too late. */
#include "presence/presence_priv.h"

#include <stdlib.h>

enum {
    EXPIRE_TURN = 256,    /* people looked at in one call */
    LEAST_PAUSE_MS = 1000 /* for what is over but cannot end yet: a reply under way */
};

static void place(struct presence *presence, size_t at, struct person *person)
{
    presence->heap[at] = person;
    person->heap_at = at;
}

static void sift_up(struct presence *presence, struct person *person)
{
    size_t at = person->heap_at;
    for (; at > 0 && presence->heap[(at - 1) / 2]->due > person->due; at = (at - 1) / 2)
        place(presence, at, presence->heap[(at - 1) / 2]);
    place(presence, at, person);
}

static void sift_down(struct presence *presence, struct person *person)
{
    size_t at = person->heap_at;
    for (size_t next; (next = 2 * at + 1) < presence->heap_count; at = next) {
        if (next + 1 < presence->heap_count &&
            presence->heap[next + 1]->due < presence->heap[next]->due)
            next++;
        if (presence->heap[next]->due >= person->due)
            break;
        place(presence, at, presence->heap[next]);
    }
    place(presence, at, person);
}

void due_enter(struct presence *presence, struct person *person, int64_t when)
{
    if (presence->heap_count == presence->heap_room) {
        presence->heap_room = presence->heap_room ? 2 * presence->heap_room : 64;
        presence->heap = must_realloc(presence->heap, presence->heap_room * sizeof *presence->heap);
    }
    person->due = when;
    person->heap_at = presence->heap_count++;
    sift_up(presence, person);
}

void due_leave(struct presence *presence, struct person *person)
{
    struct person *last = presence->heap[--presence->heap_count];
    if (last == person)
        return;
    place(presence, person->heap_at, last);
    sift_up(presence, last);
    sift_down(presence, last);
}

void due_by(struct presence *presence, struct person *person, int64_t when)
{
    if (when >= person->due)
        return;
    person->due = when;
    sift_up(presence, person);
}

static bool has_nothing_live(const struct person *person)
{
    for (const struct publication *p = person->publications; p; p = p->next)
        if (!p->ours && p->expire != EXPIRE_STATIC)
            return false;
    return !person->selves && !person->dialogs && !person->watches;
}

/* When to look at him again: at the latest when he may have become idle. */
static int64_t next_due(const struct presence *presence, const struct person *person, int64_t now)
{
    int64_t next = now + presence->options.limits.idle_ms;
    for (const struct publication *p = person->publications; p; p = p->next)
        if (publication_expires(p) < next)
            next = publication_expires(p);
    for (const struct self *s = person->selves; s; s = s->next)
        if (s->peer.subscription.expires < next)
            next = s->peer.subscription.expires;
    for (const struct dialog *d = person->dialogs; d; d = d->next)
        if (d->peer.subscription.expires < next)
            next = d->peer.subscription.expires;
    return next > now + LEAST_PAUSE_MS ? next : now + LEAST_PAUSE_MS;
}

static void expire_person(struct presence *presence, struct person *person, int64_t now,
                          struct outgoing_list *out, struct presence_posts *posts)
{
    struct turn turn = {.presence = presence,
                        .person = person,
                        .arena = posts->arena,
                        .now = now,
                        .out = out,
                        .posts = posts};
    drop_dialogs(presence, person, NULL, now, posts);
    for (struct publication *p = person->publications, *next; p; p = next) {
        next = p->next;
        if (publication_expires(p) <= now)
            turn_drop(&turn, p);
    }
    turn_tell(&turn);
    if (has_nothing_live(person) && person->used + presence->options.limits.idle_ms <= now) {
        person_free(presence, person);
        return;
    }
    person->due = next_due(presence, person, now);
    sift_down(presence, person);
}

int64_t presence_expire(struct presence *presence, int64_t now, struct outgoing_list *out,
                        struct presence_posts *posts)
{
    for (unsigned looked_at = 0; presence->heap_count && presence->heap[0]->due <= now;) {
        if (looked_at++ == EXPIRE_TURN)
            return now;
        expire_person(presence, presence->heap[0], now, out, posts);
    }
    return presence->heap_count ? presence->heap[0]->due : INT64_MAX;
}
