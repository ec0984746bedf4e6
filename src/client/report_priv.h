/* Telling what happens: one step open at a time, told to the caller when it ends. */
#ifndef LYCHGATE_CLIENT_REPORT_PRIV_H
#define LYCHGATE_CLIENT_REPORT_PRIV_H

#include "base/arena.h"
#include "base/fault.h"
#include "lychgate/lychgate.h"

enum {
    RECEIVED_MAX = 600 /* bytes of what came that are shown */
};

struct report {
    lychgate_event_fn *event;
    void *arg;
    struct arena *arena; /* of the open step */
    const char *step;    /* NULL: none is open */
    const char *number;  /* of all steps from now on; NULL: none */
    struct slice asked, whom, received;
    int64_t began_us;
    struct lychgate_problem problem; /* of the last failure; strings in problem_arena */
    struct arena *problem_arena;
    /* The clocks, as far as Date headers told. */
    bool skew_known, skew_told;
    int64_t skew_ms; /* the server's minus ours */
};

void report_init(struct report *report, lychgate_event_fn *event, void *arg);
void report_fini(struct report *report);

/* Open a step (the one that is open is dropped); `step` is a literal. */
void report_begin(struct report *report, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Who is asked, and what came: shown if the step fails. */
void report_whom(struct report *report, struct slice whom);
void report_received(struct report *report, struct slice bytes);

/* It ended well. */
void report_good(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* It ended well, with something odd about it. */
void report_noted(struct report *report, const struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* It ended otherwise; `step` names it if none is open. */
void report_bad(struct report *report, const char *step, enum lychgate_outcome outcome,
                const struct fault *fault);

/* A step that is over, told beside the one that is open. */
struct report_told {
    const char *step;
    struct slice asked, whom, received;
    int64_t began_us; /* 0: it took no time */
    enum lychgate_outcome outcome;
    const struct fault *fault; /* NULL when GOOD */
    const char *answer;        /* NULL: the first line received */
};

void report_tell(const struct report *report, const struct report_told *told);

/* Keep *fault as the problem that lychgate_problem() tells. */
void report_keep_problem(struct report *report, const struct fault *fault);

/* A Date header came: how far are the clocks apart? */
void report_date(struct report *report, int64_t server_now, int64_t now);

#endif
