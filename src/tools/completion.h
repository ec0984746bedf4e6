/* Shell completion, printed from the verb table: `lychgate completion bash`. */
#ifndef LYCHGATE_TOOLS_COMPLETION_H
#define LYCHGATE_TOOLS_COMPLETION_H

#include "tools/verb.h"

extern const struct verb_option completion_options[];
enum tool_exit completion_run(struct invocation *invocation);

#endif
