#include "trace/ladder.h"
#include "trace/record.h"
#include "trace/redact.h"
#include "trace/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_record_round_trip(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf line = BUF_INIT;
    struct trace_record in = {.at_us = INT64_C(1735718400123456),
                              .layer = TRACE_SIP,
                              .from = SLICE("client"),
                              .to = SLICE("sip.contoso.test:5061"),
                              .conversation = SLICE("7"),
                              .text = SLICE("REGISTER sip:c SIP/2.0\r\nX: \"\\\x01\xff\r\n\r\n")};
    struct trace_record out;
    struct fault f;
    trace_record_print(&line, &in);
    assert_int_equal(trace_record_parse(a, buf_slice(&line), &out, &f), 0);
    assert_int_equal(out.at_us, in.at_us);
    assert_int_equal(out.layer, TRACE_SIP);
    assert_true(slice_eq(out.to, in.to));
    assert_true(
        slice_eq(out.text, SLICE("REGISTER sip:c SIP/2.0\r\nX: \"\\\x01\xef\xbf\xbd\r\n\r\n")));
    assert_string_equal(trace_record_summary(a, &out).at, "REGISTER sip:c");
}

static void test_component_is_kept(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf line = BUF_INIT;
    struct trace_record in = {.layer = TRACE_NOTE,
                              .component = SLICE(TRACE_MCX),
                              .text = SLICE("sip:alice@c is enabled for mobility: True")};
    struct trace_record out;
    struct fault f;
    trace_record_print(&line, &in);
    assert_int_equal(trace_record_parse(a, buf_slice(&line), &out, &f), 0);
    assert_true(slice_eq(out.component, SLICE("MCXService")));
    /* A trace from before there were components, and one that is none. */
    static const char old[] = "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"layer\":\"sip\",%s"
                              "\"from\":\"a\",\"to\":\"b\",\"conversation\":\"1\",\"text\":\"x\"}";
    struct slice text = arena_print(a, old, "");
    assert_int_equal(trace_record_parse(a, text, &out, &f), 0);
    assert_true(slice_empty(out.component));
    text = arena_print(a, old, "\"component\":7,");
    assert_int_equal(trace_record_parse(a, text, &out, &f), -ERR_MALFORMED);
}

static void test_bad_records_are_named(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"at\":\"x\"}",
        "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"layer\":\"fax\"}",
        "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"layer\":\"sip\",\"from\":1}",
        "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"layer\":\"sip\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trace_record r;
        struct fault f = {0};
        assert_int_equal(trace_record_parse(a, slice_of(bad[i]), &r, &f), -ERR_MALFORMED);
        assert_int_equal(f.finding, FINDING_TRACE_MALFORMED);
        assert_true(f.detail[0]);
    }
}

static bool leaks(const char *message, const char *secret)
{
    struct trace_redactor r;
    scoped(buf) struct buf out = BUF_INIT;
    trace_redactor_init(&r);
    trace_redact(&r, slice_of(message), &out);
    return strstr(buf_string(&out), secret) != NULL;
}

static void test_secrets_are_taken_out(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "GET / HTTP/1.1\r\nAuthorization: Basic S3cr3t==\r\n\r\n",
        "GET / HTTP/1.1\r\nauthorization:Basic S3cr3t==\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nX-MS-WebTicket: opaque=S3cr3t\r\n\r\n",
        "GET / HTTP/1.1\r\nCookie: S3cr3t",
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=S3cr3t; path=/\r\n\r\n",
        "POST / HTTP/1.1\r\n\r\n<a><wsse:Password Type=\"x\">S3cr3t</wsse:Password></a>",
        "POST / HTTP/1.1\r\n\r\n<Password>S3cr3t",
        "POST / HTTP/1.1\r\n\r\n<t:BinarySecret>\r\nS3cr3t</t:BinarySecret>",
        "POST / HTTP/1.1\r\n\r\n<saml:Assertion a=\"b\"><x>S3cr3t</x></saml:Assertion>",
        "POST / HTTP/1.1\r\n\r\n<Subscription>{\"keys\":{\"auth\":\"S3cr3t\"}}</Subscription>",
        "POST / HTTP/1.1\r\n\r\nusername=a&password=S3cr3t&x=y",
        "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"S3cr3t\"}",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (leaks(messages[i], "S3cr3t"))
            fail_msg("message %zu leaks its secret", i);
}

static void test_the_rest_stays(void **state)
{
    (void)state;
    static const char message[] =
        "REGISTER sip:c SIP/2.0\r\nAuthorization: TLS-DSK qop=\"auth\", opaque=\"AB\"\r\n\r\n"
        "<a><PasswordHint>x</PasswordHint><Lifetime>y</Lifetime></a>";
    struct trace_redactor r;
    scoped(buf) struct buf out = BUF_INIT;
    trace_redactor_init(&r);
    trace_redact(&r, slice_of(message), &out);
    assert_string_equal(buf_string(&out), message);
}

