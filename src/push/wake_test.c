/* The words to devices and to inviters. */
#include "push/wake.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct slice header(const struct sip_reply *reply, const char *name)
{
    for (const struct sip_line *line = reply->headers.first; line; line = line->next)
        if (slice_eq_nocase(line->name, slice_of(name)))
            return line->value;
    return (struct slice){0};
}

static void test_news(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct push_wish first, second, other, call;
    struct push_news news = {PUSH_KIND_MESSAGE, SLICE("sip:bob@contoso.test"), SLICE("AdK7\"x"),
                             false};
    assert_int_equal(push_news_wish(&news, a, &first, NULL), 0);
    json_t *root = json_loadb(first.payload.at, first.payload.len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(root, "kind")), "message");
    assert_string_equal(json_string_value(json_object_get(root, "from")), "sip:bob@contoso.test");
    assert_string_equal(json_string_value(json_object_get(root, "conversation")), "AdK7\"x");
    json_decref(root);
    assert_int_equal(first.topic.len, PUSH_TOPIC_MAX);
    assert_int_equal(push_news_wish(&news, a, &second, NULL), 0);
    assert_true(slice_eq(first.topic, second.topic));
    news.conversation = (struct slice){0};
    assert_int_equal(push_news_wish(&news, a, &other, NULL), 0);
    assert_false(slice_eq(first.topic, other.topic));
    news.kind = PUSH_KIND_CALL;
    assert_int_equal(push_news_wish(&news, a, &call, NULL), 0);
    assert_true(slice_empty(call.topic));
    assert_int_equal(call.urgency, PUSH_HIGH);
    assert_int_equal(call.ttl_ms, 30000);
    assert_int_equal(call.patience_ms, 0);
    news.awaited = true;
    assert_int_equal(push_news_wish(&news, a, &call, NULL), 0);
    assert_int_equal(call.patience_ms, 10000);
}

static void test_news_that_are_none(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct push_wish wish;
    char overlong[1100];
    memset(overlong, 'x', sizeof overlong);
    struct push_news news = {PUSH_KIND_MISSED, SLICE("sip:\xff@x"), {0}, false};
    assert_int_equal(push_news_wish(&news, a, &wish, NULL), -ERR_MALFORMED);
    news.from = slice_make(overlong, sizeof overlong);
    assert_int_equal(push_news_wish(&news, a, &wish, NULL), -ERR_MALFORMED);
    news.from = (struct slice){0};
    assert_int_equal(push_news_wish(&news, a, &wish, NULL), -ERR_MALFORMED);
}

static void test_answers(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    static const struct {
        enum finding finding;
        int status; /* 0: none */
    } rows[] = {
        {FINDING_NONE, 0},           {FINDING_PUSH_NO_SUBSCRIPTION, 408},
        {FINDING_PUSH_GONE, 408},    {FINDING_PUSH_ROUTE_DOWN, 504},
        {FINDING_PUSH_REFUSED, 504}, {FINDING_PUSH_EXPIRED, 504},
        {FINDING_PUSH_BUSY, 503},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct push_outcome outcome = {.fault = {.finding = rows[i].finding}};
        struct sip_reply reply;
        sip_reply_init(&reply, a, 180);
        assert_int_equal(push_wake_answer(&outcome, SLICE("sip.contoso.test"), &reply),
                         rows[i].status != 0);
        assert_int_equal(reply.status, rows[i].status ? rows[i].status : 180);
        if (rows[i].status == 408)
            assert_string_equal(
                header(&reply, "ms-diagnostics").at,
                "1;source=\"sip.contoso.test\";reason=\"The client did not respond to the "
                "invitation\";info=\"No push subscription for target device\"");
    }
    struct sip_reply late;
    sip_reply_init(&late, a, 180);
    push_wake_late(SLICE("sip.contoso.test"), &late);
    assert_int_equal(late.status, 408);
    assert_true(slice_find(header(&late, "ms-diagnostics"), SLICE("info=")) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_news_that_are_none),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests_name("push/wake", tests, NULL, NULL);
}
