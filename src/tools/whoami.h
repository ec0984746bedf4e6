/* `lychgate whoami`: who the server takes us for. */
#ifndef LYCHGATE_TOOLS_WHOAMI_H
#define LYCHGATE_TOOLS_WHOAMI_H

#include "tools/verb.h"

extern const struct verb_option whoami_options[];
enum tool_exit whoami_run(struct invocation *invocation);

#endif
