/* Subscriptions: what is read, what is refused, what is kept. */
#include "push/subscription.h"

#include "accounts/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700000);
static const struct push_guard strict = {.allow_private = false};

#define POINT                                                                                      \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define KEYS "\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}"
#define AT   "\"endpoint\":\"https://push.example.net/a\","

struct world {
    struct arena *arena;
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
    int64_t alice, bob;
    struct fault fault;
    char dir[64], path[96];
};

static int64_t add_account(struct world *w, struct slice address)
{
    struct account account = {.address = address, .enabled = true, .created = 1};
    return accounts_add(w->accounts, &account, w->arena, &w->fault) == 0 ? account.id : 0;
}

static int setup(void **state)
{
    static const struct store_schema *const schemas[] = {&accounts_schema, &push_schema};
    struct world *w = must_calloc(1, sizeof *w);
    *state = w;
    w->arena = arena_new();
    snprintf(w->dir, sizeof w->dir, "/tmp/lychgate-push-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(w->path, sizeof w->path, "%s/store.db", w->dir);
    if (store_open(&(struct store_options){.path = w->path, .schemas = schemas, .schema_count = 2},
                   &w->store, &w->fault) != 0 ||
        store_reader_open(w->store, &w->reader, &w->fault) != 0 ||
        accounts_open(&(struct accounts_options){.store = w->store}, &w->accounts, &w->fault) != 0)
        return -1;
    w->alice = add_account(w, SLICE("alice@contoso.test"));
    w->bob = add_account(w, SLICE("bob@contoso.test"));
    return w->alice && w->bob ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[128];
    accounts_free(w->accounts);
    store_reader_free(w->reader);
    store_free(w->store);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, ends[i]);
        unlink(path);
    }
    int result = rmdir(w->dir);
    arena_free(w->arena);
    free(w);
    return result;
}

static int parse(struct world *w, const char *json, struct push_subscription *out)
{
    w->fault = (struct fault){0};
    return push_subscription_parse(slice_of(json), &strict, now, w->arena, out, &w->fault);
}

/* ---- reading ------------------------------------------------------------------------- */

static void test_parse_and_print(void **state)
{
    struct world *w = *state;
    struct push_subscription s, again;
    assert_int_equal(parse(w, "{" AT "\"expirationTime\":null," KEYS ",\"more\":[1]}", &s), 0);
    assert_true(slice_eq(s.endpoint, SLICE("https://push.example.net/a")));
    assert_int_equal(s.keys.p256dh.len, PUSH_POINT_LEN);
    assert_int_equal(s.keys.auth.len, PUSH_AUTH_LEN);
    assert_int_equal(s.expires, 0);
    assert_int_equal(parse(w, "{" AT "\"expirationTime\":1795298700001.5," KEYS "}", &s), 0);
    assert_int_equal(s.expires, now + 1);
    struct slice text = push_subscription_print(&s, w->arena);
    assert_int_equal(parse(w, text.at, &again), 0);
    assert_true(slice_eq(again.endpoint, s.endpoint));
    assert_true(slice_eq(again.keys.p256dh, s.keys.p256dh));
    assert_int_equal(again.expires, s.expires);
}

