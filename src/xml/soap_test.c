#include "xml/names.h"
#include "xml/soap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S11(inner)                                                                                 \
    "<s:Envelope xmlns:s=\"" NS_SOAP11 "\" xmlns:wsa=\"" NS_WSA "\" xmlns:w=\"" NS_WSSE            \
    "\">" inner "</s:Envelope>"
#define S12(inner)  "<e:Envelope xmlns:e=\"" NS_SOAP12 "\">" inner "</e:Envelope>"
#define HEAD(inner) S11("<s:Header>" inner "</s:Header><s:Body><x/></s:Body>")

static void assert_slice(struct slice s, const char *expected)
{
    assert_non_null(s.at);
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(s), expected);
}

static struct xml_doc *read_ok(const char *text)
{
    struct xml_doc *doc;
    struct fault fault;
    if (xml_read(slice_of(text), NULL, &doc, &fault))
        fail_msg("%s: %s", text, fault.detail);
    return doc;
}

static void test_read(void **state)
{
    (void)state;
    scoped(xml_doc) struct xml_doc *doc = read_ok(
        HEAD("<wsa:To s:mustUnderstand=\"1\"> https://x/ </wsa:To><wsa:Action>urn:a</wsa:Action>"
             "<wsa:MessageID>uuid:1</wsa:MessageID><o xmlns=\"urn:o\"/>"
             "<w:Security s:mustUnderstand=\"1\"><t/></w:Security>"));
    struct soap_message m;
    assert_int_equal(soap_read(doc, &m, NULL), 0);
    assert_int_equal(m.version, SOAP_1_1);
    assert_true(xml_is(m.payload, "", "x"));
    assert_true(xml_is(xml_first(m.security), "", "t"));
    assert_slice(m.to, "https://x/");
    assert_slice(m.action, "urn:a");
    assert_slice(m.message_id, "uuid:1");
    assert_null(m.relates_to.at);
    scoped(xml_doc) struct xml_doc *bare = read_ok(S12("<e:Body/>"));
    assert_int_equal(soap_read(bare, &m, NULL), 0);
    assert_int_equal(m.version, SOAP_1_2);
    assert_true(!m.header && !m.payload && !m.security);
}

