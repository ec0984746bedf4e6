/* Memory with the lifetime of a message. Everything that belongs to one
 * request or reply lives in one arena and is dropped whole when the reply is
 * queued: no free calls in parsers or handlers at all.
 *
 * Allocation does not fail: sizes that a peer chooses pass a limit in the
 * parser before they get here, and a daemon that is really out of memory ends
 * with a message rather than limp. */
#ifndef LYCHGATE_BASE_ARENA_H
#define LYCHGATE_BASE_ARENA_H

#include "base/memory.h"
#include "base/slice.h"

#include <stdarg.h>

struct arena;

/* A new arena. Its first block is small (1 KiB); blocks double up to 64 KiB. */
struct arena *arena_new(void);

/* Drop all that was allocated, keep the first block for the next message. */
void arena_reset(struct arena *arena);

/* Free the arena and all in it; NULL is fine. */
void arena_free(struct arena *arena);

/* The same for an arena that held secrets (a request with a password in it): its
 * memory is overwritten first. */
void arena_free_wiped(struct arena *arena);

/* Zeroed memory, aligned for any object. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

#define arena_new_of(arena, type)       ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

/* Zeroed memory for count objects; aborts when the product overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* A copy of a slice; it is followed by a NUL, so that `.at` can also be used as
 * a string. An absent slice stays absent. */
struct slice arena_copy(struct arena *arena, struct slice s);

/* The same as a string; "" for an absent slice. */
char *arena_string(struct arena *arena, struct slice s);

/* Formatted text, NUL-terminated after its end. */
struct slice arena_print(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_printv(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0), nonnull(2)));

/* Bytes the arena holds from the system (for memory figures). */
size_t arena_footprint(const struct arena *arena);

SCOPED_FREE(arena, struct arena, arena_free)

#endif
