/* What the phone tells, as events, and the poll that fetches them. */
#include "mcx/mcx_priv.h"

enum {
    POLL_MS = 180 * 1000 /* as long as UCWA's; proxies must allow more */
};

/* ---- news ------------------------------------------------------------------------------------ */

static bool has_finding(const struct phone_news *news)
{
    return news->fault->finding != FINDING_NONE &&
           finding_row(news->fault->finding)->audience == SEEN_BY_ALL;
}

void mcx_hear(struct session *session, const struct phone_news *news)
{
    static const struct {
        enum mcx_event_kind kind;
        bool of_people; /* told to those only who asked for their contacts */
    } rows[PHONE_NEWS_KINDS] = {
        [PHONE_CONTACTS] = {MCX_EVENT_CONTACTS, true},
        [PHONE_PERSON] = {MCX_EVENT_PERSON, true},
        [PHONE_SELF] = {MCX_EVENT_SELF, true},
        [PHONE_CHAT] = {MCX_EVENT_CONVERSATION, false},
        [PHONE_MESSAGE] = {MCX_EVENT_MESSAGE, false},
        [PHONE_TYPING] = {MCX_EVENT_TYPING, false},
        [PHONE_MODE] = {MCX_EVENT_MODE, false},
    };
    struct mcx_event event = {.kind = rows[news->kind].kind};
    const struct mcx_pace pace = mcx_pace_of(session);
    if (rows[news->kind].of_people && !session->wanted)
        return;
    if (news->kind == PHONE_PERSON || news->kind == PHONE_SELF)
        event.person = news->person;
    else if (news->kind == PHONE_MODE)
        event.pace = &pace;
    else if (news->kind != PHONE_CONTACTS)
        event.chat = news->chat;
    if (news->kind == PHONE_MESSAGE) {
        event.type = news->type;
        event.text = news->text;
    }
    event.typing = news->kind == PHONE_TYPING && news->typing;
    if (news->kind == PHONE_CHAT && has_finding(news))
        event.finding = slice_of(finding_id(news->fault->finding));
    queue_add(&session->queue, &event, news->priority, session->mcx->now);
}

/* ---- the poll -------------------------------------------------------------------------------- */

static struct http_later *release(struct session *session)
{
    struct http_later *poll = session->poll;
    session->poll = NULL;
    phone_awake(session->phone, false);
    return poll;
}

/* The phone has gone off the network: nothing may be counted as told. */
static void hang_up(struct session *session)
{
    struct fault fault;
    fault_set(&fault, ERR_IO, FINDING_MCX_REPLACED, "the phone has left while its poll was held");
    mcx_say_fault(session->mcx, release(session), &fault);
}

void mcx_wake(struct session *session)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct http_later *poll = session->poll;
    int64_t now = session->mcx->now;
    if (!poll)
        return;
    if (atomic_load(&poll->gone)) {
        hang_up(session);
    } else if (queue_answer(&session->queue, session->poll_ack, now, now >= session->poll_until,
                            &out)) {
        release(session);
        http_reply_header(poll->reply, poll->arena, "Cache-Control", "no-store");
        http_reply_set(poll->reply, 200, MCX_CONTENT_TYPE,
                       arena_copy(poll->arena, buf_slice(&out)));
        http_later_send(poll);
    }
}

void mcx_answer_poll(struct ask *ask)
{
    struct session *session = ask->session;
    int64_t seconds = ask->request->poll.seconds;
    int64_t until = ask->now + (seconds < 0 ? POLL_MS : seconds * 1000);
    struct fault fault;
    /* What is done at once may still be done by it, for the sake of clocks that differ; but it
     * could hold nothing, and a phone that does not notice would ask again and again. */
    if (ask->expires > 0 && ask->expires <= ask->now) {
        fault_set(&fault, ERR_EXPIRED, FINDING_TICKET_EXPIRED, "too late for a poll");
        mcx_say_fault(session->mcx, ask->later, &fault);
        return;
    }
    if (session->poll) {
        fault_set(&fault, ERR_CONFLICT, FINDING_MCX_REPLACED, "Poll came again");
        mcx_say_fault(session->mcx, release(session), &fault);
    }
    session->poll = ask->later;
    session->poll_ack = ask->request->poll.ack;
    session->poll_until = ask->expires > 0 && ask->expires < until ? ask->expires : until;
    phone_awake(session->phone, true);
    mcx_wake(session);
}