static void test_same_secret_same_mark(void **state)
{
    (void)state;
    struct trace_redactor r;
    scoped(buf) struct buf one = BUF_INIT;
    scoped(buf) struct buf two = BUF_INIT;
    trace_redactor_init(&r);
    trace_redact(&r, SLICE("Cookie: abc"), &one);
    trace_redact(&r, SLICE("Cookie: abc"), &two);
    assert_string_equal(buf_string(&one), buf_string(&two));
    buf_clear(&two);
    trace_redact(&r, SLICE("Cookie: abd"), &two);
    assert_string_not_equal(buf_string(&one), buf_string(&two));
}

static void test_file_is_private_and_redacted(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    char path[] = "/tmp/lychgate-trace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    struct trace *trace;
    struct fault f;
    assert_int_equal(trace_open(path, false, &trace, &f), 0);
    trace_write(trace, &(struct trace_record){.layer = TRACE_HTTP,
                                              .from = SLICE("client"),
                                              .to = SLICE("web:443"),
                                              .conversation = SLICE("1"),
                                              .text = SLICE("GET / HTTP/1.1\r\nCookie: abc\r\n")});
    trace_close(trace);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *file = fopen(path, "r");
    char line[1024];
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    unlink(path);
    struct trace_record r;
    assert_int_equal(trace_record_parse(a, slice_of(line), &r, &f), 0);
    assert_true(slice_find(r.text, SLICE("[redacted #")) > 0);
    assert_int_equal(trace_open("/nonexistent/x", false, &trace, &f), -ERR_IO);
}

static void test_ladder(void **state)
{
    (void)state;
    const struct trace_record records[] = {
        {.at_us = 0,
         .layer = TRACE_DNS,
         .from = SLICE("client"),
         .to = SLICE("ns:53"),
         .text = SLICE("A lyncdiscover.c")},
        {.at_us = 1000,
         .layer = TRACE_DNS,
         .from = SLICE("ns:53"),
         .to = SLICE("client"),
         .text = SLICE("answer 192.0.2.1")},
        {.at_us = 3000,
         .layer = TRACE_HTTP,
         .from = SLICE("client"),
         .to = SLICE("web:443"),
         .text = SLICE("GET /root HTTP/1.1\r\n")},
        {.at_us = 9000,
         .layer = TRACE_HTTP,
         .from = SLICE("web:443"),
         .to = SLICE("client"),
         .text = SLICE("HTTP/1.1 401 Unauthorized\r\n")},
    };
    scoped(buf) struct buf out = BUF_INIT;
    trace_ladder_print(&out, records, 4, &(struct trace_ladder_options){.width = 80});
    assert_string_equal(buf_string(&out), "A client   B ns:53   C web:443\n"
                                          "\n"
                                          "          A  B  C\n"
                                          "   0.000  o-->  .  dns   A lyncdiscover.c\n"
                                          "+  0.001  <--o  .  dns   answer 192.0.2.1\n"
                                          "+  0.002  o----->  http  GET /root\n"
                                          "+  0.006  <-----o  http  401 Unauthorized\n");
}

static void test_ladder_names_the_component(void **state)
{
    (void)state;
    const struct trace_record records[] = {
        {.layer = TRACE_NOTE,
         .component = SLICE(TRACE_MCX),
         .from = SLICE("a"),
         .to = SLICE("b"),
         .text = SLICE("sip:alice@c is enabled for mobility: True")},
        {.layer = TRACE_SIP,
         .component = SLICE(TRACE_SIPSTACK),
         .from = SLICE("b"),
         .to = SLICE("a"),
         .text = SLICE("SIP/2.0 403 Forbidden\r\n")},
    };
    scoped(buf) struct buf out = BUF_INIT;
    trace_ladder_print(
        &out, records, 2,
        &(struct trace_ladder_options){.width = 80, .no_times = true, .colour = true});
    assert_string_equal(buf_string(&out),
                        "A a   B b\n\nA  B\n"
                        "o-->  note  MCXService: sip:alice@c is enabled for mobility: True\n"
                        "<--o  sip   \033[31mSIPStack: 403 Forbidden\033[0m\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_round_trip),
        cmocka_unit_test(test_component_is_kept),
        cmocka_unit_test(test_bad_records_are_named),
        cmocka_unit_test(test_secrets_are_taken_out),
        cmocka_unit_test(test_the_rest_stays),
        cmocka_unit_test(test_same_secret_same_mark),
        cmocka_unit_test(test_file_is_private_and_redacted),
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_ladder_names_the_component),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
