/* RFC 3261 section 25.1; [MS-SIP] section 3.1 for credentials. */
#include "sip/params.h"

#include "sip/grammar_priv.h"

/* The first quote from `at` on that no backslash hides; NULL: none. */
static const char *closing_quote(const char *at, const char *end)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));
    if (!quote || !memchr(at, '\\', (size_t)(quote - at)))
        return quote; /* as good as always */
    for (; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at : NULL;
}

int sip_take_quoted(struct sip_cursor *c, struct slice *content)
{
    const char *from = c->at + 1;
    const char *quote = closing_quote(from, c->end);
    if (!quote)
        return sip_wrong(c, c->at, "unclosed quote");
    *content = sip_between(from, quote);
    c->at = quote + 1;
    return 0;
}

int sip_take_param(struct sip_cursor *c, struct sip_param *param)
{
    *param = (struct sip_param){0};
    do { /* ";;" is passed over */
        sip_skip_blanks(c);
        if (!sip_at(c, ';'))
            return 0;
        c->at++;
        sip_skip_blanks(c);
    } while (sip_at(c, ';') || c->at == c->end);
    param->name = sip_take_run(c, SIP_IS_TOKEN);
    if (param->name.len == 0)
        return sip_wrong(c, c->at, "parameter without a name");
    sip_skip_blanks(c);
    if (!sip_at(c, '='))
        return 1;
    c->at++;
    sip_skip_blanks(c);
    if (sip_at(c, '"')) {
        param->quoted = true;
        return sip_take_quoted(c, &param->value) < 0 ? -ERR_MALFORMED : 1;
    }
    param->value = sip_take_run(c, SIP_IS_BARE);
    return 1;
}

/* Run a taker on what is left of a text that a caller keeps in *rest. */
static struct sip_cursor resume(struct slice *rest)
{
    return sip_cursor(slice_absent(*rest) ? SLICE("") : *rest);
}

int sip_param_next(struct slice *rest, struct sip_param *param)
{
    struct sip_cursor c = resume(rest);
    int more = sip_take_param(&c, param);
    if (more == 0 && c.at < c.end)
        more = -ERR_MALFORMED;
    *rest = more > 0 ? sip_between(c.at, c.end) : (struct slice){0};
    return more;
}

struct slice sip_param_find(struct slice params, struct slice name)
{
    struct sip_param param;
    while (sip_param_next(&params, &param) > 0)
        if (slice_eq_nocase(param.name, name))
            return slice_absent(param.value) ? SLICE("") : param.value;
    return (struct slice){0};
}

int sip_list_next(struct slice *rest, struct slice *item)
{
    struct sip_cursor c = resume(rest);
    struct slice skipped;
    *rest = (struct slice){0};
    if (!sip_more_items(&c))
        return 0;
    const char *from = c.at;
    while (c.at < c.end && *c.at != ',') {
        if (*c.at == '"') {
            if (sip_take_quoted(&c, &skipped) < 0)
                return -ERR_MALFORMED;
        } else if (*c.at == '<') {
            c.at = memchr(c.at, '>', (size_t)(c.end - c.at));
            if (!c.at)
                return -ERR_MALFORMED;
        } else {
            c.at++;
        }
    }
    *item = slice_trim(sip_between(from, c.at));
    *rest = sip_between(c.at, c.end);
    return 1;
}

/* ---- addresses ------------------------------------------------------------- */

static int take_bracketed(struct sip_cursor *c, struct sip_address *address)
{
    const char *open = c->at;
    const char *close = memchr(open, '>', (size_t)(c->end - open));
    if (!close)
        return sip_wrong(c, open, "unclosed bracket");
    int err = sip_take_uri(c, sip_between(open + 1, close), &address->uri);
    if (err)
        return err;
    address->bracketed = true;
    c->at = close + 1;
    return 0;
}

int sip_take_address(struct sip_cursor *c, struct sip_address *address)
{
    *address = (struct sip_address){0};
    sip_skip_blanks(c);
    const char *from = c->at;
    if (sip_at(c, '"')) {
        int err = sip_take_quoted(c, &address->display);
        if (err)
            return err;
        sip_skip_blanks(c);
        if (!sip_at(c, '<'))
            return sip_wrong(c, c->at, "no <address> after the display name");
    }
    while (c->at < c->end && !strchr("<:;,\"", *c->at))
        c->at++;
    if (sip_at(c, '<')) {
        if (c->at > from && slice_absent(address->display))
            address->display = slice_trim(sip_between(from, c->at));
        return take_bracketed(c, address);
    }
    if (!sip_at(c, ':'))
        return sip_wrong(c, c->at, "no address");
    /* Without brackets all parameters are the header's (RFC 3261 section 20). */
    while (c->at < c->end && *c->at != ';' && *c->at != ',' && *c->at != '?' &&
           sip_is(*c->at, SIP_IS_URI))
        c->at++;
    struct slice text = sip_between(from, c->at);
    return sip_take_uri(c, text, &address->uri);
}

