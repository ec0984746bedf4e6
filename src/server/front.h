/* The front of the house: a fresh connection is told apart by its first bytes and
 * handed to the web or to SIP. One port can so serve both (a site with a single
 * open port, 443). */
#ifndef LYCHGATE_SERVER_FRONT_H
#define LYCHGATE_SERVER_FRONT_H

#include "net/conn.h"
#include "server/server_priv.h"

/* Handlers for the listeners: plain HTTP; HTTPS with or without SIP beside it; SIP; SIP of
 * trusted peers.
 * conn_user() of an accepted connection is the server. */
const struct conn_handler *front_handler(enum door door, bool shared);

/* What a stream's first bytes are. */
enum front_kind {
    FRONT_UNDECIDED,
    FRONT_HTTP,
    FRONT_SIP
};

/* Decide by the first line as far as it has come: "REGISTER sip:" is SIP, "GET /" is
 * HTTP. CR LF before it is SIP's keep-alive. Anything unknown is HTTP, which
 * answers 400 in words. */
enum front_kind front_tell(struct slice first_bytes);

/* Put a web session or a SIP line in charge of the connection (web.c, line.c). */
void web_take(struct wing *wing, struct conn *conn);
void line_take(struct wing *wing, struct conn *conn, bool external);
void line_take_peer(struct wing *wing, struct conn *conn, bool external);

/* The server drains: close, in good order, what waits for nothing; what is in work is
 * closed behind its answer. Each on the wing's loop. */
void front_close_idle(struct wing *wing); /* connections that have not said what they are */
void web_close_idle(struct wing *wing);   /* a long poll is in work: its face ends it */

#endif
