#include "client/resolver.h"

#include "../../tests/lib/lab_dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    PATIENCE_MS = 150
}; /* only tests of silence wait that long */

struct lab {
    struct arena *arena;
    struct zone zone;
    struct nameserver server;
    struct lab_dns *dns;
    struct resolver *resolver;
    struct resolver_answer answer;
    struct fault fault;
};

static struct zone_options options_of(const struct dns_address *addresses, size_t count)
{
    return (struct zone_options){
        .domain = SLICE("contoso.test"), .addresses = addresses, .address_count = count};
}

static void start(struct lab *lab, const struct zone_options *options, struct lab_dns_options how)
{
    *lab = (struct lab){.arena = arena_new()};
    assert_int_equal(zone_build(lab->arena, options, &lab->zone, NULL), 0);
    lab->server = (struct nameserver){&lab->zone, 1};
    how.server = &lab->server;
    lab->dns = lab_dns_start(&how);
    struct slice server = arena_print(lab->arena, "127.0.0.1:%u", lab_dns_port(lab->dns));
    struct resolver_options ask = {.nameserver = server, .timeout_ms = PATIENCE_MS, .tries = 1};
    lab->resolver = resolver_new(&ask, &lab->fault);
    assert_non_null(lab->resolver);
}

static void start_plain(struct lab *lab)
{
    static const struct dns_address both[] = {{4, {192, 0, 2, 1}},
                                              {16, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}};
    struct zone_options options = options_of(both, 2);
    start(lab, &options, (struct lab_dns_options){0});
}

static void end(struct lab *lab)
{
    resolver_free(lab->resolver);
    lab_dns_stop(lab->dns);
    arena_free(lab->arena);
}

static int lookup(struct lab *lab, const char *host)
{
    lab->fault = (struct fault){0};
    return resolver_lookup(lab->resolver, slice_of(host), RESOLVER_BOTH, lab->arena, &lab->answer,
                           &lab->fault);
}

static void test_alias(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(lookup(&lab, "LyncDiscover.contoso.test"), 0);
    assert_int_equal(lab.answer.address_count, 2);
    assert_true(
        slice_eq(dns_address_print(lab.arena, &lab.answer.addresses[0]), SLICE("192.0.2.1")));
    assert_true(
        slice_eq(dns_address_print(lab.arena, &lab.answer.addresses[1]), SLICE("2001:db8::1")));
    assert_int_equal(lab.answer.cname_count, 1);
    assert_true(slice_eq(lab.answer.cnames[0], SLICE("webdir.contoso.test")));
    assert_int_equal(lab.answer.ttl, ZONE_TTL);
    assert_true(
        slice_eq(lab.answer.server, arena_print(lab.arena, "127.0.0.1:%u", lab_dns_port(lab.dns))));
    assert_true(lab.answer.spent_us > 0);
    assert_false(lab.answer.tcp);
    end(&lab);
}

static void test_one_family(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(resolver_lookup(lab.resolver, SLICE("sip.contoso.test"), RESOLVER_V6,
                                     lab.arena, &lab.answer, &lab.fault),
                     0);
    assert_int_equal(lab.answer.address_count, 1);
    assert_int_equal(lab.answer.addresses[0].len, 16);
    assert_int_equal(lab_dns_udp_queries(lab.dns), 1);
    end(&lab);
}

static void test_srv(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(resolver_srv(lab.resolver, SLICE("_sipinternaltls._tcp.contoso.test"),
                                  lab.arena, &lab.answer, &lab.fault),
                     0);
    assert_int_equal(lab.answer.target_count, 1);
    assert_int_equal(lab.answer.targets[0].port, 5061);
    assert_true(slice_eq(lab.answer.targets[0].target, SLICE("sip.contoso.test")));
    end(&lab);
}

/* "There is no such name" and "there is no such record" are told apart. */
static void test_not_there(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(lookup(&lab, "nobody.contoso.test"), -ERR_UNKNOWN);
    assert_int_equal(lab.fault.finding, FINDING_DNS_NOT_FOUND);
    assert_non_null(
        strstr(lab.fault.detail, "nobody.contoso.test, A and AAAA: does not exist (NXDOMAIN)"));
    assert_int_equal(lab.answer.rcode, DNS_NXDOMAIN);
    assert_int_equal(lookup(&lab, "_tcp.contoso.test"), -ERR_UNKNOWN);
    assert_non_null(strstr(lab.fault.detail, "(NODATA)"));
    assert_int_equal(lab.answer.rcode, DNS_NOERROR);
    assert_non_null(strstr(lab.fault.detail, "127.0.0.1:"));
    end(&lab);
}

