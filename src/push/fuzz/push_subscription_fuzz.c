/* Any bytes as a subscription: what is taken can be printed, read again as the same, and
 * leads to no place that the guard forbids. */
#include "push/subscription.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct push_guard guard = {.allow_private = false};
    struct push_subscription s, again;
    struct fault fault = {0};
    if (push_subscription_parse(slice_make(data, size), &guard, 1000, arena, &s, &fault) < 0) {
        if (fault.finding == FINDING_NONE)
            abort();
        return 0;
    }
    struct slice text = push_subscription_print(&s, arena);
    if (push_subscription_parse(text, &guard, 1000, arena, &again, &fault) < 0 ||
        !slice_eq(s.endpoint, again.endpoint) || !slice_eq(s.keys.p256dh, again.keys.p256dh) ||
        !slice_eq(s.keys.auth, again.keys.auth) || s.expires != again.expires)
        abort();
    return 0;
}
