#include "bench/report.h"

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SERIES_FIRST = 256
};

void bench_series_add(struct bench_series *series, double us)
{
    if (series->count == series->room) {
        series->room = series->room ? 2 * series->room : SERIES_FIRST;
        series->us = must_realloc(series->us, series->room * sizeof *series->us);
    }
    series->us[series->count++] = us;
    series->sorted = false;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_series_quantile(struct bench_series *series, double part)
{
    if (series->count == 0)
        return 0;
    if (!series->sorted)
        qsort(series->us, series->count, sizeof *series->us, by_size);
    series->sorted = true;
    size_t rank = (size_t)ceil(part * (double)series->count);
    return series->us[rank > 0 ? rank - 1 : 0];
}

void bench_series_fini(struct bench_series *series)
{
    free(series->us);
    *series = (struct bench_series){0};
}

void bench_report_figure(struct bench_report *report, const char *name, double value,
                         const char *unit)
{
    assert(report->figure_count < BENCH_FIGURES_MAX);
    report->figures[report->figure_count++] = (struct bench_figure){name, unit, value};
}

struct bench_series *bench_report_step(struct bench_report *report, const char *name)
{
    assert(report->step_count < BENCH_STEPS_MAX);
    struct bench_series *series = &report->steps[report->step_count++];
    *series = (struct bench_series){.name = name};
    return series;
}

double bench_report_value(const struct bench_report *report, const char *name)
{
    for (size_t i = 0; i < report->figure_count; i++)
        if (strcmp(report->figures[i].name, name) == 0)
            return report->figures[i].value;
    return 0;
}

void bench_report_fini(struct bench_report *report)
{
    for (size_t i = 0; i < report->step_count; i++)
        bench_series_fini(&report->steps[i]);
    *report = (struct bench_report){0};
}
