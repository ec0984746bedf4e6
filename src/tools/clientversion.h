/* `lychgate client-version ...`: which programs may sign in. */
#ifndef LYCHGATE_TOOLS_CLIENTVERSION_H
#define LYCHGATE_TOOLS_CLIENTVERSION_H

#include "tools/verb.h"

extern const struct verb_option client_version_rule_options[], client_version_test_options[];

enum tool_exit client_version_rule_run(struct invocation *invocation);
enum tool_exit client_version_test_run(struct invocation *invocation);

#endif
