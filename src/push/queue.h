/* What waits to be pushed, and when it may go. No socket and no clock: the caller asks
 * what is due, sends it (courier.h), and says how it went. One queue, one thread.
 *
 * Each device has a short queue of its own, and never more than one request under way;
 * so a push service that hangs holds one place for each device, and no more places than
 * `per_service` in all. Messages of one topic are merged: the newest takes the place of
 * the one that waits, as the push service does it too ([RFC 8030] section 5.4). */
#ifndef LYCHGATE_PUSH_QUEUE_H
#define LYCHGATE_PUSH_QUEUE_H

#include "push/subscription.h"

struct push_queue;

/* [RFC 8030] section 5.3, in order: what wakes a device on low battery. */
enum push_urgency {
    PUSH_VERY_LOW,
    PUSH_LOW,
    PUSH_NORMAL,
    PUSH_HIGH,
};
const char *push_urgency_name(enum push_urgency urgency);

/* All limits; 0 takes the default. */
struct push_queue_options {
    unsigned per_device;  /* messages that wait for one device; 16 */
    unsigned total;       /* for all; 10,000 */
    unsigned per_minute;  /* requests to one device; 30, of which a burst may be a third */
    unsigned under_way;   /* requests at once; 64 */
    unsigned per_service; /* of these to one push service (origin); half of them */
    unsigned tries;       /* of one message; 8 */
    int64_t backoff_ms;   /* before the second try, doubled for each more; 1 s */
    int64_t backoff_max;  /* 5 min */
};

struct push_queue *push_queue_new(const struct push_queue_options *options);
void push_queue_free(struct push_queue *queue);
SCOPED_FREE(push_queue, struct push_queue, push_queue_free)

enum {
    PUSH_TOPIC_MAX = 32,                 /* characters of base64url ([RFC 8030] section 5.4) */
    PUSH_TTL_MAX_MS = 24 * 86400 * 1000, /* and services keep less */
    PUSH_RETRY_AFTER_MAX_MS = 3600 * 1000
};

struct push_message {
    const struct push_subscription *to;
    struct slice payload; /* plaintext, up to PUSH_PLAIN_MAX */
    enum push_urgency urgency;
    int64_t ttl_ms;      /* how long it is worth something; 0: one try, now or never */
    int64_t patience_ms; /* how long to try, if that is less; 0: as long as that */
    struct slice topic;  /* absent: merged with nothing */
    uint64_t tag;        /* the caller's; comes back in the outcome */
};

/* Queue a copy. -ERR_LIMIT, PUSH_TOO_LARGE: payload, topic or TTL; -ERR_BUSY, PUSH_BUSY:
 * all queues together are full, or this device's is with messages at least as urgent
 * (otherwise the oldest of the least urgent ones goes, and has its outcome). */
int push_queue_put(struct push_queue *queue, const struct push_message *message, int64_t now,
                   struct fault *fault);

/* One to be sent now; plain data, valid until push_queue_result() for its id. */
struct push_due {
    uint64_t id;
    const struct push_subscription *to;
    struct slice payload, topic;
    enum push_urgency urgency;
    int64_t ttl_ms; /* what is left of it */
    unsigned tried; /* how often before */
};

/* Take what is due, the most urgent of a device first. False: nothing is. */
bool push_queue_next(struct push_queue *queue, int64_t now, struct push_due *due_out);

/* When push_queue_next() may have something, if nothing happens till then; INT64_MAX: never. */
int64_t push_queue_when(const struct push_queue *queue);

/* How a request went. */
struct push_result {
    int status;             /* HTTP status; 0: there was no answer */
    int64_t retry_after_ms; /* of the answer's Retry-After; 0: none */
    struct fault fault;     /* why there was no answer */
};

/* Tell. What is to be tried again goes back into the queue; of the others the outcome
 * waits for push_queue_outcome(). An id that is not under way is passed over. */
void push_queue_result(struct push_queue *queue, uint64_t id, const struct push_result *result,
                       int64_t now);

/* The end of a message. */
struct push_outcome {
    uint64_t tag;
    int64_t subscription, account; /* ids */
    /* NONE: the push service has it. PUSH_GONE: forget the subscription. Others: PUSH_REFUSED,
     * PUSH_TOO_LARGE, PUSH_ROUTE_DOWN, PUSH_EXPIRED, PUSH_BUSY (crowded out). */
    struct fault fault;
    bool merged;    /* a newer one of its topic took its place; no fault */
    unsigned tries; /* requests made for it */
};

/* Take one; false: there is none. */
bool push_queue_outcome(struct push_queue *queue, struct push_outcome *out);

/* Drop all that waits for a subscription (it was removed); no outcomes. */
void push_queue_forget(struct push_queue *queue, int64_t subscription);

/* What an answer means: 0, or the fault that push_queue_outcome() would have with it. */
int push_result_fault(const struct push_result *result, struct fault *fault);

struct push_queue_counts {
    size_t waiting, under_way, devices, services;
};
struct push_queue_counts push_queue_count(const struct push_queue *queue);

#endif
