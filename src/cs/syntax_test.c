#include "base/buf.h"
#include "cs/filter.h"
#include "cs/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cs_line parsed(struct arena *arena, const char *text)
{
    struct cs_script script;
    struct fault fault = {0};
    if (cs_parse(slice_of(text), arena, &script, &fault) < 0)
        fail_msg("%s: %s", text, fault.detail);
    assert_int_equal(script.count, 1);
    return script.line[0];
}

static void assert_text(struct slice text, const char *expected)
{
    if (!slice_eq(text, slice_of(expected)))
        fail_msg("`%.*s` is not `%s`", SLICE_ARG(text), expected);
}

/* As the article has it, typographic quotes and all. */
static void test_article(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct cs_line line =
        parsed(arena, "Get-CsUser \xe2\x80\x93"
                      "filter {samaccountname -eq \xe2\x80\x9c"
                      "bcarius\xe2\x80\x9d} | Grant-CsMobilityPolicy -PolicyName All_Mobility");
    assert_int_equal(line.count, 2);
    assert_text(line.stage[0].name, "Get-CsUser");
    assert_int_equal(line.stage[0].count, 2);
    assert_text(line.stage[0].argument[0].name, "filter");
    assert_false(line.stage[0].argument[0].has_value);
    assert_int_equal(line.stage[0].argument[1].value.kind, CS_BLOCK);
    assert_text(line.stage[1].argument[0].name, "PolicyName");
    assert_text(line.stage[1].argument[1].value.text, "All_Mobility");
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        enum cs_kind kind;
        const char *text;
    } rows[] = {
        {"alice@contoso.test", CS_TEXT, "alice@contoso.test"},
        {"site:Redmond", CS_TEXT, "site:Redmond"},
        {"'it''s'", CS_TEXT, "it's"},
        {"'a $x `n'", CS_TEXT, "a $x `n"},
        {"\"say \"\"hi\"\" `\"there`\" `$5 $\"", CS_TEXT, "say \"hi\" \"there\" $5 $"},
        {"\"a`tb`n\"", CS_TEXT, "a\tb\n"},
        {"\"x -eq $True$null\"", CS_TEXT, "x -eq True"},
        {"''", CS_TEXT, ""},
        {"*", CS_TEXT, "*"},
        {"a` b", CS_TEXT, "a b"},
        {"-5", CS_TEXT, "-5"},
        {"{a {b} '}' \"`\"}\" c}", CS_BLOCK, "a {b} '}' \"`\"}\" c"},
        {"$null", CS_NULL, ""},
        {"$TRUE", CS_BOOL, ""},
        {"$false # and so on", CS_BOOL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct slice text = arena_print(arena, "Get-X %s", rows[i].typed);
        struct cs_line line = parsed(arena, text.at);
        assert_int_equal(line.stage[0].count, 1);
        const struct cs_value *value = &line.stage[0].argument[0].value;
        assert_int_equal(value->kind, rows[i].kind);
        assert_text(value->text, rows[i].text);
    }
}

static void test_arguments(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct cs_line line =
        parsed(arena, "Select DisplayName, 'Mobility Policy',$null -Confirm:$false "
                      "-First `\n 5");
    assert_int_equal(line.stage[0].count, 4);
    const struct cs_argument *argument = line.stage[0].argument;
    assert_int_equal(argument[0].value.kind, CS_LIST);
    assert_int_equal(argument[0].value.count, 3);
    assert_text(argument[0].value.item[1].text, "Mobility Policy");
    assert_int_equal(argument[0].value.item[2].kind, CS_NULL);
    assert_true(argument[1].has_value && argument[1].value.kind == CS_BOOL);
    assert_false(argument[1].value.yes);
    assert_text(argument[2].name, "First");
    assert_text(argument[3].value.text, "5");
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } rows[] = {
        {"Get-CsUser |", "character 13: the name of a cmdlet"},
        {"| Get-CsUser", "character 1: the name of a cmdlet"},
        {"Get-CsUser 'x", "character 12: this string has no end"},
        {"Get-CsUser \"x`", "character 12: this string has no end"},
        {"Get-CsUser -Filter {a", "character 20: this brace is never closed"},
        {"Get-CsUser -Filter {'}", "this brace is never closed"},
        {"Get-CsUser $user", "$user: only $true"},
        {"Get-CsUser \"a $b\"", "variables are not known"},
        {"Get-CsUser a & b", "`&` is not known here"},
        {"Get-CsUser > x", "`>` is not known here"},
        {"Get-CsUser @{a=1}", "`@` is not known here"},
        {"Get-CsUser (Get-CsUser)", "only a bar or the end"},
        {"Get-CsUser a,", "a value is missing"},
        {"Get-CsUser -Confirm:", "a value is missing"},
        {"Get-CsUser }", "`}` is not known here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct cs_script script;
        struct fault fault = {0};
        assert_int_equal(cs_parse(slice_of(rows[i].text), arena, &script, &fault), -ERR_MALFORMED);
        assert_int_equal(fault.finding, FINDING_CS_MALFORMED);
        if (!strstr(fault.detail, rows[i].detail))
            fail_msg("%s: %s", rows[i].text, fault.detail);
    }
}

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t lines, stages; /* of the first */
    } rows[] = {
        {"", 0, 0},
        {" # nothing\n\n;; \n", 0, 0},
        {"a", 1, 1},
        {"a; b;", 2, 1},
        {"# begin\r\na -X 1 # one\r\n\r\n  b\r\n", 2, 1},
        {"a |\n\n b", 1, 2},
        {"a\n  | b\nc", 2, 2},
        {"a x,\n y\nb", 2, 1},
        {"a `\n -X 1\nb", 2, 1},
        {"a {\n $_.x\n}\nb", 2, 1},
        {"a 'x;\ny' ; b", 2, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct cs_script script;
        struct fault fault = {0};
        if (cs_parse(slice_of(rows[i].text), arena, &script, &fault) < 0)
            fail_msg("%s: %s", rows[i].text, fault.detail);
        if (script.count != rows[i].lines ||
            (script.count && script.line[0].count != rows[i].stages))
            fail_msg("%s: %zu lines", rows[i].text, script.count);
    }
}

