/* Reading policies, and deciding which governs a user. */
#include "policy/policy_priv.h"

#include "accounts/account.h"

/* ---- one policy ------------------------------------------------------------------------ */

struct loading {
    struct arena *arena;
    struct policy *policy;
    struct policy_setting *setting;
};

/* What an older or newer version stored under a name that is no attribute is passed over. */
static int load_value(const struct store_row *row, void *arg)
{
    struct loading *loading = arg;
    struct policy *policy = loading->policy;
    const struct policy_kind_row *kind = policy_kind_row(policy->kind);
    const struct policy_attribute *attribute = policy_attribute_find(
        policy->kind, store_row_text(row, 0, loading->arena), POLICY_LYNC_2013, NULL);
    if (attribute && policy->count < kind->count)
        loading->setting[policy->count++] = (struct policy_setting){
            (size_t)(attribute - kind->attribute), store_row_text(row, 1, loading->arena)};
    return 0;
}

int policy_values_read(struct store_db *db, struct slice key, struct arena *arena,
                       struct policy *policy, struct fault *fault)
{
    const struct policy_kind_row *kind = policy_kind_row(policy->kind);
    scoped(arena) struct arena *scratch = arena_new();
    struct loading loading = {arena, policy, NULL};
    loading.setting = arena_array(scratch, struct policy_setting, kind->count);
    int result = store_query(db, fault, load_value, &loading,
                             "select name, value from policy_value"
                             " where kind = ?1 and scope_key = ?2 order by name",
                             STORE_TEXT(slice_of(kind->name)), STORE_TEXT(key), STORE_END);
    if (result < 0)
        return result;
    struct policy_setting *kept = arena_array(arena, struct policy_setting, policy->count);
    for (size_t i = 0; i < policy->count; i++)
        kept[i] = loading.setting[i];
    policy->setting = kept;
    return 0;
}

/* ---- what governs a user ---------------------------------------------------------------- */

struct choosing {
    struct arena *arena, *scratch;
    struct policy_effective *out;
    struct slice key[POLICY_KINDS]; /* absent: nothing stored */
};

/* Rows come in order global, site, tag or service; so the last of a kind is the most specific. */
static int choose(const struct store_row *row, void *arg)
{
    struct choosing *choosing = arg;
    enum policy_kind kind;
    if (policy_kind_find(store_row_text(row, 0, choosing->scratch), &kind, NULL) < 0)
        return 0;
    choosing->key[kind] = store_row_text(row, 1, choosing->scratch);
    choosing->out->of[kind].scope = store_row_text(row, 2, choosing->arena);
    return 0;
}

static int load_chosen(struct store_db *db, struct choosing *choosing, struct fault *fault)
{
    struct policy_effective *out = choosing->out;
    int result = 0;
    for (unsigned i = 0; i < POLICY_KINDS && result == 0; i++)
        if (!slice_absent(choosing->key[i]))
            result = policy_values_read(db, choosing->key[i], choosing->arena, &out->of[i], fault);
    if (result == 0 && !slice_absent(choosing->key[POLICY_CLIENT_VERSION]))
        result = client_rules_read(db, choosing->key[POLICY_CLIENT_VERSION], choosing->arena,
                                   &out->clients, fault);
    if (result == 0 && !slice_absent(choosing->key[POLICY_DIAL_PLAN]))
        result = dialplan_rules_read(db, choosing->key[POLICY_DIAL_PLAN], choosing->arena,
                                     &out->dialplan, fault);
    if (result == 0)
        dialplan_finish(&out->of[POLICY_DIAL_PLAN], choosing->arena, &out->dialplan);
    return result;
}

