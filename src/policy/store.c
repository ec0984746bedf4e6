#include "policy/policy_priv.h"

#include "accounts/account.h"

#include <string.h>

/* Kinds are stored by name and scopes by their key (lower case): a later version may
 * number its kinds anew. */
static const char *const steps[] = {
    "create table policy ("
    "  kind text not null,"
    "  scope_key text not null,"
    "  scope text not null,"
    "  primary key (kind, scope_key));"
    "create table policy_value ("
    "  kind text not null,"
    "  scope_key text not null,"
    "  name text not null,"
    "  value text not null,"
    "  primary key (kind, scope_key, name),"
    "  foreign key (kind, scope_key) references policy (kind, scope_key) on delete cascade);"
    "create table policy_grant ("
    "  account_id integer not null references account (id) on delete cascade,"
    "  kind text not null,"
    "  scope_key text not null,"
    "  primary key (account_id, kind),"
    "  foreign key (kind, scope_key) references policy (kind, scope_key));"
    "create index policy_grant_policy on policy_grant (kind, scope_key);"
    "create table policy_client_rule ("
    "  kind text not null,"
    "  scope_key text not null,"
    "  priority integer not null,"
    "  agent text not null,"
    "  compare text not null,"
    "  version text not null,"
    "  action text not null,"
    "  url text,"
    "  primary key (kind, scope_key, priority),"
    "  foreign key (kind, scope_key) references policy (kind, scope_key) on delete cascade);"
    "create table policy_dial_rule ("
    "  kind text not null,"
    "  scope_key text not null,"
    "  priority integer not null,"
    "  name text not null,"
    "  pattern text not null,"
    "  translation text not null,"
    "  internal integer not null,"
    "  device integer not null,"
    "  primary key (kind, scope_key, priority),"
    "  foreign key (kind, scope_key) references policy (kind, scope_key) on delete cascade);",
};
const struct store_schema policy_schema = {"policy", steps, 1};

static struct slice kind_text(enum policy_kind kind)
{
    return slice_of(policy_kind_row(kind)->name);
}

struct slice policy_key(struct arena *arena, struct slice scope)
{
    char *key = arena_string(arena, scope);
    for (size_t i = 0; i < scope.len; i++)
        if (key[i] >= 'A' && key[i] <= 'Z')
            key[i] = (char)(key[i] - 'A' + 'a');
    return slice_make(key, scope.len);
}

int policy_unknown(struct fault *fault, enum policy_kind kind, struct slice scope)
{
    return fault_set(fault, ERR_UNKNOWN, FINDING_POLICY_UNKNOWN, "no %s %s %.*s",
                     policy_kind_row(kind)->name, policy_kind_row(kind)->noun,
                     SLICE_ARG(slice_head(scope, 80)));
}

int policy_touch(struct store_db *db, struct arena *arena, enum policy_kind kind,
                 struct slice scope, struct fault *fault)
{
    int result = store_exec(db, fault,
                            "insert into policy (kind, scope_key, scope) values (?1, ?2, ?3)"
                            " on conflict do nothing",
                            STORE_TEXT(kind_text(kind)), STORE_TEXT(policy_key(arena, scope)),
                            STORE_TEXT(scope), STORE_END);
    return result < 0 ? result : 0;
}

/* ---- writing ------------------------------------------------------------------------- */

struct change {
    struct arena *arena;
    enum policy_kind kind;
    struct slice scope;
    const struct policy_assignment *list; /* with names and values as they are stored */
    size_t count;
    int64_t account;
    bool force;
};

static int write_value(struct store_db *db, const struct change *c, struct slice key,
                       const struct policy_assignment *assignment, struct fault *fault)
{
    struct store_value kind = STORE_TEXT(kind_text(c->kind));
    struct store_value name = STORE_TEXT(assignment->attribute);
    int result;
    if (slice_absent(assignment->value))
        result = store_exec(
            db, fault, "delete from policy_value where kind = ?1 and scope_key = ?2 and name = ?3",
            kind, STORE_TEXT(key), name, STORE_END);
    else
        result = store_exec(db, fault,
                            "insert into policy_value (kind, scope_key, name, value)"
                            " values (?1, ?2, ?3, ?4)"
                            " on conflict (kind, scope_key, name) do update set value = ?4",
                            kind, STORE_TEXT(key), name, STORE_TEXT(assignment->value), STORE_END);
    return result < 0 ? result : 0;
}

static int write_values(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *c = arg;
    const struct policy_kind_row *row = policy_kind_row(c->kind);
    struct policy policy = {.kind = c->kind, .scope = c->scope};
    struct slice key = policy_key(c->arena, c->scope);
    int result = policy_touch(db, c->arena, c->kind, c->scope, fault);
    for (size_t i = 0; i < c->count && result == 0; i++)
        result = write_value(db, c, key, &c->list[i], fault);
    if (result < 0 || !row->check)
        return result;
    result = policy_values_read(db, key, c->arena, &policy, fault);
    return result < 0 ? result : row->check(&policy, fault);
}

