/* The contract as tables: which fields each operation asks for and answers with. */
#include "mcx/wire.h"

#include "mcx/shape_priv.h"
#include "mobility/phone.h"
#include "xml/names.h"
#include "xml/soap.h"

enum {
    NAME_MAX_BYTES = 1000, /* of an address, a subject, a name, a URL */
    LIST_MAX = 5000,       /* entries of a list that a client reads */
    AVAILABILITY_MAX = 20000
};

/* A list of 1,000 contacts with their cards has more nodes than a message usually has. */
static const struct xml_limits answer_limits = {.bytes = 4 << 20, .nodes = 200000};

#define ROW(type, name, kind, need, member, ...)                                                   \
    {                                                                                              \
        name, FIELD_##kind, FIELD_##need, FIELD_AT(type, member), __VA_ARGS__                      \
    }

/* ---- people, chats, settings: the structs of mobility/news.h -------------------------------- */

#define PERSON(name, kind, need, member, ...)                                                      \
    ROW(struct phone_person, name, kind, need, member, __VA_ARGS__)
static const struct field person_fields[] = {
    PERSON("Address", TEXT, NEEDED, address, .most = NAME_MAX_BYTES),
    PERSON("Name", TEXT, BLANK, name, .most = NAME_MAX_BYTES),
    PERSON("Email", TEXT, BLANK, email, .most = NAME_MAX_BYTES),
    PERSON("Title", TEXT, BLANK, title, .most = NAME_MAX_BYTES),
    PERSON("Company", TEXT, BLANK, company, .most = NAME_MAX_BYTES),
    PERSON("Department", TEXT, BLANK, department, .most = NAME_MAX_BYTES),
    PERSON("Office", TEXT, BLANK, office, .most = NAME_MAX_BYTES),
    PERSON("Phone", TEXT, BLANK, phone, .most = NAME_MAX_BYTES),
    PERSON("Availability", NUMBER, OPTIONAL, availability, .most = AVAILABILITY_MAX),
    PERSON("Activity", TEXT, BLANK, activity, .most = NAME_MAX_BYTES),
    PERSON("Device", TEXT, BLANK, device, .most = NAME_MAX_BYTES),
    PERSON("LastActive", NUMBER, BLANK, last_active, .most = INT64_MAX),
    PERSON("Note", EXACT, BLANK, note, .most = PHONE_TEXT_MAX),
    PERSON("OutOfOffice", BOOL, BLANK, out_of_office, .most = 1),
    PERSON("Refused", BOOL, BLANK, refused, .most = 1),
};
static const struct shape person_shape = SHAPE(struct phone_person, person_fields);

static const char *const chat_states[] = {"invited", "connecting", "connected", "ended", NULL};

#define CHAT(name, kind, need, member, ...)                                                        \
    ROW(struct phone_chat, name, kind, need, member, __VA_ARGS__)
static const struct field chat_fields[] = {
    CHAT("Id", NUMBER, NEEDED, id, .most = INT64_MAX),
    CHAT("State", WORD, NEEDED, state, .words = chat_states),
    CHAT("Incoming", BOOL, NEEDED, incoming, .most = 1),
    CHAT("Peer", TEXT, NEEDED, peer, .most = NAME_MAX_BYTES),
    CHAT("PeerName", TEXT, BLANK, peer_name, .most = NAME_MAX_BYTES),
    CHAT("Subject", TEXT, BLANK, subject, .most = PHONE_TEXT_MAX),
    CHAT("MsConversationId", TEXT, BLANK, conversation, .most = NAME_MAX_BYTES),
};
static const struct shape chat_shape = SHAPE(struct phone_chat, chat_fields);

static const struct field group_fields[] = {
    ROW(struct phone_group, "Id", NUMBER, NEEDED, id, .most = 64, .least = 1),
    ROW(struct phone_group, "Name", TEXT, NEEDED, name, .most = NAME_MAX_BYTES),
};
static const struct shape group_shape = SHAPE(struct phone_group, group_fields);

