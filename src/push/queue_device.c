#include "push/queue_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    ORIGIN_MAX = 300,
    MINUTE = 60 * 1000
};

/* ---- the heap ------------------------------------------------------------------------------ */

static void put(struct push_queue *queue, size_t place, struct device *device)
{
    queue->heap[place - 1] = device;
    device->place = place;
}

static void sift_up(struct push_queue *queue, struct device *device, size_t place)
{
    while (place > 1 && queue->heap[place / 2 - 1]->due > device->due) {
        put(queue, place, queue->heap[place / 2 - 1]);
        place /= 2;
    }
    put(queue, place, device);
}

static void sift_down(struct push_queue *queue, struct device *device, size_t place)
{
    for (;;) {
        size_t child = 2 * place;
        if (child > queue->heap_count)
            break;
        if (child < queue->heap_count && queue->heap[child]->due < queue->heap[child - 1]->due)
            child++;
        if (queue->heap[child - 1]->due >= device->due)
            break;
        put(queue, place, queue->heap[child - 1]);
        place = child;
    }
    put(queue, place, device);
}

void queue_unschedule(struct push_queue *queue, struct device *device)
{
    size_t place = device->place;
    if (!place)
        return;
    device->place = 0;
    struct device *last = queue->heap[--queue->heap_count];
    if (last == device)
        return;
    if (place > 1 && queue->heap[place / 2 - 1]->due > last->due)
        sift_up(queue, last, place);
    else
        sift_down(queue, last, place);
}

void queue_schedule(struct push_queue *queue, struct device *device, int64_t due)
{
    queue_unschedule(queue, device);
    if (queue->heap_count == queue->heap_room) {
        queue->heap_room = queue->heap_room ? 2 * queue->heap_room : 64;
        queue->heap = must_realloc(queue->heap, queue->heap_room * sizeof *queue->heap);
    }
    device->due = due;
    sift_up(queue, device, ++queue->heap_count);
}

/* ---- services ---------------------------------------------------------------------------------
 */

static struct service *service_of(struct push_queue *queue, const struct push_origin *origin)
{
    char name[ORIGIN_MAX];
    size_t len = 0;
    for (size_t i = 0; i < origin->host.len && len < sizeof name - 8; i++) {
        char c = origin->host.at[i];
        name[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    /* The last three bytes: scheme and port. */
    name[len++] = origin->secure ? 's' : '/';
    name[len++] = (char)(origin->port >> 8);
    name[len++] = (char)origin->port;
    struct service *service = NULL;
    HASH_FIND(hh, queue->services, name, len, service);
    if (service)
        return service;
    service = must_calloc(1, sizeof *service + len);
    memcpy(service->origin, name, len);
    service->parked_end = &service->parked;
    HASH_ADD(hh, queue->services, origin, len, service);
    return service;
}

void queue_park(struct device *device)
{
    device->parked = true;
    device->parked_next = NULL;
    *device->service->parked_end = device;
    device->service->parked_end = &device->parked_next;
}

void queue_unpark(struct push_queue *queue, struct service *service, int64_t now)
{
    struct device *device = service->parked;
    if (!device)
        return;
    service->parked = device->parked_next;
    if (!service->parked)
        service->parked_end = &service->parked;
    device->parked = false;
    queue_schedule(queue, device, now);
}

static void leave_park(struct device *device)
{
    struct service *service = device->service;
    for (struct device **at = &service->parked; *at; at = &(*at)->parked_next)
        if (*at == device) {
            *at = device->parked_next;
            if (!*at)
                service->parked_end = at;
            return;
        }
}

/* ---- devices ------------------------------------------------------------------------------------
 */

static struct slice keep(char **at, struct slice s)
{
    char *to = *at;
    if (s.len)
        memcpy(to, s.at, s.len);
    *at += s.len;
    return slice_make(to, s.len);
}

struct device *queue_device(struct push_queue *queue, const struct push_subscription *subscription,
                            int64_t now, struct fault *fault)
{
    struct device *device = NULL;
    struct push_origin origin;
    HASH_FIND(hh, queue->devices, &subscription->id, sizeof subscription->id, device);
    if (device) {
        device->forgotten = false;
        return device;
    }
    if (push_origin_parse(subscription->endpoint, &origin, fault) < 0)
        return NULL;
    device = must_calloc(1, sizeof *device + subscription->device.len + subscription->endpoint.len +
                                subscription->keys.p256dh.len + subscription->keys.auth.len);
    char *at = device->bytes;
    device->subscription = *subscription;
    device->subscription.device = keep(&at, subscription->device);
    device->subscription.endpoint = keep(&at, subscription->endpoint);
    device->subscription.keys.p256dh = keep(&at, subscription->keys.p256dh);
    device->subscription.keys.auth = keep(&at, subscription->keys.auth);
    device->service = service_of(queue, &origin);
    device->service->devices++;
    device->paid_until = now;
    HASH_ADD(hh, queue->devices, subscription.id, sizeof device->subscription.id, device);
    return device;
}

void queue_device_free(struct push_queue *queue, struct device *device)
{
    struct service *service = device->service;
    queue_unschedule(queue, device);
    leave_park(device);
    HASH_DEL(queue->devices, device);
    if (--service->devices == 0) {
        HASH_DEL(queue->services, service);
        free(service);
    }
    free(device);
}

/* ---- the throttle: one token each 60/N seconds, a third of N saved up at most ---------------- */

static int64_t cost(const struct push_queue *queue)
{
    return MINUTE / queue->options.per_minute;
}

int64_t queue_ready(const struct push_queue *queue, const struct device *device)
{
    int64_t saved = (int64_t)(queue->options.per_minute / 3) * cost(queue);
    int64_t ready = device->paid_until - saved;
    if (device->hold_until > ready)
        ready = device->hold_until;
    if (device->service->hold_until > ready)
        ready = device->service->hold_until;
    return ready;
}

void queue_pay(const struct push_queue *queue, struct device *device, int64_t now)
{
    if (device->paid_until < now)
        device->paid_until = now;
    device->paid_until += cost(queue);
}
