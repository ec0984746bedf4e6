/* Searching the directory by SIP (directorySearch, as OCS 2005 had it): what SIPE falls
 * back to when the web query fails. No socket; reads the store, so worker threads only. */
#ifndef LYCHGATE_ADDRESSBOOK_DIRECTORY_H
#define LYCHGATE_ADDRESSBOOK_DIRECTORY_H

#include "accounts/account.h"
#include "sip/message.h"
#include "sip/reply.h"

/* Is it a SERVICE with a directorySearch in it? For dispatch: a cheap look. */
bool addressbook_is_directory_search(const struct sip_message *request);

/* Answer it: any signed-in user may search. Rows are those that match every attribute asked
 * for, 20 unless maxResults names another number, at most 1000. Fills the reply (a 200 from
 * sip_reply_init) or returns a negative enum err with ADDRESSBOOK_MALFORMED, XML_..., or the
 * store's failure. */
int addressbook_directory_search(struct accounts *accounts, const struct sip_message *request,
                                 struct sip_reply *reply, struct fault *fault);

#endif