static void test_refused(void **state)
{
    (void)state;
    const char *cases[] = {
        "<Envelope/>",
        "<s:Envelope xmlns:s='urn:other'><s:Body/></s:Envelope>",
        S11(""),
        S11("<s:Header/>"),
        S11("<s:Body/><s:Body/>"),
        S11("<s:Body/><s:Header/>"),
        S11("<s:Header/><s:Header/><s:Body/>"),
        S11("<s:Body><a/><b/></s:Body>"),
        S11("<s:Body/><x/>"),
        S11("<Body/>"),
        HEAD("<w:Security/><w:Security s:actor='urn:somebody'/>"),
        HEAD("<wsa:To>a</wsa:To><wsa:To>b</wsa:To>"),
        HEAD("<wsa:Action/><wsa:Action/>"),
        HEAD("<wsa:MessageID><x/></wsa:MessageID>"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(xml_doc) struct xml_doc *doc = read_ok(cases[i]);
        struct soap_message m;
        struct fault fault;
        if (soap_read(doc, &m, &fault) != -ERR_MALFORMED ||
            fault.finding != FINDING_SOAP_MALFORMED || !strstr(fault.detail, "line 1"))
            fail_msg("%s: %s", cases[i], fault.detail);
    }
}

static void test_must_understand(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int err;
    } cases[] = {
        {HEAD("<x:o xmlns:x='urn:o' s:mustUnderstand='1'/>"), -ERR_UNSUPPORTED},
        {HEAD("<x:o xmlns:x='urn:o' s:mustUnderstand='0'/>"), 0},
        {HEAD("<x:o xmlns:x='urn:o' mustUnderstand='1'/>"), 0},
        {HEAD("<x:o xmlns:x='urn:o' s:mustUnderstand='1' s:actor='urn:proxy'/>"), 0},
        {HEAD("<x:o xmlns:x='urn:o' s:mustUnderstand='1' "
              "s:actor='http://schemas.xmlsoap.org/soap/actor/next'/>"),
         -ERR_UNSUPPORTED},
        {HEAD("<x:o xmlns:x='urn:extra' s:mustUnderstand='1'/>"), 0},
        {S12("<e:Header><o e:mustUnderstand=' true '/></e:Header><e:Body/>"), -ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scoped(xml_doc) struct xml_doc *doc = read_ok(cases[i].text);
        struct soap_message m;
        if (soap_read_with(doc, "urn:extra", &m, NULL) != cases[i].err)
            fail_msg("%s", cases[i].text);
    }
}

static void test_envelope_round_trip(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    const char *const ns[] = {"z", "urn:z", NULL};
    soap_open_envelope(&w, &(struct soap_envelope_options){
                               .version = SOAP_1_2,
                               .action = SLICE("urn:a"),
                               .relates_to = SLICE("uuid:<1>"),
                               .security = SLICE("<z:t></z:t>"),
                               .header = SLICE("<z:h></z:h>"),
                               .reply_to_anonymous = true,
                               .ns = ns,
                           });
    xml_element_string(&w, "z:p", "q");
    soap_close_envelope(&w);
    xml_end(&w);
    scoped(xml_doc) struct xml_doc *doc = read_ok(buf_string(&out));
    struct soap_message m;
    assert_int_equal(soap_read(doc, &m, NULL), 0);
    assert_slice(m.relates_to, "uuid:<1>");
    assert_true(xml_is(xml_first(m.security), "urn:z", "t"));
    assert_slice(xml_text(m.payload), "q");
    assert_slice(xml_text(xml_path(m.header, "ReplyTo/Address")), WSA_ANONYMOUS);
}

static void test_public(void **state)
{
    (void)state;
    /* Strangers cannot tell these from each other by any byte of the answer. */
    const enum finding same[] = {FINDING_UNKNOWN_USER, FINDING_TOO_MANY_ATTEMPTS};
    scoped(buf) struct buf wrong = BUF_INIT, other = BUF_INIT;
    scoped(arena) struct arena *a = arena_new();
    struct slice header = soap_diagnostics_print(a, FINDING_WRONG_PASSWORD, SLICE("web.d.test"));
    assert_slice(header, "28020;source=\"web.d.test\";reason=\"No valid security token.\"");
    for (size_t i = 0; i < 2; i++) {
        assert_slice(soap_diagnostics_print(a, same[i], SLICE("web.d.test")), header.at);
        buf_clear(&wrong);
        buf_clear(&other);
        soap_fault_print(&wrong, FINDING_WRONG_PASSWORD);
        soap_fault_print(&other, same[i]);
        assert_string_equal(buf_string(&wrong), buf_string(&other));
        buf_clear(&wrong);
        buf_clear(&other);
        soap_fault_orgid_print(&wrong, FINDING_WRONG_PASSWORD);
        soap_fault_orgid_print(&other, same[i]);
        assert_string_equal(buf_string(&wrong), buf_string(&other));
    }
    /* No sentence that is for administrators gets out. */
    for (int i = 1; i < FINDING_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding)i);
        struct soap_diagnosis told = soap_public((enum finding)i);
        assert_true(told.error_id > 0 && told.reason[0]);
        if (row->audience == SEEN_BY_ADMIN && row->http < 500)
            assert_string_equal(told.reason, "No valid security token.");
    }
    assert_int_equal(soap_public(FINDING_USER_DISABLED).error_id, 28000);
    assert_int_equal(soap_public(FINDING_STORE_FAILED).error_id, 28001);
}

static void test_header_harmless(void **state)
{
    (void)state;
    scoped(arena) struct arena *a = arena_new();
    assert_slice(soap_diagnostics_print_with(a, 5, SLICE("a\"b\\c\r\nd\xc3\xa4"), SLICE("s\0t")),
                 "5;source=\"s?t\";reason=\"a'b'c??d??\"");
}

