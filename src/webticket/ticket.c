/* Checking tickets: signin.md 2.5 and 3.7, SAML Token Profile 1.1 section 3.5,
 * WS-Security 1.0 section 10 (time stamps). */
#include "webticket/ticket.h"

#include "base/clock.h"
#include "base/encode.h"
#include "webticket/webticket_priv.h"
#include "xml/names.h"

enum {
    OPAQUE_MAX = 16384
};

static const struct xml_limits ticket_limits = {
    .bytes = OPAQUE_MAX, .depth = 16, .nodes = 300, .attributes = 16};

/* ---- the assertion --------------------------------------------------------------------- */

static int verify_assertion(const struct webticket *wt, const struct xml_node *element, int64_t now,
                            struct arena *arena, struct saml_assertion *a,
                            struct webticket_claims *claims, struct fault *fault)
{
    const struct slice sip = SLICE("sip:");
    struct saml_check check = {
        .key = wt->token_key, .issuer = wt->issuer, .now = now, .skew_ms = wt->options.skew_ms};
    int err = saml_verify(element, &check, arena, a, fault);
    if (err)
        return err;
    if (!webticket_is_audience(wt->options.site, a->audience))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE, "the ticket is for \"%.*s\"",
                         SLICE_ARG(slice_head(a->audience, 160)));
    if (!slice_starts(a->subject, sip))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "assertion: the subject is no sip: address");
    *claims = (struct webticket_claims){
        .address = slice_from(a->subject, sip.len),
        .account_id = a->account_id,
        .assertion_id = a->id,
        .audience = a->audience,
        .not_before = a->not_before,
        .not_after = a->not_after,
        .by_certificate = slice_eq(slice_of(a->method), SLICE(SAML_AM_X509)),
    };
    return 0;
}

int webticket_verify_opaque(struct webticket *webticket, struct slice header, int64_t now,
                            struct arena *arena, struct webticket_claims *claims_out,
                            struct fault *fault)
{
    const struct slice form = SLICE("opaque=");
    struct slice text = slice_trim(header), bytes;
    *claims_out = (struct webticket_claims){0};
    if (slice_empty(text))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING, "no X-MS-WebTicket");
    if (!slice_starts_nocase(text, form))
        return fault_set(
            fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
            "X-MS-WebTicket begins \"%.*s\", not opaque=", SLICE_ARG(slice_head(text, 8)));
    text = slice_from(text, form.len);
    if (text.len > OPAQUE_MAX || base64_parse(arena, text, &bytes))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "X-MS-WebTicket: %zu bytes, too long or no base64", text.len);
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct saml_assertion assertion;
    struct fault why;
    if (xml_read(bytes, &ticket_limits, &doc, &why))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED, "X-MS-WebTicket: %s",
                         why.detail);
    return verify_assertion(webticket, xml_root(doc), now, arena, &assertion, claims_out, fault);
}

/* ---- the time stamp ------------------------------------------------------------------------ */

int webticket_timestamp(const struct xml_node *security, int64_t skew_ms, int64_t now,
                        struct timestamp *out, struct fault *fault)
{
    *out = (struct timestamp){.node = xml_child(security, NS_WSU, "Timestamp")};
    if (!out->node)
        return 0;
    if (xml_next_of(out->node, NS_WSU, "Timestamp") ||
        clock_parse_iso(xml_text(xml_child(out->node, NS_WSU, "Created")), &out->created) ||
        clock_parse_iso(xml_text(xml_child(out->node, NS_WSU, "Expires")), &out->expires) ||
        out->expires <= out->created)
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED,
                         "Security: Timestamp must be one, with Created before Expires");
    if (out->created - now > skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "the message was made %lld s from now: the sender's clock is ahead",
                         (long long)((out->created - now) / 1000));
    if (now - out->expires >= skew_ms)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "the message expired %lld s ago: the sender's clock is behind, or it "
                         "is old",
                         (long long)((now - out->expires) / 1000));
    return 0;
}

/* ---- proof of possession --------------------------------------------------------------------- */

struct presented {
    const struct xml_node *assertion;
    const struct xml_node *signature; /* NULL: none */
    struct timestamp timestamp;
};

