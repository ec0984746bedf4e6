/* A push message as the HTTP request that carries it ([RFC 8030] section 5), and what is
 * to be read in the answer. Bytes only. */
#ifndef LYCHGATE_PUSH_POST_H
#define LYCHGATE_PUSH_POST_H

#include "push/queue.h"
#include "push/vapid.h"

enum {
    POST_HEADERS = 7
};

struct push_post {
    struct slice url;
    struct slice headers[POST_HEADERS]; /* whole lines, "TTL: 30"; followed by a NUL each */
    size_t header_count;
    struct slice body;
};

/* Encrypt and address what is due. Faults of push_encrypt() and vapid_cache_value(); the
 * latter may block. All in the arena. */
int push_post_build(const struct push_due *due, struct vapid_cache *vapid, int64_t now,
                    struct arena *arena, struct push_post *out, struct fault *fault);

/* The value of Retry-After: seconds, or a date. In ms from now; 0 for what is neither or past. */
int64_t push_retry_after(struct slice value, int64_t now);

#endif
