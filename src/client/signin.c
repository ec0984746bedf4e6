#include "client/session_priv.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *id; /* names a failure of the step where no question was under way */
    signin_step_fn *run;
} steps[STEP_COUNT] = {
    [STEP_RECALL] = {"recall", signin_recall},
    [STEP_DISCOVER] = {"discover", signin_discover},
    [STEP_WALK] = {"autodiscover", signin_walk},
    [STEP_TICKET] = {"ticket", signin_ticket},
    [STEP_POOL] = {"connect", signin_pool},
    [STEP_CHALLENGE] = {"challenge", signin_challenge},
    [STEP_CERTIFICATE] = {"certificate", signin_certificate},
    [STEP_HANDSHAKE] = {"handshake", signin_handshake},
    [STEP_REGISTER] = {"register", signin_register},
};

/* ---- causes ------------------------------------------------------------------------------ */

/* Several ways may have failed, each in its manner. The nearer to the goal one came, the
 * more its failure says: a missing name less than a bad certificate. */
static int telling(enum finding finding)
{
    switch (finding) {
    case FINDING_NONE:
        return 0;
    case FINDING_DNS_NOT_FOUND:
        return 1;
    case FINDING_DNS_NO_SERVER:
    case FINDING_NETWORK_UNREACHABLE:
        return 2;
    case FINDING_CONNECTION_REFUSED:
    case FINDING_CONNECTION_TIMEOUT:
        return 3;
    case FINDING_AUTODISCOVER_MALFORMED:
    case FINDING_TLS_NOT_SPOKEN:
    case FINDING_CONNECTION_LOST:
    case FINDING_DISCOVERY_UNPROTECTED:
        return 4;
    default:
        return 5;
    }
}

static bool about_time(enum finding finding)
{
    static const enum finding rows[] = {
        FINDING_CLOCK_SKEW,     FINDING_TICKET_NOT_YET_VALID, FINDING_TICKET_EXPIRED,
        FINDING_TICKET_MISSING, FINDING_TICKET_MALFORMED,     FINDING_TOKEN_REFUSED,
        FINDING_CERT_EXPIRED,   FINDING_TLS_NOT_YET_VALID,    FINDING_SIGNATURE_INVALID,
        FINDING_SIGNIN_REFUSED, FINDING_TLSDSK_HANDSHAKE,     FINDING_CERT_UNKNOWN,
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i] == finding)
            return true;
    return false;
}

/* A server seldom says that the clocks differ: it says that a time stamp, a ticket or a
 * certificate is no good. Its Date headers tell. */
void signin_blame_clock(const struct lychgate *gate, struct fault *fault)
{
    const struct report *report = &gate->report;
    if (!report->skew_known || llabs(report->skew_ms) <= SKEW_MAX_MS || !about_time(fault->finding))
        return;
    struct fault told = *fault;
    fault_set(fault, ERR_EXPIRED, FINDING_CLOCK_SKEW,
              "the server's clock is %lld s %s ours; %.150s",
              (long long)llabs(report->skew_ms) / 1000, report->skew_ms > 0 ? "ahead of" : "behind",
              told.detail);
}

/* ---- the driver ---------------------------------------------------------------------------- */

static void failed(struct lychgate *gate, enum signin_step step, const struct fault *fault,
                   bool final)
{
    enum lychgate_outcome outcome = final ? LYCHGATE_FAILED : LYCHGATE_PASSED;
    if (telling(fault->finding) > telling(gate->cause.finding)) {
        gate->cause = *fault;
        report_keep_problem(&gate->report, fault);
    }
    report_bad(&gate->report, steps[step].id, outcome, fault);
}

/* When the last way is closed, the cause is the most telling failure, which need not be
 * the last one; a failure that nothing could follow is its own cause. */
static int settle(struct lychgate *gate, enum signin_step step, struct fault *fault)
{
    if (step == STEP_DISCOVER && gate->cause.finding != FINDING_NONE)
        *fault = gate->cause;
    signin_blame_clock(gate, fault);
    if (step != STEP_DISCOVER || fault->finding != gate->cause.finding)
        report_keep_problem(&gate->report, fault);
    report_bad(&gate->report, steps[step].id, LYCHGATE_FAILED, fault);
    return fault->err;
}

