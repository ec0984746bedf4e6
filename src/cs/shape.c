/* The cmdlets of PowerShell itself: choosing, filtering, formatting. */
#include "cs/cmdlet_priv.h"
#include "cs/filter.h"

static int need_input(const struct cs_call *call, struct fault *fault)
{
    return call->input ? 0 : cs_misused(fault, call, "it comes behind a bar, after another cmdlet");
}

/* The items of a parameter that takes one text or several. */
static size_t items_of(const struct cs_value *value, const struct cs_value **items)
{
    *items = value->kind == CS_LIST ? value->item : value;
    return value->kind == CS_LIST ? value->count : 1;
}

static int add_property(struct cs_call *call, const struct cs_object *from, struct cs_object *to,
                        struct slice pattern, struct fault *fault)
{
    bool some = false, exact = slice_index(pattern, '*') < 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct cs_property *property = &from->property[i];
        if (!cs_like(slice_of(property->name), pattern))
            continue;
        some = true;
        if (!cs_object_get(to, slice_of(property->name)))
            cs_object_set(call->output, to, property->name, property->value);
    }
    if (some || !exact)
        return 0;
    const char *near = cs_object_nearest(from, pattern);
    return fault_set(fault, ERR_UNKNOWN, FINDING_CS_UNKNOWN,
                     "no property is called %.*s; did you mean %s?",
                     SLICE_ARG(slice_head(pattern, 60)), near ? near : "Identity");
}

static int choose(struct cs_call *call, const struct cs_object *from, struct fault *fault)
{
    const struct cs_value *names = cs_given(call, "Property"), *item;
    size_t count = items_of(names, &item);
    int err = 0;
    /* It stays what it was, so that what follows can still find the user or policy. */
    struct cs_object *to = cs_objects_add(call->output, from->type, from->number, from->identity);
    to->chosen = true;
    for (size_t i = 0; i < count && err == 0; i++)
        err = add_property(call, from, to, cs_value_text(call->arena, &item[i]), fault);
    return err;
}

static int pass(struct cs_call *call, size_t limit, struct fault *fault)
{
    int err = need_input(call, fault);
    for (size_t i = 0; err == 0 && i < call->input->count && i < limit; i++) {
        if (cs_given(call, "Property"))
            err = choose(call, call->input->object[i], fault);
        else
            cs_objects_put(call->output, call->input->object[i]);
    }
    return err;
}

int cs_select(struct cs_call *call, struct fault *fault)
{
    uint64_t limit = SIZE_MAX;
    if (cs_given(call, "First") && slice_number(cs_text_of(call, "First"), INT32_MAX, &limit) < 0)
        return cs_misused(fault, call, "-First takes a number");
    return pass(call, limit, fault);
}

int cs_format_list(struct cs_call *call, struct fault *fault)
{
    call->result->view = CS_VIEW_LIST;
    return pass(call, SIZE_MAX, fault);
}

int cs_format_table(struct cs_call *call, struct fault *fault)
{
    call->result->view = CS_VIEW_TABLE;
    return pass(call, SIZE_MAX, fault);
}

int cs_where(struct cs_call *call, struct fault *fault)
{
    const struct cs_value *text = cs_given(call, "FilterScript");
    struct cs_filter *filter;
    int err = need_input(call, fault);
    if (err == 0 && !text)
        return cs_misused(fault, call, "a filter in braces is needed");
    if (err == 0)
        err = cs_filter_parse(text->text, call->arena, &filter, fault);
    for (size_t i = 0; err == 0 && i < call->input->count; i++) {
        bool matches;
        err = cs_filter_matches(filter, call->input->object[i], call->arena, &matches, fault);
        if (err == 0 && matches)
            cs_objects_put(call->output, call->input->object[i]);
    }
    return err;
}
