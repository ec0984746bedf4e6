/* A SIP message as slices of its own bytes (RFC 3261 section 7; [MS-SIP]).
 *
 * sip_parse() fills a struct that the caller owns, allocates nothing and copies
 * nothing: the message lives as long as the bytes. What every receiver needs is
 * read and checked once; the rest is a table of header lines.
 *
 * Refused, besides broken grammar: two lines of a header that may be there once,
 * Content-Length that is not what the body has, CSeq with another method than the
 * request line, ports out of range, unclosed quotes and brackets, NUL bytes, more
 * headers than SIP_HEADERS_MAX. The fault names the header and the byte. */
#ifndef LYCHGATE_SIP_MESSAGE_H
#define LYCHGATE_SIP_MESSAGE_H

#include "base/fault.h"
#include "base/slice.h"
#include "sip/names.h"
#include "sip/params.h"
#include "sip/uri.h"

enum {
    SIP_HEADERS_MAX = 96
};

struct sip_header {
    enum sip_header_id id;
    uint32_t next;      /* index + 1 of the next line of the same id, 0: the last (not for OTHER) */
    struct slice name;  /* as sent */
    struct slice value; /* trimmed; may hold line folds, which are blanks */
};

/* One binding of a Contact header ([MS-SIPREGE] section 2.2.1). */
struct sip_contact {
    bool star; /* "*" */
    struct sip_address address;
    int64_t expires;       /* seconds; -1: absent or unreadable (RFC 3261 section 20.10) */
    struct slice instance; /* +sip.instance without <>, "urn:uuid:..." */
    struct slice proxy;    /* "replace" */
    struct slice methods, gruu;
};

struct sip_message {
    struct slice bytes; /* head and body */

    /* A request (status 0) ... */
    enum sip_method method; /* in a response: that of CSeq */
    struct slice method_text;
    struct sip_uri uri;
    /* ... or a response. */
    int status; /* 100..699 */
    struct slice reason;

    struct sip_address from, to;
    struct slice call_id;
    struct slice cseq_text; /* the header as it came, to be echoed */
    uint32_t cseq;
    struct sip_via via; /* the top one */
    int max_forwards;   /* 0..255, -1: absent */
    int64_t expires;    /* the Expires header in seconds, -1: absent */
    struct slice body;  /* empty when none */

    /* Read while they were checked: sip_credentials() and sip_contact_next() hand them
     * out. Places are index + 1 of a header, 0: none. */
    uint8_t auth_place, contact_place;
    uint8_t twice; /* a header that is there once too often */
    struct sip_auth auth;
    struct sip_contact contact; /* the first; the rest of its line follows */
    struct slice contact_rest;

    size_t header_count;
    struct sip_header header[SIP_HEADERS_MAX];
    uint8_t first[SIP_HEADER_COUNT]; /* index + 1 of the first line of an id, 0: none */
    uint8_t last[SIP_HEADER_COUNT];
};

/* Read one whole message (as sip_frame() cuts it). Checked at once: From, To,
 * Call-ID, CSeq, every Via's start, Contact, the authentication headers, Expires,
 * Max-Forwards, Content-Length. Returns 0, -ERR_MALFORMED (SIP_MALFORMED) or
 * -ERR_LIMIT (SIP_TOO_LARGE); on failure *message holds what was read so far,
 * enough for sip_reply_possible(). */
int sip_parse(struct sip_message *message, struct slice bytes, struct fault *fault);

/* After a failed sip_parse(): did it get From, To, Call-ID, CSeq and Via of a
 * request, so that a 400 can be sent? */
bool sip_reply_possible(const struct sip_message *message);

static inline bool sip_is_request(const struct sip_message *message)
{
    return message->status == 0;
}

/* The first line of a header, then the next of the same; NULL: no more. */
const struct sip_header *sip_header(const struct sip_message *message, enum sip_header_id id);
const struct sip_header *sip_header_next(const struct sip_message *message,
                                         const struct sip_header *header);

/* The same by name, for headers without an id; after NULL: the first. */
const struct sip_header *sip_header_named(const struct sip_message *message, struct slice name,
                                          const struct sip_header *after);

/* The value of the first line; absent when there is none. */
struct slice sip_value(const struct sip_message *message, enum sip_header_id id);

/* Up to the first ';', trimmed: the event package, the media type. */
struct slice sip_value_word(const struct sip_message *message, enum sip_header_id id);

/* What follows that word, from the first ';' on, for sip_param_next() and
 * sip_param_find(); absent when there is none. */
struct slice sip_value_params(const struct sip_message *message, enum sip_header_id id);

/* Is the option tag (or method, or event) in any comma list of that header, in
 * any case? sip_has_tag(m, SIP_HEADER_SUPPORTED, SLICE("gruu-10")). */
bool sip_has_tag(const struct sip_message *message, enum sip_header_id id, struct slice tag);

/* Walks all contacts of all Contact lines in order:
 * struct sip_contacts it = {0};
 * while (sip_contact_next(message, &it, &contact)) ... */
struct sip_contacts {
    const struct sip_header *header;
    struct slice rest;
    bool begun;
};

bool sip_contact_next(const struct sip_message *message, struct sip_contacts *it,
                      struct sip_contact *contact);

/* The credentials of a scheme (in any case) in Authorization, else in
 * Proxy-Authorization; or the challenge in WWW-Authenticate, else
 * Proxy-Authenticate. False when there are none. Pass an absent scheme for the
 * first of any. */
bool sip_credentials(const struct sip_message *message, struct slice scheme, struct sip_auth *auth);
bool sip_challenge(const struct sip_message *message, struct slice scheme, struct sip_auth *auth);

/* Authentication-Info of a scheme. */
bool sip_auth_info(const struct sip_message *message, struct slice scheme, struct sip_auth *auth);

#endif
