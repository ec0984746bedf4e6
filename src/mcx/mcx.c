/* Sessions: begun, found, told of, ended. */
#include "mcx/mcx.h"

#include "base/encode.h"
#include "base/random.h"
#include "event/event.h"
#include "mcx/mcx_priv.h"

#include <stdlib.h>

enum {
    TOTAL = 20000,
};

/* ---- the end ------------------------------------------------------------------------------ */

void mcx_end(struct session *session, const struct fault *fault)
{
    struct mcx *mcx = session->mcx;
    struct call *call;
    mcx->options.phones->close(mcx->options.phones->arg, session->phone);
    while ((call = LIST_FIRST(&session->calls))) {
        mcx_say_fault(mcx, call->later, fault);
        mcx_call_free(call);
    }
    if (session->initiating)
        mcx_say_fault(mcx, session->initiating, fault);
    if (session->poll)
        mcx_say_fault(mcx, session->poll, fault);
    event_emit(EVENT_INFO, "mcx.ended", fault->finding, EVENT_SLICE("user", session->account),
               EVENT_SLICE("endpoint", session->endpoint), EVENT_END);
    queue_fini(&session->queue);
    mcx_people_free(session);
    mcx_strike(session);
    arena_free(session->arena);
    free(session);
}

/* ---- what the phone tells -------------------------------------------------------------------- */

/* Whoever asked for the end gets his answer, not a fault. */
static void signed_out(struct session *session, const struct fault *fault)
{
    session->over = true;
    session->end = *fault;
    if (fault->finding == FINDING_NONE)
        fault_set(&session->end, ERR_UNKNOWN, FINDING_MCX_ENDED, "signed out");
}

static void tell(void *arg, const struct phone_news *news)
{
    struct session *session = arg;
    switch (news->kind) {
    case PHONE_SIGNED_IN:
        session->appear = true;
        break;
    case PHONE_SIGNED_OUT:
        signed_out(session, news->fault);
        break;
    case PHONE_CONTACTS:
        session->listed = session->watch = true;
        mcx_hear(session, news);
        break;
    case PHONE_DONE:
        mcx_call_done(session, news->tag, news->fault);
        break;
    case PHONE_PERSON:
    case PHONE_SELF:
    case PHONE_CHAT:
    case PHONE_MESSAGE:
    case PHONE_TYPING:
    case PHONE_MODE:
        mcx_hear(session, news);
        break;
    case PHONE_SETTINGS: /* who waits for them looks by himself */
    case PHONE_FOUND:
    case PHONE_NEWS_KINDS:
        break;
    }
}

/* Who signs in by his phone is present by it. */
static void appear(struct session *session)
{
    session->appear = false;
    phone_appear(session->phone, ++session->tags, 0);
    event_emit(EVENT_INFO, "mcx.session", FINDING_NONE, EVENT_SLICE("user", session->account),
               EVENT_SLICE("endpoint", session->endpoint),
               EVENT_SLICE("mode", phone_pushes(session->phone) ? SLICE("push") : SLICE("pull")),
               EVENT_END);
    if (session->initiating)
        mcx_say_session(session);
}

static void settle(void *arg)
{
    struct session *session = arg;
    if (session->over) {
        mcx_end(session, &session->end);
        return;
    }
    if (session->appear)
        appear(session);
    if (session->watch && session->wanted)
        mcx_watch_contacts(session);
    mcx_calls_told(session);
    mcx_wake(session);
}

/* ---- the beginning -------------------------------------------------------------------------- */

static struct session *session_new(struct mcx *mcx, struct slice account,
                                   const struct mcx_request *request)
{
    unsigned char id[MCX_SESSION_LEN / 2];
    struct session *session = must_calloc(1, sizeof *session);
    session->mcx = mcx;
    session->arena = arena_new();
    random_fill(id, sizeof id);
    session->id = hex_print_lower(session->arena, slice_make(id, sizeof id));
    session->account = arena_copy(session->arena, account);
    session->endpoint = arena_copy(session->arena, request->initiate.endpoint);
    session->user_agent = arena_copy(session->arena, request->initiate.user_agent);
    session->device = slice_absent(request->initiate.device)
                          ? session->endpoint
                          : arena_copy(session->arena, request->initiate.device);
    queue_init(&session->queue);
    LIST_INIT(&session->calls);
    mcx_enrol(session);
    return session;
}

