/* The phone's side where no server is needed: names of endpoints, steps that are told, and calls
 * out of their order. */
#include "client/mobile_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char numbers[64], last[64], finding[64];
};

static void see(void *arg, const struct lychgate_event *event)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->numbers);
    snprintf(seen->numbers + len, sizeof seen->numbers - len, "%s ", event->number);
    snprintf(seen->last, sizeof seen->last, "%s", event->step);
    snprintf(seen->finding, sizeof seen->finding, "%s",
             event->problem ? event->problem->finding : "");
}

static bool no_password(void *arg, char *to, size_t room)
{
    (void)arg, (void)to, (void)room;
    return false;
}

static bool some_password(void *arg, char *to, size_t room)
{
    (void)arg;
    snprintf(to, room, "secret");
    return true;
}

static struct lychgate *new_phone(struct seen *seen, const char *address,
                                  lychgate_password_fn *password)
{
    /* Port 9 of this machine: no name server answers there. */
    return lychgate_new(&(struct lychgate_options){.address = address,
                                                   .password = password,
                                                   .dns = "127.0.0.1:9",
                                                   .no_cache = true,
                                                   .event = see,
                                                   .event_arg = seen});
}

static void test_out_of_order(void **state)
{
    (void)state;
    struct seen seen = {0};
    size_t count = 7;
    struct lychgate *gate = new_phone(&seen, "alice@contoso.test", some_password);
    assert_string_equal(lychgate_mobile_summary(gate)->address, "");
    assert_null(lychgate_mobile_contacts(gate, &count));
    assert_int_equal(count, 0);
    assert_null(lychgate_mobile_settings(gate, &count));
    assert_int_equal(lychgate_mobile_wait(gate, 1000), -ERR_CONFLICT);
    assert_string_equal(lychgate_problem(gate)->finding, "authentication-needed");
    assert_int_equal(lychgate_mobile_send(gate, "bob@contoso.test", "Hi"), -ERR_CONFLICT);
    assert_int_equal(lychgate_mobile_signout(gate), 0);
    lychgate_free(gate);
}

static void test_steps_that_fail_early(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        lychgate_password_fn *password;
        const char *numbers, *finding;
    } rows[] = {
        {"nobody", some_password, " ", "account-invalid"},
        {"alice@contoso.test", no_password, "1 ", "password-needed"},
        {"alice@contoso.test", some_password, "1 2 ", "dns-no-server"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = {0};
        struct lychgate *gate = new_phone(&seen, rows[i].address, rows[i].password);
        assert_true(lychgate_mobile_signin(gate, NULL) < 0);
        assert_string_equal(seen.numbers, rows[i].numbers);
        assert_string_equal(seen.finding, rows[i].finding);
        assert_string_equal(lychgate_problem(gate)->finding, rows[i].finding);
        assert_string_equal(lychgate_mobile_summary(gate)->contact, "");
        lychgate_free(gate);
    }
}

/* The same each time, and not the desktop's. */
static void test_endpoints(void **state)
{
    (void)state;
    struct slice names[3];
    scoped(arena) struct arena *arena = arena_new();
    static const char *const people[] = {"alice@contoso.test", "alice@contoso.test",
                                         "bob@contoso.test"};
    for (size_t i = 0; i < 3; i++) {
        struct seen seen = {0};
        struct lychgate *gate = new_phone(&seen, people[i], no_password);
        struct slice desktop = arena_copy(arena, gate->instance);
        lychgate_mobile_signin(gate, NULL);
        names[i] = arena_copy(arena, gate->mobile->endpoint);
        assert_false(slice_eq(gate->instance, desktop));
        assert_true(names[i].len <= MCX_WORD_MAX);
        lychgate_free(gate);
    }
    assert_true(slice_eq(names[0], names[1]));
    assert_false(slice_eq(names[0], names[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_steps_that_fail_early),
        cmocka_unit_test(test_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
