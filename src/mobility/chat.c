/* Conversations (session.md section 6): INVITE, ACK, then MESSAGEs until BYE, in both
 * roles. An invitation waits for the face's word; text that travels in it (ms-text-format)
 * is not taken: who sent it sends it again when the 200 does not say that it was shown. */
#include "mobility/phone_priv.h"

#include "sip/multipart.h"
#include "sip/reply.h"

#include <stdlib.h>

#define TYPE_TYPING "application/xml"

/* ---- keeping them ------------------------------------------------------------------------------
 */

static void free_chat(struct chat *chat)
{
    phone_leg_end(&chat->leg);
    arena_free(chat->arena);
}

void phone_drop_chat(struct phone *phone, struct chat *chat)
{
    struct chat **at = &phone->chats;
    while (*at != chat)
        at = &(*at)->next;
    *at = chat->next;
    free_chat(chat);
}

struct chat *phone_add_chat(struct phone *phone, struct slice peer, bool incoming)
{
    struct arena *arena = arena_new();
    struct chat *chat = arena_new_of(arena, struct chat), **at = &phone->chats;
    chat->arena = arena;
    chat->shown = (struct phone_chat){
        .id = ++phone->chat_number,
        .state = incoming ? PHONE_CHAT_INVITED : PHONE_CHAT_CONNECTING,
        .incoming = incoming,
        .peer = arena_copy(arena, peer),
        .peer_name = SLICE(""),
        .subject = SLICE(""),
        .conversation = SLICE(""),
    };
    while (*at)
        at = &(*at)->next;
    *at = chat;
    return chat;
}

size_t phone_count_chats(const struct phone *phone)
{
    size_t count = 0;
    for (const struct chat *chat = phone->chats; chat; chat = chat->next)
        count++;
    return count;
}

/* Those that have ended stay only for an answer that is still to come. */
struct chat *phone_find_chat(const struct phone *phone, uint64_t id)
{
    for (struct chat *chat = phone->chats; chat; chat = chat->next)
        if (chat->shown.id == id)
            return chat;
    return NULL;
}

const struct phone_chat *phone_chat(const struct phone *phone, uint64_t id)
{
    const struct chat *chat = phone_find_chat(phone, id);
    return chat && chat->shown.state != PHONE_CHAT_ENDED ? &chat->shown : NULL;
}

const struct phone_chat *phone_chat_after(const struct phone *phone, uint64_t id)
{
    for (const struct chat *chat = phone->chats; chat; chat = chat->next)
        if (chat->shown.id > id && chat->shown.state != PHONE_CHAT_ENDED)
            return &chat->shown;
    return NULL;
}

void phone_tell_chat(struct phone *phone, struct chat *chat, enum phone_chat_state state,
                     const struct fault *fault)
{
    chat->shown.state = state;
    phone_tell(phone,
               &(struct phone_news){.kind = PHONE_CHAT, .chat = &chat->shown, .fault = fault});
}

/* The chat that a call is about, in a state that fits; else the call is answered. */
static struct chat *chat_of(struct phone *phone, uint64_t tag, uint64_t id,
                            enum phone_chat_state least, enum phone_chat_state most)
{
    struct fault fault;
    if (!phone_ready(phone, tag))
        return NULL;
    struct chat *chat = phone_find_chat(phone, id);
    if (chat && chat->shown.state >= least && chat->shown.state <= most)
        return chat;
    phone_fault(&fault, ERR_UNKNOWN, FINDING_MOBILITY_CHAT_UNKNOWN, "no such conversation now");
    phone_done(phone, tag, &fault);
    return NULL;
}

static void ignore_answer(struct phone *phone, const struct ask *ask,
                          const struct sip_message *answer)
{
    (void)phone;
    (void)ask;
    (void)answer;
}

void phone_say_bye(struct phone *phone, struct chat *chat)
{
    scoped(arena) struct arena *arena = arena_new();
    struct fault ignored;
    struct sip_request request = phone_leg_request(phone, &chat->leg, arena, SIP_BYE);
    phone_talk_ask(phone, &request, &(struct ask){.fn = ignore_answer}, 0, &ignored);
}

/* [MS-SDP] section 3.1.5.3. Nobody connects to it: messages go the way of the INVITE. */
struct slice phone_print_sdp(const struct phone *phone, struct arena *arena)
{
    struct slice pool = phone->world.pool;
    return arena_print(arena,
                       "v=0\r\no=- 0 0 IN IP4 %.*s\r\ns=session\r\nc=IN IP4 %.*s\r\nt=0 0\r\n"
                       "m=message 5060 sip %.*s\r\na=accept-types:text/plain text/html\r\n",
                       SLICE_ARG(pool), SLICE_ARG(pool), SLICE_ARG(phone->uri));
}