static const struct field contact_fields[] = {
    ROW(struct mcx_contact, "Address", TEXT, NEEDED, entry.address, .most = NAME_MAX_BYTES),
    ROW(struct mcx_contact, "Alias", TEXT, BLANK, entry.alias, .most = NAME_MAX_BYTES),
    ROW(struct mcx_contact, "Groups", GROUPS, NEEDED, entry.groups, .most = 64),
    ROW(struct mcx_contact, "Person", PART, NEEDED, person, .shape = &person_shape),
};
static const struct shape contact_shape = SHAPE(struct mcx_contact, contact_fields);

static const char *const mode_words[] = {"pull", "push", NULL};

static const struct field pace_fields[] = {
    ROW(struct mcx_pace, "Mode", WORD, NEEDED, mode, .words = mode_words),
    ROW(struct mcx_pace, "LifetimeSeconds", NUMBER, NEEDED, lifetime, .most = INT64_MAX),
};
static const struct shape pace_shape = SHAPE(struct mcx_pace, pace_fields);

static const char *const event_words[] = {"contacts", "person", "self", "conversation",
                                          "message",  "typing", "mode", NULL};

#define EVENT(name, kind, need, member, ...)                                                       \
    ROW(struct mcx_event, name, kind, need, member, __VA_ARGS__)
static const struct field event_fields[] = {
    EVENT("Kind", WORD, NEEDED, kind, .words = event_words),
    EVENT("Person", PART, OPTIONAL, person, .shape = &person_shape),
    EVENT("Conversation", PART, OPTIONAL, chat, .shape = &chat_shape),
    EVENT("Pace", PART, OPTIONAL, pace, .shape = &pace_shape),
    EVENT("Type", TEXT, OPTIONAL, type, .most = MCX_WORD_MAX),
    EVENT("Text", EXACT, OPTIONAL, text, .most = PHONE_TEXT_MAX),
    EVENT("Typing", BOOL, BLANK, typing, .most = 1),
    EVENT("Finding", TEXT, OPTIONAL, finding, .most = MCX_WORD_MAX),
};
static const struct shape event_shape = SHAPE(struct mcx_event, event_fields);

/* ---- requests ------------------------------------------------------------------------------- */

#define ASK(name, kind, need, member, ...)                                                         \
    ROW(struct mcx_request, name, kind, need, member, __VA_ARGS__)
#define ASK_SESSION                                                                                \
    ASK("Session", TEXT, NEEDED, session, .most = MCX_SESSION_LEN, .least = MCX_SESSION_LEN)
#define ASK_CONVERSATION ASK("Conversation", NUMBER, NEEDED, talk.conversation, .most = INT64_MAX)

static const struct field ask_initiate[] = {
    ASK("Endpoint", TEXT, NEEDED, initiate.endpoint, .most = MCX_WORD_MAX, .least = 1),
    ASK("UserAgent", TEXT, NEEDED, initiate.user_agent, .most = MCX_WORD_MAX, .least = 1),
    ASK("Device", TEXT, OPTIONAL, initiate.device, .most = MCX_WORD_MAX, .least = 1),
};
static const struct field ask_session[] = {ASK_SESSION};
static const struct field ask_normalize[] = {
    ASK_SESSION, ASK("Number", TEXT, NEEDED, number, .most = 200, .least = 1)};
static const struct field ask_push[] = {
    ASK_SESSION,
    ASK("Subscription", TEXT, NEEDED, subscription, .most = MCX_SUBSCRIPTION_MAX, .least = 1),
};
static const struct field ask_poll[] = {
    ASK_SESSION,
    ASK("Ack", NUMBER, NEEDED, poll.ack, .most = INT64_MAX, .least = 1),
    ASK("Seconds", NUMBER, OPTIONAL, poll.seconds, .most = MCX_WAIT_MAX),
};
static const struct field ask_state[] = {
    ASK_SESSION,
    ASK("Availability", NUMBER, OPTIONAL, state.availability, .most = AVAILABILITY_MAX),
    ASK("Note", EXACT, OPTIONAL, state.note, .most = PHONE_TEXT_MAX),
};
static const struct field ask_start[] = {
    ASK_SESSION,
    ASK("Address", TEXT, NEEDED, start.address, .most = NAME_MAX_BYTES, .least = 1),
    ASK("Subject", TEXT, OPTIONAL, start.subject, .most = NAME_MAX_BYTES),
};
static const struct field ask_conversation[] = {ASK_SESSION, ASK_CONVERSATION};
static const struct field ask_send[] = {
    ASK_SESSION,
    ASK_CONVERSATION,
    ASK("Type", TEXT, NEEDED, talk.type, .most = MCX_WORD_MAX, .least = 1),
    ASK("Text", EXACT, NEEDED, talk.text, .most = PHONE_TEXT_MAX, .least = 1),
};

