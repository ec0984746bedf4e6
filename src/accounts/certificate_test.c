#include "accounts/test_world_priv.h"

#include <string.h>

static const int64_t hour = INT64_C(3600000);

static struct certificate_record record_of(int64_t account_id, const char *fingerprint,
                                           int64_t issued_at)
{
    return (struct certificate_record){.fingerprint = slice_of(fingerprint),
                                       .serial = SLICE("\x40\x01"),
                                       .account_id = account_id,
                                       .device_id = SLICE("{D1}"),
                                       .epid = SLICE("0123456789"),
                                       .not_before = issued_at - hour,
                                       .not_after = issued_at + 8 * hour,
                                       .issued_at = issued_at};
}

static int publish(struct world *world, int64_t account_id, const char *fingerprint,
                   int64_t issued_at)
{
    struct certificate_record record = record_of(account_id, fingerprint, issued_at);
    return certificates_publish(world->accounts, &record, &world->fault);
}

static int check_certificate(struct world *world, const char *fingerprint, int64_t when)
{
    struct certificate_record record;
    struct account account;
    world->fault = (struct fault){0};
    return certificates_check(world->accounts, slice_of(fingerprint), when, world->arena, &record,
                              &account, &world->fault);
}

static void test_certificate_life(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world);
    struct certificate_record found;
    assert_int_equal(publish(world, alice.id, "one", now), 0);
    assert_int_equal(publish(world, alice.id, "one", now), -ERR_CONFLICT);
    assert_int_equal(publish(world, 999, "two", now), -ERR_UNKNOWN);
    assert_int_equal(certificates_find(world->accounts, SLICE("one"), world->arena, &found, NULL),
                     0);
    assert_true(slice_eq(found.serial, SLICE("\x40\x01")));
    assert_true(slice_eq(found.device_id, SLICE("{D1}")));
    assert_true(slice_eq(found.epid, SLICE("0123456789")));
    assert_true(found.account_id == alice.id && found.not_after == now + 8 * hour);
    assert_true(found.issued_at == now && found.revoked_at == 0);
    assert_int_equal(check_certificate(world, "one", now), 0);
    assert_int_equal(check_certificate(world, "on", now), -ERR_UNKNOWN);
    assert_int_equal(world->fault.finding, FINDING_CERT_UNKNOWN);
    assert_int_equal(check_certificate(world, "one", now + 8 * hour), -ERR_EXPIRED);
    assert_int_equal(world->fault.finding, FINDING_CERT_EXPIRED);
    assert_int_equal(check_certificate(world, "one", now - 2 * hour), -ERR_EXPIRED);
    accounts_enable(world->accounts, alice.id, false, NULL);
    assert_int_equal(check_certificate(world, "one", now), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_USER_DISABLED);
    accounts_enable(world->accounts, alice.id, true, NULL);
    assert_int_equal(certificates_revoke(world->accounts, SLICE("one"), now + 5, NULL), 0);
    assert_int_equal(certificates_revoke(world->accounts, SLICE("one"), now + 9, NULL), 0);
    assert_int_equal(certificates_revoke(world->accounts, SLICE("none"), now, NULL), -ERR_UNKNOWN);
    assert_int_equal(check_certificate(world, "one", now), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_CERT_UNKNOWN);
    certificates_find(world->accounts, SLICE("one"), world->arena, &found, NULL);
    assert_true(found.revoked_at == now + 5);
    accounts_remove(world->accounts, world->client, alice.id, NULL);
    assert_int_equal(check_certificate(world, "one", now), -ERR_UNKNOWN);
}

static void test_oldest_certificates_go(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world);
    struct account bob = add(world, (struct account){.address = SLICE("bob@contoso.test")});
    struct certificate_record *list;
    size_t count;
    assert_int_equal(publish(world, bob.id, "bob", now - 9), 0);
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "a%d", i);
        assert_int_equal(publish(world, alice.id, name, now + i), 0);
    }
    assert_int_equal(
        certificates_list(world->accounts, alice.id, world->arena, &list, &count, NULL), 0);
    assert_int_equal(count, 3);
    assert_true(slice_eq(list[0].fingerprint, SLICE("a4")));
    assert_true(slice_eq(list[2].fingerprint, SLICE("a2")));
    /* Issued after the clock was set back, still the newest. */
    assert_int_equal(publish(world, alice.id, "back", now - hour), 0);
    assert_int_equal(check_certificate(world, "back", now), 0);
    assert_int_equal(check_certificate(world, "a2", now + 3), -ERR_UNKNOWN);
    assert_int_equal(check_certificate(world, "bob", now), 0);
}

static void test_revoke_all_and_prune(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world);
    struct account bob = add(world, (struct account){.address = SLICE("bob@contoso.test")});
    publish(world, alice.id, "a1", now);
    publish(world, alice.id, "a2", now + hour);
    publish(world, bob.id, "b1", now);
    assert_int_equal(certificates_revoke_all(world->accounts, alice.id, now, NULL), 2);
    assert_int_equal(certificates_revoke_all(world->accounts, alice.id, now, NULL), 0);
    assert_int_equal(check_certificate(world, "b1", now), 0);
    assert_int_equal(check_certificate(world, "a2", now + hour), -ERR_DENIED);
    assert_int_equal(certificates_prune(world->accounts, now + 8 * hour, NULL), 2);
    assert_int_equal(check_certificate(world, "a2", now), -ERR_DENIED);
    assert_int_equal(check_certificate(world, "b1", now), -ERR_UNKNOWN);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_certificate_life),
        CASE(test_oldest_certificates_go),
        CASE(test_revoke_all_and_prune),
    };
    return cmocka_run_group_tests_name("accounts/certificate", tests, setup_group, teardown_group);
}