static void test_parse_refuses(void **state)
{
    struct world *w = *state;
    struct push_subscription s;
    static const struct {
        const char *json;
        int err;
        enum finding finding;
    } rows[] = {
        {"", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"[]", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{}", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT KEYS "}x", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT AT KEYS "}", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{\"endpoint\":7," KEYS "}", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{\"endpoint\":\"https://a.b/\\u0000\"," KEYS "}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{\"endpoint\":\"http://push.example.net/\"," KEYS "}", -ERR_DENIED,
         FINDING_PUSH_ENDPOINT_REFUSED},
        {"{\"endpoint\":\"https://169.254.169.254/\"," KEYS "}", -ERR_DENIED,
         FINDING_PUSH_ENDPOINT_REFUSED},
        {"{" AT "\"keys\":[]}", -ERR_MALFORMED, FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"keys\":{\"auth\":\"" AUTH "\"}}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"a+b/\"}}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"keys\":{\"p256dh\":\"" AUTH "\",\"auth\":\"" AUTH "\"}}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"expirationTime\":\"x\"," KEYS "}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"expirationTime\":-1," KEYS "}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"expirationTime\":1e300," KEYS "}", -ERR_MALFORMED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
        {"{" AT "\"expirationTime\":1795298700000," KEYS "}", -ERR_EXPIRED,
         FINDING_PUSH_SUBSCRIPTION_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (parse(w, rows[i].json, &s) != rows[i].err)
            fail_msg("%s", rows[i].json);
        assert_int_equal(w->fault.finding, rows[i].finding);
    }
    char deep[PUSH_JSON_MAX + 2];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(parse(w, deep, &s), -ERR_LIMIT);
    deep[PUSH_JSON_MAX] = '\0';
    assert_int_equal(parse(w, deep, &s), -ERR_MALFORMED);
}

/* ---- keeping --------------------------------------------------------------------------- */

static int keep(struct world *w, int64_t account, const char *device, const char *endpoint,
                int64_t expires)
{
    struct push_subscription s;
    assert_int_equal(parse(w, "{" AT KEYS "}", &s), 0);
    s.account = account;
    s.device = slice_of(device);
    s.endpoint = slice_of(endpoint);
    s.created = now;
    s.expires = expires;
    return push_subscription_add(w->store, &s, 3, &w->fault);
}

static size_t count(struct world *w, int64_t account)
{
    struct push_subscription *list;
    size_t n;
    assert_int_equal(push_subscription_list(w->reader, account, w->arena, &list, &n, &w->fault), 0);
    return n;
}

static int find(struct world *w, int64_t account, const char *device, int64_t at,
                struct push_subscription *out)
{
    return push_subscription_find(w->reader, account, slice_of(device), at, w->arena, out,
                                  &w->fault);
}

static void test_one_for_each_device(void **state)
{
    struct world *w = *state;
    struct push_subscription s;
    assert_int_equal(keep(w, w->alice, "phone", "https://p.example/1", 0), 0);
    assert_int_equal(keep(w, w->alice, "phone", "https://p.example/2", 0), 0);
    assert_int_equal(count(w, w->alice), 1);
    assert_int_equal(find(w, w->alice, "phone", now, &s), 0);
    assert_true(slice_eq(s.endpoint, SLICE("https://p.example/2")));
    assert_int_equal(s.keys.p256dh.len, PUSH_POINT_LEN);
    assert_int_equal(push_keys_check(&s.keys, &w->fault), 0);
    /* The browser kept its subscription, the application has a new name. */
    assert_int_equal(keep(w, w->alice, "phone-2", "https://p.example/2", 0), 0);
    assert_int_equal(count(w, w->alice), 1);
    /* Knowing an endpoint of hers gives nobody the power to take it from her. */
    assert_int_equal(keep(w, w->bob, "mine", "https://p.example/2", 0), 0);
    assert_int_equal(count(w, w->alice), 1);
    assert_int_equal(count(w, 0), 2);
    assert_int_equal(find(w, w->bob, "phone-2", now, &s), -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_PUSH_NO_SUBSCRIPTION);
    assert_int_equal(push_subscription_drop(w->store, s.id, &w->fault), 0);
    assert_int_equal(push_subscription_remove(w->store, w->bob, SLICE("mine"), &w->fault), 1);
    assert_int_equal(push_subscription_remove(w->store, w->bob, SLICE("mine"), &w->fault), 0);
}

static void test_limit_and_expiry(void **state)
{
    struct world *w = *state;
    struct push_subscription s;
    assert_int_equal(keep(w, w->alice, "a", "https://p.example/a", 0), 0);
    assert_int_equal(keep(w, w->alice, "b", "https://p.example/b", now + 5), 0);
    assert_int_equal(keep(w, w->alice, "c", "https://p.example/c", now), 0);
    assert_int_equal(find(w, w->alice, "b", now, &s), 0);
    assert_int_equal(find(w, w->alice, "b", now + 5, &s), -ERR_UNKNOWN);
    /* c has ended and makes room, then there is none. */
    assert_int_equal(keep(w, w->alice, "d", "https://p.example/d", 0), 0);
    assert_int_equal(keep(w, w->alice, "e", "https://p.example/e", 0), -ERR_LIMIT);
    assert_int_equal(w->fault.finding, FINDING_PUSH_SUBSCRIPTIONS_FULL);
    assert_int_equal(keep(w, w->alice, "d", "https://p.example/d2", 0), 0);
    assert_int_equal(push_subscription_sweep(w->store, now + 5, &w->fault), 1);
    assert_int_equal(count(w, w->alice), 2);
    assert_int_equal(find(w, w->alice, "a", now, &s), 0);
    assert_int_equal(push_subscription_drop(w->store, s.id, &w->fault), 0);
    assert_int_equal(push_subscription_remove(w->store, w->alice, (struct slice){0}, &w->fault), 1);
    assert_int_equal(count(w, 0), 0);
}

static void test_wrong_names_and_users(void **state)
{
    struct world *w = *state;
    char overlong[PUSH_DEVICE_MAX + 2];
    memset(overlong, 'd', sizeof overlong - 1);
    overlong[sizeof overlong - 1] = '\0';
    assert_int_equal(keep(w, w->alice, "", "https://p.example/", 0), -ERR_MALFORMED);
    assert_int_equal(keep(w, w->alice, "my phone", "https://p.example/", 0), -ERR_MALFORMED);
    assert_int_equal(keep(w, w->alice, overlong, "https://p.example/", 0), -ERR_MALFORMED);
    assert_int_equal(keep(w, 4711, "phone", "https://p.example/", 0), -ERR_UNKNOWN);
    assert_int_equal(w->fault.finding, FINDING_UNKNOWN_USER);
    assert_int_equal(count(w, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_print),       cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_one_for_each_device),   cmocka_unit_test(test_limit_and_expiry),
        cmocka_unit_test(test_wrong_names_and_users),
    };
    return cmocka_run_group_tests_name("push/subscription", tests, setup, teardown);
}
