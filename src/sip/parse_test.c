#include "sip/bench.h"
#include "sip/message.h"
#include "sip/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define assert_slice(s, text) assert_true(slice_eq((s), slice_of(text)))

#define HEAD                                                                                       \
    "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.5:40112;branch=z9hG4bKa1\r\n"    \
    "From: <sip:alice@contoso.test>;tag=36012947;epid=8c2e6f7a91bd\r\n"                            \
    "To: <sip:alice@contoso.test>\r\nCall-ID: c1\r\n"

static void test_register(void **state)
{
    (void)state;
    struct sip_message m;
    struct sip_auth auth;
    struct sip_contacts it = {0};
    struct sip_contact contact;
    assert_int_equal(sip_parse(&m, sip_bench_message(), NULL), 0);
    assert_true(sip_is_request(&m));
    assert_int_equal(m.method, SIP_REGISTER);
    assert_slice(m.uri.host, "contoso.test");
    assert_slice(m.via.transport, "TLS");
    assert_slice(m.via.host, "10.20.30.40");
    assert_true(slice_absent(m.via.branch));
    assert_slice(m.from.uri.user, "alice.example");
    assert_slice(m.from.epid, "8c2e6f7a91");
    assert_true(slice_absent(m.to.tag));
    assert_int_equal(m.cseq, 4);
    assert_int_equal(m.max_forwards, 70);
    assert_int_equal(m.expires, -1);
    assert_true(sip_contact_next(&m, &it, &contact));
    assert_slice(contact.instance, "urn:uuid:4233FD41-093B-5FD6-B5D2-651ED55969E6");
    assert_slice(contact.proxy, "replace");
    assert_true(slice_starts(contact.methods, SLICE("INVITE, MESSAGE")));
    assert_slice(sip_uri_param(&contact.address.uri, SLICE("MS-Opaque")), "d3470f2e1d");
    assert_false(sip_contact_next(&m, &it, &contact));
    assert_true(sip_credentials(&m, SLICE("tls-dsk"), &auth));
    assert_slice(auth.realm, "SIP Communications Service");
    assert_slice(auth.version, "4");
    assert_slice(auth.cnum, "17");
    assert_false(sip_credentials(&m, SLICE("NTLM"), &auth));
    assert_true(sip_has_tag(&m, SIP_HEADER_SUPPORTED, SLICE("MSRTC-event-categories")));
    assert_true(sip_has_tag(&m, SIP_HEADER_SUPPORTED, SLICE("ms-forking")));
    assert_false(sip_has_tag(&m, SIP_HEADER_SUPPORTED, SLICE("gruu")));
    assert_slice(sip_param_find(sip_value_params(&m, SIP_HEADER_MS_KEEP_ALIVE), SLICE("hop-hop")),
                 "yes");
    assert_true(slice_absent(sip_value_params(&m, SIP_HEADER_EVENT)));
}

static void test_bench(void **state)
{
    (void)state;
    struct sip_bench_result result = {0};
    assert_true(sip_bench_once(sip_bench_message()));
    assert_false(sip_bench_once(slice_from(sip_bench_message(), 1)));
    assert_int_equal(sip_bench_parse(3, 100, &result), 0);
    assert_true(result.parse_us > 0 && result.best_us <= result.parse_us &&
                result.parse_us <= result.worst_us);
    assert_int_equal(sip_bench_parse(0, 1, &result), -ERR_INTERNAL);
}

