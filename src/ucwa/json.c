#include "ucwa/json_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

struct slice ucwa_dump(json_t *json, struct arena *arena)
{
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (!text)
        memory_exhausted(UCWA_BODY_MAX);
    struct slice copy = arena_copy(arena, slice_of(text));
    free(text);
    return copy;
}

json_t *ucwa_text(struct slice text)
{
    json_t *value = json_stringn(text.at ? text.at : "", text.len);
    return value ? value : json_string("");
}

json_t *ucwa_link(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *href = json_vsprintf(format, args);
    va_end(args);
    return json_pack("{s:o}", "href", href ? href : json_string(""));
}

json_t *ucwa_resource(const char *rel, json_t *properties, json_t *links)
{
    if (links)
        json_object_set_new(properties, "_links", links);
    json_object_set_new(properties, "rel", json_string(rel));
    return properties;
}

int ucwa_parse(struct slice body, json_t **out, struct fault *fault)
{
    json_error_t error;
    *out = NULL;
    if (slice_empty(slice_trim(body)))
        return 0;
    if (body.len > UCWA_BODY_MAX)
        return fault_set(fault, ERR_LIMIT, FINDING_UCWA_REQUEST, "a body of %zu bytes", body.len);
    *out = json_loadb(body.at, body.len, 0, &error);
    if (json_is_object(*out))
        return 0;
    bool read = *out != NULL;
    json_decref(*out);
    *out = NULL;
    return fault_set(fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "the body is no JSON object%s%s",
                     read ? "" : ": ", read ? "" : error.text);
}

json_t *ucwa_value(const json_t *object, const char *name)
{
    const char *key;
    json_t *value, *whole = (json_t *)(uintptr_t)object; /* jansson's iterator is not const */
    if (!object)
        return NULL;
    json_object_foreach(whole, key, value) if (strcasecmp(key, name) == 0) return value;
    return NULL;
}

struct slice ucwa_member(const json_t *object, const char *name)
{
    const json_t *value = ucwa_value(object, name);
    return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value))
                                 : (struct slice){0};
}
