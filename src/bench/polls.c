/* Long polls of mobile clients: what each takes, and how soon one hears. */
#include "base/clock.h"
#include "base/memory.h"
#include "bench/fleet.h"
#include "bench/runs_priv.h"

enum {
    TELLERS = 2,      /* one whom many watch, and one who talks to one */
    SETTLE_MS = 1000, /* frees that follow the last answer */
    /* Events of medium priority, presence among them, are told five seconds later
     * (ucwa/events.c): when that is over, a sign-in has nothing more to tell. */
    GATHERED_MS = 5000,
    QUIET_MS = 6000,
    BREATH_MS = 60,     /* between two events: whoever was woken asks again */
    MESSAGES_EACH = 20, /* to one, for each publication to many */
    POLLS_TO_INVITE = 5 /* until the invitation must have come */
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
    size_t size = p->options->users + TELLERS;
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
    size_t all = p->options->users + TELLERS;
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

/* One step of `count` handsets from `first` on. */
static int step(struct polls *p, size_t first, size_t count, enum handset_step what,
                const char *word, struct fault *fault)
{
    return play(
        p,
        &(struct fleet_act){.first = first, .count = count, .from = what, .to = what, .word = word},
        fault);
}

/* The watchers watch the first teller; the second begins a conversation with the first of
 * all, who accepts. */
static int acquaint(struct polls *p, struct fault *fault)
{
    size_t teller = p->options->users;
    const struct stage_user *users = p->run.stage->users;
    int err = step(p, 0, p->options->watchers, HANDSET_WATCH, users[teller].address, fault);
    if (err == 0)
        err = step(p, teller + 1, 1, HANDSET_INVITE, users[0].address, fault);
    for (int i = 0; i < POLLS_TO_INVITE && err == 0 && !fleet_invited(p->fleet, 0); i++)
        err = step(p, 0, 1, HANDSET_POLL, NULL, fault);
    return err < 0 ? err : step(p, 0, 1, HANDSET_ACCEPT, NULL, fault);
}

static int hold(struct polls *p, struct fault *fault)
{
    struct weights w;
    size_t users = p->options->users, all = users + TELLERS;
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
        err = acquaint(p, fault);
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

static int wake(struct polls *p, struct fleet_wake *wake, size_t rounds, const char *const words[2],
                struct fault *fault)
{
    int err = 0;
    wake->quiet_ms = BREATH_MS;
    for (size_t i = 0; i < rounds && err == 0; i++) {
        wake->word = words[i % 2];
        err = fleet_wake(p->fleet, wake, fault);
    }
    return err < 0 ? err : verdict(p, fault);
}

/* A message is told at once. */
static int wake_one(struct polls *p, struct fault *fault)
{
    static const char *const words[] = {"Have you had lunch yet?", "I am going at noon."};
    struct fleet_wake message = {.teller = p->options->users + 1,
                                 .step = HANDSET_SAY,
                                 .count = 1,
                                 .each = bench_report_step(p->report, "wake_one")};
    int err = wake(p, &message, p->options->rounds * MESSAGES_EACH, words, fault);
    bench_report_figure(p->report, "wake_one_median",
                        bench_series_quantile(message.each, 0.5) / 1e3, "ms");
    return err;
}

/* A publication is due to all at the same moment, when it has been gathered. */
static int wake_many(struct polls *p, struct fault *fault)
{
    static const char *const words[] = {"Busy", "Online"};
    struct bench_series first = {0};
    struct fleet_wake news = {.teller = p->options->users,
                              .step = HANDSET_PUBLISH,
                              .count = p->options->watchers,
                              .first_answer = &first,
                              .after = bench_report_step(p->report, "wake_behind_first")};
    int err = run_mark(&p->run, fault);
    if (err == 0)
        err = wake(p, &news, p->options->rounds, words, fault);
    bench_report_figure(p->report, "watchers", (double)p->options->watchers, "");
    bench_report_figure(p->report, "first_behind_due",
                        bench_series_quantile(&first, 0.5) / 1e3 - GATHERED_MS, "ms");
    bench_report_figure(p->report, "last_behind_first", bench_series_quantile(news.after, 1) / 1e3,
                        "ms");
    bench_series_fini(&first);
    return err < 0 ? err
                   : run_rate(&p->run, p->options->rounds * p->options->watchers, p->report, fault);
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
        err = wake_one(&p, fault);
    if (err == 0)
        err = wake_many(&p, fault);
    polls_close(&p);
    return err;
}
