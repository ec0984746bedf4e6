/* The server's interior: what main makes once, and what each loop holds. */
#ifndef LYCHGATE_SERVER_SERVER_PRIV_H
#define LYCHGATE_SERVER_SERVER_PRIV_H

#include "accounts/desk.h"
#include "auth/gate.h"
#include "auth/penalty.h"
#include "http/forwarded.h"
#include "http/routes.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/workers.h"
#include "registrar/registrar.h"
#include "server/config.h"
#include "site/site.h"
#include "trace/trace.h"

#include <stdatomic.h>
#include <sys/queue.h>

struct server;
struct line;
struct web;
struct lab_dns;
struct watch;
struct contacts;
struct presence;
struct im;
struct turn;
struct hold;
struct phones;
struct ucwa;
struct mcx;
struct wakes;
struct push_clearing;

enum door {
    DOOR_HTTP,
    DOOR_HTTPS,
    DOOR_SIP,
    DOOR_MOBILITY, /* trusted peers, see peer.h */
    DOOR_MOBILITY_EXTERNAL,
    DOORS
};
enum {
    ADDRESSES_MAX = 4
}; /* of one door */

/* A wing: one loop, and what lives on it. Touched by that loop's thread only,
 * except `loop` (for its mailbox) and `index`. */
struct wing {
    struct server *server;
    struct loop *loop;
    unsigned index;
    struct registrar *registrar; /* of the users who are at home here */
    struct contacts *contacts;   /* their lists */
    struct presence *presence;   /* theirs, and of those they watch */
    struct im *im;               /* sessions that they are called to */
    struct phones *phones;       /* their endpoints that have no connection (phones.h) */
    struct wakes *wakes;         /* those of them that are being woken (wake.h) */
    struct ucwa *ucwa;           /* their applications (faces.h) */
    struct mcx *mcx;             /* their sessions with the mobility service (faces.h) */
    struct hold *holds;          /* users of whom a change is being written (hold.h) */
    struct turn *turn;           /* the work that is being done now */
    struct timer tick;           /* looks for what has expired, while anybody is here */
    struct timer news;           /* when polls are due to hear what was gathered (faces.h) */
    int64_t news_at;             /* ms since the epoch, while it runs */
    int64_t swept;               /* when all contacts' subscriptions were looked through */
    struct line *lines;          /* SIP connections by their number (uthash) */
    LIST_HEAD(, web) webs;       /* HTTP connections */
};

struct server {
    struct config *config;
    struct site site;

    struct vault *vault;
    struct store *store;
    struct workers *workers;

    struct tls *tls;
    struct tls *peers; /* of the doors that demand a certificate; NULL: none is open */
    struct quota *quota;
    struct listener *doors[DOORS][ADDRESSES_MAX];
    uint16_t ports[DOORS];

    struct http_routes *routes;
    struct http_proxies *proxies;
    struct penalty *penalty;
    struct roles *roles; /* web rooms, see roles.h */

    struct tlsdsk_context *tlsdsk;
    struct gate_settings gate;
    struct gate_checks checks;
    struct slice sts_uri;
    struct slice contact; /* of our notifications: <sip:HOST:PORT;transport=tls> */

    struct trace *trace;
    struct lab_dns *dns;
    struct watch *watch;
    struct push_clearing *clearing; /* NULL: there is no push key */
    struct {
        atomic_bool push, outside;
        _Atomic int64_t session, short_session;
    } sitewide; /* sitewide.h */

    struct wing *wings; /* wings[0] runs on the main thread */
    unsigned wing_count;
    struct arena *arena;   /* strings that live as long as the server */
    unsigned vault_client; /* the main thread's own vault client; the clearing house has the next */
    const char *config_path, *ready_path;
    struct timer drain;
    int64_t drain_until;  /* clock_monotonic() */
    atomic_bool draining; /* all loops look */
    bool failed;
};

/* The wing that a connection lives on. */
struct wing *wing_of_conn(const struct conn *conn);

/* The wing where a user is at home. */
struct wing *wing_of_account(struct server *server, struct slice account);

/* Keep a message in the trace. Cheap when there is none. */
void server_trace(struct server *server, enum trace_layer layer, struct conn *conn, bool inbound,
                  struct slice bytes);

/* The calling worker's desk (desk_fn; arg is the server). */
struct desk *server_desk(void *server);

/* Give a job to a worker. -ERR_BUSY with SERVER_BUSY when the queue is full, or when the
 * server is ending. */
int server_work(struct server *server, struct job *job, struct fault *fault);

/* Worker contexts, for workers_options. */
int server_desk_open(void *server, unsigned worker, void **desk_out, struct fault *fault);
void server_desk_close(void *server, void *desk);

#endif
