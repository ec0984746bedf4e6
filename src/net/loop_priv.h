/* The inside of a loop, for the other files of net/. */
#ifndef LYCHGATE_NET_LOOP_PRIV_H
#define LYCHGATE_NET_LOOP_PRIV_H

#include "net/loop.h"
#include "net/mailbox.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <sys/queue.h>

/* One TLS record of plaintext (RFC 8446 section 5.1): SSL_read never has to
 * keep a rest, so an idle SSL holds no read buffer. */
enum {
    SCRATCH_SIZE = 16384
};

LIST_HEAD(conn_list, conn);
TAILQ_HEAD(conn_queue, conn);

struct signal_watch {
    struct signal_watch *next;
    struct event event;
    signal_fn *fn;
    void *arg;
};

struct loop {
    struct event_base *base;
    struct mailbox mailbox;
    struct event bell;   /* the mailbox has letters */
    struct event tick;   /* the first timer is due */
    struct timer **heap; /* 1-based binary heap by due time */
    size_t timer_count, heap_cap;
    int64_t now; /* wall clock of this turn, 0: not read yet */
    atomic_bool stopping;
    atomic_size_t conn_count;
    struct conn_list conns;
    struct conn_queue attention; /* have something to do without the kernel saying so */
    struct signal_watch *signals;
    pthread_t thread;
    bool spawned;
    char scratch[SCRATCH_SIZE]; /* what is being read, for the time of one on_bytes */
};

/* timer.c: call what is due, and let the tick come for the next. */
void timers_run(struct loop *loop);

/* conn.c: do what waits in loop->attention; what comes in meanwhile waits for
 * the next turn. */
void conns_attend(struct loop *loop);

#endif
