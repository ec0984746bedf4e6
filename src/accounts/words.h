/* The index that people are found by: the words of names, addresses and telephone
 * numbers, folded (words_fold), each kept with the account and the field it came from.
 * A search is a range of that index, however many accounts there are. */
#ifndef LYCHGATE_ACCOUNTS_WORDS_H
#define LYCHGATE_ACCOUNTS_WORDS_H

#include "accounts/card.h"

enum {
    WORDS_TERMS_MAX = 8 /* terms of one search; more are an error of the caller */
};

/* Which words a term is compared with: a set of these. */
#define WORDS_OF_ADDRESS      ((uint64_t)1 << 0)
#define WORDS_OF_DISPLAY_NAME ((uint64_t)1 << 1)
uint64_t words_of_card(enum card_field field);

struct words_term {
    struct slice text; /* as it was typed; folded here */
    uint64_t fields;
    bool whole;    /* the word is the text, not only begins with it */
    bool dial_pad; /* digits stand for the letters on a dial pad: 2 is a, b or c; names only */
};

/* For comparison: lower case, accents off (Latin, Greek, Cyrillic, Armenian), telephone numbers
 * only their digits. In the arena. */
struct slice words_fold(struct arena *arena, struct slice text);

/* The accounts that may sign in and match every term, at most `limit`; which ones, when
 * there are more, is not said. Terms are single words; what was typed with blanks is several.
 * -ERR_LIMIT is the caller's mistake: more than WORDS_TERMS_MAX. */
int words_search(struct store_reader *reader, const struct words_term *terms, size_t count,
                 size_t limit, struct arena *arena, int64_t **accounts_out, size_t *count_out,
                 struct fault *fault);

#endif
