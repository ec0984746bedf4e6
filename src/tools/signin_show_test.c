#include "tools/signin_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct lychgate_problem wrong = {
    .finding = "wrong-password",
    .detail = "HTTP 401",
    .user = "The user name or the password is wrong.",
    .cause = "The password does not match.",
    .remedy = "Enter it again.",
    .received = "HTTP/1.1 401 Unauthorized\r\nX: \033[31m\r\n",
};

static const struct lychgate_event good = {.step = "dns",
                                           .number = "",
                                           .asked = "A lyncdiscover.contoso.test",
                                           .whom = "192.0.2.53:53",
                                           .answer = "192.0.2.7",
                                           .outcome = LYCHGATE_GOOD,
                                           .spent_us = 12345};

static struct lychgate_event bad(enum lychgate_outcome outcome)
{
    return (struct lychgate_event){.step = "ticket",
                                   .number = "",
                                   .asked = "POST https://w/",
                                   .whom = "192.0.2.7:443",
                                   .answer = "HTTP/1.1 401 Unauthorized",
                                   .outcome = outcome,
                                   .spent_us = 499,
                                   .problem = &wrong};
}

static void a_step_is_one_line(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    signin_show_step(&out, &good, false);
    assert_string_equal(buf_string(&out), "ok      12 ms  dns                  "
                                          "A lyncdiscover.contoso.test (192.0.2.53:53): "
                                          "192.0.2.7\n");
    buf_clear(&out);
    struct lychgate_event event = bad(LYCHGATE_PASSED);
    signin_show_step(&out, &event, false);
    assert_string_equal(buf_string(&out), "next     0 ms  ticket               "
                                          "POST https://w/ (192.0.2.7:443): HTTP 401 "
                                          "[wrong-password]\n");
}

static void a_failure_says_what_to_do(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct lychgate_event event = bad(LYCHGATE_FAILED);
    signin_show_step(&out, &event, false);
    const char *text = buf_string(&out);
    assert_non_null(strstr(text, "FAIL "));
    assert_non_null(strstr(text, "finding   wrong-password\n"));
    assert_non_null(strstr(text, "cause     The password does not match.\n"));
    assert_non_null(strstr(text, "remedy    Enter it again.\n"));
    assert_non_null(strstr(text, "received  HTTP/1.1 401 Unauthorized\n"));
}

/* What a server sends must not steer our user's terminal. */
static void nothing_received_reaches_the_terminal_raw(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct lychgate_event event = bad(LYCHGATE_FAILED);
    signin_show_step(&out, &event, false);
    assert_null(strchr(buf_string(&out), '\033'));
    buf_clear(&out);
    event.answer = "\033]0;title\007";
    event.problem = NULL;
    event.outcome = LYCHGATE_GOOD;
    signin_show_step(&out, &event, false);
    assert_null(strchr(buf_string(&out), '\033'));
}

static void colours_come_only_when_asked_for(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    signin_show_step(&out, &good, true);
    assert_non_null(strstr(buf_string(&out), "\033[32mok  \033[0m"));
}

static void a_step_as_json(void **state)
{
    (void)state;
    struct lychgate_event event = bad(LYCHGATE_FAILED);
    json_t *json = signin_step_json(&event), *problem = json_object_get(json, "problem");
    assert_string_equal(json_string_value(json_object_get(json, "step")), "ticket");
    assert_string_equal(json_string_value(json_object_get(json, "outcome")), "failed");
    assert_true(json_is_real(json_object_get(json, "ms")));
    assert_string_equal(json_string_value(json_object_get(problem, "finding")), "wrong-password");
    assert_string_equal(json_string_value(json_object_get(problem, "remedy")), "Enter it again.");
    assert_int_equal(json_object_size(problem), 6);
    json_decref(json);
    json = signin_step_json(&good);
    assert_true(json_is_null(json_object_get(json, "problem")));
    json_decref(json);
}

static void bytes_that_are_no_utf8_still_make_json(void **state)
{
    (void)state;
    struct lychgate_event event = good;
    event.answer = "caf\xe9";
    json_t *json = signin_step_json(&event);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "answer")), "caf?");
    json_decref(json);
}

static void the_summary(void **state)
{
    (void)state;
    static const struct lychgate_summary summary = {.address = "alice@contoso.test",
                                                    .pool = "sip.contoso.test:5061",
                                                    .server = "RTC/6.0",
                                                    .epid = "0123456789ab",
                                                    .gruu = "sip:alice@contoso.test;gruu",
                                                    .security = "TLSv1.3",
                                                    .certificate_until = 86400000,
                                                    .certificate_kept = true,
                                                    .registered_until = 86400000,
                                                    .keepalive_ms = 300000,
                                                    .clock_skew_ms = -601000,
                                                    .spent_us = 1500};
    scoped(buf) struct buf out = BUF_INIT;
    signin_show_summary(&out, &summary, false);
    const char *text = buf_string(&out);
    assert_non_null(strstr(text, "Signed in as alice@contoso.test\n"));
    assert_non_null(strstr(text, "until 1970-01-02T00:00:00Z, kept from before\n"));
    assert_non_null(strstr(text, "the server's is 601 s behind\n"));
    json_t *json = signin_summary_json(&summary);
    assert_true(json_is_true(json_object_get(json, "certificate_kept")));
    assert_int_equal(json_integer_value(json_object_get(json, "keepalive_s")), 300);
    assert_string_equal(json_string_value(json_object_get(json, "certificate_until")),
                        "1970-01-02T00:00:00Z");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_one_line),
        cmocka_unit_test(a_failure_says_what_to_do),
        cmocka_unit_test(nothing_received_reaches_the_terminal_raw),
        cmocka_unit_test(colours_come_only_when_asked_for),
        cmocka_unit_test(a_step_as_json),
        cmocka_unit_test(bytes_that_are_no_utf8_still_make_json),
        cmocka_unit_test(the_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
