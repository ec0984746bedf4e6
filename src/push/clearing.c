#include "push/clearing.h"

#include "base/clock.h"
#include "event/event.h"
#include "push/exchange_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 30 * 1000,
    NAP_MS = 60 * 1000, /* longest sleep; a wish wakes */
    SWEEP_MS = 3600 * 1000
};

struct wish {
    struct wish *next;
    struct push_wish as;
    char bytes[];
};

struct push_clearing {
    struct push_clearing_options options;
    struct push_queue *queue;
    struct vapid_cache *vapid;
    struct store_reader *reader;
    CURLM *multi;
    pthread_t thread;
    int64_t swept;
    struct exchange *running[256]; /* under way; freed with the rest */
    size_t running_count;

    pthread_mutex_t lock; /* guards what follows */
    struct wish *first, **last;
    size_t wishes;
    bool ending;
};

/* ---- outcomes ------------------------------------------------------------------------------ */

static void tell(struct push_clearing *clearing, const struct push_outcome *outcome)
{
    struct fault fault;
    enum finding finding = outcome->fault.finding;
    if (finding == FINDING_PUSH_GONE &&
        push_subscription_drop(clearing->options.store, outcome->subscription, &fault) < 0)
        event_emit(EVENT_WARNING, "push.not-forgotten", fault.finding, EVENT_FAULT(&fault),
                   EVENT_END);
    event_emit(finding == FINDING_NONE ? EVENT_INFO : EVENT_NOTICE,
               finding == FINDING_NONE ? "push.delivered" : "push.failed", finding,
               EVENT_INT("account", outcome->account), EVENT_INT("tries", outcome->tries),
               EVENT_FAULT(&outcome->fault), EVENT_END);
    if (clearing->options.outcome)
        clearing->options.outcome(clearing->options.arg, outcome);
}

static void tell_all(struct push_clearing *clearing)
{
    struct push_outcome outcome;
    while (push_queue_outcome(clearing->queue, &outcome))
        tell(clearing, &outcome);
}

/* ---- wishes -----------------------------------------------------------------------------------
 */

static struct slice keep(char **at, struct slice s)
{
    char *to = *at;
    if (s.len)
        memcpy(to, s.at, s.len);
    *at += s.len;
    return slice_make(to, s.len);
}

int push_clearing_wish(struct push_clearing *clearing, const struct push_wish *wish,
                       struct fault *fault)
{
    if (wish->payload.len > PUSH_PLAIN_MAX || wish->topic.len > PUSH_TOPIC_MAX ||
        wish->device.len > PUSH_DEVICE_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_TOO_LARGE, "a payload of %zu bytes",
                         wish->payload.len);
    struct wish *copy =
        must_calloc(1, sizeof *copy + wish->device.len + wish->payload.len + wish->topic.len);
    char *at = copy->bytes;
    copy->as = *wish;
    copy->as.device = keep(&at, wish->device);
    copy->as.payload = keep(&at, wish->payload);
    copy->as.topic = keep(&at, wish->topic);
    pthread_mutex_lock(&clearing->lock);
    bool full = clearing->wishes >= PUSH_WISHES_MAX;
    if (!full) {
        *clearing->last = copy;
        clearing->last = &copy->next;
        clearing->wishes++;
    }
    pthread_mutex_unlock(&clearing->lock);
    if (full) {
        free(copy);
        return fault_set(fault, ERR_BUSY, FINDING_PUSH_BUSY, "%d wishes wait", PUSH_WISHES_MAX);
    }
    curl_multi_wakeup(clearing->multi);
    return 0;
}

static void fulfil(struct push_clearing *clearing, const struct push_wish *wish, int64_t now)
{
    scoped(arena) struct arena *arena = arena_new();
    struct push_subscription to;
    struct push_outcome failed = {.tag = wish->tag, .account = wish->account};
    int err = push_subscription_find(clearing->reader, wish->account, wish->device, now, arena, &to,
                                     &failed.fault);
    if (err == 0)
        err = push_queue_put(clearing->queue,
                             &(struct push_message){.to = &to,
                                                    .payload = wish->payload,
                                                    .urgency = wish->urgency,
                                                    .ttl_ms = wish->ttl_ms,
                                                    .patience_ms = wish->patience_ms,
                                                    .topic = wish->topic,
                                                    .tag = wish->tag},
                             now, &failed.fault);
    if (err < 0)
        tell(clearing, &failed);
}

/* All wishes that came in; true when the clearing house is to end. */
static bool take_wishes(struct push_clearing *clearing, int64_t now)
{
    pthread_mutex_lock(&clearing->lock);
    struct wish *wish = clearing->first;
    bool ending = clearing->ending;
    clearing->first = NULL;
    clearing->last = &clearing->first;
    clearing->wishes = 0;
    pthread_mutex_unlock(&clearing->lock);
    while (wish) {
        struct wish *next = wish->next;
        if (!ending)
            fulfil(clearing, &wish->as, now);
        free(wish);
        wish = next;
    }
    return ending;
}

/* ---- exchanges
 * ------------------------------------------------------------------------------------ */

