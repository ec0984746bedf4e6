/* Mutual TLS: who is let in by his certificate, who is not, and what is said of it. */
#include "net/net_test_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct conn_limits no_limits = {0};

/* One file of CAs for all; as these certificates sign themselves, each is its own. */
static struct {
    struct arena *arena;
    char file[40];
    struct tls_pair server;
} site;

static struct slice trusted[2];

static int open_site(void **state)
{
    site.arena = arena_new();
    trusted[0] = SLICE("mcx.contoso.test");
    trusted[1] = SLICE("pool.contoso.test");
    strcpy(site.file, "/tmp/lychgate-peer-XXXXXX");
    close(mkstemp(site.file));
    site.server = make_pair(site.arena, "localhost", -60, 3600, false, site.file);
    return world_open(state);
}

static int close_site(void **state)
{
    unlink(site.file);
    arena_free(site.arena);
    return world_close(state);
}

static struct tls_server_options demanding(const struct slice *names, size_t count)
{
    return (struct tls_server_options){
        .pairs = &site.server,
        .pair_count = 1,
        .peers = {.ca_file = site.file, .names = names, .name_count = count}};
}

static void demand(void)
{
    struct tls_server_options options = demanding(trusted, 2);
    tls_unref(w.server_tls);
    w.server_tls = tls_server_new(&options, NULL);
    assert_non_null(w.server_tls);
    if (!w.listener)
        world_listen((struct listener_options){.conn = {.tls = w.server_tls}});
}

static void come_with(const struct tls_pair *pair)
{
    tls_unref(w.client_tls);
    w.client_tls =
        tls_client_new(&(struct tls_client_options){.ca_file = site.file, .pair = pair}, NULL);
    assert_non_null(w.client_tls);
    w.client = w.server = (struct side){0};
    world_connect(true, "localhost", no_limits);
}

/* In TLS 1.3 the client learns after its own end of the handshake. */
static void expect_refusal(const struct tls_pair *pair, enum finding finding)
{
    come_with(pair);
    run_until(both_closed);
    assert_int_equal(w.server.why.finding, finding);
    assert_int_equal(w.server.why.err, -ERR_DENIED);
    assert_false(w.server.opened);
    buf_free(&w.client.got);
}

static void expect_entry(const struct tls_pair *pair, const char *name)
{
    come_with(pair);
    run_until(both_open);
    struct slice known_as = tls_peer_name(conn_ssl(w.server.conn));
    assert_true(slice_eq(known_as, slice_of(name)));
}

static void leave(void)
{
    conn_close(w.client.conn);
    run_until(both_closed);
}

static struct tls_pair made(const char *name, bool known)
{
    return make_pair(site.arena, name, -60, 3600, false, known ? site.file : NULL);
}

static void test_trusted_names_come_in(void **state)
{
    (void)state;
    struct tls_pair mcx = made("mcx.contoso.test", true), pool = made("POOL.contoso.test", true);
    demand();
    expect_entry(&mcx, "mcx.contoso.test");
    leave();
    expect_entry(&pool, "POOL.contoso.test"); /* names of hosts have no case */
    leave();
}

static void test_nobody_without_certificate(void **state)
{
    (void)state;
    demand();
    expect_refusal(NULL, FINDING_TLS_PEER_NONE);
}

static void test_others_are_refused(void **state)
{
    (void)state;
    struct tls_pair stranger = made("mcx.contoso.test", false),
                    late =
                        make_pair(site.arena, "mcx.contoso.test", -7200, -3600, false, site.file),
                    early = make_pair(site.arena, "mcx.contoso.test", 3600, 7200, false, site.file),
                    wild = made("*.contoso.test", true), below = made("a.mcx.contoso.test", true),
                    near = made("mcx.contoso.test.evil.test", true);
    demand();
    expect_refusal(&stranger, FINDING_TLS_PEER_UNTRUSTED);
    expect_refusal(&late, FINDING_TLS_PEER_EXPIRED);
    expect_refusal(&early, FINDING_TLS_PEER_EXPIRED);
    expect_refusal(&site.server, FINDING_TLS_PEER_NAME);
    expect_refusal(&wild, FINDING_TLS_PEER_NAME);
    expect_refusal(&below, FINDING_TLS_PEER_NAME);
    expect_refusal(&near, FINDING_TLS_PEER_NAME);
}

static void test_who_is_in_can_be_judged_again(void **state)
{
    (void)state;
    struct tls_pair mcx = made("mcx.contoso.test", true);
    struct fault fault;
    demand();
    expect_entry(&mcx, "mcx.contoso.test");
    struct ssl_st *ssl = conn_ssl(w.server.conn);
    assert_int_equal(tls_peer_check(w.server_tls, ssl, &fault), 0);
    struct tls_server_options fewer = demanding(trusted + 1, 1);
    assert_int_equal(tls_server_reload(w.server_tls, &fewer, &fault), 0);
    assert_int_equal(tls_peer_check(w.server_tls, ssl, &fault), -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_TLS_PEER_NAME);
    leave();
    expect_refusal(&mcx, FINDING_TLS_PEER_NAME);
}

static void test_others_are_asked_for_nothing(void **state)
{
    (void)state;
    world_listen((struct listener_options){.conn = {.tls = w.server_tls}});
    world_connect(true, "localhost", no_limits);
    run_until(both_open);
    struct fault fault;
    assert_true(slice_absent(tls_peer_name(conn_ssl(w.server.conn))));
    assert_int_equal(tls_peer_check(w.server_tls, conn_ssl(w.server.conn), &fault), -ERR_DENIED);
}

static void refuse_options(const struct tls_server_options *options)
{
    struct fault fault = {0};
    assert_null(tls_server_new(options, &fault));
    assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    assert_true(fault.detail[0]);
}

static void test_trust_must_be_spelt_out(void **state)
{
    (void)state;
    const struct slice broad[] = {SLICE(".contoso.test"), SLICE("*.contoso.test"), SLICE("*")};
    for (size_t i = 0; i < sizeof broad / sizeof *broad; i++) {
        struct tls_server_options options = demanding(broad + i, 1);
        refuse_options(&options);
    }
    struct tls_server_options options = demanding(NULL, 0);
    refuse_options(&options);
    options = demanding(trusted, 2);
    options.peers.ca_file = "/nonexistent/ca.pem";
    refuse_options(&options);
    options.peers.ca_file = "/dev/null";
    refuse_options(&options);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_trusted_names_come_in),        TEST(test_nobody_without_certificate),
        TEST(test_others_are_refused),           TEST(test_who_is_in_can_be_judged_again),
        TEST(test_others_are_asked_for_nothing), TEST(test_trust_must_be_spelt_out),
    };
    return cmocka_run_group_tests(tests, open_site, close_site);
}
