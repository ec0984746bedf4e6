/* Dial plans, on the wire location profiles: how what people dial becomes a number that
 * can be called ([MS-SIPRE] appendix B). A rule is a regular expression for the whole of
 * the number, and a translation with $1..$9 for its groups; the first that matches wins. */
#ifndef LYCHGATE_POLICY_DIALPLAN_H
#define LYCHGATE_POLICY_DIALPLAN_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

#include <stdint.h>

enum {
    DIALPLAN_RULES_MAX = 200,
    DIALPLAN_PATTERN_MAX = 512,     /* bytes */
    DIALPLAN_TRANSLATION_MAX = 256, /* bytes */
    DIALPLAN_NAME_MAX = 64,
    DIALPLAN_NUMBER_MAX = 128 /* bytes of what is dialled */
};

struct dialplan_rule {
    uint32_t priority; /* 1.., one rule each, tried in this order */
    struct slice name;
    struct slice pattern;     /* "^(\d{7})$" */
    struct slice translation; /* "+1999$1" */
    bool internal;            /* InternalEnterpriseExtension */
    bool device;              /* ApplicableForDeviceDialing */
};

/* Plain data in an arena. */
struct dialplan {
    struct slice name;   /* what ucLocationProfile and phone-context say */
    struct slice prefix; /* ExternalAccessPrefix; empty: none */
    bool optimize;       /* OptimizeDeviceDialing */
    const struct dialplan_rule *rule;
    size_t count; /* never 0: a plan without rules keeps all numbers, as Lync's does */
};

struct dialplan_result {
    const struct dialplan_rule *rule; /* that matched; NULL: none, the number stays */
    size_t index;                     /* of the rule, from 0 */
    struct slice number;              /* the outcome, from the arena */
};

/* Is this a rule? The pattern must begin with ^ and end with $ (so that clients which
 * search and clients which match agree), compile, and have the groups that the
 * translation names. -ERR_MALFORMED, DIALPLAN_RULE_INVALID; the detail says where. */
int dialplan_rule_check(const struct dialplan_rule *rule, struct fault *fault);

/* Apply the plan to what was dialled: blanks, dots, hyphens, slashes and brackets are
 * dropped first. Matching has limits of steps, depth and memory; a rule that passes them
 * ends the search with -ERR_LIMIT, DIALPLAN_RULE_COSTLY, and *result names it. -ERR_MALFORMED,
 * DIALPLAN_NUMBER: nothing dialled, over DIALPLAN_NUMBER_MAX, or control characters. */
int dialplan_normalize(const struct dialplan *plan, struct slice number, struct arena *arena,
                       struct dialplan_result *result, struct fault *fault);

/* The plan of a scope, or of a name as dialplan.name has it. Both block. -ERR_UNKNOWN,
 * DIALPLAN_UNKNOWN. */
int dialplan_load(struct store_reader *reader, struct slice scope, struct arena *arena,
                  struct dialplan *out, struct fault *fault);
int dialplan_find(struct store_reader *reader, struct slice name, struct arena *arena,
                  struct dialplan *out, struct fault *fault);

/* Put a checked rule in a plan, in place of the one of that priority; the plan is made
 * when there is none. Blocks. Errors of dialplan_rule_check(), and -ERR_LIMIT. */
int dialplan_rule_set(struct store *store, struct slice scope, const struct dialplan_rule *rule,
                      struct fault *fault);

/* -ERR_UNKNOWN, POLICY_UNKNOWN: no such rule. */
int dialplan_rule_remove(struct store *store, struct slice scope, uint32_t priority,
                         struct fault *fault);

#endif
