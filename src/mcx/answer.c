/* Answers: at once, or when the phone has done what was asked. */
#include "mcx/mcx_priv.h"
#include "xml/soap.h"

#include <stdlib.h>

/* ---- replies ------------------------------------------------------------------------------- */

void mcx_refuse(const struct site *site, struct http_reply *reply, struct arena *arena,
                const struct fault *fault)
{
    scoped(buf) struct buf out = BUF_INIT;
    mcx_fault_print(fault->finding, &out);
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    http_reply_header(reply, arena, "X-Ms-diagnostics", "%.*s",
                      SLICE_ARG(soap_diagnostics_print(arena, fault->finding, site->web_host)));
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s", SLICE_ARG(site->web_host));
    http_reply_set(reply, mcx_fault_status(fault->finding), MCX_CONTENT_TYPE,
                   arena_copy(arena, buf_slice(&out)));
    reply->fault = *fault;
}

void mcx_say_fault(const struct mcx *mcx, struct http_later *later, const struct fault *fault)
{
    mcx_refuse(mcx->options.site, later->reply, later->arena, fault);
    http_later_send(later);
}

void mcx_say(struct http_later *later, const struct mcx_response *response)
{
    scoped(buf) struct buf out = BUF_INIT;
    mcx_response_print(response, &out);
    http_reply_header(later->reply, later->arena, "Cache-Control", "no-store");
    http_reply_set(later->reply, 200, MCX_CONTENT_TYPE, arena_copy(later->arena, buf_slice(&out)));
    http_later_send(later);
}

struct mcx_pace mcx_pace_of(const struct session *session)
{
    return (struct mcx_pace){.mode = phone_pushes(session->phone) ? MCX_PUSH : MCX_PULL,
                             .lifetime = phone_lifetime(session->phone) / 1000};
}

void mcx_say_session(struct session *session)
{
    struct http_later *later = session->initiating;
    struct mcx_pace pace = mcx_pace_of(session);
    session->initiating = NULL;
    mcx_say(later,
            &(struct mcx_response){.operation = MCX_INITIATE_SESSION,
                                   .initiate = {.session = session->id,
                                                .user = session->account,
                                                .contact = phone_contact(session->phone),
                                                .enabled = true, /* else it had not signed in */
                                                .mode = pace.mode,
                                                .lifetime = pace.lifetime}});
}

/* ---- calls --------------------------------------------------------------------------------- */

/* The request waits for so many PHONE_DONEs; the phone's call is to be made with the tag, and
 * the next. */
static struct call *wait_for(struct ask *ask, unsigned dones)
{
    struct session *session = ask->session;
    struct call *call = must_calloc(1, sizeof *call);
    call->later = ask->later;
    call->response.operation = ask->request->operation;
    call->left = call->dones = dones;
    call->tag = dones > 0 ? session->tags + 1 : 0;
    session->tags += dones;
    LIST_INSERT_HEAD(&session->calls, call, next);
    return call;
}

void mcx_call_free(struct call *call)
{
    LIST_REMOVE(call, next);
    free(call);
}

static struct call *find_call(struct session *session, uint64_t tag)
{
    struct call *call;
    LIST_FOREACH(call, &session->calls, next)
    if (tag >= call->tag && tag < call->tag + call->dones)
        return call;
    return NULL;
}

void mcx_call_done(struct session *session, uint64_t tag, const struct fault *fault)
{
    struct call *call = find_call(session, tag);
    if (tag == session->watching)
        session->watching = 0; /* what could not be watched is simply not known */
    if (!call)
        return;
    if (fault->finding != FINDING_NONE) {
        mcx_say_fault(session->mcx, call->later, fault);
    } else if (--call->left > 0) {
        return;
    } else {
        if (call->response.operation == MCX_SUBSCRIBE_TO_PUSH) {
            call->response.push.mode = mcx_pace_of(session).mode;
            call->response.push.lifetime = mcx_pace_of(session).lifetime;
        }
        mcx_say(call->later, &call->response);
    }
    mcx_call_free(call);
}

/* ---- what the phone knows ------------------------------------------------------------------- */

static void say_contacts(struct session *session, struct http_later *later)
{
    struct phone *phone = session->phone;
    struct mcx_response response = {.operation = MCX_GET_CONTACTS};
    size_t count;
    const struct phone_contact *entries = phone_contacts(phone, &count);
    struct mcx_contact *contacts = arena_array(later->arena, struct mcx_contact, count);
    struct phone_person *people = arena_array(later->arena, struct phone_person, count);
    for (size_t i = 0; i < count; i++) { /* copied: the next call may use the place again */
        people[i] = *phone_person(phone, entries[i].address);
        contacts[i] = (struct mcx_contact){.entry = entries[i], .person = &people[i]};
    }
    response.contacts.self = phone_self(phone);
    response.contacts.availability = phone_own_state(phone);
    response.contacts.groups = phone_groups(phone, &response.contacts.group_count);
    response.contacts.contacts = contacts;
    response.contacts.contact_count = count;
    mcx_say(later, &response);
}

static bool may_say(struct session *session, const struct call *call)
{
    return call->response.operation == MCX_GET_CONTACTS
               ? session->listed && !session->watch && !session->watching
               : phone_settings(session->phone) != NULL;
}

