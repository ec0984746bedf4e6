/* The clearing house: takes wishes to wake devices, finds their subscriptions, and
 * delivers by Web Push. All of it happens on one thread of its own, which waits for many
 * push services at once (curl's multi interface): a service that hangs costs a
 * connection, never a worker, and nobody who wishes something ever waits. */
#ifndef LYCHGATE_PUSH_CLEARING_H
#define LYCHGATE_PUSH_CLEARING_H

#include "push/post.h"

struct push_clearing;

struct push_clearing_options {
    struct store *store;        /* borrowed; has push_schema */
    struct vapid_signer signer; /* called on the clearing house's thread only */
    struct slice subject;       /* of the VAPID tokens; copied */
    struct push_guard guard;
    struct push_queue_options queue;
    unsigned timeout_ms; /* of one exchange; 0: 30,000, half of it for the connection */
    /* How each wish ended, exactly once, by its tag. Called on the clearing house's thread;
     * must not block for long: post it to where it belongs. May be NULL. */
    void (*outcome)(void *arg, const struct push_outcome *outcome);
    void *arg;
};

/* Start it; -ERR_IO and others of the store, CONFIG_INVALID when libcurl lacks what is needed. */
int push_clearing_new(const struct push_clearing_options *options,
                      struct push_clearing **clearing_out, struct fault *fault);

/* End the thread. Requests that are under way are broken off; what waits has no outcome. */
void push_clearing_free(struct push_clearing *clearing);
SCOPED_FREE(push_clearing, struct push_clearing, push_clearing_free)

struct push_wish {
    int64_t account;
    struct slice device;
    struct slice payload; /* what the device decrypts */
    enum push_urgency urgency;
    int64_t ttl_ms;      /* how long the push service keeps it for the device */
    int64_t patience_ms; /* how long we try; 0: as long */
    struct slice topic;
    uint64_t tag;
};

enum {
    PUSH_WISHES_MAX = 4096 /* that the thread has not looked at yet */
};

/* Wish; from any thread, never blocks, copies. Its outcome: NONE (a push service has it),
 * PUSH_NO_SUBSCRIPTION, or one of push_queue_outcome(). -ERR_LIMIT, PUSH_TOO_LARGE;
 * -ERR_BUSY, PUSH_BUSY: then there is no outcome. */
int push_clearing_wish(struct push_clearing *clearing, const struct push_wish *wish,
                       struct fault *fault);

/* One message to one subscription, here and now, without a queue: for the command line.
 * Blocks up to timeout_ms. 0 with the push service's answer in *result_out, or the fault
 * of making the request. */
int push_deliver(const struct push_due *due, struct vapid_cache *vapid,
                 const struct push_guard *guard, unsigned timeout_ms, int64_t now,
                 struct push_result *result_out, struct fault *fault);

#endif
