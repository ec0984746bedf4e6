#include "net/workers.h"

#include "base/arena.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct worker {
    struct workers *pool;
    unsigned number;
    pthread_t thread;
    void *context;
};

struct workers {
    struct workers_options options;
    pthread_mutex_t lock;
    pthread_cond_t work;    /* a job came, or the end */
    pthread_cond_t started; /* a worker has its context, or failed */
    struct letter *first, **last;
    size_t waiting;
    bool ending;
    unsigned ready;     /* workers that came so far, failed ones too */
    unsigned running;   /* threads that exist */
    struct fault fault; /* of the first init that failed */
    struct worker worker[];
};

/* In a loop's mailbox the letter calls done; in the pool's queue it only links. */
static void job_done(void *arg)
{
    struct job *job = arg;
    job->done(job);
}

static void start(struct worker *self)
{
    struct workers *pool = self->pool;
    struct fault fault = {0};
    int failed = pool->options.init
                     ? pool->options.init(pool->options.arg, self->number, &self->context, &fault)
                     : 0;
    pthread_mutex_lock(&pool->lock);
    if (failed && !pool->fault.err) {
        pool->fault = fault;
        pool->fault.err = failed;
    }
    pool->ready++;
    pthread_cond_signal(&pool->started);
    pthread_mutex_unlock(&pool->lock);
}

/* The next job, or NULL at the end; the queue is emptied before the end. */
static struct job *next_job(struct workers *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->ending)
        pthread_cond_wait(&pool->work, &pool->lock);
    struct letter *letter = pool->first;
    if (letter) {
        pool->first = letter->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return letter ? letter->arg : NULL;
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    start(self);
    for (struct job *job; (job = next_job(self->pool));) {
        job->run(job, self->number);
        loop_send(job->loop, &job->letter); /* from here on the job is the loop's */
    }
    if (self->pool->options.fini && self->context)
        self->pool->options.fini(self->pool->options.arg, self->context);
    return NULL;
}

static int spawn(struct workers *pool, unsigned number)
{
    struct worker *worker = &pool->worker[number];
    worker->pool = pool;
    worker->number = number;
    int failed = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (failed)
        return fault_set(&pool->fault, ERR_IO, FINDING_INTERNAL, "cannot start worker %u: %s",
                         number, strerror(failed));
    char name[16] = "worker";
    snprintf(name, sizeof name, "worker %u", number % 1000);
    pthread_setname_np(worker->thread, name);
    pool->running++;
    return 0;
}

struct workers *workers_new(const struct workers_options *options, struct fault *fault)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = options->count ? options->count : cores > 2 ? (unsigned)cores : 2;
    struct workers *pool = must_calloc(1, sizeof *pool + count * sizeof *pool->worker);
    pool->options = *options;
    pool->options.count = count;
    if (!pool->options.queue)
        pool->options.queue = 1024;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->started, NULL);
    /* Workers get no signals at all, SIGPIPE included. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    for (unsigned i = 0; i < count && !failed; i++)
        failed = spawn(pool, i);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_lock(&pool->lock);
    while (pool->ready < pool->running)
        pthread_cond_wait(&pool->started, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    if (!pool->fault.err)
        return pool;
    if (fault)
        *fault = pool->fault;
    workers_free(pool);
    return NULL;
}

void workers_free(struct workers *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->running; i++)
        pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->started);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int workers_submit(struct workers *pool, struct job *job)
{
    if (!job->loop)
        job->loop = loop_current();
    job->letter = (struct letter){.fn = job_done, .arg = job};
    size_t most = job->modest ? (pool->options.queue + 1) / 2 : pool->options.queue;
    pthread_mutex_lock(&pool->lock);
    bool full = pool->waiting >= most || pool->ending;
    if (!full) {
        *pool->last = &job->letter;
        pool->last = &job->letter.next;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return full ? -ERR_BUSY : 0;
}

void *workers_context(struct workers *pool, unsigned worker)
{
    return pool->worker[worker].context;
}

size_t workers_waiting(struct workers *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t waiting = pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}
