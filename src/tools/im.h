/* `lychgate im ADDRESS TEXT`: send a message, and wait for answers if asked to. */
#ifndef LYCHGATE_TOOLS_IM_H
#define LYCHGATE_TOOLS_IM_H

#include "tools/verb.h"

extern const struct verb_option im_options[];
enum tool_exit im_run(struct invocation *invocation);

#endif
