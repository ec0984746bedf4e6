#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/fault.h"
#include "base/guid.h"
#include "base/random.h"
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_slice(void **state)
{
    (void)state;
    struct slice head, tail, item, list = SLICE(" a, ,b ,c");
    assert_true(slice_cut(SLICE("k=v=w"), '=', &head, &tail));
    assert_true(slice_eq(head, SLICE("k")) && slice_eq(tail, SLICE("v=w")));
    assert_false(slice_cut(SLICE("kv"), '=', &head, &tail));
    assert_true(slice_absent(tail));
    char seen[4] = "";
    while (slice_next(&list, ',', &item))
        strncat(seen, item.at, item.len);
    assert_string_equal(seen, "abc");
    assert_true(slice_eq_nocase(SLICE("CSeq"), SLICE("cseq")));
    assert_false(slice_eq_nocase(SLICE("CSeq"), SLICE("cse")));
    assert_int_equal(slice_find(SLICE("abcabd"), SLICE("abd")), 3);
    assert_int_equal(slice_find(SLICE("ab"), SLICE("abd")), -1);
    assert_true(slice_ends_nocase(SLICE("sip.CONTOSO.test"), SLICE("contoso.TEST")));
}

static void test_distance(void **state)
{
    (void)state;
    char longer[42] = {0};
    memset(longer, 'x', 41);
    assert_int_equal(slice_distance(SLICE("domain"), SLICE("domain")), 0);
    assert_int_equal(slice_distance(SLICE("domian"), SLICE("domain")), 2);
    assert_int_equal(slice_distance(SLICE("int"), SLICE("init")), 1);
    assert_int_equal(slice_distance(SLICE(""), SLICE("key")), 3);
    assert_true(slice_distance(slice_of(longer), SLICE("key")) == SIZE_MAX);
}

static void test_number(void **state)
{
    (void)state;
    uint64_t n;
    assert_int_equal(slice_number(SLICE("65535"), 65535, &n), 0);
    assert_int_equal(n, 65535);
    assert_int_equal(slice_number(SLICE("65536"), 65535, &n), -ERR_MALFORMED);
    assert_int_equal(slice_number(SLICE("18446744073709551615"), UINT64_MAX, &n), 0);
    assert_int_equal(slice_number(SLICE("18446744073709551616"), UINT64_MAX, &n), -ERR_MALFORMED);
    assert_int_equal(slice_number(SLICE(""), 9, &n), -ERR_MALFORMED);
    assert_int_equal(slice_number(SLICE("-1"), 9, &n), -ERR_MALFORMED);
    assert_int_equal(slice_number(SLICE("7"), 5, &n), -ERR_MALFORMED);
}

static void test_arena(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    char *big = arena_alloc(a, 100000);
    big[99999] = 'x';
    for (int i = 0; i < 1000; i++)
        assert_string_equal(arena_print(a, "%d", i).at, arena_print(a, "%d", i).at);
    arena_reset(a);
    assert_true(arena_footprint(a) < 2048);
    assert_true(slice_absent(arena_copy(a, (struct slice){0})));
}

static void test_buf_limit(void **state)
{
    (void)state;
    scoped(buf) struct buf b = BUF_LIMIT(8);
    buf_add_string(&b, "12345");
    buf_add_string(&b, "6789");
    assert_true(buf_failed(&b));
    assert_string_equal(buf_string(&b), "12345");
    buf_drop(&b, 3);
    assert_string_equal(buf_string(&b), "45");
    buf_clear(&b);
    buf_print(&b, "%s", "12345678");
    assert_false(buf_failed(&b));
    assert_int_equal(b.len, 8);
}

/* Formatting goes straight to where there is room; whatever the room, the text is whole. */
static void test_print_of_any_length(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf b = BUF_INIT, limited = BUF_LIMIT(100);
    size_t sum = 0;
    for (int len = 0; len < 1500; len++) {
        struct slice text = arena_print(a, "%0*d|", len, 0);
        char *next = arena_alloc(a, 1);
        assert_int_equal((uintptr_t)next % sizeof(void *), 0);
        assert_int_equal(text.len, (len ? len : 1) + 1);
        assert_int_equal(strlen(text.at), text.len);
        assert_int_equal(text.at[text.len - 1], '|');
        buf_print(&b, "%.*s", SLICE_ARG(text));
        sum += text.len;
        assert_int_equal(b.len, sum);
        assert_string_equal(b.at + sum - text.len, text.at);
    }
    buf_print(&limited, "%099d", 7);
    buf_print(&limited, "%s", "89"); /* there would be room in memory */
    assert_true(buf_failed(&limited));
    assert_int_equal(limited.len, 99);
    assert_int_equal(strlen(limited.at), 99);
}

