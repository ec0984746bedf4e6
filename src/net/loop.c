#include "net/loop.h"

#include "base/arena.h"
#include "base/clock.h"
#include "net/conn.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local struct loop *current;

static bool read_mail(struct loop *loop)
{
    struct letter *next, *letter = mailbox_take(&loop->mailbox);
    bool any = letter != NULL;
    for (; letter; letter = next) {
        next = letter->next; /* fn may free or resend the letter */
        letter->fn(letter->arg);
    }
    return any;
}

static void bell_rings(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    read_mail(arg);
}

static void tick_comes(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    timers_run(arg);
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    /* Other threads only ever ring the mailbox's eventfd, so libevent needs no locks. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(struct fault *fault)
{
    struct loop *loop = must_calloc(1, sizeof *loop);
    loop->base = base_new();
    if (!loop->base || mailbox_init(&loop->mailbox) != 0) {
        fault_set(fault, ERR_IO, FINDING_INTERNAL, "cannot make an event loop: %s",
                  strerror(errno));
        if (loop->base)
            event_base_free(loop->base);
        free(loop);
        return NULL;
    }
    LIST_INIT(&loop->conns);
    TAILQ_INIT(&loop->attention);
    event_assign(&loop->bell, loop->base, loop->mailbox.wake, EV_READ | EV_PERSIST, bell_rings,
                 loop);
    event_assign(&loop->tick, loop->base, -1, 0, tick_comes, loop);
    event_add(&loop->bell, NULL);
    return loop;
}

/* One turn: first what needs no waiting, then wait. */
static void turn(struct loop *loop)
{
    loop->now = 0;
    conns_attend(loop);
    loop->now = 0; /* read anew after the wait */
    event_base_loop(loop->base, TAILQ_EMPTY(&loop->attention) ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
}

/* A peer that is gone makes write() raise SIGPIPE, and OpenSSL offers no way
 * to write without it. Blocked, the signal waits until we take it away. */
static void block_sigpipe(sigset_t *before)
{
    sigset_t pipe_set;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_set, before);
}

static void restore_sigpipe(const sigset_t *before)
{
    sigset_t pipe_set;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    if (!sigismember(before, SIGPIPE))
        while (sigtimedwait(&pipe_set, NULL, &(struct timespec){0}) == SIGPIPE)
            continue;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

void loop_run(struct loop *loop)
{
    sigset_t before;
    block_sigpipe(&before);
    struct loop *outer = current;
    current = loop;
    while (!atomic_load(&loop->stopping))
        turn(loop);
    atomic_store(&loop->stopping, false);
    current = outer;
    restore_sigpipe(&before);
}

static void *thread_main(void *arg)
{
    loop_run(arg);
    return NULL;
}

int loop_spawn(struct loop *loop, const char *name, struct fault *fault)
{
    /* Signals are for the thread that asked for them (loop_on_signal). */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&loop->thread, NULL, thread_main, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return fault_set(fault, ERR_IO, FINDING_INTERNAL, "cannot start thread %s: %s", name,
                         strerror(failed));
    pthread_setname_np(loop->thread, name);
    loop->spawned = true;
    return 0;
}

void loop_join(struct loop *loop)
{
    if (loop->spawned)
        pthread_join(loop->thread, NULL);
    loop->spawned = false;
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    mailbox_ring(&loop->mailbox);
}

static void close_one(void *arg, struct conn *conn)
{
    (void)arg;
    conn_close(conn);
}

bool loop_settle(struct loop *loop)
{
    struct loop *outer = current;
    sigset_t before;
    block_sigpipe(&before);
    current = loop;
    bool busy = read_mail(loop) || !LIST_EMPTY(&loop->conns); /* mail may bring connections */
    do {
        loop_each_conn(loop, close_one, NULL);
        conns_attend(loop);
    } while (read_mail(loop) || !LIST_EMPTY(&loop->conns) || !TAILQ_EMPTY(&loop->attention));
    current = outer;
    restore_sigpipe(&before);
    return busy;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    loop_settle(loop);
    for (struct signal_watch *next, *watch = loop->signals; watch; watch = next) {
        next = watch->next;
        event_del(&watch->event);
        free(watch);
    }
    event_del(&loop->bell);
    event_del(&loop->tick);
    event_base_free(loop->base);
    mailbox_fini(&loop->mailbox);
    free(loop->heap);
    free(loop);
}

struct loop *loop_current(void)
{
    return current;
}

int64_t loop_now(struct loop *loop)
{
    if (loop->now == 0)
        loop->now = clock_now();
    return loop->now;
}

/* A letter of its own for loop_post. */
struct post {
    struct letter letter;
    letter_fn *fn;
    void *arg;
};

static void read_post(void *arg)
{
    struct post post = *(struct post *)arg;
    free(arg);
    post.fn(post.arg);
}

void loop_post(struct loop *loop, letter_fn *fn, void *arg)
{
    struct post *post = must_alloc(sizeof *post);
    *post = (struct post){.letter = {.fn = read_post, .arg = post}, .fn = fn, .arg = arg};
    mailbox_put(&loop->mailbox, &post->letter);
}

void loop_send(struct loop *loop, struct letter *letter)
{
    mailbox_put(&loop->mailbox, letter);
}

static void signal_comes(evutil_socket_t signo, short what, void *arg)
{
    (void)what;
    struct signal_watch *watch = arg;
    watch->fn(watch->arg, (int)signo);
}

int loop_on_signal(struct loop *loop, int signo, signal_fn *fn, void *arg)
{
    struct signal_watch *watch = must_calloc(1, sizeof *watch);
    watch->fn = fn;
    watch->arg = arg;
    event_assign(&watch->event, loop->base, signo, EV_SIGNAL | EV_PERSIST, signal_comes, watch);
    if (event_add(&watch->event, NULL) != 0) {
        free(watch);
        return -ERR_CONFLICT;
    }
    watch->next = loop->signals;
    loop->signals = watch;
    return 0;
}

size_t loop_conn_count(const struct loop *loop)
{
    return atomic_load(&loop->conn_count);
}

void loop_each_conn(struct loop *loop, void (*fn)(void *arg, struct conn *conn), void *arg)
{
    struct conn *next;
    for (struct conn *conn = LIST_FIRST(&loop->conns); conn; conn = next) {
        next = LIST_NEXT(conn, all);
        fn(arg, conn);
    }
}
