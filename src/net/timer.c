/* Timers: a binary heap a loop and one libevent timeout for its top. A timer
 * is part of what it belongs to and costs no allocation to start. */
#include "base/arena.h"
#include "base/clock.h"
#include "net/loop_priv.h"

static void place(struct loop *loop, struct timer *timer, size_t at)
{
    loop->heap[at] = timer;
    timer->place = at;
}

static void sift_up(struct loop *loop, struct timer *timer, size_t at)
{
    while (at > 1 && loop->heap[at / 2]->due > timer->due) {
        place(loop, loop->heap[at / 2], at);
        at /= 2;
    }
    place(loop, timer, at);
}

static void sift_down(struct loop *loop, struct timer *timer, size_t at)
{
    for (size_t child; (child = 2 * at) <= loop->timer_count; at = child) {
        if (child < loop->timer_count && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (loop->heap[child]->due >= timer->due)
            break;
        place(loop, loop->heap[child], at);
    }
    place(loop, timer, at);
}

static void set_tick(struct loop *loop)
{
    if (loop->timer_count == 0) {
        event_del(&loop->tick);
        return;
    }
    int64_t wait = loop->heap[1]->due - clock_monotonic();
    if (wait < 0)
        wait = 0;
    event_add(&loop->tick, &(struct timeval){.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000});
}

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg)
{
    *timer = (struct timer){.loop = loop, .fn = fn, .arg = arg};
}

static void take_out(struct timer *timer)
{
    struct loop *loop = timer->loop;
    size_t at = timer->place;
    struct timer *last = loop->heap[loop->timer_count--];
    timer->place = 0;
    if (last == timer)
        return;
    if (at > 1 && loop->heap[at / 2]->due > last->due)
        sift_up(loop, last, at);
    else
        sift_down(loop, last, at);
}

void timer_stop(struct timer *timer)
{
    /* The tick stays as it is: one that finds nothing due sets itself anew. */
    if (timer->place)
        take_out(timer);
}

void timer_start(struct timer *timer, int64_t ms)
{
    struct loop *loop = timer->loop;
    timer_stop(timer);
    timer->due = clock_monotonic() + ms;
    if (loop->timer_count + 2 > loop->heap_cap) {
        loop->heap_cap = loop->heap_cap ? 2 * loop->heap_cap : 64;
        loop->heap = must_realloc(loop->heap, loop->heap_cap * sizeof *loop->heap);
    }
    sift_up(loop, timer, ++loop->timer_count);
    if (timer->place == 1)
        set_tick(loop);
}

void timers_run(struct loop *loop)
{
    /* A timer that starts itself anew with 0 ms must not keep us here. */
    int64_t now = clock_monotonic();
    size_t most = loop->timer_count;
    while (most-- && loop->timer_count && loop->heap[1]->due <= now) {
        struct timer *timer = loop->heap[1];
        take_out(timer);
        timer->fn(timer->arg);
    }
    set_tick(loop);
}