/* ---- responses ------------------------------------------------------------------------------ */

#define SAY(name, kind, need, member, ...)                                                         \
    ROW(struct mcx_response, name, kind, need, member, __VA_ARGS__)
static const struct field say_initiate[] = {
    SAY("Session", TEXT, NEEDED, initiate.session, .most = MCX_SESSION_LEN,
        .least = MCX_SESSION_LEN),
    SAY("User", TEXT, NEEDED, initiate.user, .most = NAME_MAX_BYTES),
    SAY("Contact", TEXT, NEEDED, initiate.contact, .most = NAME_MAX_BYTES),
    SAY("EnabledForMobility", BOOL, NEEDED, initiate.enabled, .most = 1),
    SAY("Mode", WORD, NEEDED, initiate.mode, .words = mode_words),
    SAY("LifetimeSeconds", NUMBER, NEEDED, initiate.lifetime, .most = INT64_MAX),
};
static const struct field say_provisioning[] = {
    SAY("VoicemailUri", TEXT, OPTIONAL, settings.voicemail_uri, .most = NAME_MAX_BYTES),
    SAY("SimultaneousRing", BOOL, NEEDED, settings.sim_ring, .most = 1),
    SAY("CallForwarding", BOOL, NEEDED, settings.call_forwarding, .most = 1),
    SAY("Delegation", BOOL, NEEDED, settings.delegation, .most = 1),
    SAY("TeamCall", BOOL, NEEDED, settings.team_call, .most = 1),
    SAY("AddressBookUrl", TEXT, OPTIONAL, settings.address_book_url, .most = NAME_MAX_BYTES),
    SAY("GroupExpansionUrl", TEXT, OPTIONAL, settings.group_url, .most = NAME_MAX_BYTES),
    SAY("LocationUrl", TEXT, OPTIONAL, settings.location_url, .most = NAME_MAX_BYTES),
    SAY("ShowPhotos", BOOL, NEEDED, settings.show_photos, .most = 1),
    SAY("PhotoSource", TEXT, OPTIONAL, settings.photo_source, .most = NAME_MAX_BYTES),
    SAY("CardOrganization", BOOL, NEEDED, settings.card_organization, .most = 1),
    SAY("OutsideVoice", BOOL, NEEDED, settings.outside_voice, .most = 1),
    SAY("PushNotifications", BOOL, NEEDED, settings.push, .most = 1),
    SAY("DialPlan", TEXT, OPTIONAL, settings.dial_plan, .most = NAME_MAX_BYTES),
    SAY("DialPlanRules", NUMBER, NEEDED, settings.dial_rules, .most = INT32_MAX),
};
static const struct field say_normalize[] = {
    SAY("Number", TEXT, NEEDED, normalize.number, .most = NAME_MAX_BYTES),
    SAY("Matched", BOOL, NEEDED, normalize.matched, .most = 1),
};
static const struct field say_push[] = {
    SAY("Mode", WORD, NEEDED, push.mode, .words = mode_words),
    SAY("LifetimeSeconds", NUMBER, NEEDED, push.lifetime, .most = INT64_MAX),
};
static const struct field say_contacts[] = {
    SAY("Self", PART, NEEDED, contacts.self, .shape = &person_shape),
    SAY("OwnAvailability", NUMBER, NEEDED, contacts.availability, .most = AVAILABILITY_MAX),
    SAY("Group", LIST, NEEDED, contacts.groups, .most = 64, .shape = &group_shape,
        .count_at = offsetof(struct mcx_response, contacts.group_count)),
    SAY("Contact", LIST, NEEDED, contacts.contacts, .most = LIST_MAX, .shape = &contact_shape,
        .count_at = offsetof(struct mcx_response, contacts.contact_count)),
};
static const struct field say_poll[] = {
    SAY("Next", NUMBER, NEEDED, poll.next, .most = INT64_MAX),
    SAY("Lost", BOOL, BLANK, poll.lost, .most = 1),
    SAY("Event", LIST, NEEDED, poll.events, .most = LIST_MAX, .shape = &event_shape,
        .count_at = offsetof(struct mcx_response, poll.event_count)),
};
static const struct field say_conversation[] = {
    SAY("Conversation", NUMBER, NEEDED, conversation, .most = INT64_MAX),
};