/* ---- being called ------------------------------------------------------------------------------
 */

static const struct sip_message *offer_of(const struct chat *chat, struct arena *arena)
{
    struct sip_message *invite = arena_new_of(arena, struct sip_message);
    struct fault odd; /* it was parsed before */
    return sip_parse(invite, chat->offer, &odd) < 0 ? NULL : invite;
}

static void reply_invite(struct phone *phone, struct chat *chat, int status)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct sip_message *invite = offer_of(chat, arena);
    struct sip_reply reply;
    if (!invite)
        return;
    sip_reply_init(&reply, arena, status);
    reply.to_tag = chat->to_tag;
    if (status > 100 && status < 300) {
        for (const struct sip_header *h = sip_header(invite, SIP_HEADER_RECORD_ROUTE); h;
             h = sip_header_next(invite, h))
            sip_reply_header(&reply, "Record-Route", "%.*s", SLICE_ARG(h->value));
        sip_reply_header(&reply, "Contact", "%.*s", SLICE_ARG(phone_talk_contact(phone, arena)));
        sip_reply_header(&reply, "Allow", PHONE_ALLOW);
    }
    if (status == 200)
        sip_reply_body(&reply, SLICE(PHONE_TYPE_SDP), phone_print_sdp(phone, arena));
    phone_talk_reply(phone, invite, &reply);
}

/* It still rings: else proxies on the way give up after three minutes without a word. */
static void ring(struct phone *phone, struct chat *chat, int64_t now)
{
    chat->ring_at = now + PHONE_RING_MS;
    reply_invite(phone, chat, 180);
}

void phone_refuse_late(struct phone *phone, struct chat *chat, const struct push_outcome *outcome)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct sip_message *invite = offer_of(chat, arena);
    struct sip_reply reply;
    struct fault fault;
    phone_fault(&fault, ERR_EXPIRED, FINDING_IM_TIMEOUT, "the device has not answered");
    sip_reply_init(&reply, arena, 408);
    if (outcome)
        push_wake_answer(outcome, phone->world.pool, &reply);
    else if (chat->woken)
        push_wake_late(phone->world.pool, &reply);
    reply.to_tag = chat->to_tag;
    if (invite)
        phone_talk_reply(phone, invite, &reply);
    phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, outcome ? &outcome->fault : &fault);
    if (!outcome)
        phone_sleep_missed(phone, chat);
    phone_drop_chat(phone, chat);
}

static void keep_invite(struct phone *phone, struct chat *chat, const struct sip_message *request)
{
    struct arena *arena = chat->arena;
    const struct sip_header *subject = sip_header_named(request, SLICE("Subject"), NULL);
    const struct sip_header *talk = sip_header_named(request, SLICE("Ms-Conversation-ID"), NULL);
    chat->offer = arena_copy(arena, request->bytes);
    chat->to_tag = slice_absent(request->to.epid)
                       ? arena_print(arena, "%.*s;epid=%.*s", SLICE_ARG(chat->leg.local_tag),
                                     SLICE_ARG(phone->epid))
                       : arena_copy(arena, chat->leg.local_tag);
    chat->until = phone_now(phone) + PHONE_ANSWER_MS;
    if (!slice_empty(request->from.display))
        chat->shown.peer_name = arena_copy(arena, request->from.display);
    if (subject)
        chat->shown.subject = arena_copy(arena, slice_head(subject->value, CONTACTS_NAME_MAX));
    if (talk)
        chat->shown.conversation = arena_copy(arena, slice_head(talk->value, CONTACTS_NAME_MAX));
}

static void invited(struct phone *phone, const struct sip_message *request)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice account;
    struct leg leg;
    struct fault odd;
    if (slice_find(request->body, SLICE("m=message")) < 0 &&
        slice_find(request->body, SLICE("m=x-ms-message")) < 0) {
        phone_talk_answer(phone, request, 488);
    } else if (phone_count_chats(phone) >= PHONE_CHATS_MAX) {
        phone_talk_answer(phone, request, 486);
    } else if (sip_uri_aor(arena, &request->from.uri, &account, &odd) < 0 ||
               phone_leg_accept(phone, &leg, request) < 0) {
        phone_talk_answer(phone, request, 400);
    } else {
        struct chat *chat = phone_add_chat(phone, slice_from(account, 4), true);
        chat->leg = leg;
        keep_invite(phone, chat, request);
        ring(phone, chat, phone_now(phone));
        phone_tell_chat(phone, chat, PHONE_CHAT_INVITED, NULL);
        phone_sleep_untold(phone, chat);
    }
}

