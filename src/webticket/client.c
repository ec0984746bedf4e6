/* The client half: signin.md 3.4, 3.6, 3.7 and 3.8. */
#include "webticket/client.h"

#include "base/clock.h"
#include "base/encode.h"
#include "xml/dsig_parts.h"
#include "xml/names.h"
#include "xml/soap.h"

#include <string.h>

enum {
    MESSAGE_LIFE_MS = 5 * 60 * 1000 /* of a Timestamp, as WCF has it */
};

/* ---- RequestSecurityToken ------------------------------------------------------------- */

static const char timestamp_id[] = "timestamp";

/* Canonical, since it may get signed. Milliseconds, so that no two messages of one
 * ticket have the same. */
static void put_timestamp(struct xml_writer *w, int64_t now)
{
    scoped(arena) struct arena *scratch = arena_new();
    xml_open(w, "wsu:Timestamp");
    xml_put_ns(w, "wsu", NS_WSU);
    xml_put_attr_string(w, "wsu:Id", timestamp_id);
    xml_element(w, "wsu:Created", clock_print_iso_ms(scratch, now));
    xml_element(w, "wsu:Expires", clock_print_iso_ms(scratch, now + MESSAGE_LIFE_MS));
    xml_close(w);
}

static void put_credential(struct xml_writer *w, const char *name, const char *type,
                           struct slice value, bool encoded)
{
    xml_open(w, name);
    if (type)
        xml_put_attr_string(w, "Type", type);
    if (encoded)
        xml_put_base64(w, value);
    else
        xml_put_text(w, value);
    xml_close(w);
}

static void print_security(const struct webticket_ask *ask, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    put_timestamp(&w, ask->now);
    if (ask->method == WEBTICKET_USERNAME) {
        xml_open(&w, "wsse:UsernameToken");
        put_credential(&w, "wsse:Username", NULL, ask->user, ask->encoded);
        put_credential(&w, "wsse:Password", WSSE_PASSWORD_TEXT, ask->password, ask->encoded);
        xml_close(&w);
    } else {
        xml_put_raw(&w, ask->token);
    }
    xml_end(&w);
}

static void put_claim(struct xml_writer *w, struct slice sip_uri)
{
    xml_open(w, "wst:Claims");
    xml_put_attr_string(w, "Dialect", OCS_AUTHCLAIMS);
    xml_open(w, "auth:ClaimType");
    xml_put_ns(w, "auth", NS_AUTH);
    xml_put_attr_string(w, "Optional", "false");
    xml_put_attr_string(w, "Uri", CLAIM_URI);
    xml_element(w, "auth:Value", sip_uri);
    xml_close(w);
    xml_close(w);
}

static void put_request(struct xml_writer *w, const struct webticket_ask *ask)
{
    xml_open(w, "wst:RequestSecurityToken");
    xml_put_ns(w, "wsp", NS_WSP);
    xml_put_ns(w, "wst", NS_WST);
    xml_put_attr(w, "Context", ask->message_id);
    xml_element_string(w, "wst:TokenType", WSSE_SAML11_TOKEN);
    xml_element_string(w, "wst:RequestType", WST_ISSUE);
    xml_open(w, "wsp:AppliesTo");
    xml_open(w, "wsa:EndpointReference");
    xml_element(w, "wsa:Address", ask->applies_to);
    xml_close(w);
    xml_close(w);
    put_claim(w, ask->sip_uri);
    xml_open(w, "wst:Entropy");
    xml_open(w, "wst:BinarySecret");
    xml_put_base64(w, ask->entropy);
    xml_close(w);
    xml_close(w);
    xml_element_string(w, "wst:KeyType", WST_SYMMETRIC_KEY);
    xml_close(w);
}

void webticket_rst_print(const struct webticket_ask *ask, struct buf *out)
{
    struct buf security = BUF_INIT;
    if (ask->method != WEBTICKET_BASIC)
        print_security(ask, &security);
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){
                               .version = SOAP_1_1,
                               .action = SLICE(WST_RST_ISSUE),
                               .message_id = ask->message_id,
                               .to = ask->to,
                               .reply_to_anonymous = true,
                               .security = buf_slice(&security),
                           });
    put_request(&w, ask);
    soap_close_envelope(&w);
    xml_end(&w);
    if (security.at)
        secret_wipe(security.at, security.len); /* a password is in it */
    buf_free(&security);
}

