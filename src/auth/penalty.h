/* Wrong passwords make the next answers slow, never impossible: nobody can lock
 * the right user out from elsewhere. Counted twice: for the address that the
 * request came from (it tries many users), and for that address together with
 * the user (it tries many passwords). A user alone is never counted.
 *
 * Bounded memory, safe from any thread (one mutex, held for a look-up). */
#ifndef LYCHGATE_AUTH_PENALTY_H
#define LYCHGATE_AUTH_PENALTY_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

struct penalty;

struct penalty_options {
    size_t entries;    /* most keys remembered, two an attempt; default 16384 (40 bytes each) */
    int64_t max_ms;    /* longest delay; default 15 s */
    int64_t forget_ms; /* a quiet time after which one failure is forgotten; default 60 s */
    unsigned free_per_address; /* failures of one address, over all users, that cost nothing:
                                  many users share a NAT; default 10 */
};

/* options NULL: the defaults. Never NULL. */
struct penalty *penalty_new(const struct penalty_options *options);
void penalty_free(struct penalty *penalty);

/* How many milliseconds the answer to this attempt must be held back: 0, or 1000,
 * 2000, 4000 ... max_ms after the last answer to the same pair. Ask before the
 * password is checked, and hold back right and wrong answers alike, or the delay
 * would tell which it was. -ERR_BUSY: too many of this pair wait already; answer
 * FINDING_TOO_MANY_ATTEMPTS at once and do not check.
 *
 * `address`: text of the client's IPv4 or IPv6 address as the listener, or a
 * trusted proxy, names it. IPv6 counts by /64, since a home gets 2^64 addresses. */
int64_t penalty_delay(struct penalty *penalty, struct slice address, struct slice user,
                      int64_t now);

/* The password was wrong. Returns the delay of the next attempt. The last wrong
 * password of a pair, said again, is no new guess and counts once: clients repeat
 * themselves (SIPE four times in one sign-in). Only a MAC of it is kept. An absent
 * password is always a new one. */
int64_t penalty_failed(struct penalty *penalty, struct slice address, struct slice user,
                       struct slice password, int64_t now);

/* The password was right: the pair is forgiven, the address is not (or one good
 * account would buy an attacker as many guesses as he likes at the others). */
void penalty_succeeded(struct penalty *penalty, struct slice address, struct slice user,
                       int64_t now);

SCOPED_FREE(penalty, struct penalty, penalty_free)

#endif
