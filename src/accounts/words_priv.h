/* How the index of words is kept. */
#ifndef LYCHGATE_ACCOUNTS_WORDS_PRIV_H
#define LYCHGATE_ACCOUNTS_WORDS_PRIV_H

#include "accounts/words.h"

/* Step 2 of accounts_schema. */
extern const char words_step[];

enum words_kind {
    WORDS_KIND_NAME, /* also as digits of a dial pad */
    WORDS_KIND_TEXT,
    WORDS_KIND_ADDRESS, /* parts after the @ are no words of their own: all colleagues have them */
    WORDS_KIND_PHONE,
};

/* The numbers of fields in the index: a bit of words_term.fields. Never changed. */
enum {
    WORDS_FIELD_ADDRESS = 0,
    WORDS_FIELD_DISPLAY_NAME = 1,
    WORDS_FIELD_CARD = 2,
};

/* Inside a write: the words of one field of an account are those of `text` (absent: none). */
int words_put(struct store_db *db, int64_t account, int field, enum words_kind kind,
              struct slice text, struct fault *fault);

/* Index the accounts that an older version stored. Cheap when there are none. */
int words_catch_up(struct store *store, struct store_reader *reader, struct fault *fault);

#endif
