/* Inside the queue: notes (messages), devices, services, and the heap of devices by
 * the time at which each can do something. */
#ifndef LYCHGATE_PUSH_QUEUE_PRIV_H
#define LYCHGATE_PUSH_QUEUE_PRIV_H

#include "push/queue.h"

#include <uthash.h>

struct device;

struct note {
    UT_hash_handle hh; /* by id, while it is under way */
    struct note *next; /* in the device's queue: most urgent first, then oldest first */
    struct device *device;
    uint64_t id, tag;
    enum push_urgency urgency;
    int64_t until;    /* its TTL ends */
    int64_t deadline; /* and we give up: a little later when the TTL is next to nothing */
    unsigned tries;
    struct slice payload, topic; /* in bytes[] */
    char bytes[];
};

/* A push service: one origin. */
struct service {
    UT_hash_handle hh;
    unsigned under_way, devices, failures; /* failures: without an answer, in a row */
    int64_t hold_until;
    struct device *parked, **parked_end; /* are due, but the service has its share */
    char origin[];
};

struct device {
    UT_hash_handle hh; /* by subscription.id */
    struct push_subscription subscription;
    struct service *service;
    struct note *first;
    unsigned waiting;
    struct note *flying; /* the one under way */
    struct device *parked_next;
    bool parked;
    bool forgotten;     /* removed while one was under way */
    int64_t hold_until; /* a failure, or Retry-After */
    int64_t paid_until; /* throttle: virtual time up to which requests have been paid for */
    int64_t due;
    size_t place; /* in the heap, from 1; 0: not there */
    char bytes[];
};

struct ended {
    struct ended *next;
    struct push_outcome outcome;
};

struct push_queue {
    struct push_queue_options options;
    struct device *devices;   /* hash */
    struct service *services; /* hash */
    struct note *flying;      /* hash */
    struct device **heap;
    size_t heap_count, heap_room;
    struct ended *ended, **ended_end;
    uint64_t last_id;
    size_t waiting;
    unsigned under_way;
};

/* ---- queue_device.c ----------------------------------------------------------------- */

/* The device of a subscription, made if need be; NULL and a fault when its endpoint is none. */
struct device *queue_device(struct push_queue *queue, const struct push_subscription *subscription,
                            int64_t now, struct fault *fault);

/* Let it go, with its service when nobody else is there. It has no notes. */
void queue_device_free(struct push_queue *queue, struct device *device);

/* Put into the heap, or elsewhere in it, for this time. */
void queue_schedule(struct push_queue *queue, struct device *device, int64_t due);
void queue_unschedule(struct push_queue *queue, struct device *device);

void queue_park(struct device *device);
/* One of those parked may go on. */
void queue_unpark(struct push_queue *queue, struct service *service, int64_t now);

/* The earliest time at which the device may have a request. */
int64_t queue_ready(const struct push_queue *queue, const struct device *device);
/* One has been made. */
void queue_pay(const struct push_queue *queue, struct device *device, int64_t now);

#endif
