/* `lychgate contacts ...`: contact lists in and out. */
#ifndef LYCHGATE_TOOLS_CONTACTS_H
#define LYCHGATE_TOOLS_CONTACTS_H

#include "tools/verb.h"

extern const struct verb_option contacts_export_options[], contacts_import_options[];

enum tool_exit contacts_export_run(struct invocation *invocation);
enum tool_exit contacts_import_run(struct invocation *invocation);

#endif
