/* Contact lists as files. CSV (RFC 4180) with a header line:
 *
 *   address,name,groups,subscribed,external_uri,extension
 *   bob@contoso.test,Bob,Team;Friends,true,,
 *   ,,Empty group,,,
 *
 * Columns may come in any order; only `address` must be there. Group names are split
 * at ';' (a backslash before ; and \ in a name); a line without an address declares
 * groups. JSON holds all that a list holds:
 *
 *   {"groups": [{"name": "Team", "externalURI": ""}],
 *    "contacts": [{"address": "bob@contoso.test", "name": "Bob", "groups": ["Team"],
 *                  "subscribed": true, "externalURI": "", "extension": ""}]}
 *
 * Groups are named, not numbered: an import makes new numbers. A contact in no group
 * comes into "~". Pure functions; no file is touched. */
#ifndef LYCHGATE_CONTACTS_EXCHANGE_H
#define LYCHGATE_CONTACTS_EXCHANGE_H

#include "contacts/list.h"

enum {
    CONTACTS_FILE_MAX = 8 * 1024 * 1024
};

/* Append the list. */
void contacts_print_csv(const struct contacts_list *list, struct buf *out);
void contacts_print_json(const struct contacts_list *list, struct buf *out);

/* Read a list into the arena; its delta is 1. At most contacts_max contacts. Returns
 * 0, or -ERR_MALFORMED or -ERR_LIMIT with CONTACTS_FILE (or the finding of a text that
 * is too long); the detail names the line. A contact or group twice is an error. */
int contacts_parse_csv(struct slice text, size_t contacts_max, struct arena *arena,
                       struct contacts_list **list_out, struct fault *fault);
int contacts_parse_json(struct slice text, size_t contacts_max, struct arena *arena,
                        struct contacts_list **list_out, struct fault *fault);

#endif
