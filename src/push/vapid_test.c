/* VAPID: the example of [RFC 8292], signatures that verify, and the cache. */
#include "push/vapid.h"

#include "base/encode.h"
#include "push/encrypt_priv.h"
#include "push/testing_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795298700000); /* 2026-11-21T22:05:00Z */

/* Section 2.4. */
static const char rfc_token[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0"
    "NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCG"
    "SK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
static const char rfc_key[] =
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

static void test_example_of_the_rfc(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(test_signer) struct test_signer *signer = test_signer_new();
    struct slice value, key;
    assert_int_equal(base64url_parse(a, slice_of(rfc_key), &key), 0);
    assert_true(test_token_verifies(a, slice_of(rfc_token), key));
    assert_int_equal(vapid_print(&signer->as, SLICE("https://push.example.net"),
                                 SLICE("mailto:push@example.com"), INT64_C(1453523768000), a,
                                 &value, NULL),
                     0);
    /* Ours has another key; up to the signature it is the same text. */
    struct slice expected =
        arena_print(a, "vapid t=%.*s", (int)(strrchr(rfc_token, '.') - rfc_token), rfc_token);
    assert_true(slice_starts(value, expected));
    struct slice token, key_text;
    assert_true(test_vapid_split(value, &token, &key_text));
    assert_int_equal(base64url_parse(a, key_text, &key), 0);
    assert_true(slice_eq(key, signer->as.public_key));
    assert_true(test_token_verifies(a, token, key));
    char *altered = arena_string(a, token);
    altered[40] ^= 1;
    assert_false(test_token_verifies(a, slice_make(altered, token.len), key));
}

static void test_audiences(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    static const char *const rows[][2] = {
        {"https://fcm.googleapis.com/fcm/send/abc:def", "https://fcm.googleapis.com"},
        {"https://Push.Example.NET:443/x", "https://push.example.net"},
        {"https://push.example.net:8443?x", "https://push.example.net:8443"},
        {"http://localhost:8090/notify/1", "http://localhost:8090"},
        {"https://[2a00:1450::1]/x", "https://[2a00:1450::1]"},
    };
    struct slice audience;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vapid_audience(slice_of(rows[i][0]), a, &audience, NULL), 0);
        assert_string_equal(audience.at, rows[i][1]);
    }
    assert_int_equal(vapid_audience(SLICE("ftp://x/"), a, &audience, NULL), -ERR_MALFORMED);
}

static void test_subject(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(test_signer) struct test_signer *signer = test_signer_new();
    struct slice value;
    struct fault fault = {0};
    assert_int_equal(
        vapid_print(&signer->as, SLICE("https://p.example"), SLICE(""), now, a, &value, NULL), 0);
    struct slice breaking = SLICE("mailto:a\"},{\"@b");
    assert_int_equal(
        vapid_print(&signer->as, SLICE("https://p.example"), breaking, now, a, &value, &fault),
        -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
}

static void test_cache(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(test_signer) struct test_signer *signer = test_signer_new();
    scoped(vapid_cache) struct vapid_cache *cache =
        vapid_cache_new(&signer->as, SLICE("mailto:admin@contoso.test"));
    struct slice first, again, later;
    struct slice endpoint = SLICE("https://p.example/a");
    assert_int_equal(vapid_cache_value(cache, endpoint, now, a, &first, NULL), 0);
    assert_int_equal(
        vapid_cache_value(cache, SLICE("https://p.example/b"), now + 1, a, &again, NULL), 0);
    assert_true(slice_eq(first, again));
    assert_int_equal(signer->signatures, 1);
    assert_int_equal(vapid_cache_value(cache, endpoint, now + VAPID_LIFE_MS / 2, a, &later, NULL),
                     0);
    assert_false(slice_eq(first, later));
    /* A clock that goes back a day must not bring tokens of tomorrow. */
    assert_int_equal(vapid_cache_value(cache, endpoint, now - 86400000, a, &again, NULL), 0);
    assert_false(slice_eq(later, again));
    assert_int_equal(signer->signatures, 3);
    /* More services than places: it goes on. */
    for (int i = 0; i < 40; i++) {
        struct slice url = arena_print(a, "https://p%d.example/", i);
        assert_int_equal(vapid_cache_value(cache, url, now, a, &again, NULL), 0);
    }
    assert_int_equal(signer->signatures, 43);
    signer->fails = true;
    assert_int_equal(vapid_cache_value(cache, SLICE("https://q.example/"), now, a, &again, NULL),
                     -ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_rfc),
        cmocka_unit_test(test_audiences),
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests_name("push/vapid", tests, NULL, NULL);
}
