/* RFC 3261 section 19.1, RFC 3966. */
#include "sip/uri.h"

#include "base/encode.h"
#include "sip/grammar_priv.h"

bool sip_number(struct slice digits, uint64_t max, uint64_t *number)
{
    uint64_t n = 0;
    if (digits.len == 0 || digits.len > 10)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(uint8_t)digits.at[i] - '0';
        if (digit > 9)
            return false;
        n = n * 10 + digit;
    }
    *number = n;
    return n <= max;
}

static bool ipv6_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') || c == ':' ||
           c == '.';
}

int sip_take_hostport(struct sip_cursor *c, struct slice *host, uint16_t *port)
{
    const char *from = c->at;
    *port = 0;
    if (sip_at(c, '[')) {
        for (c->at++; c->at < c->end && ipv6_char(*c->at);)
            c->at++;
        if (!sip_at(c, ']') || c->at - from < 3)
            return sip_wrong(c, from, "bad IPv6 address");
        c->at++;
    } else if (sip_take_run(c, SIP_IS_HOST).len == 0) {
        return sip_wrong(c, from, "no host");
    }
    *host = sip_between(from, c->at);
    if (!sip_at(c, ':'))
        return 0;
    const char *colon = c->at++;
    uint64_t number;
    if (!sip_number(sip_take_digits(c), 65535, &number) || number == 0)
        return sip_wrong(c, colon, "bad port");
    *port = (uint16_t)number;
    return 0;
}

/* What stands after "tel:". */
static int take_tel(struct sip_cursor *c, struct sip_uri *uri)
{
    const char *from = c->at;
    uri->user = sip_take_run_to(c, SIP_IS_URI, ';');
    if (uri->user.len == 0)
        return sip_wrong(c, from, "no number");
    return 0;
}

/* user[:password]@ */
static int take_user(struct sip_cursor *c, struct sip_uri *uri)
{
    const char *at = c->end > c->at ? memchr(c->at, '@', (size_t)(c->end - c->at)) : NULL;
    if (!at)
        return 0;
    struct sip_cursor in = {.at = c->at, .end = at};
    uri->user = sip_take_run_to(&in, SIP_IS_URI, ':');
    if (uri->user.len == 0)
        return sip_wrong(c, c->at, "empty user");
    sip_take_run(&in, SIP_IS_URI); /* a password, which nobody uses */
    if (in.at < at)
        return sip_wrong(c, in.at, "impossible character in a URI");
    c->at = at + 1;
    return 0;
}

static int take_tail(struct sip_cursor *c, struct sip_uri *uri)
{
    if (sip_at(c, ';'))
        uri->params = sip_take_run_to(c, SIP_IS_URI, '?');
    if (sip_at(c, '?')) {
        c->at++;
        uri->headers = sip_take_run(c, SIP_IS_URI);
    }
    if (c->at < c->end)
        return sip_wrong(c, c->at, "impossible character in a URI");
    return 0;
}

int sip_take_uri(struct sip_cursor *c, struct slice text, struct sip_uri *uri)
{
    *uri = (struct sip_uri){.text = text};
    struct sip_cursor in = sip_cursor(text);
    struct slice scheme = sip_take_run(&in, SIP_IS_TOKEN);
    int err = 0;
    if (scheme.len == 0 || !sip_at(&in, ':'))
        return sip_wrong(c, text.at, "URI without a scheme");
    in.at++;
    if (SIP_NAME_IS(scheme, "sip"))
        uri->scheme = SIP_SCHEME_SIP;
    else if (SIP_NAME_IS(scheme, "sips"))
        uri->scheme = SIP_SCHEME_SIPS;
    else if (SIP_NAME_IS(scheme, "tel"))
        uri->scheme = SIP_SCHEME_TEL;
    if (uri->scheme == SIP_SCHEME_OTHER) {
        if (sip_take_run(&in, SIP_IS_URI).len == 0 || in.at < in.end)
            err = sip_wrong(&in, in.at, "impossible character in a URI");
    } else if (uri->scheme == SIP_SCHEME_TEL) {
        err = take_tel(&in, uri);
        err = err ? err : take_tail(&in, uri);
    } else {
        err = take_user(&in, uri);
        err = err ? err : sip_take_hostport(&in, &uri->host, &uri->port);
        err = err ? err : take_tail(&in, uri);
    }
    return err ? sip_wrong(c, in.at, in.why) : 0;
}

