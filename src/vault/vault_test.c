/* The vault as the server meets it: another process behind sockets. */
#include "vault/vault.h"

#include "store/store.h"
#include "vault/client_priv.h"
#include "vault/vault_init.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700000); /* 2026-11-21T22:05:00Z */
static const int64_t hour = INT64_C(3600000);

static char dir[64];

static const char *in_dir(const char *file)
{
    static char path[2][128];
    static unsigned turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, file);
    return path[turn];
}

static int setup(void **state)
{
    struct fault fault = {0};
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lychgate-vault-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    return vault_init(dir, &(struct vault_init_options){.site = "contoso.test", .now = now},
                      &fault);
}

static int teardown(void **state)
{
    static const char *const files[] = {"user-ca.key",  "user-ca.pem",  "token.key",    "token.pem",
                                        "decrypt.key",  "decrypt.pem",  "seal.key",     "vault.db",
                                        "vault.db-wal", "vault.db-shm", "vault.db.kept"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(in_dir(files[i]));
    return rmdir(dir);
}

static struct vault *start(unsigned clients)
{
    struct vault *vault = NULL;
    struct fault fault = {0};
    if (vault_start(&(struct vault_options){.dir = dir, .clients = clients, .hash_cost = 1}, &vault,
                    &fault) != 0)
        fail_msg("%s", fault.detail);
    return vault;
}

static int start_fault(struct fault *fault)
{
    struct vault *vault = NULL;
    int result = vault_start(&(struct vault_options){.dir = dir, .clients = 1}, &vault, fault);
    assert_null(vault);
    return result;
}

static uint64_t hashes(struct vault_client *client)
{
    struct vault_counts counts;
    assert_int_equal(vault_counts(client, &counts, NULL), 0);
    return counts.hashes;
}

static enum vault_verdict check(struct vault_client *client, const char *key, const char *password)
{
    enum vault_verdict verdict;
    struct fault fault = {0};
    if (vault_password_check(client, slice_of(key), slice_of(password), &verdict, &fault) != 0)
        fail_msg("%s", fault.detail);
    return verdict;
}

/* ---- passwords ---------------------------------------------------------------------- */

static void test_password_life(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_UNKNOWN);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("correct horse"), NULL), 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_RIGHT);
    assert_int_equal(check(client, "1", "correct horsf"), VAULT_WRONG);
    assert_int_equal(check(client, "1", "correct hors"), VAULT_WRONG);
    assert_int_equal(check(client, "2", "correct horse"), VAULT_UNKNOWN);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("k\xc3\xa4se"), NULL), 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_WRONG);
    assert_int_equal(check(client, "1", "k\xc3\xa4se"), VAULT_RIGHT);
    assert_int_equal(vault_password_remove(client, SLICE("1"), NULL), 0);
    assert_int_equal(vault_password_remove(client, SLICE("1"), NULL), 0);
    assert_int_equal(check(client, "1", "k\xc3\xa4se"), VAULT_UNKNOWN);
}

/* A stranger with a clock must not learn who has an account. */
static void test_unknown_costs_what_wrong_costs(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("right"), NULL), 0);
    uint64_t before = hashes(client);
    assert_int_equal(check(client, "1", "wrong"), VAULT_WRONG);
    assert_int_equal(hashes(client), before + 1);
    assert_int_equal(check(client, "nobody", "wrong"), VAULT_UNKNOWN);
    assert_int_equal(hashes(client), before + 2);
    assert_int_equal(check(client, "1", "right"), VAULT_RIGHT);
    assert_int_equal(hashes(client), before + 3);
}

