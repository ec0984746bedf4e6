/* Encryption with the random parts given: for test vectors. */
#ifndef LYCHGATE_PUSH_ENCRYPT_PRIV_H
#define LYCHGATE_PUSH_ENCRYPT_PRIV_H

#include "push/encrypt.h"

#include <openssl/types.h>

/* P-256 keys: from a point, from scalar and point; NULL when they are none. */
EVP_PKEY *push_public_key(struct slice point);
EVP_PKEY *push_private_key(struct slice scalar, struct slice point);

/* The point of a key. False when it is no P-256 key. */
bool push_key_point(EVP_PKEY *key, char out[PUSH_POINT_LEN]);

/* push_encrypt() with the sender's key and the salt. */
int push_encrypt_with(const struct push_keys *keys, EVP_PKEY *sender, struct slice salt,
                      struct slice plain, struct arena *arena, struct slice *body_out,
                      struct fault *fault);

#endif
