/* Conversations (session.md section 6): INVITE, ACK, then MESSAGEs until BYE, in both
 * roles. Text that travels in an invitation (ms-text-format) is not taken: who sent it
 * sends it again when the 200 does not say that it was shown. */
#include "client/session_priv.h"

#include "base/clock.h"
#include "sip/multipart.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHATS_MAX = 256
};

#define TYPE_SDP  "application/sdp"
#define TYPE_TEXT "text/plain; charset=UTF-8"

/* ---- keeping them ------------------------------------------------------------------------ */

static void free_chat(struct chat *chat)
{
    leg_end(&chat->leg);
    free(chat->peer);
    free(chat);
}

static void drop_chat(struct session *session, struct chat *chat)
{
    struct chat **at = &session->chats;
    while (*at != chat)
        at = &(*at)->next;
    *at = chat->next;
    free_chat(chat);
}

static struct chat *add_chat(struct session *session, struct slice peer)
{
    struct chat *chat = must_calloc(1, sizeof *chat);
    chat->peer = must_alloc(peer.len + 1);
    memcpy(chat->peer, peer.at, peer.len);
    chat->peer[peer.len] = '\0';
    chat->next = session->chats;
    session->chats = chat;
    return chat;
}

static struct chat *chat_with(const struct session *session, struct slice peer)
{
    for (struct chat *chat = session->chats; chat; chat = chat->next)
        if (slice_eq(slice_of(chat->peer), peer))
            return chat;
    return NULL;
}

void chat_free_all(struct session *session)
{
    while (session->chats)
        drop_chat(session, session->chats);
}

static void ignore_answer(struct lychgate *gate, void *arg, const struct sip_message *answer)
{
    (void)gate;
    (void)arg;
    (void)answer;
}

static void say_bye(struct lychgate *gate, struct chat *chat)
{
    scoped(arena) struct arena *arena = arena_new();
    struct fault ignored;
    struct sip_request request = leg_request(gate, &chat->leg, arena, SIP_BYE);
    talk_ask(gate, &request, ignore_answer, NULL, &ignored);
}

void chat_leave(struct lychgate *gate)
{
    for (struct chat *chat = gate->session ? gate->session->chats : NULL; chat; chat = chat->next)
        say_bye(gate, chat);
    if (gate->session)
        chat_free_all(gate->session);
}

static size_t count_chats(const struct session *session)
{
    size_t count = 0;
    for (const struct chat *chat = session->chats; chat; chat = chat->next)
        count++;
    return count;
}

/* ---- calling -------------------------------------------------------------------------------- */

/* [MS-SDP] section 3.1.5.3. */
static struct slice print_sdp(struct lychgate *gate, struct arena *arena)
{
    struct slice host = wire_local(gate->wire), port;
    slice_cut(wire_local(gate->wire), ':', &host, &port);
    bool v6 = slice_starts(wire_local(gate->wire), SLICE("["));
    if (v6)
        host = SLICE("::1"); /* nobody connects to it: messages go the way of the INVITE */
    return arena_print(arena,
                       "v=0\r\no=- 0 0 IN %s %.*s\r\ns=session\r\nc=IN %s %.*s\r\nt=0 0\r\n"
                       "m=message 5060 sip sip:%.*s\r\na=accept-types:text/plain text/html\r\n",
                       v6 ? "IP6" : "IP4", SLICE_ARG(host), v6 ? "IP6" : "IP4", SLICE_ARG(host),
                       SLICE_ARG(gate->set.address));
}

/* A 2xx is acknowledged in the dialog, with the number of the INVITE. */
static int acknowledge(struct lychgate *gate, struct chat *chat, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    chat->leg.cseq--;
    struct sip_request request = leg_request(gate, &chat->leg, arena, SIP_ACK);
    return talk_tell(gate, &request, fault);
}

/* What ended without a dialog is acknowledged, or taken back, as a part of its transaction:
 * same branch, same number (RFC 3261 sections 9.1, 17.1.1.3). */
static void end_transaction(struct lychgate *gate, const struct sip_request *invite,
                            enum sip_method method, struct slice to)
{
    struct fault ignored;
    struct sip_request request = *invite;
    request.method = method;
    request.to = to;
    request.headers = (struct sip_lines){0};
    request.content_type = request.body = (struct slice){0};
    talk_tell(gate, &request, &ignored);
}

static int invite(struct lychgate *gate, struct chat *chat, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message answer;
    leg_begin(gate, &chat->leg, arena_print(arena, "sip:%s", chat->peer));
    struct sip_request request = leg_request(gate, &chat->leg, arena, SIP_INVITE);
    talk_contact(gate, &request);
    sip_request_header(&request, "Supported", "ms-sender");
    sip_request_header(&request, "Allow", "INVITE, ACK, BYE, CANCEL, MESSAGE, INFO");
    request.content_type = SLICE(TYPE_SDP);
    request.body = print_sdp(gate, arena);
    int err = talk_exchange(gate, &request, &answer, fault);
    if (err) {
        if (gate->wire && fault->finding == FINDING_CONNECTION_TIMEOUT) {
            end_transaction(gate, &request, SIP_CANCEL, request.to);
            return fault_set(fault, ERR_IO, FINDING_IM_TIMEOUT, "INVITE to %s", chat->peer);
        }
        return err;
    }
    if (answer.status > 299) {
        end_transaction(gate, &request, SIP_ACK, answer.to.text);
        return dialogue_refusal_of_request(&answer, fault);
    }
    err = leg_confirm(&chat->leg, &answer, fault);
    return err ? err : acknowledge(gate, chat, fault);
}

