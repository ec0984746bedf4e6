/* Who is meant by a request, and where an answer belongs. */
#include "im/im.h"

#include "base/encode.h"

#include <string.h>

bool im_takes(const struct sip_message *request)
{
    static const bool passed_on[SIP_METHOD_COUNT] = {
        [SIP_METHOD_OTHER] = true, [SIP_INVITE] = true,  [SIP_ACK] = true,    [SIP_BYE] = true,
        [SIP_CANCEL] = true,       [SIP_MESSAGE] = true, [SIP_INFO] = true,   [SIP_NOTIFY] = true,
        [SIP_REFER] = true,        [SIP_PRACK] = true,   [SIP_UPDATE] = true,
    };
    if (!sip_is_request(request))
        return false;
    if (request->method == SIP_OPTIONS)
        return !slice_empty(request->uri.user);
    return (unsigned)request->method < SIP_METHOD_COUNT && passed_on[request->method];
}

bool im_branch_home(struct slice branch, uint32_t *home_out)
{
    const struct slice ours = SLICE("z9hG4bKim");
    struct slice home, rest;
    if (!slice_starts(branch, ours) || !slice_cut(slice_from(branch, ours.len), '.', &home, &rest))
        return false;
    uint32_t number = 0;
    for (size_t i = 0; i < home.len; i++) {
        char c = home.at[i];
        bool letter = c >= 'a' && c <= 'f';
        if (i == 8 || (!letter && (c < '0' || c > '9')))
            return false;
        number = number << 4 | (uint32_t)(letter ? c - 'a' + 10 : c - '0');
    }
    *home_out = number;
    return home.len > 0;
}

/* ---- who ------------------------------------------------------------------------------- */

/* "user:epid:E": base64url of the instance and two zero bytes (session.md 5.3). */
static bool read_gruu(struct arena *arena, struct slice opaque, struct guid *instance)
{
    const struct slice kind = SLICE("user:epid:");
    struct slice bytes;
    if (!slice_starts_nocase(opaque, kind) || opaque.len > 64)
        return false;
    struct slice name = slice_from(opaque, kind.len);
    char *text = arena_string(arena, name);
    for (char *c = text; *c; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    if (base64_parse(arena, slice_make(text, name.len), &bytes) < 0 ||
        bytes.len < sizeof instance->bytes)
        return false;
    memcpy(instance->bytes, bytes.at, sizeof instance->bytes);
    return true;
}

/* The account of a URI in our domain; absent: it names none. */
static struct slice account_of(const struct site *site, const struct sip_uri *uri,
                               struct arena *arena)
{
    struct slice aor;
    bool sip = uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS;
    if (!sip || slice_empty(uri->user) || !slice_eq_nocase(uri->host, site->domain) ||
        sip_uri_aor(arena, uri, &aor, NULL) < 0)
        return (struct slice){0};
    return slice_from(aor, sizeof "sip:" - 1);
}

static int nowhere(const struct sip_message *request, struct fault *fault)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_IM_NO_SUCH_ADDRESS, "%.*s",
                     SLICE_ARG(slice_head(request->uri.text, 120)));
}

int im_target(const struct site *site, const struct sip_message *request, struct arena *arena,
              struct im_target *target, struct fault *fault)
{
    bool in_dialog = !slice_absent(request->to.tag);
    struct slice account = account_of(site, &request->uri, arena);
    struct slice party = in_dialog ? account_of(site, &request->to.uri, arena) : (struct slice){0};
    *target = (struct im_target){.account = slice_absent(account) ? party : account};
    if (slice_absent(target->account))
        return nowhere(request, fault);
    struct slice opaque =
        slice_absent(account) ? (struct slice){0} : sip_uri_param(&request->uri, SLICE("opaque"));
    if (!slice_absent(opaque)) {
        target->one = true;
        return read_gruu(arena, opaque, &target->instance) ? 0 : nowhere(request, fault);
    }
    if (in_dialog && !slice_empty(request->to.epid) && slice_eq(party, target->account)) {
        target->one = true;
        target->epid = request->to.epid;
    }
    return 0;
}
