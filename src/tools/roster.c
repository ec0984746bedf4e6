#include "tools/roster.h"

#include "tools/account.h"
#include "tools/session_show.h"
#include "tools/show.h"

#include <stdio.h>

const struct verb_option roster_options[] = {ACCOUNT_AS_OPTIONS, {0}};

const struct verb_option roster_group_options[] = {
    {"group", "NAME", "the group (default: none in particular)", false},
    ACCOUNT_AS_OPTIONS,
    {0},
};

static enum tool_exit show_list(struct account *account, void *arg)
{
    (void)arg;
    if (!(lychgate_granted(account->gate) & LYCHGATE_CONTACTS)) {
        struct fault fault;
        fault_set(&fault, ERR_DENIED, FINDING_REQUEST_REFUSED,
                  "the server does not tell the contact list");
        return tool_fail(account->invocation, &fault);
    }
    if (account->invocation->json) {
        show_json(session_contacts_json(account->gate));
        return TOOL_FINE;
    }
    scoped(buf) struct buf out = BUF_INIT;
    session_show_contacts(&out, account->gate, account->invocation->colour);
    fwrite(buf_string(&out), 1, out.len, stdout);
    return TOOL_FINE;
}

enum tool_exit roster_list(struct invocation *invocation)
{
    return account_run(
        invocation,
        &(struct lychgate_session_options){.parts = LYCHGATE_CONTACTS | LYCHGATE_PRESENCE},
        show_list, NULL);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* A function of the library with two strings: an address or group, and a group or name. */
typedef int change_fn(struct lychgate *gate, const char *what, const char *more);

struct change {
    change_fn *fn;
    const char *more;
};

static enum tool_exit make_change(struct account *account, void *arg)
{
    const struct change *change = arg;
    int err = change->fn(account->gate, account->invocation->operands[0], change->more);
    return account_fail(account, err);
}

static enum tool_exit change(struct invocation *invocation, change_fn *fn, const char *more)
{
    return account_run(invocation, &(struct lychgate_session_options){.parts = LYCHGATE_CONTACTS},
                       make_change, &(struct change){fn, more});
}

enum tool_exit roster_add(struct invocation *invocation)
{
    return change(invocation, lychgate_contact_add, invocation_value(invocation, "group"));
}

enum tool_exit roster_remove(struct invocation *invocation)
{
    return change(invocation, lychgate_contact_remove, invocation_value(invocation, "group"));
}

enum tool_exit roster_move(struct invocation *invocation)
{
    return change(invocation, lychgate_contact_move, invocation_value(invocation, "group"));
}

static int add_group(struct lychgate *gate, const char *name, const char *ignored)
{
    (void)ignored;
    return lychgate_group_add(gate, name);
}

static int remove_group(struct lychgate *gate, const char *name, const char *ignored)
{
    (void)ignored;
    return lychgate_group_remove(gate, name);
}

enum tool_exit roster_add_group(struct invocation *invocation)
{
    return change(invocation, add_group, NULL);
}

enum tool_exit roster_rename_group(struct invocation *invocation)
{
    return change(invocation, lychgate_group_rename, invocation->operands[1]);
}

enum tool_exit roster_remove_group(struct invocation *invocation)
{
    return change(invocation, remove_group, NULL);
}
