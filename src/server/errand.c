/* How a message in work gets to another loop, or to a worker, and back. */
#include "server/line.h"

static void arrived(void *arg)
{
    struct errand *e = arg;
    e->then(e);
}

void errand_travel(struct errand *e, struct wing *to, errand_fn *then)
{
    if (loop_current() == to->loop) {
        then(e);
        return;
    }
    e->then = then;
    e->letter = (struct letter){.fn = arrived, .arg = e};
    loop_send(to->loop, &e->letter);
}

static void run_work(struct job *job, unsigned worker)
{
    struct errand *e = (struct errand *)job;
    (void)worker;
    e->work(e);
}

static void work_done(struct job *job)
{
    struct errand *e = (struct errand *)job;
    e->then(e);
}

/* What strangers ask for leaves half of the queue to those who are signed in. */
int errand_work(struct errand *e, errand_fn *work, errand_fn *then)
{
    e->work = work;
    e->then = then;
    e->job = (struct job){
        .run = run_work, .done = work_done, .loop = loop_current(), .modest = e->way == NULL};
    return server_work(e->server, &e->job, &e->fault);
}
