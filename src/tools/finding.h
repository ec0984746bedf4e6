/* `lychgate finding`: the closed list, explained. */
#ifndef LYCHGATE_TOOLS_FINDING_H
#define LYCHGATE_TOOLS_FINDING_H

#include "tools/verb.h"

enum tool_exit finding_run(struct invocation *invocation);

#endif
