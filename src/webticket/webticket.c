/* The ways in: [MS-OCAUTHWS] section 3.2, signin.md 3.2 to 3.5 and 3.8. */
#include "auth/password.h"
#include "http/values.h"
#include "webticket/webticket_priv.h"
#include "xml/encrypted.h"
#include "xml/names.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define PATH_AUTH           SITE_PATH_WEBTICKET "/Auth"
#define PATH_WSFED          SITE_PATH_WEBTICKET "/WsFed_bearer"
#define PATH_ADVANCED_WSFED SITE_PATH_WEBTICKET_ADVANCED "/WsFed_bearer"

/* A request is a few kilobytes; an encrypted token adds ten. */
static const struct xml_limits rst_limits = {
    .bytes = 65536, .depth = 32, .nodes = 1000, .attributes = 32};

/* ---- one request on its way ------------------------------------------------------------- */

struct asking asking_of(struct webticket *wt, const struct http_request *request,
                        struct http_reply *reply, struct arena *arena, int64_t now)
{
    return (struct asking){.webticket = wt,
                           .http = request,
                           .reply = reply,
                           .arena = arena,
                           .now = now,
                           .desk = wt->options.desk(wt->options.desk_arg)};
}

int asking_read(struct asking *a, struct fault *fault)
{
    int err = xml_read(a->http->body, &rst_limits, &a->doc, fault);
    if (err || (err = soap_read(a->doc, &a->message, fault)) ||
        (err = trust_request_parse(&a->message, a->arena, &a->request, fault)))
        return err;
    return webticket_timestamp(a->message.security, a->webticket->options.skew_ms, a->now,
                               &a->timestamp, fault);
}

static int check_password(struct asking *a, struct slice login, struct slice password,
                          struct fault *fault)
{
    struct auth_password attempt = {
        .desk = a->desk,
        .penalty = a->webticket->options.penalty,
        .peer = a->http->peer,
        .role = "webticket",
        .login = login,
        .password = password,
        .now = a->now,
    };
    return auth_password_check(&attempt, a->arena, &a->account, &a->reply->delay_ms, fault);
}

int asking_give(struct asking *a, const char *method, struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct webticket_issue issue = {
        .webticket = a->webticket,
        .desk = a->desk,
        .message = &a->message,
        .request = &a->request,
        .account = &a->account,
        .method = method,
        .now = a->now,
    };
    int err = webticket_issue(&issue, &out, fault);
    if (!err)
        http_reply_set(a->reply, 200,
                       a->message.version == SOAP_1_2 ? "application/soap+xml; charset=utf-8"
                                                      : "text/xml; charset=utf-8",
                       arena_copy(a->arena, buf_slice(&out)));
    return err;
}

/* ---- refusing ---------------------------------------------------------------------------- */

void webticket_refuse(const struct site *site, struct http_reply *reply, struct arena *arena,
                      const struct fault *fault)
{
    int status = finding_row(fault->finding)->http;
    struct slice diagnostics = soap_diagnostics_print(arena, fault->finding, site->web_host);
    scoped(buf) struct buf out = BUF_INIT;
    soap_fault_print(&out, fault->finding);
    http_reply_set(reply, status == 0 || status == 401 ? 500 : status, "text/xml; charset=utf-8",
                   arena_copy(arena, buf_slice(&out)));
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s", SLICE_ARG(diagnostics));
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s", SLICE_ARG(site->web_host));
    reply->fault = *fault;
}

void asking_finish(struct asking *a, int err, const struct fault *fault)
{
    if (err)
        webticket_refuse(a->webticket->options.site, a->reply, a->arena, fault);
    xml_doc_free(a->doc);
}

/* The 401 that offers Basic. SIPE asks without credentials first, always. */
static void challenge(struct asking *a, const struct fault *fault)
{
    const struct site *site = a->webticket->options.site;
    http_reply_header(a->reply, a->arena, "WWW-Authenticate", "Basic realm=\"%.*s\"",
                      SLICE_ARG(site->web_host));
    http_reply_header(a->reply, a->arena, "X-MS-Server-Fqdn", "%.*s", SLICE_ARG(site->web_host));
    http_reply_fault(a->reply, a->arena, fault);
}

