#include "bench/runs.h"

#include "base/clock.h"
#include "bench/runs_priv.h"

enum {
    SPARE_DESCRIPTORS = 64, /* of either process, for what is no connection */
    REST_FIRST_MS = 1000    /* frees that follow the last sign-in */
};

/* ---- what they share ----------------------------------------------------------------------- */

int run_check_descriptors(size_t wanted, struct fault *fault)
{
    size_t most = stage_raise_descriptors();
    return wanted + SPARE_DESCRIPTORS <= most
               ? 0
               : fault_set(fault, ERR_LIMIT, FINDING_CONFIG_INVALID,
                           "%zu connections need more descriptors than this system gives a "
                           "process (%zu; see `ulimit -Hn`)",
                           wanted, most);
}

int run_open(struct run *run, const struct bench_options *options, const struct run_wish *wish,
             struct bench_report *report, struct fault *fault)
{
    struct crowd_options crowd = {.size = wish->users > 0 ? wish->users : options->users,
                                  .window = options->concurrency,
                                  .visit = wish->visit};
    int err = run_check_descriptors(crowd.size, fault);
    if (err == 0)
        err = stage_open(&(struct stage_options){.lychgated = options->lychgated,
                                                 .users = (unsigned)crowd.size,
                                                 .certificates = !wish->visit,
                                                 .passwords = wish->visit,
                                                 .web = wish->visit,
                                                 .loops = options->loops,
                                                 .contacts = wish->contacts,
                                                 .lists = wish->lists},
                         &run->stage, fault);
    if (err < 0)
        return err;
    crowd.stage = run->stage;
    for (enum visit_step step = 0; wish->visit && step < VISIT_STEPS; step++)
        crowd.visit_steps[step] = bench_report_step(report, visit_step_name(step));
    for (enum actor_step step = wish->first; step < wish->behind; step++)
        crowd.steps[step] = bench_report_step(report, actor_step_name(step));
    return crowd_open(&crowd, &run->crowd, fault);
}

void run_close(struct run *run)
{
    crowd_close(run->crowd);
    stage_close(run->stage);
    *run = (struct run){0};
}

int run_mark(struct run *run, struct fault *fault)
{
    int err = stage_usage(run->stage, &run->before, fault);
    run->began_us = clock_monotonic_us();
    return err;
}

int run_rate(const struct run *run, size_t count, struct bench_report *report, struct fault *fault)
{
    struct bench_usage after;
    double seconds = (double)(clock_monotonic_us() - run->began_us) / 1e6;
    int err = stage_usage(run->stage, &after, fault);
    if (err < 0)
        return err;
    double cpu_us = (double)(after.cpu_us - run->before.cpu_us);
    bench_report_figure(report, "count", (double)count, "");
    bench_report_figure(report, "seconds", seconds, "s");
    bench_report_figure(report, "per_second", (double)count / seconds, "1/s");
    bench_report_figure(report, "server_cpu_seconds", cpu_us / 1e6, "s");
    if (cpu_us > 0 && count > 0) {
        bench_report_figure(report, "per_core", (double)count / cpu_us * 1e6, "1/s");
        bench_report_figure(report, "server_cpu_each", cpu_us / (double)count, "us");
    }
    return 0;
}

void run_share_of_floor(struct bench_report *report)
{
    double each = bench_report_value(report, "server_cpu_each");
    if (each > 0)
        bench_report_figure(report, "share_of_floor",
                            100 * bench_report_value(report, "floor_cpu_each") / each, "%");
}

int run_verdict(const struct run *run, struct fault *fault)
{
    struct fault first = {0};
    size_t lost = crowd_lost(run->crowd, &first);
    return lost == 0 ? 0
                     : fault_set(fault, ERR_IO, first.finding ? first.finding : FINDING_INTERNAL,
                                 "%zu endpoints were lost; the first: %s", lost,
                                 first.detail[0] ? first.detail : "connection closed");
}

int run_everybody_in(struct run *run, struct bench_report *report, struct fault *fault)
{
    int64_t began = clock_monotonic_us();
    crowd_sign_in(run->crowd, false);
    bench_report_figure(report, "endpoints", (double)crowd_registered(run->crowd), "");
    bench_report_figure(report, "sign_in_seconds", (double)(clock_monotonic_us() - began) / 1e6,
                        "s");
    int err = run_verdict(run, fault);
    return err == 0 && crowd_registered(run->crowd) != crowd_size(run->crowd)
               ? fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "not all have signed in")
               : err;
}

