#include "server/front.h"

#include "sip/names.h"

#include <string.h>

enum {
    METHOD_LONGEST = 32
};

enum front_kind front_tell(struct slice first_bytes)
{
    struct slice method, rest;
    if (first_bytes.len == 0)
        return FRONT_UNDECIDED;
    if (first_bytes.at[0] == '\r' || first_bytes.at[0] == '\n')
        return FRONT_SIP;
    if (slice_starts(first_bytes, SLICE("SIP/")))
        return FRONT_SIP;
    /* A whole line says all that it ever will: no waiting for more of it. */
    enum front_kind unclear = slice_index(first_bytes, '\n') < 0 ? FRONT_UNDECIDED : FRONT_HTTP;
    if (!slice_cut(first_bytes, ' ', &method, &rest))
        return first_bytes.len > METHOD_LONGEST ? FRONT_HTTP : unclear;
    /* OPTIONS is a method of both; the request-URI's scheme settles it. */
    if (rest.len < 4 && !slice_starts(rest, SLICE("/")))
        return unclear;
    return slice_starts_nocase(rest, SLICE("sip:")) || slice_starts_nocase(rest, SLICE("sips"))
               ? FRONT_SIP
               : FRONT_HTTP;
}

static void opened(struct conn *conn)
{
    struct server *server = conn_user(conn);
    conn_set_deadline(conn, server->config->limits.request_time, FINDING_SLOW_PEER);
}

static void open_web(struct conn *conn)
{
    web_take(wing_of_conn(conn), conn);
}

static void open_sip(struct conn *conn)
{
    line_take(wing_of_conn(conn), conn, false);
}

static void open_peer(struct conn *conn)
{
    line_take_peer(wing_of_conn(conn), conn, false);
}

static void open_external_peer(struct conn *conn)
{
    line_take_peer(wing_of_conn(conn), conn, true);
}

static size_t first_bytes(struct conn *conn, struct slice bytes)
{
    switch (front_tell(bytes)) {
    case FRONT_UNDECIDED:
        break;
    case FRONT_HTTP:
        web_take(wing_of_conn(conn), conn);
        break;
    case FRONT_SIP:
        /* SIP on the HTTPS port is where clients outside come. */
        line_take(wing_of_conn(conn), conn, true);
        break;
    }
    return 0;
}

const struct conn_handler *front_handler(enum door door, bool shared)
{
    static const struct conn_handler web = {.on_open = open_web};
    static const struct conn_handler sip = {.on_open = open_sip};
    static const struct conn_handler either = {.on_open = opened, .on_bytes = first_bytes};
    static const struct conn_handler peer = {.on_open = open_peer};
    static const struct conn_handler external_peer = {.on_open = open_external_peer};
    if (door == DOOR_MOBILITY || door == DOOR_MOBILITY_EXTERNAL)
        return door == DOOR_MOBILITY ? &peer : &external_peer;
    if (door == DOOR_SIP)
        return &sip;
    return door == DOOR_HTTPS && shared ? &either : &web;
}

/* As long as its user is the server, nobody is in charge of it. */
static void close_undecided(void *arg, struct conn *conn)
{
    if (conn_user(conn) == arg)
        conn_close(conn);
}

void front_close_idle(struct wing *wing)
{
    loop_each_conn(wing->loop, close_undecided, wing->server);
}
