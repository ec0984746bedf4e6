/* The rules of client-version policies and dial plans in the store. */
#include "policy/policy_priv.h"

struct rule_change {
    struct arena *arena;
    enum policy_kind kind;
    struct slice scope;
    uint32_t priority;
    const struct client_rule *client;
    const struct dialplan_rule *dial;
};

static struct slice kind_of(const struct rule_change *c)
{
    return slice_of(policy_kind_row(c->kind)->name);
}

static int limit(struct fault *fault, enum policy_kind kind, int max)
{
    return fault_set(fault, ERR_LIMIT, FINDING_POLICY_INVALID, "a %s policy has at most %d rules",
                     policy_kind_row(kind)->name, max);
}

static int count_row(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 0;
}

/* Both tables begin with the same columns; a fixed text for each keeps the SQL whole. */
static const char *const count_sql[] = {
    "select count(*) from policy_client_rule where kind = ?1 and scope_key = ?2",
    "select count(*) from policy_dial_rule where kind = ?1 and scope_key = ?2",
};
static const char *const delete_sql[] = {
    "delete from policy_client_rule where kind = ?1 and scope_key = ?2 and priority = ?3",
    "delete from policy_dial_rule where kind = ?1 and scope_key = ?2 and priority = ?3",
};

static int table_of(enum policy_kind kind)
{
    return kind == POLICY_DIAL_PLAN;
}

static int count_rules(struct store_db *db, enum policy_kind kind, struct slice key, int64_t *count,
                       struct fault *fault)
{
    *count = 0;
    int result =
        store_query(db, fault, count_row, count, count_sql[table_of(kind)],
                    STORE_TEXT(slice_of(policy_kind_row(kind)->name)), STORE_TEXT(key), STORE_END);
    return result < 0 ? result : 0;
}

static int insert_client(struct store_db *db, const struct rule_change *c, struct slice key,
                         struct fault *fault)
{
    const struct client_rule *r = c->client;
    struct slice version = arena_print(c->arena, "%u.%u.%u.%u", r->version[0], r->version[1],
                                       r->version[2], r->version[3]);
    return store_exec(db, fault,
                      "insert into policy_client_rule"
                      " (kind, scope_key, priority, agent, compare, version, action, url)"
                      " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                      STORE_TEXT(kind_of(c)), STORE_TEXT(key), STORE_INT(r->priority),
                      STORE_TEXT(r->agent), STORE_TEXT(slice_of(client_compare_name(r->compare))),
                      STORE_TEXT(version), STORE_TEXT(slice_of(client_action_name(r->action))),
                      STORE_TEXT(r->url), STORE_END);
}

static int insert_dial(struct store_db *db, const struct rule_change *c, struct slice key,
                       struct fault *fault)
{
    const struct dialplan_rule *r = c->dial;
    struct slice name = r->name.at ? r->name : SLICE("");
    return store_exec(db, fault,
                      "insert into policy_dial_rule"
                      " (kind, scope_key, priority, name, pattern, translation, internal, device)"
                      " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                      STORE_TEXT(kind_of(c)), STORE_TEXT(key), STORE_INT(r->priority),
                      STORE_TEXT(name), STORE_TEXT(r->pattern), STORE_TEXT(r->translation),
                      STORE_INT(r->internal), STORE_INT(r->device), STORE_END);
}

static int write_rule(struct store_db *db, void *arg, struct fault *fault)
{
    const struct rule_change *c = arg;
    struct slice key = policy_key(c->arena, c->scope);
    int max = c->client ? CLIENT_RULES_MAX : DIALPLAN_RULES_MAX;
    int64_t count;
    int result = policy_touch(db, c->arena, c->kind, c->scope, fault);
    if (result == 0)
        result = store_exec(db, fault, delete_sql[table_of(c->kind)], STORE_TEXT(kind_of(c)),
                            STORE_TEXT(key), STORE_INT(c->priority), STORE_END);
    if (result >= 0)
        result = count_rules(db, c->kind, key, &count, fault);
    if (result >= 0 && count >= max)
        return limit(fault, c->kind, max);
    if (result >= 0)
        result = c->client ? insert_client(db, c, key, fault) : insert_dial(db, c, key, fault);
    return result < 0 ? result : 0;
}

