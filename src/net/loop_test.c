#include "net/address.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/workers.h"

#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void stop(void *loop)
{
    loop_stop(loop);
}

/* ---- timers ---- */

struct ring {
    struct loop *loop;
    struct timer timer;
    int64_t *order;
    int number, *count;
};

static void rings(void *arg)
{
    struct ring *ring = arg;
    ring->order[(*ring->count)++] = ring->timer.due;
}

static void test_timers_ring_in_order(void **state)
{
    (void)state;
    enum {
        MANY = 200
    };
    struct loop *loop = loop_new(NULL);
    struct ring ring[MANY];
    int64_t order[MANY];
    int count = 0;
    for (int i = 0; i < MANY; i++) {
        ring[i] = (struct ring){.loop = loop, .number = (i * 37) % MANY};
        ring[i].order = order;
        ring[i].count = &count;
        timer_init(&ring[i].timer, loop, rings, &ring[i]);
        timer_start(&ring[i].timer, 5000);
    }
    /* Starting anew moves a timer; some are stopped. */
    for (int i = 0; i < MANY; i++) {
        timer_start(&ring[i].timer, 2 + ring[i].number / 4);
        if (ring[i].number % 4 != 0)
            timer_stop(&ring[i].timer); /* every fourth stays */
    }
    struct timer end;
    timer_init(&end, loop, stop, loop);
    timer_start(&end, 3 + MANY / 4);
    loop_run(loop);
    assert_int_equal(count, MANY / 4);
    for (int i = 1; i < count; i++)
        assert_true(order[i - 1] <= order[i]);
    assert_false(timer_running(&ring[0].timer));
    loop_free(loop);
}

static void again(void *arg)
{
    struct ring *ring = arg;
    if (++*ring->count == 3)
        loop_stop(ring->loop);
    else
        timer_start(&ring->timer, 0);
}

static void test_timer_may_start_itself(void **state)
{
    (void)state;
    int count = 0;
    struct ring ring = {.loop = loop_new(NULL), .count = &count};
    timer_init(&ring.timer, ring.loop, again, &ring);
    timer_start(&ring.timer, 0);
    loop_run(ring.loop);
    assert_int_equal(count, 3);
    loop_free(ring.loop);
}

/* ---- mailbox ---- */

enum {
    SENDERS = 4,
    LETTERS = 5000
};

struct sender {
    struct loop *loop;
    pthread_t thread;
    int number, *left;
    int next; /* expected by the reader */
    bool disorder;
};

struct numbered {
    struct sender *sender;
    int number;
};

static void read_numbered(void *arg)
{
    struct numbered *letter = arg;
    struct sender *sender = letter->sender;
    if (letter->number != sender->next++)
        sender->disorder = true;
    if (--*sender->left == 0)
        loop_stop(sender->loop);
    free(letter);
}

static void *send_all(void *arg)
{
    struct sender *sender = arg;
    for (int i = 0; i < LETTERS; i++) {
        struct numbered *letter = malloc(sizeof *letter);
        *letter = (struct numbered){sender, i};
        loop_post(sender->loop, read_numbered, letter);
    }
    return NULL;
}

static void test_letters_keep_each_senders_order(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    struct sender sender[SENDERS];
    int left = SENDERS * LETTERS;
    for (int i = 0; i < SENDERS; i++) {
        sender[i] = (struct sender){.loop = loop, .left = &left};
        assert_int_equal(pthread_create(&sender[i].thread, NULL, send_all, &sender[i]), 0);
    }
    loop_run(loop);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(sender[i].thread, NULL);
        assert_false(sender[i].disorder);
        assert_int_equal(sender[i].next, LETTERS);
    }
    loop_free(loop);
}

static void count_up(void *arg)
{
    ++*(int *)arg;
}

static void test_free_reads_what_is_left(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    int count = 0;
    loop_post(loop, count_up, &count);
    assert_int_equal(count, 0);
    loop_free(loop);
    assert_int_equal(count, 1);
}