/* ---- operations ----------------------------------------------------------------------------- */

struct operation {
    const char *name, *answer, *action;
    struct shape request, response;
};

#define NOTHING                                                                                    \
    {                                                                                              \
        NULL, 0, sizeof(struct mcx_response)                                                       \
    }
#define OPERATION(name, ask, say)                                                                  \
    {                                                                                              \
        name, name "Response", "\"" NS_MCX "/" name "\"", SHAPE(struct mcx_request, ask), say      \
    }
#define SAYS(fields) SHAPE(struct mcx_response, fields)

static const struct operation operations[MCX_OPERATIONS] = {
    [MCX_INITIATE_SESSION] = OPERATION("InitiateSession", ask_initiate, SAYS(say_initiate)),
    [MCX_GET_PROVISIONING] = OPERATION("GetProvisioning", ask_session, SAYS(say_provisioning)),
    [MCX_NORMALIZE_NUMBER] = OPERATION("NormalizeNumber", ask_normalize, SAYS(say_normalize)),
    [MCX_SUBSCRIBE_TO_PUSH] = OPERATION("SubscribeToPush", ask_push, SAYS(say_push)),
    [MCX_GET_CONTACTS] = OPERATION("GetContacts", ask_session, SAYS(say_contacts)),
    [MCX_POLL] = OPERATION("Poll", ask_poll, SAYS(say_poll)),
    [MCX_SET_STATE] = OPERATION("SetState", ask_state, NOTHING),
    [MCX_START_CONVERSATION] = OPERATION("StartConversation", ask_start, SAYS(say_conversation)),
    [MCX_ACCEPT_CONVERSATION] = OPERATION("AcceptConversation", ask_conversation, NOTHING),
    [MCX_DECLINE_CONVERSATION] = OPERATION("DeclineConversation", ask_conversation, NOTHING),
    [MCX_SEND_MESSAGE] = OPERATION("SendMessage", ask_send, NOTHING),
    [MCX_SET_TYPING] = OPERATION("SetTyping", ask_conversation, NOTHING),
    [MCX_END_CONVERSATION] = OPERATION("EndConversation", ask_conversation, NOTHING),
    [MCX_REPORT_ACTIVITY] = OPERATION("ReportActivity", ask_session, NOTHING),
    [MCX_TERMINATE_SESSION] = OPERATION("TerminateSession", ask_session, NOTHING),
};

const char *mcx_operation_name(enum mcx_operation operation)
{
    return operations[operation].name;
}

const char *mcx_action(enum mcx_operation operation)
{
    return operations[operation].action;
}

/* ---- printing ------------------------------------------------------------------------------- */

static void open_body(struct xml_writer *w, const char *name, struct slice security)
{
    soap_open_envelope(w,
                       &(struct soap_envelope_options){.version = SOAP_1_1, .security = security});
    xml_open(w, name);
    xml_put_ns(w, "", NS_MCX);
}

static void close_body(struct xml_writer *w)
{
    xml_close(w);
    soap_close_envelope(w);
    xml_end(w);
}

void mcx_request_print(const struct mcx_request *request, struct slice security, struct buf *out)
{
    const struct operation *operation = &operations[request->operation];
    struct xml_writer w = XML_WRITER(out);
    open_body(&w, operation->name, security);
    shape_print(&operation->request, request, &w);
    close_body(&w);
}

