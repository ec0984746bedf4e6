/* Who gets no certificate, and what he is told. */
#include "certprov/client.h"
#include "certprov/csr.h"
#include "certprov/test_world_priv.h"
#include "xml/names.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- ErrorInfo
 * ----------------------------------------------------------------------------------- */

static void refused(struct http_reply reply, enum finding logged, enum finding told)
{
    struct certprov_grant grant;
    assert_int_equal(reply.status, 200);
    assert_finding(reply.fault.finding, logged);
    assert_int_equal(certprov_response_parse(reply.body, world.arena, &grant, &world.fault),
                     -ERR_DENIED);
    assert_finding(world.fault.finding, told);
    assert_true(contains(reply.body, "<ErrorInfo>"));
    assert_false(slice_absent(http_reply_get(&reply, "X-Ms-diagnostics")));
}

static void test_other_entity(void **state)
{
    (void)state;
    static const char *const others[] = {"bob@contoso.test", "nobody@contoso.test",
                                         "alice@contoso.test,bob@contoso.test",
                                         "alice@contoso.tes"};
    size_t alices = published(&world.alice), bobs = published(&world.bob);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(ask_cert(slice_of(others[i]), world.csr), FINDING_CLAIM_MISMATCH,
                FINDING_CLAIM_MISMATCH);
    assert_int_equal(published(&world.alice), alices);
    assert_int_equal(published(&world.bob), bobs);
}

static void test_weak_keys(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-384"), EVP_EC_gen("P-224"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const EVP_MD *md = EVP_PKEY_is_a(keys[i], "ED25519") ? NULL : EVP_sha256();
        refused(ask_cert(SLICE("alice@contoso.test"), csr_of(keys[i], md, 0)), FINDING_CSR_WEAK_KEY,
                FINDING_CSR_WEAK_KEY);
        EVP_PKEY_free(keys[i]);
    }
}

/* A request for somebody else's public key: the signature is another's. */
static void test_no_possession(void **state)
{
    (void)state;
    EVP_PKEY *other = certprov_key_new(&world.fault);
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    X509_REQ_set_pubkey(request, world.key);
    assert_true(X509_REQ_sign(request, other, EVP_sha256()) > 0);
    int len = i2d_X509_REQ(request, &der);
    refused(ask_cert(SLICE("alice@contoso.test"), slice_make(der, (size_t)len)),
            FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    OPENSSL_free(der);
    X509_REQ_free(request);
    EVP_PKEY_free(other);
}

static void test_broken_requests(void **state)
{
    (void)state;
    struct certprov_csr csr;
    const struct slice alice = SLICE("alice@contoso.test");
    for (size_t len = 0; len < world.csr.len; len++)
        assert_int_equal(
            certprov_csr_parse(slice_head(world.csr, len), world.arena, &csr, &world.fault),
            -ERR_MALFORMED);
    refused(ask_cert(alice, slice_head(world.csr, world.csr.len - 1)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
    char *longer = arena_alloc(world.arena, world.csr.len + 1);
    memcpy(longer, world.csr.at, world.csr.len);
    refused(ask_cert(alice, slice_make(longer, world.csr.len + 1)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
    refused(ask_cert(alice, SLICE("")), FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    refused(ask_cert(alice, slice_make(arena_alloc(world.arena, 100000), 100000)),
            FINDING_CSR_MALFORMED, FINDING_CSR_MALFORMED);
    longer[world.csr.len / 2] ^= 1; /* in the public key */
    refused(ask_cert(alice, slice_make(longer, world.csr.len)), FINDING_CSR_MALFORMED,
            FINDING_CSR_MALFORMED);
}

static void test_broken_documents(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {">\r\nMII", ">\r\n?II"},
        {"DeviceId=\"{" DEVICE "}\" ", ""},
        {"DeviceId=\"{" DEVICE "}\" ", "DeviceId=\"mine\" "},
        {" Entity=\"alice@contoso.test\"", ""},
        {"#PKCS10", "#PKCS7"},
        {"200512/Issue", "200512/Renew"},
        {"#X509v3</", "#X509v1</"},
        {"wst:RequestSecurityToken>", "wst:RequestSecurityTokem>"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
        struct slice body = message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now);
        body = replaced(body, changes[i][0], changes[i][1]);
        if (contains(body, "wst:RequestSecurityTokem>"))
            body = replaced(body, "</wst:RequestSecurityToken>", "</wst:RequestSecurityTokem>");
        refused(fetch(SERVICE "/WebTicket_Proof", body, now), FINDING_CSR_MALFORMED,
                FINDING_CSR_MALFORMED);
    }
}

static void test_account_gone(void **state)
{
    (void)state;
    const struct slice bob = SLICE("bob@contoso.test");
    struct webticket_grant ticket = ticket_of("bob@contoso.test", now);
    accounts_enable(world.desk.accounts, world.bob.id, false, &world.fault);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now), now),
            FINDING_USER_DISABLED, FINDING_USER_DISABLED);
    /* Another person's account under the same address. */
    accounts_remove(world.desk.accounts, world.desk.vault, world.bob.id, &world.fault);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now + 1000),
                  now + 1000),
            FINDING_UNKNOWN_USER, FINDING_CSR_MALFORMED);
    assert_int_equal(add_account(&world.bob, "bob@contoso.test"), 0);
    refused(fetch(SERVICE "/WebTicket_Proof", message_at(&ticket, bob, world.csr, now + 2000),
                  now + 2000),
            FINDING_UNKNOWN_USER, FINDING_CSR_MALFORMED);
    assert_int_equal(published(&world.bob), 0);
}

