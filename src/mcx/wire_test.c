/* Each message is printed by one half and read by the other. */
#include "mcx/wire.h"
#include "mobility/phone.h"
#include "xml/soap.h"

#include <string.h>

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* */
#include <cmocka.h>

#define SESSION "0123456789abcdef0123456789abcdef"

#define assert_slice(got, want)                                                                    \
    do {                                                                                           \
        struct slice got_ = (got), want_ = slice_of(want);                                         \
        if (!slice_eq(got_, want_))                                                                \
            fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARG(got_), want);                         \
    } while (0)

/* What the server reads of a body. */
static int receive(struct arena *arena, struct slice bytes, struct mcx_request *out,
                   struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    *fault = (struct fault){0};
    assert_int_equal(xml_read(bytes, NULL, &doc, fault), 0);
    assert_int_equal(soap_read(doc, &message, fault), 0);
    return mcx_request_parse(message.payload, arena, out, fault);
}

static struct mcx_request over(struct arena *arena, struct mcx_request request)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct mcx_request read;
    struct fault fault;
    mcx_request_print(&request, (struct slice){0}, &out);
    if (receive(arena, buf_slice(&out), &read, &fault))
        fail_msg("%s", fault.detail);
    assert_int_equal(read.operation, request.operation);
    return read;
}

static void requests_arrive(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct slice session = SLICE(SESSION);
    struct mcx_request got =
        over(arena, (struct mcx_request){.operation = MCX_INITIATE_SESSION,
                                         .initiate = {SLICE("ep1"), SLICE("Phone/1 <&>"), {0}}});
    assert_slice(got.initiate.endpoint, "ep1");
    assert_slice(got.initiate.user_agent, "Phone/1 <&>");
    assert_true(slice_absent(got.initiate.device));
    got = over(arena,
               (struct mcx_request){.operation = MCX_POLL, .session = session, .poll = {7, -1}});
    assert_slice(got.session, SESSION);
    assert_int_equal(got.poll.ack, 7);
    assert_int_equal(got.poll.seconds, -1);
    got = over(arena, (struct mcx_request){.operation = MCX_SET_STATE,
                                           .session = session,
                                           .state = {6500, SLICE("")}});
    assert_int_equal(got.state.availability, 6500);
    assert_false(slice_absent(got.state.note));
    assert_int_equal(got.state.note.len, 0);
    got = over(arena, (struct mcx_request){
                          .operation = MCX_SET_STATE, .session = session, .state = {-1, {0}}});
    assert_int_equal(got.state.availability, -1);
    assert_true(slice_absent(got.state.note));
    got = over(arena, (struct mcx_request){
                          .operation = MCX_SEND_MESSAGE,
                          .session = session,
                          .talk = {1 << 20, SLICE("text/plain"), SLICE("  two\nlines \xc3\xa9 ")}});
    assert_int_equal(got.talk.conversation, 1 << 20);
    assert_slice(got.talk.text, "  two\nlines \xc3\xa9 ");
}

static void every_operation_arrives(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    for (int i = MCX_GET_PROVISIONING; i < MCX_OPERATIONS; i++) {
        struct mcx_request request = {.operation = (enum mcx_operation)i,
                                      .session = SLICE(SESSION)};
        if (i == MCX_NORMALIZE_NUMBER)
            request.number = SLICE("5551234");
        else if (i == MCX_SUBSCRIBE_TO_PUSH)
            request.subscription = SLICE("{\"endpoint\":\"https://x/\"}");
        else if (i == MCX_POLL)
            request.poll.ack = 1;
        else if (i == MCX_START_CONVERSATION)
            request.start.address = SLICE("bob@contoso.test");
        else if (i == MCX_SEND_MESSAGE)
            request.talk.type = request.talk.text = SLICE("text/plain");
        struct mcx_request got = over(arena, request);
        assert_slice(got.session, SESSION);
        assert_non_null(
            strstr(mcx_action(request.operation), mcx_operation_name(request.operation)));
    }
}

#define BODY(inside)                                                                               \
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>" inside              \
    "</s:Body></s:Envelope>"
#define POLL(inside)                                                                               \
    BODY("<Poll xmlns='" NS_MCX "'><Session>" SESSION "</Session>" inside "</Poll>")

