/* Dovecot's idea (its auth-penalty): slow down failing addresses, doubling up to
 * 15 seconds, and forget with time. Two differences: the user counts too, but only
 * together with the address; and a pair's answers queue up behind one another, or
 * a thousand connections at once would get a thousand guesses for one delay.
 *
 * IPv6 counts by /64: that is the smallest network anybody is given, so a shorter
 * count would be escaped by changing the lower half at will; a longer prefix (/48,
 * /56) would punish the neighbours, since mobile carriers give each telephone a
 * /64 out of a shared range. Who owns a /48 has 65,536 such keys; he floods only
 * the weakest entries of the table.
 *
 * The table is an array of small sets. A key is a MAC under a key of this
 * process, so that nobody can choose addresses or names that fall together. */
#include "auth/penalty.h"

#include "auth/sign.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/random.h"
#include "base/secret.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAYS = 8,          /* entries of a set */
    DOUBLINGS_MAX = 8, /* failures beyond those that cost nothing are counted up to here */
    QUEUE_MAX = 4,     /* a pair's answers wait at most this many longest delays */
    FIRST_DELAY_MS = 1000
};

struct entry {
    uint64_t key;   /* 0: free */
    int64_t failed; /* when last, ms */
    int64_t next;   /* no answer of this pair leaves before, ms */
    uint64_t wrong; /* of a pair: MAC of the last wrong password, 0: none */
    uint32_t failures;
};

struct penalty {
    pthread_mutex_t lock;
    struct penalty_options options;
    uint8_t mac_key[SIGN_KEY_LEN];
    size_t sets;
    struct entry entry[]; /* sets * WAYS */
};

static const struct penalty_options defaults = {
    .entries = 16384,
    .max_ms = 15000,
    .forget_ms = 60000,
    .free_per_address = 10,
};

struct penalty *penalty_new(const struct penalty_options *options)
{
    struct penalty_options o = options ? *options : defaults;
    o.entries = o.entries ? o.entries : defaults.entries;
    o.max_ms = o.max_ms ? o.max_ms : defaults.max_ms;
    o.forget_ms = o.forget_ms ? o.forget_ms : defaults.forget_ms;
    o.free_per_address = o.free_per_address ? o.free_per_address : defaults.free_per_address;
    size_t sets = (o.entries + WAYS - 1) / WAYS;
    struct penalty *penalty = must_calloc(1, sizeof *penalty + sets * WAYS * sizeof(struct entry));
    penalty->options = o;
    penalty->sets = sets;
    random_fill(penalty->mac_key, sizeof penalty->mac_key);
    pthread_mutex_init(&penalty->lock, NULL);
    return penalty;
}

void penalty_free(struct penalty *penalty)
{
    if (!penalty)
        return;
    pthread_mutex_destroy(&penalty->lock);
    secret_wipe(penalty->mac_key, sizeof penalty->mac_key);
    free(penalty);
}

/* ---- keys ------------------------------------------------------------------------- */

/* The bytes an address counts by: 4 of IPv4 (mapped or not), 8 of IPv6; text that
 * is no address stands for itself. */
static void add_address(struct buf *out, struct slice address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN + 1] = "";
    uint8_t bytes[16];
    struct slice bare, zone;
    address = slice_trim(address);
    if (address.len > 2 && address.at[0] == '[' && address.at[address.len - 1] == ']')
        address = slice_make(address.at + 1, address.len - 2);
    slice_cut(address, '%', &bare, &zone);
    if (bare.len > 0 && bare.len < sizeof text)
        memcpy(text, bare.at, bare.len);
    if (inet_pton(AF_INET, text, bytes) == 1)
        buf_add(out, slice_make(bytes, 4));
    else if (inet_pton(AF_INET6, text, bytes) != 1)
        buf_add(out, address);
    else if (memcmp(bytes, mapped, sizeof mapped) == 0)
        buf_add(out, slice_make(bytes + 12, 4));
    else
        buf_add(out, slice_make(bytes, 8));
}

struct keys {
    uint64_t address, pair;
};

static uint64_t key_of(const struct penalty *penalty, const struct buf *text)
{
    uint8_t mac[SIGN_MAC_MAX] = {0};
    uint64_t key;
    sign_mac(SIGN_SHA1, penalty->mac_key, buf_slice(text), mac);
    memcpy(&key, mac, sizeof key);
    return key ? key : 1;
}

static struct keys keys_of(const struct penalty *penalty, struct slice address, struct slice user)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct keys keys;
    add_address(&text, address);
    buf_add_byte(&text, '\0');
    keys.address = key_of(penalty, &text);
    user = slice_trim(user);
    for (size_t i = 0; i < user.len; i++) {
        char c = user.at[i];
        buf_add_byte(&text, c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c);
    }
    buf_add_byte(&text, '\1'); /* else the empty user would share the address's key */
    keys.pair = key_of(penalty, &text);
    return keys;
}

/* ---- entries ------------------------------------------------------------------------ */

/* Failures that still count: one is forgotten with each quiet span. */
static uint32_t counted(const struct penalty *penalty, const struct entry *entry, int64_t now)
{
    int64_t quiet = now > entry->failed ? (now - entry->failed) / penalty->options.forget_ms : 0;
    return quiet < entry->failures ? entry->failures - (uint32_t)quiet : 0;
}

