/* The registrar: at which endpoints a user is signed in ([MS-SIPREGE] section 3.1,
 * RFC 3261 section 10). One registrar a home loop; it holds the endpoints of the
 * users who are at home there and is touched by that loop only. No socket, no
 * clock: requests, connections lost and the passing of time come in, replies and
 * messages to be sent go out. */
#ifndef LYCHGATE_REGISTRAR_REGISTRAR_H
#define LYCHGATE_REGISTRAR_REGISTRAR_H

#include "registrar/endpoint.h"
#include "sip/message.h"
#include "sip/reply.h"
#include "site/site.h"

struct registrar;

struct registrar_options {
    const struct site *site;  /* borrowed */
    int64_t expires_ms;       /* of a registration that is not refreshed; what 200 says */
    int64_t keepalive_ms;     /* what ms-keep-alive says */
    unsigned endpoints_max;   /* of one user; one more ends the oldest (ENDPOINT_QUOTA) */
    const char *allow_events; /* Allow-Events of the 200, one list without blanks; "": none */
    /* An endpoint is leaving, for whatever reason; `last`: its user has no other. Called
     * while it can still be read; must not call the registrar. May be NULL. */
    void (*on_gone)(void *arg, const struct endpoint *endpoint, bool last);
    void *arg;
};

struct registrar *registrar_new(const struct registrar_options *options);
void registrar_free(struct registrar *registrar);

/* Who sends the REGISTER, as the gate has verified it. */
struct registrar_caller {
    struct slice account;        /* "alice@contoso.test", lower case, as all accounts here */
    struct slice epid, instance; /* as the association knows them; either may be absent */
    struct slice received;       /* "192.0.2.7:49172", where the connection comes from: stands in
                                    the Contact when it says proxy=replace; absent: left alone */
    struct flow flow;            /* the connection it came on */
    bool external;               /* it came by the external name or port: RemoteUser */
};

/* Answer a REGISTER: bind or refresh (Expires absent or not 0), unbind (Expires: 0),
 * or tell the bindings (no Contact). A shorter Expires than ours is
 * honoured, a longer one is not. Fills the reply (a 200 from sip_reply_init) with
 * every header that clients read, in the form SIPE reads; reply->to_tag stays the
 * same as long as the endpoint does. Endpoints that lose their place get a
 * registration-notify in *out. Returns 0, or a negative enum err with
 *   CLAIM_MISMATCH       From or To is not the caller's address
 *   ENDPOINT_ID_MISSING  neither epid nor +sip.instance
 *   ENDPOINT_ID_WRONG    epid too long, +sip.instance no GUID or not the epid's, or
 *                        another endpoint than the association's
 *   EVENT_WRONG, GRUU_REQUIRED, SIP_MALFORMED (Contact, lengths)
 * Cost: logarithmic in the endpoints of all, linear in those of the user. */
int registrar_register(struct registrar *registrar, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                       struct outgoing_list *out, struct fault *fault);

/* A connection has ended: its endpoints are gone, unless they have registered on
 * another one since. Returns how many. */
size_t registrar_flow_lost(struct registrar *registrar, struct flow flow);

/* The account was disabled or removed: its endpoints are signed out by a
 * registration-notify with `deregistered;event=rejected` ([MS-SIPREGE] 3.2). */
size_t registrar_user_gone(struct registrar *registrar, struct slice account,
                           struct outgoing_list *out);

/* End what has expired; returns when to call again (ms), INT64_MAX: nothing waits. */
int64_t registrar_expire(struct registrar *registrar, int64_t now);

/* The endpoints of a user, oldest first: call with NULL, then with the one before. */
const struct endpoint *registrar_next(const struct registrar *registrar, struct slice account,
                                      const struct endpoint *after);

/* The one of that instance; NULL: there is none. */
const struct endpoint *registrar_find(const struct registrar *registrar, struct slice account,
                                      const struct guid *instance);

/* How many endpoints and users there are. */
size_t registrar_count(const struct registrar *registrar);
size_t registrar_users(const struct registrar *registrar);

/* Call fn with each user's address that has an endpoint. */
void registrar_each_user(const struct registrar *registrar,
                         void (*fn)(void *arg, struct slice account), void *arg);

#endif
