/* A compact ticket is base64url of: the mark below, three numbers of eight bytes, eight
 * random bytes, then address and web host, each behind its length; then the vault's
 * signature over all that. The mark keeps these bytes apart from everything else that
 * the token key signs: the others begin with '<'. */
#include "webticket/compact.h"

#include "base/encode.h"
#include "base/random.h"
#include "webticket/webticket_priv.h"

#include <string.h>

static const struct slice mark = {"LGcwt1", 6};

enum {
    COMPACT_MAX = 2048,
    NONCE_LEN = 8,
    NUMBER_LEN = 8,
};

/* ---- issuing --------------------------------------------------------------------------- */

static void put_number(struct buf *out, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_add_byte(out, (char)((uint64_t)number >> shift & 0xff));
}

static void put_text(struct buf *out, struct slice text)
{
    buf_add_byte(out, (char)text.len); /* names are at most ACCOUNT_NAME_MAX */
    buf_add(out, text);
}

int webticket_issue_compact(struct webticket *webticket, const struct desk *desk,
                            const struct account *account, int64_t now, struct arena *arena,
                            struct slice *token_out, struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    unsigned char nonce[NONCE_LEN];
    struct slice signature;
    random_fill(nonce, sizeof nonce);
    buf_add(&out, mark);
    put_number(&out, account->id);
    put_number(&out, now);
    put_number(&out, now + webticket->options.lifetime_ms);
    buf_add(&out, slice_make(nonce, sizeof nonce));
    put_text(&out, account->address);
    put_text(&out, slice_head(webticket->options.site->web_host, UINT8_MAX));
    int err = vault_token_sign(desk->vault, buf_slice(&out), arena, &signature, fault);
    if (err)
        return err;
    buf_add(&out, signature);
    struct slice text = base64url_print(arena, buf_slice(&out));
    *token_out = arena_print(arena, "cwt=%.*s", SLICE_ARG(text));
    return 0;
}

/* ---- reading ---------------------------------------------------------------------------- */

static bool take_part(struct slice *from, size_t len, struct slice *out)
{
    if (from->len < len)
        return false;
    *out = slice_head(*from, len);
    *from = slice_from(*from, len);
    return true;
}

static bool take_number(struct slice *from, int64_t *out)
{
    struct slice bytes;
    uint64_t number = 0;
    if (!take_part(from, NUMBER_LEN, &bytes))
        return false;
    for (size_t i = 0; i < NUMBER_LEN; i++)
        number = number << 8 | (unsigned char)bytes.at[i];
    *out = (int64_t)number;
    return *out >= 0;
}

static bool take_text(struct slice *from, struct slice *out)
{
    struct slice length;
    return take_part(from, 1, &length) && take_part(from, (unsigned char)length.at[0], out);
}

/* Claims and what was signed; the signature is all that is left. */
static bool read_compact(struct slice bytes, struct arena *arena, struct webticket_claims *claims,
                         struct slice *host, struct slice *signature)
{
    struct slice at = bytes, head, nonce;
    if (!take_part(&at, mark.len, &head) || !slice_eq(head, mark) ||
        !take_number(&at, &claims->account_id) || !take_number(&at, &claims->not_before) ||
        !take_number(&at, &claims->not_after) || !take_part(&at, NONCE_LEN, &nonce) ||
        !take_text(&at, &claims->address) || !take_text(&at, host) || claims->address.len == 0 ||
        claims->not_after <= claims->not_before)
        return false;
    claims->assertion_id = arena_print(arena, "cwt-%.*s", SLICE_ARG(hex_print_lower(arena, nonce)));
    claims->audience = *host;
    *signature = at;
    return true;
}

static int check_times(const struct webticket *wt, const struct webticket_claims *claims,
                       int64_t now, struct fault *fault)
{
    if (claims->not_before - now > wt->options.skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_TICKET_NOT_YET_VALID,
                         "the ticket begins in %lld s",
                         (long long)((claims->not_before - now) / 1000));
    if (now >= claims->not_after)
        return fault_set(fault, ERR_EXPIRED, FINDING_TICKET_EXPIRED, "the ticket ended %lld s ago",
                         (long long)((now - claims->not_after) / 1000));
    return 0;
}

static int read_header(struct slice header, struct arena *arena, struct slice *bytes_out,
                       struct fault *fault)
{
    const struct slice bearer = SLICE("Bearer "), form = SLICE("cwt=");
    struct slice text = slice_trim(header);
    if (slice_empty(text))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING, "no Authorization");
    if (!slice_starts_nocase(text, bearer))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING, "Authorization is no Bearer");
    text = slice_trim(slice_from(text, bearer.len));
    if (!slice_starts_nocase(text, form))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "the bearer token does not begin cwt=");
    text = slice_from(text, form.len);
    if (text.len > COMPACT_MAX || base64url_parse(arena, text, bytes_out))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "compact ticket: %zu bytes, too long or no base64url", text.len);
    return 0;
}

int webticket_verify_compact(struct webticket *webticket, struct slice authorization, int64_t now,
                             struct arena *arena, struct webticket_claims *claims_out,
                             struct fault *fault)
{
    struct webticket_claims claims = {0};
    struct slice bytes, host, signature;
    *claims_out = claims;
    int err = read_header(authorization, arena, &bytes, fault);
    if (err)
        return err;
    if (!read_compact(bytes, arena, &claims, &host, &signature))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "compact ticket: not of our making");
    if (!dsig_key_verify(webticket->token_key, slice_head(bytes, bytes.len - signature.len),
                         signature))
        return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_INVALID,
                         "compact ticket: not signed by this site's key");
    if (!slice_eq_nocase(host, slice_head(webticket->options.site->web_host, UINT8_MAX)))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE, "the ticket is for %.*s",
                         SLICE_ARG(host));
    err = check_times(webticket, &claims, now, fault);
    if (!err)
        *claims_out = claims;
    return err;
}