static int write_rule_remove(struct store_db *db, void *arg, struct fault *fault)
{
    const struct rule_change *c = arg;
    int result =
        store_exec(db, fault, delete_sql[table_of(c->kind)], STORE_TEXT(kind_of(c)),
                   STORE_TEXT(policy_key(c->arena, c->scope)), STORE_INT(c->priority), STORE_END);
    if (result == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_POLICY_UNKNOWN,
                         "%s policy %.*s has no rule of priority %u",
                         policy_kind_row(c->kind)->name, SLICE_ARG(c->scope), c->priority);
    return result < 0 ? result : 0;
}

static int change_rule(struct store *store, struct rule_change *change, struct slice scope,
                       store_write_fn *fn, struct fault *fault)
{
    int result = policy_scope_parse(change->kind, scope, change->arena, &change->scope, fault);
    return result < 0 ? result : store_write(store, fn, change, fault);
}

static int remove_rule(struct store *store, enum policy_kind kind, struct slice scope,
                       uint32_t priority, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct rule_change change = {.arena = arena, .kind = kind, .priority = priority};
    return change_rule(store, &change, scope, write_rule_remove, fault);
}

/* ---- client versions -------------------------------------------------------------------- */

static bool token_ok(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '/' || text.at[i] == '(')
            return false;
    return text.len > 0 && text.len <= CLIENT_AGENT_MAX;
}

static bool url_ok(struct slice url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.at[i] <= ' ' || url.at[i] > '~' || url.at[i] == '"')
            return false;
    return url.len <= CLIENT_URL_MAX && (slice_starts_nocase(url, SLICE("https://")) ||
                                         slice_starts_nocase(url, SLICE("http://")));
}

static int client_rule_check(const struct client_rule *rule, struct fault *fault)
{
    bool with_url = rule->action == CLIENT_ALLOW_WITH_URL || rule->action == CLIENT_BLOCK_WITH_URL;
    const char *what = NULL;
    if (rule->priority == 0)
        what = "priority counts from 1";
    else if (!token_ok(rule->agent))
        what = "the agent is a product name such as OC";
    else if (with_url && slice_empty(rule->url))
        what = "this action needs a URL";
    else if (!slice_empty(rule->url) && !url_ok(rule->url))
        what = "the URL is one of http or https, up to 512 bytes";
    return what ? fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID, "client rule: %s", what)
                : 0;
}

int client_rule_set(struct store *store, struct slice scope, const struct client_rule *rule,
                    struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct rule_change change = {
        .arena = arena, .kind = POLICY_CLIENT_VERSION, .priority = rule->priority, .client = rule};
    int result = client_rule_check(rule, fault);
    return result < 0 ? result : change_rule(store, &change, scope, write_rule, fault);
}

int client_rule_remove(struct store *store, struct slice scope, uint32_t priority,
                       struct fault *fault)
{
    return remove_rule(store, POLICY_CLIENT_VERSION, scope, priority, fault);
}

struct client_reading {
    struct arena *arena;
    struct client_rule *rule;
    size_t count;
};

static int read_client(const struct store_row *row, void *arg)
{
    struct client_reading *reading = arg;
    struct client_rule *rule = &reading->rule[reading->count];
    *rule = (struct client_rule){.priority = (uint32_t)store_row_int(row, 0),
                                 .agent = store_row_text(row, 1, reading->arena),
                                 .url = store_row_text(row, 5, reading->arena)};
    int err = client_compare_find(store_row_text(row, 2, reading->arena), &rule->compare, NULL);
    if (err == 0)
        err = client_version_parse(store_row_text(row, 3, reading->arena), rule->version, NULL);
    if (err == 0)
        err = client_action_find(store_row_text(row, 4, reading->arena), &rule->action, NULL);
    reading->count += err == 0; /* a rule of a newer version is passed over */
    return 0;
}

