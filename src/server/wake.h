/* Waking phones that sleep, and where they can be woken: the server's side of push/ and of
 * mobility/sleep.c. A face hands over what its device says by wake_subscribe(); from then on
 * its phone is in push mode. A wish to wake goes from the home loop to the clearing house, and
 * its outcome comes back to that loop by letter. */
#ifndef LYCHGATE_SERVER_WAKE_H
#define LYCHGATE_SERVER_WAKE_H

#include "push/wake.h"
#include "server/server_priv.h"

/* ---- for faces ---------------------------------------------------------------------------- */

/* Keep a device's push subscription, the JSON of PushSubscription.toJSON(), in the place of an
 * earlier one. `device` is the name that its phone was opened with (phone_options.device). On
 * a worker; it blocks. The device's phone, if there is one, goes over to push mode (PHONE_MODE)
 * and may be silent for 3 days, if the site pushes. Findings as push_subscription_parse() and
 * _add(). */
int wake_subscribe(struct server *server, struct slice account, struct slice device,
                   struct slice json, struct fault *fault);

/* Forget it; none is no error. The phone polls again and may be silent for 1 hour. */
int wake_unsubscribe(struct server *server, struct slice account, struct slice device,
                     struct fault *fault);

/* The same from a home loop, without blocking: a worker does it, then fn is called on that
 * loop, once, never before this returns, and behind PHONE_MODE. json absent: forget. fault
 * NULL: done. What else the answer needs, fn has to look for again: phones come and go. */
typedef void wake_fn(struct wing *home, void *arg, const struct fault *fault);
void wake_subscribe_later(struct wing *home, struct slice account, struct slice device,
                          struct slice json, wake_fn *fn, void *arg);

/* ---- for phones.c ------------------------------------------------------------------------- */

/* Has this device a subscription? On a worker. */
bool wake_can_push(struct server *server, int64_t account, struct slice device);

/* A phone's wish (phone_world.wake): phone_woken() follows by letter. That wing's loop only. */
struct wake_wish {
    uint64_t phone;  /* its flow */
    int64_t account; /* account.id */
    struct slice device;
    const struct push_news *news;
    uint64_t tag; /* the phone's */
};
void wake_wish(struct wing *wing, const struct wake_wish *wish);

/* ---- for server.c ------------------------------------------------------------------------- */

/* Start the clearing house, behind store and vault, with the vault client behind the main
 * thread's; without a push key the server runs, and pushes nothing. */
int wake_start(struct server *server, struct fault *fault);

/* End it: before the loops go, since outcomes are on their way to them. */
void wake_stop(struct server *server);

/* What a wing keeps. */
void wake_open(struct wing *wing);
void wake_close(struct wing *wing);

#endif
