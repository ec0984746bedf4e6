/* The object and the realm question; the form of RealmInfo is that of the public
 * service (signin.md section 4.2). */
#include "orgid/orgid.h"

#include "accounts/account.h"
#include "http/values.h"
#include "orgid/orgid_priv.h"
#include "webticket/webticket.h"
#include "xml/writer.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* ---- the object ------------------------------------------------------------------ */

static EVP_PKEY *public_key_of(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    if (key && EVP_PKEY_is_a(key, "RSA"))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

struct orgid *orgid_new(const struct orgid_options *options, struct fault *fault)
{
    EVP_PKEY *recipient = public_key_of(options->keys->decrypt_certificate);
    if (!recipient) {
        fault_set(fault, ERR_MALFORMED, FINDING_VAULT_FAILED,
                  "Org ID: the vault's decrypt certificate is not one with an RSA key");
        return NULL;
    }
    struct orgid *orgid = must_calloc(1, sizeof *orgid);
    orgid->options = *options;
    orgid->options.keys = NULL;
    if (orgid->options.lifetime_ms <= 0)
        orgid->options.lifetime_ms = ORGID_LIFETIME_MS;
    if (orgid->options.skew_ms <= 0)
        orgid->options.skew_ms = ORGID_SKEW_MS;
    orgid->arena = arena_new();
    orgid->keys = (struct vault_public){
        .token_algorithm = options->keys->token_algorithm,
        .token_certificate = arena_copy(orgid->arena, options->keys->token_certificate),
        .decrypt_certificate = arena_copy(orgid->arena, options->keys->decrypt_certificate),
        .user_ca_certificate = arena_copy(orgid->arena, options->keys->user_ca_certificate),
    };
    orgid->recipient = recipient;
    orgid->issuer = webticket_orgid_issuer(orgid->arena, options->site);
    return orgid;
}

void orgid_free(struct orgid *orgid)
{
    if (!orgid)
        return;
    EVP_PKEY_free(orgid->recipient);
    arena_free(orgid->arena);
    free(orgid);
}

void orgid_add_routes(struct orgid *orgid, struct http_routes *routes)
{
    const char *host = arena_string(orgid->arena, orgid->options.site->orgid_host);
    const struct http_route rows[] = {
        {host, SITE_PATH_USERREALM, HTTP_GET | HTTP_POST, 0, orgid_answer_realm, NULL},
        {host, SITE_PATH_RST2, HTTP_POST, ROUTE_WORK, orgid_answer_rst2, NULL},
    };
    http_routes_add(routes, rows, sizeof rows / sizeof *rows, orgid);
}

/* ---- the realm ------------------------------------------------------------------- */

struct realm {
    struct slice login;
    struct slice domain; /* the login's */
    bool managed;
    struct slice site_domain;
};

/* Only the domain decides, so that nobody learns here who has an account. */
static struct realm realm_of(const struct site *site, struct slice login)
{
    struct realm realm = {.login = login, .site_domain = site->domain};
    struct slice rest = login, part;
    while (slice_cut(rest, '@', &part, &rest))
        realm.domain = rest;
    realm.managed = !slice_empty(realm.domain) && slice_eq_nocase(realm.domain, site->domain);
    return realm;
}

static struct slice realm_xml(const struct realm *realm, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    xml_open(&w, "RealmInfo");
    xml_put_attr_string(&w, "Success", "true");
    /* The cloud's numbers: 4 is a managed domain, 3 a federated one; 1 a known user. */
    xml_element_string(&w, "State", "4");
    xml_element_string(&w, "UserState", realm->managed ? "1" : "2");
    xml_element(&w, "Login", realm->login);
    xml_element_string(&w, "NameSpaceType", realm->managed ? "Managed" : "Unknown");
    if (realm->managed) {
        xml_element(&w, "DomainName", realm->domain);
        xml_element_string(&w, "IsFederatedNS", "false");
        xml_element(&w, "FederationBrandName", realm->site_domain);
        xml_element(&w, "CloudInstanceName", realm->site_domain);
    }
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&out));
}

static json_t *json_text(struct slice s)
{
    json_t *text = json_stringn(s.at ? s.at : "", s.len);
    return text ? text : json_string(""); /* not UTF-8 */
}

static struct slice realm_json(const struct realm *realm, struct arena *arena)
{
    json_t *o = json_object();
    json_object_set_new(o, "State", json_integer(4));
    json_object_set_new(o, "UserState", json_integer(realm->managed ? 1 : 2));
    json_object_set_new(o, "Login", json_text(realm->login));
    json_object_set_new(o, "NameSpaceType", json_string(realm->managed ? "Managed" : "Unknown"));
    if (realm->managed) {
        json_object_set_new(o, "DomainName", json_text(realm->domain));
        json_object_set_new(o, "FederationBrandName", json_text(realm->site_domain));
        json_object_set_new(o, "CloudInstanceName", json_text(realm->site_domain));
    }
    char *text = json_dumps(o, JSON_COMPACT);
    struct slice copy = arena_copy(arena, slice_of(text));
    free(text);
    json_decref(o);
    return copy;
}

static struct slice parameter(const struct http_request *request, struct arena *arena,
                              const char *name)
{
    struct slice value = http_query(request, arena, name);
    if (slice_absent(value) && request->method == HTTP_POST)
        value = http_form(request->body, arena, name);
    return value;
}

void orgid_answer_realm(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct orgid *orgid = role;
    (void)now;
    struct slice login = slice_trim(parameter(request, arena, "login"));
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    if (slice_empty(login) || login.len > ACCOUNT_NAME_MAX) {
        struct fault fault;
        fault_set(&fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED,
                  "getuserrealm: parameter login is missing or longer than %d bytes",
                  ACCOUNT_NAME_MAX);
        http_reply_fault(reply, arena, &fault);
        return;
    }
    struct realm realm = realm_of(orgid->options.site, login);
    if (slice_eq(parameter(request, arena, "xml"), SLICE("1")))
        http_reply_set(reply, 200, "text/xml; charset=utf-8", realm_xml(&realm, arena));
    else
        http_reply_set(reply, 200, "application/json; charset=utf-8", realm_json(&realm, arena));
}
