/* A stream of SIP messages at two endpoints of alice: SUBSCRIBEs, and SERVICEs whose
 * bodies are edits. The first byte of a User-Agent says at which endpoint. Each plan
 * that is accepted is made at once. Checked are the promises: the number goes up by
 * one, limits hold, each contact is in groups that exist, all that we write can be
 * read. A message that is no SIP is tried as CSV and JSON. */
#include "contacts/contacts.h"
#include "contacts/exchange.h"
#include "sip/frame.h"
#include "xml/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CONTACTS_HERE_MAX = 3,
    NOW = 1000000
};

#define ALICE SLICE("alice@contoso.test")

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_xml(struct slice body)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    must(slice_empty(body) || xml_read(body, NULL, &doc, NULL) == 0);
}

static void check_list(const struct contacts_list *list)
{
    uint64_t groups = 0;
    must(list->delta != 0 && list->group_count <= CONTACTS_GROUPS_MAX);
    for (size_t i = 0; i < list->group_count; i++) {
        must(i == 0 || list->groups[i - 1].id < list->groups[i].id);
        must(contacts_check_group(&list->groups[i], NULL) == 0);
        groups |= contacts_bit(list->groups[i].id);
    }
    must(groups & contacts_bit(CONTACTS_EVERYBODY));
    must(list->contact_count <= CONTACTS_HERE_MAX);
    for (size_t i = 0; i < list->contact_count; i++) {
        const struct contacts_contact *contact = list->contacts[i];
        must(i == 0 || slice_cmp(list->contacts[i - 1]->uri, contact->uri) < 0);
        must(contact->groups && !(contact->groups & ~groups));
        must(contacts_check_contact(contact, NULL) == 0);
    }
}

static void serve(struct contacts *contacts, const struct sip_message *request,
                  const struct registrar_caller *caller, struct sip_reply *reply,
                  struct outgoing_list *out)
{
    struct contacts_change change;
    struct fault fault = {0};
    uint32_t before = contacts_of(contacts, ALICE)->delta;
    if (contacts_plan(contacts, request, caller, NOW, &change, out, &fault) < 0) {
        must(fault.finding != FINDING_NONE && fault.finding != FINDING_INTERNAL);
        must(contacts_of(contacts, ALICE)->delta == before);
        return;
    }
    must(contacts_is_edit(request) ||
         !slice_eq_nocase(sip_value_word(request, SIP_HEADER_CONTENT_TYPE),
                          SLICE("application/SOAP+xml")));
    contacts_apply(contacts, &change, caller, NOW, reply, out);
    must(contacts_of(contacts, ALICE)->delta == before + 1);
}

static void answer(struct contacts *contacts, const struct sip_message *request,
                   struct arena *arena)
{
    struct slice agent = sip_value(request, SIP_HEADER_USER_AGENT);
    bool second = agent.len && agent.at[0] == '2';
    struct registrar_caller caller = {.account = ALICE,
                                      .epid = second ? SLICE("02") : SLICE("01"),
                                      .flow = {.conn = second ? 2 : 1}};
    struct outgoing_list out;
    struct sip_reply reply;
    outgoing_init(&out, arena);
    sip_reply_init(&reply, arena, 200);
    if (request->method == SIP_SUBSCRIBE)
        (void)contacts_subscribe(contacts, request, &caller, NOW, &reply, &out, NULL);
    else
        serve(contacts, request, &caller, &reply, &out);
    check_xml(reply.body);
    for (const struct outgoing *message = out.first; message; message = message->next)
        check_xml(message->request.body);
    check_list(contacts_of(contacts, ALICE));
    must(contacts_subscriptions(contacts) <= 2);
}

/* What is imported can be exported and imported again. */
static void exchange(struct slice text, struct arena *arena)
{
    scoped(buf) struct buf csv = BUF_INIT, json = BUF_INIT;
    struct contacts_list *list, *back;
    if (contacts_parse_csv(text, CONTACTS_HERE_MAX, arena, &list, NULL) < 0 &&
        contacts_parse_json(text, CONTACTS_HERE_MAX, arena, &list, NULL) < 0)
        return;
    check_list(list);
    contacts_print_csv(list, &csv);
    contacts_print_json(list, &json);
    must(contacts_parse_csv(buf_slice(&csv), CONTACTS_HERE_MAX, arena, &back, NULL) == 0);
    must(back->contact_count == list->contact_count && back->group_count == list->group_count);
    must(contacts_parse_json(buf_slice(&json), CONTACTS_HERE_MAX, arena, &back, NULL) == 0);
    must(back->contact_count == list->contact_count && back->group_count == list->group_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct contacts *contacts = contacts_new(&(struct contacts_options){
        .terms = {.shortest = 1000, .usual = 5000, .longest = 9000, .contact = "<sip:fe.test>"},
        .contacts_max = CONTACTS_HERE_MAX});
    scoped(arena) struct arena *start = arena_new();
    struct slice rest = slice_make(data, size);
    struct outgoing_list none;
    struct sip_framer framer;
    struct sip_frame frame;
    outgoing_init(&none, start);
    contacts_adopt(contacts, ALICE, 1, contacts_list_new(start), NOW, &none);
    exchange(rest, start);
    sip_framer_init(&framer, NULL);
    while (sip_frame(&framer, rest, &frame, NULL) == 0 && frame.kind != SIP_FRAME_MORE) {
        scoped(arena) struct arena *arena = arena_new();
        struct sip_message message;
        if (frame.kind == SIP_FRAME_MESSAGE && sip_parse(&message, frame.bytes, NULL) == 0 &&
            sip_is_request(&message))
            answer(contacts, &message, arena);
        rest = slice_from(rest, frame.len);
    }
    contacts_free(contacts);
    return 0;
}
