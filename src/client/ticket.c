/* Web tickets: what the service's metadata offers, then a ticket by one of the ways
 * ([MS-OCAUTHWS] section 3.2; signin.md sections 3 and 4). */
#include "client/signin_priv.h"

#include "base/clock.h"
#include "base/guid.h"
#include "base/random.h"
#include "orgid/client.h"

#include <openssl/x509.h>

static struct slice message_id(struct arena *arena)
{
    struct guid guid = guid_new();
    return arena_print(arena, "uuid:%.*s", SLICE_ARG(guid_print(arena, &guid)));
}

int signin_trust(struct lychgate *gate, struct slice url, bool unprotected, struct fault *fault)
{
    struct slice host;
    uint16_t port;
    bool secure;
    if (!web_url_split(url, &secure, &host, &port) || !secure)
        return fault_set(fault, ERR_DENIED, FINDING_DISCOVERY_UNPROTECTED,
                         "the ticket service has no https URL: %.*s",
                         SLICE_ARG(slice_head(url, 120)));
    if (!unprotected || dns_name_within(host, gate->set.domain) ||
        dns_name_within(host, SLICE("online.lync.com")))
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_DISCOVERY_UNPROTECTED,
                     "tickets are said to come from %.*s, which is outside %.*s",
                     SLICE_ARG(slice_head(host, 100)), SLICE_ARG(gate->set.domain));
}

/* ---- metadata -------------------------------------------------------------------------- */

static int ask_metadata(struct lychgate *gate, struct slice url, bool post,
                        struct web_response *response, struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct web_request request = {.url = url, .post = post};
    if (post) {
        mex_request_print(url, message_id(gate->arena), &body);
        web_request_header(&request, "Content-Type", SLICE("application/soap+xml; charset=utf-8"));
        request.body = buf_slice(&body);
    }
    return signin_ask(gate, "metadata", &request, response, fault);
}

int signin_metadata(struct lychgate *gate, struct slice service_url, struct mex_service *out,
                    struct fault *fault)
{
    struct web_response response;
    struct slice url = arena_print(gate->arena, "%.*s/mex", SLICE_ARG(service_url));
    int err = ask_metadata(gate, url, true, &response, fault);
    if (err == 0 && response.status != 200)
        err = ask_metadata(gate, url, false, &response, fault);
    if (err == 0 && response.status != 200)
        err = fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                        "status %d instead of the service's metadata", response.status);
    if (err == 0)
        err = mex_parse(response.body, gate->arena, out, fault);
    if (err)
        return err;
    scoped(buf) struct buf names = BUF_INIT;
    for (size_t i = 0; i < out->port_count; i++)
        buf_print(&names, "%s%.*s", i ? ", " : "", SLICE_ARG(out->ports[i].name));
    report_good(&gate->report, "200, %s", buf_string(&names));
    return 0;
}

/* ---- Org ID ------------------------------------------------------------------------------ */

/* Whose is the password? A service that does not know the domain may be tried. */
static int ask_realm(struct lychgate *gate, struct slice service, struct fault *fault)
{
    struct orgid_realm realm;
    struct web_response response;
    struct web_request request = {.url = orgid_realm_url(gate->arena, service, gate->set.login)};
    if (slice_absent(request.url))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "the metadata names no https URL as issuer of Org ID tokens");
    int err = signin_ask(gate, "realm", &request, &response, fault);
    if (err == 0 && response.status != 200)
        err = fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                        "status %d instead of RealmInfo", response.status);
    if (err == 0)
        err = orgid_realm_parse(response.body, gate->arena, &realm, fault);
    if (err)
        return err;
    if (realm.kind == ORGID_FEDERATED)
        return fault_set(fault, ERR_UNSUPPORTED, FINDING_FEDERATED_USER, "%.*s",
                         SLICE_ARG(realm.sts_url));
    report_good(&gate->report, "200, %s", realm.kind == ORGID_MANAGED ? "Managed" : "Unknown");
    return 0;
}

