#include "event/event.h"
#include "net/net_test_priv.h"

#include <openssl/ssl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static size_t wanted;

static bool client_has_all(void)
{
    return w.client.got.len >= wanted || w.client.closed;
}

static const struct conn_limits no_limits = {0};

static void say_and_hear(struct slice text)
{
    wanted = w.client.got.len + text.len;
    conn_write(w.client.conn, text);
    run_until(client_has_all);
    assert_int_equal(w.client.got.len, wanted);
    assert_true(slice_ends(buf_slice(&w.client.got), text));
}

static void close_from_client(void)
{
    conn_close_after_flush(w.client.conn);
    run_until(both_closed);
    assert_int_equal(w.client.why.finding, FINDING_NONE);
    assert_int_equal(w.server.why.finding, FINDING_CONNECTION_LOST);
    assert_int_equal(loop_conn_count(w.loop), 0);
}

static void test_tcp_echo(void **state)
{
    (void)state;
    world_listen((struct listener_options){0});
    world_connect(false, NULL, no_limits);
    conn_write(w.client.conn, SLICE("before it is open, ")); /* waits */
    wanted = 19;
    run_until(client_has_all);
    say_and_hear(SLICE("hello"));
    assert_int_equal(address_port(conn_peer(w.client.conn)),
                     address_port(listener_address(w.listener)));
    struct address local = conn_local(w.server.conn);
    assert_int_equal(address_port(&local), address_port(listener_address(w.listener)));
    assert_null(conn_ssl(w.client.conn));
    close_from_client();
}

static void test_tls_echo(void **state)
{
    (void)state;
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    world_connect(true, "localhost", no_limits);
    run_until(both_open);
    say_and_hear(SLICE("hello"));
    assert_string_equal(SSL_get_version(conn_ssl(w.server.conn)), "TLSv1.3");
    say_and_hear(SLICE("again"));
    close_from_client();
}

/* ---- who the client talks to ---- */

static void expect_refusal(struct tls_pair pair, const char *host, enum finding finding)
{
    assert_int_equal(
        tls_server_reload(w.server_tls,
                          &(struct tls_server_options){.pairs = &pair, .pair_count = 1}, NULL),
        0);
    w.client.closed = false;
    world_connect(true, host, no_limits);
    run_until(client_closed);
    assert_int_equal(w.client.why.finding, finding);
    assert_false(w.client.opened);
}

static void test_client_verifies(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    char file[] = "/tmp/lychgate-net-XXXXXX";
    close(mkstemp(file));
    struct tls_pair good = make_pair(arena, "localhost", -60, 3600, false, file),
                    late = make_pair(arena, "localhost", -7200, -3600, false, file),
                    early = make_pair(arena, "localhost", 3600, 7200, false, file),
                    stranger = make_pair(arena, "localhost", -60, 3600, false, NULL);
    tls_unref(w.client_tls);
    w.client_tls = tls_client_new(&(struct tls_client_options){.ca_file = file}, NULL);
    unlink(file);
    /* The server's side of a refused handshake needs no one to watch it. */
    world_listen((struct listener_options){
        .conn = {.tls = w.server_tls, .handler = &(struct conn_handler){0}}});
    expect_refusal(good, "elsewhere.test", FINDING_TLS_WRONG_NAME);
    expect_refusal(good, "127.0.0.2", FINDING_TLS_WRONG_NAME);
    expect_refusal(good, "", FINDING_TLS_WRONG_NAME);
    expect_refusal(late, "localhost", FINDING_TLS_EXPIRED);
    expect_refusal(early, "localhost", FINDING_TLS_NOT_YET_VALID);
    expect_refusal(stranger, "localhost", FINDING_TLS_UNTRUSTED);
    listener_close(w.listener);
    world_listen((struct listener_options){.conn.handler = &echo_handler});
    w.client.closed = w.server.closed = false;
    world_connect(true, "localhost", no_limits); /* a server that echoes the hello */
    run_until(client_closed);
    assert_int_equal(w.client.why.finding, FINDING_TLS_HANDSHAKE);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    world_listen((struct listener_options){0});
    struct address address = *listener_address(w.listener);
    listener_close(w.listener);
    w.listener = NULL;
    conn_connect(w.loop, &address, NULL,
                 &(struct conn_options){.handler = &client_handler, .user = &w.client}, NULL);
    run_until(client_closed);
    assert_int_equal(w.client.why.finding, FINDING_CONNECTION_REFUSED);
}

static void test_address_in_use(void **state)
{
    (void)state;
    world_listen((struct listener_options){0});
    struct fault fault = {0};
    assert_null(listener_open(
        w.loop, &(struct listener_options){.address = *listener_address(w.listener)}, &fault));
    assert_int_equal(fault.finding, FINDING_LISTEN_FAILED);
    assert_null(listener_open(w.loop, &(struct listener_options){.fd = STDERR_FILENO}, &fault));
    assert_int_equal(fault.finding, FINDING_LISTEN_FAILED);
}

