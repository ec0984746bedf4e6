/* SIP URIs (RFC 3261 section 19.1) as slices: sip:, sips:, tel:, and anything
 * else by its text. */
#ifndef LYCHGATE_SIP_URI_H
#define LYCHGATE_SIP_URI_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

enum sip_scheme {
    SIP_SCHEME_OTHER, /* urn:, mailto:, ...: only `text` is filled */
    SIP_SCHEME_SIP,
    SIP_SCHEME_SIPS,
    SIP_SCHEME_TEL,
};

struct sip_uri {
    struct slice text; /* all of it */
    enum sip_scheme scheme;
    uint16_t port;        /* 0: none given */
    struct slice user;    /* still percent-encoded; absent when there is none; tel: the number */
    struct slice host;    /* IPv6 references keep their brackets */
    struct slice params;  /* ";transport=tls;..." for sip_param_next(); absent when none */
    struct slice headers; /* what follows '?', absent when none */
};

/* Split a URI; it must be the whole of `text`. Returns 0 or -ERR_MALFORMED
 * (finding SIP_MALFORMED): no scheme, empty or impossible host, port not in
 * 1..65535, blanks or control bytes. */
int sip_uri_parse(struct slice text, struct sip_uri *uri, struct fault *fault);

/* The address of record: "sip:user@host" in lower case, user percent-decoded
 * where that yields an unreserved character, without port, parameters and
 * headers; sips: becomes sip:. Lync takes the user part without regard to case.
 * Returns 0, or -ERR_MALFORMED when it is no sip(s) URI with a user or an escape
 * in it is broken. */
int sip_uri_aor(struct arena *arena, const struct sip_uri *uri, struct slice *aor_out,
                struct fault *fault);

/* The user part with escapes undone (it may then hold any byte but NUL), or
 * -ERR_MALFORMED. */
int sip_uri_user(struct arena *arena, const struct sip_uri *uri, struct slice *user_out);

/* A parameter of the URI by its name, in any case: absent when it is not there,
 * present and empty when it has no value (`;gruu`). */
struct slice sip_uri_param(const struct sip_uri *uri, struct slice name);

/* Do both name the same address of record? As sip_uri_aor() would say, without
 * memory; false when either is no address of record. */
bool sip_uri_same_aor(const struct sip_uri *a, const struct sip_uri *b);

#endif