static void bad_requests_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        BODY(""),
        BODY("<Poll xmlns='urn:lychgate:mcx:2'><Session>" SESSION "</Session><Ack>1</Ack></Poll>"),
        BODY("<Dance xmlns='" NS_MCX "'/>"),
        BODY("<Poll xmlns='" NS_MCX "'><Ack>1</Ack></Poll>"),
        BODY("<Poll xmlns='" NS_MCX "'><Session>short</Session><Ack>1</Ack></Poll>"),
        POLL(""),
        POLL("<Ack>0</Ack>"),
        POLL("<Ack>-1</Ack>"),
        POLL("<Ack>99999999999999999999</Ack>"),
        POLL("<Ack><One/></Ack>"),
        POLL("<Ack>1</Ack><Ack>1</Ack>"),
        POLL("<Ack>1</Ack><Seconds>601</Seconds>"),
        BODY("<InitiateSession xmlns='" NS_MCX "'><Endpoint/><UserAgent>x</UserAgent>"
             "</InitiateSession>"),
        BODY("<SendMessage xmlns='" NS_MCX "'><Session>" SESSION "</Session><Conversation>1"
             "</Conversation><Type>text/plain</Type><Text></Text></SendMessage>"),
    };
    scoped(arena) struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcx_request out;
        struct fault fault;
        if (receive(arena, slice_of(bad[i]), &out, &fault) != -ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(fault.finding, FINDING_MCX_REQUEST);
    }
    struct mcx_request out;
    struct fault fault;
    assert_int_equal(receive(arena, SLICE(POLL("<Ack> 2 </Ack><Later>x</Later>")), &out, &fault),
                     0);
    assert_int_equal(out.poll.ack, 2);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static struct mcx_response back(struct arena *arena, const struct mcx_response *response)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct mcx_response read;
    struct fault fault = {0};
    mcx_response_print(response, &out);
    if (mcx_response_parse(buf_slice(&out), response->operation, arena, &read, &fault))
        fail_msg("%s", fault.detail);
    return read;
}

/* SLICE() is no constant to a pedant. */
#define LITERAL(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
static const struct phone_person bob = {.address = LITERAL("bob@contoso.test"),
                                        .name = LITERAL("Bob <b>"),
                                        .title = LITERAL("Editor"),
                                        .availability = 3500,
                                        .last_active = 1700000000000,
                                        .note = LITERAL(" in\nroom 2"),
                                        .out_of_office = true};
static const struct phone_person nobody = {.address = LITERAL("x@contoso.test"),
                                           .availability = -1};

static void sessions_come_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    struct mcx_response got =
        back(arena, &(struct mcx_response){.operation = MCX_INITIATE_SESSION,
                                           .initiate = {SLICE(SESSION), SLICE("alice@contoso.test"),
                                                        SLICE("sip:pool:5087;transport=tls"), true,
                                                        MCX_PUSH, 259200}});
    assert_slice(got.initiate.session, SESSION);
    assert_slice(got.initiate.contact, "sip:pool:5087;transport=tls");
    assert_true(got.initiate.enabled);
    assert_int_equal(got.initiate.mode, MCX_PUSH);
    assert_int_equal(got.initiate.lifetime, 259200);
    got = back(arena, &(struct mcx_response){.operation = MCX_GET_PROVISIONING,
                                             .settings = {.voicemail_uri = SLICE("sip:vm@x"),
                                                          .delegation = true,
                                                          .push = true,
                                                          .dial_plan = SLICE("Global"),
                                                          .dial_rules = 3}});
    assert_slice(got.settings.voicemail_uri, "sip:vm@x");
    assert_true(got.settings.delegation && got.settings.push);
    assert_false(got.settings.team_call || got.settings.outside_voice);
    assert_true(slice_absent(got.settings.location_url));
    assert_int_equal(got.settings.dial_rules, 3);
    got = back(arena, &(struct mcx_response){.operation = MCX_REPORT_ACTIVITY});
    assert_int_equal(got.operation, MCX_REPORT_ACTIVITY);
}

static void contacts_come_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    const struct phone_group groups[] = {{1, SLICE("~")}, {2, SLICE("Friends")}};
    const struct mcx_contact contacts[] = {
        {{SLICE("bob@contoso.test"), SLICE("Bobby"), 3}, &bob},
        {{SLICE("x@contoso.test"), SLICE(""), UINT64_C(1) << 63}, &nobody}};
    struct mcx_response got =
        back(arena, &(struct mcx_response){.operation = MCX_GET_CONTACTS,
                                           .contacts = {&nobody, 6500, groups, 2, contacts, 2}});
    assert_int_equal(got.contacts.availability, 6500);
    assert_int_equal(got.contacts.group_count, 2);
    assert_int_equal(got.contacts.groups[1].id, 2);
    assert_slice(got.contacts.groups[1].name, "Friends");
    assert_int_equal(got.contacts.contact_count, 2);
    assert_slice(got.contacts.contacts[0].entry.alias, "Bobby");
    assert_true(got.contacts.contacts[0].entry.groups == 3);
    assert_true(got.contacts.contacts[1].entry.groups == UINT64_C(1) << 63);
    const struct phone_person *person = got.contacts.contacts[0].person;
    assert_slice(person->name, "Bob <b>");
    assert_slice(person->note, " in\nroom 2");
    assert_int_equal(person->availability, 3500);
    assert_true(person->last_active == 1700000000000);
    assert_true(person->out_of_office);
    assert_false(slice_absent(person->company)); /* never absent, as of a phone */
    assert_int_equal(got.contacts.contacts[1].person->availability, -1);
}

