/* What follows the sign-in: subscriptions, people, own presence, conversations. */
#ifndef LYCHGATE_CLIENT_SESSION_PRIV_H
#define LYCHGATE_CLIENT_SESSION_PRIV_H

#include "client/talk_priv.h"
#include "contacts/read.h"
#include "lychgate/session.h"
#include "presence/own.h"
#include "provision/read.h"

#include <uthash.h>

/* ---- follow.c: the subscriptions ---------------------------------------------------- */

enum follow_kind {
    FOLLOW_CONTACTS,
    FOLLOW_SETTINGS,
    FOLLOW_SELF,
    FOLLOW_PRESENCE,
    FOLLOW_COUNT
};

enum follow_state {
    FOLLOW_IDLE,  /* not asked for */
    FOLLOW_ASKED, /* its first body has not come yet */
    FOLLOW_GRANTED,
    FOLLOW_REFUSED
};

struct follow {
    enum follow_kind kind;
    enum follow_state state;
    struct leg leg;
    int64_t asked_us;   /* clock_monotonic_us() */
    int64_t refresh_at; /* clock_monotonic(); INT64_MAX: never */
    bool idle;          /* no SUBSCRIBE is under way */
};

/* SUBSCRIBE with the whole request of its kind, in the dialog if there is one. */
int follow_ask(struct lychgate *gate, enum follow_kind kind, struct fault *fault);

/* In the presence dialog: these people too, or no more. */
int follow_people(struct lychgate *gate, const struct slice *people, size_t count, bool unsubscribe,
                  struct fault *fault);

/* A notification for one of ours: 1, answered and taken; 0: for none of ours. */
int follow_notified(struct lychgate *gate, const struct sip_message *request, struct fault *fault);

/* Wait until none is asked for and unanswered. */
int follow_await(struct lychgate *gate, struct fault *fault);

/* When the next refresh is due; do those that are. */
int64_t follow_due(const struct lychgate *gate);
int follow_refresh(struct lychgate *gate, struct fault *fault);

/* ---- people.c: what the server tells ---------------------------------------------------- */

struct person {
    UT_hash_handle hh;
    struct arena *arena; /* of the strings in `shown`; new with each change */
    struct lychgate_presence shown;
    bool asked;     /* part of the presence subscription */
    char address[]; /* the key */
};

/* Each takes a body and appends to *text what it was, for people ("3 contacts"). */
int settings_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault);
int contacts_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault);
int presence_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault);

/* Somebody, made if he is not there yet. */
struct person *person_of(struct session *session, struct slice address);

/* Change what is known of him by what was told; queues news if it differs. */
void person_told(struct session *session, const struct presence_told *told);

/* Addresses to subscribe to, in the arena: contacts who are subscribed, and watched people. */
struct slice *people_to_ask(const struct session *session, struct arena *arena, size_t *count_out);

/* ---- publish.c: own presence ---------------------------------------------------------------- */

int self_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
              struct fault *fault);

/* Device and machine state of this endpoint; waits for the answer. */
int publish_endpoint(struct lychgate *gate, struct fault *fault);
int publish_own(struct lychgate *gate, const char *state, const char *note, struct fault *fault);

/* ---- edit.c: the contact list ---------------------------------------------------------------- */

enum edit_verb {
    EDIT_ADD,
    EDIT_REMOVE,
    EDIT_MOVE
};

/* See lychgate/session.h. Each asks for a change to the list that we have, and then for the
 * list anew: its numbers come from the server only. */
int edit_contact(struct lychgate *gate, enum edit_verb verb, const char *address, const char *group,
                 struct fault *fault);
int edit_group(struct lychgate *gate, enum contacts_edit edit, const char *name, const char *to,
               struct fault *fault);

/* ---- chat.c: conversations ------------------------------------------------------------------ */

struct chat {
    struct chat *next;
    struct leg leg;
    char *peer; /* owned: address */
};

/* INVITE, MESSAGE, INFO, BYE, CANCEL, ACK of a conversation: 1, answered; 0: not one of ours. */
int chat_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault);
int chat_send(struct lychgate *gate, struct slice account, struct slice text, struct fault *fault);

/* Say BYE in all of them, without waiting. */
void chat_leave(struct lychgate *gate);
void chat_free_all(struct session *session);

/* ---- session.c ------------------------------------------------------------------------------ */

enum news_kind {
    NEWS_PRESENCE,
    NEWS_CONTACTS,
    NEWS_MESSAGE
};

/* To be told to a callback, when no message is being worked on. */
struct news {
    struct news *next;
    enum news_kind kind;
    char *address, *text, *type; /* owned; NULL where the kind has none */
};

struct session {
    struct lychgate_session_options with;
    unsigned granted;
    struct follow follow[FOLLOW_COUNT];
    bool settled; /* no follow is FOLLOW_ASKED */

    struct arena *settings_arena;
    struct provision_values values;
    struct lychgate_setting *settings;

    struct arena *contacts_arena;
    struct contacts_list *list; /* NULL: not told */
    struct lychgate_contact *contacts;
    const char **groups;

    struct person *people;
    struct presence_versions *versions;
    struct chat *chats;

    struct news *news, **news_last;
    size_t news_count;
    bool newsy; /* there is some */
};

/* A request of the server's: 1 taken and answered, 0 none of ours, negative: the session is over.
 */
int session_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault);

/* Queue news; the strings are copied. */
void session_news(struct session *session, enum news_kind kind, struct slice address,
                  struct slice text, struct slice type);

/* Tell what is queued; how many. */
int session_tell(struct lychgate *gate);

/* Ask for the parts; after a new sign-in, too. */
int session_begin(struct lychgate *gate, struct fault *fault);

/* The connection is no more: dialogs and whoever waits for answers end. */
void session_interrupt(struct lychgate *gate);
void session_free(struct session *session);

/* "alice@contoso.test" of what a caller wrote, in the arena; -ERR_MALFORMED, ACCOUNT_INVALID. */
int session_address(struct arena *arena, const char *text, struct slice *account_out,
                    struct fault *fault);

#endif