static void read_fault(const char *text, struct xml_doc **doc, struct soap_fault *f)
{
    struct soap_message m;
    *doc = read_ok(text);
    assert_int_equal(soap_read(*doc, &m, NULL), 0);
    assert_true(soap_fault_read(&m, f));
}

static void test_fault_ocs(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_fault f;
    soap_fault_print(&out, FINDING_USER_DISABLED);
    read_fault(buf_string(&out), &doc, &f);
    assert_slice(f.code, "FailedAuthentication");
    assert_null(f.subcode.at);
    assert_slice(f.reason, "This account may not sign in.");
    assert_int_equal(f.error_id, 28000);
    assert_int_equal(f.number, 0);
    assert_slice(f.text, "This account may not sign in.");
    /* The form of signin.md 3.8: faultcode's prefix means WS-Security. */
    assert_non_null(strstr(buf_string(&out),
                           "<faultcode xmlns:a=\"" NS_WSSE "\">a:FailedAuthentication</faultcode>"
                           "<faultstring xml:lang=\"en-US\">"));
    assert_non_null(strstr(buf_string(&out), "<detail><OCSDiagnosticsFault xmlns=\"" NS_OCS_AUTH
                                             "\"><Ms-Diagnostics-Fault><ErrorId>28000</ErrorId>"));
}

static void test_fault_orgid(void **state)
{
    (void)state;
    scoped(buf) struct buf out = BUF_INIT;
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_fault f;
    soap_fault_orgid_print(&out, FINDING_WRONG_PASSWORD);
    read_fault(buf_string(&out), &doc, &f);
    assert_slice(f.code, "Sender");
    assert_slice(f.subcode, "FailedAuthentication");
    assert_slice(f.reason, "Authentication Failure");
    assert_int_equal(f.error_id, 0);
    assert_true(f.number == 0x80048821U);
    assert_true(slice_starts(f.text, SLICE("AADSTS50126:")));
    /* SIPE's way to the text (it does not look at prefixes or case of Detail). */
    assert_non_null(xml_path(xml_root(doc), "Body/Fault/Detail/error/internalerror/text"));
}

static void test_fault_foreign(void **state)
{
    (void)state;
    struct soap_fault f;
    scoped(xml_doc) struct xml_doc *plain = NULL, *older = NULL, *odd = NULL;
    read_fault(S11("<s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring>"
                   "</s:Fault></s:Body>"),
               &plain, &f);
    assert_slice(f.code, "Client");
    assert_slice(f.text, "no");
    read_fault(S12("<e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Detail>"
                   "<p:error xmlns:p='" NS_PASSPORT_PSF "'><p:value>0x80041012</p:value></p:error>"
                   "</e:Detail></e:Fault></e:Body>"),
               &older, &f);
    assert_slice(f.code, "Receiver");
    assert_true(f.number == 0x80041012U && !f.text.at);
    read_fault(S11("<s:Body><s:Fault><detail><OCSDiagnosticsFault><Ms-Diagnostics-Fault><ErrorId>"
                   "99999999999</ErrorId></Ms-Diagnostics-Fault></OCSDiagnosticsFault></detail>"
                   "</s:Fault></s:Body>"),
               &odd, &f);
    assert_true(f.error_id == 0 && !f.code.at);
    scoped(xml_doc) struct xml_doc *none = read_ok(S11("<s:Body><x/></s:Body>"));
    struct soap_message m;
    assert_int_equal(soap_read(none, &m, NULL), 0);
    assert_false(soap_fault_read(&m, &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_must_understand),
        cmocka_unit_test(test_envelope_round_trip),
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_header_harmless),
        cmocka_unit_test(test_fault_ocs),
        cmocka_unit_test(test_fault_orgid),
        cmocka_unit_test(test_fault_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
