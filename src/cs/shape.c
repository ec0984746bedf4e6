/* The cmdlets of PowerShell itself: choosing, filtering, formatting. */
#include "cs/cmdlet_priv.h"
#include "cs/filter.h"

#include <stdlib.h>
#include <string.h>

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
    return cs_no_property(fault, from, pattern);
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

/* The value alone; nothing where there is none. */
static int expand(struct cs_call *call, const struct cs_object *from, struct slice name,
                  struct fault *fault)
{
    const struct cs_property *property = cs_object_get(from, name);
    if (!property)
        return cs_no_property(fault, from, name);
    if (property->value.kind == CS_NULL)
        return 0;
    struct cs_object *to = cs_objects_add(call->output, from->type, from->number, from->identity);
    to->bare = true;
    cs_object_set(call->output, to, property->name, property->value);
    return 0;
}

struct range {
    uint64_t first, last; /* how many of the beginning, of the end */
};

static int pass(struct cs_call *call, const struct range *range, struct fault *fault)
{
    struct slice expanded = cs_text_of(call, "ExpandProperty");
    int err = need_input(call, fault);
    for (size_t i = 0; err == 0 && i < call->input->count; i++) {
        if (i >= range->first && call->input->count - i > range->last)
            continue;
        if (!slice_absent(expanded))
            err = expand(call, call->input->object[i], expanded, fault);
        else if (cs_given(call, "Property"))
            err = choose(call, call->input->object[i], fault);
        else
            cs_objects_put(call->output, call->input->object[i]);
    }
    return err;
}

static const struct range all = {SIZE_MAX, SIZE_MAX};

int cs_select(struct cs_call *call, struct fault *fault)
{
    struct range range = {0, 0};
    bool first = cs_given(call, "First") != NULL, last = cs_given(call, "Last") != NULL;
    if (first && slice_number(cs_text_of(call, "First"), INT32_MAX, &range.first) < 0)
        return cs_misused(fault, call, "-First takes a number");
    if (last && slice_number(cs_text_of(call, "Last"), INT32_MAX, &range.last) < 0)
        return cs_misused(fault, call, "-Last takes a number");
    return pass(call, first || last ? &range : &all, fault);
}

int cs_format_list(struct cs_call *call, struct fault *fault)
{
    call->result->view = CS_VIEW_LIST;
    return pass(call, &all, fault);
}

int cs_format_table(struct cs_call *call, struct fault *fault)
{
    call->result->view = CS_VIEW_TABLE;
    return pass(call, &all, fault);
}

/* `where Enabled -eq $true`: the operator that was given; NULL: none. */
static const struct cs_bound *operator_of(const struct cs_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (strcmp(call->bound[i].name, "FilterScript") != 0)
            return &call->bound[i];
    return NULL;
}

int cs_where(struct cs_call *call, struct fault *fault)
{
    const struct cs_value *text = cs_given(call, "FilterScript");
    const struct cs_bound *op = operator_of(call);
    struct cs_filter *filter;
    int err = need_input(call, fault);
    if (err == 0 && (!text || (op && text->kind == CS_BLOCK)))
        return cs_misused(fault, call,
                          "a filter in braces is needed, or a property and an operator");
    if (err == 0 && op)
        filter = cs_filter_compare(text->text, op->name, &op->value, call->arena);
    else if (err == 0)
        err = cs_filter_parse(text->text, call->arena, &filter, fault);
    for (size_t i = 0; err == 0 && i < call->input->count; i++) {
        bool matches;
        err = cs_filter_matches(filter, call->input->object[i], call->arena, &matches, fault);
        if (err == 0 && matches)
            cs_objects_put(call->output, call->input->object[i]);
    }
    return err;
}

/* ---- order and sums ---------------------------------------------------------------------------
 */

/* Sorting is stable: the place decides last. */
struct sorting {
    struct cs_call *call;
    struct cs_object *object;
    size_t place;
};

