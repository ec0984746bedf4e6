#include "policy/clientversion.h"

#include "policy/policy.h"

static const char *const compares[CLIENT_COMPARES] = {
    [CLIENT_ANY] = "ANY", [CLIENT_EQL] = "EQL", [CLIENT_NEQ] = "NEQ", [CLIENT_LSS] = "LSS",
    [CLIENT_LEQ] = "LEQ", [CLIENT_GTR] = "GTR", [CLIENT_GEQ] = "GEQ",
};
static const char *const actions[CLIENT_ACTIONS] = {
    [CLIENT_ALLOW] = "Allow",
    [CLIENT_ALLOW_WITH_URL] = "AllowWithUrl",
    [CLIENT_BLOCK] = "Block",
    [CLIENT_BLOCK_WITH_URL] = "BlockWithUrl",
};

const char *client_compare_name(enum client_compare compare)
{
    return compares[compare];
}

const char *client_action_name(enum client_action action)
{
    return actions[action];
}

static int find(const char *const *names, unsigned count, const char *what, struct slice name,
                struct fault *fault)
{
    for (unsigned i = 0; i < count; i++)
        if (slice_eq_nocase(name, slice_of(names[i])))
            return (int)i;
    return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "no %s is called %.*s", what,
                     SLICE_ARG(slice_head(name, 40)));
}

int client_compare_find(struct slice name, enum client_compare *out, struct fault *fault)
{
    int found = find(compares, CLIENT_COMPARES, "comparison", name, fault);
    if (found >= 0)
        *out = (enum client_compare)found;
    return found < 0 ? found : 0;
}

int client_action_find(struct slice name, enum client_action *out, struct fault *fault)
{
    int found = find(actions, CLIENT_ACTIONS, "action", name, fault);
    if (found >= 0)
        *out = (enum client_action)found;
    return found < 0 ? found : 0;
}

int client_version_parse(struct slice text, uint32_t version[CLIENT_VERSION_PARTS],
                         struct fault *fault)
{
    struct slice rest = text, part;
    unsigned count = 0;
    bool more = true;
    for (unsigned i = 0; i < CLIENT_VERSION_PARTS; i++)
        version[i] = 0;
    while (more) {
        uint64_t number;
        more = slice_cut(rest, '.', &part, &rest);
        if (count == CLIENT_VERSION_PARTS || slice_number(part, UINT32_MAX, &number) < 0)
            return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                             "a version is up to four numbers: 4.0.7577.0");
        version[count++] = (uint32_t)number;
    }
    return 0;
}

/* The leading version of "1.25.0-beta" or "4.0.7577.0": what follows its digits and dots
 * does not count, nor what follows its fourth part. */
static void version_of(struct slice text, uint32_t version[CLIENT_VERSION_PARTS])
{
    unsigned part = 0;
    uint64_t number = 0;
    for (unsigned i = 0; i < CLIENT_VERSION_PARTS; i++)
        version[i] = 0;
    for (size_t i = 0; i < text.len && part < CLIENT_VERSION_PARTS; i++) {
        char c = text.at[i];
        if (c == '.') {
            part++;
            number = 0;
            continue;
        }
        if (c < '0' || c > '9')
            return;
        number = number * 10 + (uint64_t)(c - '0');
        version[part] = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
        number = number > UINT32_MAX ? UINT32_MAX : number;
    }
}

/* User-Agent is products and comments in brackets (RFC 3261 section 20.41). */
static bool product_find(struct slice user_agent, struct slice name, struct slice *version_out)
{
    unsigned nested = 0;
    size_t i = 0;
    while (i < user_agent.len) {
        char c = user_agent.at[i];
        if (c == '(' || c == ')' || c == ' ' || c == '\t' || nested > 0) {
            nested += c == '(';
            nested -= c == ')' && nested > 0;
            i++;
            continue;
        }
        size_t end = i;
        while (end < user_agent.len && user_agent.at[end] != ' ' && user_agent.at[end] != '\t' &&
               user_agent.at[end] != '(')
            end++;
        struct slice product = slice_make(user_agent.at + i, end - i), head;
        slice_cut(product, '/', &head, version_out);
        if (slice_eq_nocase(head, name))
            return true;
        i = end;
    }
    return false;
}

static bool matches(const struct client_rule *rule, struct slice user_agent)
{
    struct slice text;
    uint32_t version[CLIENT_VERSION_PARTS];
    if (!product_find(user_agent, rule->agent, &text))
        return false;
    if (rule->compare == CLIENT_ANY)
        return true;
    int order = 0;
    version_of(text, version);
    for (unsigned i = 0; i < CLIENT_VERSION_PARTS && order == 0; i++)
        order = (version[i] > rule->version[i]) - (version[i] < rule->version[i]);
    switch (rule->compare) {
    case CLIENT_EQL:
        return order == 0;
    case CLIENT_NEQ:
        return order != 0;
    case CLIENT_LSS:
        return order < 0;
    case CLIENT_LEQ:
        return order <= 0;
    case CLIENT_GTR:
        return order > 0;
    case CLIENT_GEQ:
        return order >= 0;
    default:
        return true;
    }
}

void client_version_check(const struct policy_effective *effective, struct slice user_agent,
                          struct client_verdict *verdict, struct fault *fault)
{
    const struct policy *policy = &effective->of[POLICY_CLIENT_VERSION];
    enum client_action action = CLIENT_ALLOW;
    struct slice url = policy_text(policy, "DefaultURL");
    *verdict = (struct client_verdict){.allowed = true};
    if (!policy_bool(policy, "Enabled"))
        return;
    client_action_find(policy_text(policy, "DefaultAction"), &action, NULL);
    for (size_t i = 0; i < effective->clients.count && !verdict->rule; i++)
        if (matches(&effective->clients.rule[i], user_agent))
            verdict->rule = &effective->clients.rule[i];
    if (verdict->rule) {
        action = verdict->rule->action;
        url = verdict->rule->url;
    }
    verdict->allowed = action == CLIENT_ALLOW || action == CLIENT_ALLOW_WITH_URL;
    if (action == CLIENT_ALLOW_WITH_URL || action == CLIENT_BLOCK_WITH_URL)
        verdict->url = url;
    if (!verdict->allowed)
        fault_set(fault, ERR_DENIED, FINDING_CLIENT_BLOCKED, "%.*s%s%.*s",
                  SLICE_ARG(slice_head(user_agent, 100)), slice_empty(verdict->url) ? "" : "; see ",
                  SLICE_ARG(slice_head(verdict->url, 120)));
}
