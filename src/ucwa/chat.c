/* What is asked of communication and its conversations. */
#include "base/encode.h"
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

/* ---- what is asked
 * ---------------------------------------------------------------------------------- */

static const struct phone_chat *chat_of(struct ask *ask)
{
    uint64_t id;
    if (slice_number(ask->part[2], INT64_MAX, &id) < 0)
        return NULL;
    return phone_chat(ask->app->phone, id);
}

/* A first message may come along, as the address it would have: data:text/plain,Hello (RFC 2397;
 * SendAnIM). False: there is one that cannot be read. */
static bool read_first(struct ask *ask, struct first *first)
{
    struct slice type, text, link;
    const json_t *message = ucwa_value(ucwa_value(ask->body, "_links"), "message");
    link = ucwa_member(message, "href");
    if (!message)
        return true;
    if (!slice_starts_nocase(link, SLICE("data:")) ||
        !slice_cut(slice_from(link, 5), ',', &type, &text))
        return false;
    bool packed = slice_ends_nocase(type, SLICE(";base64"));
    if (packed)
        type = slice_head(type, type.len - 7);
    first->html = http_media_type_is(type, "text/html");
    bool known = first->html || slice_empty(type) || http_media_type_is(type, "text/plain");
    if (!known || percent_parse(ask->arena, text, false, &text) < 0 ||
        (packed && base64_parse(ask->arena, text, &text) < 0))
        return false;
    first->text = arena_copy(ask->arena, text);
    return text.len <= PHONE_TEXT_MAX && slice_index(text, '\0') < 0;
}

static void answer_start(struct ask *ask)
{
    struct app *app = ask->app;
    struct slice to = ucwa_parameter(ask, "to"), subject = ucwa_parameter(ask, "subject");
    struct slice operation = ucwa_parameter(ask, "operationId");
    if (slice_starts_nocase(to, SLICE("sip:")))
        to = slice_from(to, 4);
    if (to.len < 3 || to.len > 254 || slice_index(to, '@') < 1 || subject.len > 250 ||
        operation.len > UCWA_WORD_MAX) {
        ucwa_refuse_parameter(ask, "to, subject or operationId");
        return;
    }
    struct first first = {0};
    if (!read_first(ask, &first)) {
        ucwa_refuse_parameter(ask, "the message is no data: URL of text/plain or text/html");
        return;
    }
    app->operation = arena_copy(ask->arena, operation);
    app->first = first;
    uint64_t tag = ++app->tags;
    uint64_t id = phone_invite(app->phone, tag, to, subject);
    app->operation = (struct slice){0};
    app->first = (struct first){0};
    if (id == 0) {
        struct fault fault;
        fault_set(&fault, ERR_CONFLICT, FINDING_UCWA_NO_CHAT, "to %.*s", SLICE_ARG(to));
        ucwa_refuse(app->ucwa, ask->later, 409, "Conflict", NULL, &fault);
        return;
    }
    http_reply_header(ask->later->reply, ask->arena, "Location", "%.*s" UCWA_INVITATION,
                      SLICE_ARG(app->base), (unsigned long long)id);
    ucwa_reply(ask, 201, NULL);
}

static void answer_invitation(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (chat)
        ucwa_reply(ask, 200, ucwa_invitation(ask->app, chat));
    else
        ucwa_not_found(ask);
}

/* accept and decline are links only while the invitation is open. */
static void settle_invitation(struct ask *ask,
                              void (*how)(struct phone *phone, uint64_t tag, uint64_t chat))
{
    const struct phone_chat *chat = chat_of(ask);
    if (!chat) {
        ucwa_not_found(ask);
    } else if (chat->state != PHONE_CHAT_INVITED) {
        ucwa_refuse(ask->app->ucwa, ask->later, 409, "Conflict", "InvalidState", NULL);
    } else {
        uint64_t id = chat->id;
        struct call *call = ucwa_wait(ask, 204);
        how(ask->app->phone, call->tag, id);
    }
}

static void answer_accept(struct ask *ask)
{
    settle_invitation(ask, phone_accept);
}

static void answer_decline(struct ask *ask)
{
    settle_invitation(ask, phone_decline);
}

