/* A sign-in from within: what its steps share. The steps are functions of one
 * table (signin.c); each does its work, says which step comes next, and on
 * failure leaves it to the table's driver whether another way is tried. */
#ifndef LYCHGATE_CLIENT_SIGNIN_PRIV_H
#define LYCHGATE_CLIENT_SIGNIN_PRIV_H

#include "auth/association.h"
#include "auth/challenge.h"
#include "autodiscover/walk.h"
#include "client/kept.h"
#include "client/reach.h"
#include "client/report_priv.h"
#include "client/resolver.h"
#include "client/web.h"
#include "client/wire.h"
#include "discover/order.h"
#include "lychgate/lychgate.h"
#include "net/tls.h"
#include "sip/message.h"
#include "sip/print.h"
#include "trace/trace.h"
#include "webticket/client.h"
#include "webticket/mex.h"

#include <stdatomic.h>

/* In the order of a sign-in on its longest way. */
enum signin_step {
    STEP_RECALL,    /* is there a kept certificate? */
    STEP_DISCOVER,  /* the next name to try */
    STEP_WALK,      /* autodiscover's documents, up to the names of the pool */
    STEP_TICKET,    /* metadata, then a ticket, then on with the walk */
    STEP_POOL,      /* TLS to the pool */
    STEP_CHALLENGE, /* REGISTER without credentials: 401 */
    STEP_CERTIFICATE,
    STEP_HANDSHAKE, /* TLS-DSK */
    STEP_REGISTER,  /* signed REGISTER: 200 */
    STEP_COUNT,
    STEP_SIGNED_IN = STEP_COUNT,
    STEP_NONE, /* no other way to try */
};

enum {
    POOL_REDIRECTS_MAX = 3,
    POOLS_MAX = 16,
    PASSWORD_MAX = 1024,
    SKEW_MAX_MS = 5 * 60 * 1000,
};

struct mobile; /* mobile_priv.h */

/* What the caller wants; strings live in lychgate.own. */
struct settings {
    struct slice address; /* "alice@contoso.test", lower case */
    struct slice domain;
    struct slice sip_uri; /* "sip:alice@contoso.test" */
    struct slice login;
    struct slice server_host; /* absent: discover it */
    uint16_t server_port;
    struct slice nameserver;
    const char *ca_file;
    const char *cache_folder; /* NULL: keep nothing */
    const char *trace_file;
    const char *user_agent;
    enum lychgate_auth auth;
    int timeout_ms;
    lychgate_password_fn *password;
    void *password_arg;
};

/* Where the pool may be; tried in order. */
struct pool {
    struct slice host;
    uint16_t port;
};

struct lychgate {
    struct arena *own; /* lifetime of the object */
    struct settings set;
    struct fault unusable; /* what is wrong with the options */
    struct trace *trace;
    struct connect_to *connect_to;
    struct report report;
    int stop_fd; /* an eventfd: lychgate_stop() */

    /* One attempt: dropped whole by signin_forget(). */
    struct arena *arena;
    struct resolver *resolver;
    struct reaches *reaches;
    struct web *web;
    struct tls *tls;
    enum signin_step instead; /* where to go on if the present step fails */
    struct fault cause;       /* the most telling failure so far */
    int64_t began_us;

    struct discover_state discover;
    struct slice found_name; /* the lyncdiscover name that is being walked from */
    struct autodiscover_walk walk;
    struct secret password;
    struct webticket_grant ticket; /* empty assertion: none yet */
    unsigned tickets;              /* how many were asked for while walking */

    struct pool pools[POOLS_MAX];
    size_t pool_count, pool_next; /* pool_next - 1 is the present one */
    unsigned pool_redirects;

    struct kept *kept; /* key and certificate; NULL: none */
    bool kept_serves;  /* it comes from the cache, and has not been refused */
    bool kept_refused;
    bool recalled; /* the pool's name comes from the cache, too */
    bool by_dns;   /* the pool's name comes from DNS alone */

    /* The SIP conversation. */
    struct wire *wire;
    struct slice pool_name; /* "sip.contoso.test:5061" */
    struct slice epid;
    struct slice instance; /* GUID as text */
    struct slice call_id;
    uint32_t cseq;
    struct challenge challenge;
    struct association *association;
    struct slice token;                    /* the server's last gssapi-data */
    struct sip_transactions *transactions; /* talk.c; NULL: nothing was asked */
    struct session *session;               /* session_priv.h; NULL: not opened */
    struct mobile *mobile;                 /* NULL: never signed in as a phone */
    int64_t alive_at, renew_at;            /* clock_monotonic(): a sign of life, a refresh is due */

    /* What came of it; strings in `own` (lychgate_summary). */
    struct arena *result_arena;
    struct lychgate_summary summary;
    bool signed_in;
    int64_t expires_ms; /* of the registration, as the server says */
    int64_t anew_at;    /* clock_monotonic() at which the keys need to be others */
};

/* ---- signin.c ------------------------------------------------------------------- */

/* Run the table. */
int signin_go(struct lychgate *gate, struct fault *fault);

/* Begin anew and run it: what lychgate_signin() does. Failures are told already. */
int signin_whole(struct lychgate *gate, struct fault *fault);

/* End the attempt: connection, association, secrets. */
void signin_forget(struct lychgate *gate);

