/* What flows through a pipeline: objects with named properties. Plain data in an arena. */
#ifndef LYCHGATE_CS_OBJECT_H
#define LYCHGATE_CS_OBJECT_H

#include "cs/syntax.h"

enum {
    CS_PROPERTIES_MAX = 64
};

struct cs_property {
    const char *name;
    struct cs_value value;
    const char *label; /* in the list of the whole object; NULL: the name */
    bool hidden;       /* shown only when asked for by name, or by * */
};

enum cs_type {
    CS_OBJECT_OTHER,
    CS_OBJECT_USER,  /* number: the account */
    CS_OBJECT_POLICY /* number: the kind */
};

struct cs_object {
    enum cs_type type;
    int64_t number;
    struct slice identity;
    struct cs_property *property;
    size_t count, room;
    bool chosen; /* by Select-Object: up to four properties make a table */
    bool bare;   /* a value, its only property: printed without its name */
};

struct cs_objects {
    struct arena *arena;
    struct cs_object **object;
    size_t count, room;
};

/* A new object, at the end of the list. */
struct cs_object *cs_objects_add(struct cs_objects *list, enum cs_type type, int64_t number,
                                 struct slice identity);

/* Lend an object that is in another list of the same arena. */
void cs_objects_put(struct cs_objects *list, struct cs_object *object);

/* Add a property; `name` is a literal, or lives as long as the object. */
void cs_object_set(struct cs_objects *list, struct cs_object *object, const char *name,
                   struct cs_value value);

/* The property of that name, in any case; NULL: there is none. */
const struct cs_property *cs_object_get(const struct cs_object *object, struct slice name);

/* The property name most like the one asked for; NULL when the object has none. */
const char *cs_object_nearest(const struct cs_object *object, struct slice name);

/* Fill a fault that no property has that name, with the nearest; returns -ERR_UNKNOWN. */
int cs_no_property(struct fault *fault, const struct cs_object *object, struct slice name);

/* Values: an absent text is $null. */
struct cs_value cs_text(struct slice text);
struct cs_value cs_bool(bool yes);
struct cs_value cs_int(int64_t number);

/* As PowerShell writes it: "True", "5", "{a, b}", "" for $null. */
struct slice cs_value_text(struct arena *arena, const struct cs_value *value);

#endif
