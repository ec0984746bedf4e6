#include "tools/show.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_table(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    struct show_table *table = show_table_new(arena, (const char *[]){"A", "LONG HEAD", "C", NULL});
    show_table_print(table, &out);
    assert_int_equal(out.len, 0);
    show_table_row(table, (struct slice[]){SLICE("wide cell"), SLICE(""), SLICE("x")});
    show_table_row(table, (struct slice[]){SLICE("\xc3\x84"), SLICE("y"), SLICE("")});
    show_table_print(table, &out);
    assert_string_equal(buf_string(&out), "A          LONG HEAD  C\n"
                                          "wide cell             x\n"
                                          "\xc3\x84          y\n");
}

static void test_many_rows(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    struct show_table *table = show_table_new(arena, (const char *[]){"N", NULL});
    for (int i = 0; i < 100; i++)
        show_table_row(table, (struct slice[]){arena_print(arena, "%d", i)});
    show_table_print(table, &out);
    assert_true(slice_starts(buf_slice(&out), SLICE("N\n0\n1\n")));
    assert_true(slice_ends(buf_slice(&out), SLICE("\n98\n99\n")));
}

static void test_text_json(void **state)
{
    (void)state;
    json_t *none = show_text((struct slice){0}), *some = show_text(SLICE("a")),
           *broken = show_text(SLICE("\xff"));
    assert_true(json_is_null(none) && json_is_string(some) && json_is_null(broken));
    json_decref(some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_text_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
