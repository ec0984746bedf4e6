#include "push/vapid.h"

#include "base/encode.h"
#include "push/guard.h"

#include <stdlib.h>
#include <string.h>

enum {
    CACHED = 16 /* push services in use at once; there are not many in the world */
};

int vapid_audience(struct slice endpoint, struct arena *arena, struct slice *audience_out,
                   struct fault *fault)
{
    struct push_origin origin;
    int err = push_origin_parse(endpoint, &origin, fault);
    if (err < 0)
        return err;
    const char *scheme = origin.secure ? "https" : "http";
    bool bracket = slice_index(origin.host, ':') >= 0;
    struct slice host = arena_print(arena, bracket ? "[%.*s]" : "%.*s", SLICE_ARG(origin.host));
    for (char *c = (char *)(uintptr_t)host.at; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (origin.port == (origin.secure ? 443 : 80))
        *audience_out = arena_print(arena, "%s://%s", scheme, host.at);
    else
        *audience_out = arena_print(arena, "%s://%s:%u", scheme, host.at, origin.port);
    return 0;
}

/* May it stand in a JSON string as it is? */
static bool plain(struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] <= ' ' || (unsigned char)s.at[i] >= 0x7f || s.at[i] == '"' ||
            s.at[i] == '\\')
            return false;
    return s.len <= max;
}

int vapid_print(const struct vapid_signer *signer, struct slice audience, struct slice subject,
                int64_t expires, struct arena *arena, struct slice *value_out, struct fault *fault)
{
    if (!plain(audience, VAPID_AUDIENCE_MAX) || !plain(subject, VAPID_SUBJECT_MAX))
        return fault_set(fault, ERR_LIMIT, FINDING_CONFIG_INVALID,
                         "VAPID: an audience or subject that is too long or no URI");
    struct slice who = slice_empty(subject)
                           ? SLICE("")
                           : arena_print(arena, ",\"sub\":\"%.*s\"", SLICE_ARG(subject));
    struct slice claims =
        arena_print(arena, "{\"aud\":\"%.*s\",\"exp\":%lld%.*s}", SLICE_ARG(audience),
                    (long long)(expires / 1000), SLICE_ARG(who));
    struct slice header = base64url_print(arena, SLICE("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"));
    struct slice input = arena_print(arena, "%.*s.%.*s", SLICE_ARG(header),
                                     SLICE_ARG(base64url_print(arena, claims)));
    struct slice signature;
    int err = signer->sign(signer->arg, input, arena, &signature, fault);
    if (err < 0)
        return err;
    /* A blank after the comma: the grammar of [RFC 7235], and what parsers expect. */
    *value_out = arena_print(arena, "vapid t=%.*s.%.*s, k=%.*s", SLICE_ARG(input),
                             SLICE_ARG(base64url_print(arena, signature)),
                             SLICE_ARG(base64url_print(arena, signer->public_key)));
    return 0;
}

/* ---- the cache --------------------------------------------------------------------------- */

struct cached {
    char *audience, *value; /* owned; NULL: a free place */
    int64_t fresh_until;
};

struct vapid_cache {
    struct vapid_signer signer;
    char *key, *subject; /* owned */
    struct cached cached[CACHED];
};

struct vapid_cache *vapid_cache_new(const struct vapid_signer *signer, struct slice subject)
{
    struct vapid_cache *cache = must_calloc(1, sizeof *cache);
    cache->signer = *signer;
    cache->key = must_alloc(signer->public_key.len + 1);
    if (signer->public_key.len)
        memcpy(cache->key, signer->public_key.at, signer->public_key.len);
    cache->signer.public_key.at = cache->key;
    cache->subject = must_calloc(1, subject.len + 1);
    if (subject.len)
        memcpy(cache->subject, subject.at, subject.len);
    return cache;
}

static void drop(struct cached *cached)
{
    free(cached->audience);
    free(cached->value);
    *cached = (struct cached){0};
}

void vapid_cache_free(struct vapid_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < CACHED; i++)
        drop(&cache->cached[i]);
    free(cache->key);
    free(cache->subject);
    free(cache);
}

/* The place of an audience; if it has none, the one that is due to be given up first. */
static struct cached *place_of(struct vapid_cache *cache, struct slice audience)
{
    struct cached *oldest = &cache->cached[0];
    for (size_t i = 0; i < CACHED; i++) {
        struct cached *cached = &cache->cached[i];
        if (cached->audience && slice_eq(slice_of(cached->audience), audience))
            return cached;
        if (cached->fresh_until < oldest->fresh_until)
            oldest = cached;
    }
    return oldest;
}

int vapid_cache_value(struct vapid_cache *cache, struct slice endpoint, int64_t now,
                      struct arena *arena, struct slice *value_out, struct fault *fault)
{
    struct slice audience;
    int err = vapid_audience(endpoint, arena, &audience, fault);
    if (err < 0)
        return err;
    struct cached *cached = place_of(cache, audience);
    bool known = cached->audience && slice_eq(slice_of(cached->audience), audience);
    /* A clock that was set back makes a kept token one of the far future. */
    if (known && now < cached->fresh_until && cached->fresh_until - now <= VAPID_LIFE_MS / 2) {
        *value_out = arena_copy(arena, slice_of(cached->value));
        return 0;
    }
    err = vapid_print(&cache->signer, audience, slice_of(cache->subject), now + VAPID_LIFE_MS,
                      arena, value_out, fault);
    if (err < 0)
        return err;
    drop(cached);
    cached->audience = must_strdup(audience.at);
    cached->value = must_strdup(value_out->at);
    cached->fresh_until = now + VAPID_LIFE_MS / 2;
    return 0;
}