static void too_much(const char *start, const char *piece, size_t count)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct cs_script script;
    struct fault fault = {0};
    buf_add_string(&text, start);
    for (size_t i = 0; i < count; i++)
        buf_add_string(&text, piece);
    assert_int_equal(cs_parse(buf_slice(&text), arena, &script, &fault), -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_CS_MALFORMED);
}

static void test_limits(void **state)
{
    (void)state;
    too_much("a", " b", CS_ARGUMENTS_MAX + 1);
    too_much("a", " | a", CS_STAGES_MAX);
    too_much("a b", ",b", CS_ITEMS_MAX);
    too_much("a", "b", CS_TEXT_MAX);
    too_much("a", ";a", CS_LINES_MAX);
}

/* ---- filters -------------------------------------------------------------------------------- */

static struct cs_object *somebody(struct cs_objects *list)
{
    struct cs_object *object = cs_objects_add(list, CS_OBJECT_OTHER, 0, SLICE("x"));
    cs_object_set(list, object, "Name", cs_text(SLICE("Brendan Carius")));
    cs_object_set(list, object, "Enabled", cs_bool(true));
    cs_object_set(list, object, "Policy", cs_text((struct slice){0}));
    cs_object_set(list, object, "Size", cs_int(30));
    return object;
}

static void test_filters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool matches;
    } rows[] = {
        {"name -eq 'BRENDAN carius'", true},
        {"Name -ieq \"x\"", false},
        {"$_.Name -ne x", true},
        {"Name -like 'b*c?rius'", true},
        {"Name -like '*a*a*x'", false},
        {"Name -notlike \"*x*\"", true},
        {"Enabled -eq $true", true},
        {"Enabled -eq True", true},
        {"Enabled", true},
        {"!Enabled", false},
        {"-not (Enabled -eq $false)", true},
        {"Policy -eq $null", true},
        {"Policy -ne $null", false},
        {"Policy", false},
        {"Name -ne $null", true},
        {"Size -gt 4", true},
        {"Size -lt 4", false},
        {"Size -ge 30 -and Size -le 30", true},
        {"Policy -lt 5", false},
        {"Name -gt 'Alice'", true},
        /* alike, from the left: (true -or true) -and false */
        {"Enabled -or Enabled -and Policy", false},
        {"Enabled -or (Enabled -and Policy)", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct cs_objects list = {.arena = arena};
        struct cs_filter *filter;
        struct fault fault = {0};
        bool matches = !rows[i].matches;
        if (cs_filter_parse(slice_of(rows[i].text), arena, &filter, &fault) < 0 ||
            cs_filter_matches(filter, somebody(&list), arena, &matches, &fault) < 0)
            fail_msg("%s: %s", rows[i].text, fault.detail);
        if (matches != rows[i].matches)
            fail_msg("%s: %s", rows[i].text, matches ? "matches" : "does not match");
    }
}

static void test_wrong_filters(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "Name -eq",
        "Name -equals 'x'",
        "Name 'x'",
        "(Name -eq x",
        "Name -eq x)",
        "-eq x",
        "Name -eq x -or",
        "$_.",
        "$x -eq 1",
        "'Name' -eq x",
        "Name -in",
        "Name -eq {x}",
        "Name -eq x y",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct cs_filter *filter;
        struct fault fault = {0};
        if (cs_filter_parse(slice_of(rows[i]), arena, &filter, &fault) != -ERR_MALFORMED)
            fail_msg("`%s` was read", rows[i]);
        assert_int_equal(fault.finding, FINDING_CS_MALFORMED);
    }
}

static void test_unknown_property(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct cs_objects list = {.arena = arena};
    struct cs_filter *filter;
    struct fault fault = {0};
    bool matches;
    assert_int_equal(cs_filter_parse(SLICE("Enable -eq 1"), arena, &filter, &fault), 0);
    assert_int_equal(cs_filter_matches(filter, somebody(&list), arena, &matches, &fault),
                     -ERR_UNKNOWN);
    assert_non_null(strstr(fault.detail, "did you mean Enabled?"));
    assert_int_equal(cs_filter_parse(SLICE("Name -and !(Enable)"), arena, &filter, &fault), 0);
    assert_int_equal(cs_filter_matches(filter, somebody(&list), arena, &matches, &fault),
                     -ERR_UNKNOWN);
}

static void test_deep_filter(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct cs_filter *filter;
    struct fault fault = {0};
    for (int i = 0; i <= CS_DEPTH_MAX; i++)
        buf_add_byte(&text, '(');
    assert_int_equal(cs_filter_parse(buf_slice(&text), arena, &filter, &fault), -ERR_LIMIT);
    buf_clear(&text);
    for (int i = 0; i <= CS_DEPTH_MAX; i++)
        buf_add_byte(&text, '!');
    assert_int_equal(cs_filter_parse(buf_slice(&text), arena, &filter, &fault), -ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_article),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_wrong_filters),
        cmocka_unit_test(test_unknown_property),
        cmocka_unit_test(test_deep_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
