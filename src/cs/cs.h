/* The commands that administrators of Lync know, typed as they type them. Lines are read
 * (syntax.h), their cmdlets are looked up in one table (cmdlet.c) and run one after the other,
 * each on the objects of the one before. Everything here blocks: command line only. */
#ifndef LYCHGATE_CS_CS_H
#define LYCHGATE_CS_CS_H

#include "accounts/account.h"
#include "base/buf.h"
#include "cs/object.h"
#include "cs/probe.h"
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
    struct cs_probes probes;       /* for Test-; empty: there are none */
    /* "Perform the operation X on target Y?" of -Confirm. NULL: there is nobody to ask. */
    bool (*confirm)(void *arg, const char *operation, struct slice target);
    void *confirm_arg;
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
    bool failed; /* a Test- has ended with Failure: nothing is wrong with the line */
};

struct cs_session;

/* Read lines and look up all that they name, before anything is done; it lives in the arena.
 *   CS_MALFORMED   a line cannot be read
 *   CS_UNKNOWN     no such cmdlet or parameter; the nearest is in the detail
 *   CS_MISUSED     a parameter is missing, twice there, or of the wrong kind */
int cs_read(const struct cs_world *world, struct slice text, struct arena *arena,
            struct cs_session **out, struct fault *fault);

/* Run the next line: 1, 0 when there is none. What cmdlets did before one failed stays done.
 * Errors are those of the rooms that do the work, and
 *   CS_UNKNOWN     no such property
 *   CS_MISUSED     what comes down the pipeline cannot be used
 *   CS_EXISTS      New- for what is there already */
int cs_next(struct cs_session *session, struct cs_result *result, struct fault *fault);

/* Both, for all lines; the result is that of the last. */
int cs_run(const struct cs_world *world, struct slice text, struct arena *arena,
           struct cs_result *result, struct fault *fault);

/* Append the result as PowerShell prints it. */
void cs_print(const struct cs_result *result, struct buf *out);

/* {"objects": [{"Identity": ...}], "whatIf": ["..."]}; a new reference. Hidden properties
 * are there as well. */
json_t *cs_result_json(const struct cs_result *result);

#endif
