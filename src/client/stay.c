/* Signed in: signs of life, refreshes, the server's requests, and leaving. */
#include "client/signin_priv.h"

#include "base/clock.h"

#include <sys/eventfd.h>

enum {
    EARLY_MS = 30 * 1000 /* a refresh so long before the end, as SIPE does */
};

static int64_t refresh_due(const struct lychgate *gate, int64_t now)
{
    int64_t half = gate->expires_ms / 2;
    int64_t early = gate->expires_ms - EARLY_MS;
    return now + (early > half ? early : half);
}

/* [MS-SIPREGE] 3.1.1.5.1: a refresh that is answered "added" or "fixed" found nothing to
 * refresh; the server had lost us. */
static int refresh(struct lychgate *gate, struct fault *fault)
{
    struct sip_message answer;
    report_begin(&gate->report, "refresh", "REGISTER %.*s, signed", SLICE_ARG(gate->set.sip_uri));
    report_whom(&gate->report, gate->pool_name);
    int err = dialogue_register(gate, &(struct dialogue_register){.sign = true}, &answer, fault);
    if (err == 0 && answer.status != 200)
        err = dialogue_refusal(&answer, fault);
    if (err)
        return err;
    dialogue_take_registration(gate, &answer);
    report_good(&gate->report, "200, for %lld s", (long long)gate->expires_ms / 1000);
    return 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Take what comes until something is due. */
static int listen_until(struct lychgate *gate, int64_t until, struct fault *fault)
{
    for (;;) {
        struct sip_message message;
        report_begin(&gate->report, "request", "a request of the server's");
        report_whom(&gate->report, gate->pool_name);
        int err = dialogue_receive(gate, until, &message, fault);
        if (err == -ERR_AGAIN)
            return 0;
        if (err)
            return err;
        if (!sip_is_request(&message))
            continue;
        err = dialogue_request(gate, &message, fault);
        if (err)
            return err;
        if (gate->report.step) /* not yet told by dialogue_request */
            report_good(&gate->report, "%.*s", SLICE_ARG(slice_head(message.method_text, 40)));
    }
}

static int keep(struct lychgate *gate, int64_t until, struct fault *fault)
{
    int64_t now = clock_monotonic();
    int64_t alive = now + gate->summary.keepalive_ms, renew = refresh_due(gate, now);
    while (now < until) {
        int64_t due = least(gate->anew_at, least(alive, renew));
        int err = listen_until(gate, least(until, due), fault);
        if (err)
            return err;
        now = clock_monotonic();
        if (now >= gate->anew_at || now >= renew) {
            /* The keys of TLS-DSK last no longer than the certificate, and 8 hours at
             * most: whoever stays longer signs in anew, with what was kept while that
             * serves. */
            err = now >= gate->anew_at ? signin_whole(gate, fault) : refresh(gate, fault);
            now = clock_monotonic();
            renew = refresh_due(gate, now);
            alive = now + gate->summary.keepalive_ms;
        } else if (now >= alive) {
            err = wire_keepalive(gate->wire, fault);
            alive = now + gate->summary.keepalive_ms;
        }
        if (err)
            return err;
    }
    return 0;
}

int signin_keep(struct lychgate *gate, int seconds, struct fault *fault)
{
    if (!gate->signed_in)
        return fault_set(fault, ERR_CONFLICT, FINDING_AUTH_NEEDED, "not signed in");
    int err = keep(gate, clock_monotonic() + (int64_t)seconds * 1000, fault);
    if (err == -ERR_CONFLICT) { /* lychgate_stop() */
        eventfd_t ignored;
        eventfd_read(gate->stop_fd, &ignored);
        return 0;
    }
    if (err && gate->signed_in) { /* else it was a new sign-in that failed, and was told */
        report_keep_problem(&gate->report, fault);
        report_bad(&gate->report, "keep", LYCHGATE_FAILED, fault);
        gate->signed_in = false;
    }
    return err;
}

int signin_leave(struct lychgate *gate, struct fault *fault)
{
    struct sip_message answer;
    if (!gate->signed_in)
        return 0;
    gate->signed_in = false;
    report_begin(&gate->report, "signout", "REGISTER %.*s, Expires: 0, signed",
                 SLICE_ARG(gate->set.sip_uri));
    report_whom(&gate->report, gate->pool_name);
    int err = dialogue_register(gate, &(struct dialogue_register){.sign = true, .leave = true},
                                &answer, fault);
    if (err == 0 && answer.status != 200)
        err = dialogue_refusal(&answer, fault);
    if (err == 0) {
        report_good(&gate->report, "200, signed out");
    } else {
        report_keep_problem(&gate->report, fault);
        report_bad(&gate->report, "signout", LYCHGATE_FAILED, fault);
    }
    wire_close(gate->wire);
    gate->wire = NULL;
    return err;
}
