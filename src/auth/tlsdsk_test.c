#include "auth/tlsdsk.h"

#include "auth/testing_priv.h"
#include "base/encode.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct slice unhex(struct arena *arena, const char *text)
{
    struct slice bytes;
    assert_int_equal(hex_parse(arena, slice_of(text), &bytes), 0);
    return bytes;
}

/* ---- keys -------------------------------------------------------------------------- */

/* protocol notes, Appendix A.1: TLS 1.0's PRF by OpenSSL's KDF, cut by us. */
static void test_vector_of_keys(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    uint8_t seed[64], material[TLSDSK_MATERIAL_LEN];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    struct slice master =
        unhex(arena, "de504833bbd9c3701cef83140bcfa93e8f4104bc9559d4f693bab42ccd91"
                     "588a58952590106ea145a794136221030174");
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    char digest[] = "MD5-SHA1", label[] = "client EAP encryption";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)master.at,
                                          master.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_KDF_derive(context, material, sizeof material, params), 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    struct tlsdsk_keys keys;
    tlsdsk_cut_material(material, &keys);
    assert_memory_equal(
        keys.client,
        unhex(arena, "5c1e79b2327bab49737156b42f415ffd428928c0492d83cd6cd0c13e15390ce9").at, 32);
    assert_memory_equal(
        keys.server,
        unhex(arena, "71d052db5bb066620d564b3bdc1a6ec6eac4a75bf414ac8a6bf6193459a8413e").at, 32);
}

/* ---- repacking --------------------------------------------------------------------------- */

static void add_record(struct buf *out, uint8_t type, struct slice payload)
{
    uint8_t header[5] = {type, 3, 1, (uint8_t)(payload.len >> 8), (uint8_t)payload.len};
    buf_add(out, slice_make(header, 5));
    buf_add(out, payload);
}

