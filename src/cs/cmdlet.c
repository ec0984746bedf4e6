/* How arguments find their parameters, and what cmdlets ask for. */
#include "cs/cmdlet_priv.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- looking up ----------------------------------------------------------------------------- */

const struct cs_cmdlet *cs_cmdlet_find(struct slice name, struct fault *fault)
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

const char *cs_parameter_name(const struct cs_call *call, size_t i, enum cs_takes *takes)
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
    for (size_t i = 0; (candidate = cs_parameter_name(call, i, &takes)); i++) {
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
    for (size_t i = 0; (candidate = cs_parameter_name(call, i, &takes)); i++) {
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
    case CS_TAKES_ANY:
        fits = value->kind != CS_BLOCK;
        what = "a value";
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
    call->cmdlet = cs_cmdlet_find(stage->name, fault);
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
    if (err == 0 && cs_flag(call, "Confirm") && !call->world->confirm)
        err = cs_misused(fault, call, "-Confirm asks, and nobody is here to answer");
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
        return !cs_flag(call, "Confirm") ||
               call->world->confirm(call->world->confirm_arg, call->cmdlet->name, target);
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