int sip_take_tagged(struct sip_cursor *c, struct sip_address *address)
{
    struct sip_param param;
    int more = sip_take_address(c, address);
    const char *params = c->at;
    if (more < 0)
        return more;
    while ((more = sip_take_param(c, &param)) > 0) {
        if (SIP_NAME_IS(param.name, "tag")) {
            if (!slice_absent(address->tag))
                return sip_wrong(c, param.name.at, "two tags");
            address->tag = param.value;
        } else if (SIP_NAME_IS(param.name, "epid")) {
            address->epid = param.value;
        }
    }
    address->params = sip_between(params, c->at);
    return more;
}

int sip_address_parse(struct slice text, const char *what, struct sip_address *address,
                      struct fault *fault)
{
    struct sip_cursor c = sip_cursor(slice_absent(text) ? SLICE("") : text);
    const char *from = c.at;
    int err = sip_take_tagged(&c, address);
    address->text = text;
    if (err == 0 && c.at < c.end)
        err = sip_wrong(&c, c.at, "unexpected text after the address");
    if (err == 0)
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "%s, byte %zu: %s", what,
                     (size_t)(c.at - from), c.why);
}

static int64_t seconds(struct slice text)
{
    uint64_t number;
    return sip_number(text, UINT32_MAX, &number) ? (int64_t)number : -1;
}

static struct slice without_brackets(struct slice s)
{
    return s.len >= 2 && s.at[0] == '<' && s.at[s.len - 1] == '>' ? slice_make(s.at + 1, s.len - 2)
                                                                  : s;
}

int sip_take_contact(struct sip_cursor *c, struct sip_contact *contact)
{
    struct sip_param param;
    *contact = (struct sip_contact){.expires = -1};
    const char *from = c->at;
    if (sip_at(c, '*')) {
        contact->star = true;
        contact->address.text = sip_between(c->at, c->at + 1);
        c->at++;
        return 0;
    }
    int more = sip_take_address(c, &contact->address);
    const char *params = c->at;
    if (more < 0)
        return more;
    while ((more = sip_take_param(c, &param)) > 0) {
        if (SIP_NAME_IS(param.name, "expires"))
            contact->expires = seconds(param.value);
        else if (SIP_NAME_IS(param.name, "+sip.instance"))
            contact->instance = without_brackets(param.value);
        else if (SIP_NAME_IS(param.name, "proxy"))
            contact->proxy = param.value;
        else if (SIP_NAME_IS(param.name, "methods"))
            contact->methods = param.value;
        else if (SIP_NAME_IS(param.name, "gruu"))
            contact->gruu = param.value;
    }
    contact->address.params = sip_between(params, c->at);
    contact->address.text = sip_between(from, c->at);
    return more;
}

/* ---- Via -------------------------------------------------------------------- */

int sip_take_via(struct sip_cursor *c, struct sip_via *via)
{
    struct sip_param param;
    *via = (struct sip_via){0};
    sip_skip_blanks(c);
    const char *from = c->at;
    for (int part = 0; part < 3; part++) {
        struct slice word = sip_take_run(c, SIP_IS_TOKEN);
        if (word.len == 0 || (part == 0 && !SIP_NAME_IS(word, "SIP")) ||
            (part == 1 && !slice_eq(word, SLICE("2.0"))))
            return sip_wrong(c, word.at, "not SIP/2.0/transport");
        via->transport = word;
        sip_skip_blanks(c);
        if (part == 2)
            break;
        if (!sip_at(c, '/'))
            return sip_wrong(c, c->at, "not SIP/2.0/transport");
        c->at++;
        sip_skip_blanks(c);
    }
    int more = sip_take_hostport(c, &via->host, &via->port);
    if (more < 0)
        return more;
    const char *params = c->at;
    while ((more = sip_take_param(c, &param)) > 0)
        if (SIP_NAME_IS(param.name, "branch"))
            via->branch = param.value;
    via->params = sip_between(params, c->at);
    via->text = sip_between(from, c->at);
    return more;
}