/* ---- workers ---- */

/* Keeps the only worker busy until it is let go. */
struct blocker {
    struct job job;
    sem_t go;
};

static void block(struct job *job, unsigned worker)
{
    (void)worker;
    sem_wait(&((struct blocker *)job)->go);
}

static void unblocked(struct job *job)
{
    (void)job;
}

static bool handshake_waits(void)
{
    return workers_waiting(w.workers) == 1;
}

static void block_worker(struct blocker *blocker)
{
    *blocker = (struct blocker){.job = {.run = block, .done = unblocked, .loop = w.loop}};
    sem_init(&blocker->go, 0, 0);
    assert_int_equal(workers_submit(w.workers, &blocker->job), 0);
}

static void test_handshake_runs_on_a_worker(void **state)
{
    (void)state;
    static struct blocker blocker; /* its done comes after the test's end */
    block_worker(&blocker);
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    world_connect(true, "localhost", no_limits);
    run_until(handshake_waits);
    assert_false(w.client.opened);
    sem_post(&blocker.go);
    run_until(both_open);
    say_and_hear(SLICE("hello"));
}

static void close_server(void *arg, struct conn *conn)
{
    (void)arg;
    if (conn != w.client.conn)
        conn_close(conn);
}

static bool one_left(void)
{
    return loop_conn_count(w.loop) == 1 || w.server.closed;
}

static void test_close_while_lent(void **state)
{
    (void)state;
    static struct blocker blocker; /* its done comes after the test's end */
    block_worker(&blocker);
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    world_connect(true, "localhost", no_limits);
    run_until(handshake_waits);
    loop_each_conn(w.loop, close_server, NULL);
    loop_each_conn(w.loop, close_server, NULL);
    assert_false(w.server.closed); /* it cannot end while a worker has it */
    sem_post(&blocker.go);
    run_until(both_closed);
    assert_true(one_left() && !w.server.opened);
}

static void test_free_while_lent(void **state)
{
    (void)state;
    static struct blocker blocker; /* its done comes after the test's end */
    block_worker(&blocker);
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    world_connect(true, "localhost", no_limits);
    run_until(handshake_waits);
    sem_post(&blocker.go); /* teardown frees workers, then the loop */
}

/* ---- peers that misbehave ---- */

static void expect_server_refusal(struct slice first, enum finding finding,
                                  struct conn_limits limits)
{
    uint64_t before = event_count(finding);
    world_listen((struct listener_options){.conn = {.tls = w.server_tls, .limits = limits}});
    world_connect(false, NULL, no_limits);
    conn_write(w.client.conn, first);
    run_until(both_closed);
    assert_false(w.server.opened);
    assert_int_equal(w.server.why.finding, finding);
    assert_int_equal(event_count(finding), before + 1);
}

static void test_not_tls(void **state)
{
    (void)state;
    expect_server_refusal(SLICE("GET / HTTP/1.1\r\n\r\n"), FINDING_TLS_NOT_SPOKEN, no_limits);
}

static void test_garbage_as_tls(void **state)
{
    (void)state;
    expect_server_refusal(SLICE("\x16\x03\x01\x00\x06\x01\xff\xff\xff\xff\xff"),
                          FINDING_TLS_HANDSHAKE, no_limits);
}

static void test_silent_peer(void **state)
{
    (void)state;
    expect_server_refusal((struct slice){0}, FINDING_SLOW_PEER,
                          (struct conn_limits){.handshake_ms = 20});
}

static void test_half_a_hello(void **state)
{
    (void)state;
    expect_server_refusal(SLICE("\x16\x03\x01\x02"), FINDING_SLOW_PEER,
                          (struct conn_limits){.handshake_ms = 20});
}

static void test_deadline(void **state)
{
    (void)state;
    world_listen((struct listener_options){0});
    world_connect(false, NULL, no_limits);
    run_until(both_open);
    conn_set_deadline(w.server.conn, 10, FINDING_SLOW_PEER);
    conn_set_deadline(w.client.conn, 5, FINDING_SLOW_PEER);
    conn_set_deadline(w.client.conn, 0, FINDING_NONE);
    run_until(both_closed);
    assert_int_equal(w.server.why.finding, FINDING_SLOW_PEER);
    assert_int_equal(w.client.why.finding, FINDING_CONNECTION_LOST);
}

static size_t never_enough(struct conn *conn, struct slice bytes)
{
    (void)conn, (void)bytes;
    return 0;
}