static void test_stop_before_run_is_not_lost(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    loop_stop(loop);
    loop_run(loop);
    assert_int_equal(loop_spawn(loop, "test", NULL), 0);
    loop_stop(loop);
    loop_join(loop);
    loop_free(loop);
}

static void on_signal(void *arg, int signo)
{
    assert_int_equal(signo, SIGUSR1);
    loop_stop(arg);
}

static void test_signals(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    assert_int_equal(loop_on_signal(loop, SIGUSR1, on_signal, loop), 0);
    raise(SIGUSR1);
    loop_run(loop);
    loop_free(loop);
}

/* ---- workers ---- */

struct task {
    struct job job;
    struct workers *pool;
    sem_t *wait; /* run blocks until this is posted */
    sem_t *runs; /* posted when run starts */
    pthread_t ran_in, done_in;
    void *context;
    int *left;
};

static void task_run(struct job *job, unsigned worker)
{
    struct task *task = (struct task *)job;
    task->ran_in = pthread_self();
    task->context = workers_context(task->pool, worker);
    if (task->runs)
        sem_post(task->runs);
    if (task->wait)
        sem_wait(task->wait);
}

static void task_done(struct job *job)
{
    struct task *task = (struct task *)job;
    task->done_in = pthread_self();
    if (--*task->left == 0)
        loop_stop(job->loop);
}

static int context_new(void *arg, unsigned worker, void **out, struct fault *fault)
{
    int *made = arg;
    if (*made < 0)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "worker %u", worker);
    *out = made;
    __atomic_add_fetch(made, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static void context_free(void *arg, void *context)
{
    assert_ptr_equal(arg, context);
    __atomic_sub_fetch((int *)context, 1, __ATOMIC_SEQ_CST);
}

static void test_workers_queue_is_bounded(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    int made = 0, left = 4;
    struct workers *pool = workers_new(
        &(struct workers_options){
            .count = 1, .queue = 4, .init = context_new, .fini = context_free, .arg = &made},
        NULL);
    assert_int_equal(made, 1);
    sem_t wait, runs;
    sem_init(&wait, 0, 0);
    sem_init(&runs, 0, 0);
    struct task task[6];
    for (int i = 0; i < 6; i++)
        task[i] = (struct task){
            .job = {.run = task_run, .done = task_done, .loop = loop}, .pool = pool, .left = &left};
    task[0].wait = &wait;
    task[0].runs = &runs;
    assert_int_equal(workers_submit(pool, &task[0].job), 0);
    sem_wait(&runs); /* from now on the only worker is busy */
    task[5].job.modest = true;
    left = 5;
    assert_int_equal(workers_submit(pool, &task[1].job), 0);
    assert_int_equal(workers_submit(pool, &task[2].job), 0);
    assert_int_equal(workers_submit(pool, &task[5].job), -ERR_BUSY);
    assert_int_equal(workers_submit(pool, &task[3].job), 0);
    assert_int_equal(workers_submit(pool, &task[4].job), 0);
    assert_int_equal(workers_waiting(pool), 4);
    task[5].job.modest = false;
    assert_int_equal(workers_submit(pool, &task[5].job), -ERR_BUSY);
    sem_post(&wait);
    loop_run(loop);
    for (int i = 0; i < 5; i++) {
        assert_ptr_equal(task[i].context, &made);
        assert_true(pthread_equal(task[i].done_in, pthread_self()));
        assert_false(pthread_equal(task[i].ran_in, pthread_self()));
    }
    workers_free(pool);
    assert_int_equal(made, 0);
    loop_free(loop);
    sem_destroy(&wait);
    sem_destroy(&runs);
}

static void test_free_finishes_the_queue(void **state)
{
    (void)state;
    struct loop *loop = loop_new(NULL);
    struct workers *pool = workers_new(&(struct workers_options){.count = 2}, NULL);
    int left = 20;
    struct task task[20];
    for (int i = 0; i < 20; i++) {
        task[i] = (struct task){
            .job = {.run = task_run, .done = task_done, .loop = loop}, .pool = pool, .left = &left};
        assert_int_equal(workers_submit(pool, &task[i].job), 0);
    }
    workers_free(pool);
    loop_free(loop);
    assert_int_equal(left, 0);
}

static void test_worker_without_context_stops_the_start(void **state)
{
    (void)state;
    int made = -1;
    struct fault fault = {0};
    assert_null(workers_new(
        &(struct workers_options){
            .count = 3, .init = context_new, .fini = context_free, .arg = &made},
        &fault));
    assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
}

/* ---- addresses and quotas ---- */

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } good[] = {
        {"192.0.2.1:443", "192.0.2.1:443"},     {"192.0.2.1", "192.0.2.1:5061"},
        {"[2001:db8::1]:0", "[2001:db8::1]:0"}, {"[::]", "[::]:5061"},
        {"2001:DB8::1", "[2001:db8::1]:5061"},  {"[::ffff:192.0.2.7]:1", "192.0.2.7:1"},
    };
    static const char *const bad[] = {
        "",          ":443",        "192.0.2.1:",     "192.0.2.1:65536",
        "[::1",      "[::1]443",    "[192.0.2.1]:80", "localhost:80",
        "192.0.2:1", "192.0.2.1:x", "1:2:3",          "[]:1"};
    scoped(arena) struct arena *arena = arena_new();
    struct address address;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(address_parse(slice_of(good[i].text), 5061, &address, NULL), 0);
        assert_string_equal(address_print(arena, &address).at, good[i].shown);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault fault = {0};
        assert_int_equal(address_parse(slice_of(bad[i]), 1, &address, &fault), -ERR_MALFORMED);
        assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    }
    assert_string_equal(address_print(arena, &(struct address){0}).at, "-");
}