int policy_effective_load(struct store_reader *reader, const struct policy_subject *subject,
                          struct arena *arena, struct policy_effective *out, struct fault *fault)
{
    scoped(arena) struct arena *scratch = arena_new();
    struct choosing choosing = {.arena = arena, .scratch = scratch, .out = out};
    struct slice site = {0}, service = {0};
    policy_effective_default(subject->level, out);
    if (!slice_empty(subject->site))
        site = policy_key(scratch, arena_print(scratch, "site:%.*s", SLICE_ARG(subject->site)));
    if (!slice_empty(subject->pool))
        service = policy_key(
            scratch, arena_print(scratch, "service:webserver:%.*s", SLICE_ARG(subject->pool)));
    int result =
        store_query(store_reader_db(reader), fault, choose, &choosing,
                    "select p.kind, p.scope_key, p.scope from policy p"
                    " left join policy_grant g on g.kind = p.kind and g.account_id = ?1"
                    " where p.scope_key = 'global' or p.scope_key = ?2"
                    " or p.scope_key = ?3 or p.scope_key = g.scope_key"
                    " order by case when p.scope_key = 'global' then 0"
                    " when p.scope_key = ?2 then 1 else 2 end",
                    STORE_INT(subject->account), STORE_TEXT(site), STORE_TEXT(service), STORE_END);
    return result < 0 ? result : load_chosen(store_reader_db(reader), &choosing, fault);
}

/* ---- for administrators ----------------------------------------------------------------- */

struct listing {
    struct arena *arena;
    enum policy_kind kind;
    struct policy *list;
    size_t count, room;
    bool global;
};

static void listing_add(struct listing *listing, struct slice scope)
{
    if (listing->count == listing->room) {
        size_t room = listing->room ? 2 * listing->room : 16;
        struct policy *more = arena_array(listing->arena, struct policy, room);
        for (size_t i = 0; i < listing->count; i++)
            more[i] = listing->list[i];
        listing->list = more;
        listing->room = room;
    }
    listing->list[listing->count++] = (struct policy){.kind = listing->kind, .scope = scope};
}

static int list_row(const struct store_row *row, void *arg)
{
    struct listing *listing = arg;
    struct slice scope = store_row_text(row, 0, listing->arena);
    if (!slice_eq(scope, SLICE("Global")))
        listing_add(listing, scope);
    return 0;
}

int policy_list(struct store_reader *reader, enum policy_kind kind, struct arena *arena,
                struct policy **list_out, size_t *count_out, struct fault *fault)
{
    struct store_db *db = store_reader_db(reader);
    struct listing listing = {.arena = arena, .kind = kind};
    listing_add(&listing, SLICE("Global"));
    int result = store_query(db, fault, list_row, &listing,
                             "select scope from policy where kind = ?1 order by scope_key",
                             STORE_TEXT(slice_of(policy_kind_row(kind)->name)), STORE_END);
    for (size_t i = 0; i < listing.count && result >= 0; i++)
        result = policy_values_read(db, policy_key(arena, listing.list[i].scope), arena,
                                    &listing.list[i], fault);
    if (result < 0)
        return result;
    *list_out = listing.list;
    *count_out = listing.count;
    return 0;
}

struct getting {
    struct arena *arena;
    struct policy *out;
};

static int get_row(const struct store_row *row, void *arg)
{
    struct getting *getting = arg;
    getting->out->scope = store_row_text(row, 0, getting->arena);
    return 0;
}

int policy_get(struct store_reader *reader, enum policy_kind kind, struct slice scope,
               struct arena *arena, struct policy *out, struct fault *fault)
{
    struct store_db *db = store_reader_db(reader);
    struct getting getting = {arena, out};
    *out = (struct policy){.kind = kind};
    int result = policy_scope_parse(kind, scope, arena, &out->scope, fault);
    if (result < 0)
        return result;
    struct slice key = policy_key(arena, out->scope);
    result = store_query(
        db, fault, get_row, &getting, "select scope from policy where kind = ?1 and scope_key = ?2",
        STORE_TEXT(slice_of(policy_kind_row(kind)->name)), STORE_TEXT(key), STORE_END);
    if (result == 0 && !slice_eq(out->scope, SLICE("Global")))
        return policy_unknown(fault, kind, out->scope);
    return result < 0 ? result : policy_values_read(db, key, arena, out, fault);
}
