#include "contacts/contacts.h"

#include "sip/print.h"
#include "xml/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1800000000000
#define NS  "http://schemas.microsoft.com/winrtc/2002/11/sip"

/* Two endpoints of alice; what the latest call answered and sent. */
struct fixture {
    struct arena *arena;
    struct contacts *contacts;
    struct sip_message message;
    struct sip_reply reply;
    struct outgoing_list out;
    struct fault fault;
    struct contacts_change change;
};

static struct registrar_caller caller_of(int endpoint)
{
    return (struct registrar_caller){.account = SLICE("alice@contoso.test"),
                                     .epid = endpoint == 1   ? SLICE("01010101")
                                             : endpoint == 2 ? SLICE("02020202")
                                                             : SLICE("03030303"),
                                     .flow = {.conn = (uint64_t)endpoint, .loop = 1}};
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new()};
    f.contacts = contacts_new(&(struct contacts_options){
        .terms = {.shortest = 1200000,
                  .usual = 28800000,
                  .longest = 43200000,
                  .contact = "<sip:sip.contoso.test:5061;transport=tls>"},
        .contacts_max = 3,
        .subscriptions_max = 2});
    outgoing_init(&f.out, f.arena);
    contacts_adopt(f.contacts, SLICE("alice@contoso.test"), 7, contacts_list_new(f.arena), NOW,
                   &f.out);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    contacts_free(f->contacts);
    arena_free(f->arena);
    return 0;
}

static void parse(struct fixture *f, struct slice bytes)
{
    f->fault = (struct fault){0};
    if (sip_parse(&f->message, bytes, &f->fault) < 0)
        fail_msg("%s", f->fault.detail);
    sip_reply_init(&f->reply, f->arena, 200);
    outgoing_init(&f->out, f->arena);
}

/* ---- SUBSCRIBE --------------------------------------------------------------------------- */

#define SIPE                                                                                       \
    "Supported: com.microsoft.autoextend\r\nSupported: ms-benotify\r\n"                            \
    "Proxy-Require: ms-benotify\r\nSupported: ms-piggyback-first-notify\r\n"

struct ask {
    const char *user, *call_id, *to_tag, *more;
    int cseq;
};

static int subscribe(struct fixture *f, int endpoint, const struct ask *ask, int64_t now)
{
    struct registrar_caller caller = caller_of(endpoint);
    parse(f, arena_print(f->arena,
                         "SUBSCRIBE sip:alice@contoso.test SIP/2.0\r\n"
                         "Via: SIP/2.0/tls 10.0.0.5:1;branch=z9hG4bK1\r\n"
                         "From: <sip:%s@contoso.test>;tag=77;epid=01010101\r\n"
                         "To: <sip:alice@contoso.test>%s%s\r\nCSeq: %d SUBSCRIBE\r\n"
                         "Call-ID: %s\r\nEvent: " CONTACTS_EVENT "\r\n"
                         "Contact: <sip:alice@contoso.test;opaque=x;gruu>\r\n"
                         "%sContent-Length: 0\r\n\r\n",
                         ask->user ? ask->user : "alice", ask->to_tag ? ";tag=" : "",
                         ask->to_tag ? ask->to_tag : "", ask->cseq ? ask->cseq : 1,
                         ask->call_id ? ask->call_id : "c1", ask->more ? ask->more : SIPE));
    return contacts_subscribe(f->contacts, &f->message, &caller, now, &f->reply, &f->out,
                              &f->fault);
}

static void both_subscribe(struct fixture *f)
{
    assert_int_equal(subscribe(f, 1, &(struct ask){.call_id = "one"}, NOW), 0);
    assert_int_equal(subscribe(f, 2, &(struct ask){.call_id = "two"}, NOW), 0);
}

static const char *header(struct fixture *f, const char *name)
{
    for (struct sip_line *line = f->reply.headers.first; line; line = line->next)
        if (slice_eq_nocase(line->name, slice_of(name)))
            return arena_string(f->arena, line->value);
    return "";
}

static const char *body(struct fixture *f)
{
    return arena_string(f->arena, f->reply.body);
}

/* The body of the only message that was sent; "": none. */
static const char *sent(struct fixture *f)
{
    if (!f->out.first)
        return "";
    assert_null(f->out.first->next);
    return arena_string(f->arena, f->out.first->request.body);
}

