/* liblychgate: sign in as a phone does, by the mobility service (MCX) in place of SIP.
 *
 *   struct lychgate *gate = lychgate_new(&options);
 *   if (lychgate_mobile_signin(gate, &(struct lychgate_mobile_options){.message = got}) == 0)
 *       while (lychgate_mobile_wait(gate, 60000) >= 0)
 *           ;
 *   lychgate_mobile_signout(gate);
 *   lychgate_free(gate);
 *
 * The sign-in goes fourteen steps, and each event carries its number: 1 credentials; 2, 3, 4
 * DNS; 5 connecting; 6 http to https; 7, 8 autodiscover; 9 web ticket, certificate, and a web
 * ticket by that certificate; 10 the server registers the phone; 11 the mobility policy; 12
 * (12.1 to 12.6) provisioning; 13 push or pull; 14 contacts and contact cards.
 *
 * What MCX says was never published: this is Lychgate's own contract (docs/mcx.md), so the
 * server must be a Lychgate. A gate signs in either so or by lychgate_signin(). */
#ifndef LYCHGATE_MOBILE_H
#define LYCHGATE_MOBILE_H

#include "lychgate/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copied by lychgate_mobile_signin(). */
struct lychgate_mobile_options {
    const char *push_subscription;  /* [none: pull] JSON, as a browser's PushManager makes it: the
                                       phone may sleep, and is woken through it */
    lychgate_presence_fn *presence; /* [none] somebody's presence has changed; one's own too */
    lychgate_contacts_fn *contacts; /* [none] the list has changed */
    lychgate_message_fn *message;   /* [none: invitations to talk are declined] */
    void *arg;
};

/* What a successful sign-in came to. */
struct lychgate_mobile_summary {
    const char *address;       /* "alice@contoso.test" */
    const char *service;       /* "https://webdir.contoso.test/Mcx/McxService.svc" */
    const char *contact;       /* registered for us: "sip:sip.contoso.test:5087;transport=tls" */
    const char *endpoint;      /* what this phone calls itself, each time */
    bool push;                 /* else it must poll */
    int64_t lifetime_s;        /* how long it may be silent */
    int64_t certificate_until; /* ms since 1970, UTC */
    bool certificate_kept;     /* it came from the cache: no password was needed */
    int64_t spent_us;          /* the whole sign-in */
};

/* The fourteen steps. 0: signed in. Who is not enabled for mobility gets "mobility-disabled" at
 * step 11, and nothing is registered. */
LYCHGATE_API int lychgate_mobile_signin(struct lychgate *gate,
                                        const struct lychgate_mobile_options *options);

/* Of the last sign-in; all empty before, and when it failed. */
LYCHGATE_API const struct lychgate_mobile_summary *lychgate_mobile_summary(
    const struct lychgate *gate);

/* What step 12 brought; `group` is "12.1" to "12.6". */
LYCHGATE_API const struct lychgate_setting *lychgate_mobile_settings(const struct lychgate *gate,
                                                                     size_t *count);

/* Contacts with cards and presence, in the order of the server. Good until the next
 * lychgate_mobile_wait() or _send(). */
LYCHGATE_API const struct lychgate_contact *lychgate_mobile_contacts(const struct lychgate *gate,
                                                                     size_t *count);

/* One poll, held by the server for so long at most (up to ten minutes). 1: something was told to
 * a callback, 0: the time is over. Negative: the session is over, or lychgate_stop() was called
 * ("stopped": then it is not). */
LYCHGATE_API int lychgate_mobile_wait(struct lychgate *gate, int milliseconds);

/* Invite somebody to talk, or go on talking with him. Returns once the server has the text in
 * its hands; where he has to accept first, that is when he has, and polls of our own are
 * made meanwhile. Not from within a callback. */
LYCHGATE_API int lychgate_mobile_send(struct lychgate *gate, const char *address, const char *text);

/* Sign the phone out. 0 too when not signed in. */
LYCHGATE_API int lychgate_mobile_signout(struct lychgate *gate);

#ifdef __cplusplus
}
#endif

#endif
