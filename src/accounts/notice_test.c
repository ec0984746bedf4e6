#include "accounts/notice.h"

#include "accounts/card.h"
#include "accounts/test_world_priv.h"

static size_t since(struct world *world, int64_t after, struct notice **list)
{
    scoped(store_reader) struct store_reader *reader = NULL;
    size_t count = 99;
    assert_int_equal(store_reader_open(world->store, &reader, NULL), 0);
    assert_int_equal(notice_list(reader, after, world->arena, list, &count, NULL), 0);
    return count;
}

static void changes_are_noticed_in_order(void **state)
{
    struct world *world = *state;
    struct notice *list;
    assert_int_equal(since(world, 0, &list), 0);
    struct account alice = add_alice(world);
    assert_int_equal(since(world, 0, &list), 0); /* nobody can know her yet */
    assert_int_equal(accounts_enable(world->accounts, alice.id, false, NULL), 0);
    alice.display_name = SLICE("Alice the second");
    assert_int_equal(accounts_set(world->accounts, &alice, world->arena, NULL), 0);
    assert_int_equal(accounts_remove(world->accounts, world->client, alice.id, NULL), 0);
    assert_int_equal(since(world, 0, &list), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(list[i].number, i + 1);
        assert_true(slice_eq(list[i].address, SLICE("alice@contoso.test")));
    }
    assert_int_equal(since(world, 2, &list), 1);
    assert_int_equal(since(world, 3, &list), 0);
    assert_int_equal(accounts_enable(world->accounts, alice.id, true, NULL), -ERR_UNKNOWN);
    assert_int_equal(since(world, 3, &list), 0);
}

static int put_many(struct store_db *db, void *arg, struct fault *fault)
{
    int result = 0;
    for (int i = 0; i < NOTICES_KEPT + 50 && result >= 0; i++)
        result = notice_put(db, *(int64_t *)arg, fault);
    return result;
}

static void old_ones_go(void **state)
{
    struct world *world = *state;
    struct notice *list;
    struct account alice = add_alice(world);
    assert_int_equal(store_write(world->store, put_many, &alice.id, NULL), 0);
    assert_int_equal(since(world, 0, &list), NOTICES_KEPT);
    assert_int_equal(list[0].number, 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_are_noticed_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(old_ones_go, setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