static void test_response(void **state)
{
    (void)state;
    static const char text[] =
        "SIP/2.0 401 Unauthorized\r\n"
        "WWW-Authenticate: NTLM realm=\"SIP Communications Service\", targetname=\"A\", "
        "version=4\r\n"
        "WWW-Authenticate: TLS-DSK realm=\"SIP Communications Service\",\r\n"
        "\tTargetName = \"fe.contoso.test\", version=4, sts-uri=\"https://fe/CertProv\"\r\n"
        "v: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK1;ms-received-port=9, SIP/2.0/TLS b\r\n"
        "Via: SIP/2.0/TCP c\r\n"
        "f: \"Al \\\"x\\\" <i>\" <sips:alice@contoso.test:5061;transport=tls>;tag=1\r\n"
        "t: sip:bob@contoso.test;tag=2\r\n"
        "i: c@d\r\nCSeq: 0017   REGISTER\r\nl: 2\r\nX-Odd : yes \r\nx-odd:\r\n\r\nhi";
    struct sip_message m;
    struct sip_auth auth;
    assert_int_equal(sip_parse(&m, slice_of(text), NULL), 0);
    assert_int_equal(m.status, 401);
    assert_slice(m.reason, "Unauthorized");
    assert_int_equal(m.method, SIP_REGISTER);
    assert_int_equal(m.cseq, 17);
    assert_slice(m.cseq_text, "0017   REGISTER");
    assert_slice(m.via.host, "[2001:db8::1]");
    assert_slice(m.from.display, "Al \\\"x\\\" <i>");
    assert_int_equal(m.from.uri.port, 5061);
    assert_int_equal(m.from.uri.scheme, SIP_SCHEME_SIPS);
    assert_slice(m.to.uri.text, "sip:bob@contoso.test");
    assert_slice(m.to.tag, "2");
    assert_slice(m.body, "hi");
    assert_true(sip_challenge(&m, SLICE("TLS-DSK"), &auth));
    assert_slice(auth.targetname, "fe.contoso.test");
    assert_slice(auth.sts_uri, "https://fe/CertProv");
    const struct sip_header *odd = sip_header_named(&m, SLICE("X-ODD"), NULL);
    assert_slice(odd->value, "yes");
    odd = sip_header_named(&m, SLICE("x-odd"), odd);
    assert_true(odd && odd->value.len == 0);
    assert_null(sip_header_named(&m, SLICE("x-odd"), odd));
    const struct sip_header *via = sip_header(&m, SIP_HEADER_VIA);
    assert_slice(sip_header_next(&m, via)->value, "SIP/2.0/TCP c");
}

static void test_contacts(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "CSeq: 1 REGISTER\r\n"
             "m: <sip:a@h;x=1,2>;expires=300;gruu=\"sip:a@h;opaque=user:epid:X;gruu\", \"c,d\" "
             "<sip:b>\r\n"
             "Contact: sip:c@h;expires=junk\r\nContact: *\r\n\r\n";
    struct sip_message m;
    struct sip_contacts it = {0};
    struct sip_contact c;
    assert_int_equal(sip_parse(&m, slice_of(text), NULL), 0);
    assert_true(sip_contact_next(&m, &it, &c));
    assert_int_equal(c.expires, 300);
    assert_slice(c.gruu, "sip:a@h;opaque=user:epid:X;gruu");
    assert_slice(c.address.uri.text, "sip:a@h;x=1,2");
    assert_true(sip_contact_next(&m, &it, &c));
    assert_slice(c.address.display, "c,d");
    assert_true(sip_contact_next(&m, &it, &c));
    assert_slice(c.address.uri.text, "sip:c@h");
    assert_int_equal(c.expires, -1);
    assert_true(sip_contact_next(&m, &it, &c) && c.star);
    assert_false(sip_contact_next(&m, &it, &c));
}