static int find_parts(const struct webticket *wt, const struct xml_node *security, int64_t now,
                      struct presented *out, struct fault *fault)
{
    out->assertion = xml_child(security, NS_SAML, "Assertion");
    out->signature = xml_child(security, NS_DS, "Signature");
    if (!out->assertion || xml_next_of(out->assertion, NS_SAML, "Assertion"))
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING, "%s assertion in Security",
                         out->assertion ? "more than one" : "no");
    if (xml_next_of(out->signature, NS_DS, "Signature"))
        return fault_set(fault, ERR_FORGED, FINDING_TICKET_PROOF, "more than one Signature");
    return webticket_timestamp(security, wt->options.skew_ms, now, &out->timestamp, fault);
}

static int check_proof(const struct webticket *wt, const struct presented *p,
                       const struct saml_assertion *a, struct fault *fault)
{
    if (!p->timestamp.node || slice_absent(a->sealed_key))
        return fault_set(fault, ERR_FORGED, FINDING_TICKET_PROOF,
                         p->timestamp.node ? "signed, but the ticket has no proof key"
                                           : "signed, but without a Timestamp");
    const struct desk *desk = wt->options.desk(wt->options.desk_arg);
    scoped(arena) struct arena *scratch = arena_new();
    scoped(secret) struct secret key = SECRET_INIT;
    int err =
        vault_open(desk->vault, webticket_seal_purpose(scratch, a->id), a->sealed_key, &key, fault);
    if (!err)
        err = dsig_verify_hmac(p->signature, p->timestamp.node, secret_slice(&key), fault);
    if (err && fault && fault->finding != FINDING_VAULT_FAILED)
        fault->finding = FINDING_TICKET_PROOF;
    return err;
}

/* Only the Timestamp is signed. A client that makes one for each message says it once.
 * SIPE pastes the ticket's Lifetime in its place, the same for every message of the
 * ticket, so there the Body has to be the same too. Digested is the canonical form:
 * white space in the base64 of a signature would make an old message new. */
static int check_first_time(struct webticket *wt, const struct webticket_use *use,
                            const struct presented *p, const struct saml_assertion *a, int64_t now,
                            struct fault *fault)
{
    scoped(buf) struct buf what = BUF_INIT;
    bool pasted = p->timestamp.created == a->not_before && p->timestamp.expires == a->not_after;
    int64_t ends = p->timestamp.expires < a->not_after ? p->timestamp.expires : a->not_after;
    buf_add(&what, a->id);
    buf_add_byte(&what, '\0');
    buf_print(&what, "%lld %lld", (long long)p->timestamp.created, (long long)p->timestamp.expires);
    if (pasted)
        xml_c14n(use->message->body, &what);
    if (replay_seen(wt->replay, buf_slice(&what), ends + wt->options.skew_ms, now))
        return fault_set(fault, ERR_REPLAYED, FINDING_TICKET_REPLAYED, "%s of ticket %.*s",
                         pasted ? "Timestamp and Body" : "Timestamp", SLICE_ARG(a->id));
    return 0;
}

int webticket_verify_soap(struct webticket *webticket, const struct webticket_use *use, int64_t now,
                          struct arena *arena, struct webticket_claims *claims_out,
                          struct fault *fault)
{
    struct presented parts;
    struct saml_assertion assertion;
    *claims_out = (struct webticket_claims){0};
    struct webticket_claims claims;
    int err = find_parts(webticket, use->message->security, now, &parts, fault);
    if (err || (err = verify_assertion(webticket, parts.assertion, now, arena, &assertion, &claims,
                                       fault)))
        return err;
    if (parts.signature && (err = check_proof(webticket, &parts, &assertion, fault)))
        return err;
    claims.proven = parts.signature != NULL;
    if (use->proof_needed && !claims.proven)
        return fault_set(fault, ERR_FORGED, FINDING_TICKET_PROOF, "the message is not signed");
    if (use->once && claims.proven &&
        (err = check_first_time(webticket, use, &parts, &assertion, now, fault)))
        return err;
    *claims_out = claims;
    return 0;
}

/* The ticket says who he was when it was issued; the account, who he is now. */
int webticket_holder(const struct webticket_claims *claims, struct accounts *accounts,
                     struct arena *arena, struct account *account_out, struct fault *fault)
{
    int err = accounts_find(accounts, claims->address, arena, account_out, fault);
    if (err < 0)
        return err;
    if (account_out->id != claims->account_id)
        return fault_set(fault, ERR_DENIED, FINDING_UNKNOWN_USER,
                         "%.*s is another account now than when the ticket was issued",
                         SLICE_ARG(slice_head(claims->address, 160)));
    if (!account_out->enabled)
        return fault_set(fault, ERR_DENIED, FINDING_USER_DISABLED, "%.*s",
                         SLICE_ARG(slice_head(claims->address, 200)));
    return 0;
}
