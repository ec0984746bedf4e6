/* The client's half of roaming contacts ([MS-SIP] sections 2.2.4.1, 3.7): what the
 * server tells of the list, and edits of it. */
#ifndef LYCHGATE_CONTACTS_READ_H
#define LYCHGATE_CONTACTS_READ_H

#include "contacts/contacts.h"

enum {
    CONTACTS_READ_MAX = 10000 /* contacts that we take from a server */
};

/* Read a contactList, or a contactDelta that changes *before (NULL: none is known yet).
 * *after_out and all its parts are the arena's; *before stays as it is. URIs count with
 * and without "sip:". A contact whose URI is no address, and a group beyond the limits,
 * are passed over. Returns 0, or
 *   -ERR_CONFLICT   CONTACTS_STALE: a delta for another list than *before; subscribe again
 *   -ERR_MALFORMED  CONTACTS_MALFORMED: another document, no deltaNum
 *   -ERR_LIMIT      CONTACTS_FULL: more contacts than we take
 *   XML_* */
int contacts_read(struct slice body, const struct contacts_list *before, struct arena *arena,
                  struct contacts_list **after_out, struct fault *fault);

/* Append the body of the SERVICE that asks for a change; change->before is the number of
 * the list that it is made to, `after`, `added` and the account's are not looked at. */
void contacts_ask(const struct contacts_change *change, struct buf *out);

/* The number of the new group, from the answer to CONTACTS_ADD_GROUP. -ERR_MALFORMED
 * (CONTACTS_MALFORMED); XML_*, SOAP_*. */
int contacts_read_group_id(struct slice body, unsigned *id_out, struct fault *fault);

#endif