static void test_first_list(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, 1, &(struct ask){0}, NOW), 0);
    assert_string_equal(body(f), "<contactList deltaNum=\"1\">"
                                 "<group id=\"1\" name=\"~\" externalURI=\"\"/></contactList>");
    assert_true(slice_eq(f->reply.content_type, SLICE(CONTACTS_TYPE)));
    assert_string_equal(header(f, "ms-piggyback-cseq"), "1");
    assert_string_equal(header(f, "Event"), CONTACTS_EVENT);
    assert_string_equal(header(f, "Expires"), "28800");
    assert_null(f->out.first);
    assert_int_equal(contacts_subscriptions(f->contacts), 1);
}

static void test_notify_without_piggyback(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, 1, &(struct ask){.more = "Expires: 3600\r\n"}, NOW), 0);
    assert_int_equal(f->reply.body.len, 0);
    assert_int_equal(f->out.first->request.method, SIP_NOTIFY);
    assert_non_null(strstr(sent(f), "<contactList deltaNum=\"1\">"));
    assert_int_equal(f->out.first->flow.conn, 1);
    assert_true(slice_eq(f->out.first->epid, SLICE("01010101")));
}

static void test_refresh_and_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, 1, &(struct ask){0}, NOW), 0);
    const char *tag = arena_string(f->arena, f->reply.to_tag);
    assert_int_equal(subscribe(f, 1, &(struct ask){.to_tag = tag, .cseq = 2}, NOW + 1000), 0);
    assert_non_null(strstr(body(f), "<contactList"));
    assert_int_equal(subscribe(f, 1, &(struct ask){.to_tag = tag, .cseq = 2}, NOW), -ERR_MALFORMED);
    assert_int_equal(contacts_subscriptions(f->contacts), 1);
    const struct ask out = {.to_tag = tag, .cseq = 3, .more = "Expires: 0\r\n" SIPE};
    assert_int_equal(subscribe(f, 1, &out, NOW), 0);
    assert_int_equal(f->reply.body.len, 0);
    assert_int_equal(contacts_subscriptions(f->contacts), 0);
    assert_int_equal(subscribe(f, 1, &out, NOW), -ERR_UNKNOWN);
    assert_int_equal(f->fault.finding, FINDING_SUBSCRIPTION_UNKNOWN);
}

static void test_poll_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, 1, &(struct ask){.more = "Expires: 0\r\n" SIPE}, NOW), 0);
    assert_non_null(strstr(body(f), "<contactList"));
    assert_int_equal(contacts_subscriptions(f->contacts), 0);
}

static void test_subscribe_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(subscribe(f, 1, &(struct ask){.user = "bob"}, NOW), -ERR_DENIED);
    assert_int_equal(f->fault.finding, FINDING_CLAIM_MISMATCH);
    contacts_forget(f->contacts, SLICE("alice@contoso.test"));
    assert_int_equal(subscribe(f, 1, &(struct ask){0}, NOW), -ERR_CONFLICT);
    assert_int_equal(f->fault.finding, FINDING_CONTACTS_NOT_LOADED);
}

static void test_one_subscription_each(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(
            subscribe(f, 1, &(struct ask){.call_id = arena_print(f->arena, "c%d", i).at}, NOW), 0);
    assert_int_equal(contacts_subscriptions(f->contacts), 1);
    assert_int_equal(subscribe(f, 2, &(struct ask){.call_id = "two"}, NOW), 0);
    assert_null(f->out.first);
    assert_int_equal(subscribe(f, 3, &(struct ask){.call_id = "three"}, NOW), 0);
    assert_int_equal(contacts_subscriptions(f->contacts), 2);
    assert_int_equal(f->out.first->flow.conn, 1); /* the oldest is told that it is over */
    assert_string_equal(sent(f), "");
}

static struct endpoint endpoint_of(int number)
{
    struct registrar_caller caller = caller_of(number);
    return (struct endpoint){.account = caller.account,
                             .epid = caller.epid,
                             .instance = endpoint_instance_of_epid(caller.epid),
                             .flow = caller.flow};
}

static void test_flow_and_time(void **state)
{
    struct fixture *f = *state;
    both_subscribe(f);
    struct endpoint two = endpoint_of(2), nobody = two, other = two;
    nobody.account = SLICE("nobody@contoso.test");
    other.instance = endpoint_instance_of_epid(SLICE("somebody"));
    contacts_endpoint_lost(f->contacts, &nobody);
    contacts_endpoint_lost(f->contacts, &other); /* another phone on the same connection */
    assert_int_equal(contacts_subscriptions(f->contacts), 2);
    contacts_endpoint_lost(f->contacts, &two);
    assert_int_equal(contacts_subscriptions(f->contacts), 1);
    assert_int_equal(contacts_expire(f->contacts, NOW), NOW + 28800000);
    assert_int_equal(contacts_expire(f->contacts, NOW + 28800000), INT64_MAX);
    assert_int_equal(contacts_subscriptions(f->contacts), 0);
    assert_int_equal(contacts_users(f->contacts), 1);
}