/* Each row is HEAD plus these lines, and what the fault must say. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *detail;
    } rows[] = {
        {"CSeq: 1 INVITE\r\n\r\n", "header CSeq, byte 199: another method"},
        {"CSeq: REGISTER\r\n\r\n", "header CSeq"},
        {"CSeq: 4294967296 REGISTER\r\n\r\n", "header CSeq"},
        {"\r\n", "no header CSeq"},
        {"CSeq: 1 REGISTER\r\nCSeq: 1 REGISTER\r\n\r\n", "header CSeq, byte 209: given twice"},
        {"CSeq: 1 REGISTER\r\nt: <sip:b@c>\r\n\r\n", "header To, byte 209: given twice"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@h:70000>\r\n\r\n", "bad port"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@h:0>\r\n\r\n", "bad port"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@h\r\n\r\n",
         "header Contact, byte 218: unclosed bracket"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@h>;x=\"1\r\n\r\n", "unclosed quote"},
        {"CSeq: 1 REGISTER\r\nContact: \"a <sip:a@h>\r\n\r\n", "unclosed quote"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a b@h>\r\n\r\n", "impossible character"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@>\r\n\r\n", "no host"},
        {"CSeq: 1 REGISTER\r\nContact: <sip:a@[::1>\r\n\r\n", "bad IPv6"},
        {"CSeq: 1 REGISTER\r\nAuthorization: TLS-DSK opaque=\"1\r\n\r\n", "unclosed quote"},
        {"CSeq: 1 REGISTER\r\nAuthorization: TLS-DSK cnum=\"1\", cnum=\"2\"\r\n\r\n",
         "given twice"},
        {"CSeq: 1 REGISTER\r\nAuthorization: TLS-DSK a=\"1\" b=\"2\"\r\n\r\n", "no comma"},
        {"CSeq: 1 REGISTER\r\nExpires: 7 \r\n 8\r\n\r\n", "header Expires"},
        {"CSeq: 1 REGISTER\r\nMax-Forwards: 256\r\n\r\n", "header Max-Forwards"},
        {"CSeq: 1 REGISTER\r\nContent-Length: 1\r\n\r\n", "not the length of the body"},
        {"CSeq: 1 REGISTER\r\nContent-Length: 0\r\nl: 0\r\n\r\n", "given twice"},
        {"CSeq: 1 REGISTER\r\n\r\nx", "a body without Content-Length"},
        {"CSeq: 1 REGISTER\r\nno colon\r\n\r\n", "byte 209: header line without"},
        {"CSeq: 1 REGISTER\r\n: x\r\n\r\n", "header line without"},
        {"CSeq: 1 REGISTER\r\nX: a\rb\r\n\r\n", "control byte"},
        {"CSeq: 1 REGISTER\r\nX: a\nb\r\n\r\n", "control byte"},
        {"CSeq: 1 REGISTER\r\nX: a\x01\r\n\r\n", "control byte"},
        {"CSeq: 1 REGISTER\r\nX: a\r\n", "does not end"},
        {"CSeq: 1 REGISTER\r\nVia: SIP/2.0/TLS h:x\r\n\r\n", "header Via"},
        {"CSeq: 1 REGISTER\r\nVia: HTTP/2.0/TLS h\r\n\r\n", "not SIP/2.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[600];
        struct sip_message m;
        struct fault fault = {0};
        snprintf(text, sizeof text, HEAD "%s", rows[i].lines);
        assert_int_equal(sip_parse(&m, slice_of(text), &fault), -ERR_MALFORMED);
        if (!strstr(fault.detail, rows[i].detail))
            fail_msg("row %zu: %s", i, fault.detail);
        assert_int_equal(fault.finding, FINDING_SIP_MALFORMED);
    }
}

static void test_start_lines(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\r\n\r\n",
        "REGISTER\r\n\r\n",
        "REGISTER sip:a\r\n\r\n",
        "REGISTER  sip:a SIP/2.0\r\n\r\n",
        "REGISTER sip:a SIP/2.0 \r\n\r\n",
        "REGISTER sip:a SIP/3.0\r\n\r\n",
        "REGISTER nothing SIP/2.0\r\n\r\n",
        "SIP/2.0 99 Low\r\n\r\n",
        "SIP/2.0 700 High\r\n\r\n",
        "SIP/2.0 20 OK\r\n\r\n",
        "SIP/2.0 2000 OK\r\n\r\n",
        "SIP/2.0 \r\n\r\n",
    };
    struct sip_message m;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(sip_parse(&m, slice_of(bad[i]), NULL), -ERR_MALFORMED);
        assert_false(sip_reply_possible(&m));
    }
    assert_int_equal(sip_parse(&m, SLICE("REGISTER sip:a SIP/2.0\r\nX: \0\r\n\r\n"), NULL),
                     -ERR_MALFORMED);
    assert_int_equal(sip_parse(&m, SLICE(HEAD "CSeq: 1 REGISTER\r\nContact: <\r\n\r\n"), NULL),
                     -ERR_MALFORMED);
    assert_true(sip_reply_possible(&m));
}

static void test_too_many_headers(void **state)
{
    (void)state;
    char text[4096] = HEAD "CSeq: 1 REGISTER\r\n";
    struct sip_message m;
    struct fault fault;
    for (int i = 5; i < SIP_HEADERS_MAX; i++)
        strcat(text, "X-Y: z\r\n");
    size_t full = strlen(text);
    strcat(text, "\r\n");
    assert_int_equal(sip_parse(&m, slice_of(text), NULL), 0);
    strcpy(text + full, "X-Y: z\r\n\r\n");
    assert_int_equal(sip_parse(&m, slice_of(text), &fault), -ERR_LIMIT);
    assert_int_equal(fault.finding, FINDING_SIP_TOO_LARGE);
}

/* Every prefix of a good message is refused, never read past its end. */
static void test_truncated(void **state)
{
    (void)state;
    struct slice all = sip_bench_message();
    for (size_t len = 0; len < all.len; len++) {
        char *copy = test_malloc(len + 1);
        struct sip_message m;
        memcpy(copy, all.at, len);
        assert_int_equal(sip_parse(&m, slice_make(copy, len), NULL), -ERR_MALFORMED);
        test_free(copy);
    }
}

