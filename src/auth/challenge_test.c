#include "auth/challenge.h"

#include "sip/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A Lync 2013 server's 401, reduced (capture: trueconf), and a pastiche of a 407. */
static const char lync[] =
    "SIP/2.0 401 Unauthorized\r\n"
    "Date: Sat, 21 Nov 2026 22:05:00 GMT\r\n"
    "WWW-Authenticate: NTLM realm=\"SIP Communications Service\", "
    "targetname=\"LYNC2013-SERVER.lync.loc\", version=4\r\n"
    "WWW-Authenticate: Kerberos realm=\"SIP Communications Service\", "
    "targetname=\"sip/LYNC2013-SERVER.lync.loc\", version=4\r\n"
    "WWW-Authenticate: TLS-DSK realm=\"SIP Communications Service\", "
    "targetname=\"LYNC2013-SERVER.lync.loc\", version=4, "
    "sts-uri=\"https://LYNC2013-SERVER.lync.loc:443/CertProv/CertProvisioningService.svc\"\r\n"
    "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"
    "From: <sip:a@lync.loc>;tag=1\r\nTo: <sip:a@lync.loc>;tag=2\r\nCall-ID: c\r\n"
    "CSeq: 1 REGISTER\r\nVia: SIP/2.0/TLS 10.0.0.5:5061;branch=z9hG4bK1\r\n"
    "Content-Length: 0\r\n\r\n";

static void test_all_offers_of_lync(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message message;
    struct challenge_list list;
    struct fault fault = {0};
    assert_int_equal(sip_parse(&message, slice_of(lync), &fault), 0);
    assert_int_equal(challenge_parse(arena, &message, &list, &fault), 0);
    assert_int_equal(list.count, 3);
    const struct challenge *dsk = challenge_find(&list, AUTH_TLS_DSK);
    assert_non_null(dsk);
    assert_int_equal(dsk->version, 4);
    assert_true(slice_eq(dsk->realm, SLICE(AUTH_REALM)));
    assert_true(slice_eq(dsk->targetname, SLICE("LYNC2013-SERVER.lync.loc")));
    assert_true(slice_ends(dsk->sts_uri, SLICE("/CertProv/CertProvisioningService.svc")));
    assert_true(slice_absent(dsk->opaque));
    assert_true(slice_absent(dsk->token));
    assert_string_equal(challenge_answer_header(dsk), "Authorization");
    assert_true(slice_eq(challenge_find(&list, AUTH_KERBEROS)->targetname,
                         SLICE("sip/LYNC2013-SERVER.lync.loc")));
    assert_null(challenge_find(&(struct challenge_list){0}, AUTH_NTLM));
}

static void test_nothing_usable(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message message;
    struct challenge_list list;
    struct fault fault = {0};
    char *text = arena_string(arena, slice_of(lync));
    /* In a 407 the offers would be in Proxy-Authenticate. */
    memcpy(strstr(text, "401"), "407", 3);
    assert_int_equal(sip_parse(&message, slice_of(text), &fault), 0);
    assert_int_equal(challenge_parse(arena, &message, &list, &fault), -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_CHALLENGE_UNUSABLE);
}

static void test_round_trips(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct challenge read;
    struct fault fault = {0};
    const struct challenge offer = {.scheme = AUTH_TLS_DSK,
                                    .version = 4,
                                    .realm = SLICE(AUTH_REALM),
                                    .targetname = SLICE("fe01.contoso.test"),
                                    .sts_uri = SLICE("https://fe01.contoso.test/x.svc")};
    struct slice printed = challenge_print(arena, &offer);
    assert_string_equal(printed.at, "TLS-DSK realm=\"SIP Communications Service\", "
                                    "targetname=\"fe01.contoso.test\", version=4, "
                                    "sts-uri=\"https://fe01.contoso.test/x.svc\"");
    struct challenge next = offer;
    next.sts_uri = (struct slice){0};
    next.opaque = SLICE("F755045D");
    next.token = SLICE("\x16\x03\x01");
    printed = challenge_print(arena, &next);
    assert_string_equal(printed.at,
                        "TLS-DSK opaque=\"F755045D\", gssapi-data=\"FgMB\", "
                        "targetname=\"fe01.contoso.test\", realm=\"SIP Communications Service\", "
                        "version=4");
    assert_int_equal(challenge_parse_value(arena, printed, &read, &fault), 0);
    assert_true(slice_eq(read.token, next.token));
    assert_true(slice_eq(read.opaque, next.opaque));
    assert_string_equal(challenge_answer(arena, &read, SLICE("\x16\x03\x01")).at,
                        "TLS-DSK qop=\"auth\", opaque=\"F755045D\", "
                        "realm=\"SIP Communications Service\", targetname=\"fe01.contoso.test\", "
                        "gssapi-data=\"FgMB\", version=4");
    read.targetname = SLICE("a\"\r\nEvil: b");
    assert_null(strchr(challenge_answer(arena, &read, (struct slice){0}).at, '\n'));
}

static void test_versions_and_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int result;
        unsigned version;
        bool token;
    } cases[] = {
        {"NTLM realm=\"r\", targetname=\"t\"", 0, 2, false},
        {"TLS-DSK realm=\"r\", targetname=\"t\", version=3", 0, 3, false},
        {"tls-dsk realm=\"r\", targetname=\"t\", version=\"4\"", 0, 4, false},
        {"TLS-DSK realm=\"r\", targetname=\"t\", version=9", 0, 4, false},
        {"TLS-DSK realm=\"r\", targetname=\"t\", version=0", 0, 2, false},
        {"TLS-DSK realm=\"r\", targetname=\"t\", gssapi-data=\"\"", 0, 2, true},
        {"TLS-DSK realm=\"r\", targetname=\"t\", version=four", -ERR_MALFORMED, 0, false},
        {"TLS-DSK realm=\"r\", gssapi-data=\"!!\"", -ERR_MALFORMED, 0, false},
        {"TLS-DSK realm=\"r", -ERR_MALFORMED, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(arena) struct arena *arena = arena_new();
        struct challenge read;
        struct fault fault = {0};
        assert_int_equal(challenge_parse_value(arena, slice_of(cases[i].value), &read, &fault),
                         cases[i].result);
        if (cases[i].result < 0)
            continue;
        assert_int_equal(read.version, cases[i].version);
        assert_int_equal(!slice_absent(read.token), cases[i].token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_offers_of_lync),
        cmocka_unit_test(test_nothing_usable),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_versions_and_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
