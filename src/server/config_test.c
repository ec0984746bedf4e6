#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_defaults_and_derived_names(void **state)
{
    (void)state;
    struct config *c = config_new();
    struct fault f;
    assert_int_equal(config_parse(c, SLICE("[site]\ndomain = contoso.test\n"), "t", &f), 0);
    assert_string_equal(c->site.web_host, "webdir.contoso.test");
    assert_string_equal(c->listen.sip, "0.0.0.0:5061");
    assert_true(c->roles.web);
    assert_int_equal(c->web.ticket_lifetime, 8 * 3600 * 1000);
    assert_int_equal(c->sip.body_limit, 1 << 20);
    config_free(c);
}

static void test_printed_file_reads_back(void **state)
{
    (void)state;
    struct config *c = config_new(), *d = config_new();
    struct fault f;
    assert_int_equal(config_parse(c,
                                  SLICE("[site]\ndomain = a.test\n[lab]\nclock-offset = -10m\n"
                                        "[sip]\nhead-limit = 20000\n[roles]\ndns = yes\n"),
                                  "t", &f),
                     0);
    scoped(buf) struct buf text = BUF_INIT;
    config_print(&text, c);
    assert_int_equal(config_parse(d, buf_slice(&text), "t", &f), 0);
    assert_int_equal(d->lab.clock_offset, -600000);
    assert_int_equal(d->sip.head_limit, 20000);
    assert_true(d->roles.dns);
    config_free(c);
    config_free(d);
}

static void test_defaults_are_commented_out(void **state)
{
    (void)state;
    struct config *c = config_new();
    scoped(buf) struct buf text = BUF_INIT;
    config_print(&text, c);
    for (const char *line = buf_string(&text); line; line = strchr(line, '\n')) {
        line += *line == '\n';
        assert_true(!*line || strchr("#[\n", *line));
    }
    config_free(c);
}

static void test_mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } rows[] = {
        {"[site]\ndomain = a\n[sip]\nexpire = 5m\n",
         "t:4: [sip] expire: unknown key; did you mean [sip] expires?"},
        {"[site]\ndomain = a\n[sipp]\nexpires = 5m\n",
         "t:4: [sipp] expires: unknown section; did you mean [sip] expires?"},
        {"[sip]\nexpires = 5\n", "t:2: [sip] expires: `5` is not a duration such as 30s, 5m or 8h"},
        {"[sip]\nexpires = 1s\n", "t:2: [sip] expires: `1s` is not between 1m and 1d"},
        {"[sip]\nhead-limit = 99G\n", "t:2: [sip] head-limit: `99G` is not between 1K and 1M"},
        {"[roles]\nweb = maybe\n", "t:2: [roles] web: `maybe` is neither on nor off"},
        {"[roles]\nweb\n", "t:2: neither `[section]` nor `key = value`"},
        {"", "t: [site] domain is missing"},
        {"[site]\ndomain = a\n[roles]\nweb = off\norgid = off\nsip = off\n",
         "t: [roles]: every role is off; there would be nothing to do"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *c = config_new();
        struct fault f;
        assert_true(config_parse(c, slice_of(rows[i].text), "t", &f) < 0);
        assert_int_equal(f.finding, FINDING_CONFIG_INVALID);
        assert_string_equal(f.detail, rows[i].detail);
        config_free(c);
    }
}

/* examples/lychgated.conf is what the server would print of it: complete and current. */
static void test_example_is_current(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf example = BUF_INIT, printed = BUF_INIT;
    struct slice path = arena_print(arena, "%s/../examples/lychgated.conf", getenv("SRC"));
    FILE *file = fopen(path.at, "re");
    assert_non_null(file);
    for (int c; (c = getc(file)) != EOF;)
        buf_add(&example, slice_make(&(char){(char)c}, 1));
    fclose(file);
    struct config *c = config_new();
    struct fault f;
    assert_int_equal(config_parse(c, buf_slice(&example), "example", &f), 0);
    config_print(&printed, c);
    config_free(c);
    struct slice have = buf_slice(&example), want = buf_slice(&printed), line, expected;
    while (slice_next(&want, '\n', &expected))
        if (!slice_next(&have, '\n', &line) || !slice_eq(line, expected))
            fail_msg("examples/lychgated.conf lacks `%.*s`", SLICE_ARG(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_derived_names),
        cmocka_unit_test(test_printed_file_reads_back),
        cmocka_unit_test(test_defaults_are_commented_out),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_example_is_current),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
