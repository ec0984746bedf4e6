#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_fill(void *to, size_t len)
{
    char *at = to;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            perror("lychgate: getrandom");
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

uint32_t random_below(uint32_t below)
{
    uint64_t wide;
    random_fill(&wide, sizeof wide);
    return (uint32_t)(wide % below);
}

struct slice random_hex(struct arena *arena, size_t digits)
{
    char *p = arena_alloc(arena, digits + 1);
    for (size_t i = 0; i < digits; i += 8) {
        uint32_t word;
        random_fill(&word, sizeof word);
        for (size_t k = i; k < i + 8 && k < digits; k++, word >>= 4)
            p[k] = "0123456789abcdef"[word & 15];
    }
    return slice_make(p, digits);
}