void mcx_response_print(const struct mcx_response *response, struct buf *out)
{
    const struct operation *operation = &operations[response->operation];
    struct xml_writer w = XML_WRITER(out);
    open_body(&w, operation->answer, (struct slice){0});
    shape_print(&operation->response, response, &w);
    close_body(&w);
}

void mcx_event_print(const struct mcx_event *event, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "Event");
    shape_print(&event_shape, event, &w);
    xml_close(&w);
    xml_end(&w);
}

void mcx_poll_print(int64_t next, bool lost, struct slice events, struct buf *out)
{
    const struct operation *operation = &operations[MCX_POLL];
    const struct mcx_response response = {.operation = MCX_POLL,
                                          .poll = {.next = next, .lost = lost}};
    struct xml_writer w = XML_WRITER(out);
    open_body(&w, operation->answer, (struct slice){0});
    shape_print(&operation->response, &response, &w);
    xml_put_raw(&w, events);
    close_body(&w);
}

int mcx_fault_status(enum finding finding)
{
    int status = finding_row(finding)->http;
    return status < 400 || status == 401 ? 500 : status;
}

/* Ours says which finding; who may not know reads what an unknown user reads. */
void mcx_fault_print(enum finding finding, struct buf *out)
{
    struct soap_diagnosis told = soap_public(finding);
    struct xml_writer w = XML_WRITER(out);
    soap_open_envelope(&w, &(struct soap_envelope_options){.version = SOAP_1_1});
    xml_open(&w, "s:Fault");
    xml_element_string(&w, "faultcode",
                       finding_row(finding)->http >= 500 ? "s:Server" : "s:Client");
    xml_element_string(&w, "faultstring", told.reason);
    xml_open(&w, "detail");
    xml_open(&w, "McxFault");
    xml_put_ns(&w, "", NS_MCX);
    if (finding_row(finding)->audience == SEEN_BY_ALL)
        xml_element_string(&w, "Finding", finding_id(finding));
    xml_element_string(&w, "Reason", told.reason);
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    soap_close_envelope(&w);
    xml_end(&w);
}

/* ---- parsing -------------------------------------------------------------------------------- */

int mcx_request_parse(const struct xml_node *payload, struct arena *arena, struct mcx_request *out,
                      struct fault *fault)
{
    *out = (struct mcx_request){0};
    for (int i = 0; i < MCX_OPERATIONS; i++)
        if (xml_is(payload, NS_MCX, operations[i].name)) {
            out->operation = (enum mcx_operation)i;
            return shape_parse(&operations[i].request, payload, NS_MCX, FINDING_MCX_REQUEST, arena,
                               out, fault);
        }
    return fault_set(fault, ERR_MALFORMED, FINDING_MCX_REQUEST,
                     "the body is no operation of " NS_MCX ": %.*s",
                     SLICE_ARG(slice_head(xml_name(payload), 80)));
}

static int parse_fault(const struct soap_message *message, const struct soap_fault *soap,
                       struct arena *arena, struct fault *fault)
{
    const struct xml_node *detail =
        xml_child(xml_path(message->payload, "detail/McxFault"), NS_MCX, "Finding");
    enum finding finding = finding_by_id(arena_string(arena, xml_text(detail)));
    return fault_set(fault, ERR_DENIED, finding ? finding : FINDING_MCX_REFUSED,
                     "the mobility service refuses: %.*s", SLICE_ARG(slice_head(soap->text, 160)));
}

int mcx_response_parse(struct slice body, enum mcx_operation operation, struct arena *arena,
                       struct mcx_response *out, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct soap_message message;
    struct soap_fault soap;
    *out = (struct mcx_response){.operation = operation};
    int err = xml_read(body, &answer_limits, &doc, fault);
    if (err || (err = soap_read(doc, &message, fault)))
        return err;
    if (soap_fault_read(&message, &soap))
        return parse_fault(&message, &soap, arena, fault);
    if (!xml_is(message.payload, NS_MCX, operations[operation].answer))
        return fault_set(fault, ERR_MALFORMED, FINDING_SOAP_MALFORMED,
                         "the mobility service's answer is no %s", operations[operation].answer);
    return shape_parse(&operations[operation].response, message.payload, NS_MCX,
                       FINDING_SOAP_MALFORMED, arena, out, fault);
}