/* Must the client come again with (other) credentials? All such look alike. */
static bool is_challenge(const struct fault *fault)
{
    return fault->finding == FINDING_WRONG_PASSWORD || fault->finding == FINDING_UNKNOWN_USER ||
           fault->finding == FINDING_TOO_MANY_ATTEMPTS;
}

/* ---- HTTP Basic ---------------------------------------------------------------------------- */

static void answer_basic(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    struct asking a = asking_of(role, request, reply, arena, now);
    scoped(http_credentials) struct http_credentials credentials = {0};
    struct fault fault;
    if (http_credentials_parse(request, arena, &credentials, &fault) ||
        !http_credentials_are(&credentials, "Basic")) {
        fault_set(&fault, ERR_DENIED, FINDING_AUTH_NEEDED, "no Basic credentials");
        challenge(&a, &fault);
        return;
    }
    int err = asking_read(&a, &fault);
    if (!err) {
        err = check_password(&a, credentials.user, secret_slice(&credentials.password), &fault);
        if (err && is_challenge(&fault)) {
            challenge(&a, &fault);
            xml_doc_free(a.doc);
            return;
        }
    }
    if (!err)
        err = asking_give(&a, SAML_AM_PASSWORD, &fault);
    asking_finish(&a, err, &fault);
}

/* ---- UsernameToken --------------------------------------------------------------------------- */

static void answer_auth(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    struct asking a = asking_of(role, request, reply, arena, now);
    scoped(trust_login) struct trust_login login = {0};
    struct fault fault;
    int err = asking_read(&a, &fault);
    if (!err)
        err = trust_login_parse(a.message.security, true, arena, &login, &fault);
    if (!err)
        err = check_password(&a, login.user, secret_slice(&login.password), &fault);
    if (!err)
        err = asking_give(&a, SAML_AM_PASSWORD, &fault);
    asking_finish(&a, err, &fault);
}

/* ---- Org ID's token ----------------------------------------------------------------------------
 */

static int unwrap(void *arg, struct slice wrapped, unsigned char *key, size_t len)
{
    scoped(secret) struct secret opened = SECRET_INIT;
    int err = vault_key_unwrap(arg, wrapped, &opened, NULL);
    if (err || opened.len != len)
        return err ? err : -ERR_FORGED;
    for (size_t i = 0; i < len; i++)
        key[i] = (unsigned char)opened.at[i];
    return 0;
}

static int decrypt(struct asking *a, struct secret *text, struct fault *fault)
{
    const struct xml_node *token = xml_child(a->message.security, NS_XENC, "EncryptedData");
    if (!token)
        return fault_set(fault, ERR_DENIED, FINDING_TICKET_MISSING,
                         "no EncryptedData of Org ID in Security");
    if (xml_next_of(token, NS_XENC, "EncryptedData"))
        return fault_set(fault, ERR_MALFORMED, FINDING_TICKET_MALFORMED, "several EncryptedData");
    struct encrypted_read_options options = {.unwrap = unwrap, .arg = a->desk->vault};
    return encrypted_read(token, &options, text, fault);
}

/* Issued for one of the two endpoints; they are one service, so either will do. */
static bool is_for_us(const struct site *site, struct slice audience)
{
    return site_is_url(site, site->web_host, PATH_WSFED, audience) ||
           site_is_url(site, site->web_host, PATH_ADVANCED_WSFED, audience);
}

static int verify_token(struct asking *a, struct slice text, struct saml_assertion *token,
                        struct fault *fault)
{
    const struct webticket *wt = a->webticket;
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct saml_check check = {.key = wt->token_key,
                               .issuer = wt->orgid_issuer,
                               .now = a->now,
                               .skew_ms = wt->options.skew_ms};
    int err = xml_read(text, &rst_limits, &doc, fault);
    if (!err)
        err = saml_verify(xml_root(doc), &check, a->arena, token, fault);
    if (!err && !is_for_us(wt->options.site, token->audience))
        err = fault_set(fault, ERR_DENIED, FINDING_TICKET_AUDIENCE, "the token is for \"%.*s\"",
                        SLICE_ARG(slice_head(token->audience, 160)));
    /* A wrong time has its own remedy; all else about the token is one. */
    if (err && err != -ERR_EXPIRED && finding_row(fault->finding)->audience == SEEN_BY_ALL)
        fault->finding = FINDING_TOKEN_REFUSED;
    return err;
}

