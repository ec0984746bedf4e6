/* Encryption, against the vectors of the RFCs and against everything else. */
#include "base/encode.h"
#include "push/ece.h"
#include "push/encrypt_priv.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct slice bytes(struct arena *arena, const char *text)
{
    struct slice out = {0};
    if (base64url_parse(arena, slice_of(text), &out) != 0)
        fail_msg("no base64url: %s", text);
    return out;
}

/* ---- RFC 8188 ----------------------------------------------------------------------- */

static void test_rfc8188_one_record(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice body =
        bytes(a, "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
    struct slice key = bytes(a, "yqdlZ-tYemfogSmv7Ws5PQ"), plain, made;
    struct ece_header header;
    assert_int_equal(ece_parse(body, &header, NULL), 0);
    assert_int_equal(header.record, 4096);
    assert_int_equal(header.key_id.len, 0);
    assert_int_equal(ece_decode(&header, key, a, &plain, NULL), 0);
    assert_true(slice_eq(plain, SLICE("I am the walrus")));
    const struct ece_options options = {.salt = header.salt, .key = key, .record = 4096};
    assert_int_equal(ece_encode(&options, plain, a, &made, NULL), 0);
    assert_true(slice_eq(made, body));
}

static void test_rfc8188_two_records(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice body = bytes(a, "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF"
                                 "1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA");
    struct slice key = bytes(a, "BO3ZVPxUlnLORbVGMpbT1Q"), plain;
    struct ece_header header;
    assert_int_equal(ece_parse(body, &header, NULL), 0);
    assert_int_equal(header.record, 25);
    assert_true(slice_eq(header.key_id, SLICE("a1")));
    assert_int_equal(ece_decode(&header, key, a, &plain, NULL), 0);
    assert_true(slice_eq(plain, SLICE("I am the walrus")));
    /* Whole records cut off, or in another order: each is good, the whole is not. */
    struct ece_header cut = header;
    cut.records = slice_head(header.records, 25);
    assert_int_equal(ece_decode(&cut, key, a, &plain, NULL), -ERR_FORGED);
    char *turned = arena_string(a, header.records);
    memcpy(turned, header.records.at + 25, 25);
    memcpy(turned + 25, header.records.at, 25);
    cut.records = slice_make(turned, 50);
    assert_int_equal(ece_decode(&cut, key, a, &plain, NULL), -ERR_FORGED);
}

static void test_many_records_and_padding(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    char text[1000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    for (uint32_t record = 18; record < 80; record += 3)
        for (size_t pad = 0; pad < 3 && pad + 17 < record; pad++)
            for (size_t len = 0; len < sizeof text; len += 97) {
                struct ece_options options = {SLICE("0123456789abcdef"), SLICE("key"), SLICE("k"),
                                              record, pad};
                struct ece_header header;
                struct slice body, plain;
                assert_int_equal(ece_encode(&options, slice_make(text, len), a, &body, NULL), 0);
                assert_int_equal(ece_parse(body, &header, NULL), 0);
                assert_int_equal(ece_decode(&header, SLICE("key"), a, &plain, NULL), 0);
                assert_true(slice_eq(plain, slice_make(text, len)));
            }
}

static void test_options_out_of_bounds(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    const struct ece_options good = {SLICE("0123456789abcdef"), SLICE("key"), SLICE(""), 18, 0};
    struct ece_options bad[6];
    struct slice body;
    struct fault fault = {0};
    assert_int_equal(ece_encode(&good, SLICE("x"), a, &body, NULL), 0);
    for (size_t i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].salt = SLICE("short");
    bad[1].key = SLICE("");
    bad[2].record = 17;
    bad[3].record = ECE_RECORD_MAX + 1;
    bad[4].pad = 1; /* no room for content is left */
    bad[5].key_id = slice_make(arena_alloc(a, 256), 256);
    for (size_t i = 0; i < 6; i++)
        if (ece_encode(&bad[i], SLICE("x"), a, &body, &fault) != -ERR_LIMIT)
            fail_msg("case %zu", i);
}

/* ---- RFC 8291 -------------------------------------------------------------------------- */

struct vector {
    struct slice plain, body, salt, server_public, server_private;
    struct push_receiver device;
};

/* Appendix A. */
static struct vector vector_of(struct arena *a)
{
    struct vector v = {
        .plain = SLICE("When I grow up, I want to be a watermelon"),
        .salt = bytes(a, "DGv6ra1nlYgDCS1FRnbzlw"),
        .server_public = bytes(a, "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
                                  "6TlzAC8wEqKK6PBru3jl7A8"),
        .server_private = bytes(a, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        .body = bytes(a, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
                         "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVB"
                         "St2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"),
    };
    secret_set(&v.device.scalar, bytes(a, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"));
    secret_set(&v.device.auth, bytes(a, "BTBZMqHH6r4Tts7J_aSIgg"));
    memcpy(v.device.p256dh,
           bytes(a, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6S"
                    "RpkNtoIAiw4")
               .at,
           PUSH_POINT_LEN);
    return v;
}

static void test_rfc8291_both_ways(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct vector v = vector_of(a);
    struct push_keys keys = push_receiver_keys(&v.device);
    struct slice made, plain;
    EVP_PKEY *sender = push_private_key(v.server_private, v.server_public);
    assert_non_null(sender);
    assert_int_equal(push_encrypt_with(&keys, sender, v.salt, v.plain, a, &made, NULL), 0);
    assert_string_equal(base64url_print(a, made).at, base64url_print(a, v.body).at);
    assert_int_equal(push_decrypt(&v.device, v.body, a, &plain, NULL), 0);
    assert_true(slice_eq(plain, v.plain));
    EVP_PKEY_free(sender);
    push_receiver_fini(&v.device);
}

static void test_fresh_keys(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct push_receiver device, other;
    struct slice first, second, plain;
    char most[PUSH_PLAIN_MAX + 1];
    struct fault fault = {0};
    memset(most, 'm', sizeof most);
    assert_int_equal(push_receiver_make(&device, NULL), 0);
    assert_int_equal(push_receiver_make(&other, NULL), 0);
    struct push_keys keys = push_receiver_keys(&device);
    assert_int_equal(push_encrypt(&keys, slice_make(most, PUSH_PLAIN_MAX), a, &first, NULL), 0);
    assert_int_equal(first.len, PUSH_BODY_MAX);
    assert_int_equal(push_encrypt(&keys, slice_make(most, PUSH_PLAIN_MAX), a, &second, NULL), 0);
    assert_false(slice_eq(first, second));
    assert_int_equal(push_decrypt(&device, second, a, &plain, NULL), 0);
    assert_int_equal(plain.len, PUSH_PLAIN_MAX);
    assert_int_equal(push_decrypt(&other, second, a, &plain, &fault), -ERR_FORGED);
    assert_int_equal(fault.finding, FINDING_PUSH_UNREADABLE);
    assert_int_equal(push_encrypt(&keys, slice_make(most, sizeof most), a, &second, &fault),
                     -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_PUSH_TOO_LARGE);
    assert_int_equal(push_encrypt(&keys, SLICE(""), a, &second, NULL), 0);
    assert_int_equal(push_decrypt(&device, second, a, &plain, NULL), 0);
    assert_int_equal(plain.len, 0);
    push_receiver_fini(&device);
    push_receiver_fini(&other);
}

/* Every byte matters but those of the record size, of which only its sense does. */
static void test_altered_and_cut(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct vector v = vector_of(a);
    struct slice plain;
    for (size_t i = 0; i < v.body.len; i++) {
        char *altered = arena_string(a, v.body);
        altered[i] ^= 1;
        int err = push_decrypt(&v.device, slice_make(altered, v.body.len), a, &plain, NULL);
        bool size = i >= ECE_SALT_LEN && i < ECE_SALT_LEN + 4;
        if (!size && err >= 0)
            fail_msg("byte %zu does not matter", i);
        if (push_decrypt(&v.device, slice_head(v.body, i), a, &plain, NULL) >= 0)
            fail_msg("%zu bytes are enough", i);
    }
    char *small = arena_string(a, v.body); /* the record size says there are two records */
    memcpy(small + ECE_SALT_LEN, "\0\0\0\x20", 4);
    assert_int_equal(push_decrypt(&v.device, slice_make(small, v.body.len), a, &plain, NULL),
                     -ERR_MALFORMED);
    push_receiver_fini(&v.device);
}

static void test_keys_that_are_none(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct vector v = vector_of(a);
    struct push_keys good = push_receiver_keys(&v.device), bad = good;
    struct slice body;
    struct fault fault = {0};
    char *point = arena_string(a, good.p256dh);
    assert_int_equal(push_keys_check(&good, NULL), 0);
    bad.p256dh = slice_make(point, PUSH_POINT_LEN);
    point[64] ^= 1; /* off the curve: an invalid-curve attack */
    assert_int_equal(push_keys_check(&bad, &fault), -ERR_MALFORMED);
    assert_int_equal(push_encrypt(&bad, SLICE("x"), a, &body, &fault), -ERR_MALFORMED);
    assert_int_equal(fault.finding, FINDING_PUSH_SUBSCRIPTION_INVALID);
    point[64] ^= 1;
    point[0] = 2; /* compressed, with the length of an uncompressed one */
    assert_int_equal(push_keys_check(&bad, NULL), -ERR_MALFORMED);
    memset(point, 0, PUSH_POINT_LEN); /* infinity, and much of it */
    assert_int_equal(push_keys_check(&bad, NULL), -ERR_MALFORMED);
    bad = good;
    bad.p256dh = slice_head(good.p256dh, 64);
    assert_int_equal(push_keys_check(&bad, NULL), -ERR_MALFORMED);
    bad = good;
    bad.auth = slice_head(good.auth, 15);
    assert_int_equal(push_keys_check(&bad, NULL), -ERR_MALFORMED);
    push_receiver_fini(&v.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc8188_one_record),
        cmocka_unit_test(test_rfc8188_two_records),
        cmocka_unit_test(test_many_records_and_padding),
        cmocka_unit_test(test_options_out_of_bounds),
        cmocka_unit_test(test_rfc8291_both_ways),
        cmocka_unit_test(test_fresh_keys),
        cmocka_unit_test(test_altered_and_cut),
        cmocka_unit_test(test_keys_that_are_none),
    };
    return cmocka_run_group_tests_name("push/encrypt", tests, NULL, NULL);
}
