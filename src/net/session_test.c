/* What happens to connections in the long run: protocols told apart, requests
 * that wait, contexts replaced, descriptors used up, many loops. */
#include "base/clock.h"
#include "event/event.h"
#include "net/net_test_priv.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static const struct conn_limits no_limits = {0};
static struct slice expected;

static bool client_has_expected(void)
{
    return slice_eq(buf_slice(&w.client.got), expected) || w.client.closed;
}

static void expect(struct slice text)
{
    expected = text;
    run_until(client_has_expected);
    assert_true(slice_eq(buf_slice(&w.client.got), text));
}

static void open_both(bool tls)
{
    w.client.opened = w.client.closed = w.server.opened = w.server.closed = false;
    buf_free(&w.client.got);
    world_connect(tls, "localhost", no_limits);
    run_until(both_open);
}

/* ---- handlers change ---- */

static size_t shout(struct conn *conn, struct slice bytes)
{
    ptrdiff_t end = slice_index(bytes, '\n');
    if (end < 0)
        return 0;
    conn_write(conn, slice_head(bytes, (size_t)end));
    conn_write(conn, SLICE("!"));
    return (size_t)end + 1;
}

/* Looks at the first byte, consumes nothing, and puts another in charge. */
static size_t tell_apart(struct conn *conn, struct slice bytes)
{
    static struct conn_handler shouter;
    shouter = echo_handler;
    shouter.on_bytes = shout;
    conn_set_handler(conn, bytes.at[0] == 'a' ? &shouter : &echo_handler, conn_user(conn));
    return 0;
}

static void test_first_bytes_choose_the_handler(void **state)
{
    (void)state;
    struct conn_handler teller = echo_handler;
    teller.on_bytes = tell_apart;
    world_listen((struct listener_options){.conn = {.tls = w.server_tls, .handler = &teller}});
    open_both(true);
    conn_write(w.client.conn, SLICE("a\nbc\nd"));
    expect(SLICE("a!bc!"));
    conn_write(w.client.conn, SLICE("e\n"));
    expect(SLICE("a!bc!de!"));
    conn_close(w.client.conn);
    run_until(both_closed);
    open_both(true);
    conn_write(w.client.conn, SLICE("zap"));
    expect(SLICE("zap"));
}

/* ---- a request that waits ---- */

static int requests;

static size_t one_at_a_time(struct conn *conn, struct slice bytes)
{
    (void)bytes;
    requests++;
    conn_pause(conn);
    return 1;
}

static bool asked_once(void)
{
    return requests == 1;
}

static bool asked_twice(void)
{
    return requests == 2;
}

static void test_pause_keeps_the_rest_and_the_end(void **state)
{
    (void)state;
    requests = 0;
    struct conn_handler slow = echo_handler;
    slow.on_bytes = one_at_a_time;
    world_listen((struct listener_options){.conn.handler = &slow});
    open_both(false);
    conn_write(w.client.conn, SLICE("xy"));
    conn_close_after_flush(w.client.conn); /* asks, and says that it asks no more */
    run_until(asked_once);
    assert_false(w.server.closed);
    conn_resume(w.server.conn);
    assert_int_equal(requests, 1); /* from the loop, not from within */
    run_until(asked_twice);
    conn_resume(w.server.conn);
    run_until(both_closed);
    assert_int_equal(w.server.why.finding, FINDING_CONNECTION_LOST);
}

/* ---- messages in two pieces ---- */

/* A peer with Nagle's algorithm, whose second piece waits for the first's acknowledgement. */
static void test_half_a_message_is_acknowledged_at_once(void **state)
{
    (void)state;
    enum {
        ROUNDS = 10,
        SETTLED = 5, /* at first the kernel delays no acknowledgement anyway */
        SOON_MS = 20 /* half the time that Linux would delay it */
    };
    struct conn_handler shouter = echo_handler;
    shouter.on_bytes = shout;
    world_listen((struct listener_options){.conn = {.tls = w.server_tls, .handler = &shouter}});
    open_both(true);
    setsockopt(SSL_get_fd(conn_ssl(w.client.conn)), IPPROTO_TCP, TCP_NODELAY, &(int){0},
               sizeof(int));
    int64_t fastest = INT64_MAX; /* others have the processor too, but not in each round */
    for (int i = 0; i < ROUNDS; i++) {
        int64_t begun = clock_monotonic();
        buf_clear(&w.client.got);
        conn_write(w.client.conn, SLICE("a"));
        conn_write(w.client.conn, SLICE("b\n"));
        expect(SLICE("ab!"));
        int64_t took = clock_monotonic() - begun;
        if (i >= SETTLED && took < fastest)
            fastest = took;
    }
    conn_close(w.client.conn);
    run_until(both_closed);
    assert_in_range(fastest, 0, SOON_MS);
}

/* ---- contexts ---- */

