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

/* The same for the first `count` only, who stay; those of them who are in already pass. */
void crowd_sign_in_first(struct crowd *crowd, size_t count);

/* Let everybody refresh again and again, one request under way each, for so long.
 * Returns how many answers came within that time. */
size_t crowd_press(struct crowd *crowd, int64_t ms);

/* Let everybody refresh once; returns how many endpoints the server still knew. */
size_t crowd_review(struct crowd *crowd);

/* An act of somebody else's making. */
struct crowd_act {
    size_t first, count; /* who has a turn in it; count 0: all from `first` on */
    /* His turn: ask something. False: he has nothing to do. */
    bool (*begin)(void *arg, struct actor *actor, size_t who);
    /* As actor_handler's, for everybody, also those without a turn. May be NULL. */
    void (*on_answer)(void *arg, struct actor *actor, size_t who, const struct sip_message *answer);
    void (*on_request)(void *arg, struct actor *actor, size_t who,
                       const struct sip_message *request);
    void *arg;
};

/* Play it until all turns are over, or nobody has heard anything for half a minute. */
void crowd_play(struct crowd *crowd, const struct crowd_act *act);

/* In on_answer and on_request: his turn is over; the whole act has failed. */
void crowd_done(struct crowd *crowd, size_t who);
void crowd_give_up(struct crowd *crowd, const struct fault *why);

/* One of those who are there; NULL: he is gone. */
struct actor *crowd_actor(const struct crowd *crowd, size_t who);

/* Do nothing for so long, but notice who is cut off. */
void crowd_rest(struct crowd *crowd, int64_t ms);

size_t crowd_size(const struct crowd *crowd);

/* How many have signed in; how many of all have failed since, and the first reason. */
size_t crowd_registered(const struct crowd *crowd);
size_t crowd_lost(const struct crowd *crowd, struct fault *first_out);

#endif
