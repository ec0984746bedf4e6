/* Prints each message of the mobility service (src/mcx/wire.h) into the folder given, one a file,
 * named mNUMBER-mcx.xml; documents.sh judges them. */
#include "mcx/wire.h"

#include <stdio.h>
#include <stdlib.h>

#define LITERAL(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define SESSION LITERAL("0123456789abcdef0123456789abcdef")

static const struct mcx_request requests[] = {
    {.operation = MCX_INITIATE_SESSION,
     .initiate = {LITERAL("phone-1"), LITERAL("Example/1.0 (<&>)"), LITERAL("push-1")}},
    {.operation = MCX_INITIATE_SESSION,
     .initiate = {LITERAL("phone-1"), LITERAL("Example/1.0"), {0}}},
    {.operation = MCX_GET_PROVISIONING, .session = SESSION},
    {.operation = MCX_NORMALIZE_NUMBER, .session = SESSION, .number = LITERAL("5551234")},
    {.operation = MCX_SUBSCRIBE_TO_PUSH,
     .session = SESSION,
     .subscription = LITERAL("{\"endpoint\":\"https://push.example/1\"}")},
    {.operation = MCX_GET_CONTACTS, .session = SESSION},
    {.operation = MCX_POLL, .session = SESSION, .poll = {1, 60}},
    {.operation = MCX_POLL, .session = SESSION, .poll = {2, -1}},
    {.operation = MCX_SET_STATE, .session = SESSION, .state = {6500, LITERAL("in a\nmeeting")}},
    {.operation = MCX_SET_STATE, .session = SESSION, .state = {-1, LITERAL("")}},
    {.operation = MCX_START_CONVERSATION,
     .session = SESSION,
     .start = {LITERAL("bob@contoso.test"), LITERAL("Lunch?")}},
    {.operation = MCX_ACCEPT_CONVERSATION, .session = SESSION, .talk = {.conversation = 1}},
    {.operation = MCX_DECLINE_CONVERSATION, .session = SESSION, .talk = {.conversation = 1}},
    {.operation = MCX_SEND_MESSAGE,
     .session = SESSION,
     .talk = {1, LITERAL("text/plain"), LITERAL(" two\r\nlines ]]> ")}},
    {.operation = MCX_SET_TYPING, .session = SESSION, .talk = {.conversation = 1}},
    {.operation = MCX_END_CONVERSATION, .session = SESSION, .talk = {.conversation = 1}},
    {.operation = MCX_REPORT_ACTIVITY, .session = SESSION},
    {.operation = MCX_TERMINATE_SESSION, .session = SESSION},
};

static const struct phone_person bob = {.address = LITERAL("bob@contoso.test"),
                                        .name = LITERAL("Bob <b>"),
                                        .email = LITERAL("bob@contoso.test"),
                                        .title = LITERAL("Editor"),
                                        .company = LITERAL("Contoso"),
                                        .department = LITERAL("News"),
                                        .office = LITERAL("2"),
                                        .phone = LITERAL("tel:+15551234"),
                                        .availability = 3500,
                                        .activity = LITERAL("on-the-phone"),
                                        .device = LITERAL("Mobile"),
                                        .last_active = 1700000000000,
                                        .note = LITERAL("back\nat two"),
                                        .out_of_office = true};
static const struct phone_person stranger = {
    .address = LITERAL("x@contoso.test"), .availability = -1, .refused = true};
static const struct phone_chat incoming = {.id = 1,
                                           .state = PHONE_CHAT_INVITED,
                                           .incoming = true,
                                           .peer = LITERAL("bob@contoso.test"),
                                           .peer_name = LITERAL("Bob"),
                                           .subject = LITERAL("Lunch?"),
                                           .conversation = LITERAL("AAB=")};
static const struct phone_chat outgoing = {
    .id = 2, .state = PHONE_CHAT_ENDED, .peer = LITERAL("bob@contoso.test")};
static const struct phone_group groups[] = {{1, LITERAL("~")}, {64, LITERAL("Friends")}};
static const struct mcx_contact contacts[] = {
    {{LITERAL("bob@contoso.test"), LITERAL("Bobby"), UINT64_C(1) << 63 | 1}, &bob},
    {{LITERAL("x@contoso.test"), LITERAL(""), 0}, &stranger}};
