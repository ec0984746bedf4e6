/* `lychgate group ...`: distribution groups. */
#ifndef LYCHGATE_TOOLS_GROUP_H
#define LYCHGATE_TOOLS_GROUP_H

#include "tools/verb.h"

extern const struct verb_option group_add_options[], group_member_options[];

enum tool_exit group_add(struct invocation *invocation);
enum tool_exit group_remove_verb(struct invocation *invocation);
enum tool_exit group_show(struct invocation *invocation);
enum tool_exit group_list_verb(struct invocation *invocation);
enum tool_exit group_member(struct invocation *invocation);

#endif
