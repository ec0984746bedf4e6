/* What is behind a sign-in with a long contact list. */
#include "bench/runs_priv.h"

static int settle(struct run *run, const struct people_options *people, struct people_seen *seen,
                  struct fault *fault)
{
    int err = people_settle(run->crowd, people, seen, fault);
    return err < 0 ? err : run_verdict(run, fault);
}

/* User 0 is the first of all: the server has to read every contact of his. */
static int alone(struct run *run, struct bench_report *report, struct fault *fault)
{
    struct people_seen seen = {0};
    struct people_options first = {
        .count = 1,
        .steps = {[PEOPLE_LIST] = true, [PEOPLE_WATCH] = true},
        .series = {[PEOPLE_LIST] = bench_report_step(report, "first_contact_list"),
                   [PEOPLE_WATCH] = bench_report_step(report, "first_watch_contacts")}};
    crowd_sign_in_first(run->crowd, 1);
    return settle(run, &first, &seen, fault);
}

static void report_seen(const struct people_seen *seen, struct bench_report *report)
{
    bench_report_figure(report, "contacts", (double)seen->contacts, "");
    bench_report_figure(report, "watched", (double)seen->shown, "");
    bench_report_figure(report, "contact_list_body", (double)seen->bytes[PEOPLE_LIST] / 1024,
                        "KiB");
    bench_report_figure(report, "watch_contacts_body", (double)seen->bytes[PEOPLE_WATCH] / 1024,
                        "KiB");
}

int bench_contacts(const struct bench_options *options, struct bench_report *report,
                   struct fault *fault)
{
    scoped(run) struct run run = {0};
    struct people_seen seen = {0};
    struct people_options everybody = {.first = 1,
                                       .steps = {[PEOPLE_SELF] = true, [PEOPLE_PUBLISH] = true}};
    struct people_options one = {
        .steps = {[PEOPLE_LIST] = true, [PEOPLE_WATCH] = true},
        .series = {[PEOPLE_LIST] = bench_report_step(report, "contact_list"),
                   [PEOPLE_WATCH] = bench_report_step(report, "watch_contacts")},
        .count = 1};
    size_t rounds = options->rounds < options->contacts ? options->rounds : options->contacts;
    report->title = "contacts";
    int err = run_open(&run, options,
                       &(struct run_wish){.users = options->contacts + 1,
                                          .contacts = (unsigned)options->contacts,
                                          .lists = (unsigned)rounds + 1},
                       report, fault);
    if (err == 0)
        err = alone(&run, report, fault);
    if (err == 0)
        err = run_everybody_in(&run, report, fault);
    if (err == 0)
        err = settle(&run, &everybody, &seen, fault);
    if (err == 0)
        err = run_mark(&run, fault);
    for (one.first = 1; one.first <= rounds && err == 0; one.first++)
        err = settle(&run, &one, &seen, fault);
    report_seen(&seen, report);
    return err < 0 ? err : run_rate(&run, rounds, report, fault);
}
