/* A password, checked the one way: with the penalty for guessing, the same time
 * and the same answer for an unknown user and a wrong password, and one event
 * that tells the administrator which it was. All web roles that take passwords
 * call this. Worker threads only. */
#ifndef LYCHGATE_AUTH_PASSWORD_H
#define LYCHGATE_AUTH_PASSWORD_H

#include "accounts/account.h"
#include "accounts/desk.h"
#include "auth/penalty.h"

struct auth_password {
    const struct desk *desk;
    struct penalty *penalty;
    struct slice peer;     /* the client's address as text */
    const char *role;      /* "webticket", "orgid": who asked, for the event */
    struct slice login;    /* any form that accounts_find_login() takes */
    struct slice password; /* the caller's, who wipes it */
    int64_t now;
};

/* Check it. Returns 0 with *account_out (in the arena), or -ERR_DENIED with
 * FINDING_WRONG_PASSWORD, UNKNOWN_USER, USER_DISABLED or TOO_MANY_ATTEMPTS, or -ERR_IO.
 * *delay_out is for how long the answer, right or wrong, must be held back (ms). */
int auth_password_check(const struct auth_password *attempt, struct arena *arena,
                        struct account *account_out, int64_t *delay_out, struct fault *fault);

#endif