static void add_message(struct buf *out, uint8_t type, size_t len)
{
    uint8_t header[4] = {type, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    buf_add(out, slice_make(header, 4));
    for (size_t i = 0; i < len; i++)
        buf_add_byte(out, (char)i);
}

static void test_repack_merges_until_change_cipher(void **state)
{
    (void)state;
    scoped(buf) struct buf in = BUF_INIT, out = BUF_INIT, right = BUF_INIT;
    scoped(buf) struct buf a = BUF_INIT, b = BUF_INIT;
    add_message(&a, 2, 70);
    add_message(&b, 14, 0);
    add_record(&in, 22, buf_slice(&a));
    add_record(&in, 22, buf_slice(&b));
    add_record(&in, 20, SLICE("\1"));
    add_record(&in, 22, SLICE("sixteen sealed bytes"));
    add_record(&in, 22, SLICE("sealed too"));
    buf_add(&a, buf_slice(&b));
    add_record(&right, 22, buf_slice(&a));
    add_record(&right, 20, SLICE("\1"));
    add_record(&right, 22, SLICE("sixteen sealed bytes"));
    add_record(&right, 22, SLICE("sealed too"));
    assert_int_equal(tlsdsk_repack(buf_slice(&in), &out), 0);
    assert_true(slice_eq(buf_slice(&out), buf_slice(&right)));
}

static void test_repack_breaks_between_messages(void **state)
{
    (void)state;
    scoped(buf) struct buf in = BUF_INIT, out = BUF_INIT, all = BUF_INIT;
    const size_t lens[] = {9000, 7000, 400, 20000};
    for (size_t i = 0; i < 4; i++)
        add_message(&all, 11, lens[i]);
    for (struct slice rest = buf_slice(&all); rest.len > 0; rest = slice_from(rest, 1000))
        add_record(&in, 22, slice_head(rest, 1000));
    assert_int_equal(tlsdsk_repack(buf_slice(&in), &out), 0);
    /* 9000 and 7000 and two headers fit into 16384 bytes, with 400 they do not; the
     * rest of a message that is too long starts a record of its own. */
    const size_t records[] = {9004 + 7004, 404, 16384, 20004 - 16384};
    struct slice rest = buf_slice(&out);
    for (size_t i = 0; i < 4; i++) {
        assert_true(rest.len >= 5);
        assert_int_equal((uint8_t)rest.at[3] << 8 | (uint8_t)rest.at[4], records[i]);
        rest = slice_from(rest, 5 + records[i]);
    }
    assert_int_equal(rest.len, 0);
}

static void test_repack_refuses_what_is_cut_off(void **state)
{
    (void)state;
    scoped(buf) struct buf in = BUF_INIT, out = BUF_INIT;
    add_record(&in, 22, SLICE("0123456789"));
    for (size_t len = 1; len < in.len; len++)
        assert_int_equal(tlsdsk_repack(slice_head(buf_slice(&in), len), &out), -ERR_MALFORMED);
}

/* ---- handshakes ------------------------------------------------------------------------------ */

struct pair {
    struct tlsdsk_context *contexts[2];
    struct tlsdsk *client, *server;
    struct buf to_server, to_client;
};

static struct pair pair_of(int version, const char *cipher)
{
    struct pair pair = {.contexts = {testing_context(false, version, cipher),
                                     testing_context(true, version, cipher)}};
    assert_non_null(pair.contexts[0]);
    assert_non_null(pair.contexts[1]);
    pair.client = tlsdsk_new(pair.contexts[0]);
    pair.server = tlsdsk_new(pair.contexts[1]);
    return pair;
}

static void pair_free(struct pair *pair)
{
    tlsdsk_free(pair->client);
    tlsdsk_free(pair->server);
    tlsdsk_context_free(pair->contexts[0]);
    tlsdsk_context_free(pair->contexts[1]);
    buf_free(&pair->to_server);
    buf_free(&pair->to_client);
}

static int client_step(struct pair *pair, struct fault *fault)
{
    buf_clear(&pair->to_server);
    return tlsdsk_step(pair->client, buf_slice(&pair->to_client), &pair->to_server, fault);
}

static int server_step(struct pair *pair, struct fault *fault)
{
    buf_clear(&pair->to_client);
    return tlsdsk_step(pair->server, buf_slice(&pair->to_server), &pair->to_client, fault);
}

static void complete(struct pair *pair)
{
    struct fault fault = {0};
    assert_int_equal(client_step(pair, &fault), TLSDSK_CONTINUE);
    assert_int_equal(server_step(pair, &fault), TLSDSK_CONTINUE);
    assert_int_equal(client_step(pair, &fault), TLSDSK_CONTINUE);
    assert_int_equal(server_step(pair, &fault), TLSDSK_DONE);
    assert_int_equal(client_step(pair, &fault), TLSDSK_DONE);
    assert_int_equal(pair->to_server.len, 0);
}

static void test_both_halves_agree(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *cipher;
        enum sign_hash hash;
    } cases[] = {
        {TLS1_VERSION, "AES128-SHA", SIGN_SHA1},
        {TLS1_VERSION, "AES256-SHA", SIGN_SHA1},
        {TLS1_VERSION, "ECDHE-RSA-AES128-SHA", SIGN_SHA1},
        {TLS1_1_VERSION, "AES128-SHA", SIGN_SHA1},
        {TLS1_2_VERSION, "AES128-SHA", SIGN_SHA1},
        {TLS1_2_VERSION, "AES128-SHA256", SIGN_SHA256},
        {TLS1_2_VERSION, "AES256-SHA256", SIGN_SHA256},
        {TLS1_2_VERSION, "AES128-GCM-SHA256", SIGN_SHA256},
        {TLS1_2_VERSION, "AES256-GCM-SHA384", SIGN_SHA384},
        {TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384", SIGN_SHA384},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", SIGN_SHA256},
        {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", SIGN_SHA384},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair pair = pair_of(cases[i].version, cases[i].cipher);
        struct tlsdsk_keys c, s;
        assert_int_equal(tlsdsk_keys(pair.server, &s), -ERR_CONFLICT);
        assert_null(tlsdsk_peer(pair.server));
        complete(&pair);
        assert_int_equal(tlsdsk_keys(pair.client, &c), 0);
        assert_int_equal(tlsdsk_keys(pair.server, &s), 0);
        assert_memory_equal(c.client, s.client, SIGN_KEY_LEN);
        assert_memory_equal(c.server, s.server, SIGN_KEY_LEN);
        assert_memory_not_equal(c.client, c.server, SIGN_KEY_LEN);
        assert_int_equal(c.hash, cases[i].hash);
        assert_int_equal(s.hash, cases[i].hash);
        assert_string_equal(tlsdsk_cipher(pair.server), cases[i].cipher);
        assert_int_equal(X509_cmp(tlsdsk_peer(pair.server), testing_identity()->certificate), 0);
        pair_free(&pair);
    }
}

static void test_defaults_meet_at_tls12(void **state)
{
    (void)state;
    struct pair pair = pair_of(0, NULL);
    complete(&pair);
    assert_string_equal(tlsdsk_version(pair.client), "TLSv1.2");
    assert_string_equal(tlsdsk_cipher(pair.client), "ECDHE-RSA-AES128-GCM-SHA256");
    pair_free(&pair);
}

/* The ClientHello that pidgin-sipe 1.25 sends, by its description: TLS 1.0, no
 * session, RC4-MD5, RC4-SHA, AES128-SHA, AES256-SHA, EXPORT-RC4-40-MD5, no
 * compression, no extensions. */
static void sipe_hello(struct buf *out)
{
    static const uint8_t head[] = {22, 3, 1, 0, 53, 1, 0, 0, 49, 3, 1};
    static const uint8_t tail[] = {0, 0, 10, 0, 4, 0, 5, 0, 0x2f, 0, 0x35, 0, 3, 1, 0};
    buf_add(out, slice_make(head, sizeof head));
    for (int i = 0; i < 32; i++)
        buf_add_byte(out, (char)i);
    buf_add(out, slice_make(tail, sizeof tail));
}

static void test_sipe_gets_its_flight_in_one_record(void **state)
{
    (void)state;
    struct tlsdsk_context *context = testing_context(true, 0, NULL);
    scoped(tlsdsk) struct tlsdsk *server = tlsdsk_new(context);
    scoped(buf) struct buf hello = BUF_INIT, flight = BUF_INIT;
    struct fault fault = {0};
    sipe_hello(&hello);
    assert_int_equal(hello.len, 58);
    assert_int_equal(tlsdsk_step(server, buf_slice(&hello), &flight, &fault), TLSDSK_CONTINUE);
    const uint8_t *at = (const uint8_t *)flight.at;
    assert_int_equal(at[0], 22);
    assert_int_equal(at[1] << 8 | at[2], 0x0301);
    assert_int_equal((size_t)(at[3] << 8 | at[4]) + 5, flight.len);
    static const uint8_t order[] = {2, 11, 13, 14}; /* Hello, Certificate, Request, HelloDone */
    size_t next = 5;
    for (size_t i = 0; i < sizeof order; i++) {
        assert_int_equal(at[next], order[i]);
        next += 4 + (size_t)(at[next + 1] << 16 | at[next + 2] << 8 | at[next + 3]);
    }
    assert_int_equal(next, flight.len);
    assert_int_equal(at[9] << 8 | at[10], 0x0301);
    assert_int_equal(at[9 + 34], 0); /* no session id: nothing is resumed */
    assert_int_equal(at[9 + 35] << 8 | at[9 + 36], 0x002f);
    tlsdsk_context_free(context);
}

static void test_versions_that_do_not_meet(void **state)
{
    (void)state;
    struct tlsdsk_context *context = testing_context(true, TLS1_2_VERSION, NULL);
    scoped(tlsdsk) struct tlsdsk *server = tlsdsk_new(context);
    scoped(buf) struct buf hello = BUF_INIT, flight = BUF_INIT;
    struct fault fault = {0};
    sipe_hello(&hello);
    assert_int_equal(tlsdsk_step(server, buf_slice(&hello), &flight, &fault), -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_TLSDSK_HANDSHAKE);
    assert_non_null(strstr(fault.detail, "protocol"));
    assert_int_equal(tlsdsk_step(server, buf_slice(&hello), &flight, &fault), -ERR_CONFLICT);
    tlsdsk_context_free(context);
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    for (size_t cut = 1; cut < 300; cut += 37) {
        struct pair pair = pair_of(TLS1_VERSION, "AES128-SHA");
        assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
        assert_int_equal(server_step(&pair, &fault), TLSDSK_CONTINUE);
        assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
        pair.to_server.len -= cut;
        assert_true(server_step(&pair, &fault) < 0);
        assert_null(tlsdsk_peer(pair.server));
        pair_free(&pair);
    }
}

static void test_altered_flight_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    for (size_t from_end = 1; from_end < 700; from_end += 67) {
        struct pair pair = pair_of(TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256");
        assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
        assert_int_equal(server_step(&pair, &fault), TLSDSK_CONTINUE);
        assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
        pair.to_server.at[pair.to_server.len - from_end] ^= 1;
        int result = server_step(&pair, &fault);
        assert_true(result != TLSDSK_DONE);
        pair_free(&pair);
    }
}

static void test_trailing_bytes_empty_oversized(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct pair pair = pair_of(TLS1_VERSION, "AES128-SHA");
    assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
    assert_int_equal(server_step(&pair, &fault), TLSDSK_CONTINUE);
    assert_int_equal(client_step(&pair, &fault), TLSDSK_CONTINUE);
    buf_add_byte(&pair.to_server, '\x17');
    assert_int_equal(server_step(&pair, &fault), -ERR_MALFORMED);
    pair_free(&pair);

    pair = pair_of(TLS1_VERSION, "AES128-SHA");
    assert_int_equal(server_step(&pair, &fault), -ERR_MALFORMED); /* nothing at all */
    pair_free(&pair);

    pair = pair_of(TLS1_VERSION, "AES128-SHA");
    while (pair.to_server.len <= TLSDSK_TOKEN_MAX)
        buf_add_byte(&pair.to_server, '\x16');
    assert_int_equal(server_step(&pair, &fault), -ERR_LIMIT);
    pair_free(&pair);
}

static void test_client_without_certificate_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct tlsdsk_context *context = testing_context(true, TLS1_2_VERSION, NULL);
    scoped(tlsdsk) struct tlsdsk *server = tlsdsk_new(context);
    SSL_CTX *anonymous = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(anonymous, TLS1_2_VERSION);
    SSL *client = SSL_new(anonymous);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(client, in, out);
    SSL_set_connect_state(client);
    int result = TLSDSK_CONTINUE;
    for (int i = 0; i < 2; i++) {
        scoped(buf) struct buf answer = BUF_INIT;
        char *at;
        SSL_do_handshake(client);
        long len = BIO_get_mem_data(out, &at);
        result = tlsdsk_step(server, slice_make(at, (size_t)len), &answer, &fault);
        (void)BIO_reset(out);
        if (answer.len)
            BIO_write(in, answer.at, (int)answer.len);
    }
    assert_int_equal(result, -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "certificate"));
    SSL_free(client);
    SSL_CTX_free(anonymous);
    tlsdsk_context_free(context);
}

