/* UCWA 1.0, the server half, without I/O: the applications of the users of one home loop.
 * A request goes in by ucwa_answer(), parked as http_later, and its reply goes out when it
 * is known: at once, when the user's phone has answered (mobility/phone.h), or, for a poll
 * of the event channel, when something happened. Both families of paths are known; links are
 * of the one by which the application was made. Resources, by their links:
 *
 *   POST .../applications              201, or 200 for an endpointId that is there already
 *   application                        GET, DELETE; batch, events, policies, onlineMeetings (self)
 *   me, makeMeAvailable, presence, note, location, reportMyActivity, phones,
 *     callForwardingSettings; photo: ucwa/photo.h
 *   people: myContacts, myGroups, groupContacts, search, contact, contactPresence, contactNote,
 *     presenceSubscriptions, presenceSubscription, memberships, subscribedContacts,
 *     subscribeToGroupPresence, myContactsAndGroupsSubscription
 *   communication (GET, PUT): startMessaging, conversations, conversation, messaging,
 *     sendMessage, setIsTyping, stopMessaging, messagingInvitation, accept, decline, participant
 *
 * A link that is missing means "not allowed now", or that we do not serve it: docs/ucwa.md
 * has the list, and what of it comes from which page of Microsoft's manual. */
#ifndef LYCHGATE_UCWA_UCWA_H
#define LYCHGATE_UCWA_UCWA_H

#include "http/message.h"
#include "mobility/phone.h"
#include "site/site.h"

struct ucwa;

enum {
    UCWA_PER_USER = 8, /* applications of one user */
    UCWA_SUBSCRIPTIONS_MAX = 20,
    UCWA_WAITING_MAX = 100, /* requests of one user that wait for answers (BatchingRequests) */
    UCWA_BATCH_BYTES_MAX = 262144
};

struct ucwa_options {
    const struct site *site;         /* borrowed */
    const struct phone_host *phones; /* borrowed */
    size_t total;                    /* applications in all; 0: 20,000 */
};

struct ucwa *ucwa_new(const struct ucwa_options *options);

/* Ends all: phones are closed, what waits is answered 503. */
void ucwa_free(struct ucwa *ucwa);

/* Answer a request for SITE_PATH_UCWA, SITE_PATH_UCWA_PLAIN or below of somebody who has proved
 * to be `account` by a ticket that is good until `expires` (ms since the epoch; 0: for ever): a
 * poll that is held then ends with 401 and the challenge for a new one. Takes `later` over. */
void ucwa_answer(struct ucwa *ucwa, struct slice account, int64_t expires, struct http_later *later,
                 int64_t now);

/* It is now; for what phones tell until the next call. */
void ucwa_time(struct ucwa *ucwa, int64_t now);

/* When ucwa_tick() may have something to do next (ms since the epoch), never too late; INT64_MAX:
 * nothing. Cheap: it asks only those to whom something has happened since. */
int64_t ucwa_due(struct ucwa *ucwa);

/* Polls whose time has come, applications that were silent for too long. */
void ucwa_tick(struct ucwa *ucwa, int64_t now);

size_t ucwa_count(const struct ucwa *ucwa);

#endif
