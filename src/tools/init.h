/* `lychgate init`: everything that a new site needs. */
#ifndef LYCHGATE_TOOLS_INIT_H
#define LYCHGATE_TOOLS_INIT_H

#include "tools/verb.h"

extern const struct verb_option init_options[];
enum tool_exit init_run(struct invocation *invocation);

#endif
