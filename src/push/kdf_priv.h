/* HKDF with SHA-256 ([RFC 5869]), extract and expand in one. */
#ifndef LYCHGATE_PUSH_KDF_PRIV_H
#define LYCHGATE_PUSH_KDF_PRIV_H

#include "base/slice.h"

bool push_hkdf(struct slice salt, struct slice material, struct slice info, unsigned char *out,
               size_t len);

#endif
