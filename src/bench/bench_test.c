#include "bench/report.h"
#include "bench/stage.h"
#include "bench/usage.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- series --------------------------------------------------------------------------- */

static void test_quantiles_are_samples(void **state)
{
    (void)state;
    struct bench_series series = {0};
    assert_true(bench_series_quantile(&series, 0.5) == 0);
    for (int i = 1000; i >= 1; i--) /* comes in the wrong order, and outgrows its first room */
        bench_series_add(&series, i);
    assert_true(bench_series_quantile(&series, 0.5) == 500);
    assert_true(bench_series_quantile(&series, 0.99) == 990);
    assert_true(bench_series_quantile(&series, 1) == 1000);
    assert_true(bench_series_quantile(&series, 0) == 1);
    bench_series_add(&series, 0.5); /* sorts anew */
    assert_true(bench_series_quantile(&series, 0) == 0.5);
    bench_series_fini(&series);
}

static void test_report_finds_figures_by_name(void **state)
{
    (void)state;
    struct bench_report report = {0};
    bench_report_figure(&report, "per_core", 12.5, "1/s");
    bench_series_add(bench_report_step(&report, "refresh"), 3);
    bench_series_add(bench_report_step(&report, "register"), 4);
    assert_true(bench_report_value(&report, "per_core") == 12.5);
    assert_true(bench_report_value(&report, "per") == 0);
    assert_string_equal(report.steps[1].name, "register");
    assert_true(bench_series_quantile(&report.steps[0], 0.5) == 3);
    bench_report_fini(&report);
    assert_int_equal(report.step_count, 0);
}

/* ---- usage ----------------------------------------------------------------------------- */

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_usage_counts_work_and_memory(void **state)
{
    (void)state;
    enum {
        SIZE = 8 << 20
    };
    struct bench_usage before, after;
    struct fault fault;
    assert_int_equal(bench_usage_read(getpid(), &before, &fault), 0);
    assert_int_equal(before.processes, 1);
    assert_true(before.descriptors >= 3);
    char *memory = malloc(SIZE);
    assert_non_null(memory);
    memset(memory, 1, SIZE);
    double began = processor_seconds();
    while (processor_seconds() - began < 0.05) {
    }
    assert_int_equal(bench_usage_read(getpid(), &after, &fault), 0);
    free(memory);
    assert_true(after.cpu_us - before.cpu_us >= 45000);
    assert_true(after.pss_kib - before.pss_kib >= SIZE / 1024 - 256);
    assert_true(after.rss_kib >= after.pss_kib);
}

static void test_usage_counts_children(void **state)
{
    (void)state;
    struct bench_usage usage;
    struct fault fault;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1); /* until the parent closes */
    }
    assert_int_equal(bench_usage_read(getpid(), &usage, &fault), 0);
    assert_int_equal(usage.processes, 2);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(bench_usage_read(child, &usage, &fault) < 0);
}

/* ---- stage ------------------------------------------------------------------------------- */

static void test_programs_are_found_beside_this_one(void **state)
{
    (void)state;
    static const char *const places[] = {"nowhere", ".", NULL};
    char self[512], found[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(len > 0);
    self[len] = '\0';
    const char *name = strrchr(self, '/') + 1;
    assert_true(stage_find_program(name, places, found, sizeof found));
    assert_string_equal(strrchr(found, '/') + 1, name);
    assert_false(stage_find_program("no-such-program", places, found, sizeof found));
    assert_false(stage_find_program(name, places, found, 4));
}

/* The folder of a server that cannot start stays, for its log. */
static void test_stage_without_a_server_fails(void **state)
{
    (void)state;
    struct stage *stage = NULL;
    struct fault fault = {0};
    struct stage_options options = {.lychgated = "/bin/false", .users = 2, .certificates = true};
    assert_true(stage_open(&options, &stage, &fault) < 0);
    assert_null(stage);
    const char *log = strstr(fault.detail, "/tmp/");
    assert_non_null(log);
    char folder[128], command[192];
    snprintf(folder, sizeof folder, "%s", log);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(access(folder, F_OK), 0);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_are_samples),
        cmocka_unit_test(test_report_finds_figures_by_name),
        cmocka_unit_test(test_usage_counts_work_and_memory),
        cmocka_unit_test(test_usage_counts_children),
        cmocka_unit_test(test_programs_are_found_beside_this_one),
        cmocka_unit_test(test_stage_without_a_server_fails),
    };
    unsetenv("TMPDIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
