#include "client/report_priv.h"

#include "base/clock.h"

#include <stdlib.h>

void report_init(struct report *report, lychgate_event_fn *event, void *arg)
{
    *report = (struct report){
        .event = event, .arg = arg, .arena = arena_new(), .problem_arena = arena_new()};
    report_keep_problem(report, &(struct fault){0});
}

void report_fini(struct report *report)
{
    arena_free(report->arena);
    arena_free(report->problem_arena);
}

static void open_step(struct report *report, const char *step)
{
    arena_reset(report->arena);
    report->step = step;
    report->asked = report->whom = report->received = (struct slice){0};
    report->began_us = clock_monotonic_us();
}

void report_begin(struct report *report, const char *step, const char *format, ...)
{
    va_list args;
    open_step(report, step);
    va_start(args, format);
    report->asked = arena_printv(report->arena, format, args);
    va_end(args);
}

void report_whom(struct report *report, struct slice whom)
{
    report->whom = arena_copy(report->arena, whom);
}

void report_received(struct report *report, struct slice bytes)
{
    report->received = arena_copy(report->arena, slice_head(bytes, RECEIVED_MAX));
}

static struct lychgate_problem problem_of(const struct report *report, const struct fault *fault,
                                          struct arena *arena)
{
    if (fault->finding == FINDING_NONE)
        return (struct lychgate_problem){"", "", "", "", "", ""};
    const struct finding_row *row = finding_row(fault->finding);
    return (struct lychgate_problem){
        .finding = row->id,
        .detail = arena_string(arena, slice_of(fault->detail)),
        .user = row->user,
        .cause = row->admin,
        .remedy = row->remedy,
        .received = report->step ? arena_string(arena, report->received) : "",
    };
}

void report_keep_problem(struct report *report, const struct fault *fault)
{
    arena_reset(report->problem_arena);
    report->problem = problem_of(report, fault, report->problem_arena);
}

static void tell(struct report *report, struct slice answer, enum lychgate_outcome outcome,
                 const struct fault *fault)
{
    struct lychgate_problem problem;
    struct lychgate_event event = {
        .step = report->step,
        .asked = arena_string(report->arena, report->asked),
        .whom = arena_string(report->arena, report->whom),
        .answer = arena_string(report->arena, answer),
        .outcome = outcome,
        .spent_us = clock_monotonic_us() - report->began_us,
        .number = report->number ? report->number : "",
    };
    if (fault) {
        problem = problem_of(report, fault, report->arena);
        event.problem = &problem;
    }
    if (report->event)
        report->event(report->arg, &event);
    report->step = NULL;
}

void report_good(struct report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice answer = arena_printv(report->arena, format, args);
    va_end(args);
    tell(report, answer, LYCHGATE_GOOD, NULL);
}

void report_noted(struct report *report, const struct fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice answer = arena_printv(report->arena, format, args);
    va_end(args);
    tell(report, answer, LYCHGATE_NOTED, fault);
}

/* The first line of what came says most of the time what it was. */
static struct slice first_line(struct slice bytes)
{
    struct slice line = bytes, rest;
    slice_cut(bytes, '\n', &line, &rest);
    return slice_head(slice_trim(line), 120);
}

void report_bad(struct report *report, const char *step, enum lychgate_outcome outcome,
                const struct fault *fault)
{
    if (!report->step)
        open_step(report, step);
    tell(report, first_line(report->received), outcome, fault);
}

void report_tell(const struct report *report, const struct report_told *told)
{
    struct report aside;
    report_init(&aside, report->event, report->arg);
    open_step(&aside, told->step);
    aside.number = report->number;
    if (told->began_us)
        aside.began_us = told->began_us;
    report_whom(&aside, told->whom);
    report_received(&aside, told->received);
    aside.asked = told->asked;
    tell(&aside, told->answer ? slice_of(told->answer) : first_line(told->received), told->outcome,
         told->fault);
    report_fini(&aside);
}

void report_date(struct report *report, int64_t server_now, int64_t now)
{
    /* A Date has whole seconds: half of one is the best guess. */
    report->skew_ms = server_now + 500 - now;
    report->skew_known = true;
}
