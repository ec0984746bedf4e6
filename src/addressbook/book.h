/* The whole address book as one file of vCards, for those who want it without asking for each
 * name: phones, address book programs, scripts. Made when it is asked for, then kept for a
 * while: whoever asks in between gets the same. Safe from all threads; blocks. */
#ifndef LYCHGATE_ADDRESSBOOK_BOOK_H
#define LYCHGATE_ADDRESSBOOK_BOOK_H

#include "accounts/account.h"
#include "site/site.h"

struct book;

enum {
    BOOK_FRESH_MS = 60 * 1000 /* how long it is kept */
};

/* `site` is borrowed. */
struct book *book_new(const struct site *site);
void book_free(struct book *book);

/* All accounts that are enabled, in order of address, and an entity-tag of what is in it
 * ([RFC 9110] section 8.8.3), both in the arena. -ERR_IO. */
int book_get(struct book *book, struct accounts *accounts, int64_t now, struct arena *arena,
             struct slice *bytes_out, struct slice *etag_out, struct fault *fault);

#endif
