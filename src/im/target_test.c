#include "im/im.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct site site = {
    .domain = {.at = "contoso.test", .len = 12},
    .sip_host = {.at = "sip.contoso.test", .len = 16},
};

#define GRUU "sip:bob@contoso.test;opaque=user:epid:IiqNRceeVV2wEfjjHP5FngAA;gruu"

static void parse(struct arena *arena, struct sip_message *m, const char *method, const char *uri,
                  const char *to)
{
    struct slice text = arena_print(arena,
                                    "%s %s SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n"
                                    "From: <sip:alice@contoso.test>;tag=1\r\nTo: %s\r\n"
                                    "Call-ID: c\r\nCSeq: 1 %s\r\n\r\n",
                                    method, uri, to, method);
    struct fault fault;
    if (sip_parse(m, text, &fault) < 0)
        fail_msg("%s: %s", uri, fault.detail);
}

static const struct {
    const char *uri, *to;
    const char *account;  /* NULL: refused */
    const char *instance; /* NULL: not by GRUU */
    const char *epid;     /* NULL: not by epid */
} targets[] = {
    {"sip:bob@contoso.test", "<sip:bob@contoso.test>", "bob@contoso.test", NULL, NULL},
    {"sip:B%6fb@CONTOSO.test:5061;x", "<sip:x@y>;epid=5", "bob@contoso.test", NULL, NULL},
    {GRUU, "<sip:x@y>", "bob@contoso.test", "458d2a22-9ec7-5d55-b011-f8e31cfe459e", NULL},
    {"sip:bob@contoso.test", "<sip:bob@contoso.test>;tag=2;epid=55", "bob@contoso.test", NULL,
     "55"},
    {"sip:bob@contoso.test", "<sip:bob@contoso.test>;tag=2", "bob@contoso.test", NULL, NULL},
    {"sip:bob@contoso.test", "<sip:carol@contoso.test>;tag=2;epid=55", "bob@contoso.test", NULL,
     NULL},
    {"sip:10.0.0.9:5000;transport=tls", "<sip:Bob@contoso.test>;tag=2;epid=55", "bob@contoso.test",
     NULL, "55"},
    {"sip:10.0.0.9:5000", "<sip:bob@contoso.test>;epid=55", NULL, NULL, NULL},
    {"sip:contoso.test", "<sip:bob@contoso.test>", NULL, NULL, NULL},
    {"sip:bob@other.test", "<sip:bob@other.test>", NULL, NULL, NULL},
    {"sip:bob@other.test", "<sip:bob@other.test>;tag=1", NULL, NULL, NULL},
    {"tel:+4912345", "<sip:bob@contoso.test>", NULL, NULL, NULL},
    {"urn:service:sos", "<sip:bob@contoso.test>", NULL, NULL, NULL},
    {"sip:bob@contoso.test;opaque=app:voicemail", "<sip:bob@contoso.test>", NULL, NULL, NULL},
    {"sip:bob@contoso.test;opaque=user:epid:IiqN;gruu", "<sip:b@c>", NULL, NULL, NULL},
    {"sip:bob@contoso.test;opaque=user:epid:;gruu", "<sip:b@c>", NULL, NULL, NULL},
    {"sip:bob@contoso.test;opaque;gruu", "<sip:b@c>", NULL, NULL, NULL},
};

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        scoped(arena) struct arena *a = arena_new();
        struct sip_message m;
        struct im_target target;
        struct fault fault = {0};
        struct guid instance = {0};
        parse(a, &m, "MESSAGE", targets[i].uri, targets[i].to);
        int err = im_target(&site, &m, a, &target, &fault);
        if (!targets[i].account) {
            assert_int_equal(err, -ERR_UNKNOWN);
            assert_int_equal(fault.finding, FINDING_IM_NO_SUCH_ADDRESS);
            continue;
        }
        assert_int_equal(err, 0);
        assert_string_equal(arena_string(a, target.account), targets[i].account);
        assert_int_equal(target.one, targets[i].instance || targets[i].epid);
        if (targets[i].instance)
            assert_int_equal(guid_parse(slice_of(targets[i].instance), &instance), 0);
        assert_true(guid_eq(&instance, &target.instance));
        assert_true(slice_eq(target.epid, slice_of(targets[i].epid)));
    }
}

static void test_takes(void **state)
{
    static const struct {
        const char *method, *uri;
        bool takes;
    } rows[] = {
        {"INVITE", "sip:bob@contoso.test", true},    {"BYE", "sip:bob@contoso.test", true},
        {"UPDATE", "sip:bob@contoso.test", true},    {"X-NEW", "sip:bob@contoso.test", true},
        {"OPTIONS", "sip:bob@contoso.test", true},   {"OPTIONS", "sip:contoso.test", false},
        {"REGISTER", "sip:bob@contoso.test", false}, {"SUBSCRIBE", "sip:bob@contoso.test", false},
        {"BENOTIFY", "sip:bob@contoso.test", false}, {"SERVICE", "sip:bob@contoso.test", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scoped(arena) struct arena *a = arena_new();
        struct sip_message m;
        parse(a, &m, rows[i].method, rows[i].uri, "<sip:bob@contoso.test>");
        assert_int_equal(im_takes(&m), rows[i].takes);
    }
}

static void test_branches(void **state)
{
    static const struct {
        const char *branch;
        bool ours;
        uint32_t home;
    } rows[] = {
        {"z9hG4bKim0.00", true, 0},
        {"z9hG4bKim1f.0123456789abcdef", true, 31},
        {"z9hG4bKimffffffff.0", true, UINT32_MAX},
        {"z9hG4bKim100000000.0", false, 0},
        {"z9hG4bKim.0", false, 0},
        {"z9hG4bKim1", false, 0},
        {"z9hG4bKimF.0", false, 0},
        {"z9hG4bK0123456789ABCDEF", false, 0},
        {"", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t home = 0;
        assert_int_equal(im_branch_home(slice_of(rows[i].branch), &home), rows[i].ours);
        assert_int_equal(home, rows[i].home);
    }
    uint32_t home;
    assert_false(im_branch_home((struct slice){0}, &home));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_branches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
