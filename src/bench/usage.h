/* What a process and its children (the server and its vault) have used so far,
 * read from /proc: processor time, memory, and how often a thread woke up. */
#ifndef LYCHGATE_BENCH_USAGE_H
#define LYCHGATE_BENCH_USAGE_H

#include "base/fault.h"

#include <stdint.h>
#include <sys/types.h>

struct bench_usage {
    int64_t cpu_us;      /* user and system time; threads that have ended not counted */
    int64_t pss_kib;     /* resident memory, shared pages divided among who shares them */
    int64_t rss_kib;     /* resident memory, shared pages counted in full */
    int64_t wakeups;     /* voluntary context switches of all threads that live */
    int64_t descriptors; /* open descriptors of the process itself */
    unsigned processes;  /* how many were counted */
};

/* Of `pid` and its direct children. -ERR_IO (INTERNAL) when the process is gone. */
int bench_usage_read(pid_t pid, struct bench_usage *usage_out, struct fault *fault);

#endif