static void test_contexts_that_make_no_sense(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct tlsdsk_options options = {.server = true,
                                     .key = testing_identity()->key,
                                     .certificate = testing_identity()->certificate};
    options.ciphers = "NO-SUCH-SUITE";
    assert_null(tlsdsk_context_new(&options, &fault));
    options.ciphers = NULL;
    options.max_version = TLS1_3_VERSION;
    assert_null(tlsdsk_context_new(&options, &fault));
    options.max_version = 0;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    options.key = other;
    assert_null(tlsdsk_context_new(&options, &fault));
    options.server = false; /* a client's key may be ECDSA, but must fit */
    assert_null(tlsdsk_context_new(&options, &fault));
    options.key = NULL;
    assert_null(tlsdsk_context_new(&options, &fault));
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_of_keys),
        cmocka_unit_test(test_repack_merges_until_change_cipher),
        cmocka_unit_test(test_repack_breaks_between_messages),
        cmocka_unit_test(test_repack_refuses_what_is_cut_off),
        cmocka_unit_test(test_both_halves_agree),
        cmocka_unit_test(test_defaults_meet_at_tls12),
        cmocka_unit_test(test_sipe_gets_its_flight_in_one_record),
        cmocka_unit_test(test_versions_that_do_not_meet),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_altered_flight_is_refused),
        cmocka_unit_test(test_trailing_bytes_empty_oversized),
        cmocka_unit_test(test_client_without_certificate_is_refused),
        cmocka_unit_test(test_contexts_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
