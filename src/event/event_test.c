#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char last[512];

static void collect(void *arg, const struct event_record *record)
{
    (void)arg;
    scoped(arena) struct arena *arena = arena_new();
    strncpy(last, event_print(arena, record).at, sizeof last - 1);
}

static void test_record_reaches_sink_and_counter(void **state)
{
    (void)state;
    event_set_sink(collect, NULL, EVENT_INFO);
    uint64_t before = event_count(FINDING_WRONG_PASSWORD);
    event_emit(EVENT_NOTICE, "signin.refused", FINDING_WRONG_PASSWORD,
               EVENT_TEXT("user", "alice@contoso.test"), EVENT_INT("ms", 12), EVENT_END);
    assert_string_equal(last,
                        "signin.refused finding=wrong-password user=alice@contoso.test ms=12");
    assert_int_equal(event_count(FINDING_WRONG_PASSWORD), before + 1);
    last[0] = '\0';
    event_emit(EVENT_DEBUG, "too.quiet", FINDING_NONE, EVENT_END);
    assert_string_equal(last, "");
    event_set_sink(NULL, NULL, EVENT_ERROR);
}

static void test_values_cannot_fake_lines(void **state)
{
    (void)state;
    event_set_sink(collect, NULL, EVENT_INFO);
    event_emit(EVENT_INFO, "x.y", FINDING_NONE, EVENT_SLICE("v", SLICE("a\nuser=\"bob\"")),
               EVENT_END);
    assert_string_equal(last, "x.y v=\"a?user=\\\"bob\\\"\"");
    event_set_sink(NULL, NULL, EVENT_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_reaches_sink_and_counter),
        cmocka_unit_test(test_values_cannot_fake_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