static struct entry *find(struct penalty *penalty, uint64_t key)
{
    struct entry *set = penalty->entry + key % penalty->sets * WAYS;
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

/* The key's entry, made in place of the one of its set that is missed least. */
static struct entry *find_or_make(struct penalty *penalty, uint64_t key, int64_t now)
{
    struct entry *found = find(penalty, key);
    if (found)
        return found;
    struct entry *set = penalty->entry + key % penalty->sets * WAYS;
    struct entry *weakest = &set[0];
    for (size_t i = 1; i < WAYS && weakest->key != 0; i++) {
        uint32_t a = counted(penalty, &set[i], now), b = counted(penalty, weakest, now);
        if (set[i].key == 0 || a < b || (a == b && set[i].failed < weakest->failed))
            weakest = &set[i];
    }
    *weakest = (struct entry){.key = key, .failed = now};
    return weakest;
}

static int64_t delay_for(const struct penalty *penalty, uint32_t failures)
{
    if (failures == 0)
        return 0;
    uint32_t doublings = failures - 1 < DOUBLINGS_MAX ? failures - 1 : DOUBLINGS_MAX;
    int64_t delay = (int64_t)FIRST_DELAY_MS << doublings;
    return delay < penalty->options.max_ms ? delay : penalty->options.max_ms;
}

static int64_t delay_of(struct penalty *penalty, const struct keys *keys, int64_t now)
{
    const struct entry *address = find(penalty, keys->address);
    const struct entry *pair = find(penalty, keys->pair);
    uint32_t free_ones = penalty->options.free_per_address;
    uint32_t by_address = address ? counted(penalty, address, now) : 0;
    uint32_t by_pair = pair ? counted(penalty, pair, now) : 0;
    int64_t a = delay_for(penalty, by_address > free_ones ? by_address - free_ones : 0);
    int64_t b = delay_for(penalty, by_pair);
    return a > b ? a : b;
}

/* ---- what callers ask ----------------------------------------------------------------- */

static int64_t reserve(struct penalty *penalty, const struct keys *keys, int64_t now)
{
    int64_t delay = delay_of(penalty, keys, now);
    struct entry *pair = find(penalty, keys->pair);
    if (delay == 0 || !pair)
        return delay;
    int64_t longest = QUEUE_MAX * penalty->options.max_ms;
    /* After a jump of the clock backwards `next` would lie far ahead for ever. */
    if (pair->next > now + longest + penalty->options.max_ms)
        pair->next = now;
    int64_t answer = (pair->next > now ? pair->next : now) + delay;
    if (answer - now > longest)
        return -ERR_BUSY;
    pair->next = answer;
    return answer - now;
}

int64_t penalty_delay(struct penalty *penalty, struct slice address, struct slice user, int64_t now)
{
    struct keys keys = keys_of(penalty, address, user);
    pthread_mutex_lock(&penalty->lock);
    int64_t delay = reserve(penalty, &keys, now);
    pthread_mutex_unlock(&penalty->lock);
    return delay;
}

static void count(struct penalty *penalty, uint64_t key, uint32_t max, int64_t now)
{
    struct entry *entry = find_or_make(penalty, key, now);
    uint32_t failures = counted(penalty, entry, now) + 1;
    entry->failures = failures < max ? failures : max;
    entry->failed = now;
}

/* Was this the pair's last wrong password already, in failures that still count?
 * Remembers it as the last one. */
static bool is_repetition(struct penalty *penalty, uint64_t key, uint64_t wrong, int64_t now)
{
    struct entry *pair = find_or_make(penalty, key, now);
    bool same = wrong != 0 && pair->wrong == wrong && counted(penalty, pair, now) > 0;
    pair->wrong = wrong;
    return same;
}

/* Under the process's key and with the pair's, so that the table tells nothing of
 * passwords and two users' same password looks different. */
static uint64_t mac_password(const struct penalty *penalty, uint64_t pair, struct slice password)
{
    if (slice_absent(password))
        return 0;
    struct buf text = BUF_INIT;
    buf_add(&text, slice_make(&pair, sizeof pair));
    char *at = buf_reserve(&text, password.len); /* one growth: no copies are left behind */
    memcpy(at, password.at, password.len);
    buf_added(&text, password.len);
    uint64_t wrong = key_of(penalty, &text);
    secret_wipe(text.at, text.len);
    buf_free(&text);
    return wrong;
}

int64_t penalty_failed(struct penalty *penalty, struct slice address, struct slice user,
                       struct slice password, int64_t now)
{
    struct keys keys = keys_of(penalty, address, user);
    uint64_t wrong = mac_password(penalty, keys.pair, password);
    pthread_mutex_lock(&penalty->lock);
    if (!is_repetition(penalty, keys.pair, wrong, now)) {
        count(penalty, keys.address, penalty->options.free_per_address + DOUBLINGS_MAX, now);
        count(penalty, keys.pair, DOUBLINGS_MAX, now);
    }
    int64_t delay = delay_of(penalty, &keys, now);
    pthread_mutex_unlock(&penalty->lock);
    return delay;
}

void penalty_succeeded(struct penalty *penalty, struct slice address, struct slice user,
                       int64_t now)
{
    (void)now;
    struct keys keys = keys_of(penalty, address, user);
    pthread_mutex_lock(&penalty->lock);
    struct entry *pair = find(penalty, keys.pair);
    if (pair)
        *pair = (struct entry){0};
    pthread_mutex_unlock(&penalty->lock);
}
