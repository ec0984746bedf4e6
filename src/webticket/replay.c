#include "webticket/replay_priv.h"

#include "base/random.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAYS = 8,
    MAC_KEY_LEN = 32
};

struct entry {
    uint64_t mac;  /* under a key of this process: nobody can make two fall together */
    int64_t until; /* 0: free */
};

struct replay {
    pthread_mutex_t lock;
    uint8_t key[MAC_KEY_LEN];
    size_t sets;
    struct entry entry[]; /* sets * WAYS */
};

struct replay *replay_new(size_t entries)
{
    size_t sets = (entries + WAYS - 1) / WAYS;
    struct replay *replay = must_calloc(1, sizeof *replay + sets * WAYS * sizeof(struct entry));
    replay->sets = sets;
    random_fill(replay->key, sizeof replay->key);
    pthread_mutex_init(&replay->lock, NULL);
    return replay;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    pthread_mutex_destroy(&replay->lock);
    secret_wipe(replay->key, sizeof replay->key);
    free(replay);
}

static bool seen(struct entry *set, uint64_t mac, int64_t until, int64_t now)
{
    struct entry *place = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].mac == mac && set[i].until > now)
            return true;
        if (set[i].until < place->until)
            place = &set[i];
    }
    *place = (struct entry){mac, until};
    return false;
}

bool replay_seen(struct replay *replay, struct slice what, int64_t until, int64_t now)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    uint64_t head;
    if (!HMAC(EVP_sha256(), replay->key, MAC_KEY_LEN, (const unsigned char *)what.at, what.len, mac,
              NULL))
        return true; /* without a digest nothing can be called new */
    memcpy(&head, mac, sizeof head);
    pthread_mutex_lock(&replay->lock);
    bool answer = seen(replay->entry + head % replay->sets * WAYS, head, until, now);
    pthread_mutex_unlock(&replay->lock);
    return answer;
}
