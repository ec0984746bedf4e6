#include "base/guid.h"

#include "base/fault.h"
#include "base/random.h"

#include <string.h>

struct guid guid_new(void)
{
    struct guid g;
    random_fill(g.bytes, sizeof g.bytes);
    g.bytes[7] = (uint8_t)((g.bytes[7] & 0x0f) | 0x40); /* version 4; time_hi is little-endian */
    g.bytes[8] = (uint8_t)((g.bytes[8] & 0x3f) | 0x80); /* variant 10 */
    return g;
}

/* Where each byte of the text form lies in memory. */
static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

struct slice guid_print(struct arena *arena, const struct guid *guid)
{
    char *p = arena_alloc(arena, 37), *to = p;
    for (size_t i = 0; i < 16; i++) {
        if (dash_before(i))
            *to++ = '-';
        *to++ = "0123456789abcdef"[guid->bytes[order[i]] >> 4];
        *to++ = "0123456789abcdef"[guid->bytes[order[i]] & 15];
    }
    return slice_make(p, 36);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int guid_parse(struct slice text, struct guid *guid_out)
{
    struct slice s = slice_trim(text);
    if (s.len == 38 && s.at[0] == '{' && s.at[37] == '}')
        s = slice_head(slice_from(s, 1), 36);
    if (s.len != 36)
        return -ERR_MALFORMED;
    const char *at = s.at;
    for (size_t i = 0; i < 16; i++) {
        if (dash_before(i) && *at++ != '-')
            return -ERR_MALFORMED;
        int high = digit(at[0]), low = digit(at[1]);
        if (high < 0 || low < 0)
            return -ERR_MALFORMED;
        guid_out->bytes[order[i]] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return 0;
}

bool guid_eq(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
