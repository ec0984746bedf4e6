#include "discover/nameserver.h"

#include "../../tests/lib/judge.h"
#include "../../tests/lib/lab_dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dns_address ADDRESSES[] = {{4, {192, 0, 2, 1}}, {4, {192, 0, 2, 2}}};

struct lab {
    struct arena *arena;
    struct zone zones[2]; /* contoso.test and, below it, eu.contoso.test */
    struct nameserver server;
    struct buf bytes;
    struct dns_message reply;
    struct nameserver_note note;
};

static int setup(void **state)
{
    struct lab *lab = must_calloc(1, sizeof *lab);
    lab->arena = arena_new();
    struct zone_options options = {
        .domain = SLICE("contoso.test"), .addresses = ADDRESSES, .address_count = 2};
    assert_int_equal(zone_build(lab->arena, &options, &lab->zones[0], NULL), 0);
    options.domain = SLICE("eu.contoso.test");
    options.address_count = 1;
    assert_int_equal(zone_build(lab->arena, &options, &lab->zones[1], NULL), 0);
    lab->server = (struct nameserver){lab->zones, 2};
    *state = lab;
    return 0;
}

static int teardown(void **state)
{
    struct lab *lab = *state;
    buf_free(&lab->bytes);
    arena_free(lab->arena);
    free(lab);
    return 0;
}

static void step(struct lab *lab, const struct dns_message *query,
                 enum nameserver_transport transport)
{
    scoped(buf) struct buf out = BUF_INIT;
    assert_int_equal(dns_print(&out, query, DNS_MESSAGE_MAX, NULL), 0);
    assert_int_equal(nameserver_step(&lab->server, transport,
                                     arena_copy(lab->arena, buf_slice(&out)), lab->arena,
                                     &lab->bytes, &lab->note),
                     0);
    assert_int_equal(dns_parse(lab->arena, buf_slice(&lab->bytes), &lab->reply, NULL), 0);
    assert_true(lab->reply.response);
    assert_int_equal(lab->reply.id, query->id);
}

static void ask(struct lab *lab, const char *name, uint16_t type)
{
    struct dns_question q = {slice_of(name), type, DNS_CLASS_IN};
    struct dns_message query = {
        .id = 77, .recursion_desired = true, .questions = &q, .question_count = 1};
    step(lab, &query, NAMESERVER_UDP);
}

static void test_found(void **state)
{
    struct lab *lab = *state;
    ask(lab, "sip.contoso.test", DNS_A);
    assert_int_equal(lab->reply.rcode, DNS_NOERROR);
    assert_true(lab->reply.authoritative && lab->reply.recursion_desired);
    assert_false(lab->reply.recursion_available);
    assert_int_equal(lab->reply.answer.count, 2);
    assert_int_equal(lab->note.answers, 2);
    assert_int_equal(lab->note.type, DNS_A);
    assert_true(slice_eq(lab->note.name, SLICE("sip.contoso.test")));
}

static void test_alias_is_followed(void **state)
{
    struct lab *lab = *state;
    ask(lab, "lyncdiscover.contoso.test", DNS_A);
    assert_int_equal(lab->reply.answer.count, 3);
    assert_int_equal(lab->reply.answer.records[0].type, DNS_CNAME);
    assert_true(slice_eq(lab->reply.answer.records[1].name, SLICE("webdir.contoso.test")));
    ask(lab, "lyncdiscover.contoso.test", DNS_CNAME);
    assert_int_equal(lab->reply.answer.count, 1);
    ask(lab, "lyncdiscover.contoso.test", DNS_AAAA); /* the alias, then NODATA */
    assert_int_equal(lab->reply.rcode, DNS_NOERROR);
    assert_int_equal(lab->reply.answer.count, 1);
    assert_int_equal(lab->reply.authority.count, 1);
}

static void test_srv_with_addresses(void **state)
{
    struct lab *lab = *state;
    ask(lab, "_sipinternaltls._tcp.contoso.test", DNS_SRV);
    assert_int_equal(lab->reply.answer.count, 1);
    assert_int_equal(lab->reply.answer.records[0].data.srv.port, 5061);
    assert_int_equal(lab->reply.additional.count, 2);
    assert_true(slice_eq(lab->reply.additional.records[0].name, SLICE("sip.contoso.test")));
}

static void test_not_there(void **state)
{
    struct lab *lab = *state;
    ask(lab, "nobody.contoso.test", DNS_A);
    assert_int_equal(lab->reply.rcode, DNS_NXDOMAIN);
    assert_int_equal(lab->reply.authority.records[0].type, DNS_SOA);
    ask(lab, "sip.contoso.test", DNS_SRV);
    assert_int_equal(lab->reply.rcode, DNS_NOERROR);
    assert_int_equal(lab->reply.answer.count, 0);
    assert_int_equal(lab->reply.authority.records[0].type, DNS_SOA);
    ask(lab, "_tcp.contoso.test", DNS_A); /* only something below it exists */
    assert_int_equal(lab->reply.rcode, DNS_NOERROR);
    ask(lab, "www.fabrikam.test", DNS_A);
    assert_int_equal(lab->reply.rcode, DNS_REFUSED);
    assert_false(lab->reply.authoritative);
    zone_remove(&lab->zones[0], SLICE("webdir"), DNS_ANY); /* an alias that leads nowhere */
    ask(lab, "lyncdiscover.contoso.test", DNS_A);
    assert_int_equal(lab->reply.rcode, DNS_NXDOMAIN);
    assert_int_equal(lab->reply.answer.count, 1);
}

