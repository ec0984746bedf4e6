/* Where the server does not let itself be sent. */
#include "push/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct push_guard strict = {.allow_private = false};
static const struct push_guard lab = {.allow_private = true};

static int check(const struct push_guard *guard, const char *url, struct fault *fault)
{
    *fault = (struct fault){0};
    return push_endpoint_check(guard, slice_of(url), fault);
}

static void test_endpoints_that_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "https://fcm.googleapis.com/fcm/send/dG9rZW4:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "HTTPS://wns2-db5p.notify.windows.com/w/?token=BQYAAAC%2fx",
        "https://ntfy.example.net:8443/upAbC?up=1",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1::1]:443/x",
        "https://push.example.net",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (check(&strict, good[i], &fault) != 0)
            fail_msg("%s: %s", good[i], fault.detail);
}

static void test_endpoints_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "http://push.example.net/x",
        "https://localhost/x",
        "https://a.localhost/x",
        "https://intranet/x",
        "https://printer.local/x",
        "https://printer.local./x",
        "https://router.home.arpa/x",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f.0.0.1/x",
        "https://0177.0.0.1/x",
        "https://127.0.0.1./x",
        "https://10.1.2.3/x",
        "https://172.31.255.255/x",
        "https://192.168.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
        "https://224.0.0.1/x",
        "https://255.255.255.255/x",
        "https://[::1]/x",
        "https://[::]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[::ffff:a00:1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:7f00:1::]/x",
        "https://[2001:0:1::1]/x",
        "https://[2001:db8::1]/x",
        "https://[fe80::1]/x",
        "https://[fd00::1]/x",
        "https://[ff02::1]/x",
        "https://push.example.net:22/x",
        "https://push.example.net:80/x",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (check(&strict, bad[i], &fault) != -ERR_DENIED)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(fault.finding, FINDING_PUSH_ENDPOINT_REFUSED);
        if (check(&lab, bad[i], &fault) != 0)
            fail_msg("refused in a laboratory: %s", bad[i]);
    }
}

static void test_endpoints_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "push.example.net/x",
        "ftp://push.example.net/",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://user@push.example.net/",
        "https://push.example.net\\@127.0.0.1/",
        "https://push.example.net#@127.0.0.1/",
        "https://push.example.net:0/",
        "https://push.example.net:65536/",
        "https://push.example.net:/",
        "https://push.example.net:44x/",
        "https://push..example.net/",
        "https://-push.example.net/",
        "https://.example.net/",
        "https://pu sh.example.net/",
        "https://push.example.net/\r\nHost: x",
        "https://p\xc3\xbcsh.example.net/",
        "https://push%2eexample.net/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://[push.example.net]/",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (check(&lab, bad[i], &fault) != -ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(fault.finding, FINDING_PUSH_SUBSCRIPTION_INVALID);
    }
    char overlong[PUSH_ENDPOINT_MAX + 2];
    memset(overlong, 'a', sizeof overlong - 1);
    memcpy(overlong, "https://a.b/", 12);
    overlong[sizeof overlong - 1] = '\0';
    assert_int_equal(check(&strict, overlong, &fault), -ERR_LIMIT);
    overlong[PUSH_ENDPOINT_MAX] = '\0';
    assert_int_equal(check(&strict, overlong, &fault), 0);
}

static bool allowed4(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
    return push_address_allowed(&strict, (const struct sockaddr *)&v4);
}

/* The first and the last address of each block, and their neighbours. */
static void test_addresses(void **state)
{
    (void)state;
    static const char *const inside[] = {
        "0.0.0.0",     "0.255.255.255", "10.0.0.0",        "10.255.255.255", "100.64.0.0",
        "127.0.0.1",   "169.254.0.0",   "100.127.255.255", "172.16.0.0",     "172.31.255.255",
        "192.0.0.255", "192.168.255.1", "198.19.255.255",  "203.0.113.1",    "224.0.0.0",
    };
    static const char *const outside[] = {
        "1.0.0.0",     "9.255.255.255", "11.0.0.0",      "100.63.255.255",
        "100.128.0.0", "126.0.0.1",     "128.0.0.1",     "172.15.255.255",
        "172.32.0.0",  "192.0.1.0",     "192.167.0.1",   "192.169.0.1",
        "198.17.0.1",  "198.20.0.1",    "223.255.255.1", "8.8.8.8",
    };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (allowed4(inside[i]))
            fail_msg("%s is let through", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (!allowed4(outside[i]))
            fail_msg("%s is held back", outside[i]);
    const struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(push_address_allowed(&strict, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints_that_are_taken),
        cmocka_unit_test(test_endpoints_that_are_refused),
        cmocka_unit_test(test_endpoints_that_are_none),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("push/guard", tests, NULL, NULL);
}
