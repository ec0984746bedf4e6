/* Get-Command and Get-Help. */
#include "cs/cmdlet_priv.h"
#include "cs/filter.h"

#include <string.h>

int cs_commands(struct cs_call *call, struct fault *fault)
{
    struct slice pattern = cs_text_of(call, "Name");
    (void)fault;
    for (const struct cs_cmdlet *c = cs_cmdlets; c->name; c++) {
        if (!slice_absent(pattern) && !cs_like(slice_of(c->name), pattern))
            continue;
        struct cs_object *object =
            cs_objects_add(call->output, CS_OBJECT_OTHER, 0, slice_of(c->name));
        object->chosen = true;
        cs_object_set(call->output, object, "Name", cs_text(slice_of(c->name)));
        cs_object_set(call->output, object, "Alias", cs_text(slice_of(c->alias)));
        cs_object_set(call->output, object, "Definition", cs_text(slice_of(c->help)));
    }
    return 0;
}

static bool has_place(const struct cs_cmdlet *cmdlet, const char *name)
{
    for (const struct cs_parameter *p = cmdlet->parameter; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p->place > 0;
    return false;
}

/* "Get-CsUser [[-Identity] <String>] [-Filter <Filter>]" */
static struct slice syntax_of(struct cs_call *call, const struct cs_cmdlet *cmdlet)
{
    static const char *const values[] = {
        [CS_TAKES_SWITCH] = "",         [CS_TAKES_TEXT] = " <String>",
        [CS_TAKES_BOOL] = " <Boolean>", [CS_TAKES_FILTER] = " <Filter>",
        [CS_TAKES_ANY] = " <Object>",   [CS_TAKES_LIST] = " <String[]>",
    };
    const struct cs_call about = {.world = call->world, .cmdlet = cmdlet};
    scoped(buf) struct buf out = BUF_INIT;
    enum cs_takes takes;
    const char *name;
    buf_add_string(&out, cmdlet->name);
    for (size_t i = 0; (name = cs_parameter_name(&about, i, &takes)); i++) {
        bool placed = has_place(cmdlet, name);
        buf_print(&out, " [%s-%s%s%s]", placed ? "[" : "", name, placed ? "]" : "", values[takes]);
    }
    return arena_copy(call->arena, buf_slice(&out));
}

int cs_help(struct cs_call *call, struct fault *fault)
{
    struct slice name = cs_text_of(call, "Name");
    if (slice_absent(name) || slice_index(name, '*') >= 0)
        return cs_commands(call, fault);
    const struct cs_cmdlet *cmdlet = cs_cmdlet_find(name, fault);
    if (!cmdlet)
        return -ERR_UNKNOWN;
    struct cs_object *object =
        cs_objects_add(call->output, CS_OBJECT_OTHER, 0, slice_of(cmdlet->name));
    cs_object_set(call->output, object, "Name", cs_text(slice_of(cmdlet->name)));
    cs_object_set(call->output, object, "Alias", cs_text(slice_of(cmdlet->alias)));
    cs_object_set(call->output, object, "Synopsis", cs_text(slice_of(cmdlet->help)));
    cs_object_set(call->output, object, "Syntax", cs_text(syntax_of(call, cmdlet)));
    return 0;
}