static void test_negative_ttl(void **state)
{
    struct lab *lab = *state;
    lab->zones[0].records[0].data.soa.minimum = 7;
    ask(lab, "nobody.contoso.test", DNS_A);
    assert_int_equal(lab->reply.authority.records[0].ttl, 7);
    assert_int_equal(lab->zones[0].records[0].ttl, ZONE_TTL);
}

static void test_longest_zone_answers(void **state)
{
    struct lab *lab = *state;
    ask(lab, "sip.eu.contoso.test", DNS_A);
    assert_int_equal(lab->reply.answer.count, 1);
    ask(lab, "x.eu.contoso.test", DNS_A);
    assert_true(slice_eq(lab->reply.authority.records[0].name, SLICE("eu.contoso.test")));
}

/* 0x20: resolvers vary the case and drop answers that do not repeat it. */
static void test_case_is_kept(void **state)
{
    struct lab *lab = *state;
    ask(lab, "LyNcDiScOvEr.cOnToSo.TeSt", DNS_A);
    assert_true(slice_eq(lab->reply.questions[0].name, SLICE("LyNcDiScOvEr.cOnToSo.TeSt")));
    assert_true(slice_eq(lab->reply.answer.records[0].name, SLICE("LyNcDiScOvEr.cOnToSo.TeSt")));
    assert_true(slice_eq(lab->reply.answer.records[0].data.target, SLICE("webdir.contoso.test")));
}

static void test_alias_circle_ends(void **state)
{
    struct lab *lab = *state;
    for (size_t i = 0; i < lab->zones[0].record_count; i++) {
        struct dns_record *r = &lab->zones[0].records[i];
        if (r->type == DNS_CNAME)
            r->data.target = r->name;
    }
    ask(lab, "lyncdiscover.contoso.test", DNS_A);
    assert_int_equal(lab->reply.rcode, DNS_NOERROR);
    assert_int_equal(lab->reply.answer.count, NAMESERVER_CNAMES_MAX + 1);
}

static void test_any_is_minimal(void **state)
{
    struct lab *lab = *state;
    ask(lab, "contoso.test", DNS_ANY);
    assert_int_equal(lab->reply.answer.count, 1);
    ask(lab, "sip.contoso.test", DNS_ANY);
    assert_int_equal(lab->reply.answer.count, 2);
    ask(lab, "nobody.contoso.test", DNS_ANY);
    assert_int_equal(lab->reply.rcode, DNS_NXDOMAIN);
}

static void test_objections(void **state)
{
    struct lab *lab = *state;
    struct dns_question q[2] = {{SLICE("sip.contoso.test"), DNS_A, DNS_CLASS_IN},
                                {SLICE("sip.contoso.test"), DNS_A, DNS_CLASS_IN}};
    struct dns_message query = {.questions = q, .question_count = 2};
    step(lab, &query, NAMESERVER_UDP);
    assert_int_equal(lab->reply.rcode, DNS_FORMERR);
    query.question_count = 0;
    step(lab, &query, NAMESERVER_UDP);
    assert_int_equal(lab->reply.rcode, DNS_FORMERR);
    query.question_count = 1;
    query.opcode = 5; /* UPDATE */
    step(lab, &query, NAMESERVER_UDP);
    assert_int_equal(lab->reply.rcode, DNS_NOTIMP);
    query.opcode = 0;
    query.edns = true;
    query.edns_version = 1;
    step(lab, &query, NAMESERVER_UDP);
    assert_int_equal(lab->reply.rcode, DNS_BADVERS);
    query.edns_version = 0;
    q[0].type = DNS_AXFR;
    step(lab, &query, NAMESERVER_TCP);
    assert_int_equal(lab->reply.rcode, DNS_REFUSED);
    q[0].type = DNS_TXT;
    q[0].klass = 3;
    step(lab, &query, NAMESERVER_UDP);
    assert_int_equal(lab->reply.rcode, DNS_REFUSED);
}

static void test_no_answer_at_all(void **state)
{
    struct lab *lab = *state;
    const uint8_t response[DNS_HEADER] = {0, 1, 0x80};
    assert_int_equal(nameserver_step(&lab->server, NAMESERVER_UDP, SLICE("short"), lab->arena,
                                     &lab->bytes, NULL),
                     -ERR_MALFORMED);
    assert_int_equal(nameserver_step(&lab->server, NAMESERVER_UDP,
                                     slice_make(response, sizeof response), lab->arena, &lab->bytes,
                                     NULL),
                     -ERR_MALFORMED);
    assert_int_equal(lab->bytes.len, 0);
    const uint8_t broken[] = {0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 'x'};
    assert_int_equal(nameserver_step(&lab->server, NAMESERVER_UDP,
                                     slice_make(broken, sizeof broken), lab->arena, &lab->bytes,
                                     &lab->note),
                     0);
    assert_int_equal(lab->note.rcode, DNS_FORMERR);
    assert_true(slice_absent(lab->note.name));
    assert_int_equal(lab->bytes.len, DNS_HEADER);
    assert_int_equal(lab->bytes.at[1], 9);
}

