/* Org ID, client half: requests as bytes, answers as structs, no I/O. Works against
 * the site's own role and against the cloud's. The order: GET orgid_realm_url(); if
 * the answer says ORGID_FEDERATED, the password belongs to somebody else's service;
 * else POST orgid_rst2_print() to RST2, then hand grant.token to the web ticket
 * service (webticket/client.h, WEBTICKET_FEDERATED). */
#ifndef LYCHGATE_ORGID_CLIENT_H
#define LYCHGATE_ORGID_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

/* ---- whose user is it? -------------------------------------------------------- */

/* The realm question for a login, on the host of any URL of the Org ID service
 * ("https://login.contoso.test/RST2.srf", which the metadata names as issuer).
 * Absent when that is no https URL. */
struct slice orgid_realm_url(struct arena *arena, struct slice service_url, struct slice login);

enum orgid_namespace {
    ORGID_UNKNOWN = 0, /* the service does not know the domain; trying is allowed */
    ORGID_MANAGED,     /* it keeps the passwords itself */
    ORGID_FEDERATED,   /* sts_url is where the password is to be shown */
};

/* Slices are the arena's; what the answer lacks is absent. */
struct orgid_realm {
    enum orgid_namespace kind;
    struct slice login;
    struct slice domain;
    struct slice brand;
    struct slice sts_url;
};

/* Read RealmInfo. -ERR_MALFORMED, SOAP_MALFORMED: another document, or Federated
 * without an STSAuthURL; or what the XML reader refuses. */
int orgid_realm_parse(struct slice body, struct arena *arena, struct orgid_realm *out,
                      struct fault *fault);

/* ---- the token ------------------------------------------------------------------ */

#define ORGID_CONTENT_TYPE "application/soap+xml; charset=utf-8"

struct orgid_ask {
    struct slice to; /* RST2's URL */
    struct slice user;
    struct slice password;   /* secret: *out holds it, and is to be wiped */
    struct slice applies_to; /* the web ticket service's WsFed_bearer endpoint */
    struct slice message_id; /* "uuid:..." */
    int64_t now;             /* the message is good from now for five minutes */
};

/* Append the SOAP 1.2 message. */
void orgid_rst2_print(const struct orgid_ask *ask, struct buf *out);

/* Slices are the arena's. */
struct orgid_grant {
    struct slice token;    /* EncryptedData, or an open Assertion: raw, stands by itself */
    bool encrypted;        /* which of them */
    struct slice lifetime; /* what is inside Lifetime, raw */
    int64_t created;       /* ms since the epoch, by the server's clock */
    int64_t expires;
};

/* Read the body of a 200, which may hold a fault all the same (orgid_refusal).
 * -ERR_MALFORMED with TOKEN_REFUSED: no response, no token, or no Lifetime in it;
 * or what the XML reader refuses. */
int orgid_rst2_parse(struct slice body, struct arena *arena, struct orgid_grant *out,
                     struct fault *fault);

/* Any answer that is no token, as fault, always negative: by psf:error's number and
 * text (WRONG_PASSWORD, USER_DISABLED, TOO_MANY_ATTEMPTS, TICKET_AUDIENCE, CLOCK_SKEW),
 * else TOKEN_REFUSED. The detail quotes number and text. */
int orgid_refusal(int status, struct slice body, struct fault *fault);

#endif
