/* The commands that administrators of Lync know, typed as they type them. A line is read
 * (syntax.h), its cmdlets are looked up in one table (cmdlet.c) and run one after the other,
 * each on the objects of the one before. Everything here blocks: command line only. */
#ifndef LYCHGATE_CS_CS_H
#define LYCHGATE_CS_CS_H

#include "accounts/account.h"
#include "base/buf.h"
#include "cs/object.h"
#include "policy/policy.h"
#include "site/site.h"

#include <jansson.h>

/* What cmdlets work on; all of it borrowed. */
struct cs_world {
    struct store *store;
    struct store_reader *reader;
    struct accounts *accounts;
    const struct site *site;
    struct policy_subject subject; /* of anybody here: its account is not looked at */
};

enum cs_view {
    CS_VIEW_DEFAULT, /* lists for whole objects, a table for up to four chosen properties */
    CS_VIEW_LIST,
    CS_VIEW_TABLE
};

struct cs_result {
    struct cs_objects objects; /* what the last cmdlet put out */
    enum cs_view view;
    struct slice *what_if; /* what would have been done */
    size_t what_if_count, what_if_room;
};

/* Run a line; the result lives in the arena. What cmdlets did before one failed stays
 * done. Errors are those of the rooms that do the work, and
 *   CS_MALFORMED   the line cannot be read
 *   CS_UNKNOWN     no such cmdlet, parameter or property; the nearest is in the detail
 *   CS_MISUSED     a parameter is missing, twice there, or of the wrong kind
 *   CS_EXISTS      New- for what is there already */
int cs_run(const struct cs_world *world, struct slice line, struct arena *arena,
           struct cs_result *result, struct fault *fault);

/* Append the result as PowerShell prints it. */
void cs_print(const struct cs_result *result, struct buf *out);

/* {"objects": [{"Identity": ...}], "whatIf": ["..."]}; a new reference. Hidden properties
 * are there as well. */
json_t *cs_result_json(const struct cs_result *result);

#endif
