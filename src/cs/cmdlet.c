/* The table of cmdlets, and how arguments find their parameters. */
#include "cs/cmdlet_priv.h"

#include <stdarg.h>
#include <stdio.h>

/* Every cmdlet that changes something takes these. */
#define CHANGES                                                                                    \
    {"WhatIf", CS_TAKES_SWITCH, 0, false},                                                         \
    {                                                                                              \
        "Confirm", CS_TAKES_SWITCH, 0, false                                                       \
    }
#define IDENTITY                                                                                   \
    {                                                                                              \
        "Identity", CS_TAKES_TEXT, 1, true                                                         \
    }

static const struct cs_parameter get_user[] = {
    IDENTITY,
    {"Filter", CS_TAKES_FILTER, 0, false},
    {"ResultSize", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter set_user[] = {
    IDENTITY,
    {"Enabled", CS_TAKES_BOOL, 0, false},
    {"EnterpriseVoiceEnabled", CS_TAKES_BOOL, 0, false},
    {"LineURI", CS_TAKES_TEXT, 0, false},
    {"SipAddress", CS_TAKES_TEXT, 0, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter enable_user[] = {
    IDENTITY,
    {"RegistrarPool", CS_TAKES_TEXT, 0, false},
    {"SipAddress", CS_TAKES_TEXT, 0, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter disable_user[] = {
    IDENTITY,
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter identity_only[] = {IDENTITY, {0}};
static const struct cs_parameter get_policy[] = {
    IDENTITY,
    {"Filter", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter change_policy[] = {IDENTITY, CHANGES, {0}};
static const struct cs_parameter remove_policy[] = {
    IDENTITY,
    {"Force", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter grant_policy[] = {
    IDENTITY,
    {"PolicyName", CS_TAKES_TEXT, 2, false},
    {"PassThru", CS_TAKES_SWITCH, 0, false},
    CHANGES,
    {0},
};
static const struct cs_parameter choose[] = {
    {"Property", CS_TAKES_LIST, 1, false},
    {"First", CS_TAKES_TEXT, 0, false},
    {0},
};
static const struct cs_parameter format[] = {
    {"Property", CS_TAKES_LIST, 1, false},
    {"AutoSize", CS_TAKES_SWITCH, 0, false},
    {0},
};
static const struct cs_parameter where[] = {{"FilterScript", CS_TAKES_FILTER, 1, false}, {0}};
static const struct cs_parameter none[] = {{0}};

/* clang-format off */
#define POLICY(noun, kind)                                                                         \
    {"Get-Cs" noun, NULL, get_policy, cs_policy_get, kind, false, "Get policies of this kind."},   \
    {"New-Cs" noun, NULL, change_policy, cs_policy_new, kind, true, "Make a policy."},             \
    {"Set-Cs" noun, NULL, change_policy, cs_policy_set, kind, true, "Change a policy."},           \
    {"Remove-Cs" noun, NULL, remove_policy, cs_policy_remove, kind, false, "Remove a policy."},    \
    {"Grant-Cs" noun, NULL, grant_policy, cs_policy_grant, kind, false, "Grant a policy."}
#define CONFIGURATION(noun, kind)                                                                  \
    {"Get-Cs" noun, NULL, get_policy, cs_policy_get, kind, false, "Get configurations of a kind."},\
    {"New-Cs" noun, NULL, change_policy, cs_policy_new, kind, true, "Make a configuration."},      \
    {"Set-Cs" noun, NULL, change_policy, cs_policy_set, kind, true, "Change a configuration."},    \
    {"Remove-Cs" noun, NULL, remove_policy, cs_policy_remove, kind, false,                         \
     "Remove a configuration."}
/* clang-format on */

const struct cs_cmdlet cs_cmdlets[] = {
    {"Get-CsUser", NULL, get_user, cs_user_get, CS_NO_KIND, false, "Get users."},
    {"Set-CsUser", NULL, set_user, cs_user_set, CS_NO_KIND, false, "Change users."},
    {"Enable-CsUser", NULL, enable_user, cs_user_enable, CS_NO_KIND, false, "Let users sign in."},
    {"Disable-CsUser", NULL, disable_user, cs_user_disable, CS_NO_KIND, false,
     "Sign users out and keep them out."},
    {"Get-CsEffectivePolicy", NULL, identity_only, cs_effective_get, CS_NO_KIND, false,
     "Get which policies govern a user."},
    POLICY("MobilityPolicy", POLICY_MOBILITY),
    POLICY("ClientPolicy", POLICY_CLIENT),
    POLICY("VoicePolicy", POLICY_VOICE),
    POLICY("ConferencingPolicy", POLICY_CONFERENCING),
    POLICY("LocationPolicy", POLICY_LOCATION),
    POLICY("PresencePolicy", POLICY_PRESENCE),
    POLICY("ClientVersionPolicy", POLICY_CLIENT_VERSION),
    POLICY("DialPlan", POLICY_DIAL_PLAN),
    CONFIGURATION("McxConfiguration", POLICY_MCX),
    CONFIGURATION("PushNotificationConfiguration", POLICY_PUSH),
    {"Select-Object", "select", choose, cs_select, CS_NO_KIND, false,
     "Choose properties, or the first few objects."},
    {"Where-Object", "where", where, cs_where, CS_NO_KIND, false,
     "Pass on the objects for which a filter holds."},
    {"Format-List", "fl", format, cs_format_list, CS_NO_KIND, false, "Print as a list."},
    {"Format-Table", "ft", format, cs_format_table, CS_NO_KIND, false, "Print as a table."},
    {"Get-Command", "gcm", none, cs_commands, CS_NO_KIND, false, "Get these cmdlets."},
    {0},
};

/* ---- looking up ----------------------------------------------------------------------------- */

static const struct cs_cmdlet *find_cmdlet(struct slice name, struct fault *fault)
{
    const struct cs_cmdlet *near = NULL;
    size_t least = SIZE_MAX;
    for (const struct cs_cmdlet *c = cs_cmdlets; c->name; c++) {
        if (slice_eq_nocase(name, slice_of(c->name)) ||
            (c->alias && slice_eq_nocase(name, slice_of(c->alias))))
            return c;
        size_t distance = slice_distance(name, slice_of(c->name));
        if (distance < least) {
            least = distance;
            near = c;
        }
    }
    fault_set(fault, ERR_UNKNOWN, FINDING_CS_UNKNOWN, "no cmdlet is called %.*s%s%s%s",
              SLICE_ARG(slice_head(name, 60)), near ? "; did you mean " : "",
              near ? near->name : "", near ? "?" : "");
    return NULL;
}

/* The names that a cmdlet's parameters have: its own, then its kind's attributes. */
static const char *parameter_name(const struct cs_call *call, size_t i, enum cs_takes *takes)
{
    const struct cs_cmdlet *cmdlet = call->cmdlet;
    for (const struct cs_parameter *p = cmdlet->parameter; p->name; p++)
        if (i-- == 0) {
            *takes = p->takes;
            return p->name;
        }
    if (!cmdlet->attributes)
        return NULL;
    const struct policy_kind_row *row = policy_kind_row(cmdlet->kind);
    for (size_t j = 0; j < row->count; j++)
        if (row->attribute[j].since <= call->world->subject.level && i-- == 0) {
            *takes = row->attribute[j].type == POLICY_BOOL ? CS_TAKES_BOOL : CS_TAKES_TEXT;
            return row->attribute[j].name;
        }
    return NULL;
}

static int unknown_parameter(const struct cs_call *call, struct slice name, struct fault *fault)
{
    const char *near = NULL, *candidate;
    enum cs_takes takes;
    size_t least = SIZE_MAX;
    for (size_t i = 0; (candidate = parameter_name(call, i, &takes)); i++) {
        size_t distance = slice_distance(name, slice_of(candidate));
        if (distance < least) {
            least = distance;
            near = candidate;
        }
    }
    return fault_set(fault, ERR_UNKNOWN, FINDING_CS_UNKNOWN, "%s has no parameter -%.*s%s%s%s",
                     call->cmdlet->name, SLICE_ARG(slice_head(name, 60)),
                     near ? "; did you mean -" : "", near ? near : "", near ? "?" : "");
}

/* By its whole name, or by a beginning that only one has. */
static int find_parameter(const struct cs_call *call, struct slice name, const char **name_out,
                          enum cs_takes *takes_out, struct fault *fault)
{
    const char *candidate, *found = NULL;
    enum cs_takes takes;
    for (size_t i = 0; (candidate = parameter_name(call, i, &takes)); i++) {
        bool whole = slice_eq_nocase(name, slice_of(candidate));
        if (!whole && !slice_starts_nocase(slice_of(candidate), name))
            continue;
        if (found && !whole)
            return cs_misused(fault, call, "-%.*s may be -%s or -%s", SLICE_ARG(name), found,
                              candidate);
        found = candidate;
        *takes_out = takes;
        if (whole)
            break;
    }
    *name_out = found;
    return found ? 0 : unknown_parameter(call, name, fault);
}

/* ---- binding -------------------------------------------------------------------------------- */

/* "-Enabled $true", and what people write instead. */
static bool to_bool(struct cs_value *value)
{
    static const char *const words[2][2] = {{"false", "0"}, {"true", "1"}};
    for (unsigned yes = 0; value->kind == CS_TEXT && yes < 2; yes++)
        for (unsigned i = 0; i < 2; i++)
            if (slice_eq_nocase(value->text, slice_of(words[yes][i]))) {
                *value = cs_bool(yes);
                return true;
            }
    return value->kind == CS_BOOL;
}

static int fit(const struct cs_call *call, const char *name, enum cs_takes takes,
               struct cs_value *value, struct fault *fault)
{
    bool fits = true;
    const char *what = "one text";
    switch (takes) {
    case CS_TAKES_SWITCH:
    case CS_TAKES_BOOL:
        fits = to_bool(value) || (takes == CS_TAKES_BOOL && value->kind == CS_NULL);
        what = "$true or $false";
        break;
    case CS_TAKES_TEXT:
        fits = value->kind != CS_LIST && value->kind != CS_BLOCK;
        break;
    case CS_TAKES_FILTER:
        fits = value->kind == CS_BLOCK || value->kind == CS_TEXT;
        what = "a filter in braces";
        break;
    case CS_TAKES_LIST:
        fits = value->kind == CS_LIST || value->kind == CS_TEXT;
        what = "names with commas between";
        break;
    }
    return fits ? 0 : cs_misused(fault, call, "-%s takes %s", name, what);
}

static int keep(struct cs_call *call, const char *name, enum cs_takes takes, struct cs_value value,
                struct fault *fault)
{
    if (cs_given(call, name))
        return cs_misused(fault, call, "-%s is given twice", name);
    int err = fit(call, name, takes, &value, fault);
    if (err == 0)
        call->bound[call->count++] = (struct cs_bound){name, value};
    return err;
}

/* A value without a name: of the first place that is free. */
static int keep_placed(struct cs_call *call, const struct cs_value *value, struct fault *fault)
{
    const struct cs_parameter *best = NULL;
    for (const struct cs_parameter *p = call->cmdlet->parameter; p->name; p++)
        if (p->place && !(p->piped && call->input) && !cs_given(call, p->name) &&
            (!best || p->place < best->place))
            best = p;
    if (best)
        return keep(call, best->name, best->takes, *value, fault);
    return cs_misused(fault, call, "nothing takes `%.*s`; write it as -Name value",
                      SLICE_ARG(slice_head(cs_value_text(call->arena, value), 60)));
}

int cs_bind(const struct cs_stage *stage, struct cs_call *call, struct fault *fault)
{
    int err = 0;
    call->cmdlet = find_cmdlet(stage->name, fault);
    if (!call->cmdlet)
        return -ERR_UNKNOWN;
    for (size_t i = 0; i < stage->count && err == 0; i++) {
        const struct cs_argument *a = &stage->argument[i];
        const char *name;
        enum cs_takes takes;
        if (slice_absent(a->name)) {
            err = keep_placed(call, &a->value, fault);
            continue;
        }
        err = find_parameter(call, a->name, &name, &takes, fault);
        if (err < 0)
            break;
        bool next = i + 1 < stage->count && slice_absent(stage->argument[i + 1].name);
        if (a->has_value)
            err = keep(call, name, takes, a->value, fault);
        else if (takes == CS_TAKES_SWITCH)
            err = keep(call, name, takes, cs_bool(true), fault);
        else if (next)
            err = keep(call, name, takes, stage->argument[++i].value, fault);
        else
            err = cs_misused(fault, call, "-%s needs a value", name);
    }
    return err;
}

/* ---- what functions ask -----------------------------------------------------------------------
 */

const struct cs_value *cs_given(const struct cs_call *call, const char *name)
{
    for (size_t i = 0; i < call->count; i++)
        if (slice_eq(slice_of(call->bound[i].name), slice_of(name)))
            return &call->bound[i].value;
    return NULL;
}

struct slice cs_text_of(const struct cs_call *call, const char *name)
{
    const struct cs_value *value = cs_given(call, name);
    if (!value || value->kind == CS_NULL)
        return (struct slice){0};
    return cs_value_text(call->arena, value);
}

bool cs_flag(const struct cs_call *call, const char *name)
{
    const struct cs_value *value = cs_given(call, name);
    return value && value->kind == CS_BOOL && value->yes;
}

int cs_misused(struct fault *fault, const struct cs_call *call, const char *format_text, ...)
{
    char what[240];
    va_list args;
    va_start(args, format_text);
    vsnprintf(what, sizeof what, format_text, args);
    va_end(args);
    return fault_set(fault, ERR_MALFORMED, FINDING_CS_MISUSED, "%s: %s", call->cmdlet->name, what);
}

bool cs_should(struct cs_call *call, struct slice target)
{
    struct cs_result *result = call->result;
    if (!cs_flag(call, "WhatIf"))
        return true;
    if (result->what_if_count == result->what_if_room) {
        size_t room = result->what_if_room ? 2 * result->what_if_room : 16;
        struct slice *more = arena_array(call->arena, struct slice, room);
        for (size_t i = 0; i < result->what_if_count; i++)
            more[i] = result->what_if[i];
        result->what_if = more;
        result->what_if_room = room;
    }
    result->what_if[result->what_if_count++] =
        arena_print(call->arena, "Performing the operation \"%s\" on target \"%.*s\".",
                    call->cmdlet->name, SLICE_ARG(target));
    return false;
}

int cs_commands(struct cs_call *call, struct fault *fault)
{
    (void)fault;
    for (const struct cs_cmdlet *c = cs_cmdlets; c->name; c++) {
        struct cs_object *object =
            cs_objects_add(call->output, CS_OBJECT_OTHER, 0, slice_of(c->name));
        object->chosen = true;
        cs_object_set(call->output, object, "Name", cs_text(slice_of(c->name)));
        cs_object_set(call->output, object, "Alias", cs_text(slice_of(c->alias)));
        cs_object_set(call->output, object, "Definition", cs_text(slice_of(c->help)));
    }
    return 0;
}