int sip_via_parse(struct slice text, struct sip_via *via, struct fault *fault)
{
    struct sip_cursor c = sip_cursor(slice_absent(text) ? SLICE("") : text);
    const char *from = c.at;
    int err = sip_take_via(&c, via);
    if (err == 0 && c.at < c.end && *c.at != ',')
        err = sip_wrong(&c, c.at, "unexpected text after Via");
    if (err == 0)
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "Via, byte %zu: %s",
                     (size_t)(c.at - from), c.why);
}

/* ---- credentials ------------------------------------------------------------- */

int sip_take_auth_param(struct sip_cursor *c, struct sip_param *param)
{
    *param = (struct sip_param){0};
    if (!sip_more_items(c))
        return 0;
    param->name = sip_take_run(c, SIP_IS_TOKEN);
    if (param->name.len == 0)
        return sip_wrong(c, c->at, "parameter without a name");
    sip_skip_blanks(c);
    if (sip_at(c, '=')) {
        c->at++;
        sip_skip_blanks(c);
        if (sip_at(c, '"')) {
            /* No escapes here: a backslash is a backslash, as in COSMO\User. */
            const char *from = c->at + 1;
            const char *quote = memchr(from, '"', (size_t)(c->end - from));
            if (!quote)
                return sip_wrong(c, c->at, "unclosed quote");
            param->quoted = true;
            param->value = sip_between(from, quote);
            c->at = quote + 1;
        } else {
            param->value = sip_take_run(c, SIP_IS_BARE);
        }
        sip_skip_blanks(c);
    }
    if (c->at < c->end && *c->at != ',')
        return sip_wrong(c, c->at, "no comma between parameters");
    return 1;
}

int sip_auth_next(struct slice *rest, struct sip_param *param)
{
    struct sip_cursor c = resume(rest);
    int more = sip_take_auth_param(&c, param);
    *rest = more > 0 ? sip_between(c.at, c.end) : (struct slice){0};
    return more;
}

/* Where a parameter that [MS-SIPAE] knows goes; NULL for others. */
static struct slice *auth_field(struct sip_auth *auth, struct slice name)
{
#define FIELD(text, member)                                                                        \
    if (SIP_NAME_IS(name, text))                                                                   \
        return &auth->member;
    switch (name.len) {
    case 3:
        FIELD("qop", qop)
        break;
    case 4:
        FIELD("cnum", cnum)
        FIELD("snum", snum)
        break;
    case 5:
        FIELD("realm", realm)
        FIELD("crand", crand)
        FIELD("srand", srand)
        break;
    case 6:
        FIELD("opaque", opaque)
        break;
    case 7:
        FIELD("version", version)
        FIELD("rspauth", rspauth)
        FIELD("sts-uri", sts_uri)
        break;
    case 8:
        FIELD("response", response)
        break;
    case 10:
        FIELD("targetname", targetname)
        break;
    case 11:
        FIELD("gssapi-data", gssapi_data)
        break;
    default:
        break;
    }
#undef FIELD
    return NULL;
}

int sip_take_auth(struct sip_cursor *c, struct sip_auth *auth)
{
    struct sip_param param;
    int more;
    *auth = (struct sip_auth){0};
    sip_skip_blanks(c);
    auth->scheme = sip_take_run(c, SIP_IS_TOKEN);
    if (auth->scheme.len == 0)
        return sip_wrong(c, c->at, "no scheme");
    if (c->at < c->end && !sip_is(*c->at, SIP_IS_BLANK))
        return sip_wrong(c, c->at, "no blank after the scheme");
    sip_skip_blanks(c);
    auth->params = sip_between(c->at, c->end);
    while ((more = sip_take_auth_param(c, &param)) > 0) {
        struct slice *field = auth_field(auth, param.name);
        if (!field)
            continue;
        if (!slice_absent(*field))
            return sip_wrong(c, param.name.at, "parameter given twice");
        *field =
            slice_absent(param.value) ? sip_between(param.name.at, param.name.at) : param.value;
    }
    return more;
}

int sip_auth_parse(struct slice value, struct sip_auth *auth, struct fault *fault)
{
    struct sip_cursor c = sip_cursor(slice_absent(value) ? SLICE("") : value);
    const char *from = c.at;
    if (sip_take_auth(&c, auth) == 0)
        return 0;
    return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "credentials, byte %zu: %s",
                     (size_t)(c.at - from), c.why);
}
