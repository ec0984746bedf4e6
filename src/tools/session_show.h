/* What commands show of a session: settings, contacts, people. */
#ifndef LYCHGATE_TOOLS_SESSION_SHOW_H
#define LYCHGATE_TOOLS_SESSION_SHOW_H

#include "base/buf.h"
#include "lychgate/session.h"

#include <jansson.h>

/* What the server set for this user, in words; contacts by group with presence. */
void session_show(struct buf *out, const struct lychgate *gate, bool colour);
void session_show_settings(struct buf *out, const struct lychgate *gate);
void session_show_contacts(struct buf *out, const struct lychgate *gate, bool colour);

/* A person on one line (with its newline): state, address, name, activity, note. */
void session_show_person(struct buf *out, const struct lychgate_presence *presence,
                         const char *alias, bool colour);

/* {"granted":[...],"settings":{GROUP:{NAME:VALUE}},"groups":[...],"contacts":[...]}; contacts
 * have "address", "alias", "groups", "presence". */
json_t *session_json(const struct lychgate *gate);
json_t *session_settings_json(const struct lychgate *gate);
json_t *session_contacts_json(const struct lychgate *gate);
json_t *session_contact_json(const struct lychgate_contact *contact);

/* {"address","name","state","availability","activity","note","out_of_office","device",
 *  "title",...,"last_active","refused"}; null for NULL. */
json_t *session_person_json(const struct lychgate_presence *presence);

#endif