static int find_account(struct asking *a, const struct saml_assertion *token, struct fault *fault)
{
    int err = accounts_find_login(a->desk->accounts, token->subject, a->arena, &a->account, fault);
    if (err)
        return err;
    if (a->account.id != token->account_id)
        return fault_set(fault, ERR_DENIED, FINDING_UNKNOWN_USER,
                         "%.*s is not the account that the token was issued to",
                         SLICE_ARG(slice_head(token->subject, 160)));
    if (!a->account.enabled)
        return fault_set(fault, ERR_DENIED, FINDING_USER_DISABLED, "%.*s",
                         SLICE_ARG(a->account.address));
    return 0;
}

static void answer_wsfed(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    struct asking a = asking_of(role, request, reply, arena, now);
    scoped(secret) struct secret text = SECRET_INIT;
    struct saml_assertion token;
    struct fault fault;
    int err = asking_read(&a, &fault);
    if (!err)
        err = decrypt(&a, &text, &fault);
    if (!err)
        err = verify_token(&a, secret_slice(&text), &token, &fault);
    if (!err)
        err = find_account(&a, &token, &fault);
    if (!err)
        err = asking_give(&a, SAML_AM_UNSPECIFIED, &fault);
    asking_finish(&a, err, &fault);
}

/* ---- what needs no proof --------------------------------------------------------------------- */

/* IIS answers a GET on these endpoints so; probes tell by it that they are there. */
static void answer_empty(void *role, const struct http_request *request, struct http_reply *reply,
                         struct arena *arena, int64_t now)
{
    struct webticket *wt = role;
    (void)request;
    (void)now;
    http_reply_set(reply, 400, NULL, SLICE(""));
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s",
                      SLICE_ARG(wt->options.site->web_host));
}

/* SIPE asks by GET. When the ticket service has refused it (a wrong password) and a
 * port WsFedBearer was listed, it turns to login.microsoftonline.com, a host name
 * of its own, and sends the password there in clear text. So the GET form of the
 * plain service does not list that port; the POST form, which full clients and ours
 * use, does, and so does the Advanced service, which SIPE never asks. */
static void answer_plain_mex(void *role, const struct http_request *request,
                             struct http_reply *reply, struct arena *arena, int64_t now)
{
    struct webticket *wt = role;
    (void)now;
    mex_answer(request->method == HTTP_POST ? &wt->full_mex : &wt->plain_mex, request, reply,
               arena);
}

static void answer_advanced_mex(void *role, const struct http_request *request,
                                struct http_reply *reply, struct arena *arena, int64_t now)
{
    struct webticket *wt = role;
    (void)now;
    mex_answer(&wt->full_mex, request, reply, arena);
}

static const struct http_route routes[] = {
    {NULL, SITE_PATH_WEBTICKET "/mex", HTTP_GET | HTTP_POST, 0, answer_plain_mex, NULL},
    {NULL, SITE_PATH_WEBTICKET, HTTP_POST, ROUTE_WORK, answer_basic, NULL},
    {NULL, SITE_PATH_WEBTICKET, HTTP_GET, 0, answer_empty, NULL},
    {NULL, PATH_AUTH, HTTP_POST, ROUTE_WORK, answer_auth, NULL},
    {NULL, PATH_AUTH, HTTP_GET, 0, answer_empty, NULL},
    {NULL, PATH_CERT, HTTP_POST, ROUTE_WORK, webticket_answer_certificate, NULL},
    {NULL, PATH_CERT, HTTP_GET, 0, answer_empty, NULL},
    {NULL, SITE_PATH_OAUTHTOKEN, HTTP_POST, ROUTE_WORK | ROUTE_SHARED, webticket_answer_oauth,
     NULL},
};

static const struct http_route orgid_routes[] = {
    {NULL, SITE_PATH_WEBTICKET_ADVANCED "/mex", HTTP_GET | HTTP_POST, 0, answer_advanced_mex, NULL},
    {NULL, PATH_WSFED, HTTP_POST, ROUTE_WORK, answer_wsfed, NULL},
    {NULL, PATH_WSFED, HTTP_GET, 0, answer_empty, NULL},
    {NULL, PATH_ADVANCED_WSFED, HTTP_POST, ROUTE_WORK, answer_wsfed, NULL},
    {NULL, PATH_ADVANCED_WSFED, HTTP_GET, 0, answer_empty, NULL},
};

