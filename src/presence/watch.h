/* Watching other people's presence: batch subscriptions ([MS-SIP] section 3.3, [MS-PRES]
 * section 2.2.2.4), which visit the home of every contact, and the news between homes. */
#ifndef LYCHGATE_PRESENCE_WATCH_H
#define LYCHGATE_PRESENCE_WATCH_H

#include "presence/presence.h"

/* ---- news ------------------------------------------------------------------------------- */

/* News from one home to another; all of it lives in the list's arena. Posts of one change
 * share their documents: copy each `document.at` once per destination, not per post. */
enum presence_post_kind {
    PRESENCE_NEWS,    /* publisher to watcher: a document */
    PRESENCE_GONE,    /* publisher to watcher: the account is no more; a last document */
    PRESENCE_UNWATCH, /* watcher to publisher: that dialog has ended */
};

struct presence_post {
    struct presence_post *next;
    enum presence_post_kind kind;
    struct slice to, from; /* accounts */
    uint64_t dialog;       /* the watcher's */
    struct slice document; /* application/msrtc-event-categories+xml */
};

struct presence_posts {
    struct arena *arena;
    struct presence_post *first, **last;
};

void presence_posts_init(struct presence_posts *posts, struct arena *arena);

/* ---- subscriptions ------------------------------------------------------------------------ */

enum {
    PRESENCE_CATEGORIES_MAX = 16 /* in one subscription */
};

struct presence_contact {
    struct slice account;
    bool known, refused;   /* refused: he has too many watchers */
    bool gone;             /* his account is no more */
    bool listed;           /* the watcher has him on his contact list */
    struct slice document; /* filled by presence_visit */
};

/* A presence subscription under way, in its exchange's arena. */
struct presence_batch {
    struct arena *arena;
    struct slice watcher;
    uint64_t dialog; /* its number at the watcher's home */
    bool poll;       /* nobody is to remember it: Expires was 0 */
    bool legacy;     /* a presentity document is asked for */
    bool list;       /* the answer is a list, else one document */
    struct slice watcher_name;
    struct slice categories[PRESENCE_CATEGORIES_MAX];
    size_t category_count, contact_count;
    struct presence_contact *contacts;
    bool remove; /* action unsubscribe */
};

/* Event: presence
 *  - with a batchSub: its contacts join the dialog (subscribe) or leave it (unsubscribe);
 *  - with a categoryList, or without a body: the contact in the Request-URI; as Accept
 *    says, in categories or as the presentity document of 2003 (text/xml+msrtc.pidf);
 *  - without a body within the dialog: a refresh, all its contacts again.
 * One batch even when it asks for nobody. fault must not be NULL. Errors: as
 * presence_self(), and PRESENCE_LIMIT. */
int presence_subscribe(struct presence *presence, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct arena *arena,
                       struct presence_batch **batch_out, struct sip_reply *reply,
                       struct presence_posts *posts, struct fault *fault);

/* Fill in the contacts that are at home here; those that are elsewhere stay alone. *out:
 * what the contacts' own endpoints learn of it. */
void presence_visit(struct presence *presence, struct presence_batch *batch, int64_t now,
                    struct outgoing_list *out);

/* The answer, and what came in between. */
void presence_subscribed(struct presence *presence, struct presence_batch *batch, int64_t now,
                         struct sip_reply *reply, struct outgoing_list *out);

/* Take a post that is for this home: news become a message to the watcher, which borrows
 * post->document: it must live as long as out's arena. News for a dialog that is no more
 * are answered with an unwatch in *posts. */
void presence_deliver(struct presence *presence, const struct presence_post *post, int64_t now,
                      struct outgoing_list *out, struct presence_posts *posts);

#endif
