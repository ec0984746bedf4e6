/* Does an operation cost more when more people are signed in? */
#include "bench/rooms.h"
#include "bench/runs.h"

enum {
    FEW = 1000,
    STRIDE = 7919, /* a prime: goes through everybody, and neighbours are far apart */
    WARM_UP = 100
};

/* The steps and figures of an operation, by name. */
static const struct {
    const char *few, *many, *growth;
} names[ROOMS_OPS] = {
    [ROOMS_REFRESH] = {"refresh_few", "refresh_many", "refresh_growth"},
    [ROOMS_PUBLISH] = {"publish_few", "publish_many", "publish_growth"},
    [ROOMS_EDIT] = {"edit_few", "edit_many", "edit_growth"},
    [ROOMS_RELAY] = {"relay_few", "relay_many", "relay_growth"},
};

static int sample(struct rooms *rooms, enum rooms_op op, size_t round, unsigned people,
                  struct bench_series *series, struct fault *fault)
{
    int64_t ns;
    int err = rooms_do(rooms, op, (unsigned)(round * STRIDE % people), &ns, fault);
    if (err == 0 && round >= WARM_UP)
        bench_series_add(series, (double)ns / 1e3);
    return err;
}

/* In turn, so that both meet the same neighbours on the machine. */
static int compare(struct rooms *few, struct rooms *many, enum rooms_op op,
                   const struct bench_options *options, struct bench_report *report,
                   struct fault *fault)
{
    struct bench_series *of_few = bench_report_step(report, names[op].few);
    struct bench_series *of_many = bench_report_step(report, names[op].many);
    int err = 0;
    for (size_t i = 0; i < options->rounds + WARM_UP && err == 0; i++) {
        err = sample(few, op, i, FEW, of_few, fault);
        if (err == 0)
            err = sample(many, op, i, (unsigned)options->users, of_many, fault);
    }
    if (err < 0)
        return err;
    double least = bench_series_quantile(of_few, 0.5), most = bench_series_quantile(of_many, 0.5);
    bench_report_figure(report, names[op].growth, 100 * (most - least) / least, "%");
    return 0;
}

int bench_growth(const struct bench_options *options, struct bench_report *report,
                 struct fault *fault)
{
    report->title = "growth";
    scoped(rooms) struct rooms *few = rooms_new(FEW, fault);
    scoped(rooms) struct rooms *many = few ? rooms_new((unsigned)options->users, fault) : NULL;
    if (!many)
        return fault->err;
    bench_report_figure(report, "few", FEW, "");
    bench_report_figure(report, "many", (double)options->users, "");
    int err = 0;
    for (enum rooms_op op = 0; op < ROOMS_OPS && err == 0; op++)
        err = compare(few, many, op, options, report, fault);
    return err;
}