static long serial_seen(void)
{
    X509 *cert = SSL_get0_peer_certificate(conn_ssl(w.client.conn));
    return ASN1_INTEGER_get(X509_get0_serialNumber(cert));
}

static void test_reload_keeps_old_connections(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    char file[] = "/tmp/lychgate-net-XXXXXX";
    close(mkstemp(file));
    struct tls_pair one = make_pair(arena, "localhost", -60, 3600, false, file),
                    two = make_pair(arena, "localhost", -60, 3600, false, file),
                    mixed = {.certificate_pem = one.certificate_pem, .key_pem = two.key_pem},
                    nothing = {.certificate_file = "/nonexistent"};
    tls_unref(w.client_tls);
    w.client_tls = tls_client_new(&(struct tls_client_options){.ca_file = file}, NULL);
    unlink(file);
    struct tls_server_options options = {.pairs = &one, .pair_count = 1};
    assert_int_equal(tls_server_reload(w.server_tls, &options, NULL), 0);
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    open_both(true);
    struct conn *old = w.client.conn;
    long before = serial_seen();

    options.pairs = &two;
    assert_int_equal(tls_server_reload(w.server_tls, &options, NULL), 0);
    conn_write(old, SLICE("still here"));
    expect(SLICE("still here"));
    assert_int_equal(serial_seen(), before);
    conn_close(old);
    run_until(both_closed);

    struct fault fault = {0};
    options.pairs = &mixed;
    assert_int_equal(tls_server_reload(w.server_tls, &options, &fault), -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    options.pairs = &nothing;
    assert_int_equal(tls_server_reload(w.server_tls, &options, &fault), -ERR_MALFORMED);
    assert_non_null(strstr(fault.detail, "/nonexistent"));
    options.pair_count = 0;
    assert_int_equal(tls_server_reload(w.server_tls, &options, NULL), -ERR_MALFORMED);
    open_both(true);
    assert_int_equal(serial_seen(), before + 1);
}

/* A handshake in memory; 0 when both sides are done. `version`: the client's only one. */
static int shake_in_memory(struct tls *server_tls, int version, const char *groups,
                           const char *sigalgs, int *group_out, int *key_out)
{
    struct tls *client_tls =
        tls_client_new(&(struct tls_client_options){.legacy = true, .trust_all = true}, NULL);
    SSL *server = tls_session_new(server_tls, NULL), *client = tls_session_new(client_tls, "x");
    SSL_set_min_proto_version(client, version);
    SSL_set_max_proto_version(client, version);
    if (groups)
        assert_true(SSL_set1_groups_list(client, groups));
    if (sigalgs)
        assert_true(SSL_set1_sigalgs_list(client, sigalgs));
    BIO *one, *two;
    BIO_new_bio_pair(&one, 0, &two, 0);
    SSL_set_bio(server, one, one);
    SSL_set_bio(client, two, two);
    int done = 0;
    for (int i = 0; i < 10 && done != 2; i++)
        done = (SSL_do_handshake(client) == 1) + (SSL_do_handshake(server) == 1);
    ERR_clear_error();
    if (done == 2 && group_out)
        *group_out = (int)SSL_get_shared_group(server, 0);
    if (done == 2 && key_out)
        *key_out = EVP_PKEY_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(client)));
    SSL_free(client);
    SSL_free(server);
    tls_unref(client_tls);
    return done == 2 ? 0 : -1;
}

