#include "discover/zone.h"

#include "../../tests/lib/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct dns_address ADDRESSES[] = {{4, {192, 0, 2, 1}},
                                               {16, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}};

static struct zone_options plain(void)
{
    return (struct zone_options){
        .domain = SLICE("contoso.test"), .addresses = ADDRESSES, .address_count = 2};
}

static struct zone build(struct arena *a, const struct zone_options *options)
{
    struct zone zone;
    struct fault fault = {0};
    if (zone_build(a, options, &zone, &fault) != 0)
        fail_msg("%s", fault.detail);
    return zone;
}

static size_t count_of(const struct zone *zone, const char *name, enum dns_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < zone->record_count; i++)
        count +=
            dns_name_eq(zone->records[i].name, slice_of(name)) && zone->records[i].type == type;
    return count;
}

/* What the module says named-checkzone accepts, it must accept. */
static void check_by_bind(const struct zone *zone, bool local_only)
{
    char path[] = "/tmp/lychgate-zone-XXXXXX", domain[300];
    scoped(buf) struct buf text = BUF_INIT, said = BUF_INIT;
    if (!judge_there("named-checkzone")) {
        print_message("SKIP: named-checkzone (bind9-utils) is not installed\n");
        skip();
    }
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    zone_print(&text, zone);
    assert_int_equal(write(fd, text.at, text.len), text.len);
    close(fd);
    snprintf(domain, sizeof domain, "%.*s", SLICE_ARG(zone->domain));
    /* Looking hosts of other zones up needs the internet: not here. */
    const char *argv[] = {
        "named-checkzone", "-i", local_only ? "local" : "full", "-k", "fail", domain, path, NULL};
    int status = judge_run(&said, argv);
    unlink(path);
    if (status != 0 || !strstr(buf_string(&said), "OK"))
        fail_msg("named-checkzone: %d %s\n%s", status, buf_string(&said), buf_string(&text));
}

static void test_records(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct zone_options options = plain();
    struct zone zone = build(a, &options);
    assert_int_equal(zone.records[0].type, DNS_SOA);
    assert_int_equal(zone.records[1].type, DNS_NS);
    const char *const hosts[] = {"ns", "webdir", "sip", "sipfed", "sipinternal", "sipexternal"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct slice name = arena_print(a, "%s.contoso.test", hosts[i]);
        assert_int_equal(count_of(&zone, name.at, DNS_A), 1);
        assert_int_equal(count_of(&zone, name.at, DNS_AAAA), 1);
    }
    assert_int_equal(count_of(&zone, "lyncdiscover.contoso.test", DNS_CNAME), 1);
    assert_int_equal(count_of(&zone, "lyncdiscoverinternal.contoso.test", DNS_CNAME), 1);
    assert_int_equal(count_of(&zone, "_sipinternaltls._tcp.contoso.test", DNS_SRV), 1);
    assert_int_equal(count_of(&zone, "_sip._tls.contoso.test", DNS_SRV), 1);
    assert_int_equal(zone.record_count, 2 + 12 + 2 + 2);
    check_by_bind(&zone, false);
}

static void test_file(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct zone_options options = plain();
    options.address_count = 1;
    options.sip_port = 15061;
    options.serial = 2026112101;
    struct zone zone = build(a, &options);
    zone_print(&text, &zone);
    const char *const lines[] = {
        "$ORIGIN contoso.test.\n",
        "contoso.test. 300 IN SOA ns.contoso.test. hostmaster.contoso.test. 2026112101 3600 600 "
        "604800 300\n",
        "\nlyncdiscover.contoso.test. 300 IN CNAME webdir.contoso.test.\n",
        "\n_sipinternaltls._tcp.contoso.test. 300 IN SRV 0 0 15061 sip.contoso.test.\n",
        "\n_sip._tls.contoso.test. 300 IN SRV 0 0 443 sipfed.contoso.test.\n",
        "\nsip.contoso.test. 300 IN A 192.0.2.1\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!strstr(buf_string(&text), lines[i]))
            fail_msg("lacks %s in\n%s", lines[i], buf_string(&text));
    }
}

static void test_outside_hosts(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf text = BUF_INIT;
    struct zone_options options = plain();
    options.domain = SLICE("Contoso.test.");
    options.web_host = SLICE("web.fabrikam.test.");
    options.sip_external_host = SLICE("web.fabrikam.test");
    struct zone zone = build(a, &options);
    assert_int_equal(zone.outside_count, 1);
    assert_int_equal(count_of(&zone, "web.fabrikam.test", DNS_A), 0);
    assert_int_equal(count_of(&zone, "lyncdiscover.contoso.test", DNS_CNAME), 1);
    zone_print(&text, &zone);
    assert_non_null(strstr(buf_string(&text), "; web.fabrikam.test lies outside Contoso.test"));
    check_by_bind(&zone, true);
}

