/* The two habits of memory that every file shares: allocation that does not
 * return NULL, and locals that free themselves at the end of their block. */
#ifndef LYCHGATE_BASE_MEMORY_H
#define LYCHGATE_BASE_MEMORY_H

#include <stddef.h>

/* malloc, calloc and strdup that end the program instead of returning NULL. */
void *must_alloc(size_t size);
void *must_calloc(size_t count, size_t size);
void *must_realloc(void *old, size_t size);
char *must_strdup(const char *string);

/* End the program because `size` bytes are not to be had. */
void memory_exhausted(size_t size) __attribute__((noreturn));

/* `scoped(arena) struct arena *a = arena_new();` frees at the end of the block;
 * a room offers it for its own type with SCOPED_FREE(noun, type, free). */
#define SCOPED_FREE(noun, type, free_fn)                                                           \
    static inline void scoped_##noun##_free(type **p)                                              \
    {                                                                                              \
        free_fn(*p);                                                                               \
    }
#define scoped(noun) __attribute__((cleanup(scoped_##noun##_free)))

/* Hand a scoped pointer over: yields it and clears the variable. */
#define take(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(*(p)) taken_ = *(p);                                                            \
        *(p) = NULL;                                                                               \
        taken_;                                                                                    \
    })

#endif
