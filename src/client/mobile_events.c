/* What the mobility service tells a phone that is signed in: contacts, and polls. */
#include "client/mobile_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- people ---------------------------------------------------------------------------- */

static const char *text(struct arena *arena, struct slice s)
{
    return arena_string(arena, s);
}

static const struct lychgate_presence *presence_of(struct arena *arena,
                                                   const struct phone_person *p)
{
    static const struct phone_person nobody = {.availability = -1};
    struct lychgate_presence *out = arena_new_of(arena, struct lychgate_presence);
    p = p ? p : &nobody;
    *out = (struct lychgate_presence){
        .address = text(arena, p->address),
        .name = text(arena, p->name),
        .state = lychgate_state_word(p->availability),
        .availability = p->availability,
        .activity = text(arena, p->activity),
        .note = text(arena, p->note),
        .out_of_office = p->out_of_office,
        .device = text(arena, p->device),
        .title = text(arena, p->title),
        .company = text(arena, p->company),
        .department = text(arena, p->department),
        .office = text(arena, p->office),
        .email = text(arena, p->email),
        .phone = text(arena, p->phone),
        .last_active = p->last_active,
        .refused = p->refused,
    };
    return out;
}

/* Never without one: who is in none is in "~". */
static const char *const *groups_of(struct arena *arena, uint64_t bits,
                                    const struct phone_group *groups, size_t count)
{
    const char **names = arena_array(arena, const char *, count + 2);
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (groups[i].id >= 1 && groups[i].id <= 64 && (bits >> (groups[i].id - 1) & 1))
            names[found++] = text(arena, groups[i].name);
    if (found == 0)
        names[found] = "~";
    return names;
}

static void keep_contacts(struct mobile *mobile, const struct mcx_response *response)
{
    size_t count = response->contacts.contact_count;
    struct arena *arena = mobile->told;
    mobile->contacts = arena_array(arena, struct lychgate_contact, count + 1);
    mobile->contact_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct mcx_contact *from = &response->contacts.contacts[i];
        mobile->contacts[i] = (struct lychgate_contact){
            .address = text(arena, from->entry.address),
            .alias = text(arena, from->entry.alias),
            .groups = groups_of(arena, from->entry.groups, response->contacts.groups,
                                response->contacts.group_count),
            .subscribed = true,
            .presence = presence_of(arena, from->person),
        };
    }
}

static size_t count_cards(const struct mobile *mobile)
{
    size_t count = 0;
    for (size_t i = 0; i < mobile->contact_count; i++)
        count += mobile->contacts[i].presence->name[0] != '\0';
    return count;
}

int mobile_read_contacts(struct lychgate *gate, const char *step, struct fault *fault)
{
    struct mobile *mobile = gate->mobile;
    struct mcx_response response;
    struct arena *fresh = arena_new();
    struct mcx_request request = {.operation = MCX_GET_CONTACTS};
    const struct mobile_call call = {step, &request, fresh, 0, false};
    int err = mobile_call(gate, &call, &response, fault);
    if (err) {
        arena_free(fresh);
        return err;
    }
    arena_free(mobile->told);
    mobile->told = fresh;
    keep_contacts(mobile, &response);
    if (step)
        report_good(&gate->report, "200, %zu contacts in %zu groups, %zu contact cards",
                    mobile->contact_count, response.contacts.group_count, count_cards(mobile));
    return 0;
}

/* ---- chats ------------------------------------------------------------------------------- */

const struct mobile_chat *mobile_chat_with(const struct mobile *mobile, struct slice address)
{
    for (size_t i = 0; i < mobile->chat_count; i++)
        if (slice_eq_nocase(mobile->chats[i].peer, address))
            return &mobile->chats[i];
    return NULL;
}

static struct mobile_chat *chat_of(struct lychgate *gate, const struct phone_chat *told)
{
    struct mobile *mobile = gate->mobile;
    for (size_t i = 0; i < mobile->chat_count; i++)
        if (mobile->chats[i].id == (int64_t)told->id)
            return &mobile->chats[i];
    if (mobile->chat_count == MOBILE_CHATS_MAX)
        return NULL;
    mobile->chats[mobile->chat_count] =
        (struct mobile_chat){.id = (int64_t)told->id, .peer = arena_copy(gate->arena, told->peer)};
    return &mobile->chats[mobile->chat_count++];
}

