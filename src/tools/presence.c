#include "tools/presence.h"

#include "base/clock.h"
#include "tools/account.h"
#include "tools/session_show.h"
#include "tools/signin_show.h"

#include <stdio.h>
#include <string.h>

enum {
    FOR_MAX_S = 30 * 24 * 3600,
    TURN_MS = 60 * 1000
};

const struct verb_option presence_watch_options[] = {
    {"count", "N", "stop after so many lines", false},
    {"for", "SECONDS", "stop after so long", false},
    ACCOUNT_AS_OPTIONS,
    {0},
};

const struct verb_option presence_set_options[] = {
    {"note", "TEXT", "a note for all to see; an empty one takes it away", false},
    ACCOUNT_AS_OPTIONS,
    {0},
};

/* ---- watching ------------------------------------------------------------------------------- */

struct watching {
    const struct invocation *invocation;
    uint64_t lines, most; /* most 0: no limit */
    int64_t until;        /* clock_monotonic() */
};

static bool is_full(const struct watching *w)
{
    return w->most > 0 && w->lines >= w->most;
}

static void print_line(struct watching *w, const struct lychgate_presence *presence)
{
    if (is_full(w))
        return;
    w->lines++;
    if (w->invocation->json) {
        json_t *line = session_person_json(presence);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    } else {
        scoped(buf) struct buf out = BUF_INIT;
        session_show_person(&out, presence, "", w->invocation->colour);
        fwrite(buf_string(&out), 1, out.len, stdout);
    }
    fflush(stdout);
}

/* Of those that were named, or of all contacts. */
static void on_presence(void *arg, const struct lychgate_presence *presence)
{
    struct watching *w = arg;
    const struct invocation *invocation = w->invocation;
    bool named = invocation->operand_count == 0;
    for (size_t i = 0; i < invocation->operand_count && !named; i++) {
        struct slice address = slice_of(invocation->operands[i]);
        if (slice_starts_nocase(address, SLICE("sip:")))
            address = slice_from(address, 4);
        named = slice_eq_nocase(address, slice_of(presence->address));
    }
    if (named)
        print_line(w, presence);
}

static enum tool_exit watch(struct account *account, void *arg)
{
    struct watching *w = arg;
    const struct invocation *invocation = account->invocation;
    int err = 0;
    if (invocation->operand_count > 0)
        err = lychgate_watch(account->gate, invocation->operands, invocation->operand_count);
    if (err == 0 && !(lychgate_granted(account->gate) & LYCHGATE_PRESENCE)) {
        struct fault fault;
        fault_set(&fault, ERR_DENIED, FINDING_REQUEST_REFUSED, "the server tells no presence");
        return tool_fail(invocation, &fault);
    }
    while (err >= 0 && !is_full(w)) {
        int64_t left = w->until - clock_monotonic();
        if (left <= 0)
            break;
        err = lychgate_wait(account->gate, (int)(left < TURN_MS ? left : TURN_MS));
    }
    if (err < 0 && strcmp(lychgate_problem(account->gate)->finding, "stopped") == 0)
        err = 0; /* Ctrl-C is the way to end it */
    return err < 0 ? account_fail(account, err) : TOOL_FINE;
}

enum tool_exit presence_watch_run(struct invocation *invocation)
{
    struct watching w = {.invocation = invocation, .until = INT64_MAX};
    uint64_t seconds;
    if (!invocation_number(invocation, "count", 0, UINT32_MAX, &w.most) ||
        !invocation_number(invocation, "for", 0, FOR_MAX_S, &seconds))
        return TOOL_USAGE;
    if (seconds > 0)
        w.until = clock_monotonic() + (int64_t)seconds * 1000;
    unsigned parts = LYCHGATE_PRESENCE;
    if (invocation->operand_count == 0)
        parts |= LYCHGATE_CONTACTS;
    return account_run(
        invocation,
        &(struct lychgate_session_options){.parts = parts, .presence = on_presence, .arg = &w},
        watch, &w);
}

/* ---- setting -------------------------------------------------------------------------------- */

static enum tool_exit set(struct account *account, void *arg)
{
    const struct invocation *invocation = account->invocation;
    (void)arg;
    return account_fail(account, lychgate_publish(account->gate, invocation->operands[0],
                                                  invocation_value(invocation, "note")));
}

enum tool_exit presence_set_run(struct invocation *invocation)
{
    return account_run(invocation, &(struct lychgate_session_options){.parts = LYCHGATE_SELF}, set,
                       NULL);
}
