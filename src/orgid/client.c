/* The client's side of signin.md section 4. */
#include "orgid/client.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/secret.h"
#include "xml/names.h"
#include "xml/soap.h"
#include "xml/writer.h"

#include <inttypes.h>

enum {
    MESSAGE_MS = 5 * 60 * 1000
};

/* ---- the realm --------------------------------------------------------------------- */

struct slice orgid_realm_url(struct arena *arena, struct slice service_url, struct slice login)
{
    const struct slice scheme = SLICE("https://");
    struct slice host, path;
    if (!slice_starts_nocase(service_url, scheme))
        return (struct slice){0};
    slice_cut(slice_from(service_url, scheme.len), '/', &host, &path);
    if (slice_empty(host))
        return (struct slice){0};
    return arena_print(arena, "https://%.*s/getuserrealm.srf?login=%.*s&xml=1", SLICE_ARG(host),
                       SLICE_ARG(percent_print(arena, login)));
}

int orgid_realm_parse(struct slice body, struct arena *arena, struct orgid_realm *out,
                      struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    *out = (struct orgid_realm){0};
    int err = xml_read(body, NULL, &doc, fault);
    if (err)
        return err;
    const struct xml_node *root = xml_root(doc);
    if (!xml_is(root, NULL, "RealmInfo"))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "the realm's answer is %.*s, not RealmInfo",
                         SLICE_ARG(slice_head(xml_name(root), 80)));
    struct slice type = xml_text(xml_path(root, "NameSpaceType"));
    out->kind = slice_eq_nocase(type, SLICE("Managed"))     ? ORGID_MANAGED
                : slice_eq_nocase(type, SLICE("Federated")) ? ORGID_FEDERATED
                                                            : ORGID_UNKNOWN;
    out->login = arena_copy(arena, xml_text(xml_path(root, "Login")));
    out->domain = arena_copy(arena, xml_text(xml_path(root, "DomainName")));
    out->brand = arena_copy(arena, xml_text(xml_path(root, "FederationBrandName")));
    out->sts_url = arena_copy(arena, xml_text(xml_path(root, "STSAuthURL")));
    /* A password is going to be sent there. */
    if (out->kind == ORGID_FEDERATED && !slice_starts_nocase(out->sts_url, SLICE("https://")))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "RealmInfo is Federated without an https STSAuthURL");
    return 0;
}

/* ---- asking for a token ---------------------------------------------------------------- */

static void print_auth_info(struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "ps:AuthInfo");
    xml_put_ns(&w, "ps", NS_PASSPORT);
    xml_put_attr_string(&w, "Id", "PPAuthInfo");
    xml_element_string(&w, "ps:HostingApp", "Lychgate");
    xml_element_string(&w, "ps:BinaryVersion", "5");
    xml_close(&w);
    xml_end(&w);
}

static void print_security(const struct orgid_ask *ask, struct arena *scratch, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "wsse:UsernameToken");
    xml_put_attr_string(&w, "wsu:Id", "user");
    xml_element(&w, "wsse:Username", ask->user);
    xml_element(&w, "wsse:Password", ask->password);
    xml_close(&w);
    xml_open(&w, "wsu:Timestamp");
    xml_put_attr_string(&w, "wsu:Id", "Timestamp");
    xml_element(&w, "wsu:Created", clock_print_iso(scratch, ask->now));
    xml_element(&w, "wsu:Expires", clock_print_iso(scratch, ask->now + MESSAGE_MS));
    xml_close(&w);
    xml_end(&w);
}

static void print_request(struct xml_writer *w, const struct orgid_ask *ask)
{
    xml_open(w, "wst:RequestSecurityToken");
    xml_put_ns(w, "wsp", NS_WSP);
    xml_put_ns(w, "wst", NS_WST_2005);
    xml_put_attr_string(w, "Id", "RST0");
    xml_element_string(w, "wst:RequestType", WST_2005_ISSUE);
    xml_open(w, "wsp:AppliesTo");
    xml_open(w, "wsa:EndpointReference");
    xml_element(w, "wsa:Address", ask->applies_to);
    xml_close(w);
    xml_close(w);
    xml_close(w);
}

void orgid_rst2_print(const struct orgid_ask *ask, struct buf *out)
{
    scoped(arena) struct arena *scratch = arena_new();
    scoped(buf) struct buf header = BUF_INIT, security = BUF_INIT;
    struct xml_writer w = XML_WRITER(out);
    print_auth_info(&header);
    /* Room for everything escaped, so that no copy of the password stays behind when
     * the buffer grows. */
    buf_reserve(&security, 6 * (ask->user.len + ask->password.len) + 1024);
    print_security(ask, scratch, &security);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_2,
                                                           .action = SLICE(WST_2005_RST),
                                                           .message_id = ask->message_id,
                                                           .to = ask->to,
                                                           .reply_to_anonymous = true,
                                                           .header = buf_slice(&header),
                                                           .security = buf_slice(&security)});
    print_request(&w, ask);
    soap_close_envelope(&w);
    xml_end(&w);
    secret_wipe(security.at, security.cap);
}

