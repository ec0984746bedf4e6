/* Enhanced presence ([MS-PRES]): what users publish about themselves, who may see
 * which of it, and who is told. One object a home loop; it holds the people who are
 * at home there, both as publishers and as watchers. docs/presence.md has the rules.
 *
 * The server's part:
 *  - Before anything else about an account, every time: presence_knows(), else
 *    presence_load() and card_load() on a worker and presence_adopt(). Accounts that are
 *    not adopted are unknown people. Who has nothing live for some minutes is forgotten
 *    again by presence_expire().
 *  - SERVICE (presence_serves): presence_plan(), then when change->durable
 *    presence_commit() on a worker, then presence_apply(). Between plan and apply no
 *    other SERVICE of this account is planned; everything else may happen, even that the
 *    endpoint that asked is lost, or the account removed.
 *  - SUBSCRIBE vnd-microsoft-roaming-self and presence.wpending: presence_self().
 *  - SUBSCRIBE presence, whoever it is addressed to: presence_subscribe() at the caller's
 *    home; then presence_visit() on the home loop of each contact, adopted before; then
 *    presence_subscribed() back home.
 *  - Posts travel to the home loop of post->to, to presence_deliver() there, in order.
 * The last two are in watch.h. The reply goes out before the messages in *out. */
#ifndef LYCHGATE_PRESENCE_PRESENCE_H
#define LYCHGATE_PRESENCE_PRESENCE_H

#include "accounts/card.h"
#include "registrar/endpoint.h"
#include "registrar/registrar.h"
#include "sip/message.h"
#include "sip/subscription.h"
#include "store/store.h"

struct presence;
struct presence_posts; /* news for other homes: watch.h */

/* 0 means the default. */
struct presence_limits {
    unsigned publications; /* of one user, his own; 400 */
    size_t value;          /* bytes of one publication's value; 16 KiB */
    size_t values;         /* bytes of all his values; 256 KiB */
    unsigned members;      /* of all his containers; 1,000 */
    unsigned watched;      /* contacts of one subscription; 1,000 */
    unsigned watchers;     /* subscriptions to one user; 5,000 */
    unsigned dialogs;      /* presence subscriptions of one user; 16 */
    unsigned subscribers;  /* who wait to be acknowledged by one user; 200 */
    int64_t idle_ms;       /* after that who has nothing live is forgotten; 10 min */
};

struct presence_options {
    struct slice domain;             /* "contoso.test": who is sameEnterprise; borrowed */
    struct subscription_terms terms; /* of roaming-self and presence; contact is borrowed */
    struct presence_limits limits;
};

struct presence *presence_new(const struct presence_options *options);
void presence_free(struct presence *presence);

/* ---- people ---------------------------------------------------------------------------- */

extern const struct store_schema presence_schema; /* after accounts_schema */
struct presence_record; /* what is durable of one account: static publications, members */

/* Read it (worker). -ERR_IO. */
int presence_load(struct store_reader *reader, struct slice account, struct arena *arena,
                  struct presence_record **record_out, struct fault *fault);

bool presence_knows(const struct presence *presence, struct slice account);

/* What the directory says of him; borrowed. Of this the contact cards are made that the
 * server publishes for him (docs/presence.md says which part in which container). */
struct presence_identity {
    struct slice display_name; /* absent: the address */
    const struct card *card;   /* NULL: nothing more is known */
    struct slice photo_url;    /* where card->photo_hash's photo is served; absent: none */
};

/* Take an account in. Nothing happens if it is known already. */
void presence_adopt(struct presence *presence, struct slice account,
                    const struct presence_identity *identity, const struct presence_record *record,
                    int64_t now);

/* The directory says something else: endpoints and watchers are told what differs.
 * Nothing happens if the account is not known. */
void presence_card_changed(struct presence *presence, struct slice account,
                           const struct presence_identity *identity, int64_t now,
                           struct outgoing_list *out, struct presence_posts *posts);

/* The account was deleted: his watchers see him offline, then no more; his own dialogs
 * are gone. Nothing happens if it is not known. */
void presence_remove(struct presence *presence, struct slice account, int64_t now,
                     struct presence_posts *posts);

/* Has `account` blocked `watcher`, is he a member of container 32000, by himself, his
 * domain or his kind? False when the account is not adopted. */
bool presence_blocks(const struct presence *presence, struct slice account, struct slice watcher);

/* An endpoint has left (sign-out, connection lost, expired): its publications, its
 * dialogs. `last`: the user has no other; what is bound to him goes too. */
void presence_endpoint_lost(struct presence *presence, struct slice account,
                            const struct guid *instance, bool last, int64_t now,
                            struct outgoing_list *out, struct presence_posts *posts);

/* End what has expired and forget who has nothing live; returns when to call again
 * (ms), INT64_MAX: nothing waits, `now`: there is more than one turn should do. Cost:
 * logarithmic in the people, and what is due. */
int64_t presence_expire(struct presence *presence, int64_t now, struct outgoing_list *out,
                        struct presence_posts *posts);

/* ---- SERVICE --------------------------------------------------------------------------- */

/* Self-contained, in the arena given to presence_plan. */
struct presence_change {
    struct slice account;
    bool publishes;
    bool durable; /* needs presence_commit; what is bound to endpoints never is */
    struct presence_op *first;
    struct guid endpoint; /* that asked */
};

/* Is it a SERVICE of ours, by its Content-Type? */
bool presence_serves(const struct sip_message *request);

/* Judge it. Returns 0 with a change, or 0 with *change_out NULL: the reply is the 409 of
 * a stale version, complete. Or a negative enum err with
 *   PRESENCE_MALFORMED  no such XML, unknown expireType or member type, a key twice
 *   PRESENCE_NOT_OWN    for another than the caller
 *   PRESENCE_LIMIT      one of struct presence_limits
 *   XML_*, UNKNOWN_USER (the caller is not adopted) */
int presence_plan(struct presence *presence, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now, struct arena *arena,
                  struct presence_change **change_out, struct sip_reply *reply,
                  struct fault *fault);

/* Put the durable part on disk (worker). */
int presence_commit(struct store *store, const struct presence_change *change, struct fault *fault);

/* Make it so: fills the 200, tells the user's other endpoints and the watchers. What has
 * ended since the plan stays ended: publications bound to an endpoint that was lost are
 * not made, and of an account that is not known any more nothing is. */
void presence_apply(struct presence *presence, const struct presence_change *change, int64_t now,
                    struct sip_reply *reply, struct outgoing_list *out,
                    struct presence_posts *posts);

/* ---- SUBSCRIBE -------------------------------------------------------------------------- */

/* Event: vnd-microsoft-roaming-self or presence.wpending, first or within the dialog; one
 * of each an endpoint.
 * Errors: SUBSCRIPTION_*, PRESENCE_MALFORMED, UNKNOWN_USER, XML_*. */
int presence_self(struct presence *presence, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                  struct outgoing_list *out, struct fault *fault);

#endif
