/* Push messages, encrypted from server to device ([RFC 8291] over [RFC 8188]): the
 * push service in between reads none of it. Both directions: the server encrypts, our
 * own client and the tests decrypt. */
#ifndef LYCHGATE_PUSH_ENCRYPT_H
#define LYCHGATE_PUSH_ENCRYPT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/slice.h"

enum {
    PUSH_POINT_LEN = 65, /* a P-256 point, uncompressed: 4, x, y ([X9.62]) */
    PUSH_AUTH_LEN = 16,
    PUSH_SCALAR_LEN = 32,
    PUSH_BODY_MAX = 4096,  /* what every push service takes ([RFC 8030] section 7.2) */
    PUSH_PLAIN_MAX = 3993, /* and what is left of that ([RFC 8291] section 4) */
};

/* The keys of a subscription. */
struct push_keys {
    struct slice p256dh; /* PUSH_POINT_LEN bytes */
    struct slice auth;   /* PUSH_AUTH_LEN bytes, a secret that only both ends know */
};

/* Is that a point on the curve, and a secret of the right length? -ERR_MALFORMED,
 * PUSH_SUBSCRIPTION_INVALID. */
int push_keys_check(const struct push_keys *keys, struct fault *fault);

/* Encrypt to a device: the body of the POST. A key pair is made for each message and
 * forgotten. -ERR_LIMIT, PUSH_TOO_LARGE; -ERR_MALFORMED as push_keys_check(). */
int push_encrypt(const struct push_keys *keys, struct slice plain, struct arena *arena,
                 struct slice *body_out, struct fault *fault);

/* A device's half of a subscription. */
struct push_receiver {
    struct secret scalar; /* the private key, PUSH_SCALAR_LEN bytes */
    struct secret auth;
    char p256dh[PUSH_POINT_LEN];
};

/* Make one, with fresh keys. */
int push_receiver_make(struct push_receiver *receiver_out, struct fault *fault);

/* Wipe and free what it holds. */
void push_receiver_fini(struct push_receiver *receiver);

/* What to hand to the server; slices of the receiver. */
struct push_keys push_receiver_keys(const struct push_receiver *receiver);

/* Decrypt a message. -ERR_MALFORMED, -ERR_LIMIT, -ERR_FORGED, all PUSH_UNREADABLE. */
int push_decrypt(const struct push_receiver *receiver, struct slice body, struct arena *arena,
                 struct slice *plain_out, struct fault *fault);

#endif
