/* `lychgate location ...`: where networks are. */
#ifndef LYCHGATE_TOOLS_LOCATION_H
#define LYCHGATE_TOOLS_LOCATION_H

#include "tools/verb.h"

enum tool_exit location_add(struct invocation *invocation);
enum tool_exit location_remove_verb(struct invocation *invocation);
enum tool_exit location_list_verb(struct invocation *invocation);
enum tool_exit location_import(struct invocation *invocation);

#endif
