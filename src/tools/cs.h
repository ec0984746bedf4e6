/* `lychgate cs 'Get-CsUser alice'`: the cmdlets of Lync. */
#ifndef LYCHGATE_TOOLS_CS_H
#define LYCHGATE_TOOLS_CS_H

#include "tools/verb.h"

extern const struct verb_option cs_options[];

enum tool_exit cs_verb_run(struct invocation *invocation);

#endif
