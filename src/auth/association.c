/* [MS-SIPAE] 3.2.5.2 (client), 3.3.5.2 (server): signing and verifying on a
 * security association; the replay window is that of [MS-SIP] 3.1. */
#include "auth/association.h"

#include "base/random.h"
#include "base/secret.h"
#include "sip/message.h"
#include "sip/signature.h"

#include <stdlib.h>
#include <string.h>

enum text {
    TEXT_OPAQUE,
    TEXT_REALM,
    TEXT_TARGETNAME,
    TEXT_ACCOUNT,
    TEXT_EPID,
    TEXT_INSTANCE,
    TEXTS
};

/* Numbers up to `highest` are described by the window: bit i stands for
 * highest - i. */
struct window {
    uint32_t highest; /* 0: nothing has come yet; numbers begin with 1 */
    uint64_t seen[ASSOCIATION_WINDOW / 64];
};

struct association {
    int64_t ends;
    uint32_t sent; /* the last number we used */
    struct window window;
    struct tlsdsk_keys keys;
    bool server;
    uint8_t scheme, version;
    uint16_t text_end[TEXTS]; /* the strings lie one after the other in text[] */
    char text[];
};

/* ---- life ------------------------------------------------------------------------ */

/* No escaping exists in the headers these go into: what would break out of its
 * quotes or its line becomes a blank (and the peer's signatures then fail). */
static char printable(char c)
{
    return (unsigned char)c < ' ' || c == '"' ? ' ' : c;
}

struct association *association_new(const struct association_options *options)
{
    const struct slice texts[TEXTS] = {
        [TEXT_OPAQUE] = options->opaque,
        [TEXT_REALM] = options->realm,
        [TEXT_TARGETNAME] = options->targetname,
        [TEXT_ACCOUNT] = options->account,
        [TEXT_EPID] = options->epid,
        [TEXT_INSTANCE] = options->instance,
    };
    size_t len = 0;
    for (size_t i = 0; i < TEXTS; i++)
        len += slice_head(texts[i], ASSOCIATION_TEXT_MAX).len;
    struct association *a = must_calloc(1, sizeof *a + len);
    size_t end = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        struct slice text = slice_head(texts[i], ASSOCIATION_TEXT_MAX);
        for (size_t j = 0; j < text.len; j++)
            a->text[end + j] = printable(text.at[j]);
        end += text.len;
        a->text_end[i] = (uint16_t)end;
    }
    a->server = options->server;
    a->scheme = (uint8_t)options->scheme;
    a->version = (uint8_t)options->version;
    a->keys = *options->keys;
    a->ends = options->ends;
    return a;
}

void association_free(struct association *association)
{
    if (!association)
        return;
    secret_wipe(association, sizeof *association);
    free(association);
}

int64_t association_end(int64_t now, int64_t certificate_ends)
{
    int64_t longest = now + ASSOCIATION_LIFETIME_MS;
    return certificate_ends < longest ? certificate_ends : longest;
}

static struct slice text_of(const struct association *a, enum text which)
{
    size_t begin = which == 0 ? 0 : a->text_end[which - 1];
    return slice_make(a->text + begin, a->text_end[which] - begin);
}

/* ---- signing ------------------------------------------------------------------------ */

static const uint8_t *key_of(const struct association *a, bool server)
{
    return server ? a->keys.server : a->keys.client;
}

static struct sign_credentials credentials_of(const struct association *a, struct slice rand,
                                              struct slice number)
{
    return (struct sign_credentials){
        .scheme = (enum auth_scheme)a->scheme,
        .version = a->version,
        .rand = rand,
        .number = number,
        .realm = text_of(a, TEXT_REALM),
        .targetname = text_of(a, TEXT_TARGETNAME),
    };
}

struct signature {
    struct slice rand, number, mac;
};

static bool sign(struct association *a, struct arena *arena,
                 const struct sip_signature_fields *fields, struct signature *out)
{
    if (a->sent == UINT32_MAX)
        return false;
    uint32_t salt;
    random_fill(&salt, sizeof salt);
    out->rand = arena_print(arena, "%08X", salt);
    out->number = arena_print(arena, "%u", ++a->sent);
    struct sign_credentials credentials = credentials_of(a, out->rand, out->number);
    out->mac = sign_print(arena, a->keys.hash, key_of(a, a->server), &credentials, fields);
    return !slice_absent(out->mac);
}

/* SIPE takes srand, snum, rspauth, realm and targetname only in lower case and
 * quoted; the order is that of Lync's own messages. */
struct slice association_authentication_info(struct association *association, struct arena *arena,
                                             const struct sip_signature_fields *fields)
{
    struct signature s;
    if (!sign(association, arena, fields, &s))
        return (struct slice){0};
    return arena_print(arena,
                       "%.*s qop=\"auth\", opaque=\"%.*s\", srand=\"%.*s\", snum=\"%.*s\", "
                       "rspauth=\"%.*s\", targetname=\"%.*s\", realm=\"%.*s\", version=%u",
                       SLICE_ARG(auth_scheme_print((enum auth_scheme)association->scheme)),
                       SLICE_ARG(text_of(association, TEXT_OPAQUE)), SLICE_ARG(s.rand),
                       SLICE_ARG(s.number), SLICE_ARG(s.mac),
                       SLICE_ARG(text_of(association, TEXT_TARGETNAME)),
                       SLICE_ARG(text_of(association, TEXT_REALM)), association->version);
}

