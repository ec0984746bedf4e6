#include "policy/policy.h"

#include "accounts/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define L10 POLICY_LYNC_2010
#define L13 POLICY_LYNC_2013

struct world {
    struct arena *arena;
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
    int64_t alice, bob;
    struct fault fault;
    char dir[64], path[96];
};

static int64_t add(struct world *w, struct slice address)
{
    struct account account = {.address = address, .enabled = true, .created = 1};
    return accounts_add(w->accounts, &account, w->arena, &w->fault) == 0 ? account.id : 0;
}

static int open_store(struct world *w)
{
    const struct store_schema *schemas[] = {&accounts_schema, &policy_schema};
    if (store_open(&(struct store_options){.path = w->path, .schemas = schemas, .schema_count = 2},
                   &w->store, &w->fault) != 0)
        return -1;
    return store_reader_open(w->store, &w->reader, &w->fault);
}

static int setup(void **state)
{
    struct world *w = must_calloc(1, sizeof *w);
    *state = w;
    w->arena = arena_new();
    snprintf(w->dir, sizeof w->dir, "/tmp/lychgate-policy-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(w->path, sizeof w->path, "%s/store.db", w->dir);
    if (open_store(w) != 0 ||
        accounts_open(&(struct accounts_options){.store = w->store}, &w->accounts, &w->fault) != 0)
        return -1;
    w->alice = add(w, SLICE("alice@contoso.test"));
    w->bob = add(w, SLICE("bob@contoso.test"));
    return w->alice && w->bob ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    accounts_free(w->accounts);
    store_reader_free(w->reader);
    store_free(w->store);
    arena_free(w->arena);
    unlink(w->path);
    int result = rmdir(w->dir);
    free(w);
    return result;
}

static int set(struct world *w, enum policy_kind kind, const char *scope, const char *name,
               const char *value)
{
    return policy_set(w->store, kind, slice_of(scope), L10, slice_of(name), slice_of(value),
                      &w->fault);
}

static struct policy_effective *effective(struct world *w, int64_t account, const char *site)
{
    struct policy_effective *out = arena_new_of(w->arena, struct policy_effective);
    struct policy_subject subject = {.account = account,
                                     .site = slice_of(site),
                                     .pool = SLICE("sip.contoso.test"),
                                     .level = L10};
    assert_int_equal(policy_effective_load(w->reader, &subject, w->arena, out, &w->fault), 0);
    return out;
}

static void assert_text(struct slice got, const char *expected)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.at, expected, got.len);
}

/* Tag before site before global, and the chosen one as a whole. */
static void test_precedence(void **state)
{
    struct world *w = *state;
    const struct policy *voice = &effective(w, w->alice, "Redmond")->of[POLICY_VOICE];
    assert_text(voice->scope, "Global");
    assert_true(policy_bool(voice, "AllowCallForwarding"));

    assert_int_equal(set(w, POLICY_VOICE, "global", "allowcallforwarding", "False"), 0);
    assert_int_equal(set(w, POLICY_VOICE, "site:redmond", "EnableTeamCall", "false"), 0);
    assert_int_equal(set(w, POLICY_VOICE, "Traders", "EnableDelegation", "false"), 0);
    voice = &effective(w, w->alice, NULL)->of[POLICY_VOICE];
    assert_text(voice->scope, "Global");
    assert_false(policy_bool(voice, "AllowCallForwarding"));

    voice = &effective(w, w->alice, "Redmond")->of[POLICY_VOICE];
    assert_text(voice->scope, "Site:redmond");
    assert_false(policy_bool(voice, "EnableTeamCall"));
    assert_true(policy_bool(voice, "AllowCallForwarding")); /* not inherited from Global */

    assert_int_equal(policy_grant(w->store, POLICY_VOICE, w->alice, SLICE("tag:TRADERS"), NULL), 0);
    voice = &effective(w, w->alice, "Redmond")->of[POLICY_VOICE];
    assert_text(voice->scope, "Tag:Traders");
    assert_false(policy_bool(voice, "EnableDelegation"));
    assert_true(policy_bool(voice, "EnableTeamCall"));
    assert_text(effective(w, w->bob, "Redmond")->of[POLICY_VOICE].scope, "Site:redmond");
    assert_text(effective(w, w->alice, "Redmond")->of[POLICY_CLIENT].scope, "Global");

    assert_int_equal(policy_grant(w->store, POLICY_VOICE, w->alice, (struct slice){0}, NULL), 0);
    assert_text(effective(w, w->alice, "Redmond")->of[POLICY_VOICE].scope, "Site:redmond");
}