static int answer_invitation(struct lychgate *gate, int64_t id, struct fault *fault)
{
    struct mcx_response response;
    struct mcx_request request = {.operation = gate->mobile->with.message
                                                   ? MCX_ACCEPT_CONVERSATION
                                                   : MCX_DECLINE_CONVERSATION,
                                  .talk = {.conversation = id}};
    scoped(arena) struct arena *arena = arena_new();
    const struct mobile_call call = {NULL, &request, arena, 0, false};
    int err = mobile_call(gate, &call, &response, fault);
    /* It may have ended in the meantime: news of that are on their way. */
    return err == -ERR_DENIED && fault->finding == FINDING_MOBILITY_CHAT_UNKNOWN ? 0 : err;
}

static int take_chat(struct lychgate *gate, const struct phone_chat *told, struct fault *fault)
{
    struct mobile *mobile = gate->mobile;
    struct mobile_chat *chat = chat_of(gate, told);
    if (!chat)
        return 0;
    bool fresh = chat->state != told->state || told->state == PHONE_CHAT_INVITED;
    chat->state = told->state;
    if (told->state == PHONE_CHAT_ENDED)
        *chat = mobile->chats[--mobile->chat_count];
    else if (told->state == PHONE_CHAT_INVITED && fresh)
        return answer_invitation(gate, (int64_t)told->id, fault);
    return 0;
}

/* ---- polls --------------------------------------------------------------------------------- */

/* 1: told to somebody; 0; negative. */
static int take_event(struct lychgate *gate, const struct mcx_event *event, struct arena *arena,
                      struct fault *fault)
{
    const struct lychgate_mobile_options *with = &gate->mobile->with;
    int err;
    switch (event->kind) {
    case MCX_EVENT_CONTACTS:
        if ((err = mobile_read_contacts(gate, NULL, fault)))
            return err;
        if (with->contacts)
            with->contacts(with->arg);
        return with->contacts != NULL;
    case MCX_EVENT_PERSON:
    case MCX_EVENT_SELF:
        if (with->presence && event->person)
            with->presence(with->arg, presence_of(arena, event->person));
        return with->presence && event->person;
    case MCX_EVENT_CONVERSATION:
        return event->chat ? take_chat(gate, event->chat, fault) : 0;
    case MCX_EVENT_MESSAGE:
        if (with->message && event->chat)
            with->message(with->arg, &(struct lychgate_message){text(arena, event->chat->peer),
                                                                text(arena, event->text),
                                                                text(arena, event->type)});
        return with->message && event->chat;
    default:
        return 0;
    }
}

static int take_events(struct lychgate *gate, const struct mcx_response *response,
                       struct arena *arena, struct fault *fault)
{
    bool told = false;
    if (response->poll.lost) {
        int err = mobile_read_contacts(gate, NULL, fault);
        if (err)
            return err;
    }
    for (size_t i = 0; i < response->poll.event_count; i++) {
        int result = take_event(gate, &response->poll.events[i], arena, fault);
        if (result < 0)
            return result;
        told |= result > 0;
    }
    return told;
}

int mobile_poll(struct lychgate *gate, const char *step, int seconds, struct fault *fault)
{
    struct mcx_response response;
    scoped(arena) struct arena *arena = arena_new();
    struct mcx_request request = {.operation = MCX_POLL,
                                  .poll = {.ack = gate->mobile->ack, .seconds = seconds}};
    const struct mobile_call call = {step, &request, arena, 1000 * seconds, true};
    int err = mobile_call(gate, &call, &response, fault);
    if (err)
        return err;
    gate->mobile->ack = response.poll.next;
    if (step)
        report_good(&gate->report, "200, pull: must poll within %lld s, %zu events",
                    (long long)gate->mobile->summary.lifetime_s, response.poll.event_count);
    return take_events(gate, &response, arena, fault);
}
