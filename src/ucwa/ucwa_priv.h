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
    uint64_t chat, number;    /* of a first message: where it was said; 0: it is none */
    LIST_ENTRY(call) next;
};

/* Who is watched for whom, until when. */
struct subscription {
    uint64_t id;
    int64_t until;
    struct slice *people;
    size_t count;
    bool warned;         /* the client knows that it ends soon */
    struct arena *arena; /* of all this */
    LIST_ENTRY(subscription) next;
};

/* A chat as its client knows it. */
struct talk {
    uint64_t chat;
    char *operation; /* operationId of who started it; "" */
    char *first;     /* said when it is connected; NULL */
    bool first_html, connected;
    LIST_ENTRY(talk) next;
};

/* What startMessaging says at once. */
struct first {
    struct slice text;
    bool html;
};

/* What a client says that it takes (makeMeAvailable, communication). */
enum {
    UCWA_PLAIN = 1 << 0,
    UCWA_HTML = 1 << 1
};
enum offer_flaw {
    OFFER_GOOD,
    OFFER_UNKNOWN, /* a word or number that is none */
    OFFER_BEYOND,  /* modalities that no application may want */
    OFFER_NUMBER   /* no rule of the dial plan fits the number */
};
struct offer {
    unsigned formats;
    int64_t idle; /* ms of silence until the user is shown as away; 0: not said */
    struct slice phone_number, audio; /* absent: not said */
};

struct app {
    struct ucwa *ucwa;
    struct phone *phone;
    struct arena *arena; /* of the strings */
    struct slice id, base, account, endpoint, user_agent, culture, instance, guid;
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
    unsigned formats;           /* of communication: UCWA_PLAIN | UCWA_HTML */
    uint64_t edition;           /* of communication: its etag */
    char *phone_number, *audio; /* of communication: as its client said; NULL */
    char *location;             /* as its client said; NULL */
    struct slice operation;     /* while a chat is being started */
    struct first first;         /* the same */
    struct known_list *list;    /* myContactsAndGroupsSubscription; NULL: there is none */
    LIST_HEAD(, talk) talks;
    LIST_HEAD(, call) calls;
    LIST_HEAD(, subscription) subscriptions;
    LIST_ENTRY(app) next, sibling; /* all; of the same user */
    LIST_ENTRY(app) touched;       /* in ucwa.touched, if is_touched */
    bool is_touched;
    UT_hash_handle hh; /* by id */
    struct owner *owner;
};

struct ucwa {
    struct ucwa_options options;
    LIST_HEAD(, app) apps;
    struct app *by_id;
    struct owner *owners; /* by account */
    size_t count;
    int64_t now; /* of the last call */
    /* When the first of all is due, or earlier; those who have not been asked since something
     * happened to them. Thousands wait, and something happens to few. */
    int64_t soonest;
    LIST_HEAD(, app) touched;
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
    bool batched; /* it came within a batch */
};

typedef void ask_fn(struct ask *ask);

/* One resource: methods and a path, in which "*" stands for any one part. */
struct resource {
    unsigned methods;
    const char *path;
    ask_fn *answer;
    unsigned flags;
};

enum {
    RESOURCE_AVAILABLE = 1 << 0, /* only behind makeMeAvailable; before: 409 */
    RESOURCE_ALONE = 1 << 1,     /* not within a batch */
    RESOURCE_RAW = 1 << 2        /* its body is no JSON */
};

extern const struct resource own_resources[], me_resources[], calls_resources[], people_resources[],
    subscription_resources[], list_resources[], communication_resources[], talk_resources[];
extern const size_t own_resource_count, me_resource_count, calls_resource_count,
    people_resource_count, subscription_resource_count, list_resource_count,
    communication_resource_count, talk_resource_count;

/* ---- the roll: who is there ---- */

/* Put on it, by id, account and endpoint; take off it. */
void ucwa_enrol(struct app *app);
void ucwa_strike(struct app *app);

