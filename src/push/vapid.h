/* VAPID ([RFC 8292]): how a push service knows which server a message comes from. Each
 * request carries a JSON Web Token, signed ES256 by the site's push key, which the
 * device named when it subscribed. */
#ifndef LYCHGATE_PUSH_VAPID_H
#define LYCHGATE_PUSH_VAPID_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* Who signs: the vault (vault_push_sign), or a test's own key. */
struct vapid_signer {
    /* Sign ES256: r and s, 64 bytes, into the arena. 0 or a negative enum err. May block. */
    int (*sign)(void *arg, struct slice bytes, struct arena *arena, struct slice *signature_out,
                struct fault *fault);
    void *arg;
    struct slice public_key; /* a P-256 point, 65 bytes */
};

enum {
    VAPID_AUDIENCE_MAX = 300,
    VAPID_SUBJECT_MAX = 254,
    VAPID_LIFE_MS = 12 * 3600 * 1000, /* of a token; services refuse more than 24 hours */
};

/* The audience of an endpoint: its origin, "https://push.example.net", lower case, with
 * a port that is not the scheme's own. -ERR_MALFORMED, PUSH_SUBSCRIPTION_INVALID. */
int vapid_audience(struct slice endpoint, struct arena *arena, struct slice *audience_out,
                   struct fault *fault);

/* The value of Authorization: "vapid t=TOKEN, k=KEY". `subject` is a mailto: or https:
 * URI of the administrator, or absent; `expires` in ms. -ERR_LIMIT when subject or
 * audience is too long or holds what needs escaping, otherwise what the signer says. */
int vapid_print(const struct vapid_signer *signer, struct slice audience, struct slice subject,
                int64_t expires, struct arena *arena, struct slice *value_out, struct fault *fault);

/* Tokens, made once for each audience and used until half of their life is over: one
 * signature serves many messages. For one thread. */
struct vapid_cache;

struct vapid_cache *vapid_cache_new(const struct vapid_signer *signer, struct slice subject);
void vapid_cache_free(struct vapid_cache *cache);
SCOPED_FREE(vapid_cache, struct vapid_cache, vapid_cache_free)

/* The value of Authorization for an endpoint, from the cache or made anew. */
int vapid_cache_value(struct vapid_cache *cache, struct slice endpoint, int64_t now,
                      struct arena *arena, struct slice *value_out, struct fault *fault);

#endif
