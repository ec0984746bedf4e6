#include "base/clock.h"
#include "net/net_test_priv.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct world w;

static struct slice pem_of(struct arena *arena, BIO *bio)
{
    char *at;
    long len = BIO_get_mem_data(bio, &at);
    struct slice copy = arena_copy(arena, slice_make(at, (size_t)len));
    BIO_free(bio);
    return copy;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

struct tls_pair make_pair(struct arena *arena, const char *name, long from, long to, bool rsa,
                          const char *file)
{
    static long serial;
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), from);
    X509_gmtime_adj(X509_getm_notAfter(cert), to);
    X509_set_pubkey(cert, key);
    X509_NAME *subject = X509_get_subject_name(cert);
    struct slice cn = arena_print(arena, "test %ld", serial);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)cn.at, -1, -1,
                               0);
    X509_set_issuer_name(cert, subject);
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(cert, NID_subject_alt_name, arena_print(arena, "DNS:%s,IP:127.0.0.1", name).at);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    BIO *certificate_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate_pem, cert);
    PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
    X509_free(cert);
    EVP_PKEY_free(key);
    struct tls_pair pair = {.certificate_pem = pem_of(arena, certificate_pem),
                            .key_pem = pem_of(arena, key_pem)};
    if (file) {
        FILE *out = fopen(file, "a");
        assert_non_null(out);
        fwrite(pair.certificate_pem.at, 1, pair.certificate_pem.len, out);
        fclose(out);
    }
    return pair;
}

/* ---- the two sides ---- */

static struct side *side_of(struct conn *conn)
{
    return conn_user(conn);
}

static void on_open(struct conn *conn)
{
    side_of(conn)->conn = conn;
    side_of(conn)->opened = true;
}

static size_t collect(struct conn *conn, struct slice bytes)
{
    buf_add(&side_of(conn)->got, bytes);
    return bytes.len;
}

static size_t echo(struct conn *conn, struct slice bytes)
{
    conn_write(conn, bytes);
    return bytes.len;
}

static void on_drained(struct conn *conn)
{
    side_of(conn)->drained++;
}

static void on_closed(struct conn *conn, const struct fault *why)
{
    struct side *side = side_of(conn);
    assert_false(side->closed);
    side->conn = NULL;
    side->closed = true;
    side->why = *why;
    conn_write(conn, SLICE("too late")); /* harmless */
    conn_close(conn);
}

const struct conn_handler client_handler = {on_open, collect, on_drained, on_closed};
const struct conn_handler echo_handler = {on_open, echo, on_drained, on_closed};

void world_listen(struct listener_options options)
{
    struct fault fault = {0};
    if (options.fd == 0)
        assert_int_equal(address_parse(SLICE("127.0.0.1:0"), 0, &options.address, NULL), 0);
    if (!options.conn.handler)
        options.conn.handler = &echo_handler;
    if (!options.conn.user)
        options.conn.user = &w.server;
    options.conn.workers = w.workers;
    w.listener = listener_open(w.loop, &options, &fault);
    assert_non_null(w.listener);
    assert_int_not_equal(address_port(listener_address(w.listener)), 0);
}

void world_connect(bool tls, const char *host, struct conn_limits limits)
{
    struct conn_options options = {.handler = &client_handler,
                                   .user = &w.client,
                                   .limits = limits,
                                   .tls = tls ? w.client_tls : NULL};
    w.client.conn = conn_connect(w.loop, listener_address(w.listener), host, &options, NULL);
    assert_non_null(w.client.conn);
}

/* ---- running ---- */

static void poll(void *arg)
{
    (void)arg;
    if (w.until() || clock_monotonic() > w.give_up)
        loop_stop(w.loop);
    else
        timer_start(&w.poll, 1);
}

void run_until(bool (*condition)(void))
{
    w.until = condition;
    w.give_up = clock_monotonic() + 20000;
    timer_start(&w.poll, 0);
    loop_run(w.loop);
    assert_true(condition());
}

bool client_closed(void)
{
    return w.client.closed;
}

bool server_closed(void)
{
    return w.server.closed;
}

bool both_open(void)
{
    return w.client.opened && w.server.opened;
}

bool both_closed(void)
{
    return w.client.closed && w.server.closed;
}

/* Made once: an RSA key takes its time. */
static struct {
    struct arena *arena;
    struct tls_pair pairs[2];
    char ca_file[32];
} localhost;

int world_open(void **state)
{
    (void)state;
    localhost.arena = arena_new();
    strcpy(localhost.ca_file, "/tmp/lychgate-net-XXXXXX");
    close(mkstemp(localhost.ca_file));
    for (int i = 0; i < 2; i++)
        localhost.pairs[i] =
            make_pair(localhost.arena, "localhost", -60, 3600, i == 1, localhost.ca_file);
    return 0;
}

int world_close(void **state)
{
    (void)state;
    unlink(localhost.ca_file);
    arena_free(localhost.arena);
    return 0;
}

int world_setup(void **state)
{
    (void)state;
    w = (struct world){.loop = loop_new(NULL)};
    w.workers = workers_new(&(struct workers_options){.count = 1}, NULL);
    timer_init(&w.poll, w.loop, poll, NULL);
    w.server_tls = tls_server_new(
        &(struct tls_server_options){.pairs = localhost.pairs, .pair_count = 2}, NULL);
    w.client_tls = tls_client_new(&(struct tls_client_options){.ca_file = localhost.ca_file}, NULL);
    return w.server_tls && w.client_tls ? 0 : -1;
}

int world_teardown(void **state)
{
    (void)state;
    timer_stop(&w.poll);
    listener_close(w.listener);
    workers_free(w.workers);
    loop_free(w.loop);
    tls_unref(w.server_tls);
    tls_unref(w.client_tls);
    buf_free(&w.server.got);
    buf_free(&w.client.got);
    return 0;
}
