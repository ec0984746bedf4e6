/* One SUBSCRIBE dialog as the notifier keeps it (RFC 6665; [MS-SIP] section 3.4 for
 * BENOTIFY, piggybacking and autoextend; [MS-SIPREGE] section 2.2.2.2 for the headers).
 * It knows what is needed to answer refreshes and to write notifications; which
 * state is told, and over which connection, is the room's. The usual way:
 *
 *   subscription_open(&s, request, &terms, now, &reply, fault)  or, with a To tag,
 *   subscription_refresh(&s, request, &terms, now, &reply, fault)
 *   if (!subscription_piggyback(&s, &reply, type, body))
 *       subscription_notify(&s, now, type, body, &outgoing_add(out)->request);
 *
 * A room that answers a SUBSCRIBE after other work (a home elsewhere, a commit) may
 * do all of this then. */
#ifndef LYCHGATE_SIP_SUBSCRIPTION_H
#define LYCHGATE_SIP_SUBSCRIPTION_H

#include "sip/message.h"
#include "sip/reply.h"

enum {
    SUBSCRIPTION_TEXT_MAX = 2048 /* bytes of all that a peer's dialog makes us keep */
};

/* What the room offers; all times in ms. Lync: 1,200 s, 28,800 s, 43,200 s. */
struct subscription_terms {
    int64_t shortest, usual, longest; /* usual: when Expires is absent */
    const char *contact; /* our Contact, a whole value: "<sip:host:5061;transport=tls>" */
};

/* Plain data but for `text`; strings live until _fini. */
struct subscription {
    struct slice event;                   /* "presence", lower case */
    struct slice call_id;                 /* the dialog: Call-ID and both tags */
    struct slice local, local_tag;        /* our From: their To, and our tag */
    struct slice remote, remote_tag;      /* our To: their From as sent, with tag and epid */
    struct slice target;                  /* their Contact URI: our Request-URI */
    uint32_t cseq;                        /* of our latest request, 0: there was none */
    uint32_t remote_cseq;                 /* of their latest SUBSCRIBE */
    int64_t expires, lifetime;            /* ms since the epoch; ms */
    bool benotify, piggyback, autoextend; /* as the latest SUBSCRIBE offers */
    char *text;                           /* owned: all strings in one allocation */
};

/* Take a SUBSCRIBE without To tag. Fills *s and the reply's headers: Contact,
 * Expires, Event, subscription-state, Supported, and reply->to_tag. A lifetime is
 * the Expires asked for within the terms; Expires: 0 makes a poll: `expires` is now,
 * subscription-state says terminated, and the room keeps nothing. Returns 0, or
 *   -ERR_MALFORMED  SUBSCRIPTION_WRONG: no Event, no Contact, no From tag
 *   -ERR_LIMIT      SUBSCRIPTION_WRONG: longer than SUBSCRIPTION_TEXT_MAX
 * after which *s holds nothing. */
int subscription_open(struct subscription *s, const struct sip_message *request,
                      const struct subscription_terms *terms, int64_t now, struct sip_reply *reply,
                      struct fault *fault);

/* Is this in-dialog request of that dialog? */
bool subscription_is_of(const struct subscription *s, const struct sip_message *request);

/* Take a SUBSCRIBE within the dialog: a new lifetime (0: it ends, see `expires`), a
 * new target. The reply as above. -ERR_MALFORMED (SUBSCRIPTION_WRONG) when its CSeq
 * does not go up or the event is another one; then *s is as it was. */
int subscription_refresh(struct subscription *s, const struct sip_message *request,
                         const struct subscription_terms *terms, int64_t now,
                         struct sip_reply *reply, struct fault *fault);

/* The refusal for an in-dialog SUBSCRIBE that no dialog is known for: -ERR_UNKNOWN
 * with SUBSCRIPTION_UNKNOWN (481). */
int subscription_unknown(const struct sip_message *request, struct fault *fault);

/* Put the first notification into the 200, if the client offered that: the body and
 * `ms-piggyback-cseq`. False: it did not, send a notification instead. */
bool subscription_piggyback(struct subscription *s, struct sip_reply *reply,
                            struct slice content_type, struct slice body);

/* Write a BENOTIFY, or a NOTIFY for a client that did not ask for BENOTIFY, into an
 * empty request (outgoing_add(out)->request): everything but Via, and the strings copied
 * to its arena, except type and body. An empty body sends none. With
 * autoextend the lifetime starts anew. After `expires` it says terminated. */
void subscription_notify(struct subscription *s, int64_t now, struct slice content_type,
                         struct slice body, struct sip_request *request);

/* The same, as the last message of the dialog: subscription-state
 * `terminated;expires=0`, with `;reason=` when reason is not NULL. */
void subscription_terminate(struct subscription *s, const char *reason, struct slice content_type,
                            struct slice body, struct sip_request *request);

static inline bool subscription_over(const struct subscription *s, int64_t now)
{
    return s->expires <= now;
}

void subscription_fini(struct subscription *s);

#endif