static void test_clock(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    int64_t ms;
    assert_int_equal(clock_parse_iso(SLICE("2025-01-01T08:00:00Z"), &ms), 0);
    assert_int_equal(ms, INT64_C(1735718400000));
    assert_string_equal(clock_print_iso(a, ms).at, "2025-01-01T08:00:00Z");
    assert_int_equal(clock_parse_iso(SLICE("2025-01-01T10:00:00.250+02:00"), &ms), 0);
    assert_string_equal(clock_print_iso_ms(a, ms).at, "2025-01-01T08:00:00.250Z");
    static const char *const bad[] = {"",
                                      "2025-01-01",
                                      "2025-13-01T00:00:00Z",
                                      "2025-01-01T00:00:00.Z",
                                      "2025-01-01T00:00:00Zx",
                                      "2025-01-01T00:00:00+2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(clock_parse_iso(slice_of(bad[i]), &ms), -ERR_MALFORMED);
    assert_string_equal(clock_print_http(a, ms).at, "Wed, 01 Jan 2025 08:00:00 GMT");
    assert_int_equal(clock_parse_http(SLICE("Wed, 01 Jan 2025 08:00:00 GMT"), &ms), 0);
    assert_int_equal(ms, INT64_C(1735718400000));
}

static void test_base64url(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice out;
    static const unsigned char bytes[] = {0xfb, 0xff, 0, 'x'};
    struct slice text = base64url_print(a, slice_make(bytes, sizeof bytes));
    assert_string_equal(text.at, "-_8AeA");
    assert_int_equal(base64url_parse(a, text, &out), 0);
    assert_true(slice_eq(out, slice_make(bytes, sizeof bytes)));
    assert_int_equal(base64url_parse(a, SLICE("-_8AeA=="), &out), 0);
    assert_int_equal(out.len, 4);
    static const char *const bad[] = {"+/8AeA", "-_8A eA", "-_8AeA\n", "-_8Ae", "-_8*"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(base64url_parse(a, slice_of(bad[i]), &out), -ERR_MALFORMED);
    assert_int_equal(base64url_parse(a, slice_make("-_8A\0", 5), &out), -ERR_MALFORMED);
}

static void test_base64(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice out;
    assert_string_equal(base64_print(a, SLICE("f")).at, "Zg==");
    assert_string_equal(base64_print(a, SLICE("foobar")).at, "Zm9vYmFy");
    assert_int_equal(base64_parse(a, SLICE("Zm9v\r\nYg=="), &out), 0);
    assert_string_equal(out.at, "foob");
    assert_int_equal(base64_parse(a, SLICE("Zm9vYg"), &out), 0);
    assert_string_equal(out.at, "foob");
    assert_int_equal(base64_parse(a, SLICE("Zm9vY"), &out), -ERR_MALFORMED);
    assert_int_equal(base64_parse(a, SLICE("Zm9v*"), &out), -ERR_MALFORMED);
    assert_int_equal(base64_parse(a, SLICE("Zg==Zg=="), &out), -ERR_MALFORMED);
    uint8_t all[300];
    random_fill(all, sizeof all);
    struct slice lines = base64_print_lines(a, slice_make(all, sizeof all));
    assert_int_equal(base64_parse(a, lines, &out), 0);
    assert_memory_equal(out.at, all, sizeof all);
}

static void test_hex_and_percent(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct slice out;
    assert_int_equal(hex_parse(a, SLICE("00fFa5"), &out), 0);
    assert_string_equal(hex_print(a, out).at, "00FFA5");
    assert_int_equal(hex_parse(a, SLICE("0"), &out), -ERR_MALFORMED);
    assert_int_equal(percent_parse(a, SLICE("sip%3Aa%40b+c"), true, &out), 0);
    assert_string_equal(out.at, "sip:a@b c");
    assert_int_equal(percent_parse(a, SLICE("%4"), false, &out), -ERR_MALFORMED);
    assert_int_equal(percent_parse(a, SLICE("x%41"), false, &out), 0);
    assert_string_equal(out.at, "xA");
    assert_string_equal(percent_print(a, SLICE("a@b c")).at, "a%40b%20c");
}

static void test_guid(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct guid g, h;
    assert_int_equal(guid_parse(SLICE("{FCACFB03-8a73-46ef-91b1-e5ebeeaba4fe}"), &g), 0);
    assert_int_equal(g.bytes[0], 0x03);
    assert_string_equal(guid_print(a, &g).at, "fcacfb03-8a73-46ef-91b1-e5ebeeaba4fe");
    assert_int_equal(guid_parse(SLICE("fcacfb03-8a73-46ef-91b1-e5ebeeaba4f"), &h), -ERR_MALFORMED);
    h = guid_new();
    assert_false(guid_eq(&g, &h));
    assert_int_equal(guid_print(a, &h).at[14], '4');
}

static void test_secret(void **state)
{
    (void)state;
    struct secret s = SECRET_INIT;
    secret_set(&s, SLICE("opensesame"));
    assert_true(secret_eq(secret_slice(&s), SLICE("opensesame")));
    assert_false(secret_eq(secret_slice(&s), SLICE("opensesamE")));
    assert_false(secret_eq(secret_slice(&s), SLICE("open")));
    secret_free(&s);
    assert_null(s.at);
}

static void test_fault_and_findings(void **state)
{
    (void)state;
    struct fault f;
    assert_int_equal(fault_set(&f, ERR_FORGED, FINDING_TICKET_PROOF, "a%cb", '\n'), -ERR_FORGED);
    assert_string_equal(f.detail, "a?b");
    assert_string_equal(err_name(f.err), "forged");
    for (int i = 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        assert_true(row->id[0] && row->user[0] && row->admin[0] && row->remedy[0]);
        /* Ids are unique: looking one up leads back to its own row. */
        assert_int_equal(finding_by_id(row->id), i);
    }
    assert_int_equal(finding_by_id("no-such-finding"), FINDING_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_print_of_any_length),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_guid),
        cmocka_unit_test(test_hex_and_percent),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_fault_and_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
