/* All documents of this room, whatever the bytes are: requests for tokens, their
 * answers, metadata, Security headers, the opaque header. Nothing that comes from
 * here was signed by the service's key, so nothing may ever be believed. */
#include "base/encode.h"
#include "webticket/client.h"
#include "webticket/compact.h"
#include "webticket/mex.h"
#include "webticket/ticket.h"
#include "webticket/trust.h"
#include "webticket/webticket_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1795298400000)

/* A self-signed P-256 certificate whose private key was thrown away. */
static const char certificate[] = "MIIBczCCARmgAwIBAgIUai7gen8k98P3RIqE0H6pV6obefIwCgYIKoZIzj0EAwIw"
                                  "DzENMAsGA1UEAwwEZnV6ejAeFw0yNjExMjEyMzEwMDVaFw0zNjExMTgyMzEwMDVa"
                                  "MA8xDTALBgNVBAMMBGZ1enowWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASJmOoY"
                                  "jICuid0E7AaIhmbg94W/eBmOg3DNEsEoHvGyqFFVrt7tr1pOY0E/fH7MmyL8/4UZ"
                                  "gAQqJGE2a/OxBt3lo1MwUTAdBgNVHQ4EFgQUy8MT0KPf3BCKrjum+qXnyN+KWJAw"
                                  "HwYDVR0jBBgwFoAUy8MT0KPf3BCKrjum+qXnyN+KWJAwDwYDVR0TAQH/BAUwAwEB"
                                  "/zAKBggqhkjOPQQDAgNIADBFAiEA3kXd7DTjl16a9yhrqR7tZtf0FO+mlyg4A5P9"
                                  "+UCZYLACIDbQD1FaturqTYItGYNqkH2PmZIc7YC92FCvJP1JZCp/";

static const struct site site = {
    .domain = {"contoso.test", 12},
    .web_host = {"webdir.contoso.test", 19},
    .orgid_host = {"login.contoso.test", 18},
    .https_port = 443,
};

static struct desk *no_desk(void *arg)
{
    (void)arg;
    return NULL; /* only asked for when an assertion was believed */
}

static struct webticket *service(void)
{
    static struct webticket *made;
    if (made)
        return made;
    scoped(arena) struct arena *arena = arena_new();
    struct vault_public keys = {.token_algorithm = VAULT_ECDSA_SHA256};
    if (base64_parse(arena, slice_of(certificate), &keys.token_certificate))
        abort();
    keys.user_ca_certificate = keys.token_certificate; /* signed itself: it gets past the issuer */
    made = webticket_new(
        &(struct webticket_options){
            .site = &site, .desk = no_desk, .keys = &keys, .replay_entries = 8, .orgid = true},
        NULL);
    if (!made)
        abort();
    return made;
}

static void as_message(struct slice bytes, struct arena *arena)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(trust_login) struct trust_login login = {0};
    struct soap_message message;
    struct trust_request request;
    struct webticket_claims claims;
    struct fault fault;
    if (xml_read(bytes, NULL, &doc, NULL) || soap_read(doc, &message, NULL))
        return;
    if (trust_request_parse(&message, arena, &request, &fault) == 0 &&
        !slice_absent(request.entropy) &&
        (request.entropy.len < TRUST_ENTROPY_MIN || request.entropy.len > TRUST_ENTROPY_MAX))
        abort();
    if (trust_login_parse(message.security, true, arena, &login, &fault) == 0 &&
        (slice_empty(login.user) || login.password.at == NULL))
        abort();
    struct webticket_use use = {.message = &message, .proof_needed = true, .once = true};
    if (webticket_verify_soap(service(), &use, NOW, arena, &claims, &fault) == 0)
        abort();
    use.proof_needed = use.once = false;
    if (webticket_verify_soap(service(), &use, NOW, arena, &claims, &fault) == 0)
        abort();
}

/* Signed by the certificate above? Nobody has its key. */
static void as_certificate_request(struct slice bytes, struct arena *arena)
{
    struct http_request request = {.method = HTTP_POST, .body = bytes};
    struct http_reply reply = {0};
    webticket_answer_certificate(service(), &request, &reply, arena, NOW);
    if (reply.status < 400)
        abort();
}

static void as_answer(struct slice bytes, struct arena *arena)
{
    struct webticket_grant grant;
    struct mex_service mex;
    struct fault fault;
    if (webticket_rstr_parse(bytes, SLICE("entropy"), arena, &grant, &fault) == 0) {
        scoped(buf) struct buf out = BUF_INIT;
        if (slice_empty(grant.assertion) || grant.expires <= grant.created)
            abort();
        webticket_security_print(&grant, NOW, &out);
        webticket_grant_fini(&grant);
    }
    if (mex_parse(bytes, arena, &mex, &fault) == 0)
        for (size_t i = 0; i < mex.port_count; i++)
            if (slice_empty(mex.ports[i].location))
                abort();
    if (webticket_refusal(500, bytes, bytes, FINDING_WRONG_PASSWORD, &fault) >= 0)
        abort();
}

static void as_header(struct slice bytes, struct arena *arena)
{
    struct webticket_claims claims;
    struct fault fault;
    struct slice wrapped = arena_print(arena, "opaque=%.*s", SLICE_ARG(base64_print(arena, bytes)));
    if (webticket_verify_opaque(service(), bytes, NOW, arena, &claims, &fault) == 0 ||
        webticket_verify_opaque(service(), wrapped, NOW, arena, &claims, &fault) == 0)
        abort();
    struct slice text = base64url_print(arena, bytes);
    struct slice compact = arena_print(arena, "Bearer cwt=%.*s", SLICE_ARG(text));
    if (webticket_verify_compact(service(), bytes, NOW, arena, &claims, &fault) == 0 ||
        webticket_verify_compact(service(), compact, NOW, arena, &claims, &fault) == 0)
        abort();
    webticket_is_audience(&site, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice bytes = slice_make(data, size);
    as_message(bytes, arena);
    as_certificate_request(bytes, arena);
    as_answer(bytes, arena);
    as_header(bytes, arena);
    return 0;
}