/* ---- by certificate --------------------------------------------------------------------- */

static const char token_id[] = "certificate", to_id[] = "to";

/* Canonical, as it gets signed. */
static void put_to(struct slice to, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "wsa:To");
    xml_put_ns(&w, "wsa", NS_WSA);
    xml_put_ns(&w, "wsu", NS_WSU);
    xml_put_attr_string(&w, "wsu:Id", to_id);
    xml_put_text(&w, to);
    xml_close(&w);
    xml_end(&w);
}

static void put_token(struct slice certificate, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "wsse:BinarySecurityToken");
    xml_put_ns(&w, "wsu", NS_WSU);
    xml_put_attr_string(&w, "EncodingType", WSSE_BASE64);
    xml_put_attr_string(&w, "ValueType", WSSE_X509V3);
    xml_put_attr_string(&w, "wsu:Id", token_id);
    xml_put_base64(&w, certificate);
    xml_close(&w);
    xml_end(&w);
}

static int sign_security(const struct webticket_ask *ask, const struct webticket_identity *identity,
                         struct slice to, struct buf *out, struct fault *fault)
{
    scoped(buf) struct buf timestamp = BUF_INIT, key_info = BUF_INIT;
    struct xml_writer w = XML_WRITER(&timestamp);
    put_timestamp(&w, ask->now);
    xml_end(&w);
    buf_add(out, buf_slice(&timestamp));
    put_token(identity->certificate, out);
    dsig_key_info_token(slice_of(token_id), &key_info);
    const struct dsig_part parts[] = {{buf_slice(&timestamp), slice_of(timestamp_id)},
                                      {to, slice_of(to_id)}};
    return dsig_parts_print(identity->key, parts, 2, buf_slice(&key_info), out, fault);
}

int webticket_rst_print_signed(const struct webticket_ask *ask,
                               const struct webticket_identity *identity, struct buf *out,
                               struct fault *fault)
{
    scoped(buf) struct buf security = BUF_INIT, to = BUF_INIT;
    put_to(ask->to, &to);
    int err = sign_security(ask, identity, buf_slice(&to), &security, fault);
    if (err)
        return err;
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){
                               .version = SOAP_1_1,
                               .action = SLICE(WST_RST_ISSUE),
                               .message_id = ask->message_id,
                               .reply_to_anonymous = true,
                               .header = buf_slice(&to),
                               .security = buf_slice(&security),
                           });
    put_request(&w, ask);
    soap_close_envelope(&w);
    xml_end(&w);
    return 0;
}

/* ---- the answer -------------------------------------------------------------------------- */

static int malformed(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED, "ticket answer: %s", what);
}

/* The bare response, or the first of a collection. */
static const struct xml_node *find_response(const struct xml_node *payload)
{
    const char name[] = "RequestSecurityTokenResponse";
    if (xml_is(payload, NULL, "RequestSecurityTokenResponseCollection"))
        payload = xml_child(payload, NULL, name);
    return xml_is_loosely(payload, NS_WST, name) || xml_is_loosely(payload, NS_WST_2005, name)
               ? payload
               : NULL;
}

static struct slice raw_of(const struct xml_node *node, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    xml_raw(node, &out);
    return buf_failed(&out) ? (struct slice){0} : arena_copy(arena, buf_slice(&out));
}

static int read_lifetime(const struct xml_node *response, struct arena *arena,
                         struct webticket_grant *out, struct fault *fault)
{
    const struct xml_node *lifetime = xml_child(response, NULL, "Lifetime");
    struct slice created = xml_text(xml_child(lifetime, NS_WSU, "Created"));
    struct slice expires = xml_text(xml_child(lifetime, NS_WSU, "Expires"));
    if (clock_parse_iso(created, &out->created) || clock_parse_iso(expires, &out->expires) ||
        out->expires <= out->created)
        return malformed(fault, "no Lifetime with Created before Expires");
    out->lifetime =
        arena_print(arena, "<wsu:Created>%.*s</wsu:Created><wsu:Expires>%.*s</wsu:Expires>",
                    SLICE_ARG(created), SLICE_ARG(expires));
    return 0;
}

