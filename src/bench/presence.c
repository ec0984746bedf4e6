/* One publication, and all who watch: how long until the last of them knows. */
#include "base/clock.h"
#include "base/memory.h"
#include "bench/runs_priv.h"

#include <stdlib.h>

enum {
    PUBLISHER = 0,
    AVAILABLE = 3500,
    BUSY = 6500
};

/* One change on its way. */
struct fan_out {
    struct crowd *crowd;
    uint32_t version;
    int availability;
    int64_t sent_us;
    bool *told; /* who knows */
    size_t left;
    bool answered;
    struct bench_series *answer, *first, *last;
    struct fault fault;
};

static double since(const struct fan_out *f)
{
    return (double)(clock_monotonic_us() - f->sent_us);
}

static bool begin(void *arg, struct actor *actor, size_t who)
{
    struct fan_out *f = arg;
    (void)who;
    f->sent_us = clock_monotonic_us();
    people_change(actor, f->version, f->availability);
    return true;
}

static void end_if_all_know(struct fan_out *f)
{
    if (f->answered && f->left == 0)
        crowd_done(f->crowd, PUBLISHER);
}

static void on_answer(void *arg, struct actor *actor, size_t who, const struct sip_message *answer)
{
    struct fan_out *f = arg;
    (void)actor;
    if (who != PUBLISHER)
        return;
    if (answer->status != 200) {
        fault_set(&f->fault, ERR_IO, FINDING_REQUEST_REFUSED, "%d to a publication",
                  answer->status);
        crowd_give_up(f->crowd, &f->fault);
        return;
    }
    bench_series_add(f->answer, since(f));
    f->answered = true;
    end_if_all_know(f);
}

/* The publisher's own endpoint learns of it too (roaming-self): that does not count. */
static void on_request(void *arg, struct actor *actor, size_t who,
                       const struct sip_message *request)
{
    struct fan_out *f = arg;
    (void)actor;
    if (who == PUBLISHER || request->method != SIP_BENOTIFY || f->told[who])
        return;
    if (f->left == crowd_size(f->crowd) - 1)
        bench_series_add(f->first, since(f));
    f->told[who] = true;
    if (--f->left == 0)
        bench_series_add(f->last, since(f));
    end_if_all_know(f);
}

/* The n-th change, away from the state before. */
static int change(struct run *run, struct fan_out *f, size_t n, struct fault *fault)
{
    size_t size = crowd_size(run->crowd);
    f->crowd = run->crowd;
    f->version = (uint32_t)n + 1;
    f->availability = n % 2 ? AVAILABLE : BUSY;
    f->told = must_calloc(size, sizeof *f->told);
    f->left = size - 1;
    f->answered = false;
    crowd_play(run->crowd, &(struct crowd_act){.first = PUBLISHER,
                                               .count = 1,
                                               .begin = begin,
                                               .on_answer = on_answer,
                                               .on_request = on_request,
                                               .arg = f});
    free(f->told);
    return run_verdict(run, fault);
}

static int settle(struct run *run, struct bench_report *report, struct fault *fault)
{
    struct people_seen seen = {0};
    struct people_options publisher = {.count = 1,
                                       .steps = {[PEOPLE_SELF] = true, [PEOPLE_PUBLISH] = true}};
    struct people_options watchers = {
        .first = 1,
        .steps = {[PEOPLE_WATCH] = true},
        .watched = slice_of(run->stage->users[PUBLISHER].address),
        .series = {[PEOPLE_WATCH] = bench_report_step(report, "subscribe")}};
    int err = people_settle(run->crowd, &publisher, &seen, fault);
    if (err == 0)
        err = people_settle(run->crowd, &watchers, &seen, fault);
    return err < 0 ? err : run_verdict(run, fault);
}

int bench_presence(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault)
{
    scoped(run) struct run run = {0};
    report->title = "presence";
    int err =
        run_open(&run, options, &(struct run_wish){.users = options->users + 1}, report, fault);
    if (err == 0)
        err = run_everybody_in(&run, report, fault);
    if (err == 0)
        err = settle(&run, report, fault);
    struct fan_out f = {.answer = bench_report_step(report, "answer"),
                        .first = bench_report_step(report, "first_news"),
                        .last = bench_report_step(report, "last_news")};
    if (err == 0)
        err = run_mark(&run, fault);
    for (size_t i = 0; i < options->rounds && err == 0; i++)
        err = change(&run, &f, i, fault);
    if (err < 0)
        return err;
    double median = bench_series_quantile(f.last, 0.5);
    bench_report_figure(report, "watchers", (double)options->users, "");
    bench_report_figure(report, "last_news_median", median / 1e3, "ms");
    bench_report_figure(report, "news_per_second", (double)options->users / median * 1e6, "1/s");
    return run_rate(&run, options->rounds * options->users, report, fault);
}
