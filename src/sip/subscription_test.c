#include "sip/subscription.h"

#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1800000000000

static const struct subscription_terms terms = {
    .shortest = 1200000, .usual = 28800000, .longest = 43200000, .contact = "<sip:fe.a.test:5061>"};

struct fixture {
    struct arena *arena;
    struct subscription s;
    struct sip_reply reply;
    struct fault fault;
    struct sip_message message;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new()};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    subscription_fini(&f->s);
    arena_free(f->arena);
    return 0;
}

/* A SUBSCRIBE: its tag in To ("" for none), CSeq, and more lines. */
static const struct sip_message *make(struct fixture *f, const char *to_tag, int cseq,
                                      const char *more)
{
    struct slice bytes = arena_print(
        f->arena,
        "SUBSCRIBE sip:al@a.test SIP/2.0\r\nVia: SIP/2.0/tls 10.0.0.5:1;branch=z9hG4bK1\r\n"
        "From: \"Al\" <sip:al@a.test>;tag=77;epid=0101\r\nTo: <sip:al@a.test>%s%s\r\n"
        "CSeq: %d SUBSCRIBE\r\nCall-ID: c1\r\n%sContent-Length: 0\r\n\r\n",
        *to_tag ? ";tag=" : "", to_tag, cseq, more);
    if (sip_parse(&f->message, bytes, &f->fault) < 0)
        fail_msg("%s", f->fault.detail);
    sip_reply_init(&f->reply, f->arena, 200);
    f->fault = (struct fault){0};
    return &f->message;
}

#define CONTACT "Contact: <sip:al@a.test;opaque=x;gruu>\r\n"
#define SIPE                                                                                       \
    "Event: Presence\r\nSupported: com.microsoft.autoextend\r\nSupported: ms-benotify\r\n"         \
    "Proxy-Require: ms-benotify\r\nSupported: ms-piggyback-first-notify\r\n" CONTACT

static const char *print_reply(struct fixture *f)
{
    struct sip_out out;
    scoped(buf) struct buf bytes = BUF_INIT;
    sip_out_reply(&out, f->arena, &f->message, &f->reply, NULL);
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    return arena_string(f->arena, buf_slice(&bytes));
}

static const char *print_notify(struct fixture *f, int64_t now, const char *end)
{
    struct sip_out out;
    scoped(buf) struct buf bytes = BUF_INIT;
    struct sip_request request = {.arena = f->arena};
    if (end)
        subscription_terminate(&f->s, end, (struct slice){0}, (struct slice){0}, &request);
    else
        subscription_notify(&f->s, now, SLICE("a/b"), SLICE("new"), &request);
    request.branch = SLICE("z9hG4bK2");
    request.via_host = SLICE("h:1");
    sip_out_request(&out, &request);
    sip_print(&out, (struct slice){0}, (struct slice){0}, &bytes);
    return arena_string(f->arena, buf_slice(&bytes));
}

static void has(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) /* text is never NULL, which -fsanitize cannot see */
        fail_msg("no %s in\n%s", part, text ? text : "");
}

static void test_as_sipe(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        subscription_open(&f->s, make(f, "", 1, SIPE), &terms, NOW, &f->reply, &f->fault), 0);
    assert_true(subscription_piggyback(&f->s, &f->reply, SLICE("a/b"), SLICE("first")));
    const char *text = print_reply(f);
    has(text, "\r\nExpires: 28800\r\n");
    has(text, "\r\nEvent: presence\r\n");
    has(text, "\r\nsubscription-state: active;expires=28800\r\n");
    has(text, "\r\nSupported: com.microsoft.autoextend\r\n");
    has(text, "\r\nms-piggyback-cseq: 1\r\n");
    has(text, "\r\nContact: <sip:fe.a.test:5061>\r\n");
    has(text, "\r\n\r\nfirst");
    text = print_notify(f, NOW + 1000, NULL);
    has(text, "BENOTIFY sip:al@a.test;opaque=x;gruu SIP/2.0\r\n");
    has(text, "\r\nCSeq: 2 BENOTIFY\r\n");
    has(text, "\r\nTo: \"Al\" <sip:al@a.test>;tag=77;epid=0101\r\n");
    has(text, "\r\nsubscription-state: active;expires=28800\r\n");
    assert_int_equal(f->s.expires, NOW + 1000 + terms.usual); /* autoextend */
    assert_false(subscription_is_of(&f->s, make(f, "", 2, SIPE)));
    const char *tag = arena_string(f->arena, f->s.local_tag);
    assert_true(subscription_is_of(&f->s, make(f, tag, 2, SIPE)));
    has(print_notify(f, NOW, "noresource"), "state: terminated;expires=0;reason=noresource\r\n");
}

static void test_plain(void **state)
{
    struct fixture *f = *state;
    make(f, "", 1, "Event: presence\r\nExpires: 60\r\n" CONTACT);
    assert_int_equal(subscription_open(&f->s, &f->message, &terms, NOW, &f->reply, &f->fault), 0);
    assert_false(subscription_piggyback(&f->s, &f->reply, SLICE("a/b"), SLICE("first")));
    has(print_reply(f), "\r\nExpires: 1200\r\n");
    const char *text = print_notify(f, NOW + 200000, NULL);
    has(text, "\r\nCSeq: 1 NOTIFY\r\n");
    has(text, "active;expires=1000\r\n");
    has(print_notify(f, NOW + 1200000, NULL), "terminated;expires=0\r\n");
}

static void test_refresh(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        subscription_open(&f->s, make(f, "", 5, SIPE), &terms, NOW, &f->reply, &f->fault), 0);
    const char *tag = arena_string(f->arena, f->s.local_tag);
    assert_int_equal(
        subscription_refresh(&f->s, make(f, tag, 5, SIPE), &terms, NOW, &f->reply, &f->fault),
        -ERR_MALFORMED);
    make(f, tag, 6, "Event: other\r\n" CONTACT);
    assert_true(subscription_refresh(&f->s, &f->message, &terms, NOW, &f->reply, &f->fault) < 0);
    make(f, tag, 6, "Event: presence\r\nExpires: 0\r\nContact: <sip:new@a.test>\r\n");
    assert_int_equal(subscription_refresh(&f->s, &f->message, &terms, NOW, &f->reply, &f->fault),
                     0);
    assert_true(subscription_over(&f->s, NOW));
    has(print_reply(f), "subscription-state: terminated;expires=0\r\n");
    assert_true(slice_eq(f->s.target, SLICE("sip:new@a.test")));
    assert_int_equal(subscription_unknown(&f->message, &f->fault), -ERR_UNKNOWN);
}

static void refused(struct fixture *f, const char *more, int err)
{
    make(f, "", 1, more);
    assert_int_equal(subscription_open(&f->s, &f->message, &terms, NOW, &f->reply, &f->fault), err);
    assert_int_equal(f->fault.finding, FINDING_SUBSCRIPTION_WRONG);
    assert_null(f->s.text);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    char more[SUBSCRIPTION_TEXT_MAX + 64];
    refused(f, CONTACT, -ERR_MALFORMED);
    refused(f, "Event: presence\r\n", -ERR_MALFORMED);
    refused(f, "Event: presence\r\nContact: *\r\nExpires: 0\r\n", -ERR_MALFORMED);
    snprintf(more, sizeof more, "Event: presence\r\nContact: <sip:%0*d@a.test>\r\n",
             SUBSCRIPTION_TEXT_MAX, 1);
    refused(f, more, -ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_sipe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
