/* Roaming contacts ([MS-SIP] section 3.7): a user's list, edited by SERVICE, told to
 * all his endpoints. One object a home loop; no socket, no clock, no lock. The server
 * wires it so:
 *
 *   SUBSCRIBE, Event: vnd-microsoft-roaming-contacts
 *     contacts_known()? if not: contacts_load() on a worker, then contacts_adopt();
 *     then contacts_subscribe()
 *   SERVICE, Content-Type: application/SOAP+xml
 *     (known as above) contacts_plan(); on a worker contacts_commit(); then
 *     contacts_apply(). The user's other requests wait meanwhile. When the commit
 *     fails with -ERR_CONFLICT (somebody else wrote): load, adopt, refuse with its fault.
 *   an endpoint leaves               contacts_endpoint_lost()
 *   time passes                      contacts_expire()
 *   no endpoint is left              contacts_forget()
 *   store_changed()                  load and adopt the users that are known
 *
 * docs/contacts.md says what was decided where the specification is silent. */
#ifndef LYCHGATE_CONTACTS_CONTACTS_H
#define LYCHGATE_CONTACTS_CONTACTS_H

#include "contacts/list.h"
#include "registrar/registrar.h"
#include "sip/subscription.h"
#include "store/store.h"

#define CONTACTS_EVENT "vnd-microsoft-roaming-contacts"
#define CONTACTS_TYPE  "application/vnd-microsoft-roaming-contacts+xml"

struct contacts;

struct contacts_options {
    struct subscription_terms terms; /* its contact is borrowed */
    size_t contacts_max;             /* of one user; 0: CONTACTS_DEFAULT_MAX */
    unsigned subscriptions_max;      /* of one user; one more ends the oldest; 0: 16 */
};

struct contacts *contacts_new(const struct contacts_options *options);
void contacts_free(struct contacts *contacts);

/* ---- durable: worker threads -------------------------------------------------------- */

/* Needs accounts_schema before it. */
extern const struct store_schema contacts_schema;

/* The list of an account, in the arena: one consistent state. An account that never
 * had one gets contacts_list_new(). -ERR_IO (STORE_FAILED). */
int contacts_load(struct store_reader *reader, int64_t account_id, struct arena *arena,
                  struct contacts_list **list_out, struct fault *fault);

/* One edit, planned. Self-contained: all strings are the plan's arena's. */
enum contacts_edit {
    CONTACTS_SET_CONTACT,
    CONTACTS_DELETE_CONTACT,
    CONTACTS_ADD_GROUP,
    CONTACTS_MODIFY_GROUP,
    CONTACTS_DELETE_GROUP
};

struct contacts_change {
    enum contacts_edit edit;
    bool added; /* SET_CONTACT: it was not there before */
    int64_t account_id;
    struct slice account;
    uint32_t before, after;          /* delta numbers */
    struct contacts_contact contact; /* of the contact edits; deleting: only its uri */
    struct contacts_group group;     /* of the group edits; deleting: only its id */
};

/* Write it. Returns when it is on disk. -ERR_CONFLICT (CONTACTS_STALE): the stored
 * list is not at `before`; -ERR_IO (STORE_FAILED). */
int contacts_commit(struct store *store, const struct contacts_change *change, struct fault *fault);

/* Put a whole list in place of the stored one (import); its number is one more than
 * the stored one's. The server sees it by store_changed(). */
int contacts_replace(struct store *store, int64_t account_id, const struct contacts_list *list,
                     struct fault *fault);

/* ---- live: the home loop -------------------------------------------------------------- */

/* Is the user's list here? Accounts are "alice@contoso.test", lower case. */
bool contacts_known(const struct contacts *contacts, struct slice account);

/* Take a loaded list (copied). A user who is known already gets it instead of his old
 * one, and when the number differs, all his endpoints are told the whole list. */
void contacts_adopt(struct contacts *contacts, struct slice account, int64_t account_id,
                    const struct contacts_list *list, int64_t now, struct outgoing_list *out);

/* Let his list grow to so many contacts, as his client policy says, instead of what
 * the options say. Nothing if he is not known. */
void contacts_limit(struct contacts *contacts, struct slice account, size_t contacts_max);

/* The live list, read-only until the next call that changes it; NULL: not known. */
const struct contacts_list *contacts_of(const struct contacts *contacts, struct slice account);

/* Answer a SUBSCRIBE: begin, refresh, poll or end. The whole list goes into the 200,
 * or into a notification for clients without ms-piggyback-first-notify. An endpoint
 * has one subscription; a new one takes the place of the old. Returns 0, or
 *   CLAIM_MISMATCH        From or To is not the caller's address
 *   SUBSCRIPTION_WRONG, SUBSCRIPTION_UNKNOWN   see sip/subscription.h
 *   CONTACTS_NOT_LOADED   the user is not known here */
int contacts_subscribe(struct contacts *contacts, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                       struct outgoing_list *out, struct fault *fault);

/* Is the body of this SERVICE an edit of contacts? For dispatch: a cheap look. */
bool contacts_is_edit(const struct sip_message *request);

/* Check an edit against the live list and plan it; the plan lives in out->arena.
 * Nothing changes yet. On refusal the caller's own subscription gets the whole list,
 * since SIPE counts its number up whatever the answer. Returns 0, or
 *   CLAIM_MISMATCH, CONTACTS_NOT_LOADED, CONTACTS_MALFORMED, XML_*, SOAP_*
 *   CONTACTS_STALE        its deltaNum is not ours
 *   CONTACTS_FULL, CONTACTS_GROUPS_FULL, CONTACTS_TOO_LONG
 *   CONTACTS_UNKNOWN      no such contact or group
 *   CONTACTS_GROUP_FIXED  group 1 is not theirs to change
 *   CONTACTS_GROUP_NAMED  another group has that name
 *   CONTACTS_GROUP_USED   it has members yet */
int contacts_plan(struct contacts *contacts, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now,
                  struct contacts_change *change, struct outgoing_list *out, struct fault *fault);

/* The change is on disk: make it, fill the 200, tell the user's other endpoints by
 * contactDelta. A user who has left meanwhile gets his answer all the same. */
void contacts_apply(struct contacts *contacts, const struct contacts_change *change,
                    const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                    struct outgoing_list *out);

/* An endpoint's connection has ended, or it signed out: its subscriptions end. Others of the
 * same user on the same connection (a trusted peer's) keep theirs. */
void contacts_endpoint_lost(struct contacts *contacts, const struct endpoint *endpoint);

/* End what has expired; returns when to call again (ms), INT64_MAX: nothing waits.
 * Cost: linear in the users known; once a minute is enough. */
int64_t contacts_expire(struct contacts *contacts, int64_t now);

/* The user is signed in nowhere: drop his list and subscriptions. */
void contacts_forget(struct contacts *contacts, struct slice account);

/* How many users are known, and how many subscriptions they have. */
size_t contacts_users(const struct contacts *contacts);
size_t contacts_subscriptions(const struct contacts *contacts);

#endif
