/* The event channel of one UCWA application: what happened, in order, until the client has
 * it. A client asks `events?ack=N`, and by asking for N + 1 proves that answer N arrived; so
 * the last answer is kept and can be said again, and nothing is delivered twice or lost
 * (mobility.md 2.5). No connection, no clock: the application holds the poll. */
#ifndef LYCHGATE_UCWA_CHANNEL_H
#define LYCHGATE_UCWA_CHANNEL_H

#include "base/arena.h"
#include "mobility/news.h"

#include <jansson.h>

struct channel;

enum {
    CHANNEL_EVENTS_MAX = 1000 /* kept for a client that does not ask; beyond, all are dropped */
};

/* How long events may be gathered (ms), as the client asked last; also of a poll. */
struct channel_pace {
    int64_t medium, low, timeout;
};

/* `href` is that of the events resource, without query. */
struct channel *channel_new(struct slice href);
void channel_free(struct channel *channel);

/* Add an event of a sender (rel and href). Takes over `event`: link, type, _embedded. It is
 * due at once when its priority is high, else when its interval is over. */
void channel_add(struct channel *channel, const char *rel, struct slice href, json_t *event,
                 enum phone_priority priority, int64_t now);

struct channel_pace *channel_pace(struct channel *channel);

/* When the first event is due (ms since the epoch); INT64_MAX: there is none. When one is,
 * all go. */
int64_t channel_due(const struct channel *channel);

/* What answers `ack` now, a JSON text of the arena: the answer said before, the events that
 * are there if one is due, a resync for a number that is neither, or `resume` when events
 * were dropped. Absent: nothing yet; wait. */
struct slice channel_answer(struct channel *channel, uint64_t ack, int64_t now,
                            struct arena *arena);

/* The answer of a poll that has waited long enough: no events, and the next number. */
struct slice channel_timeout(struct channel *channel, struct arena *arena);

/* The number that the next new poll must ask for. */
uint64_t channel_next(const struct channel *channel);

#endif
