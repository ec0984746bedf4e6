/* Time. Protocol code has no clock: it takes `now` as an argument, in
 * milliseconds since 1970-01-01 UTC. Only programs and net/ call clock_now(). */
#ifndef LYCHGATE_BASE_CLOCK_H
#define LYCHGATE_BASE_CLOCK_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* Wall clock in milliseconds since the epoch, plus the laboratory offset. */
int64_t clock_now(void);

/* Milliseconds that never go back; for durations and timers only. */
int64_t clock_monotonic(void);

/* Microseconds that never go back; for measurements. */
int64_t clock_monotonic_us(void);

/* Let clock_now() run ahead by so many milliseconds (laboratories and tests:
 * a server whose clock is wrong). Set once at start. */
void clock_set_offset(int64_t ms);

/* "2026-11-21T22:05:00Z"; whole seconds, or with milliseconds (".123Z"). */
struct slice clock_print_iso(struct arena *arena, int64_t ms);
struct slice clock_print_iso_ms(struct arena *arena, int64_t ms);

/* Read an xsd:dateTime: fraction optional, zone "Z" or +hh:mm, none means UTC.
 * Returns 0 or -ERR_MALFORMED. */
int clock_parse_iso(struct slice text, int64_t *ms_out);

/* "Sat, 21 Nov 2026 22:05:00 GMT" (RFC 7231 section 7.1.1.1; SIP uses the same). */
struct slice clock_print_http(struct arena *arena, int64_t ms);

/* Read that form. Returns 0 or -ERR_MALFORMED. */
int clock_parse_http(struct slice text, int64_t *ms_out);

#endif