static int ask_orgid(struct lychgate *gate, const struct mex_port *port, struct orgid_grant *out,
                     struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct web_response response;
    struct slice login = gate->set.login;
    buf_reserve(&body, 16 * 1024 + 6 * gate->password.len); /* no copies left by growing */
    orgid_rst2_print(&(struct orgid_ask){.to = port->issuer,
                                         .user = login,
                                         .password = secret_slice(&gate->password),
                                         .applies_to = port->location,
                                         .message_id = message_id(gate->arena),
                                         .now = clock_now()},
                     &body);
    struct web_request request = {.url = port->issuer, .post = true, .body = buf_slice(&body)};
    web_request_header(&request, "Content-Type", SLICE(ORGID_CONTENT_TYPE));
    int err = signin_ask(gate, "token", &request, &response, fault);
    secret_wipe(body.at, body.cap);
    if (err)
        return err;
    if (response.status != 200)
        return orgid_refusal(response.status, response.body, fault);
    if (orgid_rst2_parse(response.body, gate->arena, out, fault) < 0)
        return fault->finding == FINDING_TOKEN_REFUSED
                   ? orgid_refusal(response.status, response.body, fault)
                   : fault->err;
    report_good(&gate->report, "200, a token until %.*s",
                SLICE_ARG(clock_print_iso(gate->arena, out->expires)));
    return 0;
}

/* ---- the ticket itself --------------------------------------------------------------------- */

struct way {
    enum lychgate_auth auth;
    enum webticket_method method;
    const struct mex_port *port;
};

static const struct mex_port *find_way(const struct mex_service *service, enum lychgate_auth auth)
{
    const struct mex_port *port;
    switch (auth) {
    case LYCHGATE_AUTH_ORGID:
        port = mex_find(service, "WsFedBearer");
        return port && !slice_empty(port->issuer) ? port : NULL;
    case LYCHGATE_AUTH_BASIC:
        return mex_find_auth(service, MEX_AUTH_HTTP_BASIC);
    default:
        return mex_find_auth(service, MEX_AUTH_USERNAME);
    }
}

static int choose(struct lychgate *gate, const struct mex_service *service, struct way *out,
                  struct fault *fault)
{
    static const struct way ways[] = {
        {LYCHGATE_AUTH_ORGID, WEBTICKET_FEDERATED, NULL},
        {LYCHGATE_AUTH_BASIC, WEBTICKET_BASIC, NULL},
        {LYCHGATE_AUTH_FORMS, WEBTICKET_USERNAME, NULL},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (gate->set.auth != LYCHGATE_AUTH_ANY && gate->set.auth != ways[i].auth)
            continue;
        *out = ways[i];
        out->port = find_way(service, ways[i].auth);
        if (!out->port)
            continue;
        if (!slice_starts_nocase(out->port->location, SLICE("https://")))
            return fault_set(fault, ERR_DENIED, FINDING_DISCOVERY_UNPROTECTED,
                             "the metadata wants the password without TLS");
        return 0;
    }
    return fault_set(fault, ERR_UNSUPPORTED, FINDING_TICKET_NO_METHOD, "%zu ports in the metadata",
                     service->port_count);
}

/* A ticket whose whole life lies before or behind us says that a clock is wrong, and
 * nothing that is signed with our clock's time would be taken. */
static int check_life(const struct webticket_grant *grant, int64_t now, struct fault *fault)
{
    if (grant->expires <= now)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "the new ticket has expired %lld s ago by our clock",
                         (long long)(now - grant->expires) / 1000);
    if (grant->created > now + SKEW_MAX_MS)
        return fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
                         "the new ticket is valid in %lld s by our clock",
                         (long long)(grant->created - now) / 1000);
    return 0;
}

/* vague: what a refusal means that does not say. */
static int take_ticket(struct lychgate *gate, const struct web_response *response,
                       struct slice entropy, enum finding vague, struct fault *fault)
{
    if (response->status != 200)
        return webticket_refusal(response->status, web_header(response, "X-Ms-diagnostics"),
                                 response->body, vague, fault);
    webticket_grant_fini(&gate->ticket);
    gate->ticket = (struct webticket_grant){0};
    int err = webticket_rstr_parse(response->body, entropy, gate->arena, &gate->ticket, fault);
    if (err == 0)
        err = check_life(&gate->ticket, clock_now(), fault);
    if (err == 0)
        report_good(&gate->report, "200, a ticket until %.*s",
                    SLICE_ARG(clock_print_iso(gate->arena, gate->ticket.expires)));
    return err;
}

