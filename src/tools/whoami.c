#include "tools/whoami.h"

#include "tools/account.h"
#include "tools/session_show.h"
#include "tools/show.h"
#include "tools/signin_show.h"

#include <stdio.h>

const struct verb_option whoami_options[] = {ACCOUNT_AS_OPTIONS, {0}};

static enum tool_exit whoami(struct account *account, void *arg)
{
    struct lychgate *gate = account->gate;
    const struct lychgate_summary *summary = lychgate_summary(gate);
    const struct lychgate_presence *own = lychgate_presence(gate, summary->address);
    (void)arg;
    if (account->invocation->json) {
        show_json(json_pack("{s:o,s:o,s:o}", "summary", signin_summary_json(summary), "own",
                            session_person_json(own), "settings", session_settings_json(gate)));
        return TOOL_FINE;
    }
    scoped(buf) struct buf out = BUF_INIT;
    signin_show_summary(&out, summary, account->invocation->colour);
    buf_add_string(&out, "  name         ");
    signin_put_clean(&out, slice_of(own && own->name[0] ? own->name : "-"));
    buf_add_byte(&out, '\n');
    session_show_settings(&out, gate);
    fwrite(buf_string(&out), 1, out.len, stdout);
    return TOOL_FINE;
}

enum tool_exit whoami_run(struct invocation *invocation)
{
    return account_run(
        invocation, &(struct lychgate_session_options){.parts = LYCHGATE_SETTINGS | LYCHGATE_SELF},
        whoami, NULL);
}