/* One name for everything, even for what is otherwise an alias. */
static void test_same_host_everywhere(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    const struct slice more[] = {SLICE("login.contoso.test"), SLICE("SIP.contoso.test")};
    struct zone_options options = plain();
    options.web_host = options.sip_host = options.sip_external_host = options.name_server =
        SLICE("lyncdiscover.contoso.test");
    options.hosts = more;
    options.host_count = 2;
    struct zone zone = build(a, &options);
    assert_int_equal(count_of(&zone, "lyncdiscover.contoso.test", DNS_CNAME), 0);
    assert_int_equal(count_of(&zone, "lyncdiscover.contoso.test", DNS_A), 1);
    assert_int_equal(count_of(&zone, "sip.contoso.test", DNS_A), 1);
    assert_int_equal(count_of(&zone, "login.contoso.test", DNS_AAAA), 1);
    check_by_bind(&zone, false);
    options.web_host = SLICE("contoso.test");
    zone = build(a, &options);
    assert_int_equal(count_of(&zone, "contoso.test", DNS_A), 1);
    check_by_bind(&zone, false);
}

static void test_certificate_names(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    const struct slice more[] = {SLICE("login.fabrikam.test"), SLICE("sip.contoso.test")};
    struct zone_options options = plain();
    options.hosts = more;
    options.host_count = 2;
    struct zone zone = build(a, &options);
    const char *const expected[] = {
        "lyncdiscover.contoso.test", "lyncdiscoverinternal.contoso.test",
        "webdir.contoso.test",       "sip.contoso.test",
        "sipfed.contoso.test",       "sipinternal.contoso.test",
        "sipexternal.contoso.test",  "login.fabrikam.test",
    };
    size_t count;
    const struct slice *names = zone_names(&zone, &count);
    assert_int_equal(count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < count; i++)
        assert_true(slice_eq(names[i], slice_of(expected[i])));
}

static void test_remove(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct zone_options options = plain();
    struct zone zone = build(a, &options);
    size_t before = zone.record_count;
    assert_int_equal(zone_remove(&zone, SLICE("LyncDiscover"), DNS_ANY), 1);
    assert_int_equal(zone_remove(&zone, SLICE("sip"), DNS_AAAA), 1);
    assert_int_equal(zone_remove(&zone, SLICE("_sip._tls"), DNS_SRV), 1);
    assert_int_equal(zone_remove(&zone, SLICE("nobody"), DNS_ANY), 0);
    assert_int_equal(zone.record_count, before - 3);
    assert_int_equal(count_of(&zone, "sip.contoso.test", DNS_A), 1);
    assert_int_equal(zone_remove(&zone, (struct slice){0}, DNS_ANY), 1); /* NS goes, SOA stays */
    assert_int_equal(zone.records[0].type, DNS_SOA);
}

static int refused(struct arena *a, const struct zone_options *options, const char *word)
{
    struct zone zone;
    struct fault fault = {0};
    int err = zone_build(a, options, &zone, &fault);
    assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    if (!strstr(fault.detail, word))
        fail_msg("\"%s\" lacks %s", fault.detail, word);
    return err;
}

static void test_bad_options(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    const char *const domains[] = {"", ".", "a b.test", "-a.test", "a..test", "x;y"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        struct zone_options options = plain();
        options.domain = slice_of(domains[i]);
        assert_int_equal(refused(a, &options, "domain"), -ERR_MALFORMED);
    }
    struct zone_options options = plain();
    options.sip_host = SLICE("sip.contoso.test\n$INCLUDE /etc/passwd");
    assert_int_equal(refused(a, &options, "sip-host"), -ERR_MALFORMED);
    options = plain();
    options.address_count = 0;
    assert_int_equal(refused(a, &options, "addresses"), -ERR_LIMIT);
    options = plain();
    char longest[260];
    memset(longest, 'a', sizeof longest);
    for (size_t i = 60; i < 235; i += 60)
        longest[i] = '.';
    options.domain = slice_make(longest, 236); /* a name, but no room for ours below it */
    assert_true(dns_host_valid(options.domain));
    assert_int_equal(refused(a, &options, "too long"), -ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),           cmocka_unit_test(test_file),
        cmocka_unit_test(test_outside_hosts),     cmocka_unit_test(test_same_host_everywhere),
        cmocka_unit_test(test_certificate_names), cmocka_unit_test(test_remove),
        cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