int client_rules_read(struct store_db *db, struct slice key, struct arena *arena,
                      struct client_rules *out, struct fault *fault)
{
    int64_t count;
    struct slice kind = slice_of(policy_kind_row(POLICY_CLIENT_VERSION)->name);
    int result = count_rules(db, POLICY_CLIENT_VERSION, key, &count, fault);
    if (result < 0)
        return result;
    struct client_reading reading = {arena,
                                     arena_array(arena, struct client_rule, (size_t)count + 1), 0};
    result = store_query(db, fault, read_client, &reading,
                         "select priority, agent, compare, version, action, url"
                         " from policy_client_rule where kind = ?1 and scope_key = ?2"
                         " order by priority limit ?3",
                         STORE_TEXT(kind), STORE_TEXT(key), STORE_INT(count), STORE_END);
    if (result < 0)
        return result;
    *out = (struct client_rules){reading.rule, reading.count};
    return 0;
}

int client_rules_load(struct store_reader *reader, struct slice scope, struct arena *arena,
                      struct client_rules *out, struct fault *fault)
{
    struct policy policy;
    int result = policy_get(reader, POLICY_CLIENT_VERSION, scope, arena, &policy, fault);
    return result < 0 ? result
                      : client_rules_read(store_reader_db(reader), policy_key(arena, policy.scope),
                                          arena, out, fault);
}

/* ---- dial plans -------------------------------------------------------------------------- */

int dialplan_rule_set(struct store *store, struct slice scope, const struct dialplan_rule *rule,
                      struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct rule_change change = {
        .arena = arena, .kind = POLICY_DIAL_PLAN, .priority = rule->priority, .dial = rule};
    int result = dialplan_rule_check(rule, fault);
    return result < 0 ? result : change_rule(store, &change, scope, write_rule, fault);
}

int dialplan_rule_remove(struct store *store, struct slice scope, uint32_t priority,
                         struct fault *fault)
{
    return remove_rule(store, POLICY_DIAL_PLAN, scope, priority, fault);
}

struct dial_reading {
    struct arena *arena;
    struct dialplan_rule *rule;
    size_t count;
};

static int read_dial(const struct store_row *row, void *arg)
{
    struct dial_reading *reading = arg;
    reading->rule[reading->count++] =
        (struct dialplan_rule){.priority = (uint32_t)store_row_int(row, 0),
                               .name = store_row_text(row, 1, reading->arena),
                               .pattern = store_row_text(row, 2, reading->arena),
                               .translation = store_row_text(row, 3, reading->arena),
                               .internal = store_row_int(row, 4) != 0,
                               .device = store_row_int(row, 5) != 0};
    return 0;
}

int dialplan_rules_read(struct store_db *db, struct slice key, struct arena *arena,
                        struct dialplan *out, struct fault *fault)
{
    int64_t count;
    struct slice kind = slice_of(policy_kind_row(POLICY_DIAL_PLAN)->name);
    int result = count_rules(db, POLICY_DIAL_PLAN, key, &count, fault);
    if (result < 0)
        return result;
    struct dial_reading reading = {arena, arena_array(arena, struct dialplan_rule, (size_t)count),
                                   0};
    result = store_query(db, fault, read_dial, &reading,
                         "select priority, name, pattern, translation, internal, device"
                         " from policy_dial_rule where kind = ?1 and scope_key = ?2"
                         " order by priority limit ?3",
                         STORE_TEXT(kind), STORE_TEXT(key), STORE_INT(count), STORE_END);
    if (result < 0)
        return result;
    out->rule = reading.rule;
    out->count = reading.count;
    return 0;
}
