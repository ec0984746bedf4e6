/* A crowd: many actors on one loop, of whom at most `window` are busy at once. The
 * calls run the loop until their work is done; they are the acts of a measurement. */
#ifndef LYCHGATE_BENCH_CROWD_H
#define LYCHGATE_BENCH_CROWD_H

#include "bench/actor.h"
#include "bench/visit.h"

struct crowd;

struct crowd_options {
    const struct stage *stage; /* borrowed; has at least `size` users */
    size_t size;
    size_t window;
    bool visit; /* everybody first gets a certificate; else those of the stage are used */
    struct bench_series *steps[ACTOR_STEPS]; /* borrowed; NULL: not recorded */
    struct bench_series *visit_steps[VISIT_STEPS];
};

int crowd_open(const struct crowd_options *options, struct crowd **crowd_out, struct fault *fault);
void crowd_close(struct crowd *crowd);
SCOPED_FREE(crowd, struct crowd, crowd_close)

/* Let everybody sign in once, and stay or (leave) go at once. */
void crowd_sign_in(struct crowd *crowd, bool leave);

/* Let everybody refresh again and again, one request under way each, for so long.
 * Returns how many answers came within that time. */
size_t crowd_press(struct crowd *crowd, int64_t ms);

/* Let everybody refresh once; returns how many endpoints the server still knew. */
size_t crowd_review(struct crowd *crowd);

/* Do nothing for so long, but notice who is cut off. */
void crowd_rest(struct crowd *crowd, int64_t ms);

/* How many have signed in; how many of all have failed since, and the first reason. */
size_t crowd_registered(const struct crowd *crowd);
size_t crowd_lost(const struct crowd *crowd, struct fault *first_out);

#endif