void webticket_add_routes(struct webticket *webticket, struct http_routes *table)
{
    http_routes_add(table, routes, sizeof routes / sizeof *routes, webticket);
    if (webticket->options.orgid)
        http_routes_add(table, orgid_routes, sizeof orgid_routes / sizeof *orgid_routes, webticket);
}

/* ---- the object --------------------------------------------------------------------------------
 */

static void make_mex(struct webticket *wt)
{
    const struct site *site = wt->options.site;
    struct mex_port *ports = arena_array(wt->arena, struct mex_port, 4);
    /* Named after Windows authentication because that is the name SIPE looks for;
     * the policy says what is really offered. */
    ports[0] = (struct mex_port){.name = SLICE("WebTicketServiceWinNegotiate"),
                                 .location = site_web_url(wt->arena, site, SITE_PATH_WEBTICKET),
                                 .auth = MEX_AUTH_HTTP_BASIC};
    ports[1] = (struct mex_port){.name = SLICE("WebTicketServiceAuth"),
                                 .location = site_web_url(wt->arena, site, PATH_AUTH),
                                 .auth = MEX_AUTH_USERNAME};
    ports[2] = (struct mex_port){.name = SLICE("WebTicketServiceCert"),
                                 .location = site_web_url(wt->arena, site, PATH_CERT),
                                 .auth = MEX_AUTH_CERTIFICATE};
    ports[3] =
        (struct mex_port){.name = SLICE("WsFedBearer"),
                          .location = site_web_url(wt->arena, site, PATH_WSFED),
                          .auth = MEX_AUTH_TICKET_BEARER,
                          .issuer = site_url(wt->arena, site, site->orgid_host, SITE_PATH_RST2)};
    wt->plain_mex = (struct mex_service){.name = SLICE("WebTicketService"),
                                         .ns = NS_OCS_AUTH,
                                         .port_type = SLICE("IWebTicketService"),
                                         .operation = SLICE("IssueToken"),
                                         .action = SLICE(WST_RST_ISSUE),
                                         .ports = ports,
                                         .port_count = 3};
    wt->full_mex = wt->plain_mex;
    wt->full_mex.port_count = wt->options.orgid ? 4 : 3;
}

static EVP_PKEY *public_key_of(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = slice_empty(der) ? NULL : d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    ERR_clear_error();
    return key;
}

struct webticket *webticket_new(const struct webticket_options *options, struct fault *fault)
{
    struct dsig_key *key = dsig_key_from_certificate(options->keys->token_certificate);
    if (!key) {
        fault_set(fault, ERR_UNSUPPORTED, FINDING_VAULT_FAILED,
                  "the token certificate has neither an RSA key of 2048 bits nor a P-256 one");
        return NULL;
    }
    struct webticket *wt = must_calloc(1, sizeof *wt);
    wt->options = *options;
    wt->options.keys = NULL;
    wt->options.lifetime_ms = options->lifetime_ms ? options->lifetime_ms : WEBTICKET_LIFETIME_MS;
    wt->options.skew_ms = options->skew_ms ? options->skew_ms : WEBTICKET_SKEW_MS;
    wt->arena = arena_new();
    wt->keys.token_algorithm = options->keys->token_algorithm;
    wt->keys.token_certificate = arena_copy(wt->arena, options->keys->token_certificate);
    wt->token_key = key;
    wt->user_ca = public_key_of(options->keys->user_ca_certificate);
    wt->issuer = webticket_issuer(wt->arena, options->site);
    wt->orgid_issuer = webticket_orgid_issuer(wt->arena, options->site);
    wt->replay =
        replay_new(options->replay_entries ? options->replay_entries : WEBTICKET_REPLAY_ENTRIES);
    make_mex(wt);
    return wt;
}

void webticket_free(struct webticket *webticket)
{
    if (!webticket)
        return;
    replay_free(webticket->replay);
    dsig_key_free(webticket->token_key);
    EVP_PKEY_free(webticket->user_ca);
    arena_free(webticket->arena);
    free(webticket);
}
