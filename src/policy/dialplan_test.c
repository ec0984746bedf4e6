#include "policy/dialplan.h"

#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The rules of Microsoft's schema reference (parsing-location-profile), some of them. */
static const struct dialplan_rule rules[] = {
    {1, {"internal", 8}, {"^1([0-9]{4})$", 13}, {"+1999421$1", 10}, true, false},
    {2, {"operator", 8}, {"^0$", 3}, {"+19997075555", 12}, false, false},
    {3, {"local", 5}, {"^(\\d{7})$", 9}, {"+1999$1", 7}, false, true},
    {4, {"abroad", 6}, {"^011(\\d*)$", 10}, {"+$1", 3}, false, false},
    {5, {"extension", 9}, {"^(\\+?)(\\d+)(X|x|EXT)(\\d+)$", 26}, {"$1$2;ext=$4", 11}, false, false},
    {6, {"any seven", 9}, {"^(\\d{7})$", 9}, {"wrong", 5}, false, false},
};
static const struct dialplan plan = {.rule = rules, .count = sizeof rules / sizeof *rules};

static void test_normalize(void **state)
{
    static const struct {
        const char *dialled;
        int rule; /* -1: none */
        const char *number;
    } rows[] = {
        {"14711", 0, "+19994214711"},
        {"0", 1, "+19997075555"},
        {"555-1234", 2, "+19995551234"}, /* the first of two that match */
        {"(555) 12.34", 2, "+19995551234"},
        {"011 49 30 1234", 3, "+49301234"},
        {"+4255550100x123", 4, "+4255550100;ext=123"},
        {"4255550100EXT9", 4, "4255550100;ext=9"},
        {"00", -1, "00"}, /* not a part of it */
        {"alice", -1, "alice"},
        {"147111", -1, "147111"},
    };
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialplan_result result;
        assert_int_equal(dialplan_normalize(&plan, slice_of(rows[i].dialled), arena, &result, NULL),
                         0);
        if (rows[i].rule < 0)
            assert_null(result.rule);
        else
            assert_ptr_equal(result.rule, &rules[rows[i].rule]);
        assert_int_equal(result.number.len, strlen(rows[i].number));
        assert_memory_equal(result.number.at, rows[i].number, result.number.len);
    }
}

static void test_numbers_refused(void **state)
{
    char longest[DIALPLAN_NUMBER_MAX + 2];
    struct dialplan_result result;
    struct fault fault;
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    memset(longest, '7', sizeof longest);
    const struct slice bad[] = {SLICE(""),     SLICE(" -()"),
                                SLICE("1\n2"), SLICE("1\0002"),
                                SLICE("\xff"), slice_make(longest, DIALPLAN_NUMBER_MAX + 1)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(dialplan_normalize(&plan, bad[i], arena, &result, &fault), -ERR_MALFORMED);
        assert_int_equal(fault.finding, FINDING_DIALPLAN_NUMBER);
    }
    assert_int_equal(
        dialplan_normalize(&plan, slice_make(longest, DIALPLAN_NUMBER_MAX), arena, &result, NULL),
        0);
}

static void test_costly_rule(void **state)
{
    const struct dialplan_rule costly = {
        9, SLICE("costly"), SLICE("^(\\d+\\d+)+\\d+[A-Z]$"), SLICE("$1"), false, false};
    const struct dialplan bad = {.rule = &costly, .count = 1};
    struct dialplan_result result;
    struct fault fault;
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    assert_int_equal(dialplan_rule_check(&costly, NULL), 0);
    assert_int_equal(dialplan_normalize(&bad, SLICE("111111111111111111111111111111111111111111z"),
                                        arena, &result, &fault),
                     -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_DIALPLAN_RULE_COSTLY);
    assert_ptr_equal(result.rule, &costly);
}

static void test_rules_checked(void **state)
{
    static const struct {
        const char *pattern, *translation;
        bool good;
    } rows[] = {
        {"^(\\d{7})$", "+1999$1", true},
        {"^9$", "$", true},   /* a lone $ stands for itself */
        {"^9$", "$0", true},  /* so does $0 */
        {"^9$", "$1", false}, /* no such group */
        {"^(9)$", "$2", false},
        {"(9)$", "$1", false}, /* not anchored */
        {"^(9)", "$1", false},
        {"^(9)\\$", "$1", false}, /* that $ is a character */
        {"^(9$", "$1", false},
        {"^[9$", "$1", false},
        {"^9$", "", false},
        {"^\\C$", "1", false},
        {"^(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)$", "$1", false},
        {"(*UTF)^1$", "1", false},
        {"^\t$", "1", false},
        {"", "1", false},
        {"$", "1", false},
    };
    struct fault fault;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialplan_rule rule = {.priority = 1,
                                     .pattern = slice_of(rows[i].pattern),
                                     .translation = slice_of(rows[i].translation)};
        int err = dialplan_rule_check(&rule, &fault);
        if (err != (rows[i].good ? 0 : -ERR_MALFORMED))
            fail_msg("%s: %d", rows[i].pattern, err);
        if (err < 0)
            assert_int_equal(fault.finding, FINDING_DIALPLAN_RULE_INVALID);
        rule.priority = 0;
        assert_int_equal(dialplan_rule_check(&rule, NULL), -ERR_MALFORMED);
    }
}

static void test_default_plan(void **state)
{
    struct policy_effective nobody;
    struct dialplan_result result;
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    policy_effective_default(POLICY_LYNC_2010, &nobody);
    assert_true(slice_eq(nobody.dialplan.name, SLICE("Global")));
    assert_int_equal(nobody.dialplan.count, 1);
    assert_int_equal(dialplan_normalize(&nobody.dialplan, SLICE("12345"), arena, &result, NULL), 0);
    assert_non_null(result.rule);
    assert_true(slice_eq(result.number, SLICE("12345")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalize),    cmocka_unit_test(test_numbers_refused),
        cmocka_unit_test(test_costly_rule),  cmocka_unit_test(test_rules_checked),
        cmocka_unit_test(test_default_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
