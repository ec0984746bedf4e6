#include "auth/password.h"

#include "event/event.h"

/* So many guesses of this pair wait already that one more is not even looked at:
 * a thousand connections at once must not get a thousand guesses. */
static int too_many(const struct auth_password *attempt, int64_t *delay_out, struct fault *fault)
{
    *delay_out = 0;
    event_emit(EVENT_NOTICE, "auth.refused", FINDING_TOO_MANY_ATTEMPTS,
               EVENT_TEXT("role", attempt->role), EVENT_SLICE("user", attempt->login),
               EVENT_SLICE("from", attempt->peer), EVENT_END);
    return fault_set(fault, ERR_DENIED, FINDING_TOO_MANY_ATTEMPTS, "from %.*s",
                     SLICE_ARG(attempt->peer));
}

int auth_password_check(const struct auth_password *attempt, struct arena *arena,
                        struct account *account_out, int64_t *delay_out, struct fault *fault)
{
    *delay_out = penalty_delay(attempt->penalty, attempt->peer, attempt->login, attempt->now);
    if (*delay_out < 0)
        return too_many(attempt, delay_out, fault);
    int err = accounts_check_password(attempt->desk->accounts, attempt->desk->vault, attempt->login,
                                      attempt->password, arena, account_out, fault);
    /* A right password of a disabled account is no guess. */
    if (err == 0 || fault->finding == FINDING_USER_DISABLED)
        penalty_succeeded(attempt->penalty, attempt->peer, attempt->login, attempt->now);
    else if (err == -ERR_DENIED)
        penalty_failed(attempt->penalty, attempt->peer, attempt->login, attempt->password,
                       attempt->now);
    event_emit(err == 0 ? EVENT_INFO : EVENT_NOTICE, err == 0 ? "auth.password" : "auth.refused",
               err == 0 ? FINDING_NONE : fault->finding, EVENT_TEXT("role", attempt->role),
               EVENT_SLICE("user", attempt->login), EVENT_SLICE("from", attempt->peer),
               EVENT_INT("delay_ms", *delay_out), EVENT_END);
    return err;
}
