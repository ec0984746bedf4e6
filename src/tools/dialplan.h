/* `lychgate dialplan ...`: what people dial, and the number that comes of it. */
#ifndef LYCHGATE_TOOLS_DIALPLAN_H
#define LYCHGATE_TOOLS_DIALPLAN_H

#include "tools/verb.h"

extern const struct verb_option dialplan_rule_options[];

enum tool_exit dialplan_list_run(struct invocation *invocation);
enum tool_exit dialplan_show_run(struct invocation *invocation);
enum tool_exit dialplan_set_run(struct invocation *invocation);
enum tool_exit dialplan_rule_run(struct invocation *invocation);
enum tool_exit dialplan_remove_run(struct invocation *invocation);
enum tool_exit dialplan_test_run(struct invocation *invocation);

#endif
