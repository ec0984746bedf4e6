#include "base/slice.h"

#include "base/fault.h"

#include <string.h>

struct slice slice_of(const char *string)
{
    return (struct slice){.at = string, .len = string ? strlen(string) : 0};
}

struct slice slice_make(const void *at, size_t len)
{
    return (struct slice){.at = at, .len = len};
}

static char fold(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (fold(a.at[i]) != fold(b.at[i]))
            return false;
    return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
    return slice_eq_nocase(slice_head(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

bool slice_ends_nocase(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_eq_nocase(slice_from(s, s.len - suffix.len), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

struct slice slice_from(struct slice s, size_t from)
{
    if (from > s.len)
        from = s.len;
    return (struct slice){.at = s.at ? s.at + from : NULL, .len = s.len - from};
}

struct slice slice_head(struct slice s, size_t len)
{
    return (struct slice){.at = s.at, .len = len < s.len ? len : s.len};
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && blank(s.at[0]))
        s = slice_from(s, 1);
    while (s.len > 0 && blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

ptrdiff_t slice_index(struct slice s, char byte)
{
    const char *hit = s.len ? memchr(s.at, byte, s.len) : NULL;
    return hit ? hit - s.at : -1;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
    if (needle.len == 0)
        return 0;
    const char *hit = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return hit ? hit - s.at : -1;
}

bool slice_cut(struct slice s, char separator, struct slice *head_out, struct slice *tail_out)
{
    ptrdiff_t at = slice_index(s, separator);
    *head_out = at < 0 ? s : slice_head(s, (size_t)at);
    *tail_out = at < 0 ? (struct slice){0} : slice_from(s, (size_t)at + 1);
    return at >= 0;
}

bool slice_next(struct slice *list, char separator, struct slice *item_out)
{
    while (list->len > 0) {
        struct slice item;
        slice_cut(*list, separator, &item, list);
        *item_out = slice_trim(item);
        if (item_out->len > 0)
            return true;
    }
    return false;
}

int slice_number(struct slice s, uint64_t max, uint64_t *number_out)
{
    uint64_t number = 0;
    if (s.len == 0)
        return -ERR_MALFORMED;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return -ERR_MALFORMED;
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (number > (max - digit) / 10 || digit > max)
            return -ERR_MALFORMED;
        number = number * 10 + digit;
    }
    *number_out = number;
    return 0;
}

static const uint64_t fnv_basis = 0xcbf29ce484222325U;
static const uint64_t fnv_prime = 0x100000001b3U;

uint64_t slice_hash(struct slice s)
{
    uint64_t hash = fnv_basis;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (uint8_t)s.at[i]) * fnv_prime;
    return hash;
}

uint64_t slice_hash_nocase(struct slice s)
{
    uint64_t hash = fnv_basis;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (uint8_t)fold(s.at[i])) * fnv_prime;
    return hash;
}

enum {
    NAME_MOST = 40
};

size_t slice_distance(struct slice a, struct slice b)
{
    size_t row[NAME_MOST + 1];
    if (a.len > NAME_MOST || b.len > NAME_MOST)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replace = diagonal + (a.at[i - 1] != b.at[j - 1]);
            diagonal = row[j];
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replace < other ? replace : other;
        }
    }
    return row[b.len];
}
