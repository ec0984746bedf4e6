#include "push/queue.h"

#include "push/queue_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRACE_MS = 5000, /* a message for "now" may be so old when its turn comes */
    FAILURES_MAX = 5 /* without an answer, in a row, before a service is left alone */
};

const char *push_urgency_name(enum push_urgency urgency)
{
    static const char *const names[] = {"very-low", "low", "normal", "high"};
    return names[urgency];
}

struct push_queue *push_queue_new(const struct push_queue_options *options)
{
    struct push_queue *queue = must_calloc(1, sizeof *queue);
    struct push_queue_options *o = &queue->options;
    *o = *options;
    o->per_device = o->per_device ? o->per_device : 16;
    o->total = o->total ? o->total : 10000;
    o->per_minute = o->per_minute ? o->per_minute : 30;
    o->under_way = o->under_way ? o->under_way : 64;
    o->per_service = o->per_service ? o->per_service : (o->under_way + 1) / 2;
    o->tries = o->tries ? o->tries : 8;
    o->backoff_ms = o->backoff_ms ? o->backoff_ms : 1000;
    o->backoff_max = o->backoff_max ? o->backoff_max : 300 * 1000;
    queue->ended_end = &queue->ended;
    return queue;
}

static void note_free(struct note *note)
{
    if (!note)
        return;
    secret_wipe(note->bytes, note->payload.len);
    free(note);
}

/* What waits for a device goes. */
static void drop_waiting(struct push_queue *queue, struct device *device)
{
    while (device->first) {
        struct note *note = device->first;
        device->first = note->next;
        device->waiting--;
        queue->waiting--;
        note_free(note);
    }
}

void push_queue_free(struct push_queue *queue)
{
    if (!queue)
        return;
    while (queue->devices) {
        struct device *device = queue->devices;
        drop_waiting(queue, device);
        if (device->flying)
            HASH_DEL(queue->flying, device->flying);
        note_free(device->flying);
        queue_device_free(queue, device);
    }
    struct push_outcome unread;
    while (push_queue_outcome(queue, &unread))
        continue;
    free(queue->heap);
    free(queue);
}

/* ---- outcomes ---------------------------------------------------------------------------- */

static void end(struct push_queue *queue, struct note *note, const struct fault *fault, bool merged)
{
    const struct push_subscription *to = &note->device->subscription;
    struct ended *ended = must_calloc(1, sizeof *ended);
    ended->outcome = (struct push_outcome){.tag = note->tag,
                                           .subscription = to->id,
                                           .account = to->account,
                                           .merged = merged,
                                           .tries = note->tries};
    if (fault)
        ended->outcome.fault = *fault;
    *queue->ended_end = ended;
    queue->ended_end = &ended->next;
    note_free(note);
}

bool push_queue_outcome(struct push_queue *queue, struct push_outcome *out)
{
    struct ended *ended = queue->ended;
    if (!ended)
        return false;
    *out = ended->outcome;
    queue->ended = ended->next;
    if (!queue->ended)
        queue->ended_end = &queue->ended;
    free(ended);
    return true;
}

/* ---- a device's own queue ------------------------------------------------------------------- */

static void insert(struct push_queue *queue, struct note *note)
{
    struct note **at = &note->device->first;
    while (*at && ((*at)->urgency > note->urgency ||
                   ((*at)->urgency == note->urgency && (*at)->id < note->id)))
        at = &(*at)->next;
    note->next = *at;
    *at = note;
    note->device->waiting++;
    queue->waiting++;
}

static struct note *remove_at(struct push_queue *queue, struct note **at)
{
    struct note *note = *at;
    *at = note->next;
    note->device->waiting--;
    queue->waiting--;
    return note;
}

static struct note **find_topic(struct device *device, struct slice topic)
{
    for (struct note **at = &device->first; *at; at = &(*at)->next)
        if (!slice_empty(topic) && slice_eq((*at)->topic, topic))
            return at;
    return NULL;
}

/* The oldest of the least urgent. */
static struct note **find_least(struct device *device)
{
    struct note **least = NULL;
    for (struct note **at = &device->first; *at; at = &(*at)->next)
        if (!least || (*at)->urgency < (*least)->urgency)
            least = at;
    return least;
}

