#include "discover/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Written by hand from RFC 1035 section 4.1: id 0x1234, RD, one question
 * "_sip._tls.contoso.test" SRV IN, an OPT record offering 1232 bytes. */
static const uint8_t QUERY[] = {
    0x12, 0x34, 0x01, 0x00, 0,   1,   0,    0,    0,   0,   0,   1, /* header */
    4,    '_',  's',  'i',  'p', 4,   '_',  't',  'l', 's',         /* name */
    7,    'c',  'o',  'n',  't', 'o', 's',  'o',  4,   't', 'e', 's', 't', 0, 0,
    33,   0,    1,    0,    0,   41,  0x04, 0xd0, 0,   0,   0,   0,   0,   0, /* OPT */
};

/* The answer to it: 0 0 443 sipfed.contoso.test and its address, with pointers
 * to the question (byte 22 is "contoso.test"). */
static const uint8_t ANSWER[] = {
    0x12, 0x34, 0x85, 0x00, 0,   1, 0,    1,   0,   0,   0,    1,   4,   '_', 's', 'i',  'p',
    4,    '_',  't',  'l',  's', 7, 'c',  'o', 'n', 't', 'o',  's', 'o', 4,   't', 'e',  's',
    't',  0,    0,    33,   0,   1, 0xc0, 12,  0,   33,  0,    1,   0,   0,   1,   0x2c, 0,
    27,   0,    0,    0,    0,   1, 0xbb, 6,   's', 'i', 'p',  'f', 'e', 'd', 7,   'c',  'o',
    'n',  't',  'o',  's',  'o', 4, 't',  'e', 's', 't', 0,    6,   's', 'i', 'p', 'f',  'e',
    'd',  0xc0, 22,   0,    1,   0, 1,    0,   0,   1,   0x2c, 0,   4,   192, 0,   2,    1,
};

#define BYTES(array) slice_make((array), sizeof(array))

static int parse(struct arena *a, struct slice bytes, struct dns_message *out)
{
    struct fault fault = {0};
    int err = dns_parse(a, bytes, out, &fault);
    assert_int_equal(err, fault.err);
    if (err)
        assert_int_equal(fault.finding, FINDING_DNS_MALFORMED);
    return err;
}

static void test_golden_query(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_message m;
    assert_int_equal(parse(a, BYTES(QUERY), &m), 0);
    assert_int_equal(m.id, 0x1234);
    assert_true(m.recursion_desired && !m.response);
    assert_int_equal(m.question_count, 1);
    assert_true(slice_eq(m.questions[0].name, SLICE("_sip._tls.contoso.test")));
    assert_int_equal(m.questions[0].type, DNS_SRV);
    assert_true(m.edns);
    assert_int_equal(m.edns_udp_size, 1232);
    assert_int_equal(m.additional.count, 0); /* OPT is not a record to the caller */
    scoped(buf) struct buf out = BUF_INIT;
    assert_int_equal(dns_print(&out, &m, DNS_UDP_PLAIN, NULL), 0);
    assert_true(slice_eq(buf_slice(&out), BYTES(QUERY)));
}

static void test_golden_answer(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_message m;
    assert_int_equal(parse(a, BYTES(ANSWER), &m), 0);
    assert_true(m.response && m.authoritative);
    assert_int_equal(m.answer.count, 1);
    assert_true(slice_eq(m.answer.records[0].name, SLICE("_sip._tls.contoso.test")));
    assert_int_equal(m.answer.records[0].data.srv.port, 443);
    assert_true(slice_eq(m.answer.records[0].data.srv.target, SLICE("sipfed.contoso.test")));
    scoped(buf) struct buf text = BUF_INIT;
    dns_record_print(&text, &m.additional.records[0]);
    assert_string_equal(buf_string(&text), "sipfed.contoso.test. 300 IN A 192.0.2.1\n");
    /* Ours points at the SRV target, too: the same records, fewer bytes. */
    scoped(buf) struct buf out = BUF_INIT;
    assert_int_equal(dns_print(&out, &m, DNS_UDP_PLAIN, NULL), 0);
    assert_true(out.len < sizeof ANSWER);
    struct dns_message again;
    assert_int_equal(parse(a, buf_slice(&out), &again), 0);
    assert_true(slice_eq(again.additional.records[0].name, SLICE("sipfed.contoso.test")));
}

/* Whatever is cut off, it is an error and nothing is read behind the end. */
static void test_truncated(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    for (size_t len = 0; len < sizeof ANSWER; len++) {
        struct dns_message m;
        char *exact = must_alloc(len);
        memcpy(exact, ANSWER, len);
        assert_int_equal(parse(a, slice_make(exact, len), &m), -ERR_MALFORMED);
        free(exact);
    }
}

