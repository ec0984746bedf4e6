/* Sign-ins of mobile clients, each user once, as many at once as told. */
#include "bench/fleet.h"
#include "bench/floor.h"
#include "bench/runs_priv.h"

static int open_stage(const struct bench_options *options, struct run *run, struct fault *fault)
{
    int err = run_check_descriptors(options->users, fault);
    return err < 0 ? err
                   : stage_open(&(struct stage_options){.lychgated = options->lychgated,
                                                        .users = (unsigned)options->users,
                                                        .passwords = true,
                                                        .web = true,
                                                        .loops = options->loops},
                                &run->stage, fault);
}

static int sign_in(const struct bench_options *options, struct run *run,
                   struct bench_report *report, struct fault *fault)
{
    scoped(fleet) struct fleet *fleet = NULL;
    struct fleet_options wish = {
        .stage = run->stage, .size = options->users, .window = options->concurrency};
    struct fault first = {0};
    for (enum handset_step step = HANDSET_CONNECT; step <= HANDSET_AVAILABLE; step++)
        wish.steps[step] = bench_report_step(report, handset_step_name(step));
    int err = fleet_open(&wish, &fleet, fault);
    if (err == 0)
        err = run_mark(run, fault);
    if (err < 0)
        return err;
    size_t done = fleet_play(fleet, &(struct fleet_act){.count = options->users,
                                                        .from = HANDSET_CONNECT,
                                                        .to = HANDSET_AVAILABLE,
                                                        .leave = true});
    err = run_rate(run, done, report, fault);
    size_t lost = fleet_lost(fleet, &first);
    if (err == 0 && (lost > 0 || done < options->users))
        err = fault_set(fault, ERR_IO, first.finding ? first.finding : FINDING_CONNECTION_TIMEOUT,
                        "%zu of %zu signed in; the first who did not: %s", done, options->users,
                        lost > 0 ? first.detail : "no answer");
    return err;
}

int bench_mobile(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault)
{
    scoped(run) struct run run = {0};
    report->title = "mobile";
    int err = open_stage(options, &run, fault);
    if (err == 0)
        err = floor_measure(run.stage, FLOOR_MOBILE, report, fault);
    if (err == 0)
        err = sign_in(options, &run, report, fault);
    if (err == 0)
        run_share_of_floor(report);
    return err;
}
