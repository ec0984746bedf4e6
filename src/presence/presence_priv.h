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
#define NS_RLMI             "urn:ietf:params:xml:ns:rlmi"

enum {
    CONTAINER_LAST = 32767,
    BLOCKED = 32000,
    CATEGORY_NAME_MAX = 64,
    CONTAINERS_MAX = 64,
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

struct publication {
    struct publication *next;
    uint32_t instance, container, version;
    enum expire_type expire;
    bool ours;                  /* computed or provisioned: no client's to change */
    int64_t published, expires; /* expires: INT64_MAX unless EXPIRE_TIME */
    struct guid endpoint;
    struct slice category, value; /* in text */
    char text[];
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
    bool categories, containers; /* what it asked for */
};

struct watched {
    struct watched *next;
    struct slice account;
    char text[];
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
    struct watched *watched;
    unsigned watched_count, news_count;
    bool pending; /* its 200 is not out */
    struct news *news;
    struct slice categories[16]; /* in text */
    size_t category_count;
    char *text;
};

/* Somebody's dialog that watches this person. */
struct watch {
    struct watch *next;
    uint64_t dialog;
    uint32_t container; /* that he sees at present */
    struct slice account;
    size_t category_count;
    struct slice categories[16];
    char text[];
};

struct person {
    UT_hash_handle hh;
    struct slice account; /* in text: the key */
    struct publication *publications;
    unsigned publication_count; /* without ours */
    size_t value_bytes;
    struct container *containers;
    unsigned member_count, watch_count;
    struct self *selves;
    struct dialog *dialogs;
    struct watch *watches;
    /* Who asked for the change that is planned, and what has left since. */
    struct guid planned;
    bool planned_lost, planned_last;
    int machine;         /* the aggregated machine state, 0: none */
    int64_t last_active; /* when it left Active; 0: it is active */
    char text[];
};

struct presence {
    struct presence_options options;
    struct person *people;
    uint64_t dialogs; /* numbers given */
};

/* One thing to be changed. */
struct presence_op {
    struct presence_op *next;
    bool member, remove; /* member: a container's, else a publication's */
    bool durable;
    struct slice category, value; /* member: value only */
    uint32_t instance, container, version;
    enum expire_type expire;
    enum member_type type;
    int64_t seconds;
};

struct presence_record {
    struct presence_op *first; /* all of them puts */
};

/* ---- people.c ---- */

struct person *person_find(const struct presence *presence, struct slice account);
int person_need(const struct presence *presence, const struct registrar_caller *caller,
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
void self_free(struct self *self);
void dialog_free(struct dialog *dialog);
void person_change_members(struct person *person, const struct presence_op *op);

/* ---- turn.c: a change and whom it is told ---- */

struct touch {
    struct touch *next;
    struct slice category; /* of a publication; absent: the container's members */
    uint32_t container;
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

void turn_touch(struct turn *turn, struct slice category, uint32_t container);
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

void post_to(struct presence_posts *posts, enum presence_post_kind kind, struct slice to,
             struct slice from, uint64_t dialog, struct slice document);

/* ---- identity.c ---- */

void put_cards(struct turn *turn, const struct presence_identity *identity);
bool card_is_ours_alone(const struct publication *publication);

/* ---- aggregate.c ---- */

void aggregate(struct turn *turn);

/* ---- document.c ---- */

/* roamingData; turn NULL: everything that this self asked for. */
struct slice print_self(struct arena *arena, const struct person *person, const struct self *self,
                        const struct turn *turn);
struct slice print_for_watcher(struct arena *arena, const struct person *person, uint32_t container,
                               const struct slice *categories, size_t count);
struct slice print_batch(struct arena *arena, const struct presence_batch *batch,
                         struct slice *content_type_out);
struct slice print_conflict(struct arena *arena, unsigned index, uint32_t version,
                            uint32_t current);

#endif
