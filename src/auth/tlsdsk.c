/* [MS-SIPAE] 3.2.5.1 (client) and 3.3.5.1 (server): the handshake inside
 * gssapi-data; RFC 5705 without context gives the key material, which for TLS 1.0
 * to 1.2 is PRF(master_secret, "client EAP encryption", client random + server
 * random) as the specification writes it. */
#include "auth/tlsdsk.h"

#include "base/arena.h"
#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* AES128-SHA and AES256-SHA are what SIPE and Lync 2010 can do (RSA key
 * transport, TLS 1.0); Debian's OpenSSL has no RC4. The rest is for TLS 1.2.
 * Level 0: TLS 1.0 signs with MD5 and SHA-1 together. */
static const char default_ciphers[] =
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:"
    "AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:@SECLEVEL=0";

static const char material_label[] = "client EAP encryption";

struct tlsdsk_context {
    SSL_CTX *ssl;
    bool server;
};

enum half_state {
    STEPPING,
    FINISHED,
    FAILED
};

struct tlsdsk {
    SSL *ssl; /* owns both BIOs; gone as soon as the handshake is over */
    enum half_state state;
    bool server;
    unsigned rounds;
    struct tlsdsk_keys keys;
    X509 *peer;
    char version[12];
    char cipher[40];
};

/* ---- context -------------------------------------------------------------------- */

/* Chain building would judge the client's certificate by rules of the web; ours
 * are the list of what we published. Only what could burn time is refused here,
 * before the signature is checked. */
static int accept_peer(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
    if (!key || EVP_PKEY_get_bits(key) > TLSDSK_PEER_KEY_MAX) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_EE_KEY_TOO_SMALL);
        return 0;
    }
    return 1;
}

static int refuse(struct fault *fault, enum err err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return fault_set(fault, err, FINDING_TLSDSK_HANDSHAKE, "%s%s%s", what, reason ? ": " : "",
                     reason ? reason : "");
}

static int use_identity(SSL_CTX *ssl, const struct tlsdsk_options *options, struct fault *fault)
{
    if (!options->key || !options->certificate)
        return refuse(fault, ERR_INTERNAL, "the inner TLS needs a key and its certificate");
    if (options->server && EVP_PKEY_get_base_id(options->key) != EVP_PKEY_RSA)
        return refuse(fault, ERR_UNSUPPORTED, "the key of the inner TLS server must be RSA");
    if (SSL_CTX_use_certificate(ssl, options->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(ssl, options->key) != 1 || SSL_CTX_check_private_key(ssl) != 1)
        return refuse(fault, ERR_MALFORMED, "key and certificate for the inner TLS");
    return 0;
}

static int configure(SSL_CTX *ssl, const struct tlsdsk_options *options, struct fault *fault)
{
    int min = options->min_version ? options->min_version : TLS1_VERSION;
    int max = options->max_version ? options->max_version : TLS1_2_VERSION;
    if (max > TLS1_2_VERSION)
        return refuse(fault, ERR_UNSUPPORTED, "TLS 1.3 has no PRF for signing keys");
    if (SSL_CTX_set_min_proto_version(ssl, min) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, max) != 1)
        return refuse(fault, ERR_UNSUPPORTED, "versions of the inner TLS");
    if (SSL_CTX_set_cipher_list(ssl, options->ciphers ? options->ciphers : default_ciphers) != 1)
        return refuse(fault, ERR_UNSUPPORTED, "cipher suites of the inner TLS");
    SSL_CTX_set_security_level(ssl, 0); /* also where the configuration names the suites */
    /* The server's preference, or TLS 1.2 clients that list RSA transport first
     * would do without forward secrecy. Sessions would bypass the client's
     * certificate, and nothing is resumed: a handshake is once in 8 hours. */
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ssl, TLSDSK_TOKEN_MAX);
    SSL_CTX_set_read_ahead(ssl, 0);
    SSL_CTX_set_cert_verify_callback(ssl, accept_peer, NULL);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set1_groups_list(ssl, "X25519:P-256"); /* P-384 costs 20 times as much */
    return use_identity(ssl, options, fault);
}