static int by_properties(const void *left, const void *right)
{
    const struct sorting *a = left, *b = right;
    const struct cs_value *names = cs_given(a->call, "Property"), *item;
    size_t count = names ? items_of(names, &item) : 0;
    int order = 0;
    for (size_t i = 0; i < count && order == 0; i++) {
        struct slice name = cs_value_text(a->call->arena, &item[i]);
        order = cs_value_order(&cs_object_get(a->object, name)->value,
                               &cs_object_get(b->object, name)->value, a->call->arena);
    }
    if (count == 0)
        order = cs_value_order(&(struct cs_value){.kind = CS_TEXT, .text = a->object->identity},
                               &(struct cs_value){.kind = CS_TEXT, .text = b->object->identity},
                               a->call->arena);
    if (cs_flag(a->call, "Descending"))
        order = -order;
    return order ? order : (a->place > b->place) - (a->place < b->place);
}

int cs_sort(struct cs_call *call, struct fault *fault)
{
    const struct cs_value *names = cs_given(call, "Property"), *item;
    int err = need_input(call, fault);
    if (err < 0)
        return err;
    size_t count = names ? items_of(names, &item) : 0;
    struct sorting *list = arena_array(call->arena, struct sorting, call->input->count);
    for (size_t i = 0; i < call->input->count; i++) {
        list[i] = (struct sorting){call, call->input->object[i], i};
        for (size_t j = 0; j < count; j++) {
            struct slice name = cs_value_text(call->arena, &item[j]);
            if (!cs_object_get(list[i].object, name))
                return cs_no_property(fault, list[i].object, name);
        }
    }
    if (call->input->count > 0)
        qsort(list, call->input->count, sizeof *list, by_properties);
    for (size_t i = 0; i < call->input->count; i++)
        cs_objects_put(call->output, list[i].object);
    return 0;
}

struct sums {
    size_t count;
    int64_t sum, least, most;
};

static int add_up(struct cs_call *call, struct slice name, struct sums *sums, struct fault *fault)
{
    for (size_t i = 0; i < call->input->count; i++) {
        const struct cs_object *object = call->input->object[i];
        const struct cs_property *property = cs_object_get(object, name);
        if (!property)
            return cs_no_property(fault, object, name);
        if (property->value.kind == CS_NULL)
            continue;
        int64_t number = property->value.number;
        if (property->value.kind != CS_INT)
            return cs_misused(fault, call, "%s is no number", property->name);
        if (__builtin_add_overflow(sums->sum, number, &sums->sum))
            return cs_misused(fault, call, "the sum is too large");
        sums->least = sums->count && sums->least < number ? sums->least : number;
        sums->most = sums->count && sums->most > number ? sums->most : number;
        sums->count++;
    }
    return 0;
}

static bool wants_sums(const struct cs_call *call)
{
    return cs_flag(call, "Average") || cs_flag(call, "Sum") || cs_flag(call, "Maximum") ||
           cs_flag(call, "Minimum");
}

int cs_measure(struct cs_call *call, struct fault *fault)
{
    struct slice name = cs_text_of(call, "Property");
    struct sums sums = {0};
    int err = need_input(call, fault);
    if (err == 0 && wants_sums(call))
        err = slice_absent(name) ? cs_misused(fault, call, "-Property is needed")
                                 : add_up(call, name, &sums, fault);
    if (err < 0)
        return err;
    bool some = sums.count > 0;
    struct cs_value none = {.kind = CS_NULL};
    struct cs_objects *out = call->output;
    struct cs_object *object = cs_objects_add(out, CS_OBJECT_OTHER, 0, SLICE("Measure"));
    cs_object_set(out, object, "Count", cs_int((int64_t)call->input->count));
    cs_object_set(out, object, "Average",
                  some && cs_flag(call, "Average") ? cs_int(sums.sum / (int64_t)sums.count) : none);
    cs_object_set(out, object, "Sum", some && cs_flag(call, "Sum") ? cs_int(sums.sum) : none);
    cs_object_set(out, object, "Maximum",
                  some && cs_flag(call, "Maximum") ? cs_int(sums.most) : none);
    cs_object_set(out, object, "Minimum",
                  some && cs_flag(call, "Minimum") ? cs_int(sums.least) : none);
    cs_object_set(out, object, "Property", cs_text(name));
    return 0;
}
