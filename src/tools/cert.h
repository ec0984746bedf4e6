/* `lychgate cert issue`: certificates for machines of the site (those of users:
 * tools/user.h). */
#ifndef LYCHGATE_TOOLS_CERT_H
#define LYCHGATE_TOOLS_CERT_H

#include "tools/verb.h"

extern const struct verb_option cert_issue_options[];

enum tool_exit cert_issue(struct invocation *invocation);

#endif