struct tlsdsk_context *tlsdsk_context_new(const struct tlsdsk_options *options, struct fault *fault)
{
    SSL_CTX *ssl = SSL_CTX_new(options->server ? TLS_server_method() : TLS_client_method());
    if (!ssl) {
        refuse(fault, ERR_INTERNAL, "no TLS context");
        return NULL;
    }
    if (configure(ssl, options, fault) < 0) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    struct tlsdsk_context *context = must_calloc(1, sizeof *context);
    context->ssl = ssl;
    context->server = options->server;
    return context;
}

void tlsdsk_context_free(struct tlsdsk_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl);
    free(context);
}

/* ---- one handshake ------------------------------------------------------------------ */

struct tlsdsk *tlsdsk_new(const struct tlsdsk_context *context)
{
    struct tlsdsk *tlsdsk = must_calloc(1, sizeof *tlsdsk);
    tlsdsk->server = context->server;
    tlsdsk->ssl = SSL_new(context->ssl);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!tlsdsk->ssl || !in || !out)
        abort();                    /* out of memory */
    BIO_set_mem_eof_return(in, -1); /* "not yet" rather than "closed" */
    SSL_set_bio(tlsdsk->ssl, in, out);
    if (context->server)
        SSL_set_accept_state(tlsdsk->ssl);
    else
        SSL_set_connect_state(tlsdsk->ssl);
    return tlsdsk;
}

void tlsdsk_free(struct tlsdsk *tlsdsk)
{
    if (!tlsdsk)
        return;
    SSL_free(tlsdsk->ssl);
    X509_free(tlsdsk->peer);
    secret_wipe(tlsdsk, sizeof *tlsdsk);
    free(tlsdsk);
}

/* The MAC's hash is the suite's; an AEAD suite has none of its own, there the
 * hash of the PRF takes its place (96 hex digits are seen of Lync servers that
 * negotiated AES256-GCM-SHA384). */
static int hash_of(const SSL_CIPHER *cipher, enum sign_hash *hash_out)
{
    int nid = SSL_CIPHER_get_digest_nid(cipher);
    if (nid == NID_undef) {
        const EVP_MD *prf = SSL_CIPHER_get_handshake_digest(cipher);
        nid = prf ? EVP_MD_get_type(prf) : NID_undef;
    }
    static const struct {
        int nid;
        enum sign_hash hash;
    } known[] = {{NID_md5, SIGN_MD5},
                 {NID_sha1, SIGN_SHA1},
                 {NID_sha256, SIGN_SHA256},
                 {NID_sha384, SIGN_SHA384}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].nid == nid) {
            *hash_out = known[i].hash;
            return 0;
        }
    return -ERR_UNSUPPORTED;
}

void tlsdsk_cut_material(const uint8_t material[TLSDSK_MATERIAL_LEN], struct tlsdsk_keys *keys)
{
    memcpy(keys->client, material + 64, SIGN_KEY_LEN);
    memcpy(keys->server, material + 96, SIGN_KEY_LEN);
}

/* Keep what the handshake was for, let go of the rest: an SSL object is tens of
 * kilobytes, and its record layer is never used. */
