#include "net/tls.h"

#include "base/arena.h"
#include "base/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The order is the preference. P-384 last: as first group it costs every
 * handshake milliseconds, and clients that guess X25519 a round trip. */
#define GROUPS "X25519:P-256:P-384"

/* TLS 1.2 suites (TLS 1.3's are OpenSSL's own list). CBC stays for Windows 7
 * with an RSA certificate, where Schannel has no ECDHE_RSA with GCM. */
#define CIPHERS        "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
#define CIPHERS_LEGACY "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:RSA+AES:RSA+3DES:@SECLEVEL=0"

enum {
    PEM_MAX = 1 << 20
};

struct tls {
    atomic_uint refs;
    pthread_mutex_t lock; /* over ctx, which a reload replaces */
    SSL_CTX *ctx;
};

/* ---- key log: one file a process, because the variable is one a process ---- */

static int keylog_fd = -1;

static void keylog_open(void)
{
    const char *file = secure_getenv("SSLKEYLOGFILE");
    if (file && *file)
        keylog_fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void keylog(const SSL *ssl, const char *line)
{
    (void)ssl;
    char text[1024];
    int len = snprintf(text, sizeof text, "%s\n", line);
    /* One write a line, so that threads and processes can share the file. */
    if (len > 0 && (size_t)len < sizeof text && write(keylog_fd, text, (size_t)len) < 0)
        keylog_fd = -1; /* a full disk is no reason to fail a connection */
    secret_wipe(text, sizeof text);
}

/* ---- certificates and keys ---- */

static const char *openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "no reason given";
}

static int config_fault(struct fault *fault, const char *what, const char *file, const char *why)
{
    fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID, "%s %s: %s", what,
              file ? file : "(in memory)", why);
    ERR_clear_error();
    return -ERR_MALFORMED;
}

/* The bytes of a file, wiped by the caller: half of them are private keys. */
static int read_pem(const char *file, struct secret *out)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        goto failed;
    if (!S_ISREG(info.st_mode) || info.st_size > PEM_MAX) {
        errno = EFBIG;
        goto failed;
    }
    char *bytes = must_calloc(1, (size_t)info.st_size + 1);
    ssize_t n = read(fd, bytes, (size_t)info.st_size);
    if (n >= 0)
        secret_set(out, slice_make(bytes, (size_t)n));
    secret_wipe(bytes, (size_t)info.st_size);
    free(bytes);
    close(fd);
    return n >= 0 ? 0 : -ERR_IO;
failed:;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -ERR_IO;
}

/* A key file with a passphrase must fail, not ask on the terminal. */
static int no_passphrase(char *to, int len, int writing, void *arg)
{
    (void)to, (void)len, (void)writing, (void)arg;
    return -1;
}

static int use_chain(SSL_CTX *ctx, BIO *pem)
{
    X509 *cert = PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL);
    if (!cert)
        return -ERR_MALFORMED;
    int ok = SSL_CTX_use_certificate(ctx, cert) == 1;
    X509_free(cert);
    while (ok && (cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)))
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            ok = 0;
        }
    if (ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error(); /* the end of the file */
    return ok && ERR_peek_error() == 0 ? 0 : -ERR_MALFORMED;
}

static int use_key(SSL_CTX *ctx, BIO *pem)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
    int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    EVP_PKEY_free(key);
    return ok ? 0 : -ERR_MALFORMED;
}

static int use_pem(SSL_CTX *ctx, const char *what, const char *file, struct slice pem,
                   int (*use)(SSL_CTX *, BIO *), struct fault *fault)
{
    scoped(secret) struct secret bytes = SECRET_INIT;
    if (file && read_pem(file, &bytes) != 0)
        return config_fault(fault, what, file, strerror(errno));
    if (file)
        pem = secret_slice(&bytes);
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(pem.len ? pem.at : "", (int)pem.len);
    int failed = bio ? use(ctx, bio) : -ERR_INTERNAL;
    BIO_free(bio);
    return failed ? config_fault(fault, what, file, openssl_reason()) : 0;
}

/* ---- contexts ---- */

static SSL_CTX *ctx_new(const SSL_METHOD *method, bool legacy, struct fault *fault)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (ctx && SSL_CTX_set_min_proto_version(ctx, legacy ? TLS1_VERSION : TLS1_2_VERSION) &&
        SSL_CTX_set_cipher_list(ctx, legacy ? CIPHERS_LEGACY : CIPHERS) &&
        SSL_CTX_set1_groups_list(ctx, GROUPS)) {
        /* Lync clients and phones hang up without close_notify; renegotiation
         * would run RSA inside SSL_read, on the loop. */
        SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION);
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets keep no state here */
        return ctx;
    }
    fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL: %s", openssl_reason());
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return NULL;
}

