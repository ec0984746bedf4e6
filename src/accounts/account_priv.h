/* What the files of this room share. */
#ifndef LYCHGATE_ACCOUNTS_ACCOUNT_PRIV_H
#define LYCHGATE_ACCOUNTS_ACCOUNT_PRIV_H

#include "accounts/account.h"

struct accounts {
    struct store *store; /* borrowed */
    struct store_reader *reader;
    char *default_domain; /* lower case; "" for none */
    unsigned certificates_per_account;
};

/* ASCII lower case, in the arena. */
struct slice account_lower(struct arena *arena, struct slice text);

/* "no such account: ..." with FINDING_UNKNOWN_USER. */
int account_unknown(struct fault *fault, struct slice name);

/* What is wrong with a text that people see (too long, no UTF-8, control characters);
 * NULL: nothing. */
const char *account_text_trouble(struct slice text);

#endif
