/* liblychgate: people and messages, once signed in (lychgate.h).
 *
 *   lychgate_open(gate, &(struct lychgate_session_options){.message = got, .arg = bot});
 *   while (lychgate_wait(gate, 60000) >= 0)
 *       ;
 *
 * The functions that ask the server for something wait for its answer, and return 0
 * or a negative number, as in lychgate.h. What the server tells in the meantime is kept,
 * and told to the callbacks from within lychgate_wait() and lychgate_keep() only; a
 * callback may use every function but these two and lychgate_open(), _signin() and _free().
 *
 * Addresses are "alice@contoso.test", taken with or without "sip:". */
#ifndef LYCHGATE_SESSION_H
#define LYCHGATE_SESSION_H

#include "lychgate/lychgate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked for after the sign-in; also names what the server grants. */
enum lychgate_part {
    LYCHGATE_SETTINGS = 1, /* in-band provisioning: URLs and policies */
    LYCHGATE_CONTACTS = 2, /* the contact list */
    LYCHGATE_SELF = 4,     /* what one publishes oneself, at all endpoints */
    LYCHGATE_PRESENCE = 8, /* presence of the contacts (needs CONTACTS) and of watched people */
    LYCHGATE_PUBLISH = 16, /* publish that this endpoint is here (needs SELF) */
    LYCHGATE_ALL = 31,
    LYCHGATE_MESSAGES = 32, /* alone: none of these, only send and take messages */
};

/* Somebody's presence. Strings are never NULL; "": not told. */
struct lychgate_presence {
    const char *address;
    const char *name;     /* of the contact card */
    const char *state;    /* a word of lychgate_state_word() */
    int availability;     /* 3500 ... 18500 ([MS-PRES]); -1: not told */
    const char *activity; /* "on-the-phone", or the person's own words */
    const char *note;
    bool out_of_office; /* it is an out-of-office note */
    const char *device; /* "Mobile" */
    const char *title, *company, *department, *office, *email, *phone;
    int64_t last_active; /* ms since 1970, UTC; 0: active now, or not told */
    bool refused;        /* the server tells nothing of this address */
};

struct lychgate_contact {
    const char *address;
    const char *alias;         /* that the user gave; "": the card's name counts */
    const char *const *groups; /* names, ends with NULL; never without one */
    bool subscribed;           /* presence is wanted */
    const struct lychgate_presence *presence;
};

/* A message that came. Valid during the call only. */
struct lychgate_message {
    const char *from; /* address */
    const char *text; /* UTF-8 */
    const char *type; /* "text/plain" or "text/html" */
};

/* A setting of in-band provisioning: "ServerConfiguration", "voiceMailUri", "sip:...". */
struct lychgate_setting {
    const char *group, *name, *value;
};

typedef void lychgate_presence_fn(void *arg, const struct lychgate_presence *presence);
typedef void lychgate_contacts_fn(void *arg); /* the list has changed: lychgate_contacts() */
typedef void lychgate_message_fn(void *arg, const struct lychgate_message *message);

struct lychgate_session_options {
    unsigned parts;                 /* of enum lychgate_part [LYCHGATE_ALL] */
    lychgate_presence_fn *presence; /* [none] somebody's presence has changed; one's own too */
    lychgate_contacts_fn *contacts; /* [none] */
    lychgate_message_fn *message;   /* [none: invitations to talk are declined with 480] */
    void *arg;
};

/* Ask for the parts, all at once, and wait until each is there or refused; steps are told
 * to the event function: "settings", "contacts", "self", "presence", "publish".
 * A refusal is no failure: see lychgate_granted(). Negative: not signed in, or the
 * connection is lost. After a new sign-in on the way (certificates end) it is done again. */
LYCHGATE_API int lychgate_open(struct lychgate *gate,
                               const struct lychgate_session_options *options);

/* Which parts the server granted; 0 before lychgate_open(). */
LYCHGATE_API unsigned lychgate_granted(const struct lychgate *gate);

/* Take what comes, answer it, and do what is due, until something was told to a callback
 * (1) or so many milliseconds are over (0). Negative: the session is over; after
 * lychgate_stop() it is not, and the problem is "stopped". */
LYCHGATE_API int lychgate_wait(struct lychgate *gate, int milliseconds);

/* Readable when it is time for lychgate_wait(gate, 0), which must also be called once
 * a second; -1: not signed in. For programs with a loop of their own. */
LYCHGATE_API int lychgate_fd(const struct lychgate *gate);

/* ---- what the server told; all good until the next call that is not one of these ---- */

/* All settings, in the order of the server; one of them ("" when it is not there). */
LYCHGATE_API const struct lychgate_setting *lychgate_settings(const struct lychgate *gate,
                                                              size_t *count);
LYCHGATE_API const char *lychgate_setting(const struct lychgate *gate, const char *group,
                                          const char *name);

/* Contacts in order of address; names of the groups in order of age, ends with NULL. The
 * group "~" holds those who are in no other. */
LYCHGATE_API const struct lychgate_contact *lychgate_contacts(const struct lychgate *gate,
                                                              size_t *count);
LYCHGATE_API const char *const *lychgate_groups(const struct lychgate *gate);

/* What is known of somebody, oneself included; NULL: nothing was ever asked or told. */
LYCHGATE_API const struct lychgate_presence *lychgate_presence(const struct lychgate *gate,
                                                               const char *address);

/* "available", "idle", "busy", "busy-idle", "do-not-disturb", "be-right-back", "away",
 * "offline"; "unknown" for anything below 3000. */
LYCHGATE_API const char *lychgate_state_word(int availability);

/* ---- doing something ------------------------------------------------------------------ */

/* Ask for presence of people who need not be contacts. Who the server does not tell of is
 * marked `refused`. */
LYCHGATE_API int lychgate_watch(struct lychgate *gate, const char *const *addresses, size_t count);

/* Set one's own state for all endpoints: a word as above (without the two that only idle
 * machines make), or "automatic"; NULL leaves it. The same for a note; "" takes it away. */
LYCHGATE_API int lychgate_publish(struct lychgate *gate, const char *state, const char *note);

/* Send a text. 0 only when an endpoint of that person has confirmed it. */
LYCHGATE_API int lychgate_send(struct lychgate *gate, const char *address, const char *text);

/* Change the contact list. Groups go by their names. `group` NULL: none in particular when
 * adding, the whole list when removing. A group's people stay on the list without it. */
LYCHGATE_API int lychgate_contact_add(struct lychgate *gate, const char *address,
                                      const char *group);
LYCHGATE_API int lychgate_contact_remove(struct lychgate *gate, const char *address,
                                         const char *group);
LYCHGATE_API int lychgate_contact_move(struct lychgate *gate, const char *address,
                                       const char *group); /* out of all others */
LYCHGATE_API int lychgate_group_add(struct lychgate *gate, const char *group);
LYCHGATE_API int lychgate_group_rename(struct lychgate *gate, const char *group, const char *to);
LYCHGATE_API int lychgate_group_remove(struct lychgate *gate, const char *group);

#ifdef __cplusplus
}
#endif

#endif