static void test_impossible_passwords(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    char longest[VAULT_PASSWORD_MAX + 1];
    enum vault_verdict verdict;
    memset(longest, 'p', sizeof longest);
    const struct slice impossible[] = {SLICE(""), slice_make("a\0b", 3),
                                       slice_make(longest, sizeof longest)};
    const struct slice fits = slice_make(longest, VAULT_PASSWORD_MAX);
    assert_int_equal(vault_password_set(client, SLICE("1"), fits, NULL), 0);
    assert_int_equal(vault_password_check(client, SLICE("1"), fits, &verdict, NULL), 0);
    assert_int_equal(verdict, VAULT_RIGHT);
    for (size_t i = 0; i < 3; i++) {
        struct fault fault = {0};
        assert_true(vault_password_set(client, SLICE("1"), impossible[i], &fault) < 0);
        assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
        assert_int_equal(vault_password_check(client, SLICE("1"), impossible[i], &verdict, NULL),
                         0);
        assert_int_equal(verdict, VAULT_WRONG);
        assert_int_equal(vault_password_check(client, SLICE("2"), impossible[i], &verdict, NULL),
                         0);
        assert_int_equal(verdict, VAULT_WRONG);
    }
}

static void test_client_keeps_no_password(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    check(client, "1", "correct horse");
    assert_int_equal(
        slice_find(slice_make(client->packet, sizeof client->packet), SLICE("correct horse")), -1);
}

static void test_two_vaults_over_one_folder(void **state)
{
    (void)state;
    scoped(vault) struct vault *server = start(1);
    scoped(vault) struct vault *command_line = start(1);
    assert_int_not_equal(vault_pid(server), vault_pid(command_line));
    assert_int_equal(
        vault_password_set(vault_client(command_line, 0), SLICE("7"), SLICE("fresh"), NULL), 0);
    assert_int_equal(check(vault_client(server, 0), "7", "fresh"), VAULT_RIGHT);
}

struct hammer {
    struct vault_client *client;
    unsigned number;
    int trouble;
};

static void *hammer_main(void *arg)
{
    struct hammer *hammer = arg;
    char key[16], password[32];
    snprintf(key, sizeof key, "%u", 100 + hammer->number);
    for (int i = 0; i < 8; i++) {
        enum vault_verdict verdict = VAULT_WRONG;
        snprintf(password, sizeof password, "%u-%d", hammer->number, i);
        if (vault_password_set(hammer->client, slice_of(key), slice_of(password), NULL) != 0 ||
            vault_password_check(hammer->client, slice_of(key), slice_of(password), &verdict,
                                 NULL) != 0 ||
            verdict != VAULT_RIGHT)
            hammer->trouble++;
    }
    return NULL;
}

static void test_clients_at_once(void **state)
{
    enum {
        CLIENTS = 8
    };
    (void)state;
    scoped(vault) struct vault *vault = start(CLIENTS);
    struct hammer hammers[CLIENTS] = {0};
    pthread_t threads[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        hammers[i] = (struct hammer){vault_client(vault, i), i, 0};
        pthread_create(&threads[i], NULL, hammer_main, &hammers[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(hammers[i].trouble, 0);
    }
    assert_null(vault_client(vault, CLIENTS));
}

/* ---- keys ----------------------------------------------------------------------------- */

static EVP_PKEY *public_key_of(struct slice certificate)
{
    const unsigned char *at = (const unsigned char *)certificate.at;
    X509 *parsed = d2i_X509(NULL, &at, (long)certificate.len);
    assert_non_null(parsed);
    EVP_PKEY *key = X509_get_pubkey(parsed);
    X509_free(parsed);
    return key;
}

static struct vault_public public_of(struct vault *vault, struct arena *arena)
{
    struct vault_public public = {0};
    assert_int_equal(vault_public(vault_client(vault, 0), arena, &public, NULL), 0);
    return public;
}

/* OpenSSL wants DER; what we get is r and s side by side. */
static int verify_ecdsa(EVP_PKEY *key, struct slice bytes, struct slice signature)
{
    const unsigned char *at = (const unsigned char *)signature.at;
    ECDSA_SIG *halves = ECDSA_SIG_new();
    unsigned char *der = NULL;
    ECDSA_SIG_set0(halves, BN_bin2bn(at, 32, NULL), BN_bin2bn(at + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(halves, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key);
    int verdict =
        EVP_DigestVerify(context, der, (size_t)len, (const unsigned char *)bytes.at, bytes.len);
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ECDSA_SIG_free(halves);
    return verdict;
}

static void test_token_signature_verifies(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_public public = public_of(vault, arena);
    struct slice signature;
    assert_int_equal(public.token_algorithm, VAULT_ECDSA_SHA256);
    assert_int_equal(
        vault_token_sign(vault_client(vault, 0), SLICE("<SignedInfo/>"), arena, &signature, NULL),
        0);
    assert_int_equal(signature.len, 64);
    EVP_PKEY *key = public_key_of(public.token_certificate);
    assert_int_equal(verify_ecdsa(key, SLICE("<SignedInfo/>"), signature), 1);
    assert_int_not_equal(verify_ecdsa(key, SLICE("<SignedInfo />"), signature), 1);
    EVP_PKEY_free(key);
}

static struct slice wrap(struct vault *vault, struct arena *arena, struct slice key)
{
    EVP_PKEY *to = public_key_of(public_of(vault, arena).decrypt_certificate);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(to, NULL);
    size_t len = 512;
    char *wrapped = arena_alloc(arena, len);
    EVP_PKEY_encrypt_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
    assert_int_equal(EVP_PKEY_encrypt(context, (unsigned char *)wrapped, &len,
                                      (const unsigned char *)key.at, key.len),
                     1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(to);
    return slice_make(wrapped, len);
}

static void test_wrapped_key_opens(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct secret key = SECRET_INIT;
    struct slice wrapped = wrap(vault, arena, SLICE("0123456789abcdef"));
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), wrapped, &key, NULL), 0);
    assert_true(slice_eq(secret_slice(&key), SLICE("0123456789abcdef")));
    secret_free(&key);
    struct slice altered = arena_copy(arena, wrapped);
    ((char *)(uintptr_t)altered.at)[9] ^= 1;
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), altered, &key, NULL), -ERR_FORGED);
    assert_int_equal(vault_key_unwrap(vault_client(vault, 0), SLICE("short"), &key, NULL),
                     -ERR_FORGED);
    assert_null(key.at);
}

