/* The whole way to a certificate, client halves against server halves: Org ID or a
 * password, web ticket, GetAndPublishCert. */
#include "accounts/certificate.h"
#include "certprov/client.h"
#include "certprov/csr.h"
#include "certprov/test_world_priv.h"
#include "orgid/client.h"
#include "webticket/mex.h"
#include "xml/names.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- metadata ------------------------------------------------------------------------------- */

static void test_mex(void **state)
{
    (void)state;
    struct mex_service service;
    struct http_reply reply = fetch(SERVICE "/mex", (struct slice){0}, now);
    assert_int_equal(reply.status, 200);
    assert_int_equal(mex_parse(reply.body, world.arena, &service, &world.fault), 0);
    const struct mex_port *port = mex_find(&service, CERTPROV_PORT);
    assert_non_null(port);
    assert_int_equal(port->auth, MEX_AUTH_TICKET_PROOF);
    assert_true(slice_eq(port->location, SLICE(SERVICE "/WebTicket_Proof")));
    assert_true(slice_eq(port->issuer, SLICE(WEB SITE_PATH_WEBTICKET)));
    /* SIPE looks the policy up by this Id. */
    assert_true(contains(reply.body, "Id=\"" CERTPROV_PORT "_policy\""));
}

/* ---- a certificate -----------------------------------------------------------------------------
 */

static void check_with_openssl(struct slice certificate)
{
    char said[1024];
    write_file("user.der", certificate);
    write_file("ca.der", world.keys.user_ca_certificate);
    assert_int_equal(openssl_says("x509 -inform DER -in ca.der -out ca.pem"), 0);
    assert_int_equal(openssl_says("x509 -inform DER -in user.der -out user.pem"), 0);
    assert_int_equal(openssl_says("verify -x509_strict -purpose sslclient -attime 1795298800 "
                                  "-CAfile ca.pem user.pem"),
                     0);
    assert_int_not_equal(openssl_says("verify -purpose sslserver -attime 1795298800 -CAfile ca.pem "
                                      "user.pem"),
                         0);
    assert_int_equal(openssl_says("x509 -in user.pem -noout -subject -ext subjectAltName"), 0);
    read_file("out.txt", said, sizeof said);
    assert_non_null(strstr(said, "CN = alice@contoso.test\n"));
    assert_non_null(strstr(said, "URI:sip:alice@contoso.test\n"));
}

static void test_certificate(void **state)
{
    (void)state;
    struct certprov_grant grant;
    struct certificate_record record;
    struct account account;
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    world.issued[0] = '\0';
    struct http_reply reply = ask_cert(SLICE("alice@contoso.test"), world.csr);
    assert_int_equal(reply.status, 200);
    assert_finding(reply.fault.finding, FINDING_NONE);
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_int_equal(certprov_grant_check(&grant, world.csr, &world.fault), 0);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
    assert_int_equal(grant.not_before, now / 1000 * 1000 - CERTPROV_BACKDATE_MS);
    assert_int_equal(grant.not_after, now / 1000 * 1000 + 8 * hour);
    SHA256((const unsigned char *)grant.certificate.at, grant.certificate.len, fingerprint);
    assert_int_equal(certificates_check(world.desk.accounts,
                                        slice_make(fingerprint, sizeof fingerprint), now,
                                        world.arena, &record, &account, &world.fault),
                     0);
    assert_int_equal(account.id, world.alice.id);
    assert_true(slice_eq(record.device_id, SLICE(DEVICE)));
    assert_int_equal(record.not_after, grant.not_after);
    assert_non_null(strstr(world.issued, "user=alice@contoso.test"));
    assert_non_null(strstr(world.issued, DEVICE));
    assert_non_null(strstr(world.issued, "2026-11-22T06:05:00Z"));
    /* The form that SIPE walks down (signin.md 5.3). */
    assert_true(contains(reply.body,
                         "<GetAndPublishCertResponse xmlns=\"" NS_OCS_CERT "\" DeviceId=\"{" DEVICE
                         "}\" Entity=\"alice@contoso.test\">"));
    check_with_openssl(grant.certificate);
}

/* Each device has its own, and the subject of the request does not count. */
static void test_another(void **state)
{
    (void)state;
    struct certprov_grant grant;
    size_t before = published(&world.alice);
    struct http_reply reply =
        ask_cert(SLICE("sip:ALICE@contoso.test"), csr_of(world.key, EVP_sha1(), 2));
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
    assert_int_equal(published(&world.alice), before + 1);
}

static void test_p256(void **state)
{
    (void)state;
    struct certprov_grant grant;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct slice csr = csr_of(key, EVP_sha256(), 0);
    struct http_reply reply = ask_cert(SLICE("alice@contoso.test"), csr);
    assert_int_equal(certprov_response_parse(reply.body, world.arena, &grant, &world.fault), 0);
    assert_int_equal(certprov_grant_check(&grant, csr, &world.fault), 0);
    /* And the client sees it when the key is another's. */
    assert_int_equal(certprov_grant_check(&grant, world.csr, &world.fault), -ERR_FORGED);
    EVP_PKEY_free(key);
}

/* Requests by a foreign hand, and ours before a foreign judge. */
static void test_openssl_requests(void **state)
{
    (void)state;
    struct certprov_csr csr;
    char bytes[CERTPROV_CSR_MAX];
    write_file("own.der", world.csr);
    assert_int_equal(openssl_says("req -inform DER -in own.der -noout -verify -subject"), 0);
    assert_int_equal(openssl_says("req -new -newkey rsa:2048 -nodes -keyout k.pem -outform DER "
                                  "-out foreign.der -subj /O=Elsewhere/CN=x "
                                  "-addext subjectAltName=DNS:evil.test"),
                     0);
    size_t len = read_file("foreign.der", bytes, sizeof bytes);
    assert_int_equal(certprov_csr_parse(slice_make(bytes, len), world.arena, &csr, &world.fault),
                     0);
    assert_int_equal(csr.bits, 2048);
}

/* Password, Org ID, web ticket, certificate: as in the cloud. */
static void test_by_orgid(void **state)
{
    (void)state;
    scoped(buf) struct buf rst2 = BUF_INIT;
    struct orgid_grant token;
    struct certprov_grant grant;
    const struct slice fed = SLICE(WEB SITE_PATH_WEBTICKET_ADVANCED "/WsFed_bearer");
    orgid_rst2_print(&(struct orgid_ask){.to = SLICE("https://login.contoso.test/RST2.srf"),
                                         .user = SLICE("alice@contoso.test"),
                                         .password = SLICE("secret"),
                                         .applies_to = fed,
                                         .message_id = SLICE("uuid:3"),
                                         .now = now},
                     &rst2);
    struct http_reply reply = fetch("https://login.contoso.test/RST2.srf", buf_slice(&rst2), now);
    if (orgid_rst2_parse(reply.body, world.arena, &token, &world.fault))
        fail_msg("%s", world.fault.detail);
    struct webticket_grant ticket =
        ask_ticket((struct webticket_ask){.method = WEBTICKET_FEDERATED,
                                          .to = fed,
                                          .sip_uri = SLICE("sip:alice@contoso.test"),
                                          .token = token.token},
                   now);
    reply = fetch(SERVICE "/WebTicket_Proof_SHA1",
                  message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now), now);
    if (certprov_response_parse(reply.body, world.arena, &grant, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_true(slice_eq(grant.subject, SLICE("alice@contoso.test")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mex),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_another),
        cmocka_unit_test(test_p256),
        cmocka_unit_test(test_openssl_requests),
        cmocka_unit_test(test_by_orgid),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
