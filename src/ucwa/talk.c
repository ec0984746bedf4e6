/* communication: invitations, conversations, messages (mobility.md 2.6; SendAnIM and
 * ReceiveAnIM of the manual). A chat of the phone is one conversation with one
 * messagingInvitation and one messaging, all under the chat's number. */
#include "base/encode.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

static unsigned long long number_of(const struct phone_chat *chat)
{
    return chat->id;
}

static json_t *chat_link(const struct app *app, const struct phone_chat *chat, const char *tail)
{
    return ucwa_link("%.*s" UCWA_CONVERSATION "%s", SLICE_ARG(app->base), number_of(chat), tail);
}

/* ---- resources of a chat ------------------------------------------------------------------------
 */

static struct talk *find_talk(struct app *app, uint64_t chat)
{
    struct talk *talk;
    LIST_FOREACH(talk, &app->talks, next)
    if (talk->chat == chat)
        return talk;
    return NULL;
}

void ucwa_talk_free(struct talk *talk)
{
    LIST_REMOVE(talk, next);
    free(talk->operation);
    free(talk->first);
    free(talk);
}

static const char *state_word(const struct phone_chat *chat, bool conversation)
{
    switch (chat->state) {
    case PHONE_CHAT_INVITED:
        return conversation ? "Incoming" : "Connecting";
    case PHONE_CHAT_CONNECTING:
        return "Connecting";
    case PHONE_CHAT_CONNECTED:
        return "Connected";
    case PHONE_CHAT_ENDED:
        break;
    }
    return "Disconnected";
}

json_t *ucwa_conversation(const struct app *app, const struct phone_chat *chat)
{
    json_t *modalities = json_array();
    if (chat->state == PHONE_CHAT_CONNECTED || chat->state == PHONE_CHAT_INVITED)
        json_array_append_new(modalities, json_string("Messaging"));
    return ucwa_resource("conversation",
                         json_pack("{s:s,s:o,s:o,s:o,s:s,s:b}", "state", state_word(chat, true),
                                   "threadId", ucwa_text(chat->conversation), "subject",
                                   ucwa_text(chat->subject), "activeModalities", modalities,
                                   "importance", "Normal", "recording", 0),
                         json_pack("{s:o,s:o}", "self", chat_link(app, chat, ""), "messaging",
                                   chat_link(app, chat, "/messaging")));
}

json_t *ucwa_messaging(const struct app *app, const struct phone_chat *chat)
{
    json_t *links = json_pack("{s:o,s:o}", "self", chat_link(app, chat, "/messaging"),
                              "conversation", chat_link(app, chat, ""));
    json_t *out = json_pack("{s:s}", "state", state_word(chat, false));
    if (chat->state != PHONE_CHAT_ENDED)
        json_object_set_new(links, "stopMessaging", chat_link(app, chat, "/messaging/terminate"));
    if (chat->state == PHONE_CHAT_CONNECTED) {
        json_object_set_new(links, "sendMessage", chat_link(app, chat, "/messaging/messages"));
        json_object_set_new(links, "setIsTyping", chat_link(app, chat, "/messaging/typing"));
        json_object_set_new(out, "negotiatedMessageFormats", json_pack("[s,s]", "Plain", "Html"));
    }
    return ucwa_resource("messaging", out, links);
}

static json_t *peer_link(const struct app *app, const struct phone_chat *chat)
{
    json_t *link = ucwa_link("%.*s" UCWA_CONVERSATION "/participants/%.*s", SLICE_ARG(app->base),
                             number_of(chat), SLICE_ARG(chat->peer));
    json_object_set_new(link, "title", ucwa_text(chat->peer_name));
    return link;
}

json_t *ucwa_participant(const struct app *app, const struct phone_chat *chat)
{
    json_t *links = json_pack(
        "{s:o,s:o,s:o,s:o}", "self", peer_link(app, chat), "conversation", chat_link(app, chat, ""),
        "contact", ucwa_link("%.*s/people/%.*s", SLICE_ARG(app->base), SLICE_ARG(chat->peer)),
        "contactPresence",
        ucwa_link("%.*s/people/%.*s/presence", SLICE_ARG(app->base), SLICE_ARG(chat->peer)));
    return ucwa_resource("participant",
                         json_pack("{s:s,s:b,s:o,s:o}", "sourceNetwork", "SameEnterprise",
                                   "anonymous", 0, "name", ucwa_text(chat->peer_name), "uri",
                                   json_sprintf("sip:%.*s", SLICE_ARG(chat->peer))),
                         links);
}

