/* What the parsers of this room share: character classes and a cursor. */
#ifndef LYCHGATE_SIP_GRAMMAR_PRIV_H
#define LYCHGATE_SIP_GRAMMAR_PRIV_H

#include "base/fault.h"
#include "sip/message.h"

#include <string.h>

enum {
    SIP_IS_TOKEN = 1, /* RFC 3261 section 25.1 token */
    SIP_IS_BARE = 2,  /* may stand in an unquoted parameter value */
    SIP_IS_URI = 4,   /* may stand in a URI */
    SIP_IS_HOST = 8,
    SIP_IS_BLANK = 16, /* SP, HT, and the CR LF of a folded line */
};

extern const uint8_t sip_class[256];

static inline bool sip_is(char c, unsigned classes)
{
    return (sip_class[(uint8_t)c] & classes) != 0;
}

/* Text under the parser's finger. On failure `why` says what is wrong at `at`. */
struct sip_cursor {
    const char *at, *end;
    const char *why;
};

static inline struct sip_cursor sip_cursor(struct slice s)
{
    return (struct sip_cursor){.at = s.at, .end = s.at ? s.at + s.len : NULL};
}

static inline int sip_wrong(struct sip_cursor *c, const char *at, const char *why)
{
    c->at = at;
    c->why = why;
    return -ERR_MALFORMED;
}

static inline void sip_skip_blanks(struct sip_cursor *c)
{
    const char *at = c->at;
    while (at < c->end && sip_is(*at, SIP_IS_BLANK))
        at++;
    c->at = at;
}

/* The longest run of a class from the cursor on. (A local pointer: through c the
 * compiler would write every step to memory.) */
static inline struct slice sip_take_run(struct sip_cursor *c, unsigned classes)
{
    const char *from = c->at, *at = from, *end = c->end;
    while (at < end && sip_is(*at, classes))
        at++;
    c->at = at;
    return (struct slice){.at = from, .len = (size_t)(at - from)};
}

/* The same, but `byte` ends it too. */
static inline struct slice sip_take_run_to(struct sip_cursor *c, unsigned classes, char byte)
{
    const char *from = c->at, *at = from, *end = c->end;
    while (at < end && *at != byte && sip_is(*at, classes))
        at++;
    c->at = at;
    return (struct slice){.at = from, .len = (size_t)(at - from)};
}

static inline struct slice sip_take_digits(struct sip_cursor *c)
{
    const char *from = c->at, *at = from, *end = c->end;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    c->at = at;
    return (struct slice){.at = from, .len = (size_t)(at - from)};
}

static inline bool sip_at(const struct sip_cursor *c, char byte)
{
    return c->at < c->end && *c->at == byte;
}

static inline struct slice sip_between(const char *from, const char *to)
{
    return (struct slice){.at = from, .len = (size_t)(to - from)};
}

static inline bool sip_same_eight(const char *a, const char *b)
{
    const uint64_t bit = 0x2020202020202020ULL;
    uint64_t x, y;
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return (x | bit) == (y | bit);
}

static inline bool sip_same_four(const char *a, const char *b)
{
    uint32_t x, y;
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return (x | 0x20202020U) == (y | 0x20202020U);
}

/* Equal but for ASCII case, words at a time, the last one overlapping. Setting bit
 * 0x20 folds letters; of the characters of a token only letters change by it. */
static inline bool sip_same_token(const char *a, const char *b, size_t len)
{
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8)
            if (!sip_same_eight(a + i, b + i))
                return false;
        return sip_same_eight(a + len - 8, b + len - 8);
    }
    if (len >= 4)
        return sip_same_four(a, b) && sip_same_four(a + len - 4, b + len - 4);
    for (size_t i = 0; i < len; i++)
        if ((a[i] | 0x20) != (b[i] | 0x20))
            return false;
    return true;
}

#define SIP_NAME_IS(s, literal)                                                                    \
    ((s).len == sizeof(literal) - 1 && sip_same_token((s).at, literal, sizeof(literal) - 1))

/* The takers below move the cursor past what they read, stop before ',' or the end,
 * and return 0, 1 (an item, where there may be none) or -ERR_MALFORMED with why. */

/* ";name=value": 1, or 0 where no ';' stands. */
int sip_take_param(struct sip_cursor *c, struct sip_param *param);

/* The content of a quoted string; the cursor stands on its first quote. */
int sip_take_quoted(struct sip_cursor *c, struct slice *content);

/* The address of From, To, Contact without its parameters. */
int sip_take_address(struct sip_cursor *c, struct sip_address *address);

/* The same with tag and epid. */
int sip_take_tagged(struct sip_cursor *c, struct sip_address *address);

int sip_take_contact(struct sip_cursor *c, struct sip_contact *contact);
int sip_take_via(struct sip_cursor *c, struct sip_via *via);

/* A whole URI. */
int sip_take_uri(struct sip_cursor *c, struct slice text, struct sip_uri *uri);

/* host[:port] */
int sip_take_hostport(struct sip_cursor *c, struct slice *host, uint16_t *port);

/* One parameter of credentials: 1, or 0 at the end. */
int sip_take_auth_param(struct sip_cursor *c, struct sip_param *param);
int sip_take_auth(struct sip_cursor *c, struct sip_auth *auth);

/* Past commas and blanks between list items; false at the end. */
static inline bool sip_more_items(struct sip_cursor *c)
{
    while (c->at < c->end && (*c->at == ',' || sip_is(*c->at, SIP_IS_BLANK)))
        c->at++;
    return c->at < c->end;
}

/* Up to 10 digits as a number <= max; false if it is none. */
bool sip_number(struct slice digits, uint64_t max, uint64_t *number);

#endif
