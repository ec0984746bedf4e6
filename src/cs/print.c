/* What PowerShell's formatter makes of objects. */
#include "cs/cs.h"

#include <string.h>

enum {
    TABLE_MOST = 4 /* properties that still make a table */
};

/* Letters, not bytes. */
static size_t width(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

static void pad(struct buf *out, size_t count, char with)
{
    for (; count > 0; count--)
        buf_add_byte(out, with);
}

static bool is_shown(const struct cs_object *object, size_t i)
{
    return object->chosen || !object->property[i].hidden;
}

/* Control bytes would be orders to the terminal. */
static void put_value(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        buf_add_byte(out, c < ' ' || c == 0x7f ? '?' : text.at[i]);
    }
}

static const char *label_of(const struct cs_property *property)
{
    return property->label ? property->label : property->name;
}

static void put_list(struct arena *arena, const struct cs_object *object, struct buf *out)
{
    size_t widest = 0;
    for (size_t i = 0; i < object->count; i++)
        if (is_shown(object, i) && strlen(label_of(&object->property[i])) > widest)
            widest = strlen(label_of(&object->property[i]));
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < object->count; i++) {
        const struct cs_property *property = &object->property[i];
        if (!is_shown(object, i))
            continue;
        struct slice text = cs_value_text(arena, &property->value);
        buf_print(out, "%-*s :", (int)widest, label_of(property));
        if (!slice_empty(text))
            buf_add_byte(out, ' ');
        put_value(out, text);
        buf_add_byte(out, '\n');
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

struct column {
    const char *name;
    size_t width;
    bool right; /* numbers */
};

static struct slice cell(struct arena *arena, const struct cs_object *object,
                         const struct column *column)
{
    const struct cs_property *property = cs_object_get(object, slice_of(column->name));
    return property ? cs_value_text(arena, &property->value) : SLICE("");
}

/* The columns are the properties of the first object. */
static size_t find_columns(struct arena *arena, const struct cs_objects *list,
                           struct column *columns)
{
    const struct cs_object *first = list->object[0];
    size_t count = 0;
    for (size_t i = 0; i < first->count && count < CS_PROPERTIES_MAX; i++) {
        struct column *column = &columns[count];
        if (!is_shown(first, i))
            continue;
        *column = (struct column){.name = first->property[i].name,
                                  .right = first->property[i].value.kind == CS_INT};
        column->width = strlen(column->name);
        for (size_t j = 0; j < list->count; j++) {
            size_t wide = width(cell(arena, list->object[j], column));
            if (wide > column->width)
                column->width = wide;
        }
        count++;
    }
    return count;
}

static void put_cells(const struct column *columns, size_t count, const struct slice *cells,
                      struct buf *out)
{
    size_t blanks = 0;
    for (size_t i = 0; i < count; i++) {
        size_t free = columns[i].width - width(cells[i]);
        blanks += columns[i].right ? free : 0;
        if (!slice_empty(cells[i])) {
            pad(out, blanks, ' ');
            blanks = 0;
            put_value(out, cells[i]);
        }
        blanks += (columns[i].right ? 0 : free) + 1;
    }
    buf_add_byte(out, '\n');
}

static void put_table(struct arena *arena, const struct cs_objects *list, struct buf *out)
{
    struct column columns[CS_PROPERTIES_MAX];
    struct slice cells[CS_PROPERTIES_MAX];
    char dashes[64];
    size_t count = find_columns(arena, list, columns);
    memset(dashes, '-', sizeof dashes);
    for (size_t i = 0; i < count; i++)
        cells[i] = slice_of(columns[i].name);
    buf_add_byte(out, '\n');
    put_cells(columns, count, cells, out);
    for (size_t i = 0; i < count; i++)
        cells[i] = slice_head(slice_make(dashes, sizeof dashes), strlen(columns[i].name));
    put_cells(columns, count, cells, out);
    for (size_t j = 0; j < list->count; j++) {
        for (size_t i = 0; i < count; i++)
            cells[i] = cell(arena, list->object[j], &columns[i]);
        put_cells(columns, count, cells, out);
    }
}

/* Values alone, one a line. */
static void put_bare(struct arena *arena, const struct cs_objects *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        put_value(out, cs_value_text(arena, &list->object[i]->property[0].value));
        buf_add_byte(out, '\n');
    }
}

void cs_print(const struct cs_result *result, struct buf *out)
{
    const struct cs_objects *list = &result->objects;
    scoped(arena) struct arena *arena = arena_new();
    for (size_t i = 0; i < result->what_if_count; i++)
        buf_print(out, "What if: %.*s\n", SLICE_ARG(result->what_if[i]));
    if (list->count == 0)
        return;
    if (list->object[0]->bare) {
        put_bare(arena, list, out);
        return;
    }
    bool few = list->object[0]->chosen && list->object[0]->count <= TABLE_MOST;
    if (result->view == CS_VIEW_TABLE || (result->view == CS_VIEW_DEFAULT && few))
        put_table(arena, list, out);
    else
        for (size_t i = 0; i < list->count; i++)
            put_list(arena, list->object[i], out);
    buf_add_byte(out, '\n');
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *text_json(struct slice text)
{
    json_t *string = slice_absent(text) ? NULL : json_stringn(text.at, text.len);
    return string ? string : json_null();
}

static json_t *value_json(const struct cs_value *value)
{
    json_t *list;
    switch (value->kind) {
    case CS_NULL:
        return json_null();
    case CS_BOOL:
        return json_boolean(value->yes);
    case CS_INT:
        return json_integer(value->number);
    case CS_TEXT:
    case CS_BLOCK:
        return text_json(value->text);
    case CS_LIST:
        break;
    }
    list = json_array();
    for (size_t i = 0; i < value->count; i++)
        json_array_append_new(list, value_json(&value->item[i]));
    return list;
}

json_t *cs_result_json(const struct cs_result *result)
{
    json_t *objects = json_array(), *what_if = json_array();
    for (size_t i = 0; i < result->objects.count; i++) {
        const struct cs_object *object = result->objects.object[i];
        json_t *one = json_object();
        for (size_t j = 0; j < object->count; j++)
            json_object_set_new(one, object->property[j].name,
                                value_json(&object->property[j].value));
        json_array_append_new(objects, one);
    }
    for (size_t i = 0; i < result->what_if_count; i++)
        json_array_append_new(what_if, text_json(result->what_if[i]));
    return json_pack("{s:o,s:o}", "objects", objects, "whatIf", what_if);
}