int sip_uri_parse(struct slice text, struct sip_uri *uri, struct fault *fault)
{
    struct sip_cursor c = sip_cursor(text);
    if (sip_take_uri(&c, text, uri) == 0)
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "URI, byte %zu: %s",
                     text.at ? (size_t)(c.at - text.at) : 0, c.why);
}

struct slice sip_uri_param(const struct sip_uri *uri, struct slice name)
{
    return sip_param_find(uri->params, name);
}

int sip_uri_user(struct arena *arena, const struct sip_uri *uri, struct slice *user_out)
{
    if (slice_absent(uri->user))
        return -ERR_MALFORMED;
    int err = percent_parse(arena, uri->user, false, user_out);
    return err == 0 && slice_index(*user_out, '\0') >= 0 ? -ERR_MALFORMED : err;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum {
    ESCAPED = 256,
    AOR_END = -1,
    AOR_BROKEN = -2
};

/* The next character of a user part in its one canonical form: lower case, an
 * escape undone where it hides an unreserved character (RFC 3986 section 6.2.2.2),
 * otherwise ESCAPED + byte. */
static int aor_next(struct slice *user)
{
    if (user->len == 0)
        return AOR_END;
    int c = (uint8_t)user->at[0];
    bool escape = c == '%';
    if (escape) {
        int high = user->len > 2 ? hex_digit(user->at[1]) : -1;
        int low = user->len > 2 ? hex_digit(user->at[2]) : -1;
        if (high < 0 || low < 0)
            return AOR_BROKEN;
        c = high * 16 + low;
    }
    *user = slice_from(*user, escape ? 3 : 1);
    if (escape && !sip_is((char)c, SIP_IS_HOST) && c != '~')
        return ESCAPED + c;
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool has_aor(const struct sip_uri *uri)
{
    return (uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS) && uri->user.len > 0;
}

int sip_uri_aor(struct arena *arena, const struct sip_uri *uri, struct slice *aor_out,
                struct fault *fault)
{
    if (!has_aor(uri))
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED,
                         "URI %.*s: not an address of the form sip:user@host",
                         SLICE_ARG(slice_head(uri->text, 100)));
    static const char hex[] = "0123456789abcdef";
    /* Canonical characters never take more room than they came in. */
    char *text = arena_alloc(arena, uri->user.len + uri->host.len + sizeof "sip:@");
    char *to = stpcpy(text, "sip:");
    struct slice user = uri->user;
    int c;
    while ((c = aor_next(&user)) >= 0) {
        if (c < ESCAPED) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = hex[(c - ESCAPED) >> 4];
        *to++ = hex[(c - ESCAPED) & 15];
    }
    if (c == AOR_BROKEN)
        return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "URI %.*s: broken escape",
                         SLICE_ARG(slice_head(uri->text, 100)));
    *to++ = '@';
    for (size_t i = 0; i < uri->host.len; i++) {
        char h = uri->host.at[i];
        *to++ = h >= 'A' && h <= 'Z' ? (char)(h + ('a' - 'A')) : h;
    }
    *aor_out = sip_between(text, to);
    return 0;
}

bool sip_uri_same_aor(const struct sip_uri *a, const struct sip_uri *b)
{
    if (!has_aor(a) || !has_aor(b) || !slice_eq_nocase(a->host, b->host))
        return false;
    struct slice left = a->user, right = b->user;
    int c;
    if (slice_eq(left, right) && slice_index(left, '%') < 0)
        return true; /* as good as always */
    do {
        c = aor_next(&left);
        if (c != aor_next(&right) || c == AOR_BROKEN)
            return false;
    } while (c != AOR_END);
    return true;
}