/* IPv4 alone is a success, not a missing record. */
static void test_ipv4_only(void **state)
{
    (void)state;
    static const struct dns_address v4 = {4, {192, 0, 2, 7}};
    struct zone_options options = options_of(&v4, 1);
    struct lab lab;
    start(&lab, &options, (struct lab_dns_options){0});
    assert_int_equal(lookup(&lab, "sip.contoso.test"), 0);
    assert_int_equal(lab.answer.address_count, 1);
    assert_int_equal(lab_dns_udp_queries(lab.dns), 2);
    end(&lab);
}

static void test_alias_leads_away(void **state)
{
    (void)state;
    static const struct dns_address v4 = {4, {192, 0, 2, 7}};
    struct zone_options options = options_of(&v4, 1);
    options.web_host = SLICE("webdir.fabrikam.test");
    struct lab lab;
    start(&lab, &options, (struct lab_dns_options){0});
    assert_int_equal(lookup(&lab, "lyncdiscover.contoso.test"), -ERR_UNKNOWN);
    assert_int_equal(lab.answer.cname_count, 1);
    assert_non_null(strstr(lab.fault.detail, "(an alias of webdir.fabrikam.test)"));
    end(&lab);
}

static void test_refused(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(lookup(&lab, "sip.fabrikam.test"), -ERR_IO);
    assert_int_equal(lab.fault.finding, FINDING_DNS_NO_SERVER);
    assert_non_null(strstr(lab.fault.detail, "REFUSED"));
    assert_int_equal(lab.answer.rcode, DNS_REFUSED);
    assert_false(slice_absent(lab.answer.server));
    end(&lab);
}

static void test_silence(void **state)
{
    (void)state;
    static const struct dns_address v4 = {4, {192, 0, 2, 7}};
    struct zone_options options = options_of(&v4, 1);
    struct lab lab;
    start(&lab, &options, (struct lab_dns_options){.silent = true});
    assert_int_equal(lookup(&lab, "sip.contoso.test"), -ERR_IO);
    assert_int_equal(lab.fault.finding, FINDING_DNS_NO_SERVER);
    assert_non_null(strstr(lab.fault.detail, "no answer came in time"));
    assert_true(slice_absent(lab.answer.server));
    assert_true(lab.answer.spent_us >= PATIENCE_MS * 1000 / 2);
    end(&lab);
}

static void test_nothing_listens(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    lab_dns_stop(lab.dns);
    lab.dns = NULL;
    assert_int_equal(lookup(&lab, "sip.contoso.test"), -ERR_IO);
    assert_int_equal(lab.fault.finding, FINDING_DNS_NO_SERVER);
    end(&lab);
}

/* More addresses than 512 or 1232 bytes hold: c-ares asks again over TCP. */
static void test_large_answer(void **state)
{
    (void)state;
    struct dns_address many[ZONE_ADDRESSES_MAX];
    for (size_t i = 0; i < ZONE_ADDRESSES_MAX; i++)
        many[i] = (struct dns_address){4, {192, 0, 2, (uint8_t)i}};
    struct zone_options options = options_of(many, ZONE_ADDRESSES_MAX);
    struct lab lab;
    start(&lab, &options, (struct lab_dns_options){0});
    struct dns_record *crowd = arena_array(lab.arena, struct dns_record, 500);
    for (size_t i = 0; i < 60; i++) {
        crowd[i] = (struct dns_record){.name = SLICE("crowd.contoso.test"),
                                       .type = DNS_AAAA,
                                       .klass = DNS_CLASS_IN,
                                       .ttl = 5,
                                       .data.address = {16, {0xfd, [15] = (uint8_t)i}}};
    }
    lab.zone.records = crowd;
    lab.zone.record_count = 60;
    assert_int_equal(lookup(&lab, "crowd.contoso.test"), 0);
    assert_int_equal(lab.answer.address_count, 60);
    assert_true(lab.answer.tcp);
    assert_true(lab_dns_tcp_queries(lab.dns) > 0);
    end(&lab);
}

