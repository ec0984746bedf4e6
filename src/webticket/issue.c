/* Issuing: WS-Trust 1.3 section 4.4, [MS-OCAUTHWS] section 3.2.4.1, and the rules of
 * signin.md 3.6, which come from SIPE's reading by string search:
 *
 *   - nothing named Assertion, Lifetime or BinarySecret comes before the one meant;
 *   - Lifetime's content is in the form that SIPE signs it in: prefix wsu, declared
 *     further up, canonical;
 *   - the assertion declares all its namespaces itself. */
#include "webticket/webticket_priv.h"

#include "base/clock.h"
#include "base/random.h"
#include "event/event.h"
#include "webticket/p_sha1.h"
#include "xml/names.h"

enum {
    SERVER_ENTROPY_LEN = 32,
    LIFETIME_MIN_MS = 60000
};

struct slice webticket_seal_purpose(struct arena *arena, struct slice assertion_id)
{
    return arena_print(arena, "proof:%.*s", SLICE_ARG(assertion_id));
}

/* ---- may it be issued? ---------------------------------------------------------------- */

static struct slice without_sip(struct slice uri)
{
    return slice_starts_nocase(uri, SLICE("sip:")) ? slice_from(uri, 4) : uri;
}

static int check_claim(const struct webticket_issue *issue, struct fault *fault)
{
    const struct trust_request *r = issue->request;
    if (slice_absent(r->claim_uri) || r->claim_optional ||
        slice_eq_nocase(without_sip(r->claim_uri), issue->account->address))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH, "%.*s asks for a ticket of %.*s",
                     SLICE_ARG(issue->account->address), SLICE_ARG(slice_head(r->claim_uri, 120)));
}

static int check_kind(const struct trust_request *r, struct fault *fault)
{
    if (slice_eq(r->token_type, SLICE(OCS_USER_CWT)))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "compact tickets (user-cwt-1) are not issued, only SAML 1.1");
    if (!slice_empty(r->token_type) && !slice_eq(r->token_type, SLICE(WSSE_SAML11_TOKEN)) &&
        !slice_eq(r->token_type, SLICE(NS_SAML)))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "TokenType is \"%.*s\", only SAML 1.1 is issued",
                         SLICE_ARG(slice_head(r->token_type, 120)));
    if (r->key_type == TRUST_KEY_OTHER)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "KeyType is neither SymmetricKey nor Bearer");
    if (r->key_type == TRUST_KEY_SYMMETRIC && slice_absent(r->entropy))
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                         "KeyType is SymmetricKey without entropy to make it from");
    return 0;
}

static int check_audience(const struct webticket_issue *issue, struct fault *fault)
{
    struct slice url = issue->request->applies_to;
    if (webticket_is_audience(issue->webticket->options.site, url))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE,
                     "AppliesTo is \"%.*s\", which is no service of this site",
                     SLICE_ARG(slice_head(url, 160)));
}

/* ---- making it -------------------------------------------------------------------------- */

struct making {
    struct arena *arena; /* of this call */
    struct saml_assertion assertion;
    struct buf signed_assertion;
    struct slice server_entropy; /* absent: a bearer ticket */
};

/* The client's wish counts where it is for less. Whole seconds, as the assertion
 * has them, so that Lifetime says the same. */
static void set_times(const struct webticket_issue *issue, struct saml_assertion *a)
{
    int64_t length = issue->webticket->options.lifetime_ms, wish = issue->request->lifetime_ms;
    if (wish >= LIFETIME_MIN_MS && wish < length)
        length = wish;
    a->issued = issue->now - issue->now % 1000;
    a->not_before = a->issued;
    a->not_after = a->issued + length - length % 1000;
}

static int make_proof(const struct webticket_issue *issue, struct making *m, struct fault *fault)
{
    unsigned char key[PROOF_KEY_LEN], entropy[SERVER_ENTROPY_LEN];
    bool symmetric =
        issue->request->key_type == TRUST_KEY_SYMMETRIC ||
        (issue->request->key_type == TRUST_KEY_UNSAID && !slice_absent(issue->request->entropy));
    if (!symmetric)
        return 0;
    random_fill(entropy, sizeof entropy);
    m->server_entropy = arena_copy(m->arena, slice_make(entropy, sizeof entropy));
    p_sha1(issue->request->entropy, m->server_entropy, key, sizeof key);
    int err = vault_seal(issue->desk->vault, webticket_seal_purpose(m->arena, m->assertion.id),
                         slice_make(key, sizeof key), m->arena, &m->assertion.sealed_key, fault);
    secret_wipe(key, sizeof key);
    return err;
}