static const struct mcx_pace pace = {MCX_PUSH, 259200};
static const struct mcx_event events[] = {
    {.kind = MCX_EVENT_CONTACTS},
    {.kind = MCX_EVENT_PERSON, .person = &bob},
    {.kind = MCX_EVENT_SELF, .person = &stranger},
    {.kind = MCX_EVENT_CONVERSATION, .chat = &incoming},
    {.kind = MCX_EVENT_CONVERSATION, .chat = &outgoing, .finding = LITERAL("push-no-subscription")},
    {.kind = MCX_EVENT_MESSAGE,
     .chat = &incoming,
     .type = LITERAL("text/plain"),
     .text = LITERAL("hi")},
    {.kind = MCX_EVENT_TYPING, .chat = &incoming, .typing = true},
    {.kind = MCX_EVENT_TYPING, .chat = &incoming},
    {.kind = MCX_EVENT_MODE, .pace = &pace},
};

static const struct mcx_response responses[] = {
    {.operation = MCX_INITIATE_SESSION,
     .initiate = {SESSION, LITERAL("alice@contoso.test"), LITERAL("sip:pool:5087;transport=tls"),
                  true, MCX_PULL, 3600}},
    {.operation = MCX_GET_PROVISIONING,
     .settings = {.voicemail_uri = LITERAL("sip:alice@contoso.test;opaque=app:voicemail"),
                  .sim_ring = true,
                  .address_book_url = LITERAL("https://web/abs/handler"),
                  .group_url = LITERAL("https://web/groupexpansion/service.svc"),
                  .location_url = LITERAL("https://web/locationinformation/liservice.svc"),
                  .photo_source = LITERAL("AllPhotos"),
                  .dial_plan = LITERAL("Global"),
                  .dial_rules = 4}},
    {.operation = MCX_GET_PROVISIONING},
    {.operation = MCX_NORMALIZE_NUMBER, .normalize = {LITERAL("tel:+15551234"), true}},
    {.operation = MCX_SUBSCRIBE_TO_PUSH, .push = {MCX_PUSH, 259200}},
    {.operation = MCX_GET_CONTACTS, .contacts = {&stranger, 0, groups, 2, contacts, 2}},
    {.operation = MCX_GET_CONTACTS, .contacts = {&bob, 6500, NULL, 0, NULL, 0}},
    {.operation = MCX_POLL,
     .poll = {.next = 2, .events = events, .event_count = sizeof events / sizeof *events}},
    {.operation = MCX_POLL, .poll = {.next = 3, .lost = true}},
    {.operation = MCX_SET_STATE},
    {.operation = MCX_START_CONVERSATION, .conversation = 2},
    {.operation = MCX_ACCEPT_CONVERSATION},
    {.operation = MCX_DECLINE_CONVERSATION},
    {.operation = MCX_SEND_MESSAGE},
    {.operation = MCX_SET_TYPING},
    {.operation = MCX_END_CONVERSATION},
    {.operation = MCX_REPORT_ACTIVITY},
    {.operation = MCX_TERMINATE_SESSION},
};

static const char *folder;

static void keep(const struct buf *document)
{
    static unsigned number;
    char path[512];
    snprintf(path, sizeof path, "%s/m%03u-mcx.xml", folder, ++number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(document->at, 1, document->len, file) != document->len || fclose(file)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    static const enum finding findings[] = {FINDING_MOBILITY_DISABLED, FINDING_INTERNAL};
    scoped(buf) struct buf out = BUF_INIT;
    if (argc != 2)
        return EXIT_FAILURE;
    folder = argv[1];
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++, buf_clear(&out)) {
        mcx_request_print(&requests[i], (struct slice){0}, &out);
        keep(&out);
    }
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++, buf_clear(&out)) {
        mcx_response_print(&responses[i], &out);
        keep(&out);
    }
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++, buf_clear(&out)) {
        mcx_fault_print(findings[i], &out);
        keep(&out);
    }
    return EXIT_SUCCESS;
}
