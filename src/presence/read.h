/* The client's half of presence ([MS-PRES], session.md section 4): what the server tells
 * of other people and of oneself. Whatever is unknown is passed over: servers of later
 * years say more. */
#ifndef LYCHGATE_PRESENCE_READ_H
#define LYCHGATE_PRESENCE_READ_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PRESENCE_EVENT         "presence"
#define PRESENCE_SELF_EVENT    "vnd-microsoft-roaming-self"
#define PRESENCE_SELF_TYPE     "application/vnd-microsoft-roaming-self+xml"
#define PRESENCE_CATEGORY_TYPE "application/msrtc-event-categories+xml"
#define PRESENCE_BATCH_TYPE    "application/msrtc-adrl-categorylist+xml"
#define PRESENCE_PUBLISH_TYPE  "application/msrtc-category-publish+xml"
#define PRESENCE_CONFLICT_TYPE "application/msrtc-fault+xml"

enum {
    PRESENCE_ITEMS_MAX = 2000, /* publications, subscribers, conflicts of one document */
    PRESENCE_UNKNOWN = -1      /* no availability */
};

/* ---- other people ---------------------------------------------------------------------- */

/* What one document says of one person. Of a category that is not told, nothing has
 * changed; one that is told replaces all that was known. Strings are never absent where
 * their category is told. */
struct presence_told {
    struct slice account;   /* "bob@contoso.test" */
    bool card, state, note; /* which categories are told */
    bool gone;              /* the server tells nothing of him: `reason` */
    struct slice reason;    /* "noresource", "rejected"; empty */

    struct slice name, email, title, company, department, office, phone;

    int availability;      /* 3500 ...; PRESENCE_UNKNOWN */
    struct slice activity; /* a token ("on-the-phone") or the person's own words */
    struct slice device;   /* "Mobile" */
    int64_t last_active;   /* ms since the epoch; 0: active, or not told */

    struct slice note_text;
    bool out_of_office; /* it is the note of an out-of-office assistant */
};

typedef void presence_told_fn(void *arg, const struct presence_told *told);

/* Read the body of a notification or of a SUBSCRIBE's 200: one categories document, or
 * an rlmi list with one part a person. `fn` is called for each; strings are the
 * arena's. Parts of other types, and people without an address, are passed over.
 * -ERR_MALFORMED (PRESENCE_MALFORMED, SIP_MALFORMED, XML_*): calls made before it hold. */
int presence_read_news(struct slice content_type, struct slice body, struct arena *arena,
                       presence_told_fn *fn, void *arg, struct fault *fault);

/* ---- oneself ----------------------------------------------------------------------------- */

struct presence_item {
    struct slice category;
    uint32_t instance, container, version;
    bool none; /* the container holds nothing of that category any more */
};

struct presence_subscriber {
    struct slice account, name;
    bool acknowledged;
};

/* A roamingData document. */
struct presence_self_told {
    bool categories, subscribers; /* which parts are there */
    struct presence_item *items;
    size_t item_count;
    struct presence_subscriber *subscriber;
    size_t subscriber_count;
    struct presence_told own; /* as colleagues see it: container 200, else the aggregate in 2 */
};

/* In the arena. -ERR_MALFORMED (PRESENCE_MALFORMED); -ERR_LIMIT (PRESENCE_LIMIT); XML_*. */
int presence_read_self(struct slice body, struct arena *arena, struct presence_self_told *out,
                       struct fault *fault);

/* ---- conflicts ---------------------------------------------------------------------------- */

struct presence_conflict {
    unsigned index;            /* of the publication in its request, from 1 */
    uint32_t version, current; /* as sent; what to send */
};

/* Read the body of a 409. Returns 0 and what it names, or -ERR_MALFORMED
 * (PRESENCE_MALFORMED) when it is another fault; -ERR_LIMIT; XML_*. */
int presence_read_conflict(struct slice body, struct arena *arena,
                           struct presence_conflict **conflicts_out, size_t *count_out,
                           struct fault *fault);

#endif
