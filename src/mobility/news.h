/* What a phone tells its face, and what it knows: plain data. */
#ifndef LYCHGATE_MOBILITY_NEWS_H
#define LYCHGATE_MOBILITY_NEWS_H

#include "base/fault.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- what is known; good until the next call of any function of the phone ------------ */

/* Somebody's presence and contact card. Strings are never absent; "": not told. */
struct phone_person {
    struct slice address; /* "bob@contoso.test" */
    struct slice name, email, title, company, department, office, phone;
    int availability;      /* 3500 ... 18500 ([MS-PRES] aggregation); -1: not told */
    struct slice activity; /* "on-the-phone", or the person's own words */
    struct slice device;   /* "Mobile" */
    int64_t last_active;   /* ms since the epoch; 0: active, or not told */
    struct slice note;
    bool out_of_office;
    bool refused; /* the server tells nothing of this address */
};

struct phone_group {
    unsigned id;       /* 1: "~", those who are in no other */
    struct slice name; /* "~", "Friends" */
};

struct phone_contact {
    struct slice address;
    struct slice alias; /* that the user gave; "": the card's name counts */
    uint64_t groups;    /* bit (id - 1) for each */
};

/* What a phone needs of in-band provisioning (step 12 of the article). Absent texts: not
 * provisioned. */
struct phone_settings {
    struct slice voicemail_uri;                             /* 12.1 */
    bool sim_ring, call_forwarding, delegation, team_call;  /* 12.2 */
    struct slice address_book_url, group_url, location_url; /* 12.3, external ones */
    bool show_photos;                                       /* 12.4 */
    struct slice photo_source; /* "AllPhotos", "PhotosFromADOnly", "NoPhoto" */
    bool card_organization;    /* contact cards show the organization */
    bool outside_voice, push;  /* 12.5 */
    struct slice dial_plan;    /* 12.6: its name */
    size_t dial_rules;         /* phone_normalize() applies them */
};

enum phone_chat_state {
    PHONE_CHAT_INVITED,    /* by the peer; the face accepts or declines */
    PHONE_CHAT_CONNECTING, /* we have invited, or accepted */
    PHONE_CHAT_CONNECTED,
    PHONE_CHAT_ENDED /* told once; the number is never used again */
};

struct phone_chat {
    uint64_t id;
    enum phone_chat_state state;
    bool incoming;
    struct slice peer, peer_name; /* address; display name of From, "" */
    struct slice subject;         /* Subject, or "" */
    struct slice conversation;    /* Ms-Conversation-ID, "" */
};

/* ---- news ------------------------------------------------------------------------------ */

enum phone_priority {
    PHONE_LOW,
    PHONE_MEDIUM,
    PHONE_HIGH
};

enum phone_news_kind {
    PHONE_SIGNED_IN,  /* registered; `expires` is how long it may be silent (ms) */
    PHONE_MODE,       /* push or pull has changed: phone_pushes(), and `expires` as above */
    PHONE_SIGNED_OUT, /* over, by `fault` (NONE: as asked for); the last news of all */
    PHONE_SETTINGS,   /* phone_settings() */
    PHONE_CONTACTS,   /* phone_groups(), phone_contacts() have changed */
    PHONE_PERSON,     /* `person` has changed; `card`, `presence`, `note`: what of it */
    PHONE_SELF,       /* the same of oneself */
    PHONE_CHAT,       /* `chat` is new or has another state; ENDED: with `fault` or NONE */
    PHONE_MESSAGE,    /* `text` of `type` from chat->peer in `chat` */
    PHONE_TYPING,     /* `typing`: chat->peer does, or has stopped */
    PHONE_FOUND,      /* answer to phone_search(): `found` of `found_count`; before PHONE_DONE */
    PHONE_DONE,       /* a call is answered: `tag`, `fault` (NONE: it was done) */
    PHONE_NEWS_KINDS
};

/* All pointers and slices are good during the callback only. */
struct phone_news {
    enum phone_news_kind kind;
    enum phone_priority priority; /* by kind, see phone_news_priority() */
    uint64_t tag;                 /* DONE, FOUND: that of the call */
    const struct fault *fault;    /* never NULL; finding FINDING_NONE: all is well */
    int64_t expires;
    const struct phone_person *person;
    bool card, presence, note;
    const struct phone_chat *chat;
    struct slice text, type; /* UTF-8; "text/plain" or "text/html" */
    bool typing;
    const struct phone_person *found;
    size_t found_count;
};

/* High: chats, messages, typing, contacts, answers, the end; medium: the rest. */
enum phone_priority phone_news_priority(enum phone_news_kind kind);

#endif
