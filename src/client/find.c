/* Finding the pool: autodiscover first, then SRV records, then well-known names
 * (discover/order.h), as Skype for Business clients do. */
#include "client/signin_priv.h"

#include "base/clock.h"
#include "discover/order.h"

/* ---- the next name ------------------------------------------------------------------- */

/* Without a name server the other names need not be waited for. */
static int name_failed(struct lychgate *gate, int err)
{
    if (reaches_silent(gate->reaches))
        gate->instead = STEP_NONE;
    return err;
}

static int begin_walk(struct lychgate *gate, const struct discover_attempt *attempt,
                      struct fault *fault)
{
    struct reach reach;
    uint16_t port = slice_eq(slice_of(attempt->scheme), SLICE("https")) ? 443 : 80;
    int err = reaches_find(gate->reaches, attempt->name, port, &reach, fault);
    if (err) { /* the other scheme needs the same name */
        discover_skip_name(&gate->discover);
        return name_failed(gate, err);
    }
    gate->found_name = attempt->name;
    gate->tickets = 0;
    autodiscover_begin(
        &gate->walk, gate->arena,
        arena_print(gate->arena, "%s://%.*s/", attempt->scheme, SLICE_ARG(attempt->name)),
        gate->set.address);
    return 0;
}

static int find_srv(struct lychgate *gate, const struct discover_attempt *attempt,
                    struct fault *fault)
{
    struct resolver_answer answer;
    struct fault odd;
    int err = reaches_srv(gate->reaches, attempt->name, gate->arena, &answer, fault);
    if (err)
        return name_failed(gate, err);
    if (answer.target_count == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_DNS_NOT_FOUND,
                         "%.*s says that there is no such service", SLICE_ARG(attempt->name));
    for (size_t i = 0; i < answer.target_count; i++) {
        const struct dns_srv *target = &answer.targets[i];
        pools_add(gate, target->target, target->port);
        if (discover_check_target(gate->set.domain, target->target, &odd) < 0) {
            report_begin(&gate->report, "dns", "is %.*s in the domain?", SLICE_ARG(target->target));
            report_noted(&gate->report, &odd, "no");
        }
    }
    return 0;
}

int signin_discover(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    struct discover_attempt attempt;
    if (!discover_next(&gate->discover, gate->arena, &attempt))
        return fault_set(fault, ERR_UNKNOWN, FINDING_DNS_NOT_FOUND,
                         "no name of %.*s leads to a server", SLICE_ARG(gate->set.domain));
    gate->instead = STEP_DISCOVER;
    pools_clear(gate);
    gate->by_dns = attempt.kind != DISCOVER_AUTODISCOVER;
    switch (attempt.kind) {
    case DISCOVER_AUTODISCOVER:
        *next = STEP_WALK;
        return begin_walk(gate, &attempt, fault);
    case DISCOVER_SRV:
        *next = STEP_POOL;
        return find_srv(gate, &attempt, fault);
    default:
        *next = STEP_POOL;
        pools_add(gate, attempt.name, attempt.port);
        return 0;
    }
}

/* ---- autodiscover's documents --------------------------------------------------------- */

/* The document asked for, in the words of the protocol. */
static const char *walk_step(const struct lychgate *gate)
{
    if (gate->walk.with_ticket)
        return "user";
    if (gate->walk.visited_count <= 1 &&
        slice_starts(gate->found_name, SLICE("lyncdiscoverinternal.")))
        return "lyncdiscoverinternal";
    return gate->walk.visited_count <= 1 ? "lyncdiscover" : "autodiscover";
}

int signin_fetch(struct lychgate *gate, struct autodiscover_answer *answer, struct fault *fault)
{
    struct web_request request = {.url = gate->walk.url};
    struct web_response response;
    web_request_header(&request, "Accept", SLICE(AUTODISCOVER_ACCEPT));
    if (gate->walk.with_ticket)
        web_request_header(&request, "X-MS-WebTicket",
                           webticket_opaque_header(gate->arena, &gate->ticket));
    int err = signin_ask(gate, walk_step(gate), &request, &response, fault);
    if (err)
        return err;
    *answer = (struct autodiscover_answer){
        .status = response.status,
        .content_type = web_header(&response, "Content-Type"),
        .location = web_header(&response, "Location"),
        .ticket_url = web_header(&response, "X-MS-WebTicketURL"),
        .server = web_header(&response, "X-MS-Server-Fqdn"),
        .diagnostics = web_header(&response, "X-Ms-diagnostics"),
        .body = response.body,
    };
    return 0;
}

static int take_pools(struct lychgate *gate, struct fault *fault)
{
    struct autodiscover_access points[2];
    size_t count = autodiscover_access_points(&gate->walk.document, points);
    if (count == 0)
        return fault_set(fault, ERR_MALFORMED, FINDING_AUTODISCOVER_MALFORMED,
                         "the User document names no pool for this location");
    pools_clear(gate);
    for (size_t i = 0; i < count; i++)
        pools_add(gate, points[i].fqdn, points[i].port);
    if (count == 1)
        report_good(&gate->report, "200, the pool is %.*s:%u", SLICE_ARG(points[0].fqdn),
                    points[0].port);
    else
        report_good(&gate->report, "200, the pool is %.*s:%u, then %.*s:%u",
                    SLICE_ARG(points[0].fqdn), points[0].port, SLICE_ARG(points[1].fqdn),
                    points[1].port);
    return 0;
}

int signin_walk(struct lychgate *gate, enum signin_step *next, struct fault *fault)
{
    for (;;) {
        struct autodiscover_answer answer = {0};
        enum autodiscover_step step = AUTODISCOVER_GET;
        /* Once a ticket was given, the answers are about this user: no other name
         * would say better. */
        gate->instead = gate->walk.with_ticket ? STEP_NONE : STEP_DISCOVER;
        int err = signin_fetch(gate, &answer, fault);
        if (err == 0)
            err = autodiscover_take(&gate->walk, &answer, &step, fault);
        if (err == 0 && step == AUTODISCOVER_TICKET)
            err = signin_trust(gate, gate->walk.ticket_url, gate->walk.unprotected, fault);
        if (err) {
            if (fault->finding == FINDING_HOME_UNKNOWN)
                gate->instead = STEP_NONE;
            return err;
        }
        switch (step) {
        case AUTODISCOVER_GET:
            report_good(&gate->report, "%d, go on to %.*s", answer.status,
                        SLICE_ARG(gate->walk.url));
            break;
        case AUTODISCOVER_TICKET:
            report_good(&gate->report, "%d, tickets from %.*s", answer.status,
                        SLICE_ARG(gate->walk.ticket_url));
            *next = STEP_TICKET;
            return 0;
        case AUTODISCOVER_FOUND:
            *next = STEP_POOL;
            return take_pools(gate, fault);
        }
    }
}