/* Make the zone's web host live at 40 addresses. */
static void crowd(struct lab *lab)
{
    struct dns_record *records = arena_array(lab->arena, struct dns_record, 40);
    for (size_t i = 0; i < 40; i++)
        records[i] = (struct dns_record){.name = SLICE("webdir.contoso.test"),
                                         .type = DNS_A,
                                         .klass = DNS_CLASS_IN,
                                         .data.address = {4, {10, 0, 0, (uint8_t)i}}};
    lab->zones[0].records = records;
    lab->zones[0].record_count = 40;
}

static void test_sizes(void **state)
{
    struct lab *lab = *state;
    crowd(lab);
    struct dns_question q = {SLICE("webdir.contoso.test"), DNS_A, DNS_CLASS_IN};
    struct dns_message query = {.questions = &q, .question_count = 1};
    step(lab, &query, NAMESERVER_UDP);
    assert_true(lab->reply.truncated && lab->note.truncated);
    assert_true(lab->bytes.len <= DNS_UDP_PLAIN);
    query.edns = true;
    query.edns_udp_size = 4096;
    step(lab, &query, NAMESERVER_UDP);
    assert_false(lab->reply.truncated);
    assert_int_equal(lab->reply.answer.count, 40);
    query.edns_udp_size = 100; /* nonsense: 512 is the least */
    step(lab, &query, NAMESERVER_UDP);
    assert_true(lab->reply.truncated && lab->bytes.len > 400);
    query.edns = false;
    step(lab, &query, NAMESERVER_TCP);
    assert_int_equal(lab->reply.answer.count, 40);
}

/* ---- BIND's dig as the judge ------------------------------------------------- */

static void dig(struct lab *lab, struct lab_dns *dns, struct buf *said, const char *name,
                const char *type, const char *option)
{
    struct slice port = arena_print(lab->arena, "%u", lab_dns_port(dns));
    const char *argv[] = {"dig",     "@127.0.0.1", "-p", port.at, "+tries=1",
                          "+time=5", option,       name, type,    NULL};
    buf_clear(said);
    if (judge_run(said, argv) != 0)
        fail_msg("dig %s: %s", name, buf_string(said));
    assert_null(strstr(buf_string(said), "WARNING: Message"));
    assert_null(strstr(buf_string(said), "malformed"));
}

static void test_dig(void **state)
{
    struct lab *lab = *state;
    scoped(buf) struct buf said = BUF_INIT;
    if (!judge_there("dig")) {
        print_message("SKIP: dig (bind9-dnsutils) is not installed\n");
        skip();
    }
    struct lab_dns *dns = lab_dns_start(&(struct lab_dns_options){.server = &lab->server});
    dig(lab, dns, &said, "lyncdiscover.contoso.test", "A", "+short");
    assert_string_equal(buf_string(&said), "webdir.contoso.test.\n192.0.2.1\n192.0.2.2\n");
    dig(lab, dns, &said, "_sip._tls.contoso.test", "SRV", "+short");
    assert_string_equal(buf_string(&said), "0 0 443 sipfed.contoso.test.\n");
    dig(lab, dns, &said, "sip.contoso.test", "A", "+short");
    assert_string_equal(buf_string(&said), "192.0.2.1\n192.0.2.2\n");
    dig(lab, dns, &said, "contoso.test", "SOA", "+tcp");
    assert_non_null(strstr(buf_string(&said), "status: NOERROR"));
    assert_non_null(strstr(buf_string(&said), "flags: qr aa rd;"));
    dig(lab, dns, &said, "nobody.contoso.test", "A", "+all");
    assert_non_null(strstr(buf_string(&said), "status: NXDOMAIN"));
    assert_non_null(strstr(buf_string(&said), "AUTHORITY: 1"));
    assert_non_null(strstr(buf_string(&said), "EDNS: version: 0, flags:; udp: 1232"));
    crowd(lab);
    dig(lab, dns, &said, "webdir.contoso.test", "A", "+noedns");
    assert_non_null(strstr(buf_string(&said), "Truncated, retrying in TCP mode"));
    assert_non_null(strstr(buf_string(&said), "ANSWER: 40"));
    lab_dns_stop(dns);
}

#define LAB_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_found),
        LAB_TEST(test_alias_is_followed),
        LAB_TEST(test_srv_with_addresses),
        LAB_TEST(test_not_there),
        LAB_TEST(test_negative_ttl),
        LAB_TEST(test_longest_zone_answers),
        LAB_TEST(test_case_is_kept),
        LAB_TEST(test_alias_circle_ends),
        LAB_TEST(test_any_is_minimal),
        LAB_TEST(test_objections),
        LAB_TEST(test_no_answer_at_all),
        LAB_TEST(test_sizes),
        LAB_TEST(test_dig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
