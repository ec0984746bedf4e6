/* Autodiscover, client half ([MS-OCDISCWS] section 3.2): from the URL of a lyncdiscover
 * name to the User document, by Redirect links, through the 401 that says where
 * tickets are. No I/O: the caller fetches what the walk names and shows it the
 * answer, until it says FOUND.
 *
 *     autodiscover_begin(&walk, arena, url, address);
 *     do GET walk.url, with Accept: AUTODISCOVER_ACCEPT and, if walk.with_ticket, a
 *        web ticket from walk.ticket_url for walk.url, in X-MS-WebTicket
 *     while (autodiscover_take(&walk, &answer, &step, &fault) == 0 && step != FOUND); */
#ifndef LYCHGATE_AUTODISCOVER_WALK_H
#define LYCHGATE_AUTODISCOVER_WALK_H

#include "autodiscover/document.h"

enum {
    AUTODISCOVER_REDIRECTS_MAX = 10 /* as Exchange's client has it */
};

/* What is next. */
enum autodiscover_step {
    AUTODISCOVER_GET,    /* fetch walk.url */
    AUTODISCOVER_TICKET, /* get a ticket at walk.ticket_url, then fetch walk.url with it */
    AUTODISCOVER_FOUND,  /* walk.document is the User document */
};

/* Everything is the arena's; read-only for the caller. */
struct autodiscover_walk {
    struct arena *arena;
    struct slice address;    /* "alice@contoso.test" */
    struct slice url;        /* with sipuri */
    bool with_ticket;        /* show the ticket with it */
    struct slice ticket_url; /* X-MS-WebTicketURL; absent until it came */
    struct slice server;     /* X-MS-Server-Fqdn of the latest answer, absent: none */
    bool unprotected;        /* plain http was among the steps that led here: who could change
                                it decided where to. Compare the domain before a password goes there */
    struct autodiscover_document document; /* the latest one that was read */
    struct slice visited[AUTODISCOVER_REDIRECTS_MAX + 1];
    size_t visited_count;
};

/* An HTTP answer; headers that did not come are absent. */
struct autodiscover_answer {
    int status;
    struct slice content_type;
    struct slice location;    /* Location */
    struct slice ticket_url;  /* X-MS-WebTicketURL */
    struct slice server;      /* X-MS-Server-Fqdn */
    struct slice diagnostics; /* X-Ms-diagnostics */
    struct slice body;
};

/* Start at a URL, "https://lyncdiscoverinternal.contoso.test/"; address without "sip:". */
void autodiscover_begin(struct autodiscover_walk *walk, struct arena *arena, struct slice url,
                        struct slice address);

/* A URL with the query sipuri=ADDRESS added, unless it has a sipuri. */
struct slice autodiscover_with_sipuri(struct arena *arena, struct slice url, struct slice address);

/* Take the answer to walk.url. Returns 0 and the next step, or
 *   AUTODISCOVER_LOOP           over ten redirects, or one to where we have been
 *   AUTODISCOVER_NO_TICKET_URL  a 401 that does not say where tickets are
 *   AUTODISCOVER_MALFORMED      another status; no document or one without the
 *                               link or access point that is needed; a user or
 *                               ticket URL without TLS. The detail says which,
 *                               and tells a proxy's own page from a server's.
 *   HOME_UNKNOWN                404 of the user resource: no such user here
 *   or, for a 401 in spite of the ticket, what webticket_refusal() makes of it. */
int autodiscover_take(struct autodiscover_walk *walk, const struct autodiscover_answer *answer,
                      enum autodiscover_step *step_out, struct fault *fault);

#endif
