#include "vault/authority.h"

#include "vault/certificate_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMMON_NAME_MAX = 64,
    CHAIN_MAX = 8
};

struct credential {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509) * chain; /* the certificates above it, nearest first */
};

static const struct {
    const char *constraints, *usage, *extended_usage;
} uses[] = {
    [CREDENTIAL_CA] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL},
    [CREDENTIAL_SERVER] = {"critical,CA:FALSE", "critical,digitalSignature,keyEncipherment",
                           "serverAuth,clientAuth"},
    [CREDENTIAL_SIGN] = {"critical,CA:FALSE", "critical,digitalSignature", NULL},
    [CREDENTIAL_DECRYPT] = {"critical,CA:FALSE", "critical,keyEncipherment", NULL},
};

static int broken(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s: %s", what, openssl_trouble());
}

void credential_free(struct credential *credential)
{
    if (!credential)
        return;
    EVP_PKEY_free(credential->key);
    X509_free(credential->certificate);
    sk_X509_pop_free(credential->chain, X509_free);
    free(credential);
}

/* ---- making ------------------------------------------------------------------------ */

static struct slice subject_of(const struct credential_options *options)
{
    if (!slice_empty(options->common_name) || options->name_count == 0)
        return options->common_name;
    struct slice first = options->names[0];
    return first.len <= COMMON_NAME_MAX ? first : (struct slice){0};
}

int credential_make(const struct credential_options *options, const struct credential *issuer,
                    struct credential **credential_out, struct fault *fault)
{
    const int64_t longest = INT64_C(86400000) * CREDENTIAL_SERVER_DAYS;
    if (options->use == CREDENTIAL_SERVER && options->not_after - options->not_before > longest)
        return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED,
                         "server certificates are valid for %d days at most",
                         CREDENTIAL_SERVER_DAYS);
    scoped(credential) struct credential *made = must_calloc(1, sizeof *made);
    made->key = options->key == CREDENTIAL_RSA_2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    if (!made->key)
        return broken(fault, "making a key");
    struct certificate_plan plan = {
        .common_name = subject_of(options),
        .names = options->names,
        .name_count = options->name_count,
        .constraints = uses[options->use].constraints,
        .usage = uses[options->use].usage,
        .extended_usage = uses[options->use].extended_usage,
        .not_before = options->not_before,
        .not_after = options->not_after,
    };
    made->certificate = certificate_build(&plan, (struct certificate_subject){.own = made->key},
                                          issuer ? issuer->certificate : NULL,
                                          issuer ? issuer->key : made->key, fault);
    if (!made->certificate)
        return -ERR_INTERNAL;
    *credential_out = take(&made);
    return 0;
}

/* ---- reading ------------------------------------------------------------------------- */

static int no_passphrase(char *to, int room, int writing, void *arg)
{
    (void)to, (void)room, (void)writing, (void)arg;
    return -1;
}

/* No longer chain than CHAIN_MAX; the first is the leaf. */
static int read_certificates(struct credential *into, const char *path, struct fault *fault)
{
    BIO *file = BIO_new_file(path, "r");
    if (!file)
        return broken(fault, path);
    into->certificate = PEM_read_bio_X509(file, NULL, no_passphrase, NULL);
    into->chain = sk_X509_new_null();
    X509 *above = NULL;
    while (into->certificate && into->chain && sk_X509_num(into->chain) < CHAIN_MAX &&
           (above = PEM_read_bio_X509(file, NULL, no_passphrase, NULL)))
        sk_X509_push(into->chain, above);
    BIO_free(file);
    if (!into->certificate || !into->chain)
        return broken(fault, path);
    /* The end of the file was noted as an error; anything else in it is none of ours. */
    ERR_clear_error();
    return 0;
}

int credential_read(const char *certificate_path, const char *key_path,
                    struct credential **credential_out, struct fault *fault)
{
    scoped(credential) struct credential *found = must_calloc(1, sizeof *found);
    int result = read_certificates(found, certificate_path, fault);
    if (result != 0)
        return result;
    BIO *file = BIO_new_file(key_path, "r");
    if (!file)
        return broken(fault, key_path);
    found->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
    BIO_free(file);
    if (!found->key)
        return broken(fault, key_path);
    if (X509_check_private_key(found->certificate, found->key) != 1) {
        ERR_clear_error();
        return fault_set(fault, ERR_CONFLICT, FINDING_VAULT_FAILED,
                         "the key in %s is not that of the certificate in %s", key_path,
                         certificate_path);
    }
    *credential_out = take(&found);
    return 0;
}

/* ---- writing ------------------------------------------------------------------------- */

static bool print_certificates(BIO *to, const struct credential *credential)
{
    bool ok = PEM_write_bio_X509(to, credential->certificate) == 1;
    for (int i = 0; ok && i < sk_X509_num(credential->chain); i++)
        ok = PEM_write_bio_X509(to, sk_X509_value(credential->chain, i)) == 1;
    return ok;
}

static bool print_key(BIO *to, const struct credential *credential)
{
    return PEM_write_bio_PKCS8PrivateKey(to, credential->key, NULL, NULL, 0, NULL, NULL) == 1;
}

/* Written beside its place and moved there, so that nobody ever reads half a file
 * and a key is never readable by others, not even for a moment. */
static int write_file(const char *path, mode_t mode, const struct credential *credential,
                      bool (*print)(BIO *, const struct credential *), struct fault *fault)
{
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
        return fault_set(fault, ERR_LIMIT, FINDING_VAULT_FAILED, "path too long");
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s: %s", path, strerror(errno));
    BIO *to = BIO_new_fd(fd, BIO_NOCLOSE);
    bool ok = to && print(to, credential) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    BIO_free(to);
    close(fd);
    if (ok && rename(beside, path) == 0)
        return 0;
    int saved = errno;
    unlink(beside);
    return fault_set(fault, ERR_IO, FINDING_VAULT_FAILED, "%s: %s", path, strerror(saved));
}

int credential_write(const struct credential *credential, const char *certificate_path,
                     const char *key_path, struct fault *fault)
{
    int result = 0;
    if (key_path)
        result = write_file(key_path, 0600, credential, print_key, fault);
    if (result == 0 && certificate_path)
        result = write_file(certificate_path, 0644, credential, print_certificates, fault);
    return result;
}

/* ---- looking --------------------------------------------------------------------------- */

static bool covers(X509 *certificate, struct slice name)
{
    char text[256];
    if (name.len == 0 || name.len >= sizeof text)
        return false;
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    /* Names in the subject do not count: TLS clients of today do not look there. */
    return X509_check_ip_asc(certificate, text, 0) == 1 ||
           X509_check_host(certificate, text, name.len, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

size_t credential_missing_names(const struct credential *credential, const struct slice *names,
                                size_t count, struct slice *missing_out)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++)
        if (!covers(credential->certificate, names[i]))
            missing_out[missing++] = names[i];
    ERR_clear_error();
    return missing;
}

int64_t credential_not_after(const struct credential *credential)
{
    return certificate_not_after(credential->certificate);
}

struct slice credential_certificate(const struct credential *credential, struct arena *arena)
{
    int len = i2d_X509(credential->certificate, NULL);
    if (len <= 0)
        return (struct slice){0};
    char *der = arena_alloc(arena, (size_t)len);
    return slice_make(der, certificate_der(credential->certificate, der, (size_t)len));
}

X509 *credential_x509(const struct credential *credential)
{
    return credential->certificate;
}

EVP_PKEY *credential_pkey(const struct credential *credential)
{
    return credential->key;
}
