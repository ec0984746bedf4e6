/* Sign-ins, each user once, as many at once as told. */
#include "bench/floor.h"
#include "bench/runs_priv.h"

int bench_signin(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault)
{
    scoped(run) struct run run = {0};
    report->title = options->kept ? "signin, certificate kept" : "signin";
    struct run_wish wish = {.visit = !options->kept, .behind = ACTOR_REFRESH};
    int err = run_open(&run, options, &wish, report, fault);
    if (err == 0)
        err = floor_measure(run.stage, options->kept ? FLOOR_KEPT : FLOOR_FULL, report, fault);
    if (err == 0)
        err = run_mark(&run, fault);
    if (err < 0)
        return err;
    crowd_sign_in(run.crowd, true);
    err = run_rate(&run, crowd_registered(run.crowd), report, fault);
    if (err < 0)
        return err;
    run_share_of_floor(report);
    return run_verdict(&run, fault);
}
