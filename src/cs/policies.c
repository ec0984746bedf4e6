/* Get-, New-, Set-, Remove- and Grant- for every kind of policy. */
#include "cs/cmdlet_priv.h"
#include "cs/filter.h"

static struct cs_value attribute_value(const struct policy_attribute *attribute, struct slice text)
{
    uint64_t number;
    if (attribute->type == POLICY_BOOL)
        return cs_bool(slice_eq(text, SLICE("true")));
    if (attribute->type == POLICY_INT && slice_number(text, INT64_MAX, &number) == 0)
        return cs_int((int64_t)number);
    return cs_text(slice_empty(text) ? (struct slice){0} : text);
}

static void add_policy(struct cs_call *call, const struct policy *policy)
{
    const struct policy_kind_row *row = policy_kind_row(policy->kind);
    struct cs_object *object =
        cs_objects_add(call->output, CS_OBJECT_POLICY, policy->kind, policy->scope);
    cs_object_set(call->output, object, "Identity", cs_text(policy->scope));
    for (size_t i = 0; i < row->count; i++)
        if (row->attribute[i].since <= call->world->subject.level)
            cs_object_set(call->output, object, row->attribute[i].name,
                          attribute_value(&row->attribute[i], policy_value(policy, i)));
}

/* The nearest of the policies there are, for a refusal. */
static int suggest(struct cs_call *call, struct slice identity, int err, struct fault *fault)
{
    struct policy *list;
    struct fault none;
    struct slice scope, near = {0};
    size_t count, least = 4;
    if (err != -ERR_UNKNOWN ||
        policy_scope_parse(call->cmdlet->kind, identity, call->arena, &scope, &none) < 0 ||
        policy_list(call->world->reader, call->cmdlet->kind, call->arena, &list, &count, &none) < 0)
        return err;
    for (size_t i = 0; i < count; i++) {
        size_t distance = slice_distance(scope, list[i].scope);
        if (distance < least) {
            least = distance;
            near = list[i].scope;
        }
    }
    if (!slice_absent(near)) {
        const char *detail = arena_string(call->arena, slice_of(fault->detail));
        fault_set(fault, ERR_UNKNOWN, fault->finding, "%s; did you mean %.*s?", detail,
                  SLICE_ARG(near));
    }
    return err;
}

static int get(struct cs_call *call, struct slice identity, struct policy *policy,
               struct fault *fault)
{
    int err =
        policy_get(call->world->reader, call->cmdlet->kind, identity, call->arena, policy, fault);
    return suggest(call, identity, err, fault);
}

int cs_policy_get(struct cs_call *call, struct fault *fault)
{
    struct slice identity = cs_text_of(call, "Identity"), pattern = cs_text_of(call, "Filter");
    struct policy *list, one;
    size_t count;
    if (!slice_absent(identity) && !slice_absent(pattern))
        return cs_misused(fault, call, "-Identity and -Filter exclude each other");
    if (!slice_absent(identity)) {
        int err = get(call, identity, &one, fault);
        if (err == 0)
            add_policy(call, &one);
        return err;
    }
    int err =
        policy_list(call->world->reader, call->cmdlet->kind, call->arena, &list, &count, fault);
    for (size_t i = 0; i < count && err == 0; i++)
        if (slice_absent(pattern) || cs_like(list[i].scope, pattern))
            add_policy(call, &list[i]);
    return err;
}

/* ---- changing ------------------------------------------------------------------------------- */

/* "-EnableMobility $false" as policies have it: an absent value is the default. */
static struct slice assigned(const struct cs_call *call, const struct cs_bound *bound)
{
    if (bound->value.kind == CS_BOOL)
        return bound->value.yes ? SLICE("true") : SLICE("false");
    return cs_text_of(call, bound->name);
}

/* The attribute that a bound parameter names; NULL: it is one of the cmdlet's own. */
static const struct policy_attribute *attribute_of(const struct cs_call *call,
                                                   const struct cs_bound *bound)
{
    const struct policy_kind_row *row = policy_kind_row(call->cmdlet->kind);
    for (size_t i = 0; i < row->count; i++)
        if (row->attribute[i].name == bound->name)
            return &row->attribute[i];
    return NULL;
}

static int check_values(struct cs_call *call, struct fault *fault)
{
    int err = 0;
    for (size_t i = 0; i < call->count && err == 0; i++) {
        const struct policy_attribute *attribute = attribute_of(call, &call->bound[i]);
        struct slice value = assigned(call, &call->bound[i]), canonical;
        if (attribute && !slice_absent(value))
            err = policy_value_check(attribute, value, call->arena, &canonical, fault);
    }
    return err;
}

