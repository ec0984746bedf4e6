/* People: what a client does behind its sign-in, as SIPE does it (session.md section 1):
 * ask for its contact list and its own publications, publish, and subscribe to the
 * presence of its contacts. An act of a crowd, one step behind the other. */
#ifndef LYCHGATE_BENCH_PEOPLE_H
#define LYCHGATE_BENCH_PEOPLE_H

#include "bench/crowd.h"

enum people_step {
    PEOPLE_LIST,    /* SUBSCRIBE vnd-microsoft-roaming-contacts */
    PEOPLE_SELF,    /* SUBSCRIBE vnd-microsoft-roaming-self */
    PEOPLE_PUBLISH, /* SERVICE: device, machine state, user state, note */
    PEOPLE_WATCH,   /* SUBSCRIBE presence, in one batch */
    PEOPLE_STEPS
};

/* "contact_list", "own_presence", ... */
const char *people_step_name(enum people_step step);

struct people_options {
    size_t first, count;      /* who of the crowd; count 0: all from `first` on */
    bool steps[PEOPLE_STEPS]; /* what they do of it */
    struct slice watched;     /* PEOPLE_WATCH: this one account; absent: all on one's list */
    struct bench_series *series[PEOPLE_STEPS]; /* from question to answer; NULL: not recorded */
};

/* Sizes of the last answers, to say what was measured. */
struct people_seen {
    size_t contacts;            /* on the last list */
    size_t shown;               /* people in the last answer to PEOPLE_WATCH */
    size_t bytes[PEOPLE_STEPS]; /* bodies */
};

/* Let them do it. 0, or -ERR_IO with the first refusal: an answer that is not 200, a list
 * that cannot be read, an answer about fewer people than were asked for. */
int people_settle(struct crowd *crowd, const struct people_options *options,
                  struct people_seen *seen_out, struct fault *fault);

/* Have this one publish his machine's state once more; `version` is what the server has. */
void people_change(struct actor *actor, uint32_t version, int availability);

#endif
