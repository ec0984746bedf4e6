/* A fleet: many handsets on one loop, of whom at most `window` are busy at once. The calls
 * run the loop until their work is done; they are the acts of a measurement. */
#ifndef LYCHGATE_BENCH_FLEET_H
#define LYCHGATE_BENCH_FLEET_H

#include "bench/handset.h"

struct fleet;

struct fleet_options {
    const struct stage *stage; /* borrowed; has at least `size` users, with passwords */
    size_t size;
    size_t window;
    struct bench_series *steps[HANDSET_STEPS]; /* borrowed; NULL: not recorded */
};

int fleet_open(const struct fleet_options *options, struct fleet **fleet_out, struct fault *fault);
void fleet_close(struct fleet *fleet);
SCOPED_FREE(fleet, struct fleet, fleet_close)

/* What so many, from `first` on, do one step behind the other. */
struct fleet_act {
    size_t first, count;
    enum handset_step from, to; /* to: the last one, too */
    const char *word;           /* of handset_ask() */
    bool leave;                 /* each goes when it has done it */
};

/* Play it until all have; they must be connected, or the act begins with HANDSET_CONNECT.
 * Returns how many did it all. */
size_t fleet_play(struct fleet *fleet, const struct fleet_act *act);

/* Let the first `count` poll, each asking anew when it is answered, until nobody has been
 * answered for quiet_ms. From then on they poll whatever else happens. */
void fleet_poll(struct fleet *fleet, size_t count, int64_t quiet_ms);

/* An event, and the polls that it wakes. */
struct fleet_wake {
    size_t teller; /* who asks, and does not poll */
    enum handset_step step;
    const char *word;
    size_t first, count;               /* the polls that it concerns */
    struct bench_series *first_answer; /* from the request to the first answer; may be NULL */
    struct bench_series *each;         /* from the request to each, or */
    struct bench_series *after; /* from the first answer to each of the others; may be NULL */
    int64_t quiet_ms;           /* afterwards nobody is answered for so long */
};

/* Let it happen, and wait until all of them have heard something. -ERR_IO: silence. */
int fleet_wake(struct fleet *fleet, const struct fleet_wake *wake, struct fault *fault);

/* Has a poll of his brought an invitation? */
bool fleet_invited(const struct fleet *fleet, size_t who);

/* Do nothing for so long, but notice who is cut off and go on polling. */
void fleet_rest(struct fleet *fleet, int64_t ms);

/* How many polls are held just now; how many have failed, and the first reason. */
size_t fleet_held(const struct fleet *fleet);
size_t fleet_lost(const struct fleet *fleet, struct fault *first_out);

#endif