static void test_sealed_bytes_open(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct vault *vault = start(1);
    struct secret opened = SECRET_INIT;
    struct slice sealed;
    char most[VAULT_SEAL_MAX + 1];
    memset(most, 's', sizeof most);
    assert_int_equal(vault_seal(vault_client(vault, 0), SLICE("webticket"),
                                slice_make(most, VAULT_SEAL_MAX), arena, &sealed, NULL),
                     0);
    assert_int_equal(sealed.len, VAULT_SEAL_MAX + VAULT_SEAL_MORE);
    assert_int_equal(vault_seal(vault_client(vault, 0), SLICE("webticket"),
                                slice_make(most, sizeof most), arena, &sealed, NULL),
                     -ERR_LIMIT);
    vault_free(vault);
    vault = start(1); /* tickets outlive a restart */
    assert_int_equal(vault_open(vault_client(vault, 0), SLICE("webticket"), sealed, &opened, NULL),
                     0);
    assert_true(slice_eq(secret_slice(&opened), slice_make(most, VAULT_SEAL_MAX)));
    secret_free(&opened);
    assert_int_equal(vault_open(vault_client(vault, 0), SLICE("other"), sealed, &opened, NULL),
                     -ERR_FORGED);
    vault_free(vault);
}

/* ---- user certificates ------------------------------------------------------------------- */

static struct slice public_key_der(struct arena *arena, EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    struct slice copy = arena_copy(arena, slice_make(der, (size_t)len));
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return copy;
}

static struct vault_certificate wanted_by_alice(struct arena *arena)
{
    return (struct vault_certificate){.public_key = public_key_der(arena, EVP_EC_gen("P-256")),
                                      .common_name = SLICE("alice@contoso.test"),
                                      .sip_uri = SLICE("sip:alice@contoso.test"),
                                      .not_before = now,
                                      .not_after = now + 8 * hour};
}

static X509 *parse_certificate(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(certificate);
    return certificate;
}

static void assert_verifies(X509 *certificate, struct slice ca_der)
{
    X509 *ca = parse_certificate(ca_der);
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(trusted, ca);
    X509_STORE_CTX_init(context, trusted, certificate, NULL);
    X509_STORE_CTX_set_time(context, 0, (time_t)(now / 1000 + 60));
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    if (X509_verify_cert(context) != 1)
        fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    X509_free(ca);
}