static void start(struct push_clearing *clearing, const struct push_due *due, int64_t now)
{
    struct arena *arena = arena_new();
    struct push_post post;
    struct push_result failed = {0};
    struct exchange *exchange = NULL;
    if (push_post_build(due, clearing->vapid, now, arena, &post, &failed.fault) < 0)
        arena_free(arena);
    else if (!(exchange = exchange_new(&clearing->options.guard, &post, arena,
                                       clearing->options.timeout_ms)))
        arena_free(arena);
    if (!exchange || curl_multi_add_handle(clearing->multi, exchange->curl) != CURLM_OK) {
        exchange_free(exchange);
        push_queue_result(clearing->queue, due->id, &failed, now);
        return;
    }
    exchange->id = due->id;
    clearing->running[clearing->running_count++] = exchange;
}

static void finish(struct push_clearing *clearing, struct exchange *exchange)
{
    size_t i = 0;
    while (clearing->running[i] != exchange)
        i++;
    clearing->running[i] = clearing->running[--clearing->running_count];
    curl_multi_remove_handle(clearing->multi, exchange->curl);
    exchange_free(exchange);
}

static void take_results(struct push_clearing *clearing, int64_t now)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(clearing->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct exchange *exchange = NULL;
        struct push_result result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        exchange_result(exchange, message->data.result, now, &result);
        push_queue_result(clearing->queue, exchange->id, &result, now);
        finish(clearing, exchange);
    }
}

static void sweep(struct push_clearing *clearing, int64_t now)
{
    struct fault fault;
    if (now - clearing->swept < SWEEP_MS)
        return;
    clearing->swept = now;
    if (push_subscription_sweep(clearing->options.store, now, &fault) < 0)
        event_emit(EVENT_WARNING, "push.not-swept", fault.finding, EVENT_FAULT(&fault), EVENT_END);
}

static int nap(const struct push_clearing *clearing, int64_t now)
{
    int64_t when = push_queue_when(clearing->queue);
    return when <= now ? 0 : when - now < NAP_MS ? (int)(when - now) : NAP_MS;
}

static void *run(void *arg)
{
    struct push_clearing *clearing = arg;
    int still;
    for (;;) {
        int64_t now = clock_now();
        struct push_due due;
        if (take_wishes(clearing, now))
            return NULL;
        while (push_queue_next(clearing->queue, now, &due))
            start(clearing, &due, now);
        curl_multi_perform(clearing->multi, &still);
        take_results(clearing, clock_now());
        tell_all(clearing);
        sweep(clearing, now);
        now = clock_now();
        curl_multi_poll(clearing->multi, NULL, 0, nap(clearing, now), NULL);
    }
}

/* ---- life ---------------------------------------------------------------------------------------
 */

int push_clearing_new(const struct push_clearing_options *options,
                      struct push_clearing **clearing_out, struct fault *fault)
{
    struct push_clearing *clearing = must_calloc(1, sizeof *clearing);
    clearing->options = *options;
    if (!clearing->options.timeout_ms)
        clearing->options.timeout_ms = TIMEOUT_MS;
    struct push_queue_options *queue = &clearing->options.queue;
    unsigned most = sizeof clearing->running / sizeof *clearing->running;
    if (queue->under_way > most)
        queue->under_way = most;
    clearing->last = &clearing->first;
    pthread_mutex_init(&clearing->lock, NULL);
    clearing->queue = push_queue_new(queue);
    clearing->vapid = vapid_cache_new(&options->signer, options->subject);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clearing->multi = curl_multi_init();
    int err = clearing->multi
                  ? store_reader_open(options->store, &clearing->reader, fault)
                  : fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "libcurl does not start");
    if (err == 0 && pthread_create(&clearing->thread, NULL, run, clearing) != 0)
        err = fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "no thread for push");
    if (err == 0) {
        *clearing_out = clearing;
        return 0;
    }
    clearing->ending = true;
    clearing->thread = 0;
    push_clearing_free(clearing);
    return err;
}

void push_clearing_free(struct push_clearing *clearing)
{
    if (!clearing)
        return;
    if (!clearing->ending) {
        pthread_mutex_lock(&clearing->lock);
        clearing->ending = true;
        pthread_mutex_unlock(&clearing->lock);
        curl_multi_wakeup(clearing->multi);
        pthread_join(clearing->thread, NULL);
    }
    take_wishes(clearing, 0);
    while (clearing->running_count)
        finish(clearing, clearing->running[0]);
    if (clearing->multi)
        curl_multi_cleanup(clearing->multi);
    store_reader_free(clearing->reader);
    vapid_cache_free(clearing->vapid);
    push_queue_free(clearing->queue);
    pthread_mutex_destroy(&clearing->lock);
    free(clearing);
}

/* ---- one at once
 * ---------------------------------------------------------------------------------- */

int push_deliver(const struct push_due *due, struct vapid_cache *vapid,
                 const struct push_guard *guard, unsigned timeout_ms, int64_t now,
                 struct push_result *result_out, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct push_post post;
    int err = push_post_build(due, vapid, now, arena, &post, fault);
    struct exchange *exchange =
        err == 0 ? exchange_new(guard, &post, arena, timeout_ms ? timeout_ms : TIMEOUT_MS) : NULL;
    if (!exchange) {
        arena_free(arena);
        return err < 0 ? err
                       : fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "libcurl does not start");
    }
    exchange_result(exchange, curl_easy_perform(exchange->curl), now, result_out);
    exchange_free(exchange);
    return 0;
}
