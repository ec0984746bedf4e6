/* Workers: threads that do what may block or takes long (RSA, password hashes,
 * the vault's and the store's synchronous calls), so that loops never wait. */
#ifndef LYCHGATE_NET_WORKERS_H
#define LYCHGATE_NET_WORKERS_H

#include "base/fault.h"
#include "net/loop.h"
#include "net/mailbox.h"

struct workers;

/* One piece of work, embedded in what it is about; must stay in place until
 * `done` is called. Fill run, done and loop; the rest belongs to the pool. */
struct job {
    /* On a worker thread. `worker` is which one: 0 .. count-1 (workers_context). */
    void (*run)(struct job *job, unsigned worker);
    /* Afterwards, on `loop`. Always called once for a submitted job; may free
     * the job or submit it again. */
    void (*done)(struct job *job);
    struct loop *loop; /* NULL: the loop that submits it */
    /* May only fill the first half of the queue: a flood of strangers'
     * handshakes then cannot crowd out the requests of those who are in. */
    bool modest;

    struct letter letter;
};

struct workers_options {
    unsigned count; /* threads; 0: one per core, at least 2 */
    size_t queue;   /* jobs that may wait; 0: 1024 */
    /* What each worker keeps for itself (vault socket, database handle): made
     * and freed in the worker's thread. init returns 0 and sets *context_out, or
     * a negative enum err: then workers_new fails with that fault. */
    int (*init)(void *arg, unsigned worker, void **context_out, struct fault *fault);
    void (*fini)(void *arg, void *context);
    void *arg;
};

/* Start the threads and wait until all have their context; NULL with a fault. */
struct workers *workers_new(const struct workers_options *options, struct fault *fault);

/* Finish all queued jobs, then end the threads. Their `done` calls are in the
 * mailboxes of their loops by then: free the pool before the loops. NULL is fine. */
void workers_free(struct workers *workers);

/* Queue a job. Safe from any thread if job->loop is set. Returns 0, or
 * -ERR_BUSY when the queue is full: then neither run nor done will be called. */
int workers_submit(struct workers *workers, struct job *job);

/* The context of a worker; call it from that worker only (inside run). */
void *workers_context(struct workers *workers, unsigned worker);

/* Jobs waiting at this moment; for metrics. Safe from any thread. */
size_t workers_waiting(struct workers *workers);

#endif
