/* RST2.srf: WS-Trust of February 2005 (sections 4 to 6) in SOAP 1.2, as the Passport
 * client library and SIPE speak it (signin.md section 4.3). SIPE's dialect has neither
 * Timestamp nor PolicyReference and calls itself text/xml; the library's has ps:AuthInfo
 * too. Content-Type is therefore not looked at. */
#include "auth/password.h"
#include "base/clock.h"
#include "orgid/orgid_priv.h"
#include "webticket/saml.h"
#include "xml/encrypted.h"
#include "xml/names.h"
#include "xml/soap.h"
#include "xml/writer.h"

#include <inttypes.h>

enum {
    MESSAGE_ID_MAX = 256
};

/* ---- judging the request --------------------------------------------------------- */

static int check_timestamp(const struct orgid *orgid, const struct xml_node *security, int64_t now,
                           struct fault *fault)
{
    const struct xml_node *timestamp = xml_child(security, NS_WSU, "Timestamp");
    int64_t created, expires, skew = orgid->options.skew_ms;
    if (!timestamp)
        return 0;
    if (clock_parse_iso(xml_text(xml_child(timestamp, NS_WSU, "Created")), &created) ||
        clock_parse_iso(xml_text(xml_child(timestamp, NS_WSU, "Expires")), &expires))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "line %ld: Timestamp without Created and Expires", xml_line(timestamp));
    if (created > now && created - now > skew)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "Timestamp created %" PRId64 " s in the future", (created - now) / 1000);
    if (expires < now && now - expires > skew)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "Timestamp expired %" PRId64 " s ago", (now - expires) / 1000);
    return 0;
}

/* Tokens are made for one reader only: the endpoints that take them. */
static int check_applies_to(const struct site *site, struct slice url, struct fault *fault)
{
    if (site_is_url(site, site->web_host, SITE_PATH_WEBTICKET "/WsFed_bearer", url) ||
        site_is_url(site, site->web_host, SITE_PATH_WEBTICKET_ADVANCED "/WsFed_bearer", url))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE,
                     "AppliesTo \"%.*s\" is not a WsFed_bearer endpoint of this site",
                     SLICE_ARG(slice_head(url, 160)));
}

int orgid_check_request(const struct orgid *orgid, const struct soap_message *message,
                        struct arena *arena, int64_t now, struct trust_request *request,
                        struct fault *fault)
{
    if (message->version != SOAP_1_2)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_SOAP_MALFORMED, "SOAP 1.1, not 1.2");
    int err = trust_request_parse(message, arena, request, fault);
    if (!err && request->key_type == TRUST_KEY_SYMMETRIC)
        err = fault_set(fault, ERR_UNSUPPORTED, FINDING_RST_UNSUPPORTED,
                        "KeyType asks for a proof key; tokens here are bearer tokens");
    if (!err)
        err = check_timestamp(orgid, message->security, now, fault);
    if (!err)
        err = check_applies_to(orgid->options.site, request->applies_to, fault);
    return err;
}

/* Whose password is this? The copy of it is wiped before the answer is made. */
static int check_login(const struct orgid *orgid, const struct soap_message *message,
                       const struct desk *desk, struct slice peer, struct arena *arena, int64_t now,
                       struct account *account, int64_t *delay, struct fault *fault)
{
    scoped(trust_login) struct trust_login login = {0};
    int err = trust_login_parse(message->security, false, arena, &login, fault);
    if (err)
        return err;
    return auth_password_check(&(struct auth_password){.desk = desk,
                                                       .penalty = orgid->options.penalty,
                                                       .peer = peer,
                                                       .role = "orgid",
                                                       .login = login.user,
                                                       .password = secret_slice(&login.password),
                                                       .now = now},
                               arena, account, delay, fault);
}

/* ---- the token ---------------------------------------------------------------------- */

/* What an answer is made of. */
struct grant {
    const struct trust_request *request;
    struct slice relates_to;
    struct slice token; /* EncryptedData */
    int64_t created, expires;
};

static int make_token(const struct orgid *orgid, const struct account *account,
                      struct vault_client *vault, struct grant *grant, struct arena *arena,
                      struct fault *fault)
{
    scoped(buf) struct buf assertion = BUF_INIT, encrypted = BUF_INIT;
    const struct saml_assertion wanted = {
        .id = saml_new_id(arena),
        .issuer = orgid->issuer,
        .audience = grant->request->applies_to,
        .subject = arena_print(arena, "sip:%.*s", SLICE_ARG(account->address)),
        .method = SAML_AM_PASSWORD,
        .account_id = account->id,
        .issued = grant->created,
        .not_before = grant->created,
        .not_after = grant->expires,
    };
    int err = saml_issue(&wanted, &orgid->keys, vault, &assertion, fault);
    if (!err)
        err = encrypted_print(buf_slice(&assertion), orgid->recipient, ENCRYPTED_AES256_GCM,
                              &encrypted, fault);
    if (!err)
        grant->token = arena_copy(arena, buf_slice(&encrypted));
    return err;
}

