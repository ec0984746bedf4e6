#include "cs/object.h"

#include "base/buf.h"

void cs_objects_put(struct cs_objects *list, struct cs_object *object)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        struct cs_object **more = arena_array(list->arena, struct cs_object *, room);
        for (size_t i = 0; i < list->count; i++)
            more[i] = list->object[i];
        list->object = more;
        list->room = room;
    }
    list->object[list->count++] = object;
}

struct cs_object *cs_objects_add(struct cs_objects *list, enum cs_type type, int64_t number,
                                 struct slice identity)
{
    struct cs_object *object = arena_new_of(list->arena, struct cs_object);
    *object = (struct cs_object){.type = type, .number = number, .identity = identity};
    cs_objects_put(list, object);
    return object;
}

void cs_object_set(struct cs_objects *list, struct cs_object *object, const char *name,
                   struct cs_value value)
{
    if (object->count == object->room) {
        size_t room = object->room ? 2 * object->room : 24;
        struct cs_property *more = arena_array(list->arena, struct cs_property, room);
        for (size_t i = 0; i < object->count; i++)
            more[i] = object->property[i];
        object->property = more;
        object->room = room;
    }
    object->property[object->count++] = (struct cs_property){.name = name, .value = value};
}

const struct cs_property *cs_object_get(const struct cs_object *object, struct slice name)
{
    for (size_t i = 0; i < object->count; i++)
        if (slice_eq_nocase(name, slice_of(object->property[i].name)))
            return &object->property[i];
    return NULL;
}

const char *cs_object_nearest(const struct cs_object *object, struct slice name)
{
    const char *near = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < object->count; i++) {
        size_t distance = slice_distance(name, slice_of(object->property[i].name));
        if (distance < least) {
            least = distance;
            near = object->property[i].name;
        }
    }
    return near;
}

int cs_no_property(struct fault *fault, const struct cs_object *object, struct slice name)
{
    const char *near = cs_object_nearest(object, name);
    return fault_set(fault, ERR_UNKNOWN, FINDING_CS_UNKNOWN,
                     "no property is called %.*s; did you mean %s?",
                     SLICE_ARG(slice_head(name, 60)), near ? near : "Identity");
}

struct cs_value cs_text(struct slice text)
{
    return (struct cs_value){.kind = slice_absent(text) ? CS_NULL : CS_TEXT, .text = text};
}

struct cs_value cs_bool(bool yes)
{
    return (struct cs_value){.kind = CS_BOOL, .yes = yes};
}

struct cs_value cs_int(int64_t number)
{
    return (struct cs_value){.kind = CS_INT, .number = number};
}

struct slice cs_value_text(struct arena *arena, const struct cs_value *value)
{
    scoped(buf) struct buf list = BUF_INIT;
    switch (value->kind) {
    case CS_NULL:
        return SLICE("");
    case CS_BOOL:
        return value->yes ? SLICE("True") : SLICE("False");
    case CS_INT:
        return arena_print(arena, "%lld", (long long)value->number);
    case CS_TEXT:
    case CS_BLOCK:
        return value->text;
    case CS_LIST:
        break;
    }
    for (size_t i = 0; i < value->count; i++)
        buf_print(&list, "%s%.*s", i ? ", " : "{",
                  SLICE_ARG(cs_value_text(arena, &value->item[i])));
    buf_add_byte(&list, '}');
    return arena_copy(arena, buf_slice(&list));
}