/* im/answer.c's words, which are Lync's. */
static bool answered_elsewhere(const struct sip_message *cancel)
{
    const struct sip_header *reason = sip_header_named(cancel, SLICE("Reason"), NULL);
    return reason && slice_find(reason->value, SLICE("cause=200")) >= 0;
}

/* The server or the caller takes it back. */
static void cancelled(struct phone *phone, const struct sip_message *request)
{
    struct chat *chat = phone->chats;
    while (chat && !(chat->shown.state == PHONE_CHAT_INVITED &&
                     slice_eq(chat->leg.call_id, request->call_id)))
        chat = chat->next;
    phone_talk_answer(phone, request, chat ? 200 : 481);
    if (!chat)
        return;
    reply_invite(phone, chat, 487);
    phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, NULL);
    if (!answered_elsewhere(request))
        phone_sleep_missed(phone, chat);
    phone_drop_chat(phone, chat);
}

void phone_accept(struct phone *phone, uint64_t tag, uint64_t id)
{
    struct chat *chat = chat_of(phone, tag, id, PHONE_CHAT_INVITED, PHONE_CHAT_INVITED);
    if (!chat)
        return;
    reply_invite(phone, chat, 200);
    chat->untold = false;
    phone_tell_chat(phone, chat, PHONE_CHAT_CONNECTED, NULL);
    phone_done(phone, tag, NULL);
}

void phone_decline(struct phone *phone, uint64_t tag, uint64_t id)
{
    struct chat *chat = chat_of(phone, tag, id, PHONE_CHAT_INVITED, PHONE_CHAT_INVITED);
    if (!chat)
        return;
    reply_invite(phone, chat, 603);
    phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, NULL);
    phone_drop_chat(phone, chat);
    phone_done(phone, tag, NULL);
}

/* ---- in the conversation
 * ------------------------------------------------------------------------- */

static void tell_typing(struct phone *phone, const struct chat *chat, bool typing)
{
    phone_tell(phone,
               &(struct phone_news){.kind = PHONE_TYPING, .chat = &chat->shown, .typing = typing});
}

static void take_text(struct phone *phone, struct chat *chat, const struct sip_message *request)
{
    struct slice type, all = sip_value(request, SIP_HEADER_CONTENT_TYPE);
    struct slice text = sip_find_text(all, request->body, &type);
    if (slice_starts_nocase(all, SLICE("application/im-iscomposing+xml"))) {
        phone_talk_answer(phone, request, 200);
        tell_typing(phone, chat, slice_find(request->body, SLICE(">active<")) >= 0);
    } else if (slice_absent(text)) {
        phone_talk_answer(phone, request, 415);
    } else {
        phone_talk_answer(phone, request, 200);
        phone_tell(phone,
                   &(struct phone_news){
                       .kind = PHONE_MESSAGE, .chat = &chat->shown, .text = text, .type = type});
        phone_sleep_untold(phone, chat);
    }
}

/* [MS-SIP] section 2.2.1: <KeyboardActivity><status status="type"/></KeyboardActivity>. */
static void take_info(struct phone *phone, const struct chat *chat,
                      const struct sip_message *request)
{
    phone_talk_answer(phone, request, 200);
    if (slice_find(request->body, SLICE("<KeyboardActivity")) >= 0)
        tell_typing(phone, chat, slice_find(request->body, SLICE("\"type\"")) >= 0);
}

static bool in_chat(struct phone *phone, struct chat *chat, const struct sip_message *request)
{
    switch (request->method) {
    case SIP_ACK:
        return true;
    case SIP_INVITE: /* it may have moved; nothing of ours changes */
        chat->offer = arena_copy(chat->arena, request->bytes);
        reply_invite(phone, chat, 200);
        return true;
    case SIP_MESSAGE:
        take_text(phone, chat, request);
        return true;
    case SIP_INFO:
        take_info(phone, chat, request);
        return true;
    case SIP_BYE:
        phone_talk_answer(phone, request, 200);
        phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, NULL);
        phone_drop_chat(phone, chat);
        return true;
    default:
        return false;
    }
}

bool phone_chat_request(struct phone *phone, const struct sip_message *request)
{
    if (request->method == SIP_CANCEL) {
        cancelled(phone, request);
        return true;
    }
    for (struct chat *chat = phone->chats; chat; chat = chat->next)
        if (chat->shown.state == PHONE_CHAT_CONNECTED && phone_leg_is_of(&chat->leg, request))
            return in_chat(phone, chat, request);
    if (request->method == SIP_INVITE && slice_absent(request->to.tag)) {
        invited(phone, request);
        return true;
    }
    return request->method == SIP_ACK;
}