static void assert_names(X509 *certificate, const char *common_name, const char *uri)
{
    char found[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, found,
                              sizeof found);
    assert_string_equal(found, common_name);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
    assert_int_equal(name->type, GEN_URI);
    assert_true(slice_eq(
        slice_make(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5)),
        slice_of(uri)));
    GENERAL_NAMES_free(names);
}

static void test_certificate_is_as_wanted(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    struct vault_certificate wanted = wanted_by_alice(arena);
    struct slice der;
    wanted.serial = SLICE("\x12\x34\x56");
    assert_int_equal(vault_certificate_issue(vault_client(vault, 0), &wanted, arena, &der, NULL),
                     0);
    X509 *made = parse_certificate(der);
    assert_verifies(made, public_of(vault, arena).user_ca_certificate);
    assert_names(made, "alice@contoso.test", "sip:alice@contoso.test");
    assert_int_equal(ASN1_INTEGER_get(X509_get_serialNumber(made)), 0x123456);
    assert_int_equal(X509_check_ca(made), 0);
    assert_int_equal(X509_check_purpose(made, X509_PURPOSE_SSL_SERVER, 0), 0);
    X509_free(made);
    /* Without a serial each gets its own; a long address is no obstacle. */
    wanted.serial = (struct slice){0};
    struct slice second;
    char name[128], uri[160];
    memset(name, 'u', sizeof name);
    snprintf(name + 80, sizeof name - 80, "@contoso.test");
    snprintf(uri, sizeof uri, "sip:%s", name);
    wanted.common_name = slice_of(name);
    wanted.sip_uri = slice_of(uri);
    assert_int_equal(vault_certificate_issue(vault_client(vault, 0), &wanted, arena, &second, NULL),
                     0);
    made = parse_certificate(second);
    assert_names(made, name, uri);
    assert_int_equal(ASN1_STRING_length(X509_get_serialNumber(made)), 16);
    X509_free(made);
}