/* ---- register -------------------------------------------------------------------------------- */

int bench_register(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault)
{
    scoped(run) struct run run = {0};
    report->title = "register";
    int err =
        run_open(&run, options, &(struct run_wish){.first = ACTOR_REFRESH, .behind = ACTOR_STEPS},
                 report, fault);
    if (err == 0)
        err = run_everybody_in(&run, report, fault);
    if (err == 0)
        err = run_mark(&run, fault);
    if (err < 0)
        return err;
    size_t answers = crowd_press(run.crowd, options->seconds * 1000);
    err = run_rate(&run, answers, report, fault);
    return err < 0 ? err : run_verdict(&run, fault);
}

/* ---- idle ---------------------------------------------------------------------------------------
 */

static void report_memory(const struct bench_usage *empty, const struct bench_usage *full,
                          size_t endpoints, struct bench_report *report)
{
    double count = (double)endpoints;
    bench_report_figure(report, "pss_empty", (double)empty->pss_kib, "KiB");
    bench_report_figure(report, "pss_full", (double)full->pss_kib, "KiB");
    bench_report_figure(report, "rss_full", (double)full->rss_kib, "KiB");
    bench_report_figure(report, "pss_per_endpoint",
                        (double)(full->pss_kib - empty->pss_kib) / count, "KiB");
    bench_report_figure(report, "rss_per_endpoint",
                        (double)(full->rss_kib - empty->rss_kib) / count, "KiB");
    bench_report_figure(report, "descriptors", (double)full->descriptors, "");
}

/* Nothing happens: what does the server do meanwhile? */
static int rest(struct run *run, int64_t seconds, struct bench_report *report, struct fault *fault)
{
    struct bench_usage after;
    int err = run_mark(run, fault);
    if (err < 0 || seconds == 0)
        return err;
    crowd_rest(run->crowd, seconds * 1000);
    err = stage_usage(run->stage, &after, fault);
    double passed = (double)(clock_monotonic_us() - run->began_us) / 1e6;
    if (err < 0)
        return err;
    bench_report_figure(report, "wakeups_per_second",
                        (double)(after.wakeups - run->before.wakeups) / passed, "1/s");
    bench_report_figure(report, "idle_cpu_percent",
                        (double)(after.cpu_us - run->before.cpu_us) / passed / 1e4, "%");
    return 0;
}

/* They do all that clients do behind their sign-in, and stay. */
static int settle(struct run *run, struct bench_report *report, struct fault *fault)
{
    struct people_options people = {.steps = {true, true, true, true}};
    struct people_seen seen = {0};
    for (enum people_step step = 0; step < PEOPLE_STEPS; step++)
        people.series[step] = bench_report_step(report, people_step_name(step));
    int err = people_settle(run->crowd, &people, &seen, fault);
    bench_report_figure(report, "contacts", (double)seen.contacts, "");
    bench_report_figure(report, "watched", (double)seen.shown, "");
    return err < 0 ? err : run_verdict(run, fault);
}

int bench_idle(const struct bench_options *options, struct bench_report *report,
               struct fault *fault)
{
    scoped(run) struct run run = {0};
    struct bench_usage empty, full;
    struct run_wish wish = {.behind = ACTOR_STEPS, .contacts = (unsigned)options->contacts};
    report->title = options->contacts > 0 ? "idle, with contacts" : "idle";
    int err = run_open(&run, options, &wish, report, fault);
    if (err == 0)
        err = stage_usage(run.stage, &empty, fault);
    if (err == 0)
        err = run_everybody_in(&run, report, fault);
    if (err == 0 && options->contacts > 0)
        err = settle(&run, report, fault);
    if (err < 0)
        return err;
    crowd_rest(run.crowd, REST_FIRST_MS);
    err = stage_usage(run.stage, &full, fault);
    if (err < 0)
        return err;
    report_memory(&empty, &full, options->users, report);
    err = rest(&run, options->seconds, report, fault);
    if (err < 0)
        return err;
    size_t kept = crowd_review(run.crowd);
    bench_report_figure(report, "still_registered", (double)kept, "");
    err = run_verdict(&run, fault);
    return err == 0 && kept != options->users
               ? fault_set(fault, ERR_IO, FINDING_INTERNAL,
                           "the server no longer knew %zu of %zu endpoints", options->users - kept,
                           options->users)
               : err;
}
