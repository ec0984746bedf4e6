#include "mcx/shape_priv.h"

#include <assert.h>
#include <string.h>

/* ---- members ------------------------------------------------------------------------------
 * Read and written through memcpy: a table knows their place and size, not their type. */

static struct slice text_of(const struct field *field, const void *object)
{
    struct slice text;
    memcpy(&text, (const char *)object + field->at, sizeof text);
    return text;
}

static int64_t number_of(const struct field *field, const void *object)
{
    int32_t narrow;
    int64_t wide;
    if (field->size == sizeof narrow) {
        memcpy(&narrow, (const char *)object + field->at, sizeof narrow);
        return narrow;
    }
    assert(field->size == sizeof wide);
    memcpy(&wide, (const char *)object + field->at, sizeof wide);
    return wide;
}

static void set_number(const struct field *field, void *object, int64_t number)
{
    int32_t narrow = (int32_t)number;
    if (field->size == sizeof narrow)
        memcpy((char *)object + field->at, &narrow, sizeof narrow);
    else
        memcpy((char *)object + field->at, &number, sizeof number);
}

static bool truth_of(const struct field *field, const void *object)
{
    bool truth;
    memcpy(&truth, (const char *)object + field->at, sizeof truth);
    return truth;
}

static const void *pointer_of(const struct field *field, const void *object)
{
    const void *pointer;
    memcpy(&pointer, (const char *)object + field->at, sizeof pointer);
    return pointer;
}

static size_t count_of(const struct field *field, const void *object)
{
    size_t count;
    memcpy(&count, (const char *)object + field->count_at, sizeof count);
    return count;
}

/* ---- printing ------------------------------------------------------------------------------- */

static bool left_out(const struct field *field, const void *object)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_EXACT:
        return field->need == FIELD_OPTIONAL
                   ? slice_absent(text_of(field, object))
                   : field->need == FIELD_BLANK && slice_empty(text_of(field, object));
    case FIELD_NUMBER:
        return field->need == FIELD_OPTIONAL
                   ? number_of(field, object) < 0
                   : field->need == FIELD_BLANK && number_of(field, object) == 0;
    case FIELD_BOOL:
        return field->need == FIELD_BLANK && !truth_of(field, object);
    case FIELD_PART:
        return !pointer_of(field, object);
    case FIELD_WORD:
    case FIELD_GROUPS:
    case FIELD_LIST:
        break;
    }
    return false;
}

static void print_groups(uint64_t groups, struct xml_writer *w)
{
    const char *space = "";
    for (unsigned bit = 0; bit < 64; bit++)
        if (groups >> bit & 1) {
            xml_put_string(w, space);
            xml_put_number(w, (long long)bit + 1);
            space = " ";
        }
}

static void print_list(const struct field *field, const void *object, struct xml_writer *w)
{
    const char *at = pointer_of(field, object);
    for (size_t i = 0; i < count_of(field, object); i++) {
        xml_open(w, field->name);
        shape_print(field->shape, at + i * field->shape->size, w);
        xml_close(w);
    }
}

static void print_field(const struct field *field, const void *object, struct xml_writer *w)
{
    xml_open(w, field->name);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_EXACT:
        xml_put_text(w, text_of(field, object));
        break;
    case FIELD_NUMBER:
        xml_put_number(w, number_of(field, object));
        break;
    case FIELD_BOOL:
        xml_put_string(w, truth_of(field, object) ? "true" : "false");
        break;
    case FIELD_WORD:
        xml_put_string(w, field->words[number_of(field, object)]);
        break;
    case FIELD_GROUPS:
        print_groups((uint64_t)number_of(field, object), w);
        break;
    case FIELD_PART:
        shape_print(field->shape, pointer_of(field, object), w);
        break;
    case FIELD_LIST:
        break;
    }
    xml_close(w);
}

void shape_print(const struct shape *shape, const void *object, struct xml_writer *w)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        if (field->kind == FIELD_LIST)
            print_list(field, object, w);
        else if (!left_out(field, object))
            print_field(field, object, w);
    }
}

/* ---- parsing -------------------------------------------------------------------------------- */

struct parse {
    const char *ns;
    enum finding finding;
    struct arena *arena;
    struct fault *fault;
};

static int refuse(const struct parse *p, const struct xml_node *node, const char *name,
                  const char *what)
{
    return fault_set(p->fault, ERR_MALFORMED, p->finding, "line %ld, %s: %s", xml_line(node), name,
                     what);
}

static int parse_shape(const struct parse *p, const struct shape *shape,
                       const struct xml_node *node, void *object);

static int parse_text(const struct parse *p, const struct field *field, const struct xml_node *node,
                      void *object)
{
    struct slice text = field->kind == FIELD_EXACT ? xml_text_exact(node) : xml_text(node);
    if (slice_absent(text))
        return refuse(p, node, field->name, "holds more than text");
    if (text.len > (size_t)field->most)
        return refuse(p, node, field->name, "too long");
    if (text.len < (size_t)field->least)
        return refuse(p, node, field->name, "empty");
    text = arena_copy(p->arena, text);
    memcpy((char *)object + field->at, &text, sizeof text);
    return 0;
}

