/* A loop: one thread that waits for connections, timers, signals and letters
 * from other threads, and calls back. Everything that lives on a loop is touched
 * by its thread only; other threads send letters (loop_post). */
#ifndef LYCHGATE_NET_LOOP_H
#define LYCHGATE_NET_LOOP_H

#include "base/fault.h"
#include "net/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct loop;

/* A new loop; NULL with a fault when the system gives no descriptors. */
struct loop *loop_new(struct fault *fault);

/* Call back until loop_stop(). The calling thread becomes the loop's thread;
 * SIGPIPE is blocked in it meanwhile. May be called again after a stop. */
void loop_run(struct loop *loop);

/* Run the loop in a thread of its own, named `name` (at most 15 characters);
 * loop_join waits for its end. Returns 0 or -ERR_IO. */
int loop_spawn(struct loop *loop, const char *name, struct fault *fault);
void loop_join(struct loop *loop);

/* Let loop_run() return soon: what is ready now is still served. Safe from any
 * thread; from a signal callback of loop_on_signal too. */
void loop_stop(struct loop *loop);

/* Close the connections and deliver the letters of a loop that does not run (any more).
 * True if there were any. Loops that write to one another are settled in turns until
 * all are quiet, before the first of them is freed. */
bool loop_settle(struct loop *loop);

/* Free a loop that does not run: letters still in the mailbox are read, open
 * connections closed (their on_closed is called). Free the workers and the
 * listeners that use it first. NULL is fine. */
void loop_free(struct loop *loop);

/* The loop that runs in this thread, or NULL. */
struct loop *loop_current(void);

/* The wall clock (base/clock.h), read once per turn of the loop: what protocol
 * code gets as `now`. */
int64_t loop_now(struct loop *loop);

/* ---- letters ---- */

/* Let `loop` call fn(arg) in its thread, after what this thread posted before.
 * Safe from any thread, also from the loop itself (the call comes later, never
 * from within loop_post). */
void loop_post(struct loop *loop, letter_fn *fn, void *arg);

/* The same with a letter that the caller owns (see struct letter). */
void loop_send(struct loop *loop, struct letter *letter);

/* ---- timers ---- */

typedef void timer_fn(void *arg);

/* A timer, embedded in what it belongs to. Set up by timer_init, touched by
 * the loop's thread only, stopped before its memory goes away. */
struct timer {
    struct loop *loop;
    timer_fn *fn;
    void *arg;
    int64_t due;  /* clock_monotonic() */
    size_t place; /* in the loop's heap, 0: not running */
};

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg);

/* Call fn(arg) once, in `ms` milliseconds; a running timer starts anew. */
void timer_start(struct timer *timer, int64_t ms);

/* No call any more. Harmless when it does not run (or was zeroed memory). */
void timer_stop(struct timer *timer);

static inline bool timer_running(const struct timer *timer)
{
    return timer->place != 0;
}

/* ---- signals ---- */

typedef void signal_fn(void *arg, int signo);

/* Call fn in the loop's thread when the process gets a signal. At most one
 * loop of a process may have signals (libevent's rule), each signal once.
 * Returns 0, or -ERR_CONFLICT. */
int loop_on_signal(struct loop *loop, int signo, signal_fn *fn, void *arg);

/* ---- connections of a loop ---- */

/* Live connections, those shutting down included. Safe from any thread. */
size_t loop_conn_count(const struct loop *loop);

/* Call fn for each connection; fn may close the one it is given. The loop's
 * thread only. */
void loop_each_conn(struct loop *loop, void (*fn)(void *arg, struct conn *conn), void *arg);

#endif