static void initiate(struct mcx *mcx, struct slice account, const struct mcx_request *request,
                     struct http_later *later)
{
    const struct phone_host *phones = mcx->options.phones;
    struct fault fault = {0};
    size_t count;
    struct session *session = mcx_session_of(mcx, account, request->initiate.endpoint, &count);
    size_t total = mcx->options.total ? mcx->options.total : TOTAL;
    if (session) { /* the device begins anew: what its earlier session waits for ends */
        fault_set(&fault, ERR_CONFLICT, FINDING_MOBILITY_REPLACED, "InitiateSession came again");
        mcx_end(session, &fault);
    } else if (count >= MCX_PER_USER || mcx->count >= total) {
        fault_set(&fault, ERR_LIMIT, FINDING_MCX_TOO_MANY, "%zu of the user, %zu in all", count,
                  mcx->count);
        mcx_say_fault(mcx, later, &fault);
        return;
    }
    session = session_new(mcx, account, request);
    session->initiating = later;
    session->phone = phones->open(phones->arg,
                                  &(struct phone_options){.account = session->account,
                                                          .endpoint = session->endpoint,
                                                          .user_agent = session->user_agent,
                                                          .device = session->device,
                                                          .face = {tell, settle, session}},
                                  &fault);
    if (!session->phone)
        mcx_end(session, &fault);
}

/* ---- requests ------------------------------------------------------------------------------- */

void mcx_answer(struct mcx *mcx, struct slice account, int64_t expires,
                const struct mcx_request *request, struct http_later *later, int64_t now)
{
    mcx->now = now;
    if (request->operation == MCX_INITIATE_SESSION) {
        initiate(mcx, account, request, later);
        return;
    }
    struct session *session = mcx_session(mcx, request->session);
    if (!session || !slice_eq_nocase(session->account, account) || session->initiating) {
        struct fault fault;
        fault_set(&fault, ERR_UNKNOWN, FINDING_MCX_ENDED, "%s of session %.*s",
                  mcx_operation_name(request->operation),
                  SLICE_ARG(slice_head(request->session, 8)));
        mcx_say_fault(mcx, later, &fault);
        return;
    }
    phone_active(session->phone);
    mcx_dispatch(&(struct ask){session, later, request, expires, now});
}

void mcx_subscribed(struct mcx *mcx, struct slice id, uint64_t number, const struct fault *fault)
{
    static const struct fault well = {0};
    struct session *session = mcx_session(mcx, id);
    if (session) /* else its call was answered when it ended */
        mcx_call_done(session, number, fault ? fault : &well);
}

/* ---- time ----------------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void mcx_time(struct mcx *mcx, int64_t now)
{
    mcx->now = now;
}

int64_t mcx_due(const struct mcx *mcx)
{
    int64_t due = INT64_MAX;
    const struct session *session;
    LIST_FOREACH(session, &mcx->sessions, next)
    if (session->poll)
        due = atomic_load(&session->poll->gone)
                  ? 0
                  : least(due, least(session->poll_until, session->queue.due));
    return due;
}

void mcx_tick(struct mcx *mcx, int64_t now)
{
    struct session *session;
    mcx->now = now;
    LIST_FOREACH(session, &mcx->sessions, next)
    mcx_wake(session);
}

/* ---- the object ----------------------------------------------------------------------------- */

size_t mcx_count(const struct mcx *mcx)
{
    return mcx->count;
}

struct mcx *mcx_new(const struct mcx_options *options)
{
    struct mcx *mcx = must_calloc(1, sizeof *mcx);
    mcx->options = *options;
    LIST_INIT(&mcx->sessions);
    return mcx;
}

void mcx_free(struct mcx *mcx)
{
    struct session *session;
    struct fault fault;
    if (!mcx)
        return;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_STOPPING, "sign in again");
    while ((session = LIST_FIRST(&mcx->sessions)))
        mcx_end(session, &fault);
    free(mcx);
}