static void polls_come_back(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf events = BUF_INIT, out = BUF_INIT;
    const struct phone_chat chat = {
        .id = 9, .state = PHONE_CHAT_ENDED, .incoming = true, .peer = SLICE("bob@contoso.test")};
    mcx_event_print(&(struct mcx_event){.kind = MCX_EVENT_PERSON, .person = &bob}, &events);
    mcx_event_print(&(struct mcx_event){.kind = MCX_EVENT_CONVERSATION,
                                        .chat = &chat,
                                        .finding = SLICE("conversation-unknown")},
                    &events);
    mcx_event_print(&(struct mcx_event){.kind = MCX_EVENT_MESSAGE,
                                        .chat = &chat,
                                        .type = SLICE("text/plain"),
                                        .text = SLICE("a\r\nb ]]>")},
                    &events);
    mcx_poll_print(5, true, buf_slice(&events), &out);
    struct mcx_response got;
    struct fault fault = {0};
    assert_int_equal(mcx_response_parse(buf_slice(&out), MCX_POLL, arena, &got, &fault), 0);
    assert_int_equal(got.poll.next, 5);
    assert_true(got.poll.lost);
    assert_int_equal(got.poll.event_count, 3);
    assert_slice(got.poll.events[0].person->title, "Editor");
    assert_null(got.poll.events[0].chat);
    assert_int_equal(got.poll.events[1].chat->state, PHONE_CHAT_ENDED);
    assert_true(got.poll.events[1].chat->incoming);
    assert_slice(got.poll.events[1].finding, "conversation-unknown");
    assert_slice(got.poll.events[2].text, "a\r\nb ]]>");
    assert_true(slice_absent(got.poll.events[2].finding));
}

static void faults_name_the_finding(void **state)
{
    (void)state;
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf out = BUF_INIT;
    struct mcx_response got;
    struct fault fault;
    mcx_fault_print(FINDING_MOBILITY_DISABLED, &out);
    assert_int_equal(mcx_response_parse(buf_slice(&out), MCX_POLL, arena, &got, &fault),
                     -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_MOBILITY_DISABLED);
    buf_clear(&out);
    mcx_fault_print(FINDING_INTERNAL, &out); /* not for strangers */
    assert_int_equal(mcx_response_parse(buf_slice(&out), MCX_POLL, arena, &got, &fault),
                     -ERR_DENIED);
    assert_int_equal(fault.finding, FINDING_MCX_REFUSED);
    buf_clear(&out);
    soap_fault_print(&out, FINDING_TICKET_EXPIRED); /* the ticket's own faults are OCS's */
    assert_int_equal(mcx_response_parse(buf_slice(&out), MCX_POLL, arena, &got, &fault),
                     -ERR_DENIED);
    assert_int_equal(mcx_fault_status(FINDING_TICKET_EXPIRED), 500);
    assert_int_equal(mcx_fault_status(FINDING_MOBILITY_DISABLED), 403);
    assert_int_equal(mcx_fault_status(FINDING_MCX_REFUSED), 500);
}

static void bad_answers_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        BODY("<ReportActivityResponse xmlns='" NS_MCX "'/>"),
        BODY("<PollResponse xmlns='" NS_MCX "'/>"),
        BODY("<PollResponse xmlns='" NS_MCX "'><Next>1</Next><Event/></PollResponse>"),
        BODY("<PollResponse xmlns='" NS_MCX "'><Next>1</Next><Event><Kind>fire</Kind></Event>"
             "</PollResponse>"),
        BODY("<PollResponse xmlns='" NS_MCX "'><Next>1</Next><Lost>maybe</Lost></PollResponse>"),
        "<html/>",
    };
    scoped(arena) struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mcx_response out;
        struct fault fault;
        if (mcx_response_parse(slice_of(bad[i]), MCX_POLL, arena, &out, &fault) != -ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
    }
    struct mcx_response out;
    struct fault fault;
    assert_int_equal(mcx_response_parse(SLICE("not XML"), MCX_POLL, arena, &out, &fault),
                     -ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_arrive),          cmocka_unit_test(every_operation_arrives),
        cmocka_unit_test(bad_requests_are_refused), cmocka_unit_test(sessions_come_back),
        cmocka_unit_test(contacts_come_back),       cmocka_unit_test(polls_come_back),
        cmocka_unit_test(faults_name_the_finding),  cmocka_unit_test(bad_answers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
