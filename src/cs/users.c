/* Users as objects, and the cmdlets about them. */
#include "accounts/card.h"
#include "cs/cmdlet_priv.h"
#include "cs/filter.h"
#include "provision/setting.h"

enum {
    PAGE = 500
};

struct slice cs_scope_name(struct slice scope)
{
    return slice_starts(scope, SLICE("Tag:")) ? slice_from(scope, 4) : scope;
}

/* ---- the object -------------------------------------------------------------------------------
 */

/* The kinds in the order in which Get-CsUser and Get-CsEffectivePolicy name them. */
static const struct {
    enum policy_kind kind;
    const char *name, *effective;
    bool hidden; /* by default, in Get-CsUser */
} kinds[] = {
    {POLICY_VOICE, "VoicePolicy", "VoicePolicy", false},
    {POLICY_CONFERENCING, "ConferencingPolicy", "ConferencingPolicy", false},
    {POLICY_PRESENCE, "PresencePolicy", "PresencePolicy", false},
    {POLICY_DIAL_PLAN, "DialPlan", "LocationProfile", false},
    {POLICY_LOCATION, "LocationPolicy", "LocationPolicy", false},
    {POLICY_CLIENT, "ClientPolicy", "ClientPolicy", false},
    {POLICY_CLIENT_VERSION, "ClientVersionPolicy", "ClientVersionPolicy", false},
    {POLICY_MOBILITY, "MobilityPolicy", "MobilityPolicy", true},
};

static int load_policies(struct cs_call *call, int64_t account, struct policy_effective *out,
                         struct fault *fault)
{
    struct policy_subject subject = call->world->subject;
    subject.account = account;
    return policy_effective_load(call->world->reader, &subject, call->arena, out, fault);
}

/* The name without its domain, as Active Directory has it. */
static struct slice sam_name(const struct account *account)
{
    struct slice domain, name;
    if (slice_cut(account->sam, '\\', &domain, &name))
        return name;
    slice_cut(account->login, '@', &name, &domain);
    return name;
}

static struct slice optional(struct slice text)
{
    return slice_empty(text) ? (struct slice){0} : text;
}

int cs_user_add(struct cs_call *call, struct cs_objects *users, const struct account *account,
                struct fault *fault)
{
    struct policy_effective effective;
    struct provision_settings settings;
    struct arena *arena = call->arena;
    int err = load_policies(call, account->id, &effective, fault);
    if (err == 0)
        err = provision_settings_load(call->world->reader, account->id, arena, &settings, fault);
    if (err < 0)
        return err;
    struct cs_object *object = cs_objects_add(users, CS_OBJECT_USER, account->id, account->address);
    struct slice pool = slice_empty(account->pool) ? call->world->site->sip_host : account->pool;
    cs_object_set(users, object, "Identity", cs_text(account->address));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct slice scope = effective.of[kinds[i].kind].scope;
        bool granted = slice_starts(scope, SLICE("Tag:"));
        cs_object_set(users, object, kinds[i].name,
                      cs_text(granted ? cs_scope_name(scope) : (struct slice){0}));
        object->property[object->count - 1].hidden = kinds[i].hidden;
    }
    cs_object_set(users, object, "RegistrarPool", cs_text(pool));
    cs_object_set(users, object, "Enabled", cs_bool(account->enabled));
    cs_object_set(users, object, "SipAddress",
                  cs_text(arena_print(arena, "sip:%.*s", SLICE_ARG(account->address))));
    cs_object_set(users, object, "LineURI", cs_text(optional(settings.line)));
    cs_object_set(users, object, "EnterpriseVoiceEnabled", cs_bool(settings.voice));
    cs_object_set(users, object, "DisplayName", cs_text(account->display_name));
    cs_object_set(users, object, "SamAccountName", cs_text(sam_name(account)));
    cs_object_set(users, object, "UserPrincipalName", cs_text(account->login));
    object->property[object->count - 1].hidden = true;
    return 0;
}

/* ---- finding ----------------------------------------------------------------------------------
 */

/* Which users are wanted; what is absent or NULL wants all. */
struct wish {
    struct slice pattern;           /* of the display name */
    const struct cs_filter *filter; /* on properties of the user */
    const struct cs_filter *ldap;   /* on attributes of the directory */
};