static void test_uri(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct sip_uri uri, other;
    struct slice text;
    assert_int_equal(
        sip_uri_parse(SLICE("SIP:Al%69ce%2f:pw@Contoso.TEST:5061;gruu;x=y?h=v"), &uri, NULL), 0);
    assert_slice(uri.user, "Al%69ce%2f");
    assert_int_equal(uri.port, 5061);
    assert_slice(uri.headers, "h=v");
    assert_true(sip_uri_param(&uri, SLICE("gruu")).at != NULL);
    assert_true(slice_absent(sip_uri_param(&uri, SLICE("gru"))));
    assert_int_equal(sip_uri_aor(a, &uri, &text, NULL), 0);
    assert_slice(text, "sip:alice%2f@contoso.test");
    assert_int_equal(sip_uri_user(a, &uri, &text), 0);
    assert_slice(text, "Alice/");
    assert_int_equal(sip_uri_parse(SLICE("sips:alICE%2F@contoso.test"), &other, NULL), 0);
    assert_true(sip_uri_same_aor(&uri, &other));
    assert_int_equal(sip_uri_parse(SLICE("sip:alice/@contoso.test"), &other, NULL), 0);
    assert_false(sip_uri_same_aor(&uri, &other));
    assert_int_equal(sip_uri_parse(SLICE("sip:a%zz@h"), &other, NULL), 0);
    assert_int_equal(sip_uri_aor(a, &other, &text, NULL), -ERR_MALFORMED);
    assert_false(sip_uri_same_aor(&other, &other));
    assert_int_equal(sip_uri_parse(SLICE("tel:+14255550100;ext=7"), &uri, NULL), 0);
    assert_slice(uri.user, "+14255550100");
    assert_int_equal(sip_uri_aor(a, &uri, &text, NULL), -ERR_MALFORMED);
    assert_int_equal(sip_uri_parse(SLICE("urn:uuid:x"), &uri, NULL), 0);
    assert_int_equal(uri.scheme, SIP_SCHEME_OTHER);
    static const char *const bad[] = {"",        "sip:",     "sip",        "sip:@h",   "sip:a@h:",
                                      "sip:h:x", "tel:",     "sip:a@[::1", "sip:a@h>", "sip:a b@h",
                                      ":x",      "sip:a@h/", "sip:a\"@h",  "urn:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sip_uri_parse(slice_of(bad[i]), &uri, NULL), -ERR_MALFORMED);
    assert_int_equal(sip_uri_parse((struct slice){0}, &uri, NULL), -ERR_MALFORMED);
}

static void test_params_and_lists(void **state)
{
    (void)state;
    struct slice rest = SLICE(" ; a=1;b;; C = \"x;\\\"y\" ;d="), item;
    struct sip_param p;
    static const char *const names[] = {"a", "b", "C", "d"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sip_param_next(&rest, &p), 1);
        assert_slice(p.name, names[i]);
    }
    assert_int_equal(sip_param_next(&rest, &p), 0);
    assert_slice(sip_param_find(SLICE(";a;c=\"x;\\\"y\""), SLICE("C")), "x;\\\"y");
    rest = SLICE(";a=\"1");
    assert_int_equal(sip_param_next(&rest, &p), -ERR_MALFORMED);
    assert_int_equal(sip_param_next(&rest, &p), 0);
    rest = SLICE("UAC;hop-hop=yes");
    assert_int_equal(sip_param_next(&rest, &p), -ERR_MALFORMED);
    rest = SLICE(", \"a,b\" <sip:c,d>;x,, e ,");
    assert_int_equal(sip_list_next(&rest, &item), 1);
    assert_slice(item, "\"a,b\" <sip:c,d>;x");
    assert_int_equal(sip_list_next(&rest, &item), 1);
    assert_slice(item, "e");
    assert_int_equal(sip_list_next(&rest, &item), 0);
    rest = SLICE("<a,b");
    assert_int_equal(sip_list_next(&rest, &item), -ERR_MALFORMED);
}