/* ---- tickets
 * ----------------------------------------------------------------------------------------- */

static void not_let_in(struct slice body, int64_t at, enum finding finding)
{
    struct http_reply reply = fetch(SERVICE "/WebTicket_Proof", body, at);
    assert_finding(reply.fault.finding, finding);
    assert_true(reply.status >= 400);
    assert_false(slice_absent(http_reply_get(&reply, "X-Ms-diagnostics")));
    assert_false(contains(reply.body, "BinarySecurityToken"));
    assert_true(contains(reply.body, "Fault>"));
}

static void test_tickets(void **state)
{
    (void)state;
    size_t before = published(&world.alice);
    const struct slice alice = SLICE("alice@contoso.test");
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    struct slice body = message_at(&ticket, alice, world.csr, now);
    struct slice later = message_at(&ticket, alice, world.csr, now + 9 * hour);
    not_let_in(replaced(body, "sip:alice@", "sip:bobby@"), now, FINDING_SIGNATURE_INVALID);
    not_let_in(body, now + hour, FINDING_CLOCK_SKEW);
    not_let_in(later, now + 9 * hour, FINDING_TICKET_EXPIRED);
    /* Without its key a copied ticket is worth nothing. */
    struct webticket_grant stolen = ticket;
    stolen.proof_key[0] ^= 1;
    not_let_in(message_at(&stolen, alice, world.csr, now), now, FINDING_TICKET_PROOF);
    stolen.has_proof_key = false;
    not_let_in(message_at(&stolen, alice, world.csr, now), now, FINDING_TICKET_PROOF);
    assert_int_equal(published(&world.alice), before);
    /* The right one, and then a second time. */
    assert_finding(fetch(SERVICE "/WebTicket_Proof", body, now).fault.finding, FINDING_NONE);
    not_let_in(body, now + 1000, FINDING_TICKET_REPLAYED);
    assert_int_equal(published(&world.alice), before + 1);
}

static void test_no_ticket(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    certprov_request_print(&(struct certprov_ask){.device_id = SLICE(DEVICE),
                                                  .address = SLICE("alice@contoso.test"),
                                                  .csr = world.csr,
                                                  .request_id = SLICE("r")},
                           &out);
    not_let_in(buf_slice(&out), now, FINDING_TICKET_MISSING);
    struct webticket_grant ticket = ticket_of("alice@contoso.test", now);
    struct slice body = message_at(&ticket, SLICE("alice@contoso.test"), world.csr, now);
    not_let_in(slice_head(body, body.len / 2), now, FINDING_XML_MALFORMED);
    not_let_in(SLICE("<!DOCTYPE x><x/>"), now, FINDING_XML_FORBIDDEN);
    body = replaced(body, "<GetAndPublishCert ", "<GetCert ");
    not_let_in(replaced(body, "</GetAndPublishCert>", "</GetCert>"), now, FINDING_SOAP_MALFORMED);
}

/* ---- other people's answers
 * ---------------------------------------------------------------------------- */

static void test_foreign_answers(void **state)
{
    (void)state;
    struct certprov_grant grant;
    struct fault fault;
#define ANSWER(inside)                                                                             \
    SLICE("<s:Envelope xmlns:s=\"" NS_SOAP11 "\"><s:Body>" inside "</s:Body></s:Envelope>")
    assert_int_equal(certprov_response_parse(
                         ANSWER("<GetAndPublishCertResponse xmlns=\"" NS_OCS_CERT
                                "\"><ErrorInfo><Message>No <b/></Message><Text>CSR too short</Text>"
                                "</ErrorInfo></GetAndPublishCertResponse>"),
                         world.arena, &grant, &fault),
                     -ERR_DENIED);
    assert_finding(fault.finding, FINDING_CSR_MALFORMED);
    assert_non_null(strstr(fault.detail, "CSR too short"));
    assert_int_equal(certprov_response_parse(ANSWER("<Other/>"), world.arena, &grant, &fault),
                     -ERR_MALFORMED);
    assert_int_equal(
        certprov_response_parse(
            ANSWER("<GetAndPublishCertResponse><RequestSecurityTokenResponse>"
                   "<RequestedSecurityToken><BinarySecurityToken>AAAA</BinarySecurityToken>"
                   "</RequestedSecurityToken></RequestSecurityTokenResponse>"
                   "</GetAndPublishCertResponse>"),
            world.arena, &grant, &fault),
        -ERR_MALFORMED);
    assert_int_equal(
        certprov_response_parse(ANSWER("<s:Fault><faultcode>s:Server</faultcode><faultstring>Tired"
                                       "</faultstring></s:Fault>"),
                                world.arena, &grant, &fault),
        -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "Tired"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_entity),     cmocka_unit_test(test_weak_keys),
        cmocka_unit_test(test_no_possession),    cmocka_unit_test(test_broken_requests),
        cmocka_unit_test(test_broken_documents), cmocka_unit_test(test_account_gone),
        cmocka_unit_test(test_tickets),          cmocka_unit_test(test_no_ticket),
        cmocka_unit_test(test_foreign_answers),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
