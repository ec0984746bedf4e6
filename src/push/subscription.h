/* Push subscriptions: where a device can be woken, and with which keys. What a device
 * hands over is the JSON of the W3C's PushSubscription; UnifiedPush endpoints have the
 * same parts. Kept in the store; all functions that take one block. */
#ifndef LYCHGATE_PUSH_SUBSCRIPTION_H
#define LYCHGATE_PUSH_SUBSCRIPTION_H

#include "push/encrypt.h"
#include "push/guard.h"
#include "store/store.h"

/* The table of this room; needs accounts_schema before it. */
extern const struct store_schema push_schema;

enum {
    PUSH_JSON_MAX = 4096,
    PUSH_DEVICE_MAX = 100,     /* bytes of a device's name; UCWA's endpointId has as many */
    PUSH_PER_ACCOUNT_MAX = 16, /* default of [push] per-user */
};

struct push_subscription {
    int64_t id;      /* 0: not stored yet */
    int64_t account; /* account.id */
    /* What the device calls itself: an epid, an endpoint id. One subscription each. */
    struct slice device;
    struct slice endpoint; /* the URL to POST to; whoever knows it can bother the device */
    struct push_keys keys;
    int64_t created; /* ms since the epoch */
    int64_t expires; /* 0: never, as far as the push service says */
};

/* Read {"endpoint":URL,"expirationTime":null|MS,"keys":{"p256dh":B64,"auth":B64}} and
 * check it: the endpoint by push_endpoint_check(), the keys by push_keys_check(). Other
 * members are passed over. Fills endpoint, keys and expires, nothing else. Findings as
 * theirs; -ERR_EXPIRED, PUSH_SUBSCRIPTION_INVALID when it had ended before `now`. */
int push_subscription_parse(struct slice json, const struct push_guard *guard, int64_t now,
                            struct arena *arena, struct push_subscription *out,
                            struct fault *fault);

/* The same JSON again. */
struct slice push_subscription_print(const struct push_subscription *subscription,
                                     struct arena *arena);

/* Keep it; what the device had before is replaced, and so is what another device of the
 * account had at the same endpoint. Fills id. `most`: of one account (0: the default);
 * ended ones make room first. -ERR_LIMIT, PUSH_SUBSCRIPTIONS_FULL; -ERR_MALFORMED,
 * PUSH_SUBSCRIPTION_INVALID: device empty or too long; -ERR_UNKNOWN, UNKNOWN_USER. */
int push_subscription_add(struct store *store, struct push_subscription *subscription,
                          unsigned most, struct fault *fault);

/* Forget what a device has (absent device: all of the account). The number of those
 * forgotten, or a negative error. */
int push_subscription_remove(struct store *store, int64_t account, struct slice device,
                             struct fault *fault);

/* Forget one that its push service calls gone. None of that number is no error. */
int push_subscription_drop(struct store *store, int64_t id, struct fault *fault);

/* Forget all that ended before `now`; their number. */
int push_subscription_sweep(struct store *store, int64_t now, struct fault *fault);

/* That of one device. -ERR_UNKNOWN, PUSH_NO_SUBSCRIPTION; ended ones do not count. */
int push_subscription_find(struct store_reader *reader, int64_t account, struct slice device,
                           int64_t now, struct arena *arena, struct push_subscription *out,
                           struct fault *fault);

/* All of an account by device, or of all accounts (account 0); the array is the arena's. */
int push_subscription_list(struct store_reader *reader, int64_t account, struct arena *arena,
                           struct push_subscription **list_out, size_t *count_out,
                           struct fault *fault);

#endif