static int ask_ticket(struct lychgate *gate, const struct way *way, struct slice token,
                      struct slice applies_to, struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct web_response response;
    char random[WEBTICKET_ENTROPY_LEN];
    random_fill(random, sizeof random);
    struct slice entropy = slice_make(random, sizeof random);
    struct webticket_ask ask = {
        .method = way->method,
        .to = way->port->location,
        .applies_to = applies_to,
        .sip_uri = gate->set.sip_uri,
        .token = token,
        .entropy = entropy,
        .message_id = message_id(gate->arena),
        .now = clock_now(),
    };
    struct web_request request = {.url = way->port->location, .post = true};
    if (way->method == WEBTICKET_USERNAME) {
        ask.user = gate->set.login;
        ask.password = secret_slice(&gate->password);
        ask.encoded = true;
    } else if (way->method == WEBTICKET_BASIC) {
        request.basic_user = gate->set.login;
        request.basic_password = secret_slice(&gate->password);
    }
    buf_reserve(&body, 16 * 1024 + 6 * gate->password.len + token.len);
    webticket_rst_print(&ask, &body);
    request.body = buf_slice(&body);
    web_request_header(&request, "Content-Type", SLICE(WEBTICKET_CONTENT_TYPE));
    web_request_header(&request, "SOAPAction", SLICE(WEBTICKET_SOAP_ACTION));
    int err = signin_ask(gate, "ticket", &request, &response, fault);
    secret_wipe(body.at, body.cap);
    if (err == 0)
        err = take_ticket(gate, &response, entropy, FINDING_WRONG_PASSWORD, fault);
    secret_wipe(random, sizeof random);
    return err;
}

/* Where the metadata does not list it: under the name that it has at Microsoft. */
static struct slice certificate_port(struct lychgate *gate, const struct mex_service *service,
                                     struct slice service_url)
{
    const struct mex_port *port = mex_find_auth(service, MEX_AUTH_CERTIFICATE);
    return port ? port->location : arena_print(gate->arena, "%.*s/Cert", SLICE_ARG(service_url));
}

static int post_signed(struct lychgate *gate, struct slice to, struct slice applies_to,
                       struct slice entropy, struct web_response *response, struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    unsigned char *der = NULL;
    int len = i2d_X509(gate->kept->certificate, &der);
    const struct webticket_identity identity = {
        .key = gate->kept->key,
        .certificate = arena_copy(gate->arena, slice_make(der, len > 0 ? (size_t)len : 0)),
    };
    OPENSSL_free(der);
    const struct webticket_ask ask = {
        .to = to,
        .applies_to = applies_to,
        .sip_uri = gate->set.sip_uri,
        .entropy = entropy,
        .message_id = message_id(gate->arena),
        .now = clock_now(),
    };
    int err = webticket_rst_print_signed(&ask, &identity, &body, fault);
    if (err)
        return err;
    struct web_request request = {.url = to, .post = true, .body = buf_slice(&body)};
    web_request_header(&request, "Content-Type", SLICE(WEBTICKET_CONTENT_TYPE));
    web_request_header(&request, "SOAPAction", SLICE(WEBTICKET_SOAP_ACTION));
    return signin_ask(gate, "ticket", &request, response, fault);
}

int signin_ticket_by_certificate(struct lychgate *gate, struct slice service_url,
                                 struct slice applies_to, struct fault *fault)
{
    struct mex_service service;
    struct web_response response;
    char random[WEBTICKET_ENTROPY_LEN];
    int err = signin_metadata(gate, service_url, &service, fault);
    if (err)
        return err;
    struct slice to = certificate_port(gate, &service, service_url);
    if (!slice_starts_nocase(to, SLICE("https://")))
        return fault_set(fault, ERR_DENIED, FINDING_DISCOVERY_UNPROTECTED,
                         "the metadata wants the certificate without TLS");
    random_fill(random, sizeof random);
    struct slice entropy = slice_make(random, sizeof random);
    err = post_signed(gate, to, applies_to, entropy, &response, fault);
    if (err == 0)
        err = take_ticket(gate, &response, entropy, FINDING_CERT_UNKNOWN, fault);
    secret_wipe(random, sizeof random);
    return err;
}

int signin_get_ticket(struct lychgate *gate, struct slice service_url, struct slice applies_to,
                      struct fault *fault)
{
    struct mex_service service;
    struct way way = {0};
    struct orgid_grant token = {0};
    int err = signin_metadata(gate, service_url, &service, fault);
    if (err == 0)
        err = choose(gate, &service, &way, fault);
    if (err == 0)
        err = signin_password(gate, fault);
    if (err == 0 && way.method == WEBTICKET_FEDERATED)
        err = ask_realm(gate, way.port->issuer, fault);
    if (err == 0 && way.method == WEBTICKET_FEDERATED)
        err = ask_orgid(gate, way.port, &token, fault);
    if (err == 0)
        err = ask_ticket(gate, &way, token.token, applies_to, fault);
    return err;
}

int signin_ticket(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    *next = STEP_WALK;
    /* Another pool that wants another ticket is possible; a third would be a circle. */
    if (++gate->tickets > 2)
        return fault_set(fault, ERR_DENIED, FINDING_AUTODISCOVER_LOOP,
                         "every answer asks for another ticket");
    return signin_get_ticket(gate, gate->walk.ticket_url, gate->walk.url, fault);
}
