/* Which programs may sign in, by their User-Agent: "OC/4.0.7577.0", "Sipe/1.25.0".
 * Rules are tried by priority, the smallest first; the first that matches decides, else
 * the policy's DefaultAction. Nothing is turned away while the policy's Enabled is false. */
#ifndef LYCHGATE_POLICY_CLIENTVERSION_H
#define LYCHGATE_POLICY_CLIENTVERSION_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "store/store.h"

#include <stdint.h>

struct policy;
struct policy_effective;

enum client_compare { /* the client's version against the rule's */
    CLIENT_ANY,       /* "any": whatever version, or none */
    CLIENT_EQL,
    CLIENT_NEQ,
    CLIENT_LSS,
    CLIENT_LEQ,
    CLIENT_GTR,
    CLIENT_GEQ,
    CLIENT_COMPARES
};

enum client_action {
    CLIENT_ALLOW,
    CLIENT_ALLOW_WITH_URL, /* may sign in, and is told where a newer one is */
    CLIENT_BLOCK,
    CLIENT_BLOCK_WITH_URL,
    CLIENT_ACTIONS
};

enum {
    CLIENT_VERSION_PARTS = 4,
    CLIENT_RULES_MAX = 200,
    CLIENT_AGENT_MAX = 64, /* bytes of a product name */
    CLIENT_URL_MAX = 512
};

struct client_rule {
    uint32_t priority;  /* 1.., one rule each */
    struct slice agent; /* product name in User-Agent, in any case: "OC" */
    enum client_compare compare;
    uint32_t version[CLIENT_VERSION_PARTS]; /* "4.0.7577.0"; missing parts are 0 */
    enum client_action action;
    struct slice url; /* needed by the actions with a URL */
};

struct client_rules {
    const struct client_rule *rule;
    size_t count;
};

struct client_verdict {
    bool allowed;
    struct slice url;               /* where a better client is; absent: nowhere */
    const struct client_rule *rule; /* that decided; NULL: the default did */
};

/* May this client sign in? On refusal the fault is CLIENT_BLOCKED (403 on the wire),
 * with the product and the URL in its detail. */
void client_version_check(const struct policy_effective *effective, struct slice user_agent,
                          struct client_verdict *verdict, struct fault *fault);

/* "GEQ", "BlockWithUrl" and back, in any case; -ERR_MALFORMED, POLICY_INVALID. */
const char *client_compare_name(enum client_compare compare);
const char *client_action_name(enum client_action action);
int client_compare_find(struct slice name, enum client_compare *out, struct fault *fault);
int client_action_find(struct slice name, enum client_action *out, struct fault *fault);

/* "4", "4.0.7577"; -ERR_MALFORMED, POLICY_INVALID. */
int client_version_parse(struct slice text, uint32_t version[CLIENT_VERSION_PARTS],
                         struct fault *fault);

/* Put a rule in a client-version policy, in place of the one of that priority; the
 * policy is made when there is none. Blocks. -ERR_MALFORMED, -ERR_LIMIT: POLICY_INVALID. */
int client_rule_set(struct store *store, struct slice scope, const struct client_rule *rule,
                    struct fault *fault);

/* -ERR_UNKNOWN, POLICY_UNKNOWN: no such rule. */
int client_rule_remove(struct store *store, struct slice scope, uint32_t priority,
                       struct fault *fault);

/* The rules of one policy, by priority. */
int client_rules_load(struct store_reader *reader, struct slice scope, struct arena *arena,
                      struct client_rules *out, struct fault *fault);

#endif
