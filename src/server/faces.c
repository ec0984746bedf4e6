#include "server/faces.h"

#include "base/clock.h"
#include "mcx/mcx.h"
#include "server/home.h"
#include "server/phones.h"
#include "server/wake.h"
#include "ucwa/photo.h"
#include "ucwa/ucwa.h"
#include "webticket/compact.h"

#include <stdlib.h>

enum {
    GATHER_MS = 20 /* what is due within so short a time is looked for once */
};

/* ---- the way home ------------------------------------------------------------------------ */

/* Of the request's arena, like all that travels with it. */
struct traveller {
    struct letter letter;
    struct wing *home;
    struct face_guest guest;
    struct http_later *later;
    face_fn *fn;
};

static void refuse(struct http_later *later, const struct fault *fault)
{
    http_reply_fault(later->reply, later->arena, fault);
    http_later_send(later);
}

static void arrive(void *arg)
{
    const struct traveller *t = arg;
    t->fn(t->home, &t->guest, t->later, loop_now(t->home->loop));
}

void faces_travel(struct server *server, const struct face_guest *guest, struct http_later *later,
                  face_fn *fn)
{
    struct traveller *t = arena_new_of(later->arena, struct traveller);
    *t = (struct traveller){
        .home = wing_of_account(server, guest->account), .guest = *guest, .later = later, .fn = fn};
    t->letter = (struct letter){.fn = arrive, .arg = t};
    loop_send(t->home->loop, &t->letter);
}

int faces_guest(struct server *server, const struct webticket_claims *claims, struct arena *arena,
                struct face_guest *guest_out, struct fault *fault)
{
    struct account account;
    int err = webticket_holder(claims, server_desk(server)->accounts, arena, &account, fault);
    if (err < 0)
        return err;
    *guest_out = (struct face_guest){
        .account = account.address, .account_id = account.id, .until = claims->not_after};
    return 0;
}

/* ---- UCWA ----------------------------------------------------------------------------------- */

static void ucwa_at_home(struct wing *home, const struct face_guest *guest,
                         struct http_later *later, int64_t now)
{
    if (home->ucwa) {
        ucwa_answer(home->ucwa, guest->account, guest->until, later, now);
        home_wake(home);
        return;
    }
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_BUSY, "the server is stopping");
    refuse(later, &fault);
}

/* Whoever has no good ticket learns where there are some, as at autodiscover. */
static void challenge(struct server *server, struct http_reply *reply, struct arena *arena,
                      const struct fault *fault)
{
    if (finding_row(fault->finding)->http >= 500) { /* it is not his */
        http_reply_fault(reply, arena, fault);
        return;
    }
    http_reply_header(reply, arena, "Cache-Control", "no-store");
    webticket_challenge_oauth(&server->site, reply, arena);
    http_reply_header(reply, arena, "X-MS-Server-Fqdn", "%.*s", SLICE_ARG(server->site.web_host));
    http_reply_header(
        reply, arena, "X-Ms-diagnostics", "%.*s",
        SLICE_ARG(soap_diagnostics_print(arena, fault->finding, server->site.web_host)));
    http_reply_set(reply, 401, NULL, SLICE(""));
    reply->fault = *fault;
}

struct face_door {
    struct server *server;
    struct webticket *webticket;
};

static void answer_ucwa(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct face_door *door = role;
    struct webticket_claims claims;
    struct face_guest guest;
    struct fault fault;
    bool photo = ucwa_is_photo(request);
    struct slice ticket =
        photo ? ucwa_photo_ticket(request, arena) : http_header(request, "Authorization");
    int err = webticket_verify_compact(door->webticket, ticket, now, arena, &claims, &fault);
    if (err == 0)
        err = faces_guest(door->server, &claims, arena, &guest, &fault);
    if (err < 0)
        challenge(door->server, reply, arena, &fault);
    else if (photo)
        ucwa_photo_answer(server_desk(door->server), request, reply, arena);
    else
        faces_travel(door->server, &guest, http_later_take(request), ucwa_at_home);
}

/* ---- MCX ------------------------------------------------------------------------------------ */

static void mcx_at_home(struct wing *home, const struct face_guest *guest, struct http_later *later,
                        int64_t now)
{
    if (home->mcx) {
        mcx_answer(home->mcx, guest->account, guest->until, guest->message, later, now);
        home_wake(home);
        return;
    }
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_SERVER_STOPPING, "the server is stopping");
    mcx_refuse(&home->server->site, later->reply, later->arena, &fault);
    http_later_send(later);
}

