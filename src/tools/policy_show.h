/* What the commands about policies, client versions and dial plans print, as JSON and
 * as tables. */
#ifndef LYCHGATE_TOOLS_POLICY_SHOW_H
#define LYCHGATE_TOOLS_POLICY_SHOW_H

#include "policy/policy.h"

#include <jansson.h>

/* {"kind", "scope", "attributes": {"EnableMobility": true, ...}, "set": ["..."]}: all
 * attributes of the level, and the names of those that are not left at their default. */
json_t *policy_show_json(const struct policy *policy, enum policy_level level);

/* The attributes as a table on standard output. */
void policy_show_put(struct arena *arena, const struct policy *policy, enum policy_level level);

/* What is set, on one line: "EnableMobility=false", "(defaults)". */
struct slice policy_show_line(struct arena *arena, const struct policy *policy);

/* A rule as one reads it: "OC LSS 4.0.7577.0: BlockWithUrl https://...". */
struct slice client_rule_line(struct arena *arena, const struct client_rule *rule);
json_t *client_rules_json(const struct client_rules *rules);
void client_rules_put(struct arena *arena, const struct client_rules *rules);

/* {"name", "prefix", "optimize", "rules": [...]}. */
json_t *dialplan_rules_json(const struct dialplan *plan);
void dialplan_rules_put(struct arena *arena, const struct dialplan *plan);

#endif