/* Something happens to it: it may be due at another time. */
void ucwa_touch(struct app *app);

/* By id; NULL: there is none. By user and endpoint, and how many the user has. */
struct app *ucwa_app(const struct ucwa *ucwa, struct slice id);
struct app *ucwa_app_of(const struct ucwa *ucwa, struct slice account, struct slice endpoint,
                        size_t *count_out);

/* Has the user room for so many more requests that wait? Else `later` is answered 429. */
bool ucwa_may_wait(const struct app *app, size_t more, struct http_later *later);

/* ---- applications ---- */

/* A POST to the applications of a family. */
void ucwa_create(struct ucwa *ucwa, struct slice family, struct slice account,
                 struct http_later *later);

/* An application that is there: said to the POST that made it, or finds it again. */
void ucwa_introduce(struct app *app, struct http_later *later, int status);

/* Everything that waits is answered; the phone is the caller's to end. */
void ucwa_app_free(struct app *app, int status, const char *code, const char *subcode,
                   const struct fault *fault);

/* End it and its phone: what waits gets 404. */
void ucwa_app_end(struct app *app, const struct fault *fault);

struct phone_face ucwa_face(struct app *app);

/* One part of a batch; the application may be gone by then. */
void ucwa_answer_part(struct ucwa *ucwa, struct slice account, int64_t expires,
                      struct http_later *later);
void ucwa_answer_batch(struct ask *ask);

/* ---- answers: each ends the request ---- */

void ucwa_reply(struct ask *ask, int status, json_t *body);
void ucwa_reply_text(const struct ucwa *ucwa, struct http_later *later, int status,
                     struct slice json);
void ucwa_refuse(const struct ucwa *ucwa, struct http_later *later, int status, const char *code,
                 const char *subcode, const struct fault *fault);
/* A body that could not be read: 400, 413 or 415. */
void ucwa_refuse_body(const struct ucwa *ucwa, struct http_later *later, const char *subcode,
                      const struct fault *fault);
void ucwa_refuse_parameter(struct ask *ask, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ucwa_not_found(struct ask *ask);

/* Does an If-Match or If-None-Match name this state? */
bool ucwa_etag_is(struct slice said, struct slice etag);

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
bool ucwa_may_forward(const struct app *app);
bool ucwa_shows_photos(const struct app *app);
json_t *ucwa_photo_link(const struct app *app, struct slice address);
json_t *ucwa_person_presence(struct app *app, const struct phone_person *person);
const char *ucwa_availability(int number);
int ucwa_availability_number(struct slice word); /* -1: no such word */

/* Of makeMeAvailable and PUT communication. */
enum offer_flaw ucwa_offer_read(struct ask *ask, struct offer *offer);
void ucwa_offer_refuse(struct ask *ask, enum offer_flaw flaw);
void ucwa_offer_keep(struct app *app, const struct offer *offer);

bool ucwa_is_address(struct slice address);

/* The group of .../groups/N...; NULL: there is none. */
const struct phone_group *ucwa_find_group(struct ask *ask);

/* `duration`: minutes from 10 to `most`, as a number or as text. */
bool ucwa_minutes(struct ask *ask, uint64_t most, int64_t *ms);

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

void ucwa_tell_sent(struct app *app, const struct call *call, const struct fault *fault);

/* myContactsAndGroupsSubscription: what is new in the list, and time. */
void ucwa_list_tell(struct app *app);
void ucwa_list_tick(struct app *app, int64_t now);
int64_t ucwa_list_due(const struct app *app);
void ucwa_list_free(struct app *app);

/* What may be said once the phone has told all: first messages. */
void ucwa_talks_go_on(struct app *app);
void ucwa_talk_free(struct talk *talk);
void ucwa_subscription_free(struct subscription *subscription);
void ucwa_subscriptions_tick(struct app *app, int64_t now);
int64_t ucwa_subscriptions_due(const struct app *app);

#endif
