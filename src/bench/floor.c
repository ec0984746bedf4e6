#include "bench/floor.h"

#include "auth/sign.h"
#include "auth/tlsdsk.h"
#include "base/arena.h"
#include "base/clock.h"
#include "net/tls.h"

#include <crypt.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <time.h>

enum {
    WARM_UP = 5,
    ROUNDS = 101,
    MACS = 1000,      /* of one round: a single one is shorter than the clock's grain */
    MAC_TEXT = 300,   /* bytes of a usual signature string */
    FLIGHTS_MAX = 8,  /* of a handshake, before it is called stuck */
    TICKET_TEXT = 800 /* bytes under a ticket's signature: its SignedInfo */
};

/* Everything that the pieces need, made once. */
struct bed {
    const struct stage *stage;
    struct arena *arena;
    struct tls *server, *client;
    struct tlsdsk_context *dsk_server, *dsk_client;
    EVP_PKEY *dsk_key, *ec_key;
    X509 *dsk_certificate;
    X509_REQ *csr;
    double us; /* what the piece has used on the server's side */
};

static double processor_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the pieces: each adds the server's time to bed->us; false when it failed ---------- */

/* Carry what one side wrote to the other. */
static void carry(SSL *from, SSL *to)
{
    char bytes[16384];
    for (int len; (len = BIO_read(SSL_get_wbio(from), bytes, sizeof bytes)) > 0;)
        BIO_write(SSL_get_rbio(to), bytes, len);
}

static bool shake_hands(struct bed *bed, SSL *server, SSL *client)
{
    for (int flight = 0; flight < FLIGHTS_MAX; flight++) {
        SSL_do_handshake(client);
        carry(client, server);
        double began = processor_us();
        SSL_do_handshake(server);
        bed->us += processor_us() - began;
        carry(server, client);
        if (SSL_is_init_finished(client) && SSL_is_init_finished(server))
            return true;
    }
    return false;
}

static bool outer_handshake(struct bed *bed)
{
    double began = processor_us();
    SSL *server = tls_session_new(bed->server, NULL);
    SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(server);
    bed->us += processor_us() - began;
    SSL *client = tls_session_new(bed->client, bed->stage->sip_host);
    SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client);
    bool good = shake_hands(bed, server, client);
    SSL_free(client);
    began = processor_us();
    SSL_free(server);
    bed->us += processor_us() - began;
    return good;
}

static bool inner_handshake(struct bed *bed)
{
    scoped(tlsdsk) struct tlsdsk *client = tlsdsk_new(bed->dsk_client);
    scoped(buf) struct buf to_server = BUF_INIT, to_client = BUF_INIT;
    struct fault fault;
    double began = processor_us();
    struct tlsdsk *server = tlsdsk_new(bed->dsk_server);
    bed->us += processor_us() - began;
    int state = TLSDSK_CONTINUE;
    for (int flight = 0; flight < FLIGHTS_MAX && state == TLSDSK_CONTINUE; flight++) {
        buf_clear(&to_server);
        if (tlsdsk_step(client, buf_slice(&to_client), &to_server, &fault) < 0)
            break;
        buf_clear(&to_client);
        began = processor_us();
        state = tlsdsk_step(server, buf_slice(&to_server), &to_client, &fault);
        bed->us += processor_us() - began;
    }
    began = processor_us();
    tlsdsk_free(server);
    bed->us += processor_us() - began;
    return state == TLSDSK_DONE;
}

static bool signatures(struct bed *bed)
{
    static const uint8_t key[SIGN_KEY_LEN];
    char text[MAC_TEXT] = {0};
    uint8_t mac[SIGN_MAC_MAX];
    double began = processor_us();
    for (int i = 0; i < MACS; i++)
        if (sign_mac(SIGN_SHA1, key, slice_make(text, sizeof text), mac) == 0)
            return false;
    bed->us += (processor_us() - began) / MACS * 2;
    return true;
}

static bool sign_and_verify(struct bed *bed, EVP_PKEY *key, int verifications)
{
    unsigned char text[TICKET_TEXT] = {0}, signature[512];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    double began = processor_us();
    bool good = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &len, text, sizeof text) == 1;
    for (int i = 0; i < verifications && good; i++) {
        EVP_MD_CTX_reset(context);
        good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(context, signature, len, text, sizeof text) == 1;
    }
    bed->us += processor_us() - began;
    EVP_MD_CTX_free(context);
    return good;
}

static bool ticket(struct bed *bed)
{
    return sign_and_verify(bed, bed->ec_key, 2);
}

static bool issue(struct bed *bed)
{
    unsigned char *der = NULL;
    int len = i2d_X509_REQ(bed->csr, &der);
    const unsigned char *at = der;
    double began = processor_us();
    X509_REQ *csr = len > 0 ? d2i_X509_REQ(NULL, &at, len) : NULL;
    bool good = csr && X509_REQ_verify(csr, X509_REQ_get0_pubkey(csr)) == 1;
    bed->us += processor_us() - began;
    X509_REQ_free(csr);
    OPENSSL_free(der);
    return good && sign_and_verify(bed, bed->dsk_key, 0);
}

