#include "push/post.h"

#include "base/clock.h"

static void add(struct push_post *post, struct slice line)
{
    post->headers[post->header_count++] = line;
}

int push_post_build(const struct push_due *due, struct vapid_cache *vapid, int64_t now,
                    struct arena *arena, struct push_post *out, struct fault *fault)
{
    struct slice authorization;
    *out = (struct push_post){.url = due->to->endpoint};
    int err = push_encrypt(&due->to->keys, due->payload, arena, &out->body, fault);
    if (err == 0)
        err = vapid_cache_value(vapid, due->to->endpoint, now, arena, &authorization, fault);
    if (err < 0)
        return err;
    add(out, arena_print(arena, "TTL: %lld", (long long)(due->ttl_ms / 1000)));
    add(out, arena_print(arena, "Urgency: %s", push_urgency_name(due->urgency)));
    add(out, SLICE("Content-Type: application/octet-stream"));
    add(out, SLICE("Content-Encoding: aes128gcm"));
    add(out, arena_print(arena, "Authorization: %.*s", SLICE_ARG(authorization)));
    if (!slice_empty(due->topic))
        add(out, arena_print(arena, "Topic: %.*s", SLICE_ARG(due->topic)));
    return 0;
}

int64_t push_retry_after(struct slice value, int64_t now)
{
    uint64_t seconds;
    int64_t date;
    value = slice_trim(value);
    if (slice_number(value, INT32_MAX, &seconds) == 0)
        return (int64_t)seconds * 1000;
    if (clock_parse_http(value, &date) == 0 && date > now)
        return date - now;
    return 0;
}
