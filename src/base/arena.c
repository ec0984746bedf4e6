#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BLOCK = 1024,
    LARGEST_BLOCK = 64 * 1024
};

struct block {
    struct block *next; /* older blocks */
    size_t size;        /* usable bytes */
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *newest;
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *b = must_alloc(sizeof *b + size);
    b->next = next;
    b->size = size;
    b->used = 0;
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = must_alloc(sizeof *a);
    a->newest = block_new(FIRST_BLOCK, NULL);
    return a;
}

void arena_reset(struct arena *arena)
{
    while (arena->newest->next) {
        struct block *old = arena->newest;
        arena->newest = old->next;
        free(old);
    }
    arena->newest->used = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    free(arena->newest);
    free(arena);
}

void arena_free_wiped(struct arena *arena)
{
    for (struct block *b = arena ? arena->newest : NULL; b; b = b->next)
        explicit_bzero(b->bytes, b->used);
    arena_free(arena);
}

/* The size that an allocation really takes: the next one must be aligned. */
static size_t arena_grain(size_t size)
{
    const size_t grain = alignof(max_align_t);
    return (size + grain - 1) / grain * grain;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        memory_exhausted(size);
    size = arena_grain(size);
    struct block *b = arena->newest;
    if (b->size - b->used < size) {
        size_t wanted = b->size * 2 < LARGEST_BLOCK ? b->size * 2 : LARGEST_BLOCK;
        b = arena->newest = block_new(size > wanted ? size : wanted, b);
    }
    void *p = b->bytes + b->used;
    b->used += size;
    return memset(p, 0, size);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        memory_exhausted(SIZE_MAX);
    return arena_alloc(arena, count * size);
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    if (slice_absent(s))
        return s;
    char *p = arena_alloc(arena, s.len + 1);
    if (s.len)
        memcpy(p, s.at, s.len);
    return slice_make(p, s.len);
}

char *arena_string(struct arena *arena, struct slice s)
{
    char *p = arena_alloc(arena, s.len + 1);
    if (s.len)
        memcpy(p, s.at, s.len);
    return p;
}

struct slice arena_printv(struct arena *arena, const char *format, va_list args)
{
    /* Nearly always the text fits behind what is there: then it is formatted once. */
    struct block *b = arena->newest;
    size_t room = b->size - b->used;
    char *there = b->bytes + b->used;
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(there, room, format, args);
    char *p;
    if (len >= 0 && arena_grain((size_t)len + 1) <= room) {
        b->used += arena_grain((size_t)len + 1);
        p = there;
    } else {
        len = len < 0 ? 0 : len;
        memset(there, 0, room); /* arena_free_wiped() wipes only what is in use */
        p = arena_alloc(arena, (size_t)len + 1);
        vsnprintf(p, (size_t)len + 1, format, again);
    }
    va_end(again);
    return slice_make(p, (size_t)len);
}

struct slice arena_print(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice s = arena_printv(arena, format, args);
    va_end(args);
    return s;
}

size_t arena_footprint(const struct arena *arena)
{
    size_t sum = sizeof *arena;
    for (const struct block *b = arena->newest; b; b = b->next)
        sum += sizeof *b + b->size;
    return sum;
}