static void test_auth(void **state)
{
    (void)state;
    struct sip_auth auth;
    struct sip_param p;
    /* No escapes: the backslash of DOMAIN\user is just that. */
    assert_int_equal(
        sip_auth_parse(SLICE("NTLM QOP=\"auth\", x=\"COSMO\\\", gssapi-data=\"\",version=4"), &auth,
                       NULL),
        0);
    assert_slice(auth.scheme, "NTLM");
    assert_slice(auth.qop, "auth");
    assert_true(!slice_absent(auth.gssapi_data) && slice_empty(auth.gssapi_data));
    struct slice rest = auth.params;
    int count = 0;
    while (sip_auth_next(&rest, &p) > 0)
        count++;
    assert_int_equal(count, 4);
    assert_int_equal(sip_auth_parse(SLICE("Basic dGVzdA=="), &auth, NULL), 0);
    assert_int_equal(sip_auth_parse(SLICE(""), &auth, NULL), -ERR_MALFORMED);
    assert_int_equal(sip_auth_parse(SLICE("NTLM, x=1"), &auth, NULL), -ERR_MALFORMED);
}

static void test_signature_identity(void **state)
{
    (void)state;
    struct sip_signature_fields f = {0};
    sip_signature_identity(SLICE("\"A\" <sip:a@b>, <tel:+1>"), &f);
    assert_slice(f.identity_sip, "sip:a@b");
    assert_slice(f.identity_tel, "tel:+1");
    f = (struct sip_signature_fields){0};
    sip_signature_identity(SLICE("tel:+1;x=y, sip:a@b"), &f);
    assert_slice(f.identity_tel, "tel:+1;x=y");
    assert_true(slice_absent(f.identity_sip));
}

/* Every name leads back to its own id; that is the perfect hash at work. */
static void test_names(void **state)
{
    (void)state;
    for (int id = 1; id < SIP_HEADER_COUNT; id++)
        assert_int_equal(sip_header_id(sip_header_name((enum sip_header_id)id)), id);
    assert_int_equal(sip_header_id(SLICE("CALL-id")), SIP_HEADER_CALL_ID);
    assert_int_equal(sip_header_id(SLICE("M")), SIP_HEADER_CONTACT);
    assert_int_equal(sip_header_id(SLICE("call_id")), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_id(SLICE("z")), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_id(SLICE("")), SIP_HEADER_OTHER);
    for (int i = 1; i < SIP_METHOD_COUNT; i++)
        assert_int_equal(sip_method(sip_method_name((enum sip_method)i)), i);
    assert_int_equal(sip_method(SLICE("register")), SIP_METHOD_OTHER);
    assert_true(sip_reason(499).len > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_bench),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_start_lines),
        cmocka_unit_test(test_too_many_headers),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_params_and_lists),
        cmocka_unit_test(test_auth),
        cmocka_unit_test(test_signature_identity),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
