#include "server/faces.h"

#include "base/clock.h"
#include "server/home.h"
#include "server/phones.h"
#include "ucwa/ucwa.h"
#include "webticket/compact.h"

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
    http_reply_header(
        reply, arena, "X-Ms-diagnostics", "%.*s",
        SLICE_ARG(soap_diagnostics_print(arena, fault->finding, server->site.web_host)));
    http_reply_set(reply, 401, NULL, SLICE(""));
    reply->fault = *fault;
}

struct ucwa_door {
    struct server *server;
    struct webticket *webticket;
};

static void answer_ucwa(void *role, const struct http_request *request, struct http_reply *reply,
                        struct arena *arena, int64_t now)
{
    const struct ucwa_door *door = role;
    struct webticket_claims claims;
    struct face_guest guest;
    struct fault fault;
    int err = webticket_verify_compact(door->webticket, http_header(request, "Authorization"), now,
                                       arena, &claims, &fault);
    if (err == 0)
        err = faces_guest(door->server, &claims, arena, &guest, &fault);
    if (err < 0)
        challenge(door->server, reply, arena, &fault);
    else
        faces_travel(door->server, &guest, http_later_take(request), ucwa_at_home);
}

/* ---- all of them ---------------------------------------------------------------------------- */

#define UCWA_ROUTE(place)                                                                          \
    {                                                                                              \
        .path = (place), .methods = HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE,                 \
        .flags = ROUTE_WORK | ROUTE_LATER, .answer = answer_ucwa                                   \
    }

static const struct http_route rows[] = {
    UCWA_ROUTE(SITE_PATH_UCWA),
    UCWA_ROUTE(SITE_PATH_UCWA "/*"),
    UCWA_ROUTE(SITE_PATH_UCWA_PLAIN),
    UCWA_ROUTE(SITE_PATH_UCWA_PLAIN "/*"),
};

void faces_add_routes(struct server *server, struct webticket *webticket)
{
    struct ucwa_door *door = arena_new_of(server->arena, struct ucwa_door);
    *door = (struct ucwa_door){.server = server, .webticket = webticket};
    http_routes_add(server->routes, rows, sizeof rows / sizeof *rows, door);
}

void faces_open(struct wing *wing)
{
    wing->ucwa =
        ucwa_new(&(struct ucwa_options){.site = &wing->server->site, .phones = phones_host(wing)});
}

void faces_tick(struct wing *wing, int64_t now)
{
    if (wing->ucwa && ucwa_due(wing->ucwa) <= now)
        ucwa_tick(wing->ucwa, now);
}

void faces_close(struct wing *wing)
{
    ucwa_free(wing->ucwa);
    wing->ucwa = NULL;
}

bool faces_any(const struct wing *wing)
{
    return wing->ucwa && ucwa_count(wing->ucwa) > 0;
}
