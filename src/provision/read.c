#include "provision/read.h"

#include "xml/reader.h"
#include "xml/writer.h"

#define NS_ASK "http://schemas.microsoft.com/2006/09/sip/provisioninggrouplist"

void provision_ask(const char *const *groups, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "provisioningGroupList");
    xml_put_ns(&w, "", NS_ASK);
    for (; *groups; groups++) {
        xml_open(&w, "provisioningGroup");
        xml_put_attr_string(&w, "name", *groups);
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_end(&w);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading {
    struct arena *arena;
    struct provision_value *rows;
    size_t count;
    struct slice group;
};

static int add(struct reading *r, struct slice name, struct slice value, struct fault *fault)
{
    if (slice_absent(value) || slice_empty(name))
        return 0;
    if (r->count == PROVISION_VALUES_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_PROVISION_MALFORMED, "more than %d settings",
                         PROVISION_VALUES_MAX);
    r->rows[r->count++] =
        (struct provision_value){r->group, arena_copy(r->arena, name), arena_copy(r->arena, value)};
    return 0;
}

/* <property name="N">V</property> in an <instance> or <propertyEntryList>. */
static int read_properties(struct reading *r, const struct xml_node *list, struct fault *fault)
{
    int err = 0;
    xml_each (property, list)
        if (err == 0 && xml_is(property, NULL, "property"))
            err = add(r, xml_attr(property, "name"), xml_text(property), fault);
    return err;
}

static int read_group(struct reading *r, const struct xml_node *group, struct fault *fault)
{
    int err = 0;
    r->group = arena_copy(r->arena, xml_attr(group, "name"));
    xml_each (node, group) {
        if (xml_is(node, NULL, "instance") || xml_is(node, NULL, "propertyEntryList"))
            err = read_properties(r, node, fault);
        else
            err = add(r, xml_name(node), xml_text(node), fault);
        if (err)
            break;
    }
    return err;
}

int provision_read(struct slice body, struct arena *arena, struct provision_values *out,
                   struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    struct reading r = {.arena = arena};
    *out = (struct provision_values){0};
    int err = xml_read(body, NULL, &doc, fault);
    if (err)
        return err;
    if (!xml_is(xml_root(doc), NULL, "provisionGroupList"))
        return fault_set(fault, ERR_MALFORMED, FINDING_PROVISION_MALFORMED,
                         "the document is a `%.*s`, not a provisionGroupList",
                         SLICE_ARG(slice_head(xml_name(xml_root(doc)), 60)));
    r.rows = arena_array(arena, struct provision_value, PROVISION_VALUES_MAX);
    xml_each (group, xml_root(doc))
        if (err == 0 && xml_is(group, NULL, "provisionGroup"))
            err = read_group(&r, group, fault);
    if (err == 0)
        *out = (struct provision_values){r.rows, r.count};
    return err;
}

struct slice provision_value(const struct provision_values *values, const char *group,
                             const char *name)
{
    for (size_t i = 0; i < values->count; i++) {
        const struct provision_value *row = &values->rows[i];
        if (slice_eq_nocase(row->group, slice_of(group)) &&
            slice_eq_nocase(row->name, slice_of(name)))
            return row->value;
    }
    return (struct slice){0};
}