/* One hash of the cost that the stage's passwords have. */
static bool password(struct bed *bed)
{
    struct crypt_data data = {0};
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn("$y$", STAGE_PASSWORD_COST, NULL, 0, setting, sizeof setting))
        return false;
    double began = processor_us();
    const char *hash = crypt_r(BENCH_PASSWORD, setting, &data);
    bed->us += processor_us() - began;
    return hash && hash[0] == '$';
}

static const struct {
    const char *name;
    bool (*once)(struct bed *bed);
    unsigned times[FLOOR_KINDS]; /* in one sign-in of that kind */
} pieces[] = {
    {"floor_outer_tls", outer_handshake, {1, 2, 1}}, {"floor_tlsdsk", inner_handshake, {1, 1, 0}},
    {"floor_signatures", signatures, {1, 1, 0}},     {"floor_ticket", ticket, {0, 1, 1}},
    {"floor_certificate", issue, {0, 1, 0}},         {"floor_password", password, {0, 1, 1}},
};

/* ---- the bed -------------------------------------------------------------------------------- */

static int make_outer(struct bed *bed, struct fault *fault)
{
    const char *dir = bed->stage->dir;
    const struct tls_pair pairs[] = {
        {.certificate_file = arena_print(bed->arena, "%s/tls/rsa.pem", dir).at,
         .key_file = arena_print(bed->arena, "%s/tls/rsa.key", dir).at},
        {.certificate_file = arena_print(bed->arena, "%s/tls/ecdsa.pem", dir).at,
         .key_file = arena_print(bed->arena, "%s/tls/ecdsa.key", dir).at},
    };
    bed->server =
        tls_server_new(&(struct tls_server_options){.pairs = pairs, .pair_count = 2}, fault);
    if (!bed->server)
        return fault->err;
    bed->client =
        tls_client_new(&(struct tls_client_options){.ca_file = bed->stage->ca_file}, fault);
    return bed->client ? 0 : fault->err;
}

static int make_inner(struct bed *bed, struct fault *fault)
{
    int err = tlsdsk_identity_new(slice_of(bed->stage->sip_host), clock_now(), &bed->dsk_key,
                                  &bed->dsk_certificate, fault);
    if (err < 0)
        return err;
    bed->dsk_server = tlsdsk_context_new(
        &(struct tlsdsk_options){
            .server = true, .key = bed->dsk_key, .certificate = bed->dsk_certificate},
        fault);
    if (!bed->dsk_server)
        return fault->err;
    /* A client's key is of the same kind, so the server's does as well. */
    bed->dsk_client = tlsdsk_context_new(
        &(struct tlsdsk_options){.key = bed->dsk_key, .certificate = bed->dsk_certificate}, fault);
    return bed->dsk_client ? 0 : fault->err;
}

static int make_keys(struct bed *bed, struct fault *fault)
{
    bed->ec_key = EVP_EC_gen("P-256");
    bed->csr = X509_REQ_new();
    if (!bed->ec_key || !bed->csr || !X509_REQ_set_pubkey(bed->csr, bed->stage->key) ||
        !X509_REQ_sign(bed->csr, bed->stage->key, EVP_sha256()))
        return fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "OpenSSL makes no keys");
    return 0;
}

static void bed_fini(struct bed *bed)
{
    tls_unref(bed->server);
    tls_unref(bed->client);
    tlsdsk_context_free(bed->dsk_server);
    tlsdsk_context_free(bed->dsk_client);
    EVP_PKEY_free(bed->dsk_key);
    EVP_PKEY_free(bed->ec_key);
    X509_free(bed->dsk_certificate);
    X509_REQ_free(bed->csr);
    arena_free(bed->arena);
}

static int median_of(struct bed *bed, size_t piece, double *us_out, struct fault *fault)
{
    struct bench_series series = {0};
    bool good = true;
    for (int i = 0; i < WARM_UP + ROUNDS && good; i++) {
        bed->us = 0;
        good = pieces[piece].once(bed);
        if (i >= WARM_UP)
            bench_series_add(&series, bed->us);
    }
    *us_out = bench_series_quantile(&series, 0.5);
    bench_series_fini(&series);
    return good ? 0
                : fault_set(fault, ERR_INTERNAL, FINDING_INTERNAL, "%s: it does not come about",
                            pieces[piece].name);
}

int floor_measure(const struct stage *stage, enum floor_kind kind, struct bench_report *report,
                  struct fault *fault)
{
    struct bed bed = {.stage = stage, .arena = arena_new()};
    double sum = 0, us;
    int err = make_outer(&bed, fault);
    if (err == 0)
        err = make_inner(&bed, fault);
    if (err == 0)
        err = make_keys(&bed, fault);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && err == 0; i++) {
        unsigned times = pieces[i].times[kind];
        if (times == 0)
            continue;
        err = median_of(&bed, i, &us, fault);
        bench_report_figure(report, pieces[i].name, us, "us");
        sum += us * times;
    }
    bench_report_figure(report, "floor_cpu_each", sum, "us");
    bed_fini(&bed);
    return err;
}
