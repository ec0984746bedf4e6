/* `lychgate user ...` and `lychgate cert ...`: who may sign in. */
#ifndef LYCHGATE_TOOLS_USER_H
#define LYCHGATE_TOOLS_USER_H

#include "tools/verb.h"

extern const struct verb_option user_add_options[], user_set_options[];

enum tool_exit user_add(struct invocation *invocation);
enum tool_exit user_list(struct invocation *invocation);
enum tool_exit user_show(struct invocation *invocation);
enum tool_exit user_set(struct invocation *invocation);
enum tool_exit user_remove(struct invocation *invocation);
enum tool_exit user_enable(struct invocation *invocation);
enum tool_exit user_disable(struct invocation *invocation);
enum tool_exit cert_revoke(struct invocation *invocation);

#endif
