/* The inside of presence: a person as publisher and as watcher. */
#ifndef LYCHGATE_PRESENCE_PRESENCE_PRIV_H
#define LYCHGATE_PRESENCE_PRESENCE_PRIV_H

#include "presence/watch.h"
#include "xml/reader.h"

#include <uthash.h>

#define NS_PUBLISH          "http://schemas.microsoft.com/2006/09/sip/rich-presence"
#define NS_ROAMING_SELF     "http://schemas.microsoft.com/2006/09/sip/roaming-self"
#define NS_CATEGORIES       "http://schemas.microsoft.com/2006/09/sip/categories"
#define NS_CONTAINERS       "http://schemas.microsoft.com/2006/09/sip/containers"
#define NS_CONTAINER_MANAGE "http://schemas.microsoft.com/2006/09/sip/container-management"
#define NS_STATE            "http://schemas.microsoft.com/2006/09/sip/state"
#define NS_CONTACT_CARD     "http://schemas.microsoft.com/2006/09/sip/contactcard"
#define NS_BATCH            "http://schemas.microsoft.com/2006/01/sip/batch-subscribe"
#define NS_CATEGORY_LIST    "http://schemas.microsoft.com/2006/09/sip/categorylist"
#define NS_DELEGATES        "http://schemas.microsoft.com/2007/09/sip/delegates"
#define NS_SUBSCRIBERS      "http://schemas.microsoft.com/2006/09/sip/presence-subscribers"
#define NS_SERVICE          "http://schemas.microsoft.com/2006/09/sip/service"
#define NS_DEVICE           "http://schemas.microsoft.com/2006/09/sip/device"
#define NS_RLMI             "urn:ietf:params:xml:ns:rlmi"

enum {
    CONTAINER_LAST = 32767,
    BLOCKED = 32000,
    CATEGORY_NAME_MAX = 64,
    CONTAINERS_MAX = 64,
    NOTE_HISTORY_MAX = 3,
    SELVES_MAX = 64, /* more endpoints than any registrar lets one user have */
    NEWS_MAX = 256   /* held back for a dialog whose 200 is not out; more go out before it */
};

enum expire_type {
    EXPIRE_STATIC,
    EXPIRE_USER,
    EXPIRE_ENDPOINT,
    EXPIRE_TIME
};

enum member_type {
    MEMBER_USER,
    MEMBER_DOMAIN,
    MEMBER_SAME_ENTERPRISE,
    MEMBER_FEDERATED,
    MEMBER_PUBLIC_CLOUD,
    MEMBER_EVERYONE,
    MEMBER_TYPES
};

extern const char *const expire_names[];
extern const char *const member_names[];

/* Index of a name, -1: none. */
int name_index(const char *const *names, int count, struct slice name);

/* ---- names.c: what is kept once, while it is used ---- */

struct atom {
    UT_hash_handle hh;
    unsigned uses;
    unsigned mark; /* of the request that was the last to name it */
    struct slice text;
    char bytes[];
};

/* What a watcher asks for. */
struct wish {
    UT_hash_handle hh;
    unsigned uses;
    bool legacy; /* a presentity document, of legacyInterop and contactCard */
    size_t count;
    struct slice categories[PRESENCE_CATEGORIES_MAX]; /* in bytes */
    char bytes[];
};

struct value {
    unsigned uses;
    size_t len;
    char bytes[];
};

static inline struct slice value_text(const struct value *value)
{
    return slice_make(value->bytes, value->len);
}

struct person;
struct atom *atom_take(struct presence *presence, struct slice text);
struct atom *atom_find(const struct presence *presence, struct slice text);
void atom_release(struct presence *presence, struct atom *atom);
struct wish *wish_take(struct presence *presence, const struct slice *categories, size_t count,
                       bool legacy);
void wish_release(struct presence *presence, struct wish *wish);
struct value *value_take(const struct person *person, struct slice text);
void value_release(struct value *value);

/* ---- a person ---- */

struct publication {
    struct publication *next;
    struct atom *category;
    struct value *value;
    struct atom *endpoint; /* the bytes of its instance, if EXPIRE_ENDPOINT; else NULL */
    int64_t published;
    uint32_t instance, version, seconds; /* seconds: if EXPIRE_TIME */
    uint16_t container;
    enum expire_type expire : 4;
    bool ours : 1; /* computed or provisioned: no client's to change */
};

struct member {
    struct member *next;
    enum member_type type;
    struct slice value; /* in text; lower case */
    char text[];
};

struct container {
    struct container *next;
    uint32_t id, version;
    struct member *members;
};

