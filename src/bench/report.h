/* What a measurement found: figures and, for each step, a series of times. Data
 * only; the tool prints it as text or JSON. */
#ifndef LYCHGATE_BENCH_REPORT_H
#define LYCHGATE_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* Times of one step in microseconds. Zeroed memory is an empty series. */
struct bench_series {
    const char *name; /* "tls", "refresh" */
    double *us;
    size_t count, room;
    bool sorted;
};

void bench_series_add(struct bench_series *series, double us);

/* The time that `part` (0 to 1) of the samples do not exceed; 0 of an empty series. */
double bench_series_quantile(struct bench_series *series, double part);

void bench_series_fini(struct bench_series *series);

struct bench_figure {
    const char *name; /* "refreshes_per_second": the JSON member; text shows blanks */
    const char *unit; /* "1/s", "us", "KiB", "" */
    double value;
};

enum {
    BENCH_FIGURES_MAX = 32,
    BENCH_STEPS_MAX = 16
};

struct bench_report {
    const char *title; /* "register" */
    struct bench_figure figures[BENCH_FIGURES_MAX];
    size_t figure_count;
    struct bench_series steps[BENCH_STEPS_MAX];
    size_t step_count;
};

/* Add a figure; name and unit are literals. */
void bench_report_figure(struct bench_report *report, const char *name, double value,
                         const char *unit);

/* A new, empty series of the report; stays in place. */
struct bench_series *bench_report_step(struct bench_report *report, const char *name);

/* The value of a figure by name; 0 when there is none. */
double bench_report_value(const struct bench_report *report, const char *name);

void bench_report_fini(struct bench_report *report);

#endif
