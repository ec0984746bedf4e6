/* `lychgate dns zone`: the records to publish. */
#ifndef LYCHGATE_TOOLS_DNS_H
#define LYCHGATE_TOOLS_DNS_H

#include "server/config.h"
#include "tools/verb.h"

#include <jansson.h>

extern const struct verb_option dns_zone_options[];
enum tool_exit dns_zone(struct invocation *invocation);

/* Append the zone file of a configuration (`init` prints it too). */
int dns_zone_print(const struct config *config, struct buf *out, struct fault *fault);

/* The same records as JSON: {"domain", "records": [{"name", "ttl", "type", "data"}]}.
 * Owned by the caller; NULL with the reason in the fault. */
json_t *dns_zone_json(const struct config *config, struct fault *fault);

#endif