/* Mutual TLS. OpenSSL itself looks for the names. */
static int demand_certificate(SSL_CTX *ctx, const struct tls_peers *peers, struct fault *fault)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
    STACK_OF(X509_NAME) *issuers = SSL_load_client_CA_file(peers->ca_file);
    if (!issuers || SSL_CTX_load_verify_file(ctx, peers->ca_file) != 1) {
        sk_X509_NAME_pop_free(issuers, X509_NAME_free);
        return config_fault(fault, "CA file", peers->ca_file, openssl_reason());
    }
    SSL_CTX_set_client_CA_list(ctx, issuers); /* so that a client can choose among its own */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* Without names OpenSSL would take any; with a dot in front, any below. */
    if (peers->name_count == 0)
        return config_fault(fault, "TLS", "peers", "none is trusted");
    for (size_t i = 0; i < peers->name_count; i++) {
        struct slice name = peers->names[i];
        if (slice_starts(name, SLICE(".")) || slice_index(name, '*') >= 0 ||
            X509_VERIFY_PARAM_add1_host(param, name.at, name.len) != 1)
            return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                             "TLS peer \"%.*s\": not a host's full name", SLICE_ARG(name));
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    return 0;
}

static int use_pair(SSL_CTX *ctx, const struct tls_pair *pair, struct fault *fault)
{
    int failed = use_pem(ctx, "certificate", pair->certificate_file, pair->certificate_pem,
                         use_chain, fault);
    return failed ? failed : use_pem(ctx, "key", pair->key_file, pair->key_pem, use_key, fault);
}

static SSL_CTX *server_ctx(const struct tls_server_options *options, struct fault *fault)
{
    SSL_CTX *ctx = ctx_new(TLS_server_method(), options->legacy, fault);
    if (!ctx)
        return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"lychgate", 8);
    SSL_CTX_set_num_tickets(ctx, 1);
    int failed = 0;
    if (options->pair_count == 0)
        failed = config_fault(fault, "TLS", "certificate", "none is configured");
    for (size_t i = 0; i < options->pair_count && !failed; i++)
        failed = use_pair(ctx, &options->pairs[i], fault);
    if (!failed && options->peers.ca_file)
        failed = demand_certificate(ctx, &options->peers, fault);
    if (!failed)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static struct tls *tls_make(SSL_CTX *ctx)
{
    struct tls *tls = must_calloc(1, sizeof *tls);
    atomic_init(&tls->refs, 1);
    pthread_mutex_init(&tls->lock, NULL);
    tls->ctx = ctx;
    return tls;
}

struct tls *tls_server_new(const struct tls_server_options *options, struct fault *fault)
{
    SSL_CTX *ctx = server_ctx(options, fault);
    return ctx ? tls_make(ctx) : NULL;
}

int tls_server_reload(struct tls *tls, const struct tls_server_options *options,
                      struct fault *fault)
{
    struct fault why = {0};
    SSL_CTX *ctx = server_ctx(options, &why);
    if (!ctx) {
        if (fault)
            *fault = why;
        return why.err;
    }
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->ctx;
    tls->ctx = ctx;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* sessions hold it as long as they need it */
    return 0;
}

struct tls *tls_client_new(const struct tls_client_options *options, struct fault *fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, keylog_open);
    SSL_CTX *ctx = ctx_new(TLS_client_method(), options->legacy, fault);
    if (!ctx)
        return NULL;
    if (keylog_fd >= 0)
        SSL_CTX_set_keylog_callback(ctx, keylog);
    SSL_CTX_set_verify(ctx, options->trust_all ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    ERR_clear_error();
    int ok = options->ca_file ? SSL_CTX_load_verify_file(ctx, options->ca_file)
                              : SSL_CTX_set_default_verify_paths(ctx);
    if (ok != 1)
        config_fault(fault, "CA file", options->ca_file ? options->ca_file : "(of the system)",
                     openssl_reason());
    else if (!options->pair || use_pair(ctx, options->pair, fault) == 0)
        return tls_make(ctx);
    SSL_CTX_free(ctx);
    return NULL;
}

struct tls *tls_ref(struct tls *tls)
{
    atomic_fetch_add(&tls->refs, 1);
    return tls;
}