static struct address host(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(slice_of(text), 1, &address, NULL), 0);
    return address;
}

static void test_quota(void **state)
{
    (void)state;
    struct quota *quota = quota_new(6, 2);
    struct address a = host("192.0.2.1"), mapped = host("::ffff:192.0.2.1"), b = host("192.0.2.2"),
                   six = host("2001:db8::1"), six_too = host("2001:db8::2"),
                   other = host("2001:db8:0:1::1");
    struct fault fault = {0};
    assert_int_equal(quota_enter(quota, &a, &fault), 0);
    assert_int_equal(quota_enter(quota, &mapped, &fault), 0);
    assert_int_equal(quota_enter(quota, &a, &fault), -ERR_BUSY);
    assert_int_equal(fault.finding, FINDING_TOO_MANY_CONNECTIONS);
    assert_int_equal(quota_enter(quota, &six, NULL), 0);
    assert_int_equal(quota_enter(quota, &six_too, NULL), 0);
    assert_int_equal(quota_enter(quota, &six, NULL), -ERR_BUSY); /* one /64 */
    assert_int_equal(quota_enter(quota, &other, NULL), 0);
    quota_exempt(quota, &a);
    assert_int_equal(quota_enter(quota, &a, NULL), 0);
    assert_int_equal(quota_enter(quota, &b, NULL), -ERR_BUSY); /* six in all */
    quota_leave(quota, &six);
    assert_int_equal(quota_enter(quota, &b, NULL), 0);
    assert_int_equal(quota_total(quota), 6);
    quota_set(quota, 0, 0);
    assert_int_equal(quota_enter(quota, &b, NULL), 0);
    quota_unref(quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_ring_in_order),
        cmocka_unit_test(test_timer_may_start_itself),
        cmocka_unit_test(test_letters_keep_each_senders_order),
        cmocka_unit_test(test_free_reads_what_is_left),
        cmocka_unit_test(test_stop_before_run_is_not_lost),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_workers_queue_is_bounded),
        cmocka_unit_test(test_free_finishes_the_queue),
        cmocka_unit_test(test_worker_without_context_stops_the_start),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
