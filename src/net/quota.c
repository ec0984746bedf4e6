/* How many connections there may be. Listeners of several loops share it, so
 * it has a lock; that is taken twice in the life of a connection. */
#include "base/arena.h"
#include "base/random.h"
#include "net/listener.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 4096
};

/* The connections of one host. */
struct tally {
    struct tally *next;
    uint64_t host;
    size_t count;
};

struct quota {
    atomic_uint refs;
    pthread_mutex_t lock;
    size_t total, most, most_per_host;
    uint64_t seed; /* strangers choose addresses; they shall not choose buckets */
    struct address *exempt;
    size_t exempt_count;
    struct tally *buckets[BUCKETS];
};

struct quota *quota_new(size_t total, size_t per_address)
{
    struct quota *quota = must_calloc(1, sizeof *quota);
    atomic_init(&quota->refs, 1);
    pthread_mutex_init(&quota->lock, NULL);
    random_fill(&quota->seed, sizeof quota->seed);
    quota->most = total;
    quota->most_per_host = per_address;
    return quota;
}

struct quota *quota_ref(struct quota *quota)
{
    atomic_fetch_add(&quota->refs, 1);
    return quota;
}

void quota_unref(struct quota *quota)
{
    if (!quota || atomic_fetch_sub(&quota->refs, 1) != 1)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct tally *next, *tally = quota->buckets[i]; tally; tally = next) {
            next = tally->next;
            free(tally);
        }
    pthread_mutex_destroy(&quota->lock);
    free(quota->exempt);
    free(quota);
}

/* Eight bytes that stand for a host. A site or home gets at least a /64, so its
 * hosts count as one; IPv4 is told from it by bits that no global /64 has. */
static uint64_t host_of(const struct address *address)
{
    uint64_t host = 0;
    if (address->any.sa_family == AF_INET6) {
        const uint8_t *bytes = address->v6.sin6_addr.s6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
            memcpy(&host, bytes, 8);
            return host;
        }
        memcpy(&host, bytes + 12, 4);
    } else {
        memcpy(&host, &address->v4.sin_addr, 4);
    }
    return host | UINT64_C(0xffffffff) << 32;
}

static struct tally **find(struct quota *quota, uint64_t host)
{
    uint64_t h = (host ^ quota->seed) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9) ^ quota->seed;
    struct tally **at = &quota->buckets[(h >> 40) % BUCKETS];
    while (*at && (*at)->host != host)
        at = &(*at)->next;
    return at;
}

static bool exempt(const struct quota *quota, const struct address *peer)
{
    for (size_t i = 0; i < quota->exempt_count; i++)
        if (address_same_host(&quota->exempt[i], peer))
            return true;
    return false;
}

void quota_exempt(struct quota *quota, const struct address *host)
{
    pthread_mutex_lock(&quota->lock);
    quota->exempt = must_realloc(quota->exempt, (quota->exempt_count + 1) * sizeof *quota->exempt);
    quota->exempt[quota->exempt_count++] = *host;
    pthread_mutex_unlock(&quota->lock);
}

void quota_set(struct quota *quota, size_t total, size_t per_address)
{
    pthread_mutex_lock(&quota->lock);
    quota->most = total;
    quota->most_per_host = per_address;
    pthread_mutex_unlock(&quota->lock);
}

/* Count it in, under the lock; or say which limit stands against it. */
static const char *enter(struct quota *quota, const struct address *peer, size_t *limit)
{
    if (quota->most && quota->total >= quota->most) {
        *limit = quota->most;
        return "in all";
    }
    struct tally **at = find(quota, host_of(peer));
    if (*at && quota->most_per_host && (*at)->count >= quota->most_per_host &&
        !exempt(quota, peer)) {
        *limit = quota->most_per_host;
        return "from one address";
    }
    if (!*at) {
        *at = must_calloc(1, sizeof **at);
        (*at)->host = host_of(peer);
    }
    (*at)->count++;
    quota->total++;
    return NULL;
}

int quota_enter(struct quota *quota, const struct address *peer, struct fault *fault)
{
    size_t limit = 0;
    pthread_mutex_lock(&quota->lock);
    const char *which = enter(quota, peer, &limit);
    pthread_mutex_unlock(&quota->lock);
    return which ? fault_set(fault, ERR_BUSY, FINDING_TOO_MANY_CONNECTIONS,
                             "the limit is %zu connections %s", limit, which)
                 : 0;
}

void quota_leave(struct quota *quota, const struct address *peer)
{
    pthread_mutex_lock(&quota->lock);
    struct tally **at = find(quota, host_of(peer)), *tally = *at;
    if (tally) {
        quota->total--;
        if (--tally->count == 0) {
            *at = tally->next;
            free(tally);
        }
    }
    pthread_mutex_unlock(&quota->lock);
}

size_t quota_total(struct quota *quota)
{
    pthread_mutex_lock(&quota->lock);
    size_t total = quota->total;
    pthread_mutex_unlock(&quota->lock);
    return total;
}
