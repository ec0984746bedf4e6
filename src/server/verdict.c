#include "server/verdict.h"

#include "base/clock.h"
#include "event/event.h"

bool verdict_enabled(const struct policy_effective *policy)
{
    return policy_bool(&policy->of[POLICY_MOBILITY], "EnableMobility");
}

static void keep(struct server *server, const struct verdict *verdict, struct trace_record at)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice account = verdict->account;
    at.at_us = clock_now() * 1000;
    at.layer = TRACE_NOTE;
    at.component = SLICE(TRACE_MCX);
    at.text = verdict->fault ? arena_print(arena, "sip:%.*s: %s", SLICE_ARG(account),
                                           finding_row(verdict->fault->finding)->admin)
                             : arena_print(arena, "sip:%.*s is enabled for mobility: %s",
                                           SLICE_ARG(account), verdict->enabled ? "True" : "False");
    trace_write(server->trace, &at);
}

void verdict_tell(struct server *server, const struct verdict *verdict, struct trace_record at)
{
    enum finding finding = verdict->fault     ? verdict->fault->finding
                           : verdict->enabled ? FINDING_NONE
                                              : FINDING_MOBILITY_DISABLED;
    if (server->trace)
        keep(server, verdict, at);
    event_emit(finding == FINDING_NONE ? EVENT_INFO : EVENT_NOTICE, "mobility.policy", finding,
               EVENT_TEXT("component", TRACE_MCX), EVENT_SLICE("user", verdict->account),
               EVENT_SLICE("endpoint", verdict->endpoint),
               EVENT_TEXT("enabled", finding == FINDING_NONE ? "True" : "False"),
               EVENT_TEXT("mode", verdict->mode), EVENT_END);
}
