/* [MS-SIPAE] 2.2.1 and 2.2.2: the authentication headers of the handshake, read
 * and printed. */
#include "auth/challenge.h"

#include "base/buf.h"
#include "base/encode.h"
#include "sip/message.h"

static int refuse(struct fault *fault, enum err err, const char *what, struct slice value)
{
    return fault_set(fault, err, FINDING_CHALLENGE_UNUSABLE, "%s: %.*s", what,
                     SLICE_ARG(slice_head(value, 80)));
}

/* ---- reading --------------------------------------------------------------------- */

static int parse_auth(struct arena *arena, const struct sip_auth *auth, struct challenge *out,
                      struct fault *fault)
{
    uint64_t version = SIGN_VERSION_MIN;
    *out = (struct challenge){
        .scheme = auth_scheme_parse(auth->scheme),
        .realm = auth->realm,
        .targetname = auth->targetname,
        .opaque = auth->opaque,
        .sts_uri = auth->sts_uri,
    };
    if (!slice_absent(auth->version) && slice_number(auth->version, UINT32_MAX, &version) < 0)
        return refuse(fault, ERR_MALFORMED, "version is no number", auth->version);
    /* A server of the future is met half-way: 4 is the last string that we know. */
    out->version = version > SIGN_VERSION_MAX   ? SIGN_VERSION_MAX
                   : version < SIGN_VERSION_MIN ? SIGN_VERSION_MIN
                                                : (unsigned)version;
    if (slice_absent(auth->gssapi_data))
        return 0;
    if (slice_empty(auth->gssapi_data)) {
        out->token = auth->gssapi_data;
        return 0;
    }
    if (base64_parse(arena, auth->gssapi_data, &out->token) < 0)
        return refuse(fault, ERR_MALFORMED, "gssapi-data is not base64", auth->gssapi_data);
    return 0;
}

int challenge_parse_value(struct arena *arena, struct slice value, struct challenge *challenge_out,
                          struct fault *fault)
{
    struct sip_auth auth;
    int err = sip_auth_parse(value, &auth, fault);
    return err < 0 ? err : parse_auth(arena, &auth, challenge_out, fault);
}

int challenge_parse(struct arena *arena, const struct sip_message *response,
                    struct challenge_list *list_out, struct fault *fault)
{
    bool proxy = response->status == 407;
    const struct sip_header *header =
        sip_header(response, proxy ? SIP_HEADER_PROXY_AUTHENTICATE : SIP_HEADER_WWW_AUTHENTICATE);
    list_out->count = 0;
    for (; header && list_out->count < CHALLENGE_OFFERS_MAX;
         header = sip_header_next(response, header)) {
        struct challenge offer;
        int err = challenge_parse_value(arena, header->value, &offer, fault);
        if (err < 0)
            return err;
        offer.proxy = proxy;
        if (offer.scheme != AUTH_NONE)
            list_out->offers[list_out->count++] = offer;
    }
    if (list_out->count == 0)
        return refuse(fault, ERR_DENIED, "no known scheme is offered",
                      sip_value(response, proxy ? SIP_HEADER_PROXY_AUTHENTICATE
                                                : SIP_HEADER_WWW_AUTHENTICATE));
    return 0;
}

const struct challenge *challenge_find(const struct challenge_list *list, enum auth_scheme scheme)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->offers[i].scheme == scheme)
            return &list->offers[i];
    return NULL;
}

/* ---- printing ----------------------------------------------------------------------- */

/* No escaping exists in these headers, so what would break out of its quotes or
 * its line becomes a blank. */
static void add(struct buf *out, const char *name, struct slice value)
{
    if (slice_absent(value))
        return;
    buf_print(out, "%s%s=\"", out->at[out->len - 1] == ' ' ? "" : ", ", name);
    for (size_t i = 0; i < value.len; i++)
        buf_add_byte(out,
                     (unsigned char)value.at[i] < ' ' || value.at[i] == '"' ? ' ' : value.at[i]);
    buf_add_byte(out, '"');
}

static void add_token(struct buf *out, struct slice token)
{
    if (slice_absent(token))
        return;
    buf_add_string(out, ", gssapi-data=\"");
    base64_add(out, token);
    buf_add_byte(out, '"');
}

static void begin(struct buf *out, enum auth_scheme scheme)
{
    buf_add(out, auth_scheme_print(scheme));
    buf_add_byte(out, ' ');
}

/* Lync puts realm first in an offer, and opaque first once there is one. */
struct slice challenge_print(struct arena *arena, const struct challenge *challenge)
{
    scoped(buf) struct buf out = BUF_INIT;
    begin(&out, challenge->scheme);
    if (slice_absent(challenge->opaque)) {
        add(&out, "realm", challenge->realm);
        add(&out, "targetname", challenge->targetname);
    } else {
        add(&out, "opaque", challenge->opaque);
        add_token(&out, challenge->token);
        add(&out, "targetname", challenge->targetname);
        add(&out, "realm", challenge->realm);
    }
    buf_print(&out, ", version=%u", challenge->version);
    add(&out, "sts-uri", challenge->sts_uri);
    return arena_copy(arena, buf_slice(&out));
}

struct slice challenge_answer(struct arena *arena, const struct challenge *challenge,
                              struct slice token)
{
    scoped(buf) struct buf out = BUF_INIT;
    begin(&out, challenge->scheme);
    add(&out, "qop", SLICE("auth"));
    add(&out, "opaque", challenge->opaque);
    add(&out, "realm", challenge->realm);
    add(&out, "targetname", challenge->targetname);
    add_token(&out, token);
    buf_print(&out, ", version=%u", challenge->version);
    return arena_copy(arena, buf_slice(&out));
}

const char *challenge_answer_header(const struct challenge *challenge)
{
    return challenge->proxy ? "Proxy-Authorization" : "Authorization";
}
