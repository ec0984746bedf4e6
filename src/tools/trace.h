/* `lychgate trace FILE`: the ladder. */
#ifndef LYCHGATE_TOOLS_TRACE_H
#define LYCHGATE_TOOLS_TRACE_H

#include "tools/verb.h"

extern const struct verb_option trace_options[];
enum tool_exit trace_run(struct invocation *invocation);

#endif