int policy_assign(struct store *store, enum policy_kind kind, struct slice scope,
                  enum policy_level level, const struct policy_assignment *list, size_t count,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.arena = arena, .kind = kind, .count = count};
    struct policy_assignment *checked = arena_array(arena, struct policy_assignment, count);
    change.list = checked;
    int result = policy_scope_parse(kind, scope, arena, &change.scope, fault);
    for (size_t i = 0; i < count && result == 0; i++) {
        const struct policy_attribute *row =
            policy_attribute_find(kind, list[i].attribute, level, fault);
        if (!row)
            return -ERR_UNKNOWN;
        checked[i] = (struct policy_assignment){.attribute = slice_of(row->name)};
        if (!slice_absent(list[i].value))
            result = policy_value_check(row, list[i].value, arena, &checked[i].value, fault);
    }
    return result < 0 ? result : store_write(store, write_values, &change, fault);
}

int policy_set(struct store *store, enum policy_kind kind, struct slice scope,
               enum policy_level level, struct slice attribute, struct slice value,
               struct fault *fault)
{
    return policy_assign(store, kind, scope, level,
                         &(struct policy_assignment){.attribute = attribute, .value = value}, 1,
                         fault);
}

static int write_remove(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *c = arg;
    struct store_value kind = STORE_TEXT(kind_text(c->kind));
    struct store_value key = STORE_TEXT(policy_key(c->arena, c->scope));
    if (c->force) {
        int result =
            store_exec(db, fault, "delete from policy_grant where kind = ?1 and scope_key = ?2",
                       kind, key, STORE_END);
        if (result < 0)
            return result;
    }
    int result = store_exec(db, fault, "delete from policy where kind = ?1 and scope_key = ?2",
                            kind, key, STORE_END);
    if (result == -ERR_CONFLICT)
        return fault_set(fault, ERR_CONFLICT, FINDING_POLICY_GRANTED,
                         "%s policy %.*s is granted to users", policy_kind_row(c->kind)->name,
                         SLICE_ARG(c->scope));
    if (result == 0 && !slice_eq(c->scope, SLICE("Global")))
        return policy_unknown(fault, c->kind, c->scope);
    return result < 0 ? result : 0;
}

int policy_remove(struct store *store, enum policy_kind kind, struct slice scope, bool force,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.arena = arena, .kind = kind, .force = force};
    int result = policy_scope_parse(kind, scope, arena, &change.scope, fault);
    return result < 0 ? result : store_write(store, write_remove, &change, fault);
}

static int seen(const struct store_row *row, void *arg)
{
    (void)row;
    (void)arg;
    return 0;
}

static int write_grant(struct store_db *db, void *arg, struct fault *fault)
{
    const struct change *c = arg;
    struct store_value kind = STORE_TEXT(kind_text(c->kind)), account = STORE_INT(c->account);
    int result = store_query(db, fault, seen, NULL, "select 1 from account where id = ?1", account,
                             STORE_END);
    if (result == 0)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no account has number %lld",
                         (long long)c->account);
    if (result > 0)
        result =
            store_exec(db, fault, "delete from policy_grant where account_id = ?1 and kind = ?2",
                       account, kind, STORE_END);
    if (result < 0 || slice_absent(c->scope))
        return result < 0 ? result : 0;
    result = store_exec(db, fault,
                        "insert into policy_grant (account_id, kind, scope_key)"
                        " values (?1, ?2, ?3)",
                        account, kind, STORE_TEXT(policy_key(c->arena, c->scope)), STORE_END);
    if (result == -ERR_CONFLICT)
        return policy_unknown(fault, c->kind, c->scope);
    return result < 0 ? result : 0;
}

int policy_grant(struct store *store, enum policy_kind kind, int64_t account, struct slice tag,
                 struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct change change = {.arena = arena, .kind = kind, .account = account};
    const struct policy_kind_row *row = policy_kind_row(kind);
    if (!(row->scopes & POLICY_TAG))
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "a %s %s is not granted; it applies by itself", row->name, row->noun);
    int result = slice_absent(tag) ? 0 : policy_scope_parse(kind, tag, arena, &change.scope, fault);
    if (result == 0 && !slice_absent(tag) && !slice_starts(change.scope, SLICE("Tag:")))
        return fault_set(fault, ERR_MALFORMED, FINDING_POLICY_INVALID,
                         "only a Tag:NAME is granted; Global and Site:NAME apply by themselves");
    return result < 0 ? result : store_write(store, write_grant, &change, fault);
}
