/* The phone's interior. */
#ifndef LYCHGATE_MOBILITY_PHONE_PRIV_H
#define LYCHGATE_MOBILITY_PHONE_PRIV_H

#include "contacts/read.h"
#include "mobility/core.h"
#include "presence/own.h"
#include "provision/read.h"
#include "sip/print.h"
#include "sip/transaction.h"

#include <uthash.h>

/* ---- talk.c: requests and their answers, dialogs ---------------------------------------- */

/* Whoever waits for an answer; answer NULL: none came in time, or the phone ends. */
struct ask;
typedef void ask_fn(struct phone *phone, const struct ask *ask, const struct sip_message *answer);

struct ask {
    ask_fn *fn;
    uint64_t tag;  /* of the face's call, if has_tag */
    uint64_t chat; /* by number: it may have ended */
    int kind;      /* of a subscription */
    size_t most;   /* of a search */
    bool has_tag;
};

enum {
    LEG_ROUTES_MAX = 8,
    LEG_TEXT_MAX = 8 * 1024 /* bytes of all that a peer makes us keep of a dialog */
};

/* One dialog; strings live in its arena. */
struct leg {
    struct arena *arena;
    struct slice call_id;
    struct slice local, local_tag;   /* our From, whole; its tag */
    struct slice remote, remote_tag; /* our To, whole; its tag, empty before the first answer */
    struct slice target;             /* our Request-URI */
    struct slice routes[LEG_ROUTES_MAX];
    size_t route_count;
    uint32_t cseq;
};

/* A request outside of dialogs; and our Contact. */
struct sip_request phone_talk_request(const struct phone *phone, struct arena *arena,
                                      enum sip_method method, struct slice uri);
struct slice phone_talk_contact(const struct phone *phone, struct arena *arena);

/* Send, and wait: ask->fn is called once, unless this fails (MOBILITY_LIMIT). */
int phone_talk_ask(struct phone *phone, const struct sip_request *request, const struct ask *ask,
                   int64_t timeout_ms, struct fault *fault);
void phone_talk_tell(struct phone *phone, const struct sip_request *request); /* ACK, CANCEL */
void phone_talk_reply(struct phone *phone, const struct sip_message *request,
                      const struct sip_reply *reply);
void phone_talk_answer(struct phone *phone, const struct sip_message *request, int status);
void phone_talk_response(struct phone *phone, const struct sip_message *response);
void phone_talk_expire(struct phone *phone, int64_t now);
void phone_talk_end(struct phone *phone); /* who waits hears that there is no answer */

/* What a refusal says, by its ms-diagnostics; `none`: no answer came. */
void phone_talk_refusal(const struct sip_message *answer, struct fault *fault);

void phone_leg_begin(struct phone *phone, struct leg *leg, struct slice uri);
int phone_leg_accept(struct phone *phone, struct leg *leg, const struct sip_message *request);
int phone_leg_confirm(struct leg *leg, const struct sip_message *answer);
bool phone_leg_is_of(const struct leg *leg, const struct sip_message *request);
struct sip_request phone_leg_request(const struct phone *phone, struct leg *leg,
                                     struct arena *arena, enum sip_method method);
void phone_leg_end(struct leg *leg);

/* ---- follow.c: subscriptions ------------------------------------------------------------ */

enum follow_kind {
    FOLLOW_SETTINGS,
    FOLLOW_CONTACTS,
    FOLLOW_SELF,
    FOLLOW_PEOPLE,
    FOLLOW_COUNT
};

struct follow {
    struct leg leg;
    bool busy;          /* a SUBSCRIBE is under way */
    bool again;         /* another is wanted behind it */
    int64_t refresh_at; /* INT64_MAX: never */
};

void phone_follow_ask(struct phone *phone, enum follow_kind kind);
void phone_follow_people(struct phone *phone, uint64_t tag, const struct slice *people,
                         size_t count, bool leave);
bool phone_follow_notified(struct phone *phone, const struct sip_message *request);
int64_t phone_follow_tick(struct phone *phone, int64_t now);
void phone_follow_end(struct phone *phone);

/* ---- people.c: what the server tells ------------------------------------------------------ */

struct person {
    UT_hash_handle hh;
    struct arena *arena; /* of the strings in `shown`; new with each change */
    struct phone_person shown;
    bool watched;
    char address[]; /* the key */
};

int phone_settings_take(struct phone *phone, const struct sip_message *message,
                        struct fault *fault);
int phone_contacts_take(struct phone *phone, const struct sip_message *message,
                        struct fault *fault);
int phone_people_take(struct phone *phone, const struct sip_message *message, struct fault *fault);
void phone_person_told(struct phone *phone, const struct presence_told *told, bool self);
struct person *phone_person_find(struct phone *phone, struct slice address);
void phone_people_free(struct phone *phone);

/* ---- publish.c ---------------------------------------------------------------------------- */

enum {
    PUBLICATIONS_MAX = 5
};

/* One SERVICE, with its values; they go one after the other. */
struct edition {
    struct edition *next;
    struct arena *arena;
    uint64_t tag;
    bool has_tag, appears;
    int tries;
    struct presence_publication list[PUBLICATIONS_MAX], sent[PUBLICATIONS_MAX];
    size_t count, sent_count;
};