/* Either the server says the key outright, or both made it from both entropies. */
static int read_key(const struct xml_node *response, struct slice entropy, struct arena *arena,
                    struct webticket_grant *out, struct fault *fault)
{
    const struct xml_node *proof = xml_child(response, NULL, "RequestedProofToken");
    const struct xml_node *given = xml_child(proof, NULL, "BinarySecret");
    const struct xml_node *server = xml_path(response, "Entropy/BinarySecret");
    struct slice computed = xml_text(xml_child(proof, NULL, "ComputedKey")), bytes;
    if (!given && !server)
        return 0;
    if (base64_parse(arena, xml_text(given ? given : server), &bytes) || bytes.len == 0)
        return malformed(fault, "BinarySecret is no base64");
    if (given && bytes.len != PROOF_KEY_LEN)
        return malformed(fault, "the proof key has not 32 bytes");
    if (!given && !slice_empty(computed) && !slice_eq(computed, SLICE(WST_CK_PSHA1)))
        return malformed(fault, "the proof key is not to be computed by P_SHA1");
    if (given)
        memcpy(out->proof_key, bytes.at, PROOF_KEY_LEN);
    else
        p_sha1(entropy, bytes, out->proof_key, PROOF_KEY_LEN);
    out->has_proof_key = true;
    return 0;
}

static int read_assertion(const struct xml_node *response, struct arena *arena,
                          struct webticket_grant *out, struct fault *fault)
{
    const struct xml_node *assertion =
        xml_child(xml_child(response, NULL, "RequestedSecurityToken"), NS_SAML, "Assertion");
    out->assertion_id = arena_copy(arena, xml_attr(assertion, "AssertionID"));
    if (slice_empty(out->assertion_id))
        return malformed(fault, "no SAML 1.1 assertion in it");
    out->assertion = raw_of(assertion, arena);
    return slice_empty(out->assertion) ? malformed(fault, "the assertion has no canonical form")
                                       : 0;
}

int webticket_rstr_parse(struct slice body, struct slice entropy, struct arena *arena,
                         struct webticket_grant *out, struct fault *fault)
{
    *out = (struct webticket_grant){0};
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct soap_fault refused;
    int err = xml_read(body, NULL, &doc, fault);
    if (err || (err = soap_read_with(doc, NS_WSA, &message, fault)))
        return err;
    if (soap_fault_read(&message, &refused))
        return webticket_refusal(200, (struct slice){0}, body, FINDING_WRONG_PASSWORD, fault);
    const struct xml_node *response = find_response(message.payload);
    if (!response)
        return malformed(fault, "no RequestSecurityTokenResponse");
    if ((err = read_assertion(response, arena, out, fault)) ||
        (err = read_lifetime(response, arena, out, fault)) ||
        (err = read_key(response, entropy, arena, out, fault)))
        webticket_grant_fini(out);
    return err;
}

void webticket_grant_fini(struct webticket_grant *grant)
{
    secret_wipe(grant->proof_key, sizeof grant->proof_key);
    grant->has_proof_key = false;
}

/* ---- using the ticket ------------------------------------------------------------------------ */

struct slice webticket_opaque_header(struct arena *arena, const struct webticket_grant *grant)
{
    return arena_print(arena, "opaque=%.*s", SLICE_ARG(base64_print(arena, grant->assertion)));
}

void webticket_security_print(const struct webticket_grant *grant, int64_t now, struct buf *out)
{
    scoped(buf) struct buf timestamp = BUF_INIT, key_info = BUF_INIT;
    struct xml_writer w = XML_WRITER(&timestamp);
    put_timestamp(&w, now);
    xml_end(&w);
    buf_add(out, buf_slice(&timestamp));
    buf_add(out, grant->assertion);
    if (!grant->has_proof_key)
        return;
    dsig_key_info_assertion(grant->assertion_id, &key_info);
    struct dsig_hmac_options options = {
        .method = DSIG_HMAC_SHA1,
        .text = buf_slice(&timestamp),
        .id = slice_of(timestamp_id),
        .key = slice_make(grant->proof_key, sizeof grant->proof_key),
        .key_info = buf_slice(&key_info),
    };
    dsig_hmac_print(&options, out);
}
