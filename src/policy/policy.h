/* Policies with scopes. A policy is a set of attribute values for one kind and one
 * scope: "Global", which always exists, "Site:NAME", or "Tag:NAME", which is granted to
 * users; configurations have "Service:WebServer:HOST" instead of tags. What governs a user
 * is the most specific policy of the kind, as a whole (tag or service, else site, else
 * global, as Lync does it): an attribute it does not set has the default, never the value
 * of a wider scope.
 *
 * Functions that take a store or a reader block: worker threads and the command line. */
#ifndef LYCHGATE_POLICY_POLICY_H
#define LYCHGATE_POLICY_POLICY_H

#include "policy/clientversion.h"
#include "policy/dialplan.h"
#include "policy/kind.h"
#include "store/store.h"

/* The tables of this room, for store_options.schemas; needs accounts_schema before it. */
extern const struct store_schema policy_schema;

/* One policy. Plain data in an arena, never altered once it is made. */
struct policy_setting {
    size_t attribute; /* index in the kind's table */
    struct slice value;
};

struct policy {
    enum policy_kind kind;
    struct slice scope; /* "Global", "Site:Redmond", "Tag:Mobile" */
    const struct policy_setting *setting;
    size_t count; /* of what differs from the defaults */
};

/* The value of an attribute: what is set, else the default. Never absent. */
struct slice policy_value(const struct policy *policy, size_t attribute);

/* The same by name (a literal of the program, asserted to exist). */
struct slice policy_text(const struct policy *policy, const char *name);
bool policy_bool(const struct policy *policy, const char *name);
int64_t policy_number(const struct policy *policy, const char *name);

/* What governs one user. Immutable; lives in the arena it was loaded into, so a home
 * loop keeps that arena with the user and swaps both when policies have changed. */
struct policy_effective {
    enum policy_level level;
    struct policy of[POLICY_KINDS];
    struct client_rules clients; /* of the client-version policy */
    struct dialplan dialplan;    /* the location profile */
};

struct policy_subject {
    int64_t account;   /* account.id; 0: nobody, so no tag is granted */
    struct slice site; /* name of the user's site; absent: none */
    struct slice pool; /* host of the pool, for service scopes; absent: none */
    enum policy_level level;
};

int policy_effective_load(struct store_reader *reader, const struct policy_subject *subject,
                          struct arena *arena, struct policy_effective *out, struct fault *fault);

/* What governs somebody of whom nothing is stored: every default. */
void policy_effective_default(enum policy_level level, struct policy_effective *out);

/* ---- administration ------------------------------------------------------------------ */

/* "global", "site:x", "tag:x" or a bare tag "x", "service:webserver:h", in any case, as
 * "Global", "Site:x", "Tag:x", "Service:WebServer:h". -ERR_MALFORMED, POLICY_INVALID: the
 * kind has no such scope, or no name, or other bytes in it than letters, digits, blanks,
 * '.', '-' and '_', or over 64 of them. */
int policy_scope_parse(enum policy_kind kind, struct slice text, struct arena *arena,
                       struct slice *scope_out, struct fault *fault);

struct policy_assignment {
    struct slice attribute;
    struct slice value; /* absent: back to the default */
};

/* Set attributes, all or none; the policy is made when there is none (also by no
 * assignments). What must hold between attributes is looked at behind all of them.
 * -ERR_UNKNOWN (no such attribute), -ERR_MALFORMED, both POLICY_INVALID. */
int policy_assign(struct store *store, enum policy_kind kind, struct slice scope,
                  enum policy_level level, const struct policy_assignment *list, size_t count,
                  struct fault *fault);

/* The same for one. */
int policy_set(struct store *store, enum policy_kind kind, struct slice scope,
               enum policy_level level, struct slice attribute, struct slice value,
               struct fault *fault);

/* Remove a policy and its rules; the global one goes back to its defaults.
 * -ERR_UNKNOWN, POLICY_UNKNOWN; -ERR_CONFLICT, POLICY_GRANTED when a user has it and not
 * `force` (with it, those users are governed by site or global again). */
int policy_remove(struct store *store, enum policy_kind kind, struct slice scope, bool force,
                  struct fault *fault);

/* Grant a tag ("Tag:x" or "x") to an account; an absent one takes back what was granted.
 * -ERR_UNKNOWN: no such policy (POLICY_UNKNOWN) or account (UNKNOWN_USER); -ERR_MALFORMED,
 * POLICY_INVALID: what is not granted. */
int policy_grant(struct store *store, enum policy_kind kind, int64_t account, struct slice tag,
                 struct fault *fault);

/* One policy; Global is always there. -ERR_UNKNOWN, POLICY_UNKNOWN. */
int policy_get(struct store_reader *reader, enum policy_kind kind, struct slice scope,
               struct arena *arena, struct policy *out, struct fault *fault);

/* All policies of a kind: Global first, then by scope. */
int policy_list(struct store_reader *reader, enum policy_kind kind, struct arena *arena,
                struct policy **list_out, size_t *count_out, struct fault *fault);

#endif