json_t *ucwa_invitation(struct app *app, const struct phone_chat *chat)
{
    const struct talk *talk = find_talk(app, chat->id);
    json_t *links = json_pack(
        "{s:o,s:o,s:o}", "self",
        ucwa_link("%.*s" UCWA_INVITATION, SLICE_ARG(app->base), number_of(chat)), "conversation",
        chat_link(app, chat, ""), "messaging", chat_link(app, chat, "/messaging"));
    json_t *out =
        json_pack("{s:s,s:s,s:s,s:o,s:o}", "direction", chat->incoming ? "Incoming" : "Outgoing",
                  "importance", "Normal", "state", state_word(chat, false), "threadId",
                  ucwa_text(chat->conversation), "subject", ucwa_text(chat->subject));
    struct slice other = chat->incoming ? app->account : chat->peer;
    json_object_set_new(links, "to",
                        ucwa_link("%.*s/people/%.*s", SLICE_ARG(app->base), SLICE_ARG(other)));
    if (talk && *talk->operation)
        json_object_set_new(out, "operationId", json_string(talk->operation));
    if (chat->incoming)
        json_object_set_new(out, "_embedded",
                            json_pack("{s:o}", "from", ucwa_participant(app, chat)));
    if (chat->state == PHONE_CHAT_INVITED) {
        json_object_set_new(
            links, "accept",
            ucwa_link("%.*s" UCWA_INVITATION "/accept", SLICE_ARG(app->base), number_of(chat)));
        json_object_set_new(
            links, "decline",
            ucwa_link("%.*s" UCWA_INVITATION "/decline", SLICE_ARG(app->base), number_of(chat)));
    } else if (chat->state == PHONE_CHAT_CONNECTING && !chat->incoming) {
        json_object_set_new(links, "cancel", chat_link(app, chat, "/messaging/terminate"));
    }
    return ucwa_resource("messagingInvitation", out, links);
}

/* ---- what happens
 * --------------------------------------------------------------------------------- */

/* Where the events of a chat come from and are about. */
struct places {
    struct arena *arena;
    struct slice communication, conversation, invitation, messaging, participant;
};

static struct places places_of(const struct app *app, struct arena *arena,
                               const struct phone_chat *chat)
{
    unsigned long long n = number_of(chat);
    return (struct places){
        .arena = arena,
        .communication = ucwa_path(app, arena, "/communication"),
        .conversation = ucwa_path(app, arena, UCWA_CONVERSATION, n),
        .invitation = ucwa_path(app, arena, UCWA_INVITATION, n),
        .messaging = ucwa_path(app, arena, UCWA_CONVERSATION "/messaging", n),
        .participant =
            ucwa_path(app, arena, UCWA_CONVERSATION "/participants/%.*s", n, SLICE_ARG(chat->peer)),
    };
}

static json_t *with(json_t *event, const char *rel, json_t *resource)
{
    json_object_set_new(event, "_embedded", json_pack("{s:o}", rel, resource));
    return event;
}

static void put(struct app *app, const struct places *places, bool own, json_t *event)
{
    ucwa_put(app, own ? "conversation" : "communication",
             own ? places->conversation : places->communication, event, PHONE_HIGH);
}

static void begin(struct app *app, const struct places *places, const struct phone_chat *chat)
{
    struct talk *talk = must_calloc(1, sizeof *talk);
    talk->chat = chat->id;
    talk->operation = must_strdup(chat->incoming || !app->operation.at ? "" : app->operation.at);
    if (!chat->incoming && app->first.text.len > 0)
        talk->first = must_strdup(app->first.text.at);
    talk->first_html = app->first.html;
    LIST_INSERT_HEAD(&app->talks, talk, next);
    put(app, places, false,
        with(ucwa_event("started", "messagingInvitation", places->invitation),
             "messagingInvitation", ucwa_invitation(app, chat)));
    put(app, places, false,
        with(ucwa_event("added", "conversation", places->conversation), "conversation",
             ucwa_conversation(app, chat)));
}

static json_t *reason_of(const struct fault *fault)
{
    return json_pack("{s:s,s:s}", "code", "RemoteFailure", "message",
                     finding_row(fault->finding)->user);
}

static void complete(struct app *app, const struct places *places, const struct phone_chat *chat,
                     bool success, const struct fault *fault)
{
    json_t *event = with(ucwa_event("completed", "messagingInvitation", places->invitation),
                         "messagingInvitation", ucwa_invitation(app, chat));
    json_object_set_new(event, "status", json_string(success ? "Success" : "Failure"));
    if (success && !chat->incoming)
        json_object_set_new(
            json_object_get(json_object_get(event, "_embedded"), "messagingInvitation"),
            "_embedded",
            json_pack("{s:[o]}", "acceptedByParticipant", ucwa_participant(app, chat)));
    if (fault && fault->finding != FINDING_NONE)
        json_object_set_new(event, "reason", reason_of(fault));
    put(app, places, false, event);
}

static void connect_chat(struct app *app, const struct places *places,
                         const struct phone_chat *chat)
{
    find_talk(app, chat->id)->connected = true;
    put(app, places, false,
        with(ucwa_event("updated", "conversation", places->conversation), "conversation",
             ucwa_conversation(app, chat)));
    put(app, places, true,
        with(ucwa_event("added", "participant", places->participant), "participant",
             ucwa_participant(app, chat)));
    put(app, places, true,
        with(ucwa_event("updated", "messaging", places->messaging), "messaging",
             ucwa_messaging(app, chat)));
    complete(app, places, chat, true, NULL);
}