/* A question whose name is these bytes. */
static int parse_name(const char *name, size_t len, struct slice *out)
{
    static struct arena *a;
    arena_free(a);
    a = arena_new();
    struct dns_message m;
    scoped(buf) struct buf b = BUF_INIT;
    buf_add(&b, slice_make("\0\0\1\0\0\1\0\0\0\0\0\0", 12));
    buf_add(&b, slice_make(name, len));
    buf_add(&b, slice_make("\0\1\0\1", 4));
    struct slice bytes = arena_copy(a, buf_slice(&b));
    int err = parse(a, bytes, &m);
    if (!err)
        *out = m.questions[0].name;
    return err;
}
#define PARSE_NAME(literal, out) parse_name(literal, sizeof(literal) - 1, out)

static void test_names(void **state)
{
    (void)state;
    struct slice name;
    assert_int_equal(PARSE_NAME("\1a\2bc\0", &name), 0);
    assert_true(slice_eq(name, SLICE("a.bc")));
    assert_int_equal(PARSE_NAME("\0", &name), 0);
    assert_true(slice_eq(name, SLICE(".")));
    assert_int_equal(PARSE_NAME("\4a.\\\001\0", &name), 0);
    assert_true(slice_eq(name, SLICE("a\\.\\\\\\001")));
    assert_int_equal(PARSE_NAME("\2\xc3\xa4\0", &name), 0);
    assert_true(slice_eq(name, SLICE("\\195\\164")));
    assert_int_equal(PARSE_NAME("\100a\0", &name), -ERR_MALFORMED); /* label kinds 01, 10 */
    assert_int_equal(PARSE_NAME("\200a\0", &name), -ERR_MALFORMED);
}

static void test_pointers_that_do_not_lead_back(void **state)
{
    (void)state;
    struct slice name;
    assert_int_equal(PARSE_NAME("\xc0\x0c", &name), -ERR_MALFORMED);      /* to itself */
    assert_int_equal(PARSE_NAME("\1a\xc0\x0c", &name), -ERR_MALFORMED);   /* round and round */
    assert_int_equal(PARSE_NAME("\xc0\x0e\1a\0", &name), -ERR_MALFORMED); /* forward */
    assert_int_equal(PARSE_NAME("\xc0\x00", &name), -ERR_MALFORMED);      /* into the header */
    assert_int_equal(PARSE_NAME("\xff\xff", &name), -ERR_MALFORMED);
}

static void test_name_sizes(void **state)
{
    (void)state;
    char name[300];
    struct slice parsed;
    memset(name, 'x', sizeof name);
    for (size_t at = 0; at < sizeof name; at += 64)
        name[at] = 63;
    name[192] = 61;
    name[192 + 62] = 0; /* 3 * 64 + 62 + 1 = 255 bytes: as long as it may be */
    assert_int_equal(parse_name(name, 255, &parsed), 0);
    assert_int_equal(dns_name_check(parsed, NULL), 0);
    name[192] = 62;
    name[192 + 63] = 0;
    assert_int_equal(parse_name(name, 256, &parsed), -ERR_MALFORMED);
    assert_int_equal(dns_name_check(slice_make(name, 300), NULL), -ERR_MALFORMED);
}

/* A chain of names, each a byte and a pointer to the one before: the sixtieth has
 * 60 labels; a message full of them must neither take long nor be believed when
 * a name grows too long. */
static void test_compression_bomb(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    scoped(buf) struct buf b = BUF_INIT;
    struct dns_message m;
    buf_add(&b, slice_make("\0\0\x80\0\0\0\1\x90\0\0\0\0", 12));
    size_t before = 0;
    for (size_t i = 0; i < 400; i++) {
        size_t at = b.len;
        buf_add(&b, SLICE("\1x"));
        if (before) {
            buf_add_byte(&b, (char)(0xc0 | before >> 8));
            buf_add_byte(&b, (char)before);
        } else {
            buf_add_byte(&b, 0);
        }
        buf_add(&b, slice_make("\0\20\0\1\0\0\0\0\0\0", 10));
        before = at;
    }
    assert_int_equal(parse(a, buf_slice(&b), &m), -ERR_MALFORMED);
    assert_true(m.answer.count > 100 && m.answer.count < 130);
}

/* Pointers to pointers, without labels between them: legal each, absurd in a row.
 * They lie in the data of a TXT record, so that only following them finds them. */