int phone_self_take(struct phone *phone, const struct sip_message *message, struct fault *fault);
void phone_publish_go_on(struct phone *phone);
void phone_publish_machine(struct phone *phone, int availability); /* of the device alone */
void phone_publish_end(struct phone *phone);

/* ---- chat.c -------------------------------------------------------------------------------- */

struct chat {
    struct chat *next; /* in order of number */
    struct arena *arena;
    struct phone_chat shown;
    struct leg leg;
    struct sip_request invite; /* ours, to be acknowledged or cancelled; in the arena */
    struct slice offer;        /* bytes of the INVITE that waits for the face's answer */
    struct slice to_tag;       /* that we gave in 180 */
    int64_t until, ring_at;    /* INVITED: how long the face may think; the next 180 */
    bool untold;               /* the device may not have heard the last of it: wake it */
    bool woken;                /* for the invitation */
};

#define PHONE_TYPE_SDP "application/sdp"
#define PHONE_ALLOW    "INVITE, ACK, BYE, CANCEL, MESSAGE, INFO"

enum {
    PHONE_ANSWER_MS = 180 * 1000, /* that a face may let an inviter wait; who calls waits as long */
    PHONE_RING_MS = 60 * 1000     /* between two 180 (RFC 3261 section 13.3.1.1) */
};

struct chat *phone_add_chat(struct phone *phone, struct slice peer, bool incoming);
void phone_drop_chat(struct phone *phone, struct chat *chat);
struct chat *phone_find_chat(const struct phone *phone, uint64_t id);
size_t phone_count_chats(const struct phone *phone);
void phone_tell_chat(struct phone *phone, struct chat *chat, enum phone_chat_state state,
                     const struct fault *fault);
void phone_say_bye(struct phone *phone, struct chat *chat);
struct slice phone_print_sdp(const struct phone *phone, struct arena *arena);

/* call.c: ACK of a refusal, or CANCEL. */
void phone_end_transaction(struct phone *phone, const struct chat *chat, enum sip_method method,
                           struct slice to);

/* Answer an invitation with what its device's push message came to; NULL: the device has been
 * silent for too long. The chat ends. */
void phone_refuse_late(struct phone *phone, struct chat *chat, const struct push_outcome *outcome);

bool phone_chat_request(struct phone *phone, const struct sip_message *request);
int64_t phone_chat_tick(struct phone *phone, int64_t now);
void phone_chat_end_all(struct phone *phone, bool bye);

/* ---- sleep.c -------------------------------------------------------------------------------- */

void phone_sleep_untold(struct phone *phone, struct chat *chat); /* an invitation, a message */
void phone_sleep_missed(struct phone *phone, const struct chat *chat);
int64_t phone_sleep_tick(struct phone *phone, int64_t now);

/* ---- phone.c ------------------------------------------------------------------------------- */

enum phone_state {
    PHONE_ASKING, /* whether he may */
    PHONE_REGISTERING,
    PHONE_IN,
    PHONE_LEAVING,
    PHONE_OVER
};

struct parting { /* a message on its way out */
    struct parting *next;
    size_t len;
    char bytes[];
};

struct phone {
    struct phone_world world;
    struct phone_face face;
    struct arena *arena; /* as long as the phone */
    struct slice account, uri, endpoint, user_agent, device, epid, instance, contact;
    struct slice from; /* From of all that begins here, without a tag */
    enum phone_state state;
    bool told; /* since the face has settled */

    struct arena *admission_arena;
    struct policy_effective policy;
    bool push;
    int64_t lifetime, heard, idle_after;
    bool appeared, away, polls;
    int64_t last_poll; /* its end */

    struct slice call_id, from_tag; /* of the REGISTERs */
    char gruu[512];
    uint32_t cseq;
    int64_t refresh_at;
    uint64_t leave_tag;

    struct sip_transactions *transactions;
    struct parting *first, **last;
    struct follow follow[FOLLOW_COUNT];

    struct arena *settings_arena;
    struct phone_settings settings;
    struct arena *contacts_arena;
    struct contacts_list *list;
    struct phone_group *groups;
    struct phone_contact *contacts;
    struct person *people, *own;
    struct phone_person nobody;
    int own_state;

    struct presence_versions *versions;
    struct edition *editions, **editions_last;
    bool publishing;

    struct chat *chats;
    uint64_t chat_number;
};

int64_t phone_now(const struct phone *phone);
void phone_stir(struct phone *phone);

/* Fill priority, and a fault of none when there is none; tell. */
void phone_tell(struct phone *phone, struct phone_news *news);
void phone_done(struct phone *phone, uint64_t tag, const struct fault *fault); /* NULL: good */
int phone_fault(struct fault *fault, enum err err, enum finding finding, const char *what);

/* Is he in? Else the call is answered (MOBILITY_NOT_READY). */
bool phone_ready(struct phone *phone, uint64_t tag);

/* "alice@contoso.test" of what a face says, with or without "sip:"; in the arena. */
int phone_address(struct arena *arena, struct slice text, struct slice *account_out,
                  struct fault *fault);

/* Over by that; tells. */
void phone_over(struct phone *phone, const struct fault *fault);

#endif