static void end(struct app *app, const struct places *places, const struct phone_chat *chat,
                const struct fault *fault)
{
    struct talk *talk = find_talk(app, chat->id);
    if (talk->connected)
        put(app, places, true,
            with(ucwa_event("updated", "messaging", places->messaging), "messaging",
                 ucwa_messaging(app, chat)));
    else
        complete(app, places, chat, false, fault);
    put(app, places, false, ucwa_event("deleted", "conversation", places->conversation));
    ucwa_talk_free(talk);
}

void ucwa_tell_chat(struct app *app, const struct phone_chat *chat, const struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct places places = places_of(app, arena, chat);
    if (!find_talk(app, chat->id))
        begin(app, &places, chat);
    if (chat->state == PHONE_CHAT_CONNECTED && !find_talk(app, chat->id)->connected)
        connect_chat(app, &places, chat);
    else if (chat->state == PHONE_CHAT_ENDED)
        end(app, &places, chat, fault);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

/* What was to be said first, once there is somebody to hear it. */
void ucwa_talks_go_on(struct app *app)
{
    struct talk *talk, *next;
    for (talk = LIST_FIRST(&app->talks); talk; talk = next) {
        next = LIST_NEXT(talk, next);
        if (!talk->first || !talk->connected)
            continue;
        struct call *call = must_calloc(1, sizeof *call);
        char *text = talk->first;
        uint64_t chat = talk->chat;
        talk->first = NULL;
        call->tag = ++app->tags;
        call->chat = chat;
        call->number = ++app->numbers;
        LIST_INSERT_HEAD(&app->calls, call, next);
        phone_say(app->phone, call->tag, chat,
                  talk->first_html ? SLICE("text/html") : SLICE("text/plain"), slice_of(text));
        free(text);
        next = LIST_FIRST(&app->talks); /* the phone may have told of any of them */
    }
}

static json_t *message_of(const struct app *app, struct slice href, const char *direction,
                          json_t *links)
{
    json_object_set_new(links, "self", ucwa_link("%.*s", SLICE_ARG(href)));
    return ucwa_resource("message",
                         json_pack("{s:s,s:o}", "direction", direction, "timeStamp",
                                   json_sprintf("/Date(%lld)/", (long long)app->ucwa->now)),
                         links);
}

static struct slice message_path(const struct places *places, uint64_t number)
{
    return arena_print(places->arena, "%.*s/messages/%llu", SLICE_ARG(places->messaging),
                       (unsigned long long)number);
}

/* The first message has arrived, or has not. */
void ucwa_tell_sent(struct app *app, const struct call *call, const struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct phone_chat *chat = phone_chat(app->phone, call->chat);
    if (!chat)
        return;
    struct places places = places_of(app, arena, chat);
    struct slice href = message_path(&places, call->number);
    bool success = fault->finding == FINDING_NONE;
    json_t *links = json_pack("{s:o}", "messaging", chat_link(app, chat, "/messaging"));
    json_t *event = with(ucwa_event("completed", "message", href), "message",
                         message_of(app, href, "Outgoing", links));
    json_object_set_new(event, "status", json_string(success ? "Success" : "Failure"));
    if (!success)
        json_object_set_new(event, "reason", reason_of(fault));
    put(app, &places, true, event);
}

/* The text travels in the link itself, as a data URL. */
void ucwa_tell_message(struct app *app, const struct phone_news *news)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct phone_chat *chat = news->chat;
    struct places places = places_of(app, arena, chat);
    bool html = slice_starts_nocase(news->type, SLICE("text/html"));
    struct slice text = percent_print(arena, news->text);
    struct slice href = message_path(&places, ++app->numbers);
    json_t *links =
        json_pack("{s:o,s:o,s:o}", "participant", peer_link(app, chat), "messaging",
                  chat_link(app, chat, "/messaging"), "contact",
                  ucwa_link("%.*s/people/%.*s", SLICE_ARG(app->base), SLICE_ARG(chat->peer)));
    json_object_set_new(
        links, html ? "htmlMessage" : "plainMessage",
        ucwa_link("data:text/%s;charset=utf-8,%.*s", html ? "html" : "plain", SLICE_ARG(text)));
    json_t *message = message_of(app, href, "Incoming", links);
    json_t *event = with(ucwa_event("completed", "message", href), "message", message);
    json_object_set_new(event, "status", json_string("Success"));
    put(app, &places, true, event);
}

void ucwa_tell_typing(struct app *app, const struct phone_news *news)
{
    scoped(arena) struct arena *arena = arena_new();
    struct places places = places_of(app, arena, news->chat);
    json_t *event =
        ucwa_event(news->typing ? "added" : "deleted", "participant", places.participant);
    json_object_set_new(
        event, "in",
        json_pack("{s:s,s:o}", "rel", "typingParticipants", "href",
                  json_sprintf("%.*s/typingParticipants", SLICE_ARG(places.messaging))));
    put(app, &places, true, event);
}
