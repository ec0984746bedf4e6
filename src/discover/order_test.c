#include "discover/order.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The order of protocol notes: MicrosoftDocs "DNS requirements for Skype for
 * Business Server", and https before http so that a ticket never goes in the
 * clear when both answer. */
static const char EXPECTED[] = "https://lyncdiscoverinternal.contoso.test:443 in\n"
                               "http://lyncdiscoverinternal.contoso.test:80 in\n"
                               "https://lyncdiscover.contoso.test:443 out\n"
                               "http://lyncdiscover.contoso.test:80 out\n"
                               "SRV _sipinternaltls._tcp.contoso.test in\n"
                               "SRV _sip._tls.contoso.test out\n"
                               "tls://sipinternal.contoso.test:5061 in\n"
                               "tls://sipexternal.contoso.test:443 out\n"
                               "tls://sip.contoso.test:5061 in\n"
                               "tls://sip.contoso.test:443 out\n";

static void test_order(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf seen = BUF_INIT;
    struct discover_state where = discover_start(SLICE("contoso.test"));
    struct discover_attempt t;
    while (discover_next(&where, a, &t)) {
        const char *side = t.internal ? "in" : "out";
        if (t.kind == DISCOVER_SRV)
            buf_print(&seen, "SRV %.*s %s\n", SLICE_ARG(t.name), side);
        else
            buf_print(&seen, "%s://%.*s:%u %s\n", t.scheme, SLICE_ARG(t.name), t.port, side);
    }
    assert_string_equal(buf_string(&seen), EXPECTED);
    assert_false(discover_next(&where, a, &t));
}

static void test_skipping(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct discover_state where = discover_start(SLICE("d.test"));
    struct discover_attempt t;
    discover_skip_name(&where); /* nothing was tried yet: nothing to skip */
    assert_true(discover_next(&where, a, &t));
    assert_true(slice_eq(t.name, SLICE("lyncdiscoverinternal.d.test")));
    discover_skip_name(&where);
    assert_true(discover_next(&where, a, &t));
    assert_true(slice_eq(t.name, SLICE("lyncdiscover.d.test")));
    assert_string_equal(t.scheme, "https");
    discover_skip_autodiscover(&where);
    assert_true(discover_next(&where, a, &t));
    assert_int_equal(t.kind, DISCOVER_SRV);
    while (discover_next(&where, a, &t))
        discover_skip_name(&where);
    assert_int_equal(t.port, 5061); /* sip on 443 was skipped with sip */
}

static uint32_t drawn, limit_seen;

static uint32_t draw(uint32_t below)
{
    limit_seen = below;
    return drawn < below ? drawn : below - 1;
}

static void test_rank(void **state)
{
    (void)state;
    struct dns_srv targets[] = {
        {20, 0, 1, SLICE("late.test")},   {10, 60, 2, SLICE("big.test")},
        {10, 20, 3, SLICE("small.test")}, {0, 0, 4, SLICE(".")},
        {10, 0, 5, SLICE("spare.test")},
    };
    drawn = 0; /* the one with weight 0 wins only then */
    assert_int_equal(discover_rank(targets, 5, draw), 4);
    assert_int_equal(targets[0].port, 5);
    assert_int_equal(targets[1].port, 2);
    assert_int_equal(targets[2].port, 3);
    assert_int_equal(targets[3].port, 1);
    drawn = 61; /* 1..60 is big, 61..80 small */
    assert_int_equal(discover_rank(targets, 4, draw), 4);
    assert_int_equal(targets[0].port, 3);
    drawn = 60;
    discover_rank(targets, 4, draw);
    assert_int_equal(targets[0].port, 2);
    assert_int_equal(targets[3].port, 1); /* priority before all */
    assert_int_equal(discover_rank(targets, 0, draw), 0);
}

/* All weights 0: keep the order; a "." alone says there is no such service. */
static void test_rank_edges(void **state)
{
    (void)state;
    struct dns_srv flat[] = {{0, 0, 1, SLICE("a.test")}, {0, 0, 2, SLICE("b.test")}};
    drawn = UINT32_MAX;
    assert_int_equal(discover_rank(flat, 2, draw), 2);
    assert_int_equal(flat[0].port, 1);
    assert_int_equal(limit_seen, 1);
    struct dns_srv none[] = {{0, 0, 0, SLICE(".")}};
    assert_int_equal(discover_rank(none, 1, draw), 0);
}

static void test_strict_naming(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(
        discover_check_target(SLICE("contoso.test"), SLICE("sip.Contoso.Test"), &fault), 0);
    assert_int_equal(
        discover_check_target(SLICE("contoso.test"), SLICE("sip.fabrikam.test"), &fault),
        -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_DNS_STRICT_NAMING);
    assert_int_equal(discover_check_target(SLICE("contoso.test"), SLICE("evilcontoso.test"), NULL),
                     -ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),         cmocka_unit_test(test_skipping),
        cmocka_unit_test(test_rank),          cmocka_unit_test(test_rank_edges),
        cmocka_unit_test(test_strict_naming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