static void test_pointer_ladder(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_message m;
    for (size_t rungs = 100; rungs <= 200; rungs += 100) {
        scoped(buf) struct buf b = BUF_INIT;
        buf_add(&b, slice_make("\0\0\x80\0\0\0\0\2\0\0\0\0", 12));
        buf_add(&b, slice_make("\0\0\20\0\1\0\0\0\0", 9));
        buf_add_byte(&b, (char)((2 * rungs + 1) >> 8));
        buf_add_byte(&b, (char)(2 * rungs + 1));
        size_t at = b.len, before = at;
        buf_add_byte(&b, 0);
        for (size_t i = 0; i < rungs; i++) {
            size_t here = b.len;
            buf_add_byte(&b, (char)(0xc0 | before >> 8));
            buf_add_byte(&b, (char)before);
            before = here;
        }
        buf_add_byte(&b, (char)(0xc0 | before >> 8));
        buf_add_byte(&b, (char)before);
        buf_add(&b, slice_make("\0\20\0\1\0\0\0\0\0\0", 10));
        assert_int_equal(parse(a, buf_slice(&b), &m), rungs == 100 ? 0 : -ERR_MALFORMED);
    }
}

static void test_counts_that_lie(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_message m;
    uint8_t head[DNS_HEADER] = {0};
    head[6] = 1; /* 256 answers, and no byte of them */
    assert_int_equal(parse(a, BYTES(head), &m), -ERR_MALFORMED);
    assert_true(arena_footprint(a) < 8192);
    head[6] = 0xff;
    assert_int_equal(parse(a, BYTES(head), &m), -ERR_LIMIT);
    memset(head, 0, sizeof head);
    head[5] = 5;
    assert_int_equal(parse(a, BYTES(head), &m), -ERR_LIMIT);
}

static struct dns_record record_of(enum dns_type type, const char *name)
{
    return (struct dns_record){
        .name = slice_of(name), .type = (uint16_t)type, .klass = DNS_CLASS_IN, .ttl = 60};
}

static void test_every_type_there_and_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_record all[8] = {
        record_of(DNS_A, "a.test"),   record_of(DNS_AAAA, "a.test"), record_of(DNS_CNAME, "c.test"),
        record_of(DNS_SRV, "s.test"), record_of(DNS_NS, "test"),     record_of(DNS_SOA, "test"),
        record_of(DNS_TXT, "t.test"), record_of(DNS_PTR, "p.test"),
    };
    all[0].data.address = (struct dns_address){4, {192, 0, 2, 3}};
    all[1].data.address = (struct dns_address){16, {0xfd, [15] = 9}};
    all[2].data.target = SLICE("A.test");
    all[3].data.srv = (struct dns_srv){1, 2, 5061, SLICE("sip.a.test")};
    all[4].data.target = SLICE("ns.test");
    all[5].data.soa = (struct dns_soa){SLICE("ns.test"), SLICE("h\\.m.test"), 1, 2, 3, 4, 5};
    all[6].data.raw = slice_make("\3a\"b\0", 5);
    all[7].data.target = SLICE(".");
    struct dns_message m = {.id = 7, .response = true, .answer = {all, 8}}, back;
    scoped(buf) struct buf out = BUF_INIT, text = BUF_INIT;
    assert_int_equal(dns_print(&out, &m, DNS_MESSAGE_MAX, NULL), 0);
    assert_int_equal(parse(a, buf_slice(&out), &back), 0);
    assert_int_equal(back.answer.count, 8);
    for (size_t i = 0; i < 8; i++)
        dns_record_print(&text, &back.answer.records[i]);
    assert_string_equal(buf_string(&text), "a.test. 60 IN A 192.0.2.3\n"
                                           "a.test. 60 IN AAAA fd00::9\n"
                                           "c.test. 60 IN CNAME A.test.\n" /* case is kept */
                                           "s.test. 60 IN SRV 1 2 5061 sip.a.test.\n"
                                           "test. 60 IN NS ns.test.\n"
                                           "test. 60 IN SOA ns.test. h\\.m.test. 1 2 3 4 5\n"
                                           "t.test. 60 IN TXT \"a\\\"b\" \"\"\n"
                                           "p.test. 60 IN PTR .\n");
}

static void test_unknown_types(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_record odd[2] = {record_of((enum dns_type)4711, "x.test"),
                                record_of(DNS_A, "version.bind")};
    odd[0].data.raw = SLICE("\x0a\xff");
    odd[1].klass = 3; /* CHAOS: its A is not an IPv4 address */
    odd[1].data.raw = SLICE("?");
    struct dns_message m = {.answer = {odd, 2}}, back;
    scoped(buf) struct buf out = BUF_INIT, text = BUF_INIT;
    assert_int_equal(dns_print(&out, &m, DNS_UDP_PLAIN, NULL), 0);
    assert_int_equal(parse(a, buf_slice(&out), &back), 0);
    dns_record_print(&text, &back.answer.records[0]);
    dns_record_print(&text, &back.answer.records[1]);
    assert_string_equal(buf_string(&text), "x.test. 60 IN TYPE4711 \\# 2 0aff\n"
                                           "version.bind. 60 CLASS3 A \\# 1 3f\n");
}

