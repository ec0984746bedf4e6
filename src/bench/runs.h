/* The measurements of `lychgate bench`. Each starts a server of its own on a stage
 * (stage.h), loads it from this process, and fills a report; nothing is left behind. */
#ifndef LYCHGATE_BENCH_RUNS_H
#define LYCHGATE_BENCH_RUNS_H

#include "base/fault.h"
#include "bench/report.h"

#include <stdint.h>

struct bench_options {
    const char *lychgated; /* the server's program; NULL: beside this one */
    size_t users;          /* signin: how many sign in; register, idle: endpoints */
    size_t concurrency;    /* how many sign in at once */
    int64_t seconds;       /* register: how long; idle: how long nothing happens */
    unsigned loops;        /* [limits] loops of the server; 0: one for each core */
    bool kept;             /* signin: with a certificate kept from an earlier sign-in */
};

/* Call each before this process has threads. They return 0, or a negative enum err
 * when the measurement could not be made or an endpoint failed in it; the report
 * holds what was measured until then in either case. */

/* Refreshes on long-lived TLS connections, one request under way on each. */
int bench_register(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault);

/* Memory and wake-ups of a server that holds so many registered endpoints; at the end
 * each refreshes once and must still be known. */
int bench_idle(const struct bench_options *options, struct bench_report *report,
               struct fault *fault);

/* Sign-ins from nothing (or from a kept certificate), beside what their cryptography
 * costs by itself (floor.h). */
int bench_signin(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault);

#endif
