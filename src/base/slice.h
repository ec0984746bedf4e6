/* A slice: bytes that somebody else owns. Parsers hand out slices of the
 * message they read; nothing is copied to fixed arrays. A slice is not
 * NUL-terminated and may hold any byte. */
#ifndef LYCHGATE_BASE_SLICE_H
#define LYCHGATE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *at; /* NULL: absent, as opposed to present and empty */
    size_t len;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){.at = "" literal, .len = sizeof(literal) - 1})

/* For printf: printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).len, ((s).at ? (s).at : "")

/* A slice over a NUL-terminated string; an absent slice for NULL. */
struct slice slice_of(const char *string);

/* A slice over len bytes. */
struct slice slice_make(const void *at, size_t len);

/* True if the slice points nowhere (a header or attribute that is not there). */
static inline bool slice_absent(struct slice s)
{
    return s.at == NULL;
}

static inline bool slice_empty(struct slice s)
{
    return s.len == 0;
}

/* Byte-wise comparison; an absent slice equals an empty one. */
bool slice_eq(struct slice a, struct slice b);

/* The same, ignoring ASCII case (SIP and HTTP names, domains). */
bool slice_eq_nocase(struct slice a, struct slice b);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_ends_nocase(struct slice s, struct slice suffix);

/* Order as memcmp does, the shorter first when one begins the other. */
int slice_cmp(struct slice a, struct slice b);

/* Everything from byte `from` on; empty when that is past the end. */
struct slice slice_from(struct slice s, size_t from);

/* At most the first `len` bytes. */
struct slice slice_head(struct slice s, size_t len);

/* Without leading and trailing blanks, tabs, CR and LF. */
struct slice slice_trim(struct slice s);

/* Index of the first occurrence, or -1. */
ptrdiff_t slice_index(struct slice s, char byte);
ptrdiff_t slice_find(struct slice s, struct slice needle);

/* Cut s at the first `separator`: the part before it goes to *head_out, the
 * part after it to *tail_out. Without a separator all of s is head, tail is
 * absent, and the answer is false. */
bool slice_cut(struct slice s, char separator, struct slice *head_out, struct slice *tail_out);

/* Take the next item of a list such as "a, b,c": trimmed, empty items passed
 * over. False when the list is spent. */
bool slice_next(struct slice *list, char separator, struct slice *item_out);

/* A whole slice as a decimal number, no sign, no blanks. Returns 0, or
 * -ERR_MALFORMED when it is none or exceeds max. */
int slice_number(struct slice s, uint64_t max, uint64_t *number_out);

/* Hash for tables (FNV-1a, 64 bit); _nocase folds ASCII case first. Not for
 * keys that a stranger chooses in a table without a limit. */
uint64_t slice_hash(struct slice s);
uint64_t slice_hash_nocase(struct slice s);

/* How many letters must be changed, added or left out to make b of a
 * (Levenshtein), for "did you mean"; SIZE_MAX for names over 40 bytes. */
size_t slice_distance(struct slice a, struct slice b);

#endif
