/* directorySearch as SIPE asks for it. */
#include "addressbook/directory.h"
#include "addressbook/test_world_priv.h"
#include "xml/names.h"

#include <string.h>

/* A SERVICE with this body. */
static struct sip_message *service(const char *body)
{
    struct sip_message *request = arena_new_of(world.arena, struct sip_message);
    struct slice text = arena_print(world.arena,
                                    "SERVICE sip:contoso.test SIP/2.0\r\n"
                                    "Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK1\r\n"
                                    "From: <sip:bob@contoso.test>;tag=1;epid=2\r\n"
                                    "To: <sip:contoso.test>\r\nCall-ID: 1\r\nCSeq: 1 SERVICE\r\n"
                                    "Content-Type: application/SOAP+xml\r\n"
                                    "Content-Length: %zu\r\n\r\n%s",
                                    strlen(body), body);
    if (sip_parse(request, text, &world.fault))
        fail_msg("%s", world.fault.detail);
    return request;
}

static const char *search(const char *rows, const char *rest)
{
    return arena_print(world.arena,
                       "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"" NS_SOAP11 "\" xmlns:m=\"" NS_WINRTC
                       "\"><SOAP-ENV:Body><m:directorySearch><m:filter m:href=\"#searchArray\"/>"
                       "%s</m:directorySearch><m:Array m:id=\"searchArray\">%s</m:Array>"
                       "</SOAP-ENV:Body></SOAP-ENV:Envelope>",
                       rest, rows)
        .at;
}

#define ROW(name, value) "<m:row m:attrib=\"" name "\" m:value=\"" value "\"/>"

static const struct xml_node *ask(const char *body)
{
    struct sip_reply reply;
    struct sip_message *request = service(body);
    assert_true(addressbook_is_directory_search(request));
    sip_reply_init(&reply, world.arena, 200);
    if (addressbook_directory_search(world.desk.accounts, request, &reply, &world.fault))
        fail_msg("%s", world.fault.detail);
    assert_true(slice_eq(reply.content_type, SLICE("application/SOAP+xml")));
    return document(&(struct http_reply){.body = reply.body});
}

static struct slice cell(const struct xml_node *row, const char *name)
{
    return xml_attr_ns(row, NS_WINRTC, name);
}

static void test_rows(void **state)
{
    (void)state;
    const struct xml_node *answer = ask(search(ROW("givenName", "ali"), ""));
    const struct xml_node *row = xml_path(answer, "Body/Array/row");
    assert_non_null(row);
    assert_null(xml_next(row));
    assert_true(slice_eq(cell(row, "uri"), SLICE("sip:alice@contoso.test")));
    assert_true(slice_eq(cell(row, "displayName"), SLICE("Alice Liddell")));
    assert_true(slice_eq(cell(row, "title"), SLICE("Explorer & <Lead>")));
    assert_true(slice_eq(cell(row, "phone"), SLICE("+44 (1865) 276-150")));
    assert_true(slice_eq(cell(row, "email"), SLICE("alice@contoso.test")));
    assert_true(slice_eq(cell(row, "country"), SLICE("GB")));
    assert_true(slice_eq(cell(row, "state"), SLICE("")));
    assert_true(
        slice_eq(xml_text(xml_path(answer, "Body/directorySearch/moreAvailable")), SLICE("false")));
    assert_true(slice_eq(xml_text(xml_path(answer, "Body/directorySearch/returned")), SLICE("1")));
}

static void test_limit_and_none(void **state)
{
    (void)state;
    const struct xml_node *answer =
        ask(search(ROW("company", "contoso"), "<m:maxResults>1</m:maxResults>"));
    assert_null(xml_next(xml_path(answer, "Body/Array/row")));
    assert_true(
        slice_eq(xml_text(xml_path(answer, "Body/directorySearch/moreAvailable")), SLICE("true")));
    answer = ask(search(ROW("company", "contoso"), ""));
    assert_non_null(xml_next(xml_path(answer, "Body/Array/row")));
    answer = ask(search(ROW("company", "fabrikam"), ""));
    assert_null(xml_path(answer, "Body/Array/row"));
    /* Nothing asked for is nobody, not everybody. */
    answer = ask(search("", ""));
    assert_null(xml_path(answer, "Body/Array/row"));
    answer = ask(search(ROW("company", "contoso") ROW("sn", "lid"), ""));
    assert_null(xml_next(xml_path(answer, "Body/Array/row")));
}

static void test_what_is_no_search(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"" NS_SOAP11 "\"/>",
        "<e xmlns=\"" NS_WINRTC "\"><directorySearch/></e>",
        "<!DOCTYPE directorySearch><directorySearch xmlns=\"" NS_WINRTC "\"/>",
        "directorySearch " NS_WINRTC,
    };
    struct sip_reply reply;
    sip_reply_init(&reply, world.arena, 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(addressbook_directory_search(world.desk.accounts, service(bad[i]), &reply,
                                                 &world.fault) < 0);
        assert_true(finding_row(world.fault.finding)->sip == 400 ||
                    finding_row(world.fault.finding)->http == 400);
    }
    struct sip_message *request = service(search(ROW("objectSid", "S-1"), ""));
    assert_int_equal(
        addressbook_directory_search(world.desk.accounts, request, &reply, &world.fault),
        -ERR_MALFORMED);
    assert_int_equal(world.fault.finding, FINDING_ADDRESSBOOK_MALFORMED);
    char *huge = arena_calloc(world.arena, 20000, 1);
    memset(huge, 'a', 19999);
    request = service(search(arena_print(world.arena, ROW("sn", "%s"), huge).at, ""));
    assert_int_equal(
        addressbook_directory_search(world.desk.accounts, request, &reply, &world.fault),
        -ERR_LIMIT);
    assert_false(
        addressbook_is_directory_search(service("<m:setContact xmlns:m=\"" NS_WINRTC "\"/>")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limit_and_none),
        cmocka_unit_test(test_what_is_no_search),
    };
    return cmocka_run_group_tests_name("addressbook/directory", tests, setup_group, teardown_group);
}
