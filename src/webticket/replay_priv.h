/* What was seen before: a table of fixed size that remembers digests until a time.
 * Safe from any thread. */
#ifndef LYCHGATE_WEBTICKET_REPLAY_PRIV_H
#define LYCHGATE_WEBTICKET_REPLAY_PRIV_H

#include "base/memory.h"
#include "base/slice.h"

#include <stdint.h>

struct replay;

struct replay *replay_new(size_t entries);
void replay_free(struct replay *replay);

/* Was this seen, and is it still remembered at `now`? If not, it is from now on,
 * until `until` (ms); a full set forgets what ends first. */
bool replay_seen(struct replay *replay, struct slice what, int64_t until, int64_t now);

SCOPED_FREE(replay, struct replay, replay_free)

#endif
