#include "server/session.h"

#include "im/im.h"
#include "presence/presence.h"
#include "server/person.h"

enum {
    ENDPOINTS_MAX = 128 /* of one user; the configuration allows 100 */
};

/* Why a request is on its way to another's home. */
struct session {
    struct im_target target;
    struct wing *home;           /* the callee's */
    struct person_record callee; /* unless the home knows him */
};

/* ---- at the callee's home ------------------------------------------------------------------- */

static size_t gather(struct wing *home, struct slice account, const struct endpoint **list)
{
    size_t count = 0;
    const struct endpoint *endpoint = registrar_next(home->registrar, account, NULL);
    for (; endpoint && count < ENDPOINTS_MAX;
         endpoint = registrar_next(home->registrar, account, endpoint))
        list[count++] = endpoint;
    return count;
}

static enum im_reach reach_of(const struct errand *e)
{
    const struct session *session = e->plan.session;
    struct slice account = session->target.account;
    const struct presence *presence = session->home->presence;
    return !presence_knows(presence, account)                      ? IM_UNKNOWN
           : presence_blocks(presence, account, e->caller.account) ? IM_BLOCKED
                                                                   : IM_REACHABLE;
}

static void ask(struct errand *e)
{
    const struct session *session = e->plan.session;
    struct wing *home = session->home;
    const struct endpoint *endpoints[ENDPOINTS_MAX];
    struct im_request request = {
        .request = e->request,
        .caller = &e->caller,
        .target = &session->target,
        .reach = reach_of(e),
        .endpoints = endpoints,
        .endpoint_count = gather(home, session->target.account, endpoints),
    };
    struct turn turn;
    turn_begin(&turn, home, e);
    im_request(home->im, &request, turn.now, &e->reply, &turn.out);
    turn_conclude(&turn);
}

/* He is not known here: read him, who he is and whom he blocks. */
static void look_up(struct errand *e)
{
    struct session *session = e->plan.session;
    e->err = person_read(e->server, e->arena, &session->callee, &e->fault);
}

static void looked_up(struct errand *e)
{
    struct session *session = e->plan.session;
    person_adopt(session->home, &session->callee);
    if (e->err < 0)
        line_errand_refuse(e, &e->fault);
    else
        ask(e);
}

static void arrive(struct errand *e)
{
    struct session *session = e->plan.session;
    struct wing *home = session->home;
    if (presence_knows(home->presence, session->target.account)) {
        ask(e);
        return;
    }
    session->callee.address = session->target.account;
    if (errand_work(e, look_up, looked_up) < 0)
        line_errand_refuse(e, &e->fault);
}

void session_send(struct errand *e)
{
    struct session *session = arena_new_of(e->arena, struct session);
    struct fault fault;
    if (im_target(&e->server->site, e->request, e->arena, &session->target, &fault) < 0) {
        line_errand_refuse(e, &fault);
        return;
    }
    session->home = wing_of_account(e->server, session->target.account);
    e->plan.session = session;
    errand_travel(e, session->home, arrive);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void answered(struct errand *e)
{
    struct wing *home = e->plan.session->home;
    struct turn turn;
    turn_begin(&turn, home, e);
    im_response(home->im, e->request, &e->caller, turn.now, &turn.out);
    turn_conclude(&turn);
}

void session_response(struct errand *e)
{
    uint32_t home;
    e->reply.no_answer = true;
    if (!im_branch_home(e->request->via.branch, &home) || home >= e->server->wing_count) {
        line_errand_finish(e); /* to a notification of ours: nothing waits for it */
        return;
    }
    e->plan.session = arena_new_of(e->arena, struct session);
    e->plan.session->home = &e->server->wings[home];
    errand_travel(e, e->plan.session->home, answered);
}

void session_flow_lost(struct wing *home, struct flow flow)
{
    im_flow_lost(home->im, flow, home->turn->now, &home->turn->out);
}
