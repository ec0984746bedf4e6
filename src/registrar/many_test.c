/* 50,000 endpoints: the cost of an operation must not grow with them, and what is
 * kept of one stays small. */
#include "base/clock.h"
#include "base/random.h"
#include "registrar/registrar.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    USERS = 25000,
    DEVICES = 2,
    MANY = USERS * DEVICES,
    BYTES_MAX = 1024
};

static const struct registrar_options options = {
    .expires_ms = 300000, .keepalive_ms = 60000, .endpoints_max = DEVICES, .allow_events = ""};

/* A REGISTER of the length that SIPE's have. */
static void bind_one(struct registrar *registrar, struct arena *arena, unsigned user,
                     unsigned device, int64_t now)
{
    char bytes[1024];
    struct sip_message request;
    struct sip_reply reply;
    struct outgoing_list out;
    struct fault fault;
    int len = snprintf(
        bytes, sizeof bytes,
        "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1\r\n"
        "From: <sip:user%05u@contoso.test>;tag=36012947;epid=8c2e6f7a91b%u\r\n"
        "To: <sip:user%05u@contoso.test>\r\nCSeq: 4 REGISTER\r\n"
        "Call-ID: AC53g12E6a748Ai51BAm96E6tD129bAB85xA765x\r\n"
        "User-Agent: Purple/2.14.12 Sipe/1.25.0 (linux-x86_64)\r\nEvent: registration\r\n"
        "Contact: <sip:10.0.0.5:40112;transport=tls;ms-opaque=d3470f2e1d>;proxy=replace\r\n"
        "Content-Length: 0\r\n\r\n",
        user, device, user);
    assert_int_equal(sip_parse(&request, slice_make(bytes, (size_t)len), &fault), 0);
    struct registrar_caller caller = {
        .account = slice_from(request.from.uri.text, sizeof "sip:" - 1),
        .flow = {.conn = (uint64_t)user * DEVICES + device, .loop = 0}};
    sip_reply_init(&reply, arena, 200);
    outgoing_init(&out, arena);
    if (registrar_register(registrar, &request, &caller, now, &reply, &out, &fault) < 0)
        fail_msg("%s", fault.detail);
    assert_null(out.first);
    arena_reset(arena);
}

static int64_t time_of_refreshes(struct registrar *registrar, struct arena *arena, unsigned users)
{
    int64_t start = clock_monotonic_us();
    for (unsigned i = 0; i < 5000; i++)
        bind_one(registrar, arena, random_below(users), i % DEVICES, 2000 + i);
    return clock_monotonic_us() - start;
}

static void test_many(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct registrar *registrar = registrar_new(&options);
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < 200; i++)
        bind_one(registrar, arena, i / DEVICES, i % DEVICES, 1000);
    int64_t few = time_of_refreshes(registrar, arena, 100);
    for (unsigned i = 0; i < MANY; i++)
        bind_one(registrar, arena, i / DEVICES, i % DEVICES, 1000 + i % 977);
    assert_int_equal(registrar_count(registrar), MANY);
    assert_int_equal(registrar_users(registrar), USERS);
    size_t bytes = (mallinfo2().uordblks - before) / MANY;
    int64_t many = time_of_refreshes(registrar, arena, USERS);
    print_message("# %zu bytes an endpoint; 5000 refreshes: %lld us among 200, %lld us among %d\n",
                  bytes, (long long)few, (long long)many, MANY);
#if !defined(__SANITIZE_ADDRESS__)
    assert_in_range(bytes, 1, BYTES_MAX);
#endif
    /* Linear would be 250 times as much; caches account for some of it. */
    assert_true(many < 20 * few + 100000);
    registrar_free(registrar);
}

/* In whatever order they came and were renewed, they go in the order of time. */
static void test_order_of_time(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct registrar *registrar = registrar_new(&options);
    for (unsigned i = 0; i < 3000; i++)
        bind_one(registrar, arena, random_below(700), random_below(DEVICES), random_below(100000));
    for (unsigned i = 0; i < 300; i++)
        registrar_flow_lost(registrar, (struct flow){.conn = random_below(1400)});
    int64_t last = 0;
    for (size_t left = registrar_count(registrar); left > 0;) {
        int64_t next = registrar_expire(registrar, last);
        assert_true(next > last);
        assert_int_equal(registrar_count(registrar), left);
        last = next;
        registrar_expire(registrar, last);
        assert_true(registrar_count(registrar) < left);
        left = registrar_count(registrar);
    }
    assert_int_equal(registrar_users(registrar), 0);
    registrar_free(registrar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_order_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