/* ---- SERVICE -------------------------------------------------------------------------------- */

static void make_service(struct fixture *f, const char *from, const char *method,
                         const char *content)
{
    struct slice envelope = arena_print(
        f->arena,
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" "
        "SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><SOAP-ENV:Body>"
        "<m:%s xmlns:m=\"" NS "\">%s</m:%s></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        method, content, method);
    parse(f, arena_print(f->arena,
                         "SERVICE sip:alice@contoso.test SIP/2.0\r\n"
                         "Via: SIP/2.0/tls 10.0.0.5:1;branch=z9hG4bK1\r\n"
                         "From: <sip:%s>;tag=77;epid=01010101\r\nTo: <sip:alice@contoso.test>\r\n"
                         "CSeq: 1 SERVICE\r\nCall-ID: s1\r\nContent-Type: application/SOAP+xml\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         from, envelope.len, envelope.at));
}

static int plan(struct fixture *f, int endpoint, const char *method, const char *content)
{
    struct registrar_caller caller = caller_of(endpoint);
    make_service(f, "alice@contoso.test", method, content);
    return contacts_plan(f->contacts, &f->message, &caller, NOW, &f->change, &f->out, &f->fault);
}

/* Plan and apply, as if committed. */
static void edit(struct fixture *f, int endpoint, const char *method, const char *content)
{
    struct registrar_caller caller = caller_of(endpoint);
    if (plan(f, endpoint, method, content) < 0)
        fail_msg("%s: %s", method, f->fault.detail);
    assert_null(f->out.first);
    contacts_apply(f->contacts, &f->change, &caller, NOW, &f->reply, &f->out);
}

static void refused(struct fixture *f, const char *method, const char *content,
                    enum finding finding)
{
    assert_true(plan(f, 1, method, content) < 0);
    if (f->fault.finding != finding)
        fail_msg("%s %s: %s (%s)", method, content, finding_id(f->fault.finding), f->fault.detail);
}

#define CONTACT(uri, groups, delta)                                                                \
    "<m:displayName></m:displayName><m:groups>" groups "</m:groups><m:subscribed>true"             \
    "</m:subscribed><m:URI>" uri "</m:URI><m:externalURI /><m:deltaNum>" delta "</m:deltaNum>"
#define GROUP(name, delta)                                                                         \
    "<m:name>" name "</m:name><m:externalURI /><m:deltaNum>" delta "</m:deltaNum>"
#define ID(id)       "<m:groupID>" id "</m:groupID>"
#define DELTA(delta) "<m:deltaNum>" delta "</m:deltaNum>"

static void test_group_then_contact(void **state)
{
    struct fixture *f = *state;
    both_subscribe(f);
    edit(f, 1, "addGroup", GROUP("R&amp;D", "1"));
    assert_string_equal(sent(f), "<contactDelta deltaNum=\"2\" prevDeltaNum=\"1\"><addedGroup "
                                 "id=\"2\" name=\"R&amp;D\" externalURI=\"\"/></contactDelta>");
    assert_int_equal(f->out.first->flow.conn, 2);
    assert_int_equal(f->out.first->request.method, SIP_BENOTIFY);
    assert_int_equal(f->out.first->request.cseq, 2);
    assert_non_null(strstr(body(f), "<m:groupID>2</m:groupID>"));
    edit(f, 2, "setContact", CONTACT("sip:Bob@Contoso.test", "1 2", "2"));
    assert_string_equal(sent(f), "<contactDelta deltaNum=\"3\" prevDeltaNum=\"2\"><addedContact "
                                 "uri=\"sip:bob@contoso.test\" name=\"\" groups=\"1 2\" "
                                 "subscribed=\"true\" externalURI=\"\"/></contactDelta>");
    assert_int_equal(f->out.first->flow.conn, 1);
    assert_int_equal(f->reply.body.len, 0);
    edit(f, 1, "setContact", CONTACT("sip:bob@contoso.test", "", "3"));
    assert_non_null(strstr(sent(f), "<modifiedContact uri=\"sip:bob@contoso.test\" name=\"\" "
                                    "groups=\"1\""));
    assert_int_equal(subscribe(f, 1, &(struct ask){.call_id = "again"}, NOW), 0);
    assert_string_equal(body(f),
                        "<contactList deltaNum=\"4\"><group id=\"1\" name=\"~\" externalURI=\"\"/>"
                        "<group id=\"2\" name=\"R&amp;D\" externalURI=\"\"/><contact "
                        "uri=\"bob@contoso.test\" name=\"\" groups=\"1\" subscribed=\"true\" "
                        "externalURI=\"\"/></contactList>");
}

static void test_rename_and_delete(void **state)
{
    struct fixture *f = *state;
    both_subscribe(f);
    edit(f, 1, "addGroup", GROUP("a", "1"));
    edit(f, 1, "modifyGroup", ID("2") GROUP("b", "2"));
    assert_non_null(strstr(sent(f), "<modifiedGroup id=\"2\" name=\"b\" externalURI=\"\"/>"));
    edit(f, 1, "setContact", CONTACT("sip:bob@contoso.test", "2", "3"));
    refused(f, "deleteGroup", ID("2") DELTA("4"), FINDING_CONTACTS_GROUP_USED);
    edit(f, 1, "deleteContact", "<m:URI>sip:bob@contoso.test</m:URI>" DELTA("4"));
    assert_non_null(strstr(sent(f), "<deletedContact uri=\"sip:bob@contoso.test\"/>"));
    edit(f, 1, "deleteGroup", ID("2") DELTA("5"));
    assert_non_null(strstr(sent(f), "<deletedGroup id=\"2\"/>"));
    const struct contacts_list *list = contacts_of(f->contacts, SLICE("alice@contoso.test"));
    assert_int_equal(list->delta, 6);
    assert_int_equal(list->group_count, 1);
    assert_int_equal(list->contact_count, 0);
}

/* SIPE has counted its number up; the whole list puts that right. */
static void test_stale(void **state)
{
    struct fixture *f = *state;
    both_subscribe(f);
    refused(f, "addGroup", GROUP("a", "2"), FINDING_CONTACTS_STALE);
    assert_int_equal(finding_row(f->fault.finding)->sip, 409);
    assert_non_null(strstr(sent(f), "<contactList deltaNum=\"1\">"));
    assert_int_equal(f->out.first->flow.conn, 1);
    edit(f, 1, "addGroup", GROUP("a", "1"));
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    static const char long_name[] = "<m:name>%0300d</m:name><m:deltaNum>1</m:deltaNum>";
    both_subscribe(f);
    refused(f, "addGroup", GROUP("~", "1"), FINDING_CONTACTS_GROUP_NAMED);
    refused(f, "addGroup", GROUP("", "1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "addGroup", GROUP("a", ""), FINDING_CONTACTS_MALFORMED);
    refused(f, "addGroup", GROUP("a", "4294967296"), FINDING_CONTACTS_MALFORMED);
    refused(f, "addGroup", arena_print(f->arena, long_name, 1).at, FINDING_CONTACTS_TOO_LONG);
    refused(f, "modifyGroup", ID("1") GROUP("b", "1"), FINDING_CONTACTS_GROUP_FIXED);
    refused(f, "modifyGroup", ID("9") GROUP("b", "1"), FINDING_CONTACTS_UNKNOWN);
    refused(f, "deleteGroup", ID("65") DELTA("1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "deleteGroup", ID("0") DELTA("1"), FINDING_CONTACTS_UNKNOWN);
    refused(f, "setContact", CONTACT("sip:bob@contoso.test", "7", "1"), FINDING_CONTACTS_UNKNOWN);
    refused(f, "setContact", CONTACT("sip:bob@contoso.test", "0", "1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "setContact", CONTACT("tel:+4930", "1", "1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "setContact", DELTA("1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "deleteContact", "<m:URI>sip:x@y.test</m:URI>" DELTA("1"), FINDING_CONTACTS_UNKNOWN);
    refused(f, "setACE", DELTA("1"), FINDING_CONTACTS_MALFORMED);
    refused(f, "addGroup", "<unclosed>", FINDING_XML_MALFORMED);
    assert_int_equal(contacts_of(f->contacts, SLICE("alice@contoso.test"))->delta, 1);
}

static void test_full(void **state)
{
    struct fixture *f = *state;
    edit(f, 1, "setContact", CONTACT("sip:c@contoso.test", "1", "1"));
    edit(f, 1, "setContact", CONTACT("sip:a@contoso.test", "1", "2"));
    edit(f, 1, "setContact", CONTACT("sip:b@contoso.test", "1", "3"));
    refused(f, "setContact", CONTACT("sip:d@contoso.test", "1", "4"), FINDING_CONTACTS_FULL);
    contacts_limit(f->contacts, SLICE("nobody@contoso.test"), 9);
    contacts_limit(f->contacts, SLICE("alice@contoso.test"), 2);
    refused(f, "setContact", CONTACT("sip:d@contoso.test", "1", "4"), FINDING_CONTACTS_FULL);
    contacts_limit(f->contacts, SLICE("alice@contoso.test"), 3);
    edit(f, 1, "setContact", CONTACT("sip:a@contoso.test", "", "4"));
    const struct contacts_list *list = contacts_of(f->contacts, SLICE("alice@contoso.test"));
    for (unsigned delta = 5; delta < 5 + CONTACTS_GROUPS_MAX - 1; delta++)
        edit(f, 1, "addGroup",
             arena_print(f->arena, "<m:name>g%u</m:name><m:deltaNum>%u</m:deltaNum>", delta, delta)
                 .at);
    assert_int_equal(list->group_count, CONTACTS_GROUPS_MAX);
    refused(
        f, "addGroup",
        arena_print(f->arena, "<m:name>one</m:name><m:deltaNum>%u</m:deltaNum>", list->delta).at,
        FINDING_CONTACTS_GROUPS_FULL);
    assert_true(slice_eq(list->contacts[0]->uri, SLICE("a@contoso.test")));
    assert_true(slice_eq(list->contacts[2]->uri, SLICE("c@contoso.test")));
}

static void test_extension(void **state)
{
    struct fixture *f = *state;
    edit(f, 1, "setContact",
         CONTACT(
             "sip:bob@contoso.test", "1",
             "1") "<m:contactExtension><x:a xmlns:x=\"urn:x\">1 &lt; 2</x:a></m:contactExtension>");
    assert_int_equal(subscribe(f, 1, &(struct ask){0}, NOW), 0);
    assert_non_null(strstr(body(f), "externalURI=\"\"><contactExtension><x:a xmlns:x=\"urn:x\">"
                                    "1 &lt; 2</x:a></contactExtension></contact>"));
    refused(f, "setContact",
            arena_print(f->arena,
                        CONTACT("sip:bob@contoso.test", "1", "2") "<m:contactExtension>%01100d"
                                                                  "</m:contactExtension>",
                        1)
                .at,
            FINDING_CONTACTS_TOO_LONG);
}

static void test_whose_edit(void **state)
{
    struct fixture *f = *state;
    struct registrar_caller caller = caller_of(1);
    make_service(f, "bob@contoso.test", "addGroup", GROUP("a", "1"));
    assert_true(contacts_is_edit(&f->message));
    assert_int_equal(
        contacts_plan(f->contacts, &f->message, &caller, NOW, &f->change, &f->out, &f->fault),
        -ERR_DENIED);
    assert_null(f->out.first);
    make_service(f, "alice@contoso.test", "directorySearch", "setContact");
    assert_false(contacts_is_edit(&f->message));
    make_service(f, "alice@contoso.test", "addGroup", "<m:name>"); /* never closed */
    assert_true(contacts_is_edit(&f->message));
    assert_int_equal(
        contacts_plan(f->contacts, &f->message, &caller, NOW, &f->change, &f->out, &f->fault),
        -ERR_MALFORMED);
    assert_int_equal(f->fault.finding, FINDING_XML_MALFORMED);
}

/* The command line has changed the stored list. */
static void test_adopt_anew(void **state)
{
    struct fixture *f = *state;
    struct contacts_list *list = contacts_list_new(f->arena);
    static const struct contacts_contact bob = {.uri = {"bob@contoso.test", 16}, .groups = 1};
    both_subscribe(f);
    outgoing_init(&f->out, f->arena);
    contacts_adopt(f->contacts, SLICE("alice@contoso.test"), 7, list, NOW, &f->out);
    assert_null(f->out.first);
    contacts_list_put(list, f->arena, &bob);
    list->delta = 9;
    contacts_adopt(f->contacts, SLICE("alice@contoso.test"), 7, list, NOW, &f->out);
    assert_non_null(f->out.first->next);
    assert_null(f->out.first->next->next);
    assert_non_null(strstr(f->out.first->request.body.at, "<contactList deltaNum=\"9\">"));
}

/* The user signed out while his edit was on its way to the disk. */
static void test_left_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct registrar_caller caller = caller_of(1);
    assert_int_equal(plan(f, 1, "addGroup", GROUP("a", "1")), 0);
    contacts_forget(f->contacts, SLICE("alice@contoso.test"));
    contacts_apply(f->contacts, &f->change, &caller, NOW, &f->reply, &f->out);
    assert_non_null(strstr(body(f), "groupID"));
    assert_null(f->out.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notify_without_piggyback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_and_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_poll_keeps_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subscribe_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_subscription_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flow_and_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_group_then_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename_and_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extension, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whose_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adopt_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_meanwhile, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
