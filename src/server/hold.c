#include "server/hold.h"

#include "base/memory.h"
#include "server/home.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct hold {
    struct errand *first, **last; /* those that wait, in order */
    UT_hash_handle hh;
    size_t len;
    char account[]; /* the key */
};

bool hold_enter(struct wing *home, struct errand *e)
{
    struct slice account = e->caller.account;
    struct hold *hold;
    HASH_FIND(hh, home->holds, account.at, account.len, hold);
    if (hold && !e->held) {
        e->next = NULL;
        *hold->last = e;
        hold->last = &e->next;
        return false;
    }
    if (hold)
        return true; /* it was handed to this one */
    hold = must_calloc(1, sizeof *hold + account.len);
    hold->last = &hold->first;
    hold->len = account.len;
    memcpy(hold->account, account.at, account.len);
    HASH_ADD_KEYPTR(hh, home->holds, hold->account, hold->len, hold);
    e->held = true;
    return true;
}

static void go_on(void *arg)
{
    home_take(arg);
}

void hold_leave(struct wing *home, struct errand *e)
{
    struct hold *hold;
    if (!e->held)
        return;
    e->held = false;
    HASH_FIND(hh, home->holds, e->caller.account.at, e->caller.account.len, hold);
    struct errand *next = hold->first;
    if (!next) {
        HASH_DEL(home->holds, hold);
        free(hold);
        return;
    }
    hold->first = next->next;
    if (!hold->first)
        hold->last = &hold->first;
    next->held = true;
    next->letter = (struct letter){.fn = go_on, .arg = next};
    loop_send(home->loop, &next->letter);
}

void hold_refuse(struct wing *home, struct errand *e)
{
    hold_leave(home, e);
    line_errand_refuse(e, &e->fault);
}
