/* `lychgate presence watch` and `lychgate presence set`. */
#ifndef LYCHGATE_TOOLS_PRESENCE_H
#define LYCHGATE_TOOLS_PRESENCE_H

#include "tools/verb.h"

extern const struct verb_option presence_watch_options[], presence_set_options[];
enum tool_exit presence_watch_run(struct invocation *invocation);
enum tool_exit presence_set_run(struct invocation *invocation);

#endif