/* One endpoint's dialog: who gets its messages. */
struct peer {
    struct subscription subscription;
    struct guid endpoint;
    struct flow flow;
    struct slice epid; /* in text */
    char text[ENDPOINT_EPID_MAX + 1];
};

struct self {
    struct self *next;
    struct peer peer;
    bool categories, containers, subscribers, delegates; /* what it asked for */
    bool fresh;                                          /* its first answer is not made */
    bool wpending; /* Event: presence.wpending, and none of these */
};

struct news {
    struct news *next;
    struct slice type, document; /* in text */
    char text[];
};

struct dialog {
    struct dialog *next;
    uint64_t number;
    struct peer peer;
    void *watched; /* links.c: a tree of struct atom */
    unsigned watched_count, news_count;
    bool pending; /* its 200 is not out */
    bool list;    /* the client takes lists: RFC 4662 */
    struct news *news;
    struct wish *wish;
};

/* When it ends by itself: INT64_MAX unless EXPIRE_TIME. */
static inline int64_t publication_expires(const struct publication *p)
{
    return p->expire == EXPIRE_TIME ? p->published + (int64_t)p->seconds * 1000 : INT64_MAX;
}

/* Somebody's dialog that watches this person. */
struct watch {
    struct atom *account;
    uint64_t dialog;
    struct wish *wish;
    uint32_t container; /* that he sees at present */
};

/* Somebody who has this person on his contact list. */
struct subscriber {
    struct subscriber *next;
    struct atom *account;
    struct atom *name;
    bool acknowledged;
};

struct person {
    UT_hash_handle hh;
    struct slice account; /* in text: the key */
    struct atom *name;    /* his display name */
    struct publication *publications;
    struct container *containers;
    struct self *selves;
    struct dialog *dialogs;
    void *watches; /* links.c: a tree of struct watch */
    struct subscriber *subscribers;
    size_t value_bytes;
    unsigned publication_count; /* without ours */
    unsigned member_count, watch_count;
    /* Who asked for the change that is planned, and what has left since. */
    struct guid planned;
    bool planned_lost, planned_last;
    int machine;         /* the aggregated machine state, 0: none */
    int64_t last_active; /* when it left Active; 0: it is active */
    int64_t used;        /* when somebody had to do with him */
    int64_t due;         /* due.c */
    size_t heap_at;
    char text[];
};

struct presence {
    struct presence_options options;
    struct person *people;
    struct atom *atoms;
    struct wish *wishes;
    struct person **heap; /* due.c */
    size_t heap_count, heap_room;
    uint64_t dialogs; /* numbers given */
    unsigned marks;   /* the same, struct atom's */
};

enum op_kind {
    OP_PUBLICATION,
    OP_MEMBER,
    OP_SUBSCRIBER /* acknowledged */
};

/* One thing to be changed. */
struct presence_op {
    struct presence_op *next;
    enum op_kind kind;
    bool remove, durable;
    struct slice category, value; /* a member, a subscriber: value only */
    uint32_t instance, container, version;
    enum expire_type expire;
    enum member_type type;
    int64_t seconds;
    int64_t published; /* of one that was on disk, else 0: it is new */
};

struct presence_record {
    struct presence_op *first; /* all of them puts */
};

/* ---- people.c ---- */

bool is_category_name(struct slice name); /* printable, no blank */

struct person *person_find(const struct presence *presence, struct slice account);
int person_need(const struct presence *presence, const struct registrar_caller *caller, int64_t now,
                struct person **person_out, struct fault *fault);
struct publication *publication_find(const struct person *person, const struct presence_op *key);
struct container *container_find(const struct person *person, uint32_t id);
struct member *member_find(const struct container *container, enum member_type type,
                           struct slice value);
uint32_t container_of_watcher(const struct presence *presence, const struct person *person,
                              struct slice watcher);
struct guid caller_endpoint(const struct registrar_caller *caller);
void peer_set(struct peer *peer, const struct registrar_caller *caller);
void person_free(struct presence *presence, struct person *person); /* and takes him out */
void publication_free(struct presence *presence, struct publication *publication);
void self_free(struct self *self);
void dialog_free(struct presence *presence, struct dialog *dialog);
void person_change_members(struct person *person, const struct presence_op *op);

/* ---- subscribe.c ---- */

struct dialog *dialog_find(const struct person *person, uint64_t number);
void dialog_forget(struct presence *presence, struct person *person, struct dialog *dialog);

/* ---- links.c: who watches whom ---- */

struct watch *watch_find(const struct presence *presence, const struct person *person,
                         struct slice watcher, uint64_t dialog);
void watch_drop(struct presence *presence, struct person *person, struct watch *watch);
void watch_add(struct presence *presence, struct person *person, struct slice watcher,
               uint64_t dialog, struct wish *wish, uint32_t container); /* takes the wish over */