/* 480 and 481 to what was said mean that the conversation is no more. */
static void said(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    struct chat *chat = phone_find_chat(phone, ask->chat);
    struct fault fault;
    bool good = answer && answer->status < 300;
    if (!good)
        phone_talk_refusal(answer, &fault);
    if (ask->has_tag)
        phone_done(phone, ask->tag, good ? NULL : &fault);
    if (chat && answer && (answer->status == 480 || answer->status == 481)) {
        phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, &fault);
        phone_drop_chat(phone, chat);
    }
}

static void send_in(struct phone *phone, struct chat *chat, enum sip_method method,
                    struct slice type, struct slice body, const struct ask *ask)
{
    scoped(arena) struct arena *arena = arena_new();
    struct fault fault;
    struct sip_request request = phone_leg_request(phone, &chat->leg, arena, method);
    request.content_type = type;
    request.body = body;
    if (phone_talk_ask(phone, &request, ask, 0, &fault) < 0 && ask->has_tag)
        phone_done(phone, ask->tag, &fault);
}

void phone_say(struct phone *phone, uint64_t tag, uint64_t id, struct slice type, struct slice text)
{
    struct chat *chat = chat_of(phone, tag, id, PHONE_CHAT_CONNECTED, PHONE_CHAT_CONNECTED);
    struct fault fault;
    bool html = slice_eq_nocase(type, SLICE("text/html"));
    if (!chat)
        return;
    if (slice_empty(text) || text.len > PHONE_TEXT_MAX ||
        (!html && !slice_eq_nocase(type, SLICE("text/plain")))) {
        phone_fault(&fault, ERR_MALFORMED, FINDING_MOBILITY_INVALID, "no text, or too long");
        phone_done(phone, tag, &fault);
        return;
    }
    send_in(phone, chat, SIP_MESSAGE,
            html ? SLICE("text/html; charset=UTF-8") : SLICE("text/plain; charset=UTF-8"), text,
            &(struct ask){.fn = said, .tag = tag, .has_tag = true, .chat = id});
}

void phone_type(struct phone *phone, uint64_t tag, uint64_t id)
{
    struct chat *chat = chat_of(phone, tag, id, PHONE_CHAT_CONNECTED, PHONE_CHAT_CONNECTED);
    if (!chat)
        return;
    send_in(phone, chat, SIP_INFO, SLICE(TYPE_TYPING),
            SLICE("<?xml version=\"1.0\"?><KeyboardActivity><status status=\"type\"/>"
                  "</KeyboardActivity>"),
            &(struct ask){.fn = said, .chat = id});
    phone_done(phone, tag, NULL);
}

static void leave(struct phone *phone, struct chat *chat, bool tell)
{
    enum phone_chat_state was = chat->shown.state;
    if (was == PHONE_CHAT_INVITED)
        reply_invite(phone, chat, 603);
    else if (was == PHONE_CHAT_CONNECTING)
        phone_end_transaction(phone, chat, SIP_CANCEL, chat->invite.to);
    else if (was == PHONE_CHAT_CONNECTED)
        phone_say_bye(phone, chat);
    if (tell)
        phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, NULL);
    if (was != PHONE_CHAT_CONNECTING) /* the answer is still to come */
        phone_drop_chat(phone, chat);
}

void phone_leave(struct phone *phone, uint64_t tag, uint64_t id)
{
    struct chat *chat = chat_of(phone, tag, id, PHONE_CHAT_INVITED, PHONE_CHAT_CONNECTED);
    if (!chat)
        return;
    leave(phone, chat, true);
    phone_done(phone, tag, NULL);
}

/* ---- time, and the end
 * --------------------------------------------------------------------------- */

int64_t phone_chat_tick(struct phone *phone, int64_t now)
{
    int64_t next = INT64_MAX;
    for (struct chat *chat = phone->chats, *after; chat; chat = after) {
        after = chat->next;
        if (chat->shown.state != PHONE_CHAT_INVITED)
            continue;
        if (now >= chat->until) {
            phone_refuse_late(phone, chat, NULL);
            continue;
        }
        if (now >= chat->ring_at)
            ring(phone, chat, now);
        int64_t due = chat->ring_at < chat->until ? chat->ring_at : chat->until;
        next = due < next ? due : next;
    }
    return next;
}

void phone_chat_end_all(struct phone *phone, bool bye)
{
    for (struct chat *chat = phone->chats, *after; chat; chat = after) {
        after = chat->next;
        if (bye) {
            leave(phone, chat, true);
            continue;
        }
        if (chat->shown.state != PHONE_CHAT_ENDED)
            phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, NULL);
        phone_drop_chat(phone, chat);
    }
}
