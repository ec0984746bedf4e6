/* Signed in: signs of life, refreshes, the server's requests, and leaving. */
#include "client/session_priv.h"

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

void signin_set_timers(struct lychgate *gate)
{
    int64_t now = clock_monotonic();
    gate->renew_at = refresh_due(gate, now);
    gate->alive_at = now + gate->summary.keepalive_ms;
}

/* The keys of TLS-DSK last no longer than the certificate, and 8 hours at most: whoever
 * stays longer signs in anew, with what was kept while that serves. */
static int sign_in_anew(struct lychgate *gate, struct fault *fault)
{
    int err = signin_whole(gate, fault);
    return err || !gate->session ? err : session_begin(gate, fault);
}

static int do_what_is_due(struct lychgate *gate, struct fault *fault)
{
    int64_t now = clock_monotonic();
    int err = 0;
    if (now >= gate->anew_at) {
        err = sign_in_anew(gate, fault);
        signin_set_timers(gate);
    } else if (now >= gate->renew_at) {
        err = refresh(gate, fault);
        signin_set_timers(gate);
    } else if (now >= gate->alive_at) {
        err = wire_keepalive(gate->wire, fault);
        gate->alive_at = now + gate->summary.keepalive_ms;
    }
    return err ? err : follow_refresh(gate, fault);
}

static int stay(struct lychgate *gate, int64_t until, const bool *done, struct fault *fault)
{
    for (;;) {
        int64_t due = least(gate->anew_at, least(gate->alive_at, gate->renew_at));
        int err = talk_pump(gate, least(until, least(due, follow_due(gate))), done, fault);
        if (err != -ERR_AGAIN)
            return err;
        if (clock_monotonic() >= until)
            return -ERR_AGAIN;
        err = do_what_is_due(gate, fault);
        if (err)
            return err;
    }
}

int signin_stay(struct lychgate *gate, int64_t until, const bool *done, struct fault *fault)
{
    int err = stay(gate, until, done, fault);
    if (err == -ERR_CONFLICT) { /* lychgate_stop() */
        eventfd_t ignored;
        eventfd_read(gate->stop_fd, &ignored);
        return fault_set(fault, ERR_CONFLICT, FINDING_STOPPED, "by lychgate_stop()");
    }
    if (err && err != -ERR_AGAIN && gate->signed_in) { /* else a new sign-in failed: told */
        report_keep_problem(&gate->report, fault);
        report_bad(&gate->report, "keep", LYCHGATE_FAILED, fault);
        gate->signed_in = false;
    }
    return err;
}

int signin_keep(struct lychgate *gate, int seconds, struct fault *fault)
{
    int64_t until = clock_monotonic() + (int64_t)seconds * 1000;
    if (!gate->signed_in)
        return fault_set(fault, ERR_CONFLICT, FINDING_AUTH_NEEDED, "not signed in");
    for (;;) {
        int err = signin_stay(gate, until, gate->session ? &gate->session->newsy : NULL, fault);
        if (err == -ERR_AGAIN || err == -ERR_CONFLICT)
            return 0;
        if (err)
            return err;
        session_tell(gate);
    }
}

int signin_leave(struct lychgate *gate, struct fault *fault)
{
    struct sip_message answer;
    if (!gate->signed_in)
        return 0;
    chat_leave(gate);
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
