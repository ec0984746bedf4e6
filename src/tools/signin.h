/* `lychgate signin ADDRESS`: sign in as a client does, and say what happens. */
#ifndef LYCHGATE_TOOLS_SIGNIN_H
#define LYCHGATE_TOOLS_SIGNIN_H

#include "tools/verb.h"

extern const struct verb_option signin_options[];
enum tool_exit signin_run(struct invocation *invocation);

#endif