static int parse_number(const struct parse *p, const struct field *field,
                        const struct xml_node *node, void *object)
{
    uint64_t number;
    if (slice_number(xml_text(node), (uint64_t)field->most, &number) < 0 ||
        (int64_t)number < field->least)
        return refuse(p, node, field->name, "no number, or out of its range");
    set_number(field, object, (int64_t)number);
    return 0;
}

static int parse_bool(const struct parse *p, const struct field *field, const struct xml_node *node,
                      void *object)
{
    /* All four forms of xs:boolean. */
    struct slice text = xml_text(node);
    bool yes = slice_eq(text, SLICE("true")) || slice_eq(text, SLICE("1"));
    if (!yes && !slice_eq(text, SLICE("false")) && !slice_eq(text, SLICE("0")))
        return refuse(p, node, field->name, "neither true nor false");
    memcpy((char *)object + field->at, &yes, sizeof yes);
    return 0;
}

static int parse_word(const struct parse *p, const struct field *field, const struct xml_node *node,
                      void *object)
{
    for (int i = 0; field->words[i]; i++)
        if (slice_eq(xml_text(node), slice_of(field->words[i]))) {
            set_number(field, object, i);
            return 0;
        }
    return refuse(p, node, field->name, "not one of its words");
}

static int parse_groups(const struct parse *p, const struct field *field,
                        const struct xml_node *node, void *object)
{
    struct slice list = xml_text(node), item;
    uint64_t groups = 0, number;
    while (slice_next(&list, ' ', &item)) {
        if (slice_number(item, 64, &number) < 0 || number == 0)
            return refuse(p, node, field->name, "no list of numbers from 1 to 64");
        groups |= UINT64_C(1) << (number - 1);
    }
    set_number(field, object, (int64_t)groups);
    return 0;
}

static int parse_part(const struct parse *p, const struct field *field, const struct xml_node *node,
                      void *object)
{
    void *part = arena_alloc(p->arena, field->shape->size);
    memcpy((char *)object + field->at, &part, sizeof part);
    return parse_shape(p, field->shape, node, part);
}

static int parse_list(const struct parse *p, const struct field *field,
                      const struct xml_node *first, void *object)
{
    size_t count = 0;
    for (const struct xml_node *at = first; at; at = xml_next_of(at, p->ns, field->name))
        count++;
    if (count > (size_t)field->most)
        return refuse(p, first, field->name, "too many");
    char *items = arena_calloc(p->arena, count, field->shape->size);
    memcpy((char *)object + field->at, &items, sizeof items);
    memcpy((char *)object + field->count_at, &count, sizeof count);
    int err = 0;
    for (const struct xml_node *at = first; at && !err; at = xml_next_of(at, p->ns, field->name)) {
        err = parse_shape(p, field->shape, at, items);
        items += field->shape->size;
    }
    return err;
}

static int parse_field(const struct parse *p, const struct field *field,
                       const struct xml_node *node, void *object)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_EXACT:
        return parse_text(p, field, node, object);
    case FIELD_NUMBER:
        return parse_number(p, field, node, object);
    case FIELD_BOOL:
        return parse_bool(p, field, node, object);
    case FIELD_WORD:
        return parse_word(p, field, node, object);
    case FIELD_GROUPS:
        return parse_groups(p, field, node, object);
    case FIELD_PART:
        return parse_part(p, field, node, object);
    case FIELD_LIST:
        break;
    }
    return parse_list(p, field, node, object);
}

/* All bytes of the object are 0, which is right for all but these. */
static void leave_out(const struct field *field, void *object)
{
    struct slice blank = SLICE("");
    if (field->kind == FIELD_NUMBER && field->need == FIELD_OPTIONAL)
        set_number(field, object, -1);
    else if ((field->kind == FIELD_TEXT || field->kind == FIELD_EXACT) &&
             field->need == FIELD_BLANK)
        memcpy((char *)object + field->at, &blank, sizeof blank);
}

static int parse_shape(const struct parse *p, const struct shape *shape,
                       const struct xml_node *node, void *object)
{
    int err = 0;
    for (size_t i = 0; i < shape->count && !err; i++) {
        const struct field *field = &shape->fields[i];
        const struct xml_node *child = xml_child(node, p->ns, field->name);
        if (!child && field->need == FIELD_NEEDED && field->kind != FIELD_LIST)
            err = refuse(p, node, field->name, "is missing");
        else if (!child)
            leave_out(field, object);
        else if (field->kind != FIELD_LIST && xml_next_of(child, p->ns, field->name))
            err = refuse(p, child, field->name, "came twice");
        else
            err = parse_field(p, field, child, object);
    }
    return err;
}

int shape_parse(const struct shape *shape, const struct xml_node *node, const char *ns,
                enum finding finding, struct arena *arena, void *object, struct fault *fault)
{
    return parse_shape(&(struct parse){ns, finding, arena, fault}, shape, node, object);
}
