#include "policy/clientversion.h"

#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PIDGIN "Purple/2.14.12 Sipe/1.25.0 (linux; x86_64) OC-like/9"
#define LYNC   "UCCAPI/4.0.7577.4398 OC/4.0.7577.4398 (Microsoft Lync 2010)"

/* A policy of that one rule and default. */
static struct policy_effective policy_of(struct client_rule *rule, const char *action,
                                         struct policy_setting setting[3])
{
    struct policy_effective effective;
    policy_effective_default(POLICY_LYNC_2010, &effective);
    setting[0] = (struct policy_setting){0, SLICE("true")};
    setting[1] = (struct policy_setting){1, slice_of(action)};
    setting[2] = (struct policy_setting){2, SLICE("https://get.contoso.test/")};
    effective.of[POLICY_CLIENT_VERSION].setting = setting;
    effective.of[POLICY_CLIENT_VERSION].count = 3;
    effective.clients = (struct client_rules){rule, rule ? 1 : 0};
    return effective;
}

static void test_compare(void **state)
{
    static const struct {
        const char *user_agent, *agent;
        enum client_compare compare;
        const char *version;
        bool matches;
    } rows[] = {
        {LYNC, "OC", CLIENT_GEQ, "4.0.7577.0", true},
        {LYNC, "oc", CLIENT_LSS, "4.0.7577.4398", false},
        {LYNC, "OC", CLIENT_LEQ, "4.0.7577.4398", true},
        {LYNC, "OC", CLIENT_LSS, "15", true},
        {LYNC, "Microsoft", CLIENT_ANY, "0", false}, /* in a comment */
        {LYNC, "O", CLIENT_ANY, "0", false},
        {PIDGIN, "Sipe", CLIENT_EQL, "1.25", true},
        {PIDGIN, "Sipe", CLIENT_NEQ, "1.25", false},
        {PIDGIN, "Sipe", CLIENT_GTR, "1.24.9.9", true},
        {PIDGIN, "OC", CLIENT_ANY, "0", false},
        {PIDGIN, "OC-like", CLIENT_EQL, "9", true}, /* behind a comment */
        {"OC", "OC", CLIENT_LSS, "1", true},        /* no version is 0 */
        {"OC/99999999999999999999.1", "OC", CLIENT_GTR, "4", true},
        {"", "OC", CLIENT_ANY, "0", false},
        {"((((", "OC", CLIENT_ANY, "0", false},
        {"OC/4.x", "OC", CLIENT_EQL, "4", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy_setting setting[3];
        struct client_verdict verdict;
        struct fault fault = {0};
        struct client_rule rule = {.priority = 1,
                                   .agent = slice_of(rows[i].agent),
                                   .compare = rows[i].compare,
                                   .action = CLIENT_BLOCK};
        assert_int_equal(client_version_parse(slice_of(rows[i].version), rule.version, NULL), 0);
        struct policy_effective effective = policy_of(&rule, "Allow", setting);
        client_version_check(&effective, slice_of(rows[i].user_agent), &verdict, &fault);
        if (verdict.allowed == rows[i].matches)
            fail_msg("row %zu: %s", i, rows[i].user_agent);
        assert_int_equal(fault.finding, rows[i].matches ? FINDING_CLIENT_BLOCKED : FINDING_NONE);
    }
}

static void test_actions(void **state)
{
    struct policy_setting setting[3];
    struct client_verdict verdict;
    struct fault fault = {0};
    struct client_rule rule = {.priority = 1,
                               .agent = SLICE("Sipe"),
                               .action = CLIENT_BLOCK_WITH_URL,
                               .url = SLICE("https://other.test/")};
    (void)state;
    struct policy_effective effective = policy_of(&rule, "AllowWithUrl", setting);
    client_version_check(&effective, SLICE(PIDGIN), &verdict, &fault);
    assert_false(verdict.allowed);
    assert_ptr_equal(verdict.rule, &rule);
    assert_true(slice_eq(verdict.url, rule.url));
    assert_non_null(strstr(fault.detail, "https://other.test/"));
    client_version_check(&effective, SLICE(LYNC), &verdict, &fault);
    assert_true(verdict.allowed);
    assert_null(verdict.rule);
    assert_true(slice_eq(verdict.url, SLICE("https://get.contoso.test/")));
    setting[0].value = SLICE("false");
    client_version_check(&effective, SLICE(PIDGIN), &verdict, &fault);
    assert_true(verdict.allowed);
    assert_true(slice_absent(verdict.url));
}

static void test_words(void **state)
{
    enum client_compare compare;
    enum client_action action;
    uint32_t version[CLIENT_VERSION_PARTS];
    (void)state;
    for (unsigned i = 0; i < CLIENT_COMPARES; i++) {
        assert_int_equal(client_compare_find(slice_of(client_compare_name((enum client_compare)i)),
                                             &compare, NULL),
                         0);
        assert_int_equal(compare, i);
    }
    for (unsigned i = 0; i < CLIENT_ACTIONS; i++) {
        assert_int_equal(
            client_action_find(slice_of(client_action_name((enum client_action)i)), &action, NULL),
            0);
        assert_int_equal(action, i);
    }
    assert_int_equal(client_action_find(SLICE("blockwithurl"), &action, NULL), 0);
    assert_int_equal(client_action_find(SLICE("deny"), &action, NULL), -ERR_MALFORMED);
    assert_int_equal(client_compare_find(SLICE(""), &compare, NULL), -ERR_MALFORMED);
    const char *const bad[] = {"", "4.", ".4", "1.2.3.4.5", "4.x", "-1", "4294967296"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(client_version_parse(slice_of(bad[i]), version, NULL), -ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