static void test_certificates_that_are_refused(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(vault) struct vault *vault = start(1);
    const struct vault_certificate good = wanted_by_alice(arena);
    struct vault_certificate bad[12];
    for (size_t i = 0; i < 12; i++)
        bad[i] = good;
    bad[0].sip_uri = SLICE("sip:bob@contoso.test");
    bad[1].sip_uri = SLICE("https://contoso.test");
    bad[2].common_name = SLICE("alice");
    bad[2].sip_uri = SLICE("sip:alice");
    bad[3].not_after = now;
    bad[4].not_after = now + 31 * 24 * hour;
    bad[5].not_before = now + INT64_C(3651) * 24 * hour;
    bad[5].not_after = bad[5].not_before + 48 * hour;
    bad[6].public_key = SLICE("nonsense");
    bad[7].public_key = public_key_der(arena, EVP_RSA_gen(1024));
    bad[8].public_key = public_key_der(arena, EVP_EC_gen("P-384"));
    bad[9].public_key = public_key_der(arena, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    bad[10].common_name = SLICE("a\nb@contoso.test");
    bad[10].sip_uri = SLICE("sip:a\nb@contoso.test");
    bad[11].common_name = SLICE("");
    for (size_t i = 0; i < 12; i++) {
        struct slice der = {0};
        struct fault fault = {0};
        if (vault_certificate_issue(vault_client(vault, 0), &bad[i], arena, &der, &fault) >= 0)
            fail_msg("case %zu was accepted", i);
        assert_true(slice_absent(der));
        enum finding expected = i == 6             ? FINDING_CSR_MALFORMED
                                : i >= 7 && i <= 9 ? FINDING_CSR_WEAK_KEY
                                                   : FINDING_VAULT_FAILED;
        assert_int_equal(fault.finding, expected);
    }
}

/* ---- trouble ------------------------------------------------------------------------------ */

static void test_killed_vault(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(2);
    struct fault fault = {0};
    enum vault_verdict verdict;
    kill(vault_pid(vault), SIGKILL);
    for (unsigned i = 0; i < 2; i++) {
        fault = (struct fault){0};
        assert_int_equal(
            vault_password_check(vault_client(vault, i), SLICE("1"), SLICE("p"), &verdict, &fault),
            -ERR_IO);
        assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
        assert_int_not_equal(verdict, VAULT_RIGHT);
    }
}

static void test_stopped_vault_times_out_and_recovers(void **state)
{
    (void)state;
    struct vault *vault = NULL;
    struct fault fault = {0};
    struct vault_counts counts;
    enum vault_verdict verdict;
    assert_int_equal(
        vault_start(
            &(struct vault_options){.dir = dir, .clients = 1, .hash_cost = 1, .timeout_ms = 50},
            &vault, NULL),
        0);
    struct vault_client *client = vault_client(vault, 0);
    kill(vault_pid(vault), SIGSTOP);
    assert_int_equal(vault_counts(client, &counts, &fault), -ERR_IO);
    assert_non_null(strstr(fault.detail, "in time"));
    kill(vault_pid(vault), SIGCONT);
    client->timeout_ms = 10000;
    /* The answer to the first question comes now; it is not taken for that to the second. */
    assert_int_equal(vault_password_check(client, SLICE("nobody"), SLICE("x"), &verdict, NULL), 0);
    assert_int_equal(verdict, VAULT_UNKNOWN);
    vault_free(vault);
}

static void test_signals_do_not_end_it(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    kill(vault_pid(vault), SIGTERM);
    kill(vault_pid(vault), SIGINT);
    kill(vault_pid(vault), SIGHUP);
    assert_int_equal(check(vault_client(vault, 0), "nobody", "x"), VAULT_UNKNOWN);
}

static void test_dies_with_its_server(void **state)
{
    int ends[2];
    pid_t pid = 0;
    char nothing;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t server = fork();
    if (server == 0) {
        struct vault *vault = NULL;
        if (vault_start(&(struct vault_options){.dir = dir, .clients = 1}, &vault, NULL) != 0)
            _exit(1);
        pid = vault_pid(vault);
        /* The read end of the vault's life pipe is ours to keep watch on. */
        if (write(ends[1], &pid, sizeof pid) != sizeof pid)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &pid, sizeof pid), sizeof pid);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    assert_int_equal(read(ends[0], &nothing, 1), 0);
    close(ends[0]);
    /* Orphaned, it is init's to reap: gone, or dead and not yet reaped. */
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    for (int64_t tries = 0; tries < 5000000; tries++) {
        FILE *stat = fopen(path, "r");
        if (!stat)
            return;
        const char *got = fgets(line, sizeof line, stat);
        fclose(stat);
        if (!got || strstr(line, ") Z") || strstr(line, ") X"))
            return;
    }
    fail_msg("the vault outlived its server: %s", line);
}

static void test_confinement(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    char path[64], line[256];
    bool no_new_privs = false;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)vault_pid(vault));
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof line, status))
        no_new_privs |= strcmp(line, "NoNewPrivs:\t1\n") == 0;
    fclose(status);
    assert_true(no_new_privs);
    /* Not dumpable: its /proc files are root's, whoever it runs as. */
    snprintf(path, sizeof path, "/proc/%ld/limits", (long)vault_pid(vault));
    FILE *limits = fopen(path, "r");
    bool no_core = false;
    while (limits && fgets(line, sizeof line, limits))
        if (strncmp(line, "Max core file size", 18) == 0)
            no_core = strstr(line, " 0 ") != NULL;
    if (limits)
        fclose(limits);
    assert_true(no_core);
}

static void test_files_must_be_safe(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(chmod(in_dir("token.key"), 0640), 0);
    assert_int_equal(start_fault(&fault), -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "token.key"));
    assert_int_equal(chmod(in_dir("token.key"), 0600), 0);
    assert_int_equal(rename(in_dir("seal.key"), in_dir("vault.db.kept")), 0);
    assert_int_equal(start_fault(&fault), -ERR_IO);
    assert_non_null(strstr(fault.detail, "seal.key"));
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("seal.key")), 0);
    assert_int_equal(rename(in_dir("token.pem"), in_dir("vault.db.kept")), 0);
    assert_int_equal(link(in_dir("decrypt.pem"), in_dir("token.pem")), 0);
    assert_int_equal(start_fault(&fault), -ERR_CONFLICT);
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("token.pem")), 0);
    vault_free(start(1));
}