/* When this device next has something to do: a request, or a message to give up. */
static void schedule(struct push_queue *queue, struct device *device, int64_t now)
{
    if (device->flying || device->parked)
        return;
    int64_t due = queue_ready(queue, device);
    if (!device->first) { /* kept until its throttle has nothing to remember */
        due = device->paid_until > device->hold_until ? device->paid_until : device->hold_until;
        if (due <= now)
            queue_device_free(queue, device);
        else
            queue_schedule(queue, device, due);
        return;
    }
    for (const struct note *note = device->first; note; note = note->next)
        if (note->deadline < due)
            due = note->deadline + 1;
    queue_schedule(queue, device, due);
}

/* ---- putting
 * -------------------------------------------------------------------------------------- */

static bool topic_fits(struct slice topic)
{
    for (size_t i = 0; i < topic.len; i++) {
        char c = topic.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return topic.len <= PUSH_TOPIC_MAX;
}

static struct note *note_new(struct push_queue *queue, struct device *device,
                             const struct push_message *message, int64_t now)
{
    struct note *note = must_calloc(1, sizeof *note + message->payload.len + message->topic.len);
    int64_t wait = message->ttl_ms > GRACE_MS ? message->ttl_ms : GRACE_MS;
    if (message->patience_ms > 0 && message->patience_ms < wait)
        wait = message->patience_ms;
    note->device = device;
    note->id = ++queue->last_id;
    note->tag = message->tag;
    note->urgency = message->urgency;
    note->until = now + message->ttl_ms;
    note->deadline = now + wait;
    note->payload = slice_make(note->bytes, message->payload.len);
    note->topic = slice_make(note->bytes + message->payload.len, message->topic.len);
    if (message->payload.len)
        memcpy(note->bytes, message->payload.at, message->payload.len);
    if (message->topic.len)
        memcpy(note->bytes + message->payload.len, message->topic.at, message->topic.len);
    return note;
}

/* Room for one more of that urgency. */
static int make_room(struct push_queue *queue, struct device *device, enum push_urgency urgency,
                     struct fault *fault)
{
    struct fault crowded;
    if (device->waiting < queue->options.per_device && queue->waiting < queue->options.total)
        return 0;
    struct note **least = find_least(device);
    if (!least || (*least)->urgency >= urgency)
        return fault_set(fault, ERR_BUSY, FINDING_PUSH_BUSY, "%u messages wait for it, %zu in all",
                         device->waiting, queue->waiting);
    fault_set(&crowded, ERR_BUSY, FINDING_PUSH_BUSY, "crowded out by more urgent ones");
    end(queue, remove_at(queue, least), &crowded, false);
    return 0;
}

int push_queue_put(struct push_queue *queue, const struct push_message *message, int64_t now,
                   struct fault *fault)
{
    if (message->payload.len > PUSH_PLAIN_MAX || !topic_fits(message->topic) ||
        message->ttl_ms < 0 || message->ttl_ms > PUSH_TTL_MAX_MS)
        return fault_set(fault, ERR_LIMIT, FINDING_PUSH_TOO_LARGE,
                         "payload of %zu bytes, topic of %zu, TTL of %lld ms", message->payload.len,
                         message->topic.len, (long long)message->ttl_ms);
    struct device *device = queue_device(queue, message->to, now, fault);
    if (!device)
        return -ERR_MALFORMED;
    enum push_urgency urgency = message->urgency;
    struct note **older = find_topic(device, message->topic);
    int err = 0;
    if (older) {
        /* Its impatience is inherited: a call does not become less urgent by a later news. */
        urgency = (*older)->urgency > urgency ? (*older)->urgency : urgency;
        end(queue, remove_at(queue, older), NULL, true);
    } else {
        err = make_room(queue, device, urgency, fault);
    }
    if (err == 0) {
        struct note *note = note_new(queue, device, message, now);
        note->urgency = urgency;
        insert(queue, note);
    }
    schedule(queue, device, now);
    return err;
}

/* ---- sending
 * ----------------------------------------------------------------------------------------- */

static void give_up_old(struct push_queue *queue, struct device *device, int64_t now)
{
    struct fault expired;
    for (struct note **at = &device->first; *at;) {
        if ((*at)->deadline >= now) {
            at = &(*at)->next;
            continue;
        }
        fault_set(&expired, ERR_EXPIRED, FINDING_PUSH_EXPIRED, "not accepted in time, %u tries",
                  (*at)->tries);
        end(queue, remove_at(queue, at), &expired, false);
    }
}

static void take_off(struct push_queue *queue, struct device *device, int64_t now,
                     struct push_due *due_out)
{
    struct note *note = remove_at(queue, &device->first);
    device->flying = note;
    device->service->under_way++;
    queue->under_way++;
    HASH_ADD(hh, queue->flying, id, sizeof note->id, note);
    queue_pay(queue, device, now);
    *due_out = (struct push_due){.id = note->id,
                                 .to = &device->subscription,
                                 .payload = note->payload,
                                 .topic = note->topic,
                                 .urgency = note->urgency,
                                 .ttl_ms = note->until > now ? note->until - now : 0,
                                 .tried = note->tries++};
}

bool push_queue_next(struct push_queue *queue, int64_t now, struct push_due *due_out)
{
    while (queue->heap_count && queue->heap[0]->due <= now &&
           queue->under_way < queue->options.under_way) {
        struct device *device = queue->heap[0];
        queue_unschedule(queue, device);
        give_up_old(queue, device, now);
        if (!device->first || queue_ready(queue, device) > now) {
            schedule(queue, device, now);
        } else if (device->service->under_way >= queue->options.per_service) {
            queue_park(device);
        } else {
            take_off(queue, device, now, due_out);
            return true;
        }
    }
    return false;
}

int64_t push_queue_when(const struct push_queue *queue)
{
    if (!queue->heap_count || queue->under_way >= queue->options.under_way)
        return INT64_MAX;
    return queue->heap[0]->due;
}

/* ---- results
 * ------------------------------------------------------------------------------------------ */

enum hold {
    HOLD_NOTHING,
    HOLD_DEVICE,
    HOLD_SERVICE /* the trouble is not this device's */
};

/* What an answer means ([RFC 8030] sections 5 to 8): the finding with which it ends, or
 * with which it ends when trying again came to nothing. */
struct verdict {
    int from, to; /* statuses */
    enum finding finding;
    bool retry;
    enum hold hold;
    bool gone;
};

static const struct verdict verdicts[] = {
    {200, 299, FINDING_NONE, false, HOLD_NOTHING, false},
    {0, 0, FINDING_PUSH_ROUTE_DOWN, true, HOLD_DEVICE, false},
    {404, 404, FINDING_PUSH_GONE, false, HOLD_NOTHING, true},
    {408, 408, FINDING_PUSH_ROUTE_DOWN, true, HOLD_DEVICE, false},
    {410, 410, FINDING_PUSH_GONE, false, HOLD_NOTHING, true},
    {413, 413, FINDING_PUSH_TOO_LARGE, false, HOLD_NOTHING, false},
    {429, 429, FINDING_PUSH_EXPIRED, true, HOLD_DEVICE, false},
    {503, 503, FINDING_PUSH_ROUTE_DOWN, true, HOLD_SERVICE, false},
    {500, 599, FINDING_PUSH_ROUTE_DOWN, true, HOLD_DEVICE, false},
    {100, 999, FINDING_PUSH_REFUSED, false, HOLD_NOTHING, false},
};

static const struct verdict *verdict_of(int status)
{
    const struct verdict *row = verdicts;
    const struct verdict *last = verdicts + sizeof verdicts / sizeof *verdicts - 1;
    while (row < last && (status < row->from || status > row->to))
        row++;
    return row;
}

static void say_why(const struct verdict *verdict, const struct push_result *result,
                    struct fault *fault)
{
    if (result->status)
        fault_set(fault, verdict->gone ? ERR_UNKNOWN : ERR_DENIED, verdict->finding,
                  "the push service answered %d", result->status);
    else
        fault_set(fault, ERR_IO, verdict->finding, "%s: %.200s", finding_id(result->fault.finding),
                  result->fault.detail);
}

int push_result_fault(const struct push_result *result, struct fault *fault)
{
    const struct verdict *verdict = verdict_of(result->status);
    if (verdict->finding == FINDING_NONE)
        return 0;
    if (result->fault.finding == FINDING_PUSH_ENDPOINT_REFUSED)
        *fault = result->fault;
    else
        say_why(verdict, result, fault);
    return fault->err;
}

/* Before the next try; the id spreads those that failed together. */
static int64_t backoff(const struct push_queue *queue, unsigned tries, uint64_t id)
{
    int64_t wait = queue->options.backoff_ms;
    for (unsigned i = 1; i < tries && wait < queue->options.backoff_max; i++)
        wait *= 2;
    wait = wait < queue->options.backoff_max ? wait : queue->options.backoff_max;
    return wait + (int64_t)(id * 2654435761U % (uint64_t)(wait / 4 + 1));
}

/* One service that does not answer shall not cost every device its own time-out. */
static void watch_service(struct push_queue *queue, struct service *service, int status,
                          uint64_t id, int64_t now)
{
    service->failures = status ? 0 : service->failures + 1;
    if (service->failures >= FAILURES_MAX) {
        int64_t until = now + backoff(queue, service->failures - FAILURES_MAX + 1, id);
        service->hold_until = until > service->hold_until ? until : service->hold_until;
    }
}

static void land_again(struct push_queue *queue, struct note *note, const struct verdict *verdict,
                       const struct push_result *result, int64_t now)
{
    struct device *device = note->device;
    int64_t asked = result->retry_after_ms < PUSH_RETRY_AFTER_MAX_MS ? result->retry_after_ms
                                                                     : PUSH_RETRY_AFTER_MAX_MS;
    int64_t until = now + (asked > 0 ? asked : backoff(queue, note->tries, note->id));
    int64_t *hold =
        verdict->hold == HOLD_SERVICE ? &device->service->hold_until : &device->hold_until;
    struct fault fault;
    *hold = until > *hold ? until : *hold;
    if (find_topic(device, note->topic)) {
        end(queue, note, NULL, true);
    } else if (note->tries >= queue->options.tries || until > note->deadline) {
        say_why(verdict, result, &fault);
        end(queue, note, &fault, false);
    } else {
        insert(queue, note);
    }
}

/* The subscription has ended: nothing that waits for it will arrive. */
static void end_waiting(struct push_queue *queue, struct device *device, const struct fault *why)
{
    while (device->first)
        end(queue, remove_at(queue, &device->first), why, false);
}

void push_queue_result(struct push_queue *queue, uint64_t id, const struct push_result *result,
                       int64_t now)
{
    struct note *note = NULL;
    HASH_FIND(hh, queue->flying, &id, sizeof id, note);
    if (!note)
        return;
    struct device *device = note->device;
    const struct verdict *verdict = verdict_of(result->status);
    struct fault fault = {0};
    HASH_DEL(queue->flying, note);
    device->flying = NULL;
    device->service->under_way--;
    queue->under_way--;
    watch_service(queue, device->service, result->status, id, now);
    if (device->forgotten) {
        note_free(note);
    } else if (result->fault.finding == FINDING_PUSH_ENDPOINT_REFUSED) {
        end(queue, note, &result->fault, false); /* the guard does not change its mind */
    } else if (verdict->retry) {
        land_again(queue, note, verdict, result, now);
    } else {
        if (verdict->finding != FINDING_NONE)
            say_why(verdict, result, &fault);
        end(queue, note, &fault, false);
    }
    if (verdict->gone)
        end_waiting(queue, device, &fault);
    queue_unpark(queue, device->service, now);
    schedule(queue, device, now);
}

/* ---- the rest
 * ------------------------------------------------------------------------------------------- */

void push_queue_forget(struct push_queue *queue, int64_t subscription)
{
    struct device *device = NULL;
    HASH_FIND(hh, queue->devices, &subscription, sizeof subscription, device);
    if (!device)
        return;
    drop_waiting(queue, device);
    if (device->flying)
        device->forgotten = true;
    else
        queue_device_free(queue, device);
}

struct push_queue_counts push_queue_count(const struct push_queue *queue)
{
    return (struct push_queue_counts){queue->waiting, queue->under_way, HASH_COUNT(queue->devices),
                                      HASH_COUNT(queue->services)};
}