static int send_text(struct lychgate *gate, struct chat *chat, struct slice text, int *status_out,
                     struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_message answer;
    struct sip_request request = leg_request(gate, &chat->leg, arena, SIP_MESSAGE);
    request.content_type = SLICE(TYPE_TEXT);
    request.body = text;
    int err = talk_exchange(gate, &request, &answer, fault);
    if (err)
        return err;
    *status_out = answer.status;
    return answer.status > 299 ? dialogue_refusal_of_request(&answer, fault) : 0;
}

int chat_send(struct lychgate *gate, struct slice account, struct slice text, struct fault *fault)
{
    struct session *session = gate->session;
    for (;;) {
        struct chat *chat = chat_with(session, account);
        bool fresh = !chat;
        int status = 0, err = 0;
        if (fresh && count_chats(session) >= CHATS_MAX)
            return fault_set(fault, ERR_LIMIT, FINDING_IM_TOO_MANY, "%d conversations", CHATS_MAX);
        if (fresh) {
            chat = add_chat(session, account);
            err = invite(gate, chat, fault);
        }
        if (err == 0)
            err = send_text(gate, chat, text, &status, fault);
        if (err == 0)
            return 0;
        /* The peer may have ended it in the meantime, even replaced it by one of his own. */
        chat = chat_with(session, account);
        if (chat && (fresh || status == 408 || status == 480 || status == 481))
            drop_chat(session, chat);
        if (fresh || (status != 480 && status != 481))
            return err;
    }
}

/* ---- being called --------------------------------------------------------------------------- */

static int answer(struct lychgate *gate, const struct sip_message *request, int status,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    sip_reply_init(&reply, arena, status);
    int err = talk_reply(gate, request, &reply, fault);
    return err ? err : 1;
}

static int accept(struct lychgate *gate, struct chat *chat, const struct sip_message *request,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    sip_reply_init(&reply, arena, 200);
    for (size_t i = 0; i < chat->leg.route_count; i++)
        sip_reply_header(&reply, "Record-Route", "%.*s", SLICE_ARG(chat->leg.routes[i]));
    struct sip_request ours = {.arena = arena}; /* for its Contact */
    talk_contact(gate, &ours);
    sip_reply_header(&reply, "Contact", "%.*s", SLICE_ARG(ours.headers.first->value));
    sip_reply_header(&reply, "Allow", "INVITE, ACK, BYE, CANCEL, MESSAGE, INFO");
    /* The tag, and our epid behind it as every To of ours has it. */
    reply.to_tag = slice_absent(request->to.epid)
                       ? arena_print(arena, "%.*s;epid=%.*s", SLICE_ARG(chat->leg.local_tag),
                                     SLICE_ARG(gate->epid))
                       : chat->leg.local_tag;
    sip_reply_body(&reply, SLICE(TYPE_SDP), print_sdp(gate, arena));
    int err = talk_reply(gate, request, &reply, fault);
    return err ? err : 1;
}

static int invited(struct lychgate *gate, const struct sip_message *request, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct session *session = gate->session;
    struct slice account;
    struct leg leg;
    struct fault odd;
    if (!session->with.message)
        return answer(gate, request, 480, fault);
    if (slice_find(request->body, SLICE("m=message")) < 0 &&
        slice_find(request->body, SLICE("m=x-ms-message")) < 0)
        return answer(gate, request, 488, fault);
    if (count_chats(session) >= CHATS_MAX)
        return answer(gate, request, 486, fault);
    if (sip_uri_aor(arena, &request->from.uri, &account, &odd) < 0 ||
        leg_accept(gate, &leg, request, &odd) < 0)
        return answer(gate, request, 400, fault);
    account = slice_from(account, 4);
    /* One conversation with a peer: his new one takes the place of the old, as in SIPE. */
    struct chat *before = chat_with(session, account);
    if (before) {
        if (!slice_empty(before->leg.remote_tag))
            say_bye(gate, before);
        drop_chat(session, before);
    }
    struct chat *chat = add_chat(session, account);
    chat->leg = leg;
    return accept(gate, chat, request, fault);
}

static int told(struct lychgate *gate, const struct chat *chat, const struct sip_message *request,
                struct fault *fault)
{
    struct slice type;
    struct slice all = sip_value(request, SIP_HEADER_CONTENT_TYPE);
    struct slice text = sip_find_text(all, request->body, &type);
    if (slice_starts_nocase(all, SLICE("application/im-iscomposing+xml")))
        return answer(gate, request, 200, fault);
    if (slice_absent(text))
        return answer(gate, request, 415, fault);
    session_news(gate->session, NEWS_MESSAGE, slice_of(chat->peer), text, type);
    return answer(gate, request, 200, fault);
}

static int in_chat(struct lychgate *gate, struct chat *chat, const struct sip_message *request,
                   struct fault *fault)
{
    if (request->cseq > chat->leg.remote_cseq)
        chat->leg.remote_cseq = request->cseq;
    switch (request->method) {
    case SIP_ACK:
        return 1;
    case SIP_INVITE: /* it may have moved; nothing of ours changes */
        return accept(gate, chat, request, fault);
    case SIP_MESSAGE:
        return told(gate, chat, request, fault);
    case SIP_BYE:
        drop_chat(gate->session, chat);
        return answer(gate, request, 200, fault);
    case SIP_INFO: /* somebody types */
        return answer(gate, request, 200, fault);
    default:
        return 0;
    }
}

int chat_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault)
{
    for (struct chat *chat = gate->session->chats; chat; chat = chat->next)
        if (leg_is_of(&chat->leg, request))
            return in_chat(gate, chat, request, fault);
    if (request->method == SIP_INVITE && slice_absent(request->to.tag))
        return invited(gate, request, fault);
    return 0;
}