struct slice association_authorization(struct association *association, struct arena *arena,
                                       const struct sip_signature_fields *fields)
{
    struct signature s;
    if (!sign(association, arena, fields, &s))
        return (struct slice){0};
    return arena_print(arena,
                       "%.*s qop=\"auth\", opaque=\"%.*s\", realm=\"%.*s\", targetname=\"%.*s\", "
                       "crand=\"%.*s\", cnum=\"%.*s\", response=\"%.*s\"",
                       SLICE_ARG(auth_scheme_print((enum auth_scheme)association->scheme)),
                       SLICE_ARG(text_of(association, TEXT_OPAQUE)),
                       SLICE_ARG(text_of(association, TEXT_REALM)),
                       SLICE_ARG(text_of(association, TEXT_TARGETNAME)), SLICE_ARG(s.rand),
                       SLICE_ARG(s.number), SLICE_ARG(s.mac));
}

/* ---- verifying ----------------------------------------------------------------------- */

static bool window_takes(const struct window *w, uint32_t number)
{
    if (number == 0)
        return false;
    if (number > w->highest)
        return true;
    uint32_t back = w->highest - number;
    return back < ASSOCIATION_WINDOW && !(w->seen[back / 64] >> (back % 64) & 1);
}

/* Bit i becomes bit i + by: the numbers get older. */
static void window_shift(struct window *w, uint32_t by)
{
    enum {
        WORDS = ASSOCIATION_WINDOW / 64
    };
    if (by >= ASSOCIATION_WINDOW) {
        memset(w->seen, 0, sizeof w->seen);
        return;
    }
    size_t words = by / 64, bits = by % 64;
    for (size_t i = WORDS; i-- > 0;) {
        uint64_t word = i >= words ? w->seen[i - words] << bits : 0;
        if (bits != 0 && i > words)
            word |= w->seen[i - words - 1] >> (64 - bits);
        w->seen[i] = word;
    }
}

static void window_note(struct window *w, uint32_t number)
{
    if (number > w->highest) {
        window_shift(w, number - w->highest);
        w->highest = number;
    }
    uint32_t back = w->highest - number;
    w->seen[back / 64] |= (uint64_t)1 << (back % 64);
}

static int forged(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_FORGED, FINDING_SIGNATURE_MISMATCH, "%s", what);
}

static int check_names(const struct association *a, const struct sip_auth *auth,
                       struct fault *fault)
{
    if (auth_scheme_parse(auth->scheme) != a->scheme)
        return forged(fault, "the scheme is not that of the association");
    /* [MS-SIPAE] 3.2.5.2: a client finds the SA without opaque, a server by it. */
    bool unnamed = !a->server && slice_absent(auth->opaque);
    if (!unnamed && !slice_eq(auth->opaque, text_of(a, TEXT_OPAQUE)))
        return forged(fault, "opaque is not that of the association");
    if (!slice_eq(auth->realm, text_of(a, TEXT_REALM)))
        return forged(fault, "realm is not that of the association");
    if (!slice_eq(auth->targetname, text_of(a, TEXT_TARGETNAME)))
        return forged(fault, "targetname is not that of the association");
    return 0;
}

int association_verify(struct association *association, const struct sip_auth *auth,
                       const struct sip_message *message, int64_t now, struct fault *fault)
{
    struct association *a = association;
    struct slice rand = a->server ? auth->crand : auth->srand;
    struct slice number = a->server ? auth->cnum : auth->snum;
    struct slice mac = a->server ? auth->response : auth->rspauth;
    uint64_t n = 0;
    if (now >= a->ends)
        return fault_set(fault, ERR_EXPIRED, FINDING_ASSOCIATION_ENDED, "opaque %.*s",
                         SLICE_ARG(text_of(a, TEXT_OPAQUE)));
    int err = check_names(a, auth, fault);
    if (err < 0)
        return err;
    if (slice_empty(rand) || slice_empty(mac) || slice_number(number, UINT32_MAX, &n) < 0)
        return forged(fault, "rand, num or the signature is missing or unreadable");
    struct sip_signature_fields fields = {0};
    sip_signature_fields(message, &fields);
    struct sign_credentials credentials = credentials_of(a, rand, number);
    if (!sign_verify(a->keys.hash, key_of(a, !a->server), &credentials, &fields, mac))
        return forged(fault, "the signature does not hold");
    /* Only now: a forged number must not push genuine ones out of the window. */
    if (!window_takes(&a->window, (uint32_t)n))
        return fault_set(fault, ERR_REPLAYED, FINDING_MESSAGE_REPLAYED,
                         "number %u, the highest so far is %u", (unsigned)n, a->window.highest);
    window_note(&a->window, (uint32_t)n);
    return 0;
}

int association_verify_info(struct association *association, const struct sip_message *message,
                            int64_t now, struct fault *fault)
{
    struct sip_auth auth;
    if (!sip_auth_info(message, auth_scheme_print((enum auth_scheme)association->scheme), &auth))
        return fault_set(fault, ERR_DENIED, FINDING_SIGNATURE_MISMATCH,
                         "the server's message is not signed");
    return association_verify(association, &auth, message, now, fault);
}

/* ---- what it is ------------------------------------------------------------------------ */

struct slice association_opaque(const struct association *association)
{
    return text_of(association, TEXT_OPAQUE);
}

struct slice association_account(const struct association *association)
{
    return text_of(association, TEXT_ACCOUNT);
}

struct slice association_epid(const struct association *association)
{
    return text_of(association, TEXT_EPID);
}

struct slice association_instance(const struct association *association)
{
    return text_of(association, TEXT_INSTANCE);
}

int64_t association_ends(const struct association *association)
{
    return association->ends;
}

bool association_confirmed(const struct association *association)
{
    return association->window.highest > 0;
}

size_t association_footprint(const struct association *association)
{
    return sizeof *association + association->text_end[TEXTS - 1];
}
