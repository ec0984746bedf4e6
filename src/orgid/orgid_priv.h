/* What the two resources share. */
#ifndef LYCHGATE_ORGID_ORGID_PRIV_H
#define LYCHGATE_ORGID_ORGID_PRIV_H

#include "orgid/orgid.h"

#include "webticket/trust.h"

#include <openssl/types.h>

struct orgid {
    struct orgid_options options; /* without keys */
    struct arena *arena;          /* holds what keys and issuer point to */
    struct vault_public keys;
    EVP_PKEY *recipient; /* the public half of the decrypt key */
    struct slice issuer;
};

http_answer_fn orgid_answer_realm;
http_answer_fn orgid_answer_rst2;

/* All that is judged before the password: form, time stamp, what the token is for. */
int orgid_check_request(const struct orgid *orgid, const struct soap_message *message,
                        struct arena *arena, int64_t now, struct trust_request *request,
                        struct fault *fault);

#endif