static int make_assertion(const struct webticket_issue *issue, struct making *m,
                          struct fault *fault)
{
    const struct webticket *wt = issue->webticket;
    m->assertion = (struct saml_assertion){
        .id = saml_new_id(m->arena),
        .issuer = wt->issuer,
        .audience = issue->request->applies_to,
        .subject = arena_print(m->arena, "sip:%.*s", SLICE_ARG(issue->account->address)),
        .method = issue->method,
        .account_id = issue->account->id,
    };
    set_times(issue, &m->assertion);
    int err = make_proof(issue, m, fault);
    return err ? err
               : saml_issue(&m->assertion, &wt->keys, issue->desk->vault, &m->signed_assertion,
                            fault);
}

/* ---- the answer --------------------------------------------------------------------------- */

static void put_reference(struct xml_writer *w, const char *name, struct slice id)
{
    xml_open(w, name);
    xml_open(w, "wsse:SecurityTokenReference");
    xml_put_ns(w, "wsse", NS_WSSE);
    xml_put_ns(w, "wsse11", NS_WSSE11);
    xml_put_attr_string(w, "wsse11:TokenType", WSSE_SAML11_TOKEN);
    xml_open(w, "wsse:KeyIdentifier");
    xml_put_attr_string(w, "ValueType", WSSE_SAML_ASSERTION_ID);
    xml_put_text(w, id);
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

static void put_proof(struct xml_writer *w, struct slice entropy)
{
    if (slice_absent(entropy))
        return;
    xml_open(w, "wst:Entropy");
    xml_open(w, "wst:BinarySecret");
    xml_put_attr_string(w, "Type", WST_NONCE);
    xml_put_base64(w, entropy);
    xml_close(w);
    xml_close(w);
    xml_open(w, "wst:RequestedProofToken");
    xml_element_string(w, "wst:ComputedKey", WST_CK_PSHA1);
    xml_close(w);
}

static void put_response(struct xml_writer *w, const struct webticket_issue *issue,
                         const struct making *m)
{
    xml_open(w, "wst:RequestSecurityTokenResponse");
    if (!slice_absent(issue->request->context))
        xml_put_attr(w, "Context", issue->request->context);
    xml_element_string(w, "wst:TokenType", WSSE_SAML11_TOKEN);
    xml_open(w, "wst:RequestedSecurityToken");
    xml_put_raw(w, buf_slice(&m->signed_assertion));
    xml_close(w);
    put_reference(w, "wst:RequestedAttachedReference", m->assertion.id);
    put_reference(w, "wst:RequestedUnattachedReference", m->assertion.id);
    xml_open(w, "wsp:AppliesTo");
    xml_open(w, "wsa:EndpointReference");
    xml_element(w, "wsa:Address", m->assertion.audience);
    xml_close(w);
    xml_close(w);
    xml_open(w, "wst:Lifetime");
    xml_element(w, "wsu:Created", clock_print_iso(m->arena, m->assertion.not_before));
    xml_element(w, "wsu:Expires", clock_print_iso(m->arena, m->assertion.not_after));
    xml_close(w);
    put_proof(w, m->server_entropy);
    xml_close(w);
}

static void print_answer(const struct webticket_issue *issue, const struct making *m,
                         struct buf *out)
{
    static const char *const ns[] = {"wsp", NS_WSP, "wst", NS_WST, "wsu", NS_WSU, NULL};
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = issue->message->version,
                                                           .action = SLICE(WST_RSTRC_FINAL),
                                                           .relates_to = issue->message->message_id,
                                                           .ns = ns});
    xml_open(&w, "wst:RequestSecurityTokenResponseCollection");
    put_response(&w, issue, m);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

int webticket_issue(const struct webticket_issue *issue, struct buf *out, struct fault *fault)
{
    int err;
    if ((err = check_kind(issue->request, fault)) || (err = check_audience(issue, fault)) ||
        (err = check_claim(issue, fault)))
        return err;
    scoped(arena) struct arena *scratch = arena_new();
    struct making making = {.arena = scratch, .signed_assertion = BUF_INIT};
    err = make_assertion(issue, &making, fault);
    if (!err) {
        print_answer(issue, &making, out);
        event_emit(EVENT_INFO, "webticket.issued", FINDING_NONE,
                   EVENT_SLICE("user", issue->account->address),
                   EVENT_SLICE("for", making.assertion.audience),
                   EVENT_SLICE("id", making.assertion.id),
                   EVENT_TEXT("kind", slice_absent(making.server_entropy) ? "bearer" : "proof"),
                   EVENT_END);
    }
    buf_free(&making.signed_assertion);
    return err;
}