int signin_go(struct lychgate *gate, struct fault *fault)
{
    enum signin_step step = STEP_RECALL;
    gate->cause = (struct fault){0};
    while (step != STEP_SIGNED_IN) {
        enum signin_step next = STEP_NONE;
        *fault = (struct fault){0};
        gate->instead = STEP_NONE;
        if (steps[step].run(gate, &next, fault) == 0) {
            step = next;
            continue;
        }
        if (gate->instead == STEP_NONE)
            return settle(gate, step, fault);
        failed(gate, step, fault, false);
        step = gate->instead;
    }
    return 0;
}

void signin_forget(struct lychgate *gate)
{
    wire_close(gate->wire);
    gate->wire = NULL;
    session_interrupt(gate);
    mobile_forget(gate);
    association_free(gate->association);
    kept_free(gate->kept);
    web_free(gate->web);
    reaches_free(gate->reaches);
    resolver_free(gate->resolver);
    tls_unref(gate->tls);
    secret_free(&gate->password);
    webticket_grant_fini(&gate->ticket);
    arena_free(gate->arena);
    /* What follows `stop_fd` up to the result is the attempt's (signin_priv.h). */
    gate->association = NULL;
    gate->kept = NULL;
    gate->web = NULL;
    gate->reaches = NULL;
    gate->resolver = NULL;
    gate->tls = NULL;
    gate->arena = NULL;
    gate->ticket = (struct webticket_grant){0};
    gate->pool_count = gate->pool_next = 0;
    gate->tickets = gate->pool_redirects = 0;
    gate->kept_serves = gate->kept_refused = gate->recalled = false;
    gate->token = (struct slice){0};
    gate->signed_in = false;
}

/* ---- what several steps do ------------------------------------------------------------------ */

void pools_clear(struct lychgate *gate)
{
    gate->pool_count = gate->pool_next = 0;
}

void pools_add(struct lychgate *gate, struct slice host, uint16_t port)
{
    if (gate->pool_count < POOLS_MAX)
        gate->pools[gate->pool_count++] = (struct pool){arena_copy(gate->arena, host), port};
}

int signin_ask(struct lychgate *gate, const char *step, const struct web_request *request,
               struct web_response *response, struct fault *fault)
{
    struct slice host;
    struct reach reach;
    uint16_t port;
    bool secure;
    if (!web_url_split(request->url, &secure, &host, &port))
        return fault_set(fault, ERR_MALFORMED, FINDING_HTTP_MALFORMED, "no http or https URL: %.*s",
                         SLICE_ARG(slice_head(request->url, 150)));
    int err = reaches_find(gate->reaches, host, port, &reach, fault);
    if (err)
        return err;
    report_begin(&gate->report, step, "%s %.*s",
                 request->connect_only ? "connect to"
                 : request->post       ? "POST"
                                       : "GET",
                 SLICE_ARG(request->url));
    report_whom(&gate->report, reach_print(gate->arena, host, port));
    err = web_ask(gate->web, request, &reach, gate->arena, response, fault);
    report_whom(&gate->report, response->peer);
    if (response->head.len > 0)
        report_received(&gate->report,
                        arena_print(gate->arena, "%.*s%.*s", SLICE_ARG(response->head),
                                    SLICE_ARG(response->body)));
    if (response->date)
        report_date(&gate->report, response->date, clock_now());
    return err;
}

int signin_password(struct lychgate *gate, struct fault *fault)
{
    if (gate->password.len > 0)
        return 0;
    char text[PASSWORD_MAX] = "";
    bool given =
        gate->set.password && gate->set.password(gate->set.password_arg, text, sizeof text);
    size_t len = strnlen(text, sizeof text);
    if (given && len > 0 && len < sizeof text)
        secret_set(&gate->password, slice_make(text, len));
    secret_wipe(text, sizeof text);
    if (gate->password.len > 0)
        return 0;
    return fault_set(fault, ERR_DENIED, FINDING_PASSWORD_NEEDED, "for %.*s",
                     SLICE_ARG(slice_head(gate->set.login, 100)));
}
