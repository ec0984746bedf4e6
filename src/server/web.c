/* A web session: HTTP requests of one connection, one after the other, each
 * answered on the loop or, where its route says so, on a worker, or later by
 * whoever took the reply upon himself. */
#include "base/clock.h"
#include "event/event.h"
#include "http/frame.h"
#include "http/pack.h"
#include "http/print.h"
#include "http/routes.h"
#include "server/front.h"

#include <stddef.h>
#include <stdlib.h>

#define SERVER SLICE("Lychgate")

struct exchange;

struct web {
    struct wing *wing;
    struct conn *conn;
    struct http_frame frame;
    struct exchange *exchange; /* the request in work, NULL between requests */
    LIST_ENTRY(web) all;       /* of the wing */
};

/* One request and its reply. Outlives the connection when a worker has it. */
struct exchange {
    struct job job;
    struct web *web; /* NULL: the connection is gone, nobody waits */
    struct server *server;
    struct arena *arena;
    const struct http_route *route;
    struct http_request *request; /* NULL: it could not be read */
    struct http_reply reply;
    struct timer delay;
    int64_t started; /* clock_monotonic() */

    struct http_later later; /* when the route takes the reply upon itself */
    struct letter letter;    /* that brings it */
    struct loop *loop;       /* the connection's */
    bool parked;             /* the reply is somebody's who will send it */
    bool sent;               /* it has come */
    bool working;            /* a worker has it: its letter comes too, before or behind */
};

static const struct conn_handler web_handler;

static struct exchange *exchange_new(struct web *web)
{
    struct arena *arena = arena_new();
    struct exchange *x = arena_new_of(arena, struct exchange);
    x->arena = arena;
    x->web = web;
    x->server = web->wing->server;
    x->started = clock_monotonic();
    x->loop = web->wing->loop;
    web->exchange = x;
    return x;
}

static void exchange_free(struct exchange *x)
{
    timer_stop(&x->delay);
    if (x->web)
        x->web->exchange = NULL;
    arena_free_wiped(x->arena); /* passwords come in headers and bodies */
}

static void wait_for_request(struct web *web)
{
    const struct config *config = web->wing->server->config;
    if (http_frame_begun(&web->frame))
        return; /* the deadline of a request is not renewed by its bytes: slowloris */
    conn_set_deadline(web->conn, config->limits.idle_time, FINDING_NONE);
}

/* ---- the reply --------------------------------------------------------------- */

static void log_exchange(const struct exchange *x)
{
    const struct http_request *request = x->request;
    const struct fault *fault = &x->reply.fault;
    /* A SOAP fault is a 500 whoever is to blame; the finding's row knows. */
    int blame = finding_row(fault->finding)->http;
    bool ours = x->reply.status >= 500 && (blame < 400 || blame >= 500);
    enum event_level level = fault->finding == FINDING_NONE ? EVENT_DEBUG
                             : ours                         ? EVENT_ERROR
                                                            : EVENT_INFO;
    event_emit(level, "http.request", fault->finding,
               EVENT_SLICE("from", request ? request->peer : (struct slice){0}),
               EVENT_SLICE("method", request ? request->method_name : SLICE("-")),
               EVENT_SLICE("path", request ? request->path : SLICE("-")),
               EVENT_INT("status", x->reply.status),
               EVENT_INT("ms", clock_monotonic() - x->started), EVENT_FAULT(fault), EVENT_END);
}

static void send_reply(struct exchange *x)
{
    struct web *web = x->web;
    int64_t now = loop_now(web->wing->loop);
    scoped(buf) struct buf out = BUF_INIT;
    bool stays = http_reply_print(&x->reply, x->request, SERVER, now, &out);
    log_exchange(x);
    server_trace(x->server, TRACE_HTTP, web->conn, false, buf_slice(&out)); /* legible */
    if (http_reply_pack(&x->reply, x->request, x->arena)) {
        buf_clear(&out);
        stays = http_reply_print(&x->reply, x->request, SERVER, now, &out);
    }
    conn_write(web->conn, buf_slice(&out));
    if (!stays || x->server->draining)
        conn_close_after_flush(web->conn);
    else
        wait_for_request(web);
    exchange_free(x);
}

static void send_delayed(void *arg)
{
    struct exchange *x = arg;
    struct web *web = x->web;
    send_reply(x);
    conn_resume(web->conn);
}

/* ---- on a worker --------------------------------------------------------------- */

static void work(struct job *job, unsigned worker)
{
    struct exchange *x = (struct exchange *)job;
    (void)worker;
    x->route->answer(x->route->role, x->request, &x->reply, x->arena, clock_now());
}

/* The reply is there, whoever made it. */
static void finish(struct exchange *x)
{
    if (!x->web) {
        exchange_free(x);
        return;
    }
    if (x->reply.delay_ms > 0) {
        timer_init(&x->delay, x->web->wing->loop, send_delayed, x);
        timer_start(&x->delay, x->reply.delay_ms);
        return;
    }
    send_delayed(x);
}

/* From here the connection is read on, or a client that leaves would not be noticed; what
 * it sends meanwhile waits (take_bytes). */
static void park(struct exchange *x)
{
    x->parked = true;
    if (x->web)
        conn_set_deadline(x->web->conn, 0, FINDING_NONE);
}