static void test_versions_groups_and_keys(void **state)
{
    (void)state;
    int group = 0, key = 0;
    assert_int_equal(
        shake_in_memory(w.server_tls, TLS1_3_VERSION, "P-384:X25519", NULL, &group, NULL), 0);
    assert_int_equal(group, NID_X25519);
    assert_int_equal(
        shake_in_memory(w.server_tls, TLS1_2_VERSION, "P-384:P-256", NULL, &group, NULL), 0);
    assert_int_equal(group, NID_X9_62_prime256v1);
    assert_int_equal(shake_in_memory(w.server_tls, TLS1_2_VERSION, NULL, "RSA+SHA256", NULL, &key),
                     0);
    assert_int_equal(key, EVP_PKEY_RSA);
    assert_int_equal(
        shake_in_memory(w.server_tls, TLS1_3_VERSION, NULL, "ECDSA+SHA256", NULL, &key), 0);
    assert_int_equal(key, EVP_PKEY_EC);
    assert_int_not_equal(shake_in_memory(w.server_tls, TLS1_1_VERSION, NULL, NULL, NULL, NULL), 0);
    scoped(arena) struct arena *arena = arena_new();
    struct tls_pair pair = make_pair(arena, "localhost", -60, 3600, true, NULL);
    struct tls *legacy = tls_server_new(
        &(struct tls_server_options){.pairs = &pair, .pair_count = 1, .legacy = true}, NULL);
    assert_int_equal(shake_in_memory(legacy, TLS1_VERSION, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(shake_in_memory(legacy, TLS1_3_VERSION, NULL, NULL, NULL, NULL), 0);
    tls_unref(legacy);
}

/* ---- limits of listeners ---- */

static void test_quota_refuses_and_returns(void **state)
{
    (void)state;
    struct quota *quota = quota_new(0, 1);
    world_listen((struct listener_options){.quota = quota});
    open_both(false);
    uint64_t before = event_count(FINDING_TOO_MANY_CONNECTIONS);
    struct side first = w.client;
    w.client = (struct side){0};
    conn_set_handler(first.conn, &client_handler, &first);
    world_connect(false, NULL, no_limits);
    run_until(client_closed);
    assert_int_equal(event_count(FINDING_TOO_MANY_CONNECTIONS), before + 1);
    conn_close(first.conn);
    run_until(server_closed);
    open_both(false); /* the place is free again */
    assert_int_equal(quota_total(quota), 1);
    quota_unref(quota);
}

static uint64_t pauses_before;

static bool accepting_paused(void)
{
    return event_count(FINDING_TOO_MANY_CONNECTIONS) > pauses_before;
}

static void test_out_of_descriptors(void **state)
{
    (void)state;
    world_listen((struct listener_options){0});
    world_connect(false, NULL, no_limits);
    pauses_before = event_count(FINDING_TOO_MANY_CONNECTIONS);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next, before.rlim_max});
    run_until(accepting_paused);
    assert_false(w.server.opened);
    setrlimit(RLIMIT_NOFILE, &before);
    run_until(both_open);
    assert_int_equal(event_count(FINDING_TOO_MANY_CONNECTIONS), pauses_before + 1);
}

static void test_socket_from_outside(void **state)
{
    (void)state;
    struct address address;
    assert_int_equal(address_parse(SLICE("[::1]:0"), 0, &address, NULL), 0);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, &address.any, address_len(&address)) != 0)
        skip(); /* a kernel without IPv6 */
    assert_int_equal(listen(fd, 5), 0);
    world_listen((struct listener_options){.fd = fd});
    open_both(false);
    assert_int_equal(conn_peer(w.server.conn)->any.sa_family, AF_INET6);
}

/* ---- many loops ---- */

enum {
    CLIENTS = 24
};

static atomic_int opened[2];
static struct loop *loops[2];

static void opened_somewhere(struct conn *conn)
{
    assert_ptr_equal(loop_current(), conn_loop(conn));
    atomic_fetch_add(&opened[conn_loop(conn) == loops[1]], 1);
}

static size_t echo_anywhere(struct conn *conn, struct slice bytes)
{
    conn_write(conn, bytes);
    return bytes.len;
}

static int answered;

static void say(struct conn *conn)
{
    conn_write(conn, SLICE("x"));
}

static size_t hear(struct conn *conn, struct slice bytes)
{
    answered++;
    conn_close(conn);
    return bytes.len;
}

static bool all_answered(void)
{
    return answered == CLIENTS;
}

static void test_loops_take_turns(void **state)
{
    (void)state;
    static const struct conn_handler handler = {.on_open = opened_somewhere,
                                                .on_bytes = echo_anywhere};
    static const struct conn_handler asker = {.on_open = say, .on_bytes = hear};
    answered = 0;
    for (int i = 0; i < 2; i++) {
        loops[i] = loop_new(NULL);
        assert_int_equal(loop_spawn(loops[i], "loop", NULL), 0);
    }
    world_listen((struct listener_options){
        .loops = loops, .loop_count = 2, .conn = {.tls = w.server_tls, .handler = &handler}});
    for (int i = 0; i < CLIENTS; i++)
        conn_connect(w.loop, listener_address(w.listener), "localhost",
                     &(struct conn_options){.handler = &asker, .tls = w.client_tls}, NULL);
    run_until(all_answered);
    assert_int_equal(opened[0], CLIENTS / 2);
    assert_int_equal(opened[1], CLIENTS / 2);
    listener_close(w.listener);
    w.listener = NULL;
    for (int i = 0; i < 2; i++) {
        loop_stop(loops[i]);
        loop_join(loops[i]);
    }
    workers_free(w.workers);
    w.workers = NULL;
    loop_free(loops[0]);
    loop_free(loops[1]);
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        NET_TEST(test_first_bytes_choose_the_handler),
        NET_TEST(test_pause_keeps_the_rest_and_the_end),
        NET_TEST(test_half_a_message_is_acknowledged_at_once),
        NET_TEST(test_reload_keeps_old_connections),
        NET_TEST(test_versions_groups_and_keys),
        NET_TEST(test_quota_refuses_and_returns),
        NET_TEST(test_out_of_descriptors),
        NET_TEST(test_socket_from_outside),
        NET_TEST(test_loops_take_turns),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