static void test_too_large_sets_tc(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_record many[40];
    for (size_t i = 0; i < 40; i++) {
        many[i] = record_of(DNS_A, "crowd.test");
        many[i].data.address.len = 4;
    }
    struct dns_question q = {SLICE("crowd.test"), DNS_A, DNS_CLASS_IN};
    struct dns_message m = {.response = true,
                            .questions = &q,
                            .question_count = 1,
                            .answer = {many, 40},
                            .edns = true,
                            .edns_udp_size = 512},
                       back;
    scoped(buf) struct buf out = BUF_INIT;
    assert_int_equal(dns_print(&out, &m, DNS_UDP_PLAIN, NULL), 0);
    assert_true(out.len <= DNS_UDP_PLAIN);
    assert_int_equal(parse(a, buf_slice(&out), &back), 0);
    assert_true(back.truncated && back.edns);
    assert_int_equal(back.answer.count, (512 - 12 - 16 - 11) / 16);
    /* Additional records are only left out. */
    m.additional = m.answer;
    m.answer = (struct dns_section){0};
    buf_clear(&out);
    assert_int_equal(dns_print(&out, &m, DNS_UDP_PLAIN, NULL), 0);
    assert_int_equal(parse(a, buf_slice(&out), &back), 0);
    assert_false(back.truncated);
    /* Not even the question. */
    buf_clear(&out);
    assert_int_equal(dns_print(&out, &m, 20, NULL), -ERR_LIMIT);
    assert_int_equal(out.len, 0);
}

static void test_bad_record_data(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    uint8_t bytes[sizeof ANSWER];
    struct dns_message m;
    memcpy(bytes, ANSWER, sizeof bytes);
    bytes[sizeof bytes - 5] = 3; /* an address of 3 bytes */
    assert_int_equal(parse(a, BYTES(bytes), &m), -ERR_MALFORMED);
    memcpy(bytes, ANSWER, sizeof bytes);
    bytes[51] = 28; /* the SRV target would end a byte before the record */
    assert_int_equal(parse(a, BYTES(bytes), &m), -ERR_MALFORMED);
    memcpy(bytes, ANSWER, sizeof bytes);
    bytes[42] = 41; /* OPT among the answers */
    bytes[41] = 0;
    assert_int_equal(parse(a, BYTES(bytes), &m), -ERR_MALFORMED);
    uint8_t two[sizeof QUERY + 11];
    memcpy(two, QUERY, sizeof QUERY);
    memcpy(two + sizeof QUERY, QUERY + sizeof QUERY - 11, 11);
    two[11] = 2; /* two OPT records */
    assert_int_equal(parse(a, BYTES(two), &m), -ERR_MALFORMED);
}

static void test_words(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct dns_address address;
    assert_true(slice_eq(dns_type_name(a, DNS_SRV), SLICE("SRV")));
    assert_true(slice_eq(dns_type_name(a, 999), SLICE("TYPE999")));
    assert_true(slice_eq(dns_rcode_name(a, DNS_NXDOMAIN), SLICE("NXDOMAIN")));
    assert_int_equal(dns_address_parse(SLICE("192.0.2.256"), &address), -ERR_MALFORMED);
    assert_int_equal(dns_address_parse(SLICE(""), &address), -ERR_MALFORMED);
    assert_int_equal(dns_address_parse(SLICE("::ffff:192.0.2.1"), &address), 0);
    assert_int_equal(address.len, 16);
    assert_true(dns_name_within(SLICE("sip.CONTOSO.test"), SLICE("contoso.test")));
    assert_true(dns_name_within(SLICE("contoso.test"), SLICE("Contoso.test")));
    assert_false(dns_name_within(SLICE("notcontoso.test"), SLICE("contoso.test")));
    assert_false(dns_name_within(SLICE("not\\.contoso.test"), SLICE("contoso.test")));
    assert_true(dns_name_within(SLICE("not\\\\.contoso.test"), SLICE("contoso.test")));
    assert_true(dns_host_valid(SLICE("a-1.contoso.test")));
    assert_false(dns_host_valid(SLICE("-a.test")) || dns_host_valid(SLICE("a_b.test")) ||
                 dns_host_valid(SLICE("a..b")) || dns_host_valid(SLICE("")) ||
                 dns_host_valid(SLICE("a.test.")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_query),
        cmocka_unit_test(test_golden_answer),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_pointers_that_do_not_lead_back),
        cmocka_unit_test(test_name_sizes),
        cmocka_unit_test(test_compression_bomb),
        cmocka_unit_test(test_pointer_ladder),
        cmocka_unit_test(test_counts_that_lie),
        cmocka_unit_test(test_every_type_there_and_back),
        cmocka_unit_test(test_unknown_types),
        cmocka_unit_test(test_too_large_sets_tc),
        cmocka_unit_test(test_bad_record_data),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