static void work_done(struct job *job)
{
    struct exchange *x = (struct exchange *)job;
    x->working = false;
    if (x->later.taken && !x->sent) {
        park(x);
        if (x->web)
            conn_resume(x->web->conn);
    } else {
        finish(x);
    }
}

static void later_came(void *arg)
{
    struct exchange *x = arg;
    x->sent = true;
    if (!x->working)
        finish(x);
}

/* Any thread. */
static void send_later(struct http_later *later)
{
    struct exchange *x =
        (struct exchange *)((char *)later - offsetof(struct exchange, later)); /* its place */
    x->letter = (struct letter){.fn = later_came, .arg = x};
    loop_send(x->loop, &x->letter);
}

static void offer_later(struct exchange *x)
{
    x->later.request = x->request;
    x->later.reply = &x->reply;
    x->later.arena = x->arena;
    x->later.send = send_later;
    x->request->later = &x->later;
}

static void hand_to_worker(struct exchange *x)
{
    x->job = (struct job){.run = work, .done = work_done, .loop = x->loop};
    struct fault fault;
    x->working = true;
    if (server_work(x->server, &x->job, &fault) < 0) {
        http_reply_fault(&x->reply, x->arena, &fault);
        send_reply(x);
        return;
    }
    conn_set_deadline(x->web->conn, 0, FINDING_NONE);
    conn_pause(x->web->conn);
}

/* ---- the request ----------------------------------------------------------------- */

/* Answer right here where that takes no waiting, or let it wait for what is to come; false:
 * a worker must. */
static bool answered_on_loop(struct exchange *x)
{
    unsigned flags = x->route->flags;
    if ((flags & ROUTE_WORK) && !(flags & ROUTE_QUICK))
        return false;
    x->request->on_loop = true;
    x->route->answer(x->route->role, x->request, &x->reply, x->arena, loop_now(x->web->wing->loop));
    x->request->on_loop = false;
    if (x->later.taken) {
        park(x);
        return true;
    }
    return !(flags & ROUTE_WORK) || x->reply.status != 0;
}

static void answer(struct exchange *x)
{
    struct web *web = x->web;
    struct http_routes *routes = x->server->routes;
    struct address peer = *conn_peer(web->conn);
    http_forwarded_apply(x->server->proxies, x->request, address_print_host(x->arena, &peer),
                         conn_is_tls(web->conn), x->arena);
    x->route = http_routes_find(routes, x->request, &x->reply, x->arena);
    if (x->route && (x->route->flags & ROUTE_LATER))
        offer_later(x);
    if (x->route && !answered_on_loop(x))
        hand_to_worker(x);
    else if (!x->later.taken)
        send_reply(x);
}

static void refuse_stream(struct web *web, const struct fault *fault)
{
    struct exchange *x = exchange_new(web);
    http_reply_fault(&x->reply, x->arena, fault);
    x->reply.close = true;
    send_reply(x);
}

static size_t take_bytes(struct conn *conn, struct slice bytes)
{
    struct web *web = conn_user(conn);
    const struct config *config = web->wing->server->config;
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    limits.head_bytes = (size_t)config->web.head_limit;
    limits.body_bytes = (size_t)config->web.body_limit;
    struct fault fault;
    if (web->exchange)
        return 0; /* until its reply has gone */
    bool fresh = !http_frame_begun(&web->frame);
    int err = http_frame_scan(&web->frame, &limits, bytes, &fault);
    if (err == -ERR_AGAIN) {
        if (fresh && http_frame_begun(&web->frame))
            conn_set_deadline(conn, config->limits.request_time, FINDING_SLOW_PEER);
        if (http_frame_take_continue(&web->frame))
            conn_write(conn, HTTP_CONTINUE);
        return 0;
    }
    if (err < 0) {
        refuse_stream(web, &fault);
        return bytes.len;
    }
    size_t len = http_frame_len(&web->frame);
    struct exchange *x = exchange_new(web);
    struct slice message = arena_copy(x->arena, slice_head(bytes, len));
    server_trace(x->server, TRACE_HTTP, conn, true, message);
    err = http_request_parse(&web->frame, message, x->arena, &x->request, &fault);
    http_frame_reset(&web->frame);
    if (err < 0) {
        x->request = NULL;
        http_reply_fault(&x->reply, x->arena, &fault);
        x->reply.close = true;
        send_reply(x);
    } else {
        answer(x);
    }
    return len;
}

static void ended(struct conn *conn, const struct fault *why)
{
    struct web *web = conn_user(conn);
    struct exchange *x = web->exchange;
    (void)why; /* net/ has told */
    LIST_REMOVE(web, all);
    if (x && timer_running(&x->delay)) {
        exchange_free(x);
    } else if (x) {
        x->web = NULL; /* a worker or a taker has it; finish() frees it */
        atomic_store(&x->later.gone, true);
    }
    free(web);
}

static const struct conn_handler web_handler = {.on_bytes = take_bytes, .on_closed = ended};

void web_take(struct wing *wing, struct conn *conn)
{
    struct web *web = must_calloc(1, sizeof *web);
    web->wing = wing;
    web->conn = conn;
    LIST_INSERT_HEAD(&wing->webs, web, all);
    conn_set_handler(conn, &web_handler, web);
    wait_for_request(web);
}

void web_close_idle(struct wing *wing)
{
    struct web *web;
    LIST_FOREACH(web, &wing->webs, all)
    if (!web->exchange && !http_frame_begun(&web->frame))
        conn_close_after_flush(web->conn);
}