static void answer_mcx(void *role, const struct http_request *request, struct http_reply *reply,
                       struct arena *arena, int64_t now)
{
    const struct face_door *door = role;
    struct mcx_request *message = arena_new_of(arena, struct mcx_request);
    struct webticket_claims claims;
    struct face_guest guest;
    struct fault fault = {0};
    int err = mcx_read(door->webticket, request, now, arena, &claims, message, &fault);
    if (err == 0)
        err = faces_guest(door->server, &claims, arena, &guest, &fault);
    if (err < 0) {
        mcx_refuse(&door->server->site, reply, arena, &fault);
        return;
    }
    guest.message = message;
    faces_travel(door->server, &guest, http_later_take(request), mcx_at_home);
}

/* A subscription on its way to the database: whose answer it will be. */
struct keeping {
    char session[MCX_SESSION_LEN];
    uint64_t number;
};

static void kept(struct wing *home, void *arg, const struct fault *fault)
{
    struct keeping *keeping = arg;
    if (home->mcx)
        mcx_subscribed(home->mcx, slice_make(keeping->session, sizeof keeping->session),
                       keeping->number, fault);
    free(keeping);
}

static void keep(void *arg, struct slice account, struct slice device, struct slice json,
                 struct slice session, uint64_t number)
{
    struct keeping *keeping = must_calloc(1, sizeof *keeping);
    memcpy(keeping->session, session.at, sizeof keeping->session);
    keeping->number = number;
    wake_subscribe_later(arg, account, device, json, kept, keeping);
}

/* ---- all of them ---------------------------------------------------------------------------- */

#define UCWA_ROUTE(place)                                                                          \
    {                                                                                              \
        .path = (place), .methods = HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE,                 \
        .flags = ROUTE_WORK | ROUTE_LATER | ROUTE_SHARED, .answer = answer_ucwa                    \
    }

static const struct http_route rows[] = {
    UCWA_ROUTE(SITE_PATH_UCWA),
    UCWA_ROUTE(SITE_PATH_UCWA "/*"),
    UCWA_ROUTE(SITE_PATH_UCWA_PLAIN),
    UCWA_ROUTE(SITE_PATH_UCWA_PLAIN "/*"),
};

void faces_add_routes(struct server *server, struct webticket *webticket)
{
    struct face_door *door = arena_new_of(server->arena, struct face_door);
    *door = (struct face_door){.server = server, .webticket = webticket};
    http_routes_add(server->routes, rows, sizeof rows / sizeof *rows, door);
    mcx_add_routes(&server->site, server->arena, server->routes);
    const struct http_route mcx = {.host = arena_string(server->arena, server->site.web_host),
                                   .path = SITE_PATH_MCX,
                                   .methods = HTTP_POST,
                                   .flags = ROUTE_WORK | ROUTE_LATER,
                                   .answer = answer_mcx};
    http_routes_add(server->routes, &mcx, 1, door);
}

/* A second is long for who waits, and the wings' seconds do not begin together. */
static void news_due(void *arg)
{
    struct wing *wing = arg;
    int64_t now = loop_now(wing->loop);
    if (wing->ucwa && ucwa_due(wing->ucwa) <= now)
        ucwa_tick(wing->ucwa, now);
    faces_wake(wing);
}

void faces_time(struct wing *wing, int64_t now)
{
    if (wing->ucwa)
        ucwa_time(wing->ucwa, now);
    if (wing->mcx)
        mcx_time(wing->mcx, now);
}

void faces_wake(struct wing *wing)
{
    int64_t due = wing->ucwa ? ucwa_due(wing->ucwa) : INT64_MAX, now = loop_now(wing->loop);
    if (due == INT64_MAX || (timer_running(&wing->news) && wing->news_at <= due))
        return;
    wing->news_at = due;
    timer_start(&wing->news, due - now > GATHER_MS ? due - now : GATHER_MS);
}

void faces_open(struct wing *wing)
{
    timer_init(&wing->news, wing->loop, news_due, wing);
    wing->ucwa =
        ucwa_new(&(struct ucwa_options){.site = &wing->server->site, .phones = phones_host(wing)});
    wing->mcx = mcx_new(&(struct mcx_options){
        .site = &wing->server->site, .phones = phones_host(wing), .subscribe = keep, .arg = wing});
}

void faces_tick(struct wing *wing, int64_t now)
{
    if (wing->ucwa && ucwa_due(wing->ucwa) <= now)
        ucwa_tick(wing->ucwa, now);
    if (wing->mcx && mcx_due(wing->mcx) <= now)
        mcx_tick(wing->mcx, now);
}

void faces_close(struct wing *wing)
{
    timer_stop(&wing->news);
    ucwa_free(take(&wing->ucwa));
    mcx_free(take(&wing->mcx));
}

bool faces_any(const struct wing *wing)
{
    return (wing->ucwa && ucwa_count(wing->ucwa) > 0) || (wing->mcx && mcx_count(wing->mcx) > 0);
}
