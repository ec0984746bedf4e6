#include "vault/authority.h"

#include "base/clock.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    DAY_MS = 86400000
};
static const int64_t now = INT64_C(1795298700000); /* 2026-11-21T22:05:00Z */

/* Made once: RSA keys take their time. */
static struct credential *ca, *server;
static char dir[64];
static char certificate_path[96], key_path[96], ca_path[96];

static const struct slice names[] = {
    {"sip.contoso.test", 16}, {"*.web.contoso.test", 18}, {"192.0.2.7", 9}, {"2001:db8::7", 11}};

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lychgate-authority-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(certificate_path, sizeof certificate_path, "%s/server.pem", dir);
    snprintf(key_path, sizeof key_path, "%s/server.key", dir);
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
    struct credential_options for_ca = {.key = CREDENTIAL_RSA_2048,
                                        .use = CREDENTIAL_CA,
                                        .common_name = SLICE("contoso.test CA"),
                                        .not_before = now,
                                        .not_after = now + INT64_C(3650) * DAY_MS};
    struct credential_options for_server = {.key = CREDENTIAL_ECDSA_P256,
                                            .use = CREDENTIAL_SERVER,
                                            .names = names,
                                            .name_count = 4,
                                            .not_before = now,
                                            .not_after = now + INT64_C(397) * DAY_MS};
    return credential_make(&for_ca, NULL, &ca, NULL) ||
           credential_make(&for_server, ca, &server, NULL);
}

static int teardown(void **state)
{
    (void)state;
    credential_free(ca);
    credential_free(server);
    unlink(certificate_path);
    unlink(key_path);
    unlink(ca_path);
    return rmdir(dir);
}

static void test_chain_verifies(void **state)
{
    (void)state;
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(trusted, credential_x509(ca));
    X509_STORE_CTX_init(context, trusted, credential_x509(server), NULL);
    X509_STORE_CTX_set_time(context, 0, (time_t)(now / 1000 + 60));
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    int verdict = X509_verify_cert(context);
    if (verdict != 1)
        fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    assert_true(X509_check_purpose(credential_x509(server), X509_PURPOSE_SSL_CLIENT, 0));
    assert_int_equal(X509_check_ca(credential_x509(ca)), 1);
    assert_int_equal(X509_check_ca(credential_x509(server)), 0);
    assert_true(credential_not_after(server) == now + INT64_C(397) * DAY_MS);
}

static void test_missing_names_are_found(void **state)
{
    (void)state;
    const struct slice asked[] = {SLICE("sip.contoso.test"),
                                  SLICE("SIP.Contoso.Test"),
                                  SLICE("lyncdiscover.contoso.test"),
                                  SLICE("a.web.contoso.test"),
                                  SLICE("a.b.web.contoso.test"),
                                  SLICE("192.0.2.7"),
                                  SLICE("192.0.2.8"),
                                  SLICE("2001:db8::7"),
                                  SLICE("")};
    struct slice missing[9];
    size_t count = credential_missing_names(server, asked, 9, missing);
    assert_int_equal(count, 4);
    assert_ptr_equal(missing[0].at, asked[2].at);
    assert_ptr_equal(missing[1].at, asked[4].at);
    assert_ptr_equal(missing[2].at, asked[6].at);
    assert_ptr_equal(missing[3].at, asked[8].at);
    /* A name in the subject only covers nothing. */
    assert_int_equal(credential_missing_names(ca, asked, 1, missing), 1);
}

static void test_files_come_back(void **state)
{
    (void)state;
    scoped(credential) struct credential *back = NULL;
    scoped(arena) struct arena *arena = arena_new();
    struct stat info;
    struct fault fault = {0};
    assert_int_equal(credential_write(server, certificate_path, key_path, &fault), 0);
    assert_int_equal(stat(key_path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(certificate_path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    if (credential_read(certificate_path, key_path, &back, &fault) != 0)
        fail_msg("%s", fault.detail);
    assert_true(
        slice_eq(credential_certificate(back, arena), credential_certificate(server, arena)));
}

static void test_wrong_files_are_refused(void **state)
{
    (void)state;
    struct credential *back = NULL;
    struct fault fault = {0};
    assert_int_equal(credential_write(server, certificate_path, key_path, NULL), 0);
    assert_int_equal(credential_write(ca, ca_path, NULL, NULL), 0);
    assert_int_equal(credential_read(ca_path, key_path, &back, &fault), -ERR_CONFLICT);
    assert_int_equal(credential_read("/nonexistent", key_path, &back, &fault), -ERR_IO);
    assert_int_equal(credential_read(certificate_path, certificate_path, &back, &fault), -ERR_IO);
    assert_int_equal(truncate(certificate_path, 200), 0);
    assert_int_equal(credential_read(certificate_path, key_path, &back, &fault), -ERR_IO);
    assert_null(back);
    assert_int_equal(credential_write(server, "/nonexistent/x.pem", NULL, &fault), -ERR_IO);
}

static void test_server_certificates_are_not_too_long(void **state)
{
    (void)state;
    struct credential *made = NULL;
    struct credential_options options = {.key = CREDENTIAL_ECDSA_P256,
                                         .use = CREDENTIAL_SERVER,
                                         .names = names,
                                         .name_count = 1,
                                         .not_before = now,
                                         .not_after = now + INT64_C(398) * DAY_MS};
    assert_int_equal(credential_make(&options, ca, &made, NULL), -ERR_LIMIT);
}

/* In OpenSSL's own syntax this would be two names, one of them not asked for. */
static void test_names_cannot_add_names(void **state)
{
    (void)state;
    const struct slice sly[] = {SLICE("a.test,DNS:evil.test")};
    const struct slice evil[] = {SLICE("evil.test")};
    struct slice missing[1];
    scoped(credential) struct credential *made = NULL;
    struct credential_options options = {.key = CREDENTIAL_ECDSA_P256,
                                         .use = CREDENTIAL_SERVER,
                                         .names = sly,
                                         .name_count = 1,
                                         .not_before = now,
                                         .not_after = now + DAY_MS};
    assert_int_equal(credential_make(&options, ca, &made, NULL), 0);
    assert_int_equal(credential_missing_names(made, evil, 1, missing), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_verifies),
        cmocka_unit_test(test_missing_names_are_found),
        cmocka_unit_test(test_files_come_back),
        cmocka_unit_test(test_wrong_files_are_refused),
        cmocka_unit_test(test_server_certificates_are_not_too_long),
        cmocka_unit_test(test_names_cannot_add_names),
    };
    return cmocka_run_group_tests_name("vault/authority", tests, setup, teardown);
}
