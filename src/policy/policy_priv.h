/* What the files of this room share: the tables in the store. */
#ifndef LYCHGATE_POLICY_POLICY_PRIV_H
#define LYCHGATE_POLICY_POLICY_PRIV_H

#include "policy/policy.h"

/* The key of a scope in the store: lower case. */
struct slice policy_key(struct arena *arena, struct slice scope);

/* Inside a write: make the policy when there is none. */
int policy_touch(struct store_db *db, struct arena *arena, enum policy_kind kind,
                 struct slice scope, struct fault *fault);

/* Read what the policy with that key sets. */
int policy_values_read(struct store_db *db, struct slice key, struct arena *arena,
                       struct policy *policy, struct fault *fault);

/* -ERR_UNKNOWN, POLICY_UNKNOWN. */
int policy_unknown(struct fault *fault, enum policy_kind kind, struct slice scope);

/* Rules of the policy with that key, by priority. */
int client_rules_read(struct store_db *db, struct slice key, struct arena *arena,
                      struct client_rules *out, struct fault *fault);
int dialplan_rules_read(struct store_db *db, struct slice key, struct arena *arena,
                        struct dialplan *out, struct fault *fault);

/* Name, prefix and the like from the dial-plan policy; the rules stay as they are, or
 * become the one that keeps all numbers. */
void dialplan_finish(const struct policy *policy, struct arena *arena, struct dialplan *plan);

#endif
