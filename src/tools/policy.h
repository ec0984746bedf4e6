/* `lychgate policy ...`: what users and their clients may do. */
#ifndef LYCHGATE_TOOLS_POLICY_H
#define LYCHGATE_TOOLS_POLICY_H

#include "policy/kind.h"
#include "tools/office.h"
#include "tools/verb.h"

extern const struct verb_option policy_set_options[], policy_remove_options[],
    policy_grant_options[];

enum tool_exit policy_list_run(struct invocation *invocation);
enum tool_exit policy_show_run(struct invocation *invocation);
enum tool_exit policy_effective_run(struct invocation *invocation);
enum tool_exit policy_set_run(struct invocation *invocation);
enum tool_exit policy_remove_run(struct invocation *invocation);
enum tool_exit policy_grant_run(struct invocation *invocation);

/* ---- for the commands about one kind ------------------------------------------------- */

/* All policies of a kind, or of every kind for POLICY_KINDS. */
enum tool_exit policy_list_kind(struct invocation *invocation, enum policy_kind kind);

/* Change attributes of a policy: NAME=VALUE from the operand `first` on, --default. */
enum tool_exit policy_set_kind(struct invocation *invocation, enum policy_kind kind,
                               const char *scope, size_t first);
enum tool_exit policy_remove_kind(struct invocation *invocation, enum policy_kind kind,
                                  const char *scope);

/* To a refusal because there is no policy of that scope, add the nearest that there is. */
void policy_suggest(const struct office *office, enum policy_kind kind, const char *scope,
                    struct fault *fault);

#endif
