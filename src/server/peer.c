#include "server/peer.h"

#include "base/clock.h"
#include "event/event.h"
#include "server/methods.h"
#include "server/verdict.h"

#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    STRIKES_MAX = 8 /* as the gate has it for strangers */
};

/* Connections count from 1 and never get there; phones of this server have bit 63. */
#define PEER_FLOW (UINT64_C(1) << 62)

struct peer {
    struct conn *conn;
    struct timer timer; /* until the next second */
    int64_t second;     /* when this one began, clock_monotonic() */
    int64_t count;      /* messages in it */
    unsigned strikes;   /* on end */
    bool external;
};

struct peer *peer_new(struct conn *conn, bool external)
{
    struct peer *peer = must_calloc(1, sizeof *peer);
    scoped(arena) struct arena *arena = arena_new();
    peer->conn = conn;
    peer->external = external;
    event_emit(EVENT_NOTICE, "mobility.peer", FINDING_NONE,
               EVENT_SLICE("name", tls_peer_name(conn_ssl(conn))),
               EVENT_SLICE("peer", address_print(arena, conn_peer(conn))),
               EVENT_TEXT("door", external ? "mobility-external" : "mobility"),
               EVENT_INT("conn", conn_id(conn)), EVENT_END);
    return peer;
}

void peer_free(struct peer *peer)
{
    if (!peer)
        return;
    timer_stop(&peer->timer);
    free(peer);
}

uint64_t peer_flow(uint64_t conn)
{
    return conn | PEER_FLOW;
}

bool peer_is_flow(struct flow flow)
{
    return (flow.conn & PEER_FLOW) != 0;
}

/* ---- how much at once ----------------------------------------------------------------- */

static void next_second(void *arg)
{
    struct peer *peer = arg;
    conn_resume(peer->conn);
}

void peer_count(struct peer *peer)
{
    peer->count++;
}

/* TCP makes it wait, so that nothing is refused which may be in time a moment later. No
 * message is in work now, so nobody else pauses or resumes the connection. */
bool peer_waits(struct peer *peer, int64_t most)
{
    int64_t now = clock_monotonic();
    if (now - peer->second >= SECOND_MS) {
        peer->second = now;
        peer->count = 0;
    }
    if (peer->count < most)
        return false;
    conn_pause(peer->conn);
    timer_init(&peer->timer, conn_loop(peer->conn), next_second, peer);
    timer_start(&peer->timer, peer->second + SECOND_MS - now);
    return true;
}

/* ---- who it is ------------------------------------------------------------------------------ */

static int of_this_site(const struct errand *e, const struct sip_uri *uri,
                        struct slice *account_out, struct fault *fault)
{
    struct slice aor, user, domain;
    if (sip_uri_aor(e->arena, uri, &aor, fault) < 0)
        return fault_set(fault, ERR_DENIED, FINDING_PEER_IDENTITY, "From is nobody's address");
    *account_out = slice_from(aor, sizeof "sip:" - 1);
    slice_cut(*account_out, '@', &user, &domain);
    if (!slice_eq_nocase(domain, e->server->site.domain))
        return fault_set(fault, ERR_DENIED, FINDING_PEER_IDENTITY, "From %.*s",
                         SLICE_ARG(slice_head(*account_out, 80)));
    return 0;
}

/* RFC 3325: one sip and one tel address at most. The first must not say otherwise than From;
 * the second says who somebody is on the telephone, and nothing here. */
static int check_asserted(const struct errand *e, struct slice account, struct fault *fault)
{
    const struct sip_header *header = sip_header(e->request, SIP_HEADER_P_ASSERTED_IDENTITY);
    for (; header; header = sip_header_next(e->request, header)) {
        struct slice rest = header->value, item, aor;
        struct sip_address address;
        int more;
        while ((more = sip_list_next(&rest, &item)) > 0) {
            if (sip_address_parse(item, "P-Asserted-Identity", &address, fault) < 0)
                return -ERR_MALFORMED;
            if (address.uri.scheme != SIP_SCHEME_SIP && address.uri.scheme != SIP_SCHEME_SIPS)
                continue;
            if (sip_uri_aor(e->arena, &address.uri, &aor, fault) < 0 ||
                !slice_eq(slice_from(aor, sizeof "sip:" - 1), account))
                return fault_set(fault, ERR_DENIED, FINDING_PEER_IDENTITY,
                                 "From %.*s, but P-Asserted-Identity %.*s",
                                 SLICE_ARG(slice_head(account, 80)),
                                 SLICE_ARG(slice_head(item, 80)));
        }
        if (more < 0)
            return fault_set(fault, ERR_MALFORMED, FINDING_SIP_MALFORMED, "P-Asserted-Identity");
    }
    return 0;
}

