/* `lychgate contacts list|add|remove|move` and the same for groups: one's own contact list,
 * as a client sees and changes it. */
#ifndef LYCHGATE_TOOLS_ROSTER_H
#define LYCHGATE_TOOLS_ROSTER_H

#include "tools/verb.h"

extern const struct verb_option roster_options[], roster_group_options[];
enum tool_exit roster_list(struct invocation *invocation);
enum tool_exit roster_add(struct invocation *invocation);
enum tool_exit roster_remove(struct invocation *invocation);
enum tool_exit roster_move(struct invocation *invocation);
enum tool_exit roster_add_group(struct invocation *invocation);
enum tool_exit roster_rename_group(struct invocation *invocation);
enum tool_exit roster_remove_group(struct invocation *invocation);

#endif