/* ---- reading the answer ------------------------------------------------------------------ */

static struct slice raw(const struct xml_node *node, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    xml_raw(node, &out);
    return arena_copy(arena, buf_slice(&out));
}

static int no_token(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_TOKEN_REFUSED, "Org ID's answer: %s", what);
}

static const struct xml_node *find_response(const struct soap_message *message)
{
    const struct xml_node *node = message->payload;
    if (xml_is(node, NULL, "RequestSecurityTokenResponseCollection"))
        node = xml_child(node, NULL, "RequestSecurityTokenResponse");
    return xml_is(node, NULL, "RequestSecurityTokenResponse") ? node : NULL;
}

int orgid_rst2_parse(struct slice body, struct arena *arena, struct orgid_grant *out,
                     struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct soap_fault refusal;
    *out = (struct orgid_grant){0};
    int err = xml_read(body, NULL, &doc, fault);
    if (err || (err = soap_read_with(doc, NS_PASSPORT, &message, fault)))
        return err;
    if (soap_fault_read(&message, &refusal))
        return orgid_refusal(200, body, fault);
    const struct xml_node *response = find_response(&message);
    const struct xml_node *requested = xml_child(response, NULL, "RequestedSecurityToken");
    const struct xml_node *lifetime = xml_child(response, NULL, "Lifetime");
    const struct xml_node *token = xml_child(requested, NS_XENC, "EncryptedData");
    out->encrypted = token != NULL;
    if (!token)
        token = xml_child(requested, NS_SAML, "Assertion");
    if (!token)
        return no_token(fault, "no EncryptedData and no Assertion in it");
    if (clock_parse_iso(xml_text(xml_child(lifetime, NULL, "Created")), &out->created) ||
        clock_parse_iso(xml_text(xml_child(lifetime, NULL, "Expires")), &out->expires))
        return no_token(fault, "no Lifetime with Created and Expires");
    out->token = raw(token, arena);
    out->lifetime =
        arena_print(arena, "<wsu:Created>%.*s</wsu:Created><wsu:Expires>%.*s</wsu:Expires>",
                    SLICE_ARG(xml_text(xml_child(lifetime, NULL, "Created"))),
                    SLICE_ARG(xml_text(xml_child(lifetime, NULL, "Expires"))));
    return 0;
}

/* ---- reading a refusal ---------------------------------------------------------------------- */

/* The text's code is the more exact one: the cloud puts several causes under one number. */
static const struct cause {
    uint32_t number;  /* psf; 0: whatever it is */
    const char *code; /* within the text; NULL: whatever it says */
    enum finding finding;
} causes[] = {
    {0, "AADSTS50126", FINDING_WRONG_PASSWORD},
    {0, "AADSTS50034", FINDING_UNKNOWN_USER},
    {0, "AADSTS50057", FINDING_USER_DISABLED},
    {0, "AADSTS50053", FINDING_TOO_MANY_ATTEMPTS},
    {0x80048821, NULL, FINDING_WRONG_PASSWORD},
    {0x80041012, NULL, FINDING_WRONG_PASSWORD},    /* "entered and stored passwords do not match" */
    {0x80048823, NULL, FINDING_TOO_MANY_ATTEMPTS}, /* PPCRL_REQUEST_E_PASSWORD_LOCKED_OUT */
    {0x80045b00, NULL, FINDING_TICKET_AUDIENCE},
    {0x8004882c, NULL, FINDING_TICKET_AUDIENCE},
};

static enum finding cause_of(const struct soap_fault *refusal)
{
    if (slice_eq(refusal->subcode, SLICE("MessageExpired")))
        return FINDING_CLOCK_SKEW;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        const struct cause *c = &causes[i];
        if (c->code ? slice_find(refusal->text, slice_of(c->code)) >= 0
                    : c->number == refusal->number)
            return c->finding;
    }
    return FINDING_TOKEN_REFUSED;
}

int orgid_refusal(int status, struct slice body, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct soap_fault refusal;
    if (xml_read(body, NULL, &doc, NULL) || soap_read_with(doc, NS_PASSPORT, &message, NULL) ||
        !soap_fault_read(&message, &refusal))
        return fault_set(fault, ERR_DENIED, FINDING_TOKEN_REFUSED,
                         "Org ID answered HTTP %d without a SOAP fault", status);
    return fault_set(fault, ERR_DENIED, cause_of(&refusal),
                     "Org ID answered HTTP %d, 0x%08" PRIx32 ": %.*s", status, refusal.number,
                     SLICE_ARG(slice_head(refusal.text, 160)));
}
