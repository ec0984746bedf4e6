/* Long polls of mobile clients: what each takes, and how soon one hears. */
#include "base/clock.h"
#include "base/memory.h"
#include "bench/fleet.h"
#include "bench/runs_priv.h"

enum {
    PUBLISHERS = 2,   /* one whom many watch, and one whom one watches */
    SETTLE_MS = 1000, /* frees that follow the last answer */
    /* Events of medium priority are told five seconds later (ucwa/events.c): when it is over,
     * a sign-in has nothing more to tell. */
    QUIET_MS = 6000,
    BREATH_MS = 60 /* between two events: whoever was woken asks again */
};

struct polls {
    const struct bench_options *options;
    struct run run;
    struct fleet *fleet;
    struct bench_report *report;
};

static void polls_close(struct polls *p)
{
    fleet_close(p->fleet);
    run_close(&p->run);
}

static int open_all(struct polls *p, struct fault *fault)
{
    size_t size = p->options->users + PUBLISHERS;
    struct fleet_options fleet = {.size = size, .window = p->options->concurrency};
    int err = run_check_descriptors(size, fault);
    if (err == 0)
        err = stage_open(&(struct stage_options){.lychgated = p->options->lychgated,
                                                 .users = (unsigned)size,
                                                 .passwords = true,
                                                 .web = true,
                                                 .loops = p->options->loops},
                         &p->run.stage, fault);
    if (err < 0)
        return err;
    fleet.stage = p->run.stage;
    for (enum handset_step step = HANDSET_CONNECT; step <= HANDSET_AVAILABLE; step++)
        fleet.steps[step] = bench_report_step(p->report, handset_step_name(step));
    return fleet_open(&fleet, &p->fleet, fault);
}

static int verdict(const struct polls *p, struct fault *fault)
{
    struct fault first = {0};
    size_t lost = fleet_lost(p->fleet, &first);
    return lost == 0 ? 0
                     : fault_set(fault, ERR_IO, first.finding ? first.finding : FINDING_INTERNAL,
                                 "%zu handsets were lost; the first: %s", lost,
                                 first.detail[0] ? first.detail : "connection closed");
}

static int play(struct polls *p, const struct fleet_act *act, struct fault *fault)
{
    size_t done = fleet_play(p->fleet, act);
    int err = verdict(p, fault);
    return err == 0 && done < act->count
               ? fault_set(fault, ERR_IO, FINDING_CONNECTION_TIMEOUT,
                           "%zu of %zu waited in vain for: %s", act->count - done, act->count,
                           handset_step_name(act->to))
               : err;
}

/* ---- what they take ------------------------------------------------------------------------ */

struct weights {
    struct bench_usage empty, connected, signed_in, polling;
};

static void report_part(struct polls *p, const char *pss, const char *rss,
                        const struct bench_usage *before, const struct bench_usage *after,
                        size_t count)
{
    bench_report_figure(p->report, pss, (double)(after->pss_kib - before->pss_kib) / (double)count,
                        "KiB");
    bench_report_figure(p->report, rss, (double)(after->rss_kib - before->rss_kib) / (double)count,
                        "KiB");
}

static void report_weights(struct polls *p, const struct weights *w)
{
    size_t all = p->options->users + PUBLISHERS;
    bench_report_figure(p->report, "pss_empty", (double)w->empty.pss_kib, "KiB");
    bench_report_figure(p->report, "pss_full", (double)w->polling.pss_kib, "KiB");
    report_part(p, "pss_per_connection", "rss_per_connection", &w->empty, &w->connected, all);
    report_part(p, "pss_per_application", "rss_per_application", &w->connected, &w->signed_in, all);
    report_part(p, "pss_per_poll", "rss_per_poll", &w->signed_in, &w->polling, p->options->users);
    bench_report_figure(p->report, "descriptors", (double)w->polling.descriptors, "");
}

static int weigh(struct polls *p, struct bench_usage *usage, struct fault *fault)
{
    fleet_rest(p->fleet, SETTLE_MS);
    return stage_usage(p->run.stage, usage, fault);
}

/* The first of all is woken by a publisher of his own, the watchers by the other. */
static int watch(struct polls *p, struct fault *fault)
{
    size_t users = p->options->users;
    int err = play(p,
                   &(struct fleet_act){.count = p->options->watchers,
                                       .from = HANDSET_WATCH,
                                       .to = HANDSET_WATCH,
                                       .word = p->run.stage->users[users].address},
                   fault);
    return err < 0 ? err
                   : play(p,
                          &(struct fleet_act){.count = 1,
                                              .from = HANDSET_WATCH,
                                              .to = HANDSET_WATCH,
                                              .word = p->run.stage->users[users + 1].address},
                          fault);
}