void mcx_calls_told(struct session *session)
{
    struct call *next;
    for (struct call *call = LIST_FIRST(&session->calls); call; call = next) {
        next = LIST_NEXT(call, next);
        if (call->tag != 0 || !may_say(session, call))
            continue;
        if (call->response.operation == MCX_GET_CONTACTS) {
            say_contacts(session, call->later);
        } else {
            call->response.settings = *phone_settings(session->phone);
            mcx_say(call->later, &call->response);
        }
        mcx_call_free(call);
    }
}

static void answer_told(struct ask *ask)
{
    struct session *session = ask->session;
    wait_for(ask, 0);
    if (ask->request->operation == MCX_GET_CONTACTS && !session->wanted) {
        session->wanted = true;
        if (session->watch)
            mcx_watch_contacts(session);
    }
    mcx_calls_told(session);
}

static void answer_number(struct ask *ask)
{
    char out[256];
    struct mcx_response response = {.operation = MCX_NORMALIZE_NUMBER};
    response.normalize.matched = phone_normalize(ask->session->phone, ask->request->number, out);
    response.normalize.number = slice_of(out);
    mcx_say(ask->later, &response);
}

/* ---- what the phone does -------------------------------------------------------------------- */

static void answer_push(struct ask *ask)
{
    const struct session *session = ask->session;
    const struct mcx_options *options = &session->mcx->options;
    options->subscribe(options->arg, session->account, session->device, ask->request->subscription,
                       session->id, wait_for(ask, 1)->tag);
}

/* Nothing to set is no mistake: it is ReportActivity. */
static void answer_state(struct ask *ask)
{
    const struct mcx_request *request = ask->request;
    bool state = request->state.availability >= 0, note = !slice_absent(request->state.note);
    struct phone *phone = ask->session->phone;
    if (!state && !note) {
        mcx_say(ask->later, &(struct mcx_response){.operation = MCX_SET_STATE});
        return;
    }
    uint64_t tag = wait_for(ask, (unsigned)state + (unsigned)note)->tag;
    if (state)
        phone_publish_state(phone, tag, request->state.availability);
    if (note)
        phone_publish_note(phone, tag + state, request->state.note);
}

/* Its number is known at once, and all else is told by Poll. */
static void answer_start(struct ask *ask)
{
    const struct mcx_request *request = ask->request;
    struct session *session = ask->session;
    struct call *call = wait_for(ask, 1);
    uint64_t tag = call->tag;
    struct slice subject =
        slice_absent(request->start.subject) ? SLICE("") : request->start.subject;
    uint64_t chat = phone_invite(session->phone, tag, request->start.address, subject);
    call = find_call(session, tag);
    if (!call || chat == 0) /* refused: answered, or about to be */
        return;
    call->response.conversation = (int64_t)chat;
    mcx_say(call->later, &call->response);
    mcx_call_free(call);
}

static void answer_talk(struct ask *ask)
{
    const struct mcx_request *request = ask->request;
    struct phone *phone = ask->session->phone;
    uint64_t tag = wait_for(ask, 1)->tag, chat = (uint64_t)request->talk.conversation;
    switch (request->operation) {
    case MCX_ACCEPT_CONVERSATION:
        phone_accept(phone, tag, chat);
        break;
    case MCX_DECLINE_CONVERSATION:
        phone_decline(phone, tag, chat);
        break;
    case MCX_SEND_MESSAGE:
        phone_say(phone, tag, chat, request->talk.type, request->talk.text);
        break;
    case MCX_SET_TYPING:
        phone_type(phone, tag, chat);
        break;
    default: /* MCX_END_CONVERSATION; no other leads here */
        phone_leave(phone, tag, chat);
        break;
    }
}

static void answer_activity(struct ask *ask)
{
    mcx_say(ask->later, &(struct mcx_response){.operation = ask->request->operation});
}

/* The registrations end behind the answer; the phone says when, and ends by itself. */
static void answer_terminate(struct ask *ask)
{
    phone_sign_out(ask->session->phone, wait_for(ask, 1)->tag);
}

void mcx_dispatch(struct ask *ask)
{
    static void (*const table[MCX_OPERATIONS])(struct ask *) = {
        [MCX_GET_PROVISIONING] = answer_told,
        [MCX_NORMALIZE_NUMBER] = answer_number,
        [MCX_SUBSCRIBE_TO_PUSH] = answer_push,
        [MCX_GET_CONTACTS] = answer_told,
        [MCX_POLL] = mcx_answer_poll,
        [MCX_SET_STATE] = answer_state,
        [MCX_START_CONVERSATION] = answer_start,
        [MCX_ACCEPT_CONVERSATION] = answer_talk,
        [MCX_DECLINE_CONVERSATION] = answer_talk,
        [MCX_SEND_MESSAGE] = answer_talk,
        [MCX_SET_TYPING] = answer_talk,
        [MCX_END_CONVERSATION] = answer_talk,
        [MCX_REPORT_ACTIVITY] = answer_activity,
        [MCX_TERMINATE_SESSION] = answer_terminate,
    };
    table[ask->request->operation](ask);
}
