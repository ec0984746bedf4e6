/* Conversations that the phone begins: INVITE, and what comes of it. */
#include "mobility/phone_priv.h"

/* What ended without a dialog is acknowledged, or taken back, as a part of its transaction:
 * same branch, same number (RFC 3261 sections 9.1, 17.1.1.3). */
void phone_end_transaction(struct phone *phone, const struct chat *chat, enum sip_method method,
                           struct slice to)
{
    struct sip_request request = chat->invite;
    request.method = method;
    request.to = to;
    request.headers = (struct sip_lines){0};
    request.content_type = request.body = (struct slice){0};
    phone_talk_tell(phone, &request);
}

/* A 2xx is acknowledged in the dialog, with the number of the INVITE. */
static void acknowledge(struct phone *phone, struct chat *chat)
{
    scoped(arena) struct arena *arena = arena_new();
    chat->leg.cseq--;
    struct sip_request request = phone_leg_request(phone, &chat->leg, arena, SIP_ACK);
    phone_talk_tell(phone, &request);
}

/* The face left before the peer has answered; its call is answered all the same. */
static void say_cancelled(struct phone *phone, const struct ask *ask)
{
    struct fault fault;
    phone_fault(&fault, ERR_CONFLICT, FINDING_IM_CANCELLED, "the conversation was left");
    phone_done(phone, ask->tag, &fault);
}

static void invited_answer(struct phone *phone, const struct ask *ask,
                           const struct sip_message *answer)
{
    struct chat *chat = phone_find_chat(phone, ask->chat);
    struct fault fault;
    if (!chat) { /* all is over */
        say_cancelled(phone, ask);
        return;
    }
    bool wanted = chat->shown.state == PHONE_CHAT_CONNECTING;
    bool good = answer && answer->status < 300 && phone_leg_confirm(&chat->leg, answer) == 0;
    if (good) {
        acknowledge(phone, chat);
    } else if (answer && answer->status > 299) {
        phone_end_transaction(phone, chat, SIP_ACK, answer->to.text);
    } else if (!answer && wanted) {
        phone_end_transaction(phone, chat, SIP_CANCEL, chat->invite.to);
    }
    if (good && wanted) {
        phone_tell_chat(phone, chat, PHONE_CHAT_CONNECTED, NULL);
        phone_done(phone, ask->tag, NULL);
        return;
    }
    if (good)
        phone_say_bye(phone, chat);
    if (wanted) {
        phone_talk_refusal(answer, &fault);
        if (!answer)
            phone_fault(&fault, ERR_IO, FINDING_IM_TIMEOUT, "nobody has answered");
        phone_tell_chat(phone, chat, PHONE_CHAT_ENDED, &fault);
        phone_done(phone, ask->tag, &fault);
    } else {
        say_cancelled(phone, ask);
    }
    phone_drop_chat(phone, chat);
}

static struct chat *call(struct phone *phone, uint64_t tag, struct slice peer, struct slice subject,
                         struct fault *fault)
{
    struct chat *chat = phone_add_chat(phone, peer, false);
    struct arena *arena = chat->arena;
    phone_leg_begin(phone, &chat->leg, arena_print(arena, "sip:%.*s", SLICE_ARG(peer)));
    struct sip_request request = phone_leg_request(phone, &chat->leg, arena, SIP_INVITE);
    sip_request_header(&request, "Contact", "%.*s", SLICE_ARG(phone_talk_contact(phone, arena)));
    sip_request_header(&request, "Supported", "ms-sender");
    sip_request_header(&request, "Allow", PHONE_ALLOW);
    if (!slice_empty(subject)) {
        chat->shown.subject = arena_copy(arena, subject);
        sip_request_header(&request, "Subject", "%.*s", SLICE_ARG(subject));
    }
    request.content_type = SLICE(PHONE_TYPE_SDP);
    request.body = phone_print_sdp(phone, arena);
    chat->invite = request;
    struct ask ask = {.fn = invited_answer, .tag = tag, .chat = chat->shown.id};
    if (phone_talk_ask(phone, &request, &ask, PHONE_ANSWER_MS, fault) == 0)
        return chat;
    phone_drop_chat(phone, chat);
    return NULL;
}

uint64_t phone_invite(struct phone *phone, uint64_t tag, struct slice address, struct slice subject)
{
    scoped(arena) struct arena *arena = arena_new();
    struct fault fault;
    struct slice peer;
    struct chat *chat = NULL;
    if (!phone_ready(phone, tag))
        return 0;
    int err = phone_address(arena, address, &peer, &fault);
    if (err == 0 &&
        (phone_count_chats(phone) >= PHONE_CHATS_MAX || subject.len > CONTACTS_NAME_MAX))
        err = phone_fault(&fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "conversations");
    if (err == 0)
        chat = call(phone, tag, peer, subject, &fault);
    if (!chat) {
        phone_done(phone, tag, &fault);
        return 0;
    }
    phone_tell_chat(phone, chat, PHONE_CHAT_CONNECTING, NULL);
    return chat->shown.id;
}