static void test_input_limit(void **state)
{
    (void)state;
    world_listen((struct listener_options){.conn.limits.input_max = 1000});
    world_connect(false, NULL, no_limits);
    run_until(both_open);
    struct conn_handler greedy = echo_handler;
    greedy.on_bytes = never_enough;
    conn_set_handler(w.server.conn, &greedy, &w.server);
    char bytes[1001] = {0};
    conn_write(w.client.conn, slice_make(bytes, sizeof bytes));
    run_until(server_closed);
    assert_int_equal(w.server.why.finding, FINDING_INPUT_LIMIT);
}

/* ---- much output ---- */

enum {
    MUCH = 8 << 20
};

static char *pattern(void)
{
    char *bytes = malloc(MUCH);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    return bytes;
}

static void big_write(bool tls)
{
    world_listen((struct listener_options){.conn.tls = tls ? w.server_tls : NULL});
    world_connect(tls, "localhost", no_limits);
    run_until(both_open);
    char *bytes = pattern();
    conn_pause(w.client.conn);
    conn_write(w.server.conn, slice_make(bytes, MUCH));
    assert_true(conn_queued(w.server.conn) > 64 << 10);
    /* With so much waiting the server listens no more: this stays unanswered. */
    conn_write(w.client.conn, SLICE("tail"));
    conn_resume(w.client.conn);
    wanted = MUCH;
    run_until(client_has_all);
    assert_memory_equal(w.client.got.at, bytes, MUCH);
    wanted = MUCH + 4;
    run_until(client_has_all);
    assert_string_equal(buf_string(&w.client.got) + MUCH, "tail");
    assert_int_equal(w.server.drained, 1);
    assert_int_equal(conn_queued(w.server.conn), 0);
    free(bytes);
}

static void test_big_write_tcp(void **state)
{
    (void)state;
    big_write(false);
}

static void test_big_write_tls(void **state)
{
    (void)state;
    big_write(true);
}

static void test_close_after_flush_sends_all(void **state)
{
    (void)state;
    world_listen((struct listener_options){.conn.tls = w.server_tls});
    world_connect(true, "localhost", no_limits);
    run_until(both_open);
    char *bytes = pattern();
    conn_write(w.server.conn, slice_make(bytes, MUCH));
    conn_close_after_flush(w.server.conn);
    conn_write(w.server.conn, SLICE("not any more"));
    conn_write(w.client.conn, SLICE("unread input must not destroy the reply"));
    run_until(both_closed);
    assert_int_equal(w.client.got.len, MUCH);
    assert_memory_equal(w.client.got.at, bytes, MUCH);
    assert_int_equal(w.server.why.finding, FINDING_NONE);
    free(bytes);
}

static void never_taken(struct conn_limits limits)
{
    world_listen((struct listener_options){.conn.limits = limits});
    world_connect(false, NULL, no_limits);
    run_until(both_open);
    conn_pause(w.client.conn);
    char *bytes = pattern();
    for (int i = 0; i < 2 && w.server.conn; i++)
        conn_write(w.server.conn, slice_make(bytes, MUCH));
    free(bytes);
    run_until(server_closed);
    assert_int_equal(w.server.why.finding, FINDING_SLOW_PEER);
}

static void test_output_stalls(void **state)
{
    (void)state;
    never_taken((struct conn_limits){.output_stall_ms = 20, .output_max = 64 << 20});
}

static void test_output_limit(void **state)
{
    (void)state;
    never_taken((struct conn_limits){.output_max = MUCH + 1});
}

int main(void)
{
    event_set_sink(NULL, NULL, EVENT_ERROR);
    char keylog[] = "/tmp/lychgate-net-XXXXXX";
    close(mkstemp(keylog));
    setenv("SSLKEYLOGFILE", keylog, 1);
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        NET_TEST(test_tcp_echo),
        NET_TEST(test_tls_echo),
        NET_TEST(test_client_verifies),
        NET_TEST(test_nobody_listens),
        NET_TEST(test_address_in_use),
        NET_TEST(test_handshake_runs_on_a_worker),
        NET_TEST(test_close_while_lent),
        NET_TEST(test_free_while_lent),
        NET_TEST(test_not_tls),
        NET_TEST(test_garbage_as_tls),
        NET_TEST(test_silent_peer),
        NET_TEST(test_half_a_hello),
        NET_TEST(test_deadline),
        NET_TEST(test_input_limit),
        NET_TEST(test_big_write_tcp),
        NET_TEST(test_big_write_tls),
        NET_TEST(test_close_after_flush_sends_all),
        NET_TEST(test_output_stalls),
        NET_TEST(test_output_limit),
    };
    int failed = cmocka_run_group_tests(tests, world_open, world_close);
    struct slice secret = SLICE("SERVER_TRAFFIC_SECRET_0 ");
    char text[4096] = "";
    FILE *file = fopen(keylog, "r");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    unlink(keylog);
    if (slice_find(slice_make(text, len), secret) < 0) {
        fprintf(stderr, "SSLKEYLOGFILE has no secrets\n");
        failed++;
    }
    return failed;
}
