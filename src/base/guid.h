/* GUIDs as Microsoft's protocols use them: in memory the little-endian byte
 * order of the Windows GUID structure, in text the usual 8-4-4-4-12 form. */
#ifndef LYCHGATE_BASE_GUID_H
#define LYCHGATE_BASE_GUID_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

struct guid {
    uint8_t bytes[16];
};

/* A random (version 4) GUID. */
struct guid guid_new(void);

/* Lower-case text without braces. */
struct slice guid_print(struct arena *arena, const struct guid *guid);

/* Read it, either case, with or without braces; -ERR_MALFORMED otherwise. */
int guid_parse(struct slice text, struct guid *guid_out);

bool guid_eq(const struct guid *a, const struct guid *b);

#endif
