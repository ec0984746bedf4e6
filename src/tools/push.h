/* lychgate push: who has push subscriptions, and whether they work. */
#ifndef LYCHGATE_TOOLS_PUSH_H
#define LYCHGATE_TOOLS_PUSH_H

#include "tools/verb.h"

extern const struct verb_option push_add_options[];
extern const struct verb_option push_remove_options[];
extern const struct verb_option push_test_options[];

enum tool_exit push_add_run(struct invocation *invocation);
enum tool_exit push_key_run(struct invocation *invocation);
enum tool_exit push_list_run(struct invocation *invocation);
enum tool_exit push_remove_run(struct invocation *invocation);
enum tool_exit push_test_run(struct invocation *invocation);

#endif
