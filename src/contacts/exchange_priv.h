/* What reading CSV and JSON have in common. */
#ifndef LYCHGATE_CONTACTS_EXCHANGE_PRIV_H
#define LYCHGATE_CONTACTS_EXCHANGE_PRIV_H

#include "contacts/exchange.h"

struct exchange {
    struct arena *arena;
    struct contacts_list *list;
    size_t contacts_max;
};

/* Start an empty list; a file over CONTACTS_FILE_MAX is refused. */
int exchange_begin(struct exchange *exchange, struct slice text, size_t contacts_max,
                   struct arena *arena, struct fault *fault);

/* "line 7: WHAT" with CONTACTS_FILE; a line of 0 is left out. Returns -err. */
int exchange_wrong(struct fault *fault, enum err err, long line, const char *what);

/* Set the bit of the group of that name, which is made if it is not there yet (its id
 * is chosen). */
int exchange_group(struct exchange *exchange, const struct contacts_group *group, long line,
                   uint64_t *groups_out, struct fault *fault);

/* Add a contact: its uri as somebody wrote it, texts that stay. */
int exchange_contact(struct exchange *exchange, const struct contacts_contact *contact, long line,
                     struct fault *fault);

#endif
