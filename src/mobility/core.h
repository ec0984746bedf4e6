/* The phone as its server sees it: messages in and out, time, and the answer to whether he
 * may. Faces use phone.h. */
#ifndef LYCHGATE_MOBILITY_CORE_H
#define LYCHGATE_MOBILITY_CORE_H

#include "mobility/phone.h"
#include "policy/policy.h"
#include "push/wake.h"
#include "sip/message.h"

/* What is around a phone. Strings are borrowed for as long as it lives. */
struct phone_world {
    struct slice domain; /* of the site */
    struct slice pool;   /* host of the Contact */
    uint16_t port;       /* of the Contact: McxSipExternalListeningPort, 5087 */
    int64_t (*now)(void *arg);
    /* There is something to send, to settle, or another time to wake at: call phone_next(),
     * phone_settle() and phone_tick() soon, never from within. */
    void (*stir)(void *arg);
    /* The device sleeps: push that to it. phone_woken() tells by the tag how it went, never
     * from within. Called by phone_tick() and phone_take(). */
    void (*wake)(void *arg, const struct push_news *news, uint64_t tag);
    void *arg;
};

/* -ERR_MALFORMED, MOBILITY_INVALID: the account is no address; endpoint empty; lengths. */
int phone_new(const struct phone_world *world, const struct phone_options *options,
              struct phone **phone_out, struct fault *fault);
void phone_free(struct phone *phone); /* tells nothing; NULL is fine */

/* What a worker found out of him. */
struct phone_admission {
    struct arena *arena; /* of the policy; becomes the phone's */
    struct policy_effective policy;
    bool push;        /* this device has a subscription, and push is on */
    int64_t lifetime; /* ms of silence: 3 days with push, 1 hour without */
};

/* May he? When his policy says EnableMobility = False, or `fault` is given, the phone ends
 * (MOBILITY_DISABLED); else it registers. Takes admission->arena in any case. */
void phone_admit(struct phone *phone, const struct phone_admission *admission,
                 const struct fault *fault);

/* Push or pull from now on, and how many ms of silence; tells PHONE_MODE if it was otherwise. */
void phone_set_push(struct phone *phone, bool push, int64_t lifetime);

/* How a wish of world->wake() has ended. An invitation whose device cannot be woken is
 * answered by push_wake_answer(), unless the device has come meanwhile. */
void phone_woken(struct phone *phone, uint64_t tag, const struct push_outcome *outcome);

/* The next message to be sent, in the arena, one after the other; false: none. */
bool phone_next(struct phone *phone, struct arena *arena, struct slice *bytes_out);

/* A message has come, a response or a request. */
void phone_take(struct phone *phone, const struct sip_message *message);

/* End at once, and tell it: replaced, or the server goes. */
void phone_end(struct phone *phone, const struct fault *fault);

/* Do what is due; returns when to call again (ms since the epoch). */
int64_t phone_tick(struct phone *phone);

/* Call face.settle() if anything was told since. The face may close the phone there, so
 * it is the caller's last use of it. */
void phone_settle(struct phone *phone);

/* How it registers: epid (derived from the endpoint id), instance, the pool's Contact. */
struct slice phone_epid(const struct phone *phone);
struct slice phone_instance(const struct phone *phone);

/* As in the options: names the push subscription. */
struct slice phone_device(const struct phone *phone);

#endif