void tls_unref(struct tls *tls)
{
    if (!tls || atomic_fetch_sub(&tls->refs, 1) != 1)
        return;
    SSL_CTX_free(tls->ctx);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

/* ---- sessions ---- */

static bool is_ip(const char *host)
{
    unsigned char to[16];
    return inet_pton(AF_INET, host, to) == 1 || inet_pton(AF_INET6, host, to) == 1;
}

static int expect_host(SSL *ssl, const char *host)
{
    if (is_ip(host)) /* RFC 6066 section 3: no addresses in SNI */
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* An empty name would switch the check off; no certificate has this one. */
    if (!*host)
        return SSL_set1_host(ssl, "invalid.");
    return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

struct ssl_st *tls_session_new(struct tls *tls, const char *host)
{
    pthread_mutex_lock(&tls->lock);
    SSL *ssl = SSL_new(tls->ctx);
    pthread_mutex_unlock(&tls->lock);
    if (!ssl)
        return NULL;
    if (SSL_is_server(ssl)) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_set_connect_state(ssl);
    if (expect_host(ssl, host ? host : "") == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

enum finding tls_verify_finding(long verify_result)
{
    switch (verify_result) {
    case X509_V_OK:
        return FINDING_NONE;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return FINDING_TLS_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return FINDING_TLS_NOT_YET_VALID;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return FINDING_TLS_WRONG_NAME;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_INVALID_CA:
        return FINDING_TLS_UNTRUSTED;
    default:
        return FINDING_TLS_HANDSHAKE;
    }
}

/* The same for a server that looks at a client's certificate. */
static enum finding peer_finding(long verify_result)
{
    switch (tls_verify_finding(verify_result)) {
    case FINDING_TLS_EXPIRED:
    case FINDING_TLS_NOT_YET_VALID:
        return FINDING_TLS_PEER_EXPIRED;
    case FINDING_TLS_WRONG_NAME:
        return FINDING_TLS_PEER_NAME;
    default: /* a purpose that is not a client's, too: whoever signed it meant something else */
        return FINDING_TLS_PEER_UNTRUSTED;
    }
}

struct slice tls_peer_name(struct ssl_st *ssl)
{
    const char *name = ssl ? SSL_get0_peername(ssl) : NULL;
    return name ? slice_of(name) : (struct slice){0};
}

static long verify_again(SSL_CTX *ctx, SSL *ssl)
{
    long result = X509_V_ERR_OUT_OF_MEM;
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    if (check &&
        X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), SSL_get0_peer_certificate(ssl),
                            SSL_get_peer_cert_chain(ssl)) == 1 &&
        X509_STORE_CTX_set_default(check, "ssl_client") == 1 &&
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check), SSL_CTX_get0_param(ctx)) == 1)
        result = X509_verify_cert(check) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(check);
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return result;
}

int tls_peer_check(struct tls *tls, struct ssl_st *ssl, struct fault *fault)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *ctx = tls->ctx;
    SSL_CTX_up_ref(ctx);
    pthread_mutex_unlock(&tls->lock);
    long result = SSL_get0_peer_certificate(ssl) ? verify_again(ctx, ssl) : X509_V_ERR_UNSPECIFIED;
    SSL_CTX_free(ctx);
    return result == X509_V_OK ? 0
                               : fault_set(fault, ERR_DENIED, peer_finding(result), "%s",
                                           X509_verify_cert_error_string(result));
}

/* What stands in the error queue, told apart as far as the human can act on it. */
static int library_fault(SSL *ssl, struct fault *fault)
{
    unsigned long error = ERR_get_error();
    const char *reason = ERR_reason_error_string(error);
    if (!reason)
        reason = "no reason given";
    ERR_clear_error();
    long verify = SSL_get_verify_result(ssl);
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK)
        return fault_set(fault, ERR_DENIED,
                         SSL_is_server(ssl) ? peer_finding(verify) : tls_verify_finding(verify),
                         "%s", X509_verify_cert_error_string(verify));
    if (SSL_is_init_finished(ssl))
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_LOST, "TLS: %s", reason);
    switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return fault_set(fault, ERR_MALFORMED, FINDING_TLS_NOT_SPOKEN, "TLS: %s", reason);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return fault_set(fault, ERR_DENIED, FINDING_TLS_PEER_NONE, "TLS: %s", reason);
    default:
        return fault_set(fault, ERR_DENIED, FINDING_TLS_HANDSHAKE, "TLS: %s", reason);
    }
}

int tls_fault(struct ssl_st *ssl, int ret, struct fault *fault)
{
    int system = errno;
    switch (SSL_get_error(ssl, ret)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -ERR_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_LOST, "the peer closed");
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return fault_set(fault, ERR_IO, FINDING_CONNECTION_LOST, "%s",
                         system ? strerror(system) : "the peer closed");
    default:
        return library_fault(ssl, fault);
    }
}