/* All of them or, where they do not fit together, none. */
static int set_values(struct cs_call *call, struct slice scope, struct fault *fault)
{
    struct policy_assignment list[CS_ARGUMENTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct policy_attribute *attribute = attribute_of(call, &call->bound[i]);
        if (attribute)
            list[count++] = (struct policy_assignment){slice_of(attribute->name),
                                                       assigned(call, &call->bound[i])};
    }
    return policy_assign(call->world->store, call->cmdlet->kind, scope, call->world->subject.level,
                         list, count, fault);
}

int cs_policy_new(struct cs_call *call, struct fault *fault)
{
    struct slice identity = cs_text_of(call, "Identity"), scope;
    enum policy_kind kind = call->cmdlet->kind;
    struct policy policy;
    struct fault none;
    if (slice_absent(identity))
        return cs_misused(fault, call, "-Identity is needed");
    int err = policy_scope_parse(kind, identity, call->arena, &scope, fault);
    if (err < 0)
        return err;
    if (policy_get(call->world->reader, kind, scope, call->arena, &policy, &none) == 0)
        return fault_set(fault, ERR_CONFLICT, FINDING_CS_EXISTS, "%.*s is there already",
                         SLICE_ARG(policy.scope));
    err = check_values(call, fault);
    if (err < 0 || !cs_should(call, scope))
        return err;
    err = set_values(call, scope, fault);
    if (err == 0)
        err = get(call, scope, &policy, fault);
    if (err == 0)
        add_policy(call, &policy);
    return err;
}

/* The scopes that a change is about: -Identity, else those of the pipeline. */
static int scopes_of(struct cs_call *call, struct slice fallback, struct cs_objects *scopes,
                     struct fault *fault)
{
    struct slice identity = cs_text_of(call, "Identity");
    struct policy policy;
    *scopes = (struct cs_objects){.arena = call->arena};
    if (slice_absent(identity) && !call->input)
        identity = fallback;
    if (!slice_absent(identity)) {
        int err = get(call, identity, &policy, fault);
        if (err == 0)
            cs_objects_add(scopes, CS_OBJECT_POLICY, call->cmdlet->kind, policy.scope);
        return err;
    }
    if (!call->input)
        return cs_misused(fault, call, "-Identity is needed");
    for (size_t i = 0; i < call->input->count; i++) {
        struct cs_object *object = call->input->object[i];
        if (object->type != CS_OBJECT_POLICY || object->number != (int64_t)call->cmdlet->kind)
            return cs_misused(fault, call,
                              "%.*s, which comes down the pipeline, is none of its kind",
                              SLICE_ARG(slice_head(object->identity, 60)));
        cs_objects_put(scopes, object);
    }
    return 0;
}

int cs_policy_set(struct cs_call *call, struct fault *fault)
{
    struct cs_objects scopes;
    int err = check_values(call, fault);
    if (err == 0)
        err = scopes_of(call, SLICE("Global"), &scopes, fault);
    for (size_t i = 0; err == 0 && i < scopes.count; i++)
        if (cs_should(call, scopes.object[i]->identity))
            err = set_values(call, scopes.object[i]->identity, fault);
    return err;
}

int cs_policy_remove(struct cs_call *call, struct fault *fault)
{
    struct cs_objects scopes;
    int err = scopes_of(call, (struct slice){0}, &scopes, fault);
    for (size_t i = 0; err == 0 && i < scopes.count; i++)
        if (cs_should(call, scopes.object[i]->identity))
            err = policy_remove(call->world->store, call->cmdlet->kind, scopes.object[i]->identity,
                                cs_flag(call, "Force"), fault);
    return err;
}

/* ---- granting ------------------------------------------------------------------------------- */

int cs_policy_grant(struct cs_call *call, struct fault *fault)
{
    struct slice name = cs_text_of(call, "PolicyName");
    struct cs_objects users;
    struct policy policy;
    int err = 0;
    if (!cs_given(call, "PolicyName"))
        return cs_misused(fault, call, "-PolicyName is needed; $null takes back what was granted");
    if (slice_empty(name))
        name = (struct slice){0};
    else
        err = get(call, name, &policy, fault);
    if (err == 0)
        err = cs_users_of(call, &users, fault);
    for (size_t i = 0; err == 0 && i < users.count; i++) {
        struct account account;
        int64_t id = users.object[i]->number;
        if (!cs_should(call, users.object[i]->identity))
            continue;
        err = policy_grant(call->world->store, call->cmdlet->kind, id, name, fault);
        if (err < 0 || !cs_flag(call, "PassThru"))
            continue;
        err = accounts_get(call->world->accounts, id, call->arena, &account, fault);
        if (err == 0)
            err = cs_user_add(call, call->output, &account, fault);
    }
    return err;
}