/* What an attempt works with: resolver, TLS, curl (lychgate.c). */
int signin_gather_tools(struct lychgate *gate, struct fault *fault);

/* A failure that a wrong clock explains becomes CLOCK_SKEW. */
void signin_blame_clock(const struct lychgate *gate, struct fault *fault);

/* mobile.c: with the attempt, with the object. */
void mobile_forget(struct lychgate *gate);
void mobile_free(struct lychgate *gate);

/* ---- the steps -------------------------------------------------------------------- */

typedef int signin_step_fn(struct lychgate *gate, enum signin_step *next, struct fault *fault);

signin_step_fn signin_recall, signin_certificate; /* certificate.c */
signin_step_fn signin_discover, signin_walk;      /* find.c */
signin_step_fn signin_ticket;                     /* ticket.c */
signin_step_fn signin_pool, signin_challenge;     /* register.c */
signin_step_fn signin_handshake, signin_register; /* register.c */

/* Begin a list of pools, add one; too many are passed over. */
void pools_clear(struct lychgate *gate);
void pools_add(struct lychgate *gate, struct slice host, uint16_t port);

/* ---- what several steps do --------------------------------------------------------- */

/* Ask an HTTP server as a step of its own: resolve, connect, send, receive. Any status is
 * a success here; the step is left open for the caller to end. */
int signin_ask(struct lychgate *gate, const char *step, const struct web_request *request,
               struct web_response *response, struct fault *fault);

/* May the password go to who sells tickets at that URL? Only by TLS, which proves the
 * host; and where plain http or DNS alone led there (`unprotected`), only inside the
 * user's domain or Microsoft's cloud. */
int signin_trust(struct lychgate *gate, struct slice url, bool unprotected, struct fault *fault);

/* Metadata of a service: by POST as full clients do, and by GET where that is refused. */
int signin_metadata(struct lychgate *gate, struct slice service_url, struct mex_service *out,
                    struct fault *fault);

/* A ticket from the service for somebody (ticket.c): by the password; or signed with the key of
 * the certificate in gate->kept. It becomes gate->ticket. */
int signin_get_ticket(struct lychgate *gate, struct slice service_url, struct slice applies_to,
                      struct fault *fault);
int signin_ticket_by_certificate(struct lychgate *gate, struct slice service_url,
                                 struct slice applies_to, struct fault *fault);

/* GET gate->walk.url (find.c). */
int signin_fetch(struct lychgate *gate, struct autodiscover_answer *answer, struct fault *fault);

/* A new certificate from the service at gate->challenge.sts_uri, with the present ticket or, where
 * there is none, one of its own; into gate->kept (certificate.c). And keep it there (NULL: no). */
int signin_ask_certificate(struct lychgate *gate, struct fault *fault);
void signin_keep_certificate(struct lychgate *gate, const char *folder, struct slice pool,
                             struct slice target);

/* The password, asked for at most once; -ERR_DENIED with PASSWORD_NEEDED. */
int signin_password(struct lychgate *gate, struct fault *fault);

/* ---- dialogue.c: SIP requests and answers -------------------------------------------- */

/* A REGISTER of ours; `authorization` absent: none; signed: by the association. */
struct dialogue_register {
    struct slice authorization;
    bool sign;
    bool leave; /* Expires: 0 */
};

/* Send it and wait for the final answer; requests that come meanwhile are answered. The
 * answer lives until the next call. */
int dialogue_register(struct lychgate *gate, const struct dialogue_register *options,
                      struct sip_message *answer, struct fault *fault);

/* Send it and do not wait. */
int dialogue_send_register(struct lychgate *gate, const struct dialogue_register *options,
                           struct fault *fault);

/* The next message until then (clock_monotonic()); -ERR_AGAIN: none came. */
int dialogue_receive(struct lychgate *gate, int64_t until, struct sip_message *message,
                     struct fault *fault);

/* Sign it, if the association is there yet, and send it. -ERR_EXPIRED: the association has no
 * numbers left. */
int dialogue_send(struct lychgate *gate, const struct sip_out *out, struct fault *fault);

/* Deal with a request of the server's. A registration-notify that ends the
 * registration is -ERR_DENIED, DEREGISTERED, after it was answered. */
int dialogue_request(struct lychgate *gate, const struct sip_message *request, struct fault *fault);

/* A response that refuses, as fault: by ms-diagnostics, else by status: as a refused sign-in,
 * or (_of_request) as another refused request. Negative. */
int dialogue_refusal(const struct sip_message *response, struct fault *fault);
int dialogue_refusal_of_request(const struct sip_message *response, struct fault *fault);

/* Take Expires, gruu, keep-alive out of a 200 to REGISTER. */
void dialogue_take_registration(struct lychgate *gate, const struct sip_message *answer);

/* ---- stay.c --------------------------------------------------------------------------- */

int signin_keep(struct lychgate *gate, int seconds, struct fault *fault);

/* Stay until then, or until *done (may be NULL) is true; -ERR_AGAIN: the time is over.
 * Failures are told and end the session. */
int signin_stay(struct lychgate *gate, int64_t until, const bool *done, struct fault *fault);

/* Set when a sign of life and a refresh are due, counted from now. */
void signin_set_timers(struct lychgate *gate);
int signin_leave(struct lychgate *gate, struct fault *fault);

#endif