static void test_damaged_database(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(rename(in_dir("vault.db"), in_dir("vault.db.kept")), 0);
    FILE *file = fopen(in_dir("vault.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database ", file);
    fclose(file);
    assert_int_equal(start_fault(&fault), -ERR_IO);
    assert_int_equal(fault.finding, FINDING_STORE_FAILED);
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("vault.db")), 0);
}

static int swap_hashes(struct store_db *db, void *arg, struct fault *fault)
{
    (void)arg;
    return store_exec(db, fault,
                      "update password set hash = (select hash from password where key = 'thief')"
                      " where key = 'victim'",
                      STORE_END);
}

/* Whoever can write the file cannot give himself another's account. */
static void test_moved_hash_is_noticed(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(vault_password_set(client, SLICE("victim"), SLICE("his"), NULL), 0);
    assert_int_equal(vault_password_set(client, SLICE("thief"), SLICE("mine"), NULL), 0);
    struct store *store = NULL;
    assert_int_equal(store_open(&(struct store_options){.path = in_dir("vault.db")}, &store, NULL),
                     0);
    assert_int_equal(store_write(store, swap_hashes, NULL, NULL), 1);
    store_free(store);
    enum vault_verdict verdict;
    struct fault fault = {0};
    assert_int_equal(vault_password_check(client, SLICE("victim"), SLICE("mine"), &verdict, &fault),
                     -ERR_FORGED);
    assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
    assert_int_not_equal(verdict, VAULT_RIGHT);
    assert_int_equal(check(client, "thief", "mine"), VAULT_RIGHT);
}

static void test_init_never_overwrites(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct stat info;
    assert_int_equal(
        vault_init(dir, &(struct vault_init_options){.site = "x.test", .now = now}, &fault),
        -ERR_CONFLICT);
    assert_int_equal(vault_init("/nonexistent/v",
                                &(struct vault_init_options){.site = "x.test", .now = now}, &fault),
                     -ERR_IO);
    assert_int_equal(stat(dir, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(in_dir("vault.db"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_hostile_packets_over_the_socket(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    char answer[WIRE_MAX];
    char *huge = must_calloc(1, 60000);
    assert_int_equal(send(client->socket, "\x01\x02\x03", 3, 0), 3);
    assert_true(recv(client->socket, answer, sizeof answer, 0) > WIRE_HEADER);
    assert_int_equal(send(client->socket, huge, 60000, 0), 60000);
    assert_true(recv(client->socket, answer, sizeof answer, 0) > WIRE_HEADER);
    free(huge);
    assert_int_equal(check(client, "nobody", "x"), VAULT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_life),
        cmocka_unit_test(test_unknown_costs_what_wrong_costs),
        cmocka_unit_test(test_impossible_passwords),
        cmocka_unit_test(test_client_keeps_no_password),
        cmocka_unit_test(test_two_vaults_over_one_folder),
        cmocka_unit_test(test_clients_at_once),
        cmocka_unit_test(test_token_signature_verifies),
        cmocka_unit_test(test_wrapped_key_opens),
        cmocka_unit_test(test_sealed_bytes_open),
        cmocka_unit_test(test_certificate_is_as_wanted),
        cmocka_unit_test(test_certificates_that_are_refused),
        cmocka_unit_test(test_killed_vault),
        cmocka_unit_test(test_stopped_vault_times_out_and_recovers),
        cmocka_unit_test(test_signals_do_not_end_it),
        cmocka_unit_test(test_dies_with_its_server),
        cmocka_unit_test(test_confinement),
        cmocka_unit_test(test_files_must_be_safe),
        cmocka_unit_test(test_damaged_database),
        cmocka_unit_test(test_moved_hash_is_noticed),
        cmocka_unit_test(test_init_never_overwrites),
        cmocka_unit_test(test_hostile_packets_over_the_socket),
    };
    return cmocka_run_group_tests_name("vault", tests, setup, teardown);
}