static void answer_conversations(struct ask *ask)
{
    struct app *app = ask->app;
    const struct phone_chat *chat;
    json_t *list = json_array();
    for (uint64_t id = 0; (chat = phone_chat_after(app->phone, id)); id = chat->id)
        json_array_append_new(list, ucwa_conversation(app, chat));
    ucwa_reply(ask, 200,
               ucwa_resource(
                   "conversations", json_pack("{s:{s:o}}", "_embedded", "conversation", list),
                   json_pack("{s:o}", "self",
                             ucwa_link("%.*s/communication/conversations", SLICE_ARG(app->base)))));
}

static void answer_conversation(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (chat)
        ucwa_reply(ask, 200, ucwa_conversation(ask->app, chat));
    else
        ucwa_not_found(ask);
}

static void answer_messaging(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (chat)
        ucwa_reply(ask, 200, ucwa_messaging(ask->app, chat));
    else
        ucwa_not_found(ask);
}

static void answer_participant(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (chat && slice_eq_nocase(chat->peer, ask->part[4]))
        ucwa_reply(ask, 200, ucwa_participant(ask->app, chat));
    else
        ucwa_not_found(ask);
}

/* The chat, if it is connected; else the request is answered. */
static const struct phone_chat *connected_chat(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (chat && chat->state == PHONE_CHAT_CONNECTED)
        return chat;
    if (chat)
        ucwa_refuse(ask->app->ucwa, ask->later, 409, "Conflict", "InvalidState", NULL);
    else
        ucwa_not_found(ask);
    return NULL;
}

static void answer_send(struct ask *ask)
{
    struct slice type = http_header(ask->request, "Content-Type"), text = ask->request->body;
    bool html = http_media_type_is(type, "text/html");
    if (!html && !http_media_type_is(type, "text/plain")) {
        ucwa_refuse(ask->app->ucwa, ask->later, 415, "UnsupportedMediaType", NULL, NULL);
        return;
    }
    if (text.len == 0 || text.len > PHONE_TEXT_MAX) {
        ucwa_refuse_parameter(ask, "a message of %zu bytes", text.len);
        return;
    }
    const struct phone_chat *chat = connected_chat(ask);
    if (!chat)
        return;
    uint64_t id = chat->id;
    struct call *call = ucwa_wait(ask, 201);
    struct slice path =
        ucwa_path(ask->app, ask->arena, UCWA_CONVERSATION "/messaging/messages/%llu",
                  (unsigned long long)id, (unsigned long long)++ask->app->numbers);
    call->location = must_strdup(path.at);
    phone_say(ask->app->phone, call->tag, id, html ? SLICE("text/html") : SLICE("text/plain"),
              text);
}

static void answer_typing(struct ask *ask)
{
    const struct phone_chat *chat = connected_chat(ask);
    if (!chat)
        return;
    uint64_t id = chat->id;
    struct call *call = ucwa_wait(ask, 204);
    phone_type(ask->app->phone, call->tag, id);
}

static void answer_stop(struct ask *ask)
{
    const struct phone_chat *chat = chat_of(ask);
    if (!chat) {
        ucwa_not_found(ask);
        return;
    }
    uint64_t id = chat->id;
    struct call *call = ucwa_wait(ask, 204);
    phone_leave(ask->app->phone, call->tag, id);
}

const struct resource talk_resources[] = {
    {HTTP_POST, "communication/messagingInvitations", answer_start, RESOURCE_AVAILABLE},
    {HTTP_GET, "communication/messagingInvitations/*", answer_invitation, RESOURCE_AVAILABLE},
    {HTTP_POST, "communication/messagingInvitations/*/accept", answer_accept, RESOURCE_AVAILABLE},
    {HTTP_POST, "communication/messagingInvitations/*/decline", answer_decline, RESOURCE_AVAILABLE},
    {HTTP_GET, "communication/conversations", answer_conversations, 0},
    {HTTP_GET, "communication/conversations/*", answer_conversation, RESOURCE_AVAILABLE},
    {HTTP_GET, "communication/conversations/*/messaging", answer_messaging, RESOURCE_AVAILABLE},
    {HTTP_POST, "communication/conversations/*/messaging/messages", answer_send,
     RESOURCE_AVAILABLE | RESOURCE_RAW},
    {HTTP_POST, "communication/conversations/*/messaging/typing", answer_typing,
     RESOURCE_AVAILABLE},
    {HTTP_POST, "communication/conversations/*/messaging/terminate", answer_stop,
     RESOURCE_AVAILABLE},
    {HTTP_GET, "communication/conversations/*/participants/*", answer_participant,
     RESOURCE_AVAILABLE},
};
const size_t talk_resource_count = sizeof talk_resources / sizeof *talk_resources;
