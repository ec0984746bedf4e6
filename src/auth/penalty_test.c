#include "auth/penalty.h"

#include "base/fault.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW ((int64_t)1795298400000)

static const struct slice alice = {"alice@contoso.test", 18};
static const struct slice bob = {"bob@contoso.test", 16};
static const struct slice here = {"192.0.2.7", 9};
static const struct slice there = {"198.51.100.9", 12};

static void test_delay_doubles_and_decays(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    static const int64_t right[] = {1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000, 15000};
    assert_int_equal(penalty_delay(penalty, here, alice, NOW), 0);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(penalty_failed(penalty, here, alice, (struct slice){0}, NOW), right[i]);
    /* Eight failures are the most that count; one a minute is forgotten. */
    assert_int_equal(penalty_delay(penalty, here, alice, NOW + 5 * 60000), 4000);
    assert_int_equal(penalty_delay(penalty, here, alice, NOW + 8 * 60000), 0);
}

static void test_right_user_is_never_locked_out(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    for (int i = 0; i < 1000; i++)
        penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    assert_int_equal(penalty_delay(penalty, there, alice, NOW), 0);
    assert_int_equal(penalty_delay(penalty, here, SLICE("ALICE@contoso.test"), NOW), 15000);
}

static void test_address_counts_over_users(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    for (int i = 0; i < 10; i++) {
        char user[32];
        int len = snprintf(user, sizeof user, "user%d@contoso.test", i);
        penalty_failed(penalty, here, slice_make(user, (size_t)len), (struct slice){0}, NOW);
    }
    assert_int_equal(penalty_delay(penalty, here, bob, NOW), 0); /* ten are free */
    penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    assert_int_equal(penalty_delay(penalty, here, bob, NOW), 2000);
    assert_int_equal(penalty_delay(penalty, there, bob, NOW), 0);
}

/* SIPE sends the same wrong password up to four times in one sign-in. */
static void test_repeated_password_counts_once(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    const struct slice a = SLICE("guess one"), b = SLICE("guess two");
    for (int i = 0; i < 4; i++)
        assert_int_equal(penalty_failed(penalty, here, alice, a, NOW), 1000);
    assert_int_equal(penalty_failed(penalty, here, alice, b, NOW), 2000);
    assert_int_equal(penalty_failed(penalty, here, alice, b, NOW), 2000);
    /* Only the last is known: going to and fro is guessing. */
    assert_int_equal(penalty_failed(penalty, here, alice, a, NOW), 4000);
    /* One password at many users is guessing too. */
    for (int i = 0; i < 8; i++) {
        char user[32];
        int len = snprintf(user, sizeof user, "user%d@contoso.test", i);
        penalty_failed(penalty, here, slice_make(user, (size_t)len), a, NOW);
    }
    assert_int_equal(penalty_failed(penalty, here, bob, a, NOW), 2000);
    /* A pair that is forgotten is new. */
    assert_int_equal(penalty_failed(penalty, there, alice, a, NOW), 1000);
    assert_int_equal(penalty_failed(penalty, there, alice, a, NOW + 61000), 1000);
    assert_int_equal(penalty_failed(penalty, there, alice, b, NOW + 61001), 2000);
}

static void test_success_forgives_the_pair_only(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    penalty_failed(penalty, here, bob, (struct slice){0}, NOW);
    penalty_succeeded(penalty, here, alice, NOW);
    assert_int_equal(penalty_delay(penalty, here, alice, NOW), 0);
    assert_int_equal(penalty_delay(penalty, here, bob, NOW), 1000);
    for (int i = 0; i < 12; i++) {
        penalty_failed(penalty, here, bob, (struct slice){0}, NOW);
        penalty_succeeded(penalty, here, alice, NOW);
    }
    assert_true(penalty_delay(penalty, here, alice, NOW) > 0);
}

static void test_parallel_guesses_queue_up(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    for (int i = 0; i < 3; i++)
        penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    assert_int_equal(penalty_delay(penalty, here, alice, NOW), 4000);
    assert_int_equal(penalty_delay(penalty, here, alice, NOW), 8000);
    int64_t delay = 0;
    for (int i = 0; i < 20 && delay >= 0; i++)
        delay = penalty_delay(penalty, here, alice, NOW);
    assert_int_equal(delay, -ERR_BUSY);
    /* Elsewhere, and after a while here, it goes on. */
    assert_int_equal(penalty_delay(penalty, there, alice, NOW), 0);
    assert_true(penalty_delay(penalty, here, alice, NOW + 60000) > 0);
    /* A clock that was an hour ahead does not close the door for an hour. */
    assert_true(penalty_delay(penalty, here, alice, NOW - 3600000) > 0);
}

static void test_addresses_by_network(void **state)
{
    (void)state;
    static const struct {
        const char *failed, *asked;
        int64_t delay;
    } cases[] = {
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 1000}, /* the same /64 */
        {"2001:db8:1:2::1", "2001:db8:1:3::1", 0},         /* the neighbour's */
        {"2001:db8:1:2::1", "[2001:DB8:1:2::5]", 1000},
        {"fe80::1%eth0", "fe80::2", 1000},
        {"::ffff:192.0.2.7", "192.0.2.7", 1000},
        {"192.0.2.7", "192.0.2.8", 0},
        {"unix", "unix", 1000},
        {"", "", 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(penalty) struct penalty *penalty = penalty_new(NULL);
        penalty_failed(penalty, slice_of(cases[i].failed), alice, (struct slice){0}, NOW);
        assert_int_equal(penalty_delay(penalty, slice_of(cases[i].asked), alice, NOW),
                         cases[i].delay);
    }
}

static void test_flood_does_not_wash_out_the_worst(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(&(struct penalty_options){.entries = 64});
    for (int i = 0; i < 8; i++)
        penalty_failed(penalty, here, alice, (struct slice){0}, NOW);
    for (int i = 0; i < 5000; i++) {
        char address[32];
        int len = snprintf(address, sizeof address, "10.%d.%d.1", i / 250, i % 250);
        penalty_failed(penalty, slice_make(address, (size_t)len), bob, (struct slice){0}, NOW);
    }
    assert_int_equal(penalty_delay(penalty, here, alice, NOW), 15000);
}

static void *hammer(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        penalty_delay(arg, here, alice, NOW);
        penalty_failed(arg, here, alice, (struct slice){0}, NOW);
        penalty_succeeded(arg, there, bob, NOW);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    scoped(penalty) struct penalty *penalty = penalty_new(NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, penalty), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(penalty_failed(penalty, here, alice, (struct slice){0}, NOW), 15000);
    assert_int_equal(penalty_delay(penalty, there, bob, NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay_doubles_and_decays),
        cmocka_unit_test(test_right_user_is_never_locked_out),
        cmocka_unit_test(test_address_counts_over_users),
        cmocka_unit_test(test_repeated_password_counts_once),
        cmocka_unit_test(test_success_forgives_the_pair_only),
        cmocka_unit_test(test_parallel_guesses_queue_up),
        cmocka_unit_test(test_addresses_by_network),
        cmocka_unit_test(test_flood_does_not_wash_out_the_worst),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
