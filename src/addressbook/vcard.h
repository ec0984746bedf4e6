/* People as vCards, the form in which address books of all kinds take them ([RFC 2426];
 * [RFC 4770] for the SIP address). */
#ifndef LYCHGATE_ADDRESSBOOK_VCARD_H
#define LYCHGATE_ADDRESSBOOK_VCARD_H

#include "accounts/account.h"
#include "accounts/card.h"
#include "base/buf.h"

#define VCARD_TYPE "text/vcard; charset=utf-8"

/* Append the vCard 3.0 of an account with its card. `photo_url`: absent for none. */
void vcard_print(const struct account *account, const struct card *card, struct slice photo_url,
                 struct buf *out);

#endif
