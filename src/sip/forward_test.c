#include "sip/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char request_text[] =
    "MESSAGE sip:bob@contoso.test SIP/2.0\r\n"
    "v: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1\r\n"
    "Route: <sip:SIP.contoso.test:5061;transport=tls;lr>, <sip:edge.contoso.test;lr>,"
    " <sip:sip.contoso.test;lr>\r\n"
    "Route: <sip:sip.contoso.test;lr>\r\n"
    "Max-Forwards: 7\r\n"
    "f: \"A, B\" <sip:alice@contoso.test>;tag=36012947;epid=8c2e6f7a91bd\r\n"
    "To: <sip:bob@contoso.test>\r\ni: AC53g12E6\r\nCSeq: 04 MESSAGE\r\n"
    "Proxy-Authorization: TLS-DSK qop=\"auth\"\r\nAuthorization: TLS-DSK qop=\"auth\"\r\n"
    "authentication-info: TLS-DSK rspauth=\"forged\"\r\n"
    "P-Preferred-Identity: <sip:eve@contoso.test>\r\n"
    "P-Asserted-Identity: <sip:eve@contoso.test>\r\n"
    "Record-Route: <sip:other.test;lr>\r\nX-Odd: folded\r\n  text\r\n"
    "Content-Type: text/plain; charset=UTF-8;msgr=WABNAFMA\r\nl: 7\r\n\r\nh\r\n\xc3\xa9l!";

static const struct sip_forwarding onward = {
    .uri = {.at = "sip:10.0.0.9:50000;transport=tls", .len = 32},
    .via = {.at = "SIP/2.0/TLS sip.contoso.test:5061;branch=z9hG4bK2", .len = 49},
    .own_hosts = {{.at = "sipfed.contoso.test", .len = 19}, {.at = "sip.contoso.test", .len = 16}},
    .record_route = {.at = "<sip:sip.contoso.test;lr>", .len = 25},
    .identity = {.at = "<sip:alice@contoso.test>", .len = 24},
    .to_epid = {.at = "0b0b", .len = 4},
};

static const char *print(struct arena *arena, const struct sip_out *out)
{
    scoped(buf) struct buf buf = BUF_INIT;
    sip_print(out, SLICE("Authorization"), SLICE("ours"), &buf);
    return arena_string(arena, buf_slice(&buf));
}

static void test_request(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct sip_message m;
    struct sip_out out;
    struct sip_signature_fields fields;
    assert_int_equal(sip_parse(&m, slice_of(request_text), NULL), 0);
    sip_forward_request(&out, a, &m, &onward);
    assert_string_equal(
        print(a, &out),
        "MESSAGE sip:10.0.0.9:50000;transport=tls SIP/2.0\r\n"
        "Via: SIP/2.0/TLS sip.contoso.test:5061;branch=z9hG4bK2\r\n"
        "Record-Route: <sip:sip.contoso.test;lr>\r\n"
        "v: SIP/2.0/tls 10.0.0.5:40112;branch=z9hG4bK1\r\n"
        "Route: <sip:edge.contoso.test;lr>, <sip:sip.contoso.test;lr>\r\n"
        "Route: <sip:sip.contoso.test;lr>\r\nMax-Forwards: 6\r\n"
        "f: \"A, B\" <sip:alice@contoso.test>;tag=36012947;epid=8c2e6f7a91bd\r\n"
        "To: <sip:bob@contoso.test>;epid=0b0b\r\ni: AC53g12E6\r\nCSeq: 04 MESSAGE\r\n"
        "Record-Route: <sip:other.test;lr>\r\nX-Odd: folded text\r\n"
        "Content-Type: text/plain; charset=UTF-8;msgr=WABNAFMA\r\n"
        "P-Asserted-Identity: <sip:alice@contoso.test>\r\n"
        "Authorization: ours\r\nContent-Length: 7\r\n\r\nh\r\n\xc3\xa9l!");
    sip_out_signature(&out, &fields);
    assert_true(slice_eq(fields.call_id, SLICE("AC53g12E6")));
    assert_true(slice_eq(fields.to_uri, SLICE("sip:bob@contoso.test")));
    assert_true(slice_eq(fields.cseq_number, SLICE("04")));
    assert_true(slice_eq(fields.identity_sip, SLICE("<sip:alice@contoso.test>")) ||
                slice_eq(fields.identity_sip, SLICE("sip:alice@contoso.test")));
}