static int read_identity(struct errand *e, struct fault *fault)
{
    struct slice epid = e->request->from.epid;
    int err = of_this_site(e, &e->request->from.uri, &e->caller.account, fault);
    if (err == 0)
        err = check_asserted(e, e->caller.account, fault);
    if (err == 0 && (slice_empty(epid) || epid.len > ENDPOINT_EPID_MAX))
        err = fault_set(fault, ERR_MALFORMED, FINDING_ENDPOINT_ID_MISSING,
                        "which phone? From has an epid of %zu characters", epid.len);
    if (err == 0)
        e->caller.epid = arena_copy(e->arena, epid);
    return err;
}

static struct peer_claim *claim_of(const struct peer *peer, struct arena *arena)
{
    struct peer_claim *claim = arena_new_of(arena, struct peer_claim);
    struct address local = conn_local(peer->conn);
    *claim = (struct peer_claim){
        .here = address_print(arena, &local),
        .there = address_print_host(arena, conn_peer(peer->conn)),
        .conversation = arena_print(arena, "%llu", (unsigned long long)conn_id(peer->conn)),
    };
    return claim;
}

/* Speaks the message for nobody? */
static bool is_own(const struct sip_message *message)
{
    return !sip_is_request(message) || message->method == SIP_OPTIONS;
}

int peer_identify(struct peer *peer, struct errand *e, struct fault *fault)
{
    e->claim = claim_of(peer, e->arena);
    e->caller = (struct registrar_caller){
        .received = address_print(e->arena, conn_peer(peer->conn)),
        .flow = {.conn = peer_flow(conn_id(peer->conn)), .loop = e->wing->index},
        .external = peer->external,
    };
    if (is_own(e->request))
        return 0;
    int err = read_identity(e, fault);
    peer->strikes = err < 0 ? peer->strikes + 1 : 0;
    if (err < 0)
        event_emit(EVENT_WARNING, "mobility.peer_refused", fault->finding,
                   EVENT_SLICE("name", tls_peer_name(conn_ssl(peer->conn))),
                   EVENT_INT("conn", conn_id(peer->conn)),
                   EVENT_SLICE("method", e->request->method_text), EVENT_FAULT(fault), EVENT_END);
    return err;
}

bool peer_is_lost(const struct peer *peer)
{
    return peer->strikes >= STRIKES_MAX;
}

/* ---- at the user's home ------------------------------------------------------------------------
 */

static void refuse(struct errand *e)
{
    line_errand_refuse(e, &e->fault);
}

static void at_home(struct errand *e)
{
    const struct wing *home = wing_of_account(e->server, e->caller.account);
    struct guid instance = endpoint_instance_of_epid(e->caller.epid);
    const struct endpoint *endpoint = registrar_find(home->registrar, e->caller.account, &instance);
    bool ours = endpoint && flow_eq(endpoint->flow, e->caller.flow);
    if (e->request->method == SIP_REGISTER && endpoint && !peer_is_flow(endpoint->flow)) {
        fault_set(&e->fault, ERR_DENIED, FINDING_PEER_IDENTITY,
                  "epid %.*s is signed in, and by no trusted peer", SLICE_ARG(e->caller.epid));
        refuse(e);
    } else if (e->request->method != SIP_REGISTER && !ours) {
        e->reply.no_answer = e->request->method == SIP_ACK;
        fault_set(&e->fault, ERR_DENIED, FINDING_NOT_REGISTERED,
                  "%.*s, epid %.*s, on this connection", SLICE_ARG(e->caller.account),
                  SLICE_ARG(e->caller.epid));
        refuse(e);
    } else {
        e->established = true; /* a refresh, too, is judged by the policy of its day */
        methods_take(e);
    }
}

void peer_take(struct errand *e)
{
    if (is_own(e->request))
        methods_take(e);
    else
        errand_travel(e, wing_of_account(e->server, e->caller.account), at_home);
}

void peer_tell_verdict(const struct errand *e)
{
    bool refused = e->err < 0 && e->fault.finding == FINDING_MOBILITY_DISABLED;
    const struct peer_claim *claim = e->claim;
    struct verdict verdict = {.account = e->caller.account,
                              .endpoint = e->caller.epid,
                              .enabled = e->err == 0,
                              .fault = e->err < 0 && !refused ? &e->fault : NULL,
                              .mode = "none"};
    verdict_tell(e->server, &verdict,
                 (struct trace_record){
                     .from = claim->here, .to = claim->there, .conversation = claim->conversation});
}