static void put_header(struct buf *header)
{
    struct xml_writer w = XML_WRITER(header);
    xml_open(&w, "psf:pp");
    xml_put_ns(&w, "psf", NS_PASSPORT_PSF);
    xml_element_string(&w, "psf:serverVersion", "1");
    xml_element_string(&w, "psf:authstate", "0x48803");
    xml_element_string(&w, "psf:reqstatus", "0x0");
    xml_close(&w);
    xml_end(&w);
}

static void put_applies_to(struct xml_writer *w, struct slice url)
{
    xml_open(w, "wsp:AppliesTo");
    xml_put_ns(w, "wsp", NS_WSP);
    xml_open(w, "wsa:EndpointReference");
    xml_element(w, "wsa:Address", url);
    xml_close(w);
    xml_close(w);
}

/* SIPE cuts the inside of Lifetime out as text and pastes it into a Timestamp, whose
 * only declared prefix is wsu: so wsu is declared above it, and only there. */
static void put_lifetime(struct xml_writer *w, const struct grant *grant, struct arena *arena)
{
    xml_open(w, "wst:Lifetime");
    xml_element(w, "wsu:Created", clock_print_iso(arena, grant->created));
    xml_element(w, "wsu:Expires", clock_print_iso(arena, grant->expires));
    xml_close(w);
}

static void print_grant(const struct grant *grant, struct arena *arena, struct buf *out)
{
    static const char *const ns[] = {"wst", NS_WST_2005, "wsu", NS_WSU, NULL};
    scoped(buf) struct buf header = BUF_INIT;
    put_header(&header);
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_2,
                                                           .action = SLICE(WST_2005_RSTR),
                                                           .relates_to = grant->relates_to,
                                                           .header = buf_slice(&header),
                                                           .ns = ns});
    xml_open(&w, "wst:RequestSecurityTokenResponse");
    if (!slice_absent(grant->request->context))
        xml_put_attr(&w, "Context", grant->request->context);
    xml_element_string(&w, "wst:TokenType", NS_SAML);
    put_applies_to(&w, grant->request->applies_to);
    put_lifetime(&w, grant, arena);
    xml_open(&w, "wst:RequestedSecurityToken");
    xml_put_raw(&w, grant->token);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* ---- the resource ---------------------------------------------------------------------- */

static int answer(const struct orgid *orgid, const struct http_request *http,
                  struct http_reply *reply, struct arena *arena, int64_t now, struct buf *out,
                  struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct trust_request request;
    struct account account;
    const struct desk *desk = orgid->options.desk(orgid->options.desk_arg);
    struct grant grant = {.request = &request};
    int err = xml_read(http->body, NULL, &doc, fault);
    if (err || (err = soap_read_with(doc, NS_PASSPORT, &message, fault)) ||
        (err = orgid_check_request(orgid, &message, arena, now, &request, fault)) ||
        (err = check_login(orgid, &message, desk, http->peer, arena, now, &account,
                           &reply->delay_ms, fault)))
        return err;
    grant.created = now / 1000 * 1000;
    grant.expires = grant.created + orgid->options.lifetime_ms;
    if (message.message_id.len <= MESSAGE_ID_MAX)
        grant.relates_to = message.message_id;
    err = make_token(orgid, &account, desk->vault, &grant, arena, fault);
    if (!err)
        print_grant(&grant, arena, out);
    return err;
}

/* A refused login is a 200 (signin.md section 4.3): SIPE shows its text and tries no
 * other way. Only who speaks nonsense, or meets our own failure, sees another status. */
static int status_of(enum finding finding)
{
    const struct finding_row *row = finding_row(finding);
    switch (finding) {
    case FINDING_WRONG_PASSWORD:
    case FINDING_UNKNOWN_USER:
    case FINDING_TOO_MANY_ATTEMPTS:
    case FINDING_USER_DISABLED:
    case FINDING_TICKET_AUDIENCE:
    case FINDING_CLOCK_SKEW:
        return 200;
    default:
        return row->http >= 500 && row->audience == SEEN_BY_ADMIN ? row->http : 400;
    }
}

void orgid_answer_rst2(void *role, const struct http_request *request, struct http_reply *reply,
                       struct arena *arena, int64_t now)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct fault fault = {0};
    int status = 200;
    if (answer(role, request, reply, arena, now, &out, &fault)) {
        buf_clear(&out);
        soap_fault_orgid_print(&out, fault.finding);
        status = status_of(fault.finding);
        reply->fault = fault;
    }
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    http_reply_set(reply, status, "application/soap+xml; charset=utf-8",
                   arena_copy(arena, buf_slice(&out)));
}