/* Claims 16 bytes for an IPv4 address; the header and question stay whole. */
static void spoil(struct buf *answer)
{
    if (answer->len > 60)
        answer->at[answer->len - 11 - 5] = 3;
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct dns_address v4 = {4, {192, 0, 2, 7}};
    struct zone_options options = options_of(&v4, 1);
    struct lab lab;
    start(&lab, &options, (struct lab_dns_options){.mangle = spoil});
    assert_int_equal(resolver_lookup(lab.resolver, SLICE("sip.contoso.test"), RESOLVER_V4,
                                     lab.arena, &lab.answer, &lab.fault),
                     -ERR_MALFORMED);
    assert_int_equal(lab.fault.finding, FINDING_DNS_MALFORMED);
    assert_non_null(strstr(lab.fault.detail, "address of 3 bytes"));
    end(&lab);
}

static void test_literals_and_bad_names(void **state)
{
    (void)state;
    struct lab lab;
    start_plain(&lab);
    assert_int_equal(lookup(&lab, "203.0.113.9"), 0);
    assert_true(slice_eq(lab.answer.server, SLICE("literal")));
    assert_int_equal(lookup(&lab, "2001:db8::9"), 0);
    assert_int_equal(lab.answer.addresses[0].len, 16);
    assert_int_equal(lookup(&lab, "a..b"), -ERR_MALFORMED);
    assert_int_equal(lookup(&lab, ""), -ERR_MALFORMED);
    assert_int_equal(lookup(&lab, "a\\.b"), -ERR_MALFORMED);
    assert_int_equal(lab_dns_udp_queries(lab.dns), 0);
    end(&lab);
}

static void test_server_option(void **state)
{
    (void)state;
    const char *const bad[] = {"example.org", "127.0.0.1:0",  "127.0.0.1:65536", "[::1",
                               "[::1]x",      "127.0.0.1:5a", "300.1.1.1"};
    const char *const good[] = {"127.0.0.1", "127.0.0.1:5353", "::1", "[::1]", "[::1]:53"};
    struct fault fault;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct resolver_options options = {.nameserver = slice_of(bad[i])};
        assert_null(resolver_new(&options, &fault));
        assert_int_equal(fault.finding, FINDING_CONFIG_INVALID);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct resolver_options options = {.nameserver = slice_of(good[i])};
        scoped(resolver) struct resolver *r = resolver_new(&options, &fault);
        assert_non_null(r);
    }
}

static bool hosts_file_has(const char *address, const char *name)
{
    char line[512], first[128], second[128];
    bool found = false;
    FILE *file = fopen("/etc/hosts", "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%127s %127s", first, second) == 2 && strcmp(first, address) == 0 &&
                strcmp(second, name) == 0;
    if (file)
        fclose(file);
    return found;
}

/* With the system's servers, the hosts file comes first. */
static void test_hosts_file(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct resolver_options options = {.timeout_ms = PATIENCE_MS, .tries = 1};
    struct resolver_answer answer;
    scoped(resolver) struct resolver *r = resolver_new(&options, NULL);
    assert_non_null(r);
    assert_int_equal(resolver_lookup(r, SLICE("localhost"), RESOLVER_V4, a, &answer, NULL), 0);
    assert_true(slice_eq(answer.server, SLICE("hosts file")));
    assert_true(slice_eq(dns_address_print(a, &answer.addresses[0]), SLICE("127.0.0.1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alias),
        cmocka_unit_test(test_one_family),
        cmocka_unit_test(test_srv),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_ipv4_only),
        cmocka_unit_test(test_alias_leads_away),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_nothing_listens),
        cmocka_unit_test(test_large_answer),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_literals_and_bad_names),
        cmocka_unit_test(test_server_option),
        cmocka_unit_test(test_hosts_file), /* must be last */
    };
    size_t count = sizeof tests / sizeof *tests;
    if (!hosts_file_has("127.0.0.1", "localhost")) {
        print_message("# SKIP test_hosts_file: /etc/hosts has no localhost\n");
        count--;
    }
    return _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
}
