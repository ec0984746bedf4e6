/* How fast the parser is: one 1,400-byte Lync REGISTER, all headers that a
 * registrar needs. Used by `lychgate bench parse`; tests/bench/parse_peers.c sets
 * libosip2 and sofia-sip beside it. */
#ifndef LYCHGATE_SIP_BENCH_H
#define LYCHGATE_SIP_BENCH_H

#include "base/slice.h"

/* The message that is parsed; our own text in the shape Lync clients send. */
struct slice sip_bench_message(void);

struct sip_bench_result {
    double parse_us; /* median of the rounds: sip_parse() and reading the fields */
    double frame_us; /* the same for sip_frame() */
    double best_us;  /* the best and worst round of the parser */
    double worst_us;
};

/* Parse it `count` times in each of `rounds` rounds (at most 64). Returns 0, or
 * -ERR_INTERNAL when a round did not read what is in the message. */
int sip_bench_parse(unsigned rounds, unsigned count, struct sip_bench_result *result);

/* Read all that a registrar needs; false if anything is missing. (One iteration.) */
bool sip_bench_once(struct slice bytes);

#endif