/* What is absent in *how changes nothing. */
static void test_plain(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    struct sip_message m;
    struct sip_out out;
    assert_int_equal(sip_parse(&m,
                               SLICE("INFO sip:bob@contoso.test SIP/2.0\r\nVia: SIP/2.0/tls h\r\n"
                                     "From: <sip:a@b>;tag=1\r\nTo: <sip:bob@contoso.test>;tag=2;"
                                     "epid=77\r\nCall-ID: c\r\nCSeq: 1 INFO\r\n"
                                     "Route: <sip:h;lr>\r\n\r\n"),
                               NULL),
                     0);
    sip_forward_request(&out, a, &m,
                        &(struct sip_forwarding){.via = SLICE("SIP/2.0/TLS p;branch=z9hG4bK3"),
                                                 .to_epid = SLICE("88")});
    assert_string_equal(
        print(a, &out),
        "INFO sip:bob@contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS p;branch=z9hG4bK3\r\n"
        "Max-Forwards: 70\r\nVia: SIP/2.0/tls h\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:bob@contoso.test>;tag=2;epid=77\r\nCall-ID: c\r\nCSeq: 1 INFO\r\n"
        "Route: <sip:h;lr>\r\nAuthorization: ours\r\nContent-Length: 0\r\n\r\n");
}

#define PARTIES                                                                                    \
    "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2;epid=3\r\nCall-ID: c\r\nCSeq: 007  INVITE\r\n"

static void check_response(const char *vias, const char *left)
{
    scoped(arena) struct arena *a = arena_new();
    struct sip_message m;
    struct sip_out out;
    struct slice text = arena_print(a,
                                    "SIP/2.0 200 \r\n%s" PARTIES
                                    "WWW-Authenticate: TLS-DSK realm=\"x\", version=4\r\n"
                                    "Authorization: TLS-DSK qop=\"auth\"\r\n"
                                    "P-Asserted-Identity: <sip:eve@contoso.test>\r\n"
                                    "Contact: <sip:c@d;gruu>\r\nContent-Length: 3\r\n\r\nv=0",
                                    vias);
    assert_int_equal(sip_parse(&m, text, NULL), 0);
    if (!left) {
        assert_int_equal(sip_forward_response(&out, a, &m), -ERR_MALFORMED);
        return;
    }
    assert_int_equal(sip_forward_response(&out, a, &m), 0);
    assert_int_equal(out.status, 200);
    assert_string_equal(print(a, &out), arena_string(a, arena_print(a,
                                                                    "SIP/2.0 200 OK\r\n%s" PARTIES
                                                                    "Contact: <sip:c@d;gruu>\r\n"
                                                                    "Authorization: ours\r\n"
                                                                    "Content-Length: 3\r\n\r\nv=0",
                                                                    left)));
}

static void test_response(void **state)
{
    (void)state;
    check_response("Via: SIP/2.0/TLS a;branch=z9hG4bK1\r\nVia: SIP/2.0/TLS b\r\n",
                   "Via: SIP/2.0/TLS b\r\n");
    check_response(
        "v: SIP/2.0/TLS a;x=\"1,2\" , SIP/2.0/TLS b, SIP/2.0/TLS c\r\nVia: SIP/2.0/T d\r\n",
        "v: SIP/2.0/TLS b, SIP/2.0/TLS c\r\nVia: SIP/2.0/T d\r\n");
    check_response("Via: SIP/2.0/TLS a\r\n", NULL);
    check_response("Via: SIP/2.0/TLS a,\r\n", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
