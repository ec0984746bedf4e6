/* `lychgate user setting`, `lychgate user provisioning`: what a user's clients are told
 * about him, and about all that is around him. */
#ifndef LYCHGATE_TOOLS_SETTING_H
#define LYCHGATE_TOOLS_SETTING_H

#include "tools/verb.h"

extern const struct verb_option user_setting_options[];

enum tool_exit user_setting_run(struct invocation *invocation);
enum tool_exit user_provisioning_run(struct invocation *invocation);

#endif