static int hold(struct polls *p, struct fault *fault)
{
    struct weights w;
    size_t users = p->options->users, all = users + PUBLISHERS;
    struct fleet_act connect = {.count = all, .from = HANDSET_CONNECT, .to = HANDSET_DISCOVER};
    struct fleet_act sign_in = {.count = all, .from = HANDSET_TOKEN, .to = HANDSET_AVAILABLE};
    int64_t began = clock_monotonic_us();
    int err = stage_usage(p->run.stage, &w.empty, fault);
    if (err == 0)
        err = play(p, &connect, fault);
    if (err == 0)
        err = weigh(p, &w.connected, fault);
    if (err == 0)
        err = play(p, &sign_in, fault);
    if (err == 0)
        err = watch(p, fault);
    bench_report_figure(p->report, "sign_in_seconds", (double)(clock_monotonic_us() - began) / 1e6,
                        "s");
    if (err == 0)
        err = weigh(p, &w.signed_in, fault);
    if (err < 0)
        return err;
    fleet_poll(p->fleet, users, QUIET_MS);
    err = weigh(p, &w.polling, fault);
    bench_report_figure(p->report, "polls", (double)fleet_held(p->fleet), "");
    report_weights(p, &w);
    return err < 0 ? err : verdict(p, fault);
}

/* Nothing happens: what does the server do meanwhile? */
static int rest(struct polls *p, struct fault *fault)
{
    struct bench_usage after;
    int err = run_mark(&p->run, fault);
    if (err < 0 || p->options->seconds == 0)
        return err;
    fleet_rest(p->fleet, p->options->seconds * 1000);
    err = stage_usage(p->run.stage, &after, fault);
    double passed = (double)(clock_monotonic_us() - p->run.began_us) / 1e6;
    if (err < 0)
        return err;
    bench_report_figure(p->report, "wakeups_per_second",
                        (double)(after.wakeups - p->run.before.wakeups) / passed, "1/s");
    bench_report_figure(p->report, "idle_cpu_percent",
                        (double)(after.cpu_us - p->run.before.cpu_us) / passed / 1e4, "%");
    return 0;
}

/* ---- how soon they hear ---------------------------------------------------------------------- */

static int wake(struct polls *p, size_t publisher, size_t watchers, struct bench_series *each,
                struct bench_series *last, struct fault *fault)
{
    int err = 0;
    for (size_t i = 0; i < p->options->rounds && err == 0; i++)
        err = fleet_wake(p->fleet, publisher, i % 2 ? "Online" : "Busy", watchers, BREATH_MS, each,
                         last, fault);
    return err < 0 ? err : verdict(p, fault);
}

static int wake_all(struct polls *p, struct fault *fault)
{
    struct bench_series *one = bench_report_step(p->report, "wake_one");
    struct bench_series *each = bench_report_step(p->report, "wake_each_of_many");
    struct bench_series *last = bench_report_step(p->report, "wake_last_of_many");
    struct bench_series unused = {0};
    size_t users = p->options->users;
    int err = wake(p, users + 1, 1, one, &unused, fault);
    bench_series_fini(&unused);
    if (err == 0)
        err = run_mark(&p->run, fault);
    if (err == 0)
        err = wake(p, users, p->options->watchers, each, last, fault);
    if (err < 0)
        return err;
    bench_report_figure(p->report, "watchers", (double)p->options->watchers, "");
    bench_report_figure(p->report, "wake_one_median", bench_series_quantile(one, 0.5) / 1e3, "ms");
    bench_report_figure(p->report, "wake_last_median", bench_series_quantile(last, 0.5) / 1e3,
                        "ms");
    return run_rate(&p->run, p->options->rounds * p->options->watchers, p->report, fault);
}

int bench_polls(const struct bench_options *options, struct bench_report *report,
                struct fault *fault)
{
    struct polls p = {.options = options, .report = report};
    report->title = "polls";
    int err = open_all(&p, fault);
    if (err == 0)
        err = hold(&p, fault);
    if (err == 0)
        err = rest(&p, fault);
    if (err == 0)
        err = wake_all(&p, fault);
    polls_close(&p);
    return err;
}
