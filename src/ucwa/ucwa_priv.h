/* The interior: applications, and one request on its way through them. */
#ifndef LYCHGATE_UCWA_UCWA_PRIV_H
#define LYCHGATE_UCWA_UCWA_PRIV_H

#include "ucwa/channel.h"
#include "ucwa/json_priv.h"
#include "ucwa/ucwa.h"

#include <sys/queue.h>
#include <uthash.h>

/* A request that waits for the phone's PHONE_DONE. */
struct call {
    uint64_t tag;
    struct http_later *later; /* NULL: nobody waits for the answer */
    bool appears;             /* the call of makeMeAvailable */
    int status;               /* when it was done: 204, 201 */
    char *location;           /* of a 201 */
    json_t *found;            /* of a search: what PHONE_FOUND brought */
    LIST_ENTRY(call) next;
};

/* Who is watched for whom, until when. */
struct subscription {
    uint64_t id;
    int64_t until;
    struct slice *people;
    size_t count;
    struct arena *arena; /* of all this */
    LIST_ENTRY(subscription) next;
};

/* A chat as its client knows it. */
struct talk {
    uint64_t chat;
    char *operation; /* operationId of who started it; "" */
    bool connected;
    LIST_ENTRY(talk) next;
};

struct app {
    struct ucwa *ucwa;
    struct phone *phone;
    struct arena *arena; /* of the strings */
    struct slice id, base, account, endpoint, user_agent, culture, guid;
    struct channel *channel;
    struct http_later *creating; /* the POST that waits for the sign-in */
    struct http_later *poll;     /* held; NULL */
    uint64_t poll_ack, poll_priority;
    int64_t poll_until, poll_expires; /* when it is over; when its ticket is */
    int64_t silent_until;
    int64_t lifetime;
    uint64_t tags, numbers; /* the last ones given */
    bool appearing;         /* makeMeAvailable is on its way */
    bool available, over;
    struct slice operation; /* while a chat is being started */
    LIST_HEAD(, talk) talks;
    LIST_HEAD(, call) calls;
    LIST_HEAD(, subscription) subscriptions;
    LIST_ENTRY(app) next, sibling; /* all; of the same user */
    UT_hash_handle hh;             /* by id */
    struct owner *owner;
};

struct ucwa {
    struct ucwa_options options;
    LIST_HEAD(, app) apps;
    struct app *by_id;
    struct owner *owners; /* by account */
    size_t count;
    int64_t now; /* of the last call */
};

enum {
    PARTS_MAX = 8
};

/* A request to an application; `part` is its path behind the application's. */
struct ask {
    struct app *app;
    struct http_later *later;
    const struct http_request *request;
    struct arena *arena;
    struct slice part[PARTS_MAX];
    size_t parts;
    json_t *body; /* NULL: none */
    int64_t expires, now;
};

typedef void ask_fn(struct ask *ask);

/* One resource: methods and a path, in which "*" stands for any one part. */
struct resource {
    unsigned methods;
    const char *path;
    ask_fn *answer;
    bool available; /* only behind makeMeAvailable; before: 409 */
};

extern const struct resource me_resources[], people_resources[], talk_resources[];
extern const size_t me_resource_count, people_resource_count, talk_resource_count;

/* ---- the roll: who is there ---- */

/* Put on it, by id, account and endpoint; take off it. */
void ucwa_enrol(struct app *app);
void ucwa_strike(struct app *app);

/* By id; NULL: there is none. By user and endpoint, and how many the user has. */
struct app *ucwa_app(const struct ucwa *ucwa, struct slice id);
struct app *ucwa_app_of(const struct ucwa *ucwa, struct slice account, struct slice endpoint,
                        size_t *count_out);

/* ---- answers: each ends the request ---- */

void ucwa_reply(struct ask *ask, int status, json_t *body);
void ucwa_reply_text(const struct ucwa *ucwa, struct http_later *later, int status,
                     struct slice json);
void ucwa_refuse(const struct ucwa *ucwa, struct http_later *later, int status, const char *code,
                 const char *subcode, const struct fault *fault);
void ucwa_refuse_parameter(struct ask *ask, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ucwa_not_found(struct ask *ask);

/* The request waits for the phone: the tag for the call that it makes, and what will be
 * answered when it is done. */
struct call *ucwa_wait(struct ask *ask, int status);

/* What the phone said of a call: its request is answered; people found are kept for it. */
void ucwa_call_done(struct app *app, const struct phone_news *news);
void ucwa_call_found(struct app *app, const struct phone_news *news);
void ucwa_call_free(struct call *call);

/* What the phone could not do, in UCWA's words: the fault says whose doing it was. */
void ucwa_refuse_by(const struct ucwa *ucwa, struct http_later *later, const struct fault *fault);

/* A parameter: member of the body, or in the query (QueryParameters). */
struct slice ucwa_parameter(struct ask *ask, const char *name);

/* ---- events ---- */

/* {"link":{"rel","href"},"type"}; add to it what else there is, then put it. */
json_t *ucwa_event(const char *type, const char *rel, struct slice href);
void ucwa_put(struct app *app, const char *sender, struct slice sender_href, json_t *event,
              enum phone_priority priority);

/* Answer the poll if there is something for it by now. */
void ucwa_wake(struct app *app);
void ucwa_answer_events(struct ask *ask);

/* Path below the application's. */
struct slice ucwa_path(const struct app *app, struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- resources that others embed ---- */

json_t *ucwa_me(struct app *app);
json_t *ucwa_people(struct app *app);
json_t *ucwa_communication(struct app *app);
json_t *ucwa_person_presence(struct app *app, const struct phone_person *person);
const char *ucwa_availability(int number);
int ucwa_availability_number(struct slice word); /* -1: no such word */

/* A chat's three resources and its other participant, under the chat's number. */
#define UCWA_CONVERSATION "/communication/conversations/%llu"
#define UCWA_INVITATION   "/communication/messagingInvitations/%llu"
json_t *ucwa_conversation(const struct app *app, const struct phone_chat *chat);
json_t *ucwa_messaging(const struct app *app, const struct phone_chat *chat);
json_t *ucwa_participant(const struct app *app, const struct phone_chat *chat);
json_t *ucwa_invitation(struct app *app, const struct phone_chat *chat);

/* ---- news ---- */

void ucwa_tell_available(struct app *app);

void ucwa_tell_person(struct app *app, const struct phone_news *news);
void ucwa_tell_self(struct app *app, const struct phone_news *news);
void ucwa_tell_contacts(struct app *app);
void ucwa_tell_chat(struct app *app, const struct phone_chat *chat, const struct fault *fault);
void ucwa_tell_message(struct app *app, const struct phone_news *news);
void ucwa_tell_typing(struct app *app, const struct phone_news *news);
json_t *ucwa_contact(struct app *app, const struct phone_person *person);

void ucwa_talk_free(struct talk *talk);
void ucwa_subscription_free(struct subscription *subscription);
void ucwa_subscriptions_tick(struct app *app, int64_t now);
int64_t ucwa_subscriptions_due(const struct app *app);

#endif
