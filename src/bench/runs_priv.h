/* What the measurements share. */
#ifndef LYCHGATE_BENCH_RUNS_PRIV_H
#define LYCHGATE_BENCH_RUNS_PRIV_H

#include "bench/crowd.h"
#include "bench/people.h"
#include "bench/runs.h"

/* A stage with its crowd: opened together, closed in the right order. */
struct run {
    struct stage *stage;
    struct crowd *crowd;
    int64_t began_us;
    struct bench_usage before;
};

/* What a run wants of its stage beyond the options. */
struct run_wish {
    size_t users;                  /* accounts and endpoints; 0: options->users */
    unsigned contacts, lists;      /* see struct stage_options */
    bool visit;                    /* they have passwords, no certificates yet */
    enum actor_step first, behind; /* series for the steps from first to before behind */
};

/* May this process, and the server it starts, have so many connections? -ERR_LIMIT. */
int run_check_descriptors(size_t wanted, struct fault *fault);

int run_open(struct run *run, const struct bench_options *options, const struct run_wish *wish,
             struct bench_report *report, struct fault *fault);
void run_close(struct run *run);

static inline void scoped_run_free(struct run *run)
{
    run_close(run);
}

/* Begin to measure: time and usage of now. */
int run_mark(struct run *run, struct fault *fault);

/* Let everybody sign in; figures `endpoints` and `sign_in_seconds`. */
int run_everybody_in(struct run *run, struct bench_report *report, struct fault *fault);

/* What the server has used since, with `count` things done: per second, per second of
 * its processor time, and processor time each. */
int run_rate(const struct run *run, size_t count, struct bench_report *report, struct fault *fault);

/* With floor_measure()'s figures: how much of the processor time of each they are. */
void run_share_of_floor(struct bench_report *report);

/* The first loss as an error, if there was one. */
int run_verdict(const struct run *run, struct fault *fault);

#endif