static void test_remove(void **state)
{
    struct world *w = *state;
    assert_int_equal(set(w, POLICY_MOBILITY, "Mobile", "EnableMobility", "false"), 0);
    assert_int_equal(set(w, POLICY_MOBILITY, "Global", "EnableMobility", "false"), 0);
    assert_int_equal(policy_grant(w->store, POLICY_MOBILITY, w->bob, SLICE("Mobile"), NULL), 0);
    assert_int_equal(policy_remove(w->store, POLICY_MOBILITY, SLICE("Mobile"), false, &w->fault),
                     -ERR_CONFLICT);
    assert_int_equal(w->fault.finding, FINDING_POLICY_GRANTED);
    assert_text(effective(w, w->bob, NULL)->of[POLICY_MOBILITY].scope, "Tag:Mobile");
    assert_int_equal(policy_remove(w->store, POLICY_MOBILITY, SLICE("Mobile"), true, NULL), 0);
    assert_text(effective(w, w->bob, NULL)->of[POLICY_MOBILITY].scope, "Global");
    assert_int_equal(policy_remove(w->store, POLICY_MOBILITY, SLICE("Mobile"), true, &w->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_POLICY_UNKNOWN);
    assert_int_equal(policy_remove(w->store, POLICY_MOBILITY, SLICE("Global"), false, NULL), 0);
    assert_int_equal(policy_remove(w->store, POLICY_MOBILITY, SLICE("Global"), false, NULL), 0);
    assert_true(policy_bool(&effective(w, w->bob, NULL)->of[POLICY_MOBILITY], "EnableMobility"));
}

static void test_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        enum policy_kind kind;
        const char *scope, *name, *value;
        int err;
    } rows[] = {
        {POLICY_VOICE, "Global", "AllowCallForwading", "true", -ERR_UNKNOWN},
        {POLICY_VOICE, "Global", "AllowCallForwarding", "yes", -ERR_MALFORMED},
        {POLICY_MOBILITY, "Global", "RequireWiFiForSharing", "true", -ERR_UNKNOWN}, /* 2013's */
        {POLICY_CLIENT, "Global", "MaxPhotoSizeKB", "101", -ERR_MALFORMED},
        {POLICY_CLIENT, "Global", "MaxPhotoSizeKB", "-1", -ERR_MALFORMED},
        {POLICY_CLIENT, "Global", "WebServicePollInterval", "59", -ERR_MALFORMED},
        {POLICY_CLIENT, "Global", "PhotoUsage", "Some", -ERR_MALFORMED},
        {POLICY_CLIENT, "Global", "IMWarning", "a\nb", -ERR_MALFORMED},
        {POLICY_DIAL_PLAN, "Global", "ExternalAccessPrefix", "12345", -ERR_MALFORMED},
        {POLICY_VOICE, "", "AllowCallForwarding", "true", -ERR_MALFORMED},
        {POLICY_VOICE, "service:x", "AllowCallForwarding", "true", -ERR_MALFORMED},
        {POLICY_VOICE, "Tag: x", "AllowCallForwarding", "true", -ERR_MALFORMED},
        {POLICY_VOICE, "Tag:a\"b", "AllowCallForwarding", "true", -ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int err = set(w, rows[i].kind, rows[i].scope, rows[i].name, rows[i].value);
        if (err != rows[i].err)
            fail_msg("row %zu: %d", i, err);
        assert_int_equal(w->fault.finding, FINDING_POLICY_INVALID);
    }
    set(w, POLICY_VOICE, "Global", "AllowCallForwading", "true");
    assert_non_null(strstr(w->fault.detail, "AllowCallForwarding?"));
    assert_int_equal(policy_grant(w->store, POLICY_VOICE, w->bob, SLICE("none"), &w->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_POLICY_UNKNOWN);
    assert_int_equal(policy_grant(w->store, POLICY_VOICE, 4711, SLICE("none"), &w->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_UNKNOWN_USER);
    assert_int_equal(policy_grant(w->store, POLICY_VOICE, w->bob, SLICE("site:x"), NULL),
                     -ERR_MALFORMED);
}

static void test_list(void **state)
{
    struct world *w = *state;
    struct policy *list, policy;
    size_t count;
    assert_int_equal(set(w, POLICY_CLIENT, "Tag:Sales", "MaxPhotoSizeKB", "010"), 0);
    assert_int_equal(set(w, POLICY_CLIENT, "Site:Berlin", "IMWarning", "<&>"), 0);
    assert_int_equal(policy_list(w->reader, POLICY_CLIENT, w->arena, &list, &count, NULL), 0);
    assert_int_equal(count, 3);
    assert_text(list[0].scope, "Global");
    assert_text(list[1].scope, "Site:Berlin");
    assert_text(policy_text(&list[1], "IMWarning"), "<&>");
    assert_text(list[2].scope, "Tag:Sales");
    assert_text(policy_text(&list[2], "MaxPhotoSizeKB"), "10");
    assert_int_equal(policy_get(w->reader, POLICY_CLIENT, SLICE("sales"), w->arena, &policy, NULL),
                     0);
    assert_text(policy.scope, "Tag:Sales");
    assert_int_equal(set(w, POLICY_CLIENT, "sales", "MaxPhotoSizeKB", NULL), 0);
    assert_int_equal(policy_get(w->reader, POLICY_CLIENT, SLICE("sales"), w->arena, &policy, NULL),
                     0);
    assert_int_equal(policy.count, 0);
    assert_text(policy_text(&policy, "MaxPhotoSizeKB"), "30");
    assert_int_equal(policy_get(w->reader, POLICY_CLIENT, SLICE("none"), w->arena, &policy, NULL),
                     -ERR_UNKNOWN);
}

/* Rules of both kinds come back in order of priority, also after the store was closed. */
static void test_rules(void **state)
{
    struct world *w = *state;
    struct client_rule client = {.priority = 2,
                                 .agent = SLICE("Sipe"),
                                 .compare = CLIENT_LSS,
                                 .version = {1, 25},
                                 .action = CLIENT_BLOCK_WITH_URL,
                                 .url = SLICE("https://get.contoso.test/")};
    struct dialplan_rule dial = {.priority = 5,
                                 .name = SLICE("local"),
                                 .pattern = SLICE("^(\\d{4})$"),
                                 .translation = SLICE("+4930$1"),
                                 .internal = true};
    struct dialplan plan;
    assert_int_equal(client_rule_set(w->store, SLICE("Global"), &client, NULL), 0);
    client.priority = 1;
    client.agent = SLICE("OC");
    assert_int_equal(client_rule_set(w->store, SLICE("Global"), &client, NULL), 0);
    client.url = (struct slice){0};
    assert_int_equal(client_rule_set(w->store, SLICE("Global"), &client, &w->fault),
                     -ERR_MALFORMED);
    assert_int_equal(dialplan_rule_set(w->store, SLICE("Site:Berlin"), &dial, NULL), 0);
    dial.priority = 2;
    dial.translation = SLICE("+49$1");
    assert_int_equal(dialplan_rule_set(w->store, SLICE("Site:Berlin"), &dial, NULL), 0);
    dial.translation = SLICE("+4940$1"); /* takes its place */
    assert_int_equal(dialplan_rule_set(w->store, SLICE("Site:Berlin"), &dial, NULL), 0);
    assert_int_equal(set(w, POLICY_DIAL_PLAN, "Site:Berlin", "ExternalAccessPrefix", "0"), 0);

    accounts_free(w->accounts);
    store_reader_free(w->reader);
    store_free(w->store);
    w->accounts = NULL;
    assert_int_equal(open_store(w), 0);
    const struct policy_effective *e = effective(w, w->alice, "berlin");
    assert_int_equal(e->clients.count, 2);
    assert_text(e->clients.rule[0].agent, "OC");
    assert_int_equal(e->clients.rule[1].version[1], 25);
    assert_int_equal(e->clients.rule[1].action, CLIENT_BLOCK_WITH_URL);
    assert_text(e->dialplan.name, "Site.Berlin");
    assert_text(e->dialplan.prefix, "0");
    assert_int_equal(e->dialplan.count, 2);
    assert_text(e->dialplan.rule[0].translation, "+4940$1");
    assert_true(e->dialplan.rule[1].internal);

    assert_int_equal(dialplan_find(w->reader, SLICE("site.berlin"), w->arena, &plan, NULL), 0);
    assert_int_equal(plan.count, 2);
    assert_int_equal(dialplan_find(w->reader, SLICE("Global"), w->arena, &plan, NULL), 0);
    assert_int_equal(dialplan_find(w->reader, SLICE("none"), w->arena, &plan, &w->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_DIALPLAN_UNKNOWN);
    assert_int_equal(client_rule_remove(w->store, SLICE("Global"), 2, NULL), 0);
    assert_int_equal(client_rule_remove(w->store, SLICE("Global"), 2, NULL), -ERR_UNKNOWN);
    assert_int_equal(dialplan_rule_remove(w->store, SLICE("Site:Berlin"), 2, NULL), 0);
    assert_int_equal(effective(w, 0, "Berlin")->dialplan.count, 1);
    assert_int_equal(policy_remove(w->store, POLICY_DIAL_PLAN, SLICE("Site:Berlin"), false, NULL),
                     0);
    assert_text(effective(w, 0, "Berlin")->dialplan.name, "Global");
}

/* Every default is a value of its own attribute; names differ; Lync 2010 has two switches. */
static void test_tables(void **state)
{
    struct world *w = *state;
    size_t mobile = 0;
    for (unsigned k = 0; k < POLICY_KINDS; k++) {
        const struct policy_kind_row *row = policy_kind_row((enum policy_kind)k);
        enum policy_kind kind;
        assert_int_equal(policy_kind_find(slice_of(row->name), &kind, NULL), 0);
        assert_int_equal(kind, k);
        for (size_t i = 0; i < row->count; i++) {
            const struct policy_attribute *a = &row->attribute[i];
            struct slice canonical;
            if (policy_value_check(a, slice_of(a->value), w->arena, &canonical, &w->fault) < 0)
                fail_msg("%s: %s", a->name, w->fault.detail);
            assert_text(canonical, a->value);
            assert_ptr_equal(policy_attribute_find(kind, slice_of(a->name), L13, NULL), a);
            assert_true(a->help && a->help[0]);
            mobile += kind == POLICY_MOBILITY && a->since <= L10;
        }
    }
    assert_int_equal(mobile, 2);
}

/* Configurations: service before site before global, and never granted. */
static void test_configuration(void **state)
{
    struct world *w = *state;
    enum policy_kind kind;
    const struct policy *mcx = &effective(w, w->alice, "Redmond")->of[POLICY_MCX];
    assert_text(mcx->scope, "Global");
    assert_int_equal(policy_number(mcx, "SessionExpirationInterval"), 259200);
    assert_int_equal(policy_number(mcx, "SessionShortExpirationInterval"), 3600);
    assert_text(policy_text(mcx, "ExposedWebURL"), "External");
    const struct policy *push = &effective(w, w->alice, "Redmond")->of[POLICY_PUSH];
    assert_false(policy_bool(push, "EnableApplePushNotificationService"));
    assert_false(policy_bool(push, "EnableMicrosoftPushNotificationService"));
    assert_true(policy_bool(push, "EnableWebPushNotificationService"));

    assert_int_equal(set(w, POLICY_MCX, "site:redmond", "ExposedWebURL", "internal"), 0);
    mcx = &effective(w, w->alice, "Redmond")->of[POLICY_MCX];
    assert_text(policy_text(mcx, "ExposedWebURL"), "Internal");
    const char *pool = "service:webserver:SIP.contoso.test", *other = "service:WebServer:b.test";
    assert_int_equal(set(w, POLICY_MCX, pool, "SessionExpirationInterval", "4294967295"), 0);
    assert_int_equal(set(w, POLICY_MCX, other, "SessionExpirationInterval", "5000"), 0);
    mcx = &effective(w, w->alice, "Redmond")->of[POLICY_MCX];
    assert_text(mcx->scope, "Service:WebServer:SIP.contoso.test");
    assert_int_equal(policy_number(mcx, "SessionExpirationInterval"), 4294967295);
    assert_text(policy_text(mcx, "ExposedWebURL"), "External");

    assert_true(set(w, POLICY_MCX, "Global", "SessionExpirationInterval", "4294967296") < 0);
    assert_true(set(w, POLICY_MCX, "Global", "SessionShortExpirationInterval", "119") < 0);
    assert_true(set(w, POLICY_MCX, "Redmond", "ExposedWebURL", "Internal") < 0);
    assert_true(set(w, POLICY_MCX, "tag:Redmond", "ExposedWebURL", "Internal") < 0);
    assert_true(set(w, POLICY_PUSH, pool, "EnableWebPushNotificationService", "false") < 0);
    assert_non_null(strstr(w->fault.detail, "Site:NAME, the name"));
    assert_true(set(w, POLICY_VOICE, pool, "EnableTeamCall", "false") < 0);
    assert_int_equal(policy_grant(w->store, POLICY_MCX, w->alice, SLICE("X"), &w->fault),
                     -ERR_MALFORMED);
    assert_int_equal(policy_kind_find(SLICE("McxConfiguration"), &kind, NULL), 0);
    assert_int_equal(kind, POLICY_MCX);
    assert_int_equal(policy_kind_find(SLICE("PushNotificationConfiguration"), &kind, NULL), 0);
    assert_int_equal(kind, POLICY_PUSH);
    assert_true(policy_kind_find(SLICE("MobilityConfiguration"), &kind, NULL) < 0);
}

/* What must hold between attributes holds behind all of a change, else nothing is changed. */
static void test_between_attributes(void **state)
{
    struct world *w = *state;
    struct policy policy;
    const struct policy_assignment both[] = {
        {SLICE("sessionexpirationinterval"), SLICE("200")},
        {SLICE("SessionShortExpirationInterval"), SLICE("120")},
    };
    assert_true(set(w, POLICY_MCX, "Site:A", "SessionExpirationInterval", "3600") < 0);
    assert_non_null(strstr(w->fault.detail, "more than SessionShortExpirationInterval (3600)"));
    assert_int_equal(policy_get(w->reader, POLICY_MCX, SLICE("Site:A"), w->arena, &policy, NULL),
                     -ERR_UNKNOWN);
    assert_true(policy_assign(w->store, POLICY_MCX, SLICE("Global"), L10, both, 1, NULL) < 0);
    assert_int_equal(policy_assign(w->store, POLICY_MCX, SLICE("Global"), L10, both, 2, &w->fault),
                     0);
    assert_int_equal(policy_get(w->reader, POLICY_MCX, SLICE("Global"), w->arena, &policy, NULL),
                     0);
    assert_int_equal(policy_number(&policy, "SessionExpirationInterval"), 200);
    /* Its default would be more than the other one. */
    assert_true(policy_set(w->store, POLICY_MCX, SLICE("Global"), L10,
                           SLICE("SessionShortExpirationInterval"), (struct slice){0}, NULL) < 0);
    static const char *const no_address[] = {"",       "push.lync.com", "sip:push",
                                             "sip:@a", "sip:a@",        "sip:a b@c"};
    for (size_t i = 0; i < sizeof no_address / sizeof *no_address; i++)
        assert_true(set(w, POLICY_MCX, "Global", "PushNotificationProxyUri", no_address[i]) < 0);
    assert_int_equal(set(w, POLICY_MCX, "Global", "PushNotificationProxyUri", "SIP:x@y"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_between_attributes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