/* What Active Directory would know of him, by its names. */
static int add_entry(struct cs_call *call, struct cs_objects *entries,
                     const struct account *account, struct fault *fault)
{
    struct card card;
    struct cs_object *entry = cs_objects_add(entries, CS_OBJECT_OTHER, 0, account->address);
    struct slice address = arena_print(call->arena, "sip:%.*s", SLICE_ARG(account->address));
    int err = card_load(call->world->reader, account->id, call->arena, &card, fault);
    cs_object_set(entries, entry, "objectClass", cs_text(SLICE("user")));
    cs_object_set(entries, entry, "objectCategory", cs_text(SLICE("person")));
    cs_object_set(entries, entry, "sAMAccountName", cs_text(sam_name(account)));
    cs_object_set(entries, entry, "userPrincipalName", cs_text(account->login));
    cs_object_set(entries, entry, "displayName", cs_text(account->display_name));
    cs_object_set(entries, entry, "cn", cs_text(account->display_name));
    cs_object_set(entries, entry, "name", cs_text(account->display_name));
    cs_object_set(entries, entry, "msRTCSIP-PrimaryUserAddress", cs_text(address));
    cs_object_set(entries, entry, "msRTCSIP-UserEnabled", cs_bool(account->enabled));
    for (unsigned i = 0; i < CARD_FIELDS && err == 0; i++) {
        struct slice value = card.field[i];
        if (i == CARD_MAIL && slice_empty(value))
            value = account->address;
        cs_object_set(entries, entry, card_field_ldap((enum card_field)i),
                      cs_text(optional(value)));
    }
    return err;
}

static int is_wanted(struct cs_call *call, const struct wish *wish, const struct account *account,
                     const struct cs_object *user, bool *wanted, struct fault *fault)
{
    struct cs_objects entries = {.arena = call->arena};
    int err = 0;
    *wanted = true;
    if (wish->filter)
        return cs_filter_matches(wish->filter, user, call->arena, wanted, fault);
    if (!wish->ldap)
        return 0;
    err = add_entry(call, &entries, account, fault);
    return err < 0 ? err
                   : cs_filter_matches(wish->ldap, entries.object[0], call->arena, wanted, fault);
}

static int add_all(struct cs_call *call, const struct wish *wish, size_t limit,
                   struct cs_objects *users, struct fault *fault)
{
    struct slice after = SLICE("");
    size_t count;
    do {
        struct account *page;
        int err =
            accounts_list(call->world->accounts, after, PAGE, call->arena, &page, &count, fault);
        for (size_t i = 0; i < count && err == 0 && users->count < limit; i++) {
            bool wanted = true;
            after = page[i].address;
            if (!slice_absent(wish->pattern) && !cs_like(page[i].display_name, wish->pattern))
                continue;
            err = cs_user_add(call, users, &page[i], fault);
            if (err == 0)
                err = is_wanted(call, wish, &page[i], users->object[users->count - 1], &wanted,
                                fault);
            if (err == 0 && !wanted)
                users->count--;
        }
        if (err < 0)
            return err;
    } while (count == PAGE && users->count < limit);
    return 0;
}

/* A SIP address, a login of either form, or a display name, perhaps with *. */
static int add_named(struct cs_call *call, struct slice identity, struct cs_objects *users,
                     struct fault *fault)
{
    struct account account;
    struct fault none;
    size_t before = users->count;
    int err = slice_index(identity, '*') >= 0 ? -ERR_UNKNOWN
                                              : accounts_find_login(call->world->accounts, identity,
                                                                    call->arena, &account, fault);
    if (err == 0)
        return cs_user_add(call, users, &account, fault);
    if (err != -ERR_UNKNOWN && err != -ERR_MALFORMED)
        return err;
    err = add_all(call, &(struct wish){.pattern = identity}, SIZE_MAX, users, &none);
    if (err < 0)
        *fault = none;
    if (err == 0 && users->count == before)
        return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no user is called %.*s",
                         SLICE_ARG(slice_head(identity, 80)));
    return err;
}

int cs_users_of(struct cs_call *call, struct cs_objects *users, struct fault *fault)
{
    struct slice identity = cs_text_of(call, "Identity");
    *users = (struct cs_objects){.arena = call->arena};
    if (!slice_absent(identity))
        return add_named(call, identity, users, fault);
    if (!call->input)
        return cs_misused(fault, call, "-Identity is needed, or users from a cmdlet before it");
    for (size_t i = 0; i < call->input->count; i++) {
        struct cs_object *object = call->input->object[i];
        if (object->type != CS_OBJECT_USER)
            return cs_misused(fault, call, "%.*s, which comes down the pipeline, is no user",
                              SLICE_ARG(slice_head(object->identity, 60)));
        cs_objects_put(users, object);
    }
    return 0;
}

int cs_user_get(struct cs_call *call, struct fault *fault)
{
    const struct cs_value *text = cs_given(call, "Filter");
    struct slice identity = cs_text_of(call, "Identity"), ldap = cs_text_of(call, "LdapFilter");
    struct cs_filter *filter = NULL;
    uint64_t limit = SIZE_MAX;
    int err = 0;
    if (!!text + !slice_absent(identity) + !slice_absent(ldap) > 1)
        return cs_misused(fault, call, "-Identity, -Filter and -LdapFilter exclude each other");
    if (cs_given(call, "ResultSize") &&
        slice_number(cs_text_of(call, "ResultSize"), INT32_MAX, &limit) < 0)
        return cs_misused(fault, call, "-ResultSize takes a number");
    if (text)
        err = cs_filter_parse(text->text, call->arena, &filter, fault);
    else if (!slice_absent(ldap))
        err = cs_filter_parse_ldap(ldap, call->arena, &filter, fault);
    if (err < 0)
        return err;
    struct wish wish = {.filter = text ? filter : NULL, .ldap = text ? NULL : filter};
    if (slice_absent(identity) && !call->input)
        return add_all(call, &wish, limit, call->output, fault);
    if (filter)
        return cs_misused(fault, call, "a filter looks through all users, not the pipeline's");
    err = cs_users_of(call, call->output, fault);
    if (err == 0 && call->output->count > limit)
        call->output->count = limit;
    return err;
}