void watch_each(const struct person *person, void (*fn)(void *arg, struct watch *watch), void *arg);
void watch_clear(struct presence *presence, struct person *person);
bool watched_has(const struct dialog *dialog, const struct atom *account);
void watched_add(struct dialog *dialog, struct atom *account); /* that it has not */
void watched_drop(struct presence *presence, struct dialog *dialog, struct atom *account);
void watched_each(const struct dialog *dialog, void (*fn)(void *arg, struct atom *account),
                  void *arg);
void watched_clear(struct presence *presence, struct dialog *dialog);

/* ---- due.c ---- */

void due_enter(struct presence *presence, struct person *person, int64_t when);
void due_leave(struct presence *presence, struct person *person);
void due_by(struct presence *presence, struct person *person, int64_t when); /* or sooner */

/* ---- turn.c: a change and whom it is told ---- */

struct touch {
    struct touch *next;
    enum op_kind kind;
    struct slice category; /* of a publication */
    uint32_t container;    /* of a publication or member */
};

struct turn {
    struct presence *presence;
    struct person *person;
    struct arena *arena;
    int64_t now;
    struct touch *touched;
    struct outgoing_list *out; /* NULL: nobody is told (adoption) */
    struct presence_posts *posts;
    const struct guid *not_to; /* this endpoint gets it in its 200; NULL: none */
};

void turn_touch(struct turn *turn, enum op_kind kind, struct slice category, uint32_t container);
bool turn_touches_kind(const struct turn *turn, enum op_kind kind);
bool turn_touches(const struct turn *turn, struct slice category, int64_t container);
void turn_put(struct turn *turn, const struct presence_op *op, const struct guid *endpoint,
              bool ours);
/* One that the server makes: told only when it is new; an absent value takes it away. */
void turn_put_ours(struct turn *turn, struct slice category, uint32_t container, uint32_t instance,
                   enum expire_type expire, struct slice value);
void turn_drop(struct turn *turn, struct publication *publication);
void turn_tell(struct turn *turn); /* aggregate, then tell everybody */
struct outgoing *peer_outgoing(const struct person *person, const struct peer *peer,
                               struct outgoing_list *out);

/* Of strings that live as long as the posts. */
void post_to(struct presence_posts *posts, enum presence_post_kind kind, struct slice to,
             struct slice from, uint64_t dialog, struct slice document);
void post_unwatch(struct presence_posts *posts, const struct person *watcher, uint64_t dialog,
                  struct slice contact);
/* Drop the dialogs of an endpoint, or with NULL those that have expired. */
void drop_dialogs(struct presence *presence, struct person *person, const struct guid *instance,
                  int64_t now, struct presence_posts *posts);
/* What a watcher reads; changed: only of the categories that are touched, absent: none is. */
struct slice print_for_wish(struct arena *arena, const struct person *person, uint32_t container,
                            const struct wish *wish, const struct turn *changed);

/* ---- subscribers.c ---- */

struct xml_writer;
void subscriber_meet(struct turn *turn, struct slice account, struct slice name);
bool subscriber_waits(const struct presence *presence, const struct person *person,
                      struct slice account);
void subscriber_acknowledge(struct turn *turn, struct slice account);
unsigned subscriber_count(const struct person *person, bool acknowledged);
void subscribers_free(struct presence *presence, struct person *person);
void put_subscribers(struct xml_writer *w, const struct presence *presence,
                     const struct person *person);
struct slice print_wpending(struct arena *arena, const struct person *person);

/* ---- legacy.c ---- */

#define LEGACY_TYPE "text/xml+msrtc.pidf"
struct slice print_legacy(struct arena *arena, const struct person *person, uint32_t container);
void put_legacy_interop(struct turn *turn, uint32_t container, int availability,
                        struct slice token);

/* ---- services.c ---- */

void put_services(struct turn *turn);

/* ---- identity.c ---- */

void put_cards(struct turn *turn, const struct presence_identity *identity);
bool card_is_ours_alone(const struct publication *publication);

/* ---- aggregate.c ---- */

void aggregate(struct turn *turn);

/* ---- document.c ---- */

/* roamingData; turn NULL: everything that this self asked for. */
struct slice print_self(struct arena *arena, const struct presence *presence,
                        const struct person *person, const struct self *self,
                        const struct turn *turn);
struct slice print_for_watcher(struct arena *arena, const struct person *person, uint32_t container,
                               const struct slice *categories, size_t count);
struct slice print_batch(struct arena *arena, const struct presence_batch *batch,
                         struct slice *content_type_out);
struct slice print_conflict(struct arena *arena, unsigned index, uint32_t version,
                            uint32_t current);

#endif
