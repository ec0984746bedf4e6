/* Secrets: wiped where they were copied, compared in constant time, never
 * logged. A struct secret owns its bytes and wipes them when freed. */
#ifndef LYCHGATE_BASE_SECRET_H
#define LYCHGATE_BASE_SECRET_H

#include "base/memory.h"
#include "base/slice.h"

struct secret {
    char *at; /* owned; a NUL follows, so it can be used as a string */
    size_t len;
};

#define SECRET_INIT                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

/* Overwrite memory in a way the compiler may not leave out. */
void secret_wipe(void *at, size_t len);

/* Equal content? Takes the same time wherever they differ; lengths may show. */
bool secret_eq(struct slice a, struct slice b);

/* Make *secret a copy of s (wiping what it held). */
void secret_set(struct secret *secret, struct slice s);

/* Wipe, then free; may be used again. */
void secret_free(struct secret *secret);

struct slice secret_slice(const struct secret *secret);

static inline void scoped_secret_free(struct secret *secret)
{
    secret_free(secret);
}

#endif