int cs_effective_get(struct cs_call *call, struct fault *fault)
{
    struct cs_objects users;
    int err = cs_users_of(call, &users, fault);
    for (size_t i = 0; i < users.count && err == 0; i++) {
        struct policy_effective effective;
        err = load_policies(call, users.object[i]->number, &effective, fault);
        if (err < 0)
            break;
        struct cs_object *object =
            cs_objects_add(call->output, CS_OBJECT_OTHER, 0, users.object[i]->identity);
        cs_object_set(call->output, object, "Identity", cs_text(users.object[i]->identity));
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
            cs_object_set(call->output, object, kinds[j].effective,
                          cs_text(cs_scope_name(effective.of[kinds[j].kind].scope)));
    }
    return err;
}

/* ---- changing ---------------------------------------------------------------------------------
 */

static int pass_thru(struct cs_call *call, const struct account *account, struct fault *fault)
{
    struct account now;
    if (!cs_flag(call, "PassThru"))
        return 0;
    int err = accounts_get(call->world->accounts, account->id, call->arena, &now, fault);
    return err < 0 ? err : cs_user_add(call, call->output, &now, fault);
}

static int set_address(struct cs_call *call, struct account *account, struct fault *fault)
{
    struct slice address = cs_text_of(call, "SipAddress");
    if (slice_absent(address))
        return 0;
    account->address = address;
    return accounts_set(call->world->accounts, account, call->arena, fault);
}

static int set_setting(struct cs_call *call, int64_t account, const char *parameter,
                       struct fault *fault)
{
    const struct cs_value *value = cs_given(call, parameter);
    if (!value)
        return 0;
    return provision_setting_set(call->world->store, account, slice_of(parameter),
                                 cs_text_of(call, parameter), fault);
}

static int set_one(struct cs_call *call, struct account *account, struct fault *fault)
{
    int err = set_address(call, account, fault);
    if (err == 0)
        err = set_setting(call, account->id, "LineURI", fault);
    if (err == 0)
        err = set_setting(call, account->id, "EnterpriseVoiceEnabled", fault);
    if (err == 0 && cs_given(call, "Enabled"))
        err = accounts_enable(call->world->accounts, account->id, cs_flag(call, "Enabled"), fault);
    return err;
}

/* A user has one home here: -RegistrarPool can only say so. */
static int check_pool(const struct cs_call *call, struct fault *fault)
{
    struct slice pool = cs_text_of(call, "RegistrarPool"), here = call->world->site->sip_host;
    if (slice_absent(pool) || slice_eq_nocase(pool, here))
        return 0;
    return cs_misused(fault, call, "the only pool is %.*s", SLICE_ARG(here));
}

static int enable_one(struct cs_call *call, struct account *account, struct fault *fault)
{
    int err = check_pool(call, fault);
    if (err == 0)
        err = set_address(call, account, fault);
    return err < 0 ? err : accounts_enable(call->world->accounts, account->id, true, fault);
}

static int disable_one(struct cs_call *call, struct account *account, struct fault *fault)
{
    return accounts_enable(call->world->accounts, account->id, false, fault);
}

typedef int change_fn(struct cs_call *call, struct account *account, struct fault *fault);

static int for_each(struct cs_call *call, change_fn *change, struct fault *fault)
{
    struct cs_objects users;
    int err = cs_users_of(call, &users, fault);
    if (err == 0 && users.count > 1 && cs_given(call, "SipAddress"))
        return cs_misused(fault, call, "-SipAddress is for one user, not for %zu", users.count);
    for (size_t i = 0; i < users.count && err == 0; i++) {
        struct account account;
        if (!cs_should(call, users.object[i]->identity))
            continue;
        err = accounts_get(call->world->accounts, users.object[i]->number, call->arena, &account,
                           fault);
        if (err == 0)
            err = change(call, &account, fault);
        if (err == 0)
            err = pass_thru(call, &account, fault);
    }
    return err;
}

int cs_user_set(struct cs_call *call, struct fault *fault)
{
    return for_each(call, set_one, fault);
}

int cs_user_enable(struct cs_call *call, struct fault *fault)
{
    return for_each(call, enable_one, fault);
}

int cs_user_disable(struct cs_call *call, struct fault *fault)
{
    return for_each(call, disable_one, fault);
}