static int finish(struct tlsdsk *tlsdsk, struct fault *fault)
{
    SSL *ssl = tlsdsk->ssl;
    uint8_t material[TLSDSK_MATERIAL_LEN];
    if (BIO_ctrl_pending(SSL_get_rbio(ssl)) > 0)
        return refuse(fault, ERR_MALFORMED, "bytes after the peer's Finished");
    if (SSL_session_reused(ssl))
        return refuse(fault, ERR_DENIED, "a resumed session proves no certificate");
    tlsdsk->peer = SSL_get1_peer_certificate(ssl);
    if (!tlsdsk->peer)
        return refuse(fault, ERR_DENIED, "the peer has no certificate");
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    if (hash_of(cipher, &tlsdsk->keys.hash) < 0)
        return refuse(fault, ERR_UNSUPPORTED, "the cipher suite has no hash for signatures");
    if (SSL_export_keying_material(ssl, material, sizeof material, material_label,
                                   sizeof material_label - 1, NULL, 0, 0) != 1)
        return refuse(fault, ERR_INTERNAL, "exporting the signing keys");
    tlsdsk_cut_material(material, &tlsdsk->keys);
    secret_wipe(material, sizeof material);
    snprintf(tlsdsk->version, sizeof tlsdsk->version, "%s", SSL_get_version(ssl));
    snprintf(tlsdsk->cipher, sizeof tlsdsk->cipher, "%s", SSL_CIPHER_get_name(cipher));
    tlsdsk->state = FINISHED;
    SSL_free(take(&tlsdsk->ssl));
    return 0;
}

static int advance(struct tlsdsk *tlsdsk, struct slice in, struct buf *out, struct fault *fault)
{
    SSL *ssl = tlsdsk->ssl;
    if (++tlsdsk->rounds > TLSDSK_ROUNDS_MAX)
        return refuse(fault, ERR_LIMIT, "more rounds than a handshake has");
    if (in.len > TLSDSK_TOKEN_MAX)
        return refuse(fault, ERR_LIMIT, "gssapi-data is too large");
    if (slice_empty(in) && (tlsdsk->server || tlsdsk->rounds > 1))
        return refuse(fault, ERR_MALFORMED, "gssapi-data is empty");
    if (!slice_empty(in) && BIO_write(SSL_get_rbio(ssl), in.at, (int)in.len) != (int)in.len)
        return refuse(fault, ERR_INTERNAL, "no memory for the handshake");
    int done = SSL_do_handshake(ssl);
    if (done != 1 && SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ)
        return refuse(fault, ERR_DENIED,
                      tlsdsk->server ? "client's handshake" : "server's handshake");
    char *flight = NULL;
    long len = BIO_get_mem_data(SSL_get_wbio(ssl), &flight);
    int err = tlsdsk_repack(slice_make(flight, len > 0 ? (size_t)len : 0), out);
    (void)BIO_reset(SSL_get_wbio(ssl));
    if (err < 0)
        return refuse(fault, ERR_INTERNAL, "repacking our own flight");
    if (done == 1)
        return (err = finish(tlsdsk, fault)) < 0 ? err : TLSDSK_DONE;
    if (len <= 0)
        return refuse(fault, ERR_MALFORMED, "gssapi-data ends within a flight");
    return TLSDSK_CONTINUE;
}

int tlsdsk_step(struct tlsdsk *tlsdsk, struct slice in, struct buf *out, struct fault *fault)
{
    if (tlsdsk->state != STEPPING)
        return refuse(fault, ERR_CONFLICT, "the handshake is over");
    ERR_clear_error(); /* the queue is the thread's: others may have left something */
    int state = advance(tlsdsk, in, out, fault);
    if (state < 0) {
        tlsdsk->state = FAILED;
        SSL_free(take(&tlsdsk->ssl));
        tlsdsk_keys_wipe(&tlsdsk->keys);
    }
    return state;
}

/* ---- what came of it ------------------------------------------------------------------ */

void tlsdsk_keys_wipe(struct tlsdsk_keys *keys)
{
    secret_wipe(keys, sizeof *keys);
}

int tlsdsk_keys(const struct tlsdsk *tlsdsk, struct tlsdsk_keys *keys_out)
{
    if (tlsdsk->state != FINISHED)
        return -ERR_CONFLICT;
    *keys_out = tlsdsk->keys;
    return 0;
}

X509 *tlsdsk_peer(const struct tlsdsk *tlsdsk)
{
    return tlsdsk->state == FINISHED ? tlsdsk->peer : NULL;
}

const char *tlsdsk_version(const struct tlsdsk *tlsdsk)
{
    return tlsdsk->version;
}

const char *tlsdsk_cipher(const struct tlsdsk *tlsdsk)
{
    return tlsdsk->cipher;
}
