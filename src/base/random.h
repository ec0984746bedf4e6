/* Random bytes from the kernel, and the identifiers made of them. */
#ifndef LYCHGATE_BASE_RANDOM_H
#define LYCHGATE_BASE_RANDOM_H

#include "base/arena.h"
#include "base/slice.h"

/* Fill with cryptographically strong bytes; ends the program if the kernel
 * refuses, since nothing safe can be done then. */
void random_fill(void *to, size_t len);

/* A number in [0, below). */
uint32_t random_below(uint32_t below);

/* `digits` random hexadecimal digits, lower case. */
struct slice random_hex(struct arena *arena, size_t digits);

#endif
