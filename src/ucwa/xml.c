/* UCWA's resources as XML (PayloadFormat; EventChannelDetails for events; for errors
 * ErrorsAndInformationalMessages): made of the JSON, so both always say the same. */
#include "ucwa/ucwa_priv.h"
#include "xml/writer.h"

#define UCWA_NS "http://schemas.microsoft.com/rtc/2012/03/ucwa"

static void put_string(struct xml_writer *w, const char *attribute, const json_t *value)
{
    if (json_is_string(value))
        xml_put_attr(w, attribute, slice_make(json_string_value(value), json_string_length(value)));
}

/* Elements for a value of JSON: text, as the .NET serializer writes it. */
static void put_scalar(struct xml_writer *w, const json_t *value)
{
    if (json_is_string(value))
        xml_put_text(w, slice_make(json_string_value(value), json_string_length(value)));
    else if (json_is_integer(value))
        xml_put_number(w, json_integer_value(value));
    else if (json_is_boolean(value))
        xml_put_string(w, json_is_true(value) ? "True" : "False");
}

static void put_property(struct xml_writer *w, const char *name, json_t *value)
{
    size_t i;
    json_t *item;
    xml_open(w, json_is_array(value) ? "propertyList" : "property");
    xml_put_attr_string(w, "name", name);
    if (json_is_array(value))
        json_array_foreach(value, i, item)
        {
            xml_open(w, "item");
            put_scalar(w, item);
            xml_close(w);
        }
    else
        put_scalar(w, value);
    xml_close(w);
}

static void put_link(struct xml_writer *w, const char *rel, const json_t *link)
{
    xml_open(w, "link");
    put_string(w, "href", json_object_get(link, "href"));
    xml_put_attr_string(w, "rel", rel);
    put_string(w, "title", json_object_get(link, "title"));
    xml_close_empty(w);
}

/* One thing or a list of things under one name. */
static void put_each(struct xml_writer *w, const char *name, json_t *value,
                     void (*put)(struct xml_writer *w, const char *name, json_t *one))
{
    size_t i;
    json_t *one;
    if (json_is_array(value))
        json_array_foreach(value, i, one) put(w, name, one);
    else
        put(w, name, value);
}

static void put_any_link(struct xml_writer *w, const char *rel, json_t *link)
{
    if (strcmp(rel, "self") != 0)
        put_link(w, rel, link);
}

static void put_resource(struct xml_writer *w, const char *rel, json_t *resource);

static void put_members(struct xml_writer *w, json_t *resource)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(resource, "_links"), name, value)
        put_each(w, name, value, put_any_link);
    json_object_foreach(resource, name,
                        value) if (strcmp(name, "_links") != 0 && strcmp(name, "_embedded") != 0)
        put_property(w, name, value);
    json_object_foreach(json_object_get(resource, "_embedded"), name, value)
        put_each(w, name, value, put_resource);
}

static json_t *self_of(const json_t *resource)
{
    return json_object_get(json_object_get(json_object_get(resource, "_links"), "self"), "href");
}

static void put_resource(struct xml_writer *w, const char *rel, json_t *resource)
{
    xml_open(w, "resource");
    if (w->depth == 1)
        xml_put_ns(w, "", UCWA_NS);
    put_string(w, "href", self_of(resource));
    xml_put_attr_string(w, "rel", rel);
    put_members(w, resource);
    xml_close(w);
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* The names of elements must live: those are all there are. */
static const char *type_name(const json_t *event)
{
    static const char *const names[] = {"added", "updated", "deleted", "started", "completed"};
    const char *type = json_string_value(json_object_get(event, "type"));
    for (size_t i = 0; type && i < sizeof names / sizeof *names; i++)
        if (strcmp(type, names[i]) == 0)
            return names[i];
    return "updated";
}

static void put_reason(struct xml_writer *w, const char *name, json_t *reason)
{
    (void)name;
    xml_open(w, "reason");
    if (w->depth == 1)
        xml_put_ns(w, "", UCWA_NS);
    static const char *const members[] = {"code", "subcode", "message"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *text = json_string_value(json_object_get(reason, members[i]));
        if (text)
            xml_element_string(w, members[i], text);
    }
    xml_close(w);
}

static void put_event(struct xml_writer *w, json_t *event)
{
    const json_t *link = json_object_get(event, "link"), *in = json_object_get(event, "in");
    const char *name;
    json_t *value;
    xml_open(w, type_name(event));
    put_string(w, "href", json_object_get(link, "href"));
    put_string(w, "rel", json_object_get(link, "rel"));
    put_string(w, "status", json_object_get(event, "status"));
    if (in) {
        xml_open(w, "in");
        put_string(w, "href", json_object_get(in, "href"));
        put_string(w, "rel", json_object_get(in, "rel"));
        xml_close_empty(w);
    }
    json_object_foreach(json_object_get(event, "_embedded"), name, value)
        put_each(w, name, value, put_resource);
    if (json_object_get(event, "reason"))
        put_reason(w, NULL, json_object_get(event, "reason"));
    xml_close(w);
}

static void put_events(struct xml_writer *w, json_t *body)
{
    const char *name;
    size_t i, j;
    json_t *value, *sender, *event;
    xml_open(w, "events");
    xml_put_ns(w, "", UCWA_NS);
    put_string(w, "href", self_of(body));
    json_object_foreach(json_object_get(body, "_links"), name, value) put_any_link(w, name, value);
    json_array_foreach(json_object_get(body, "sender"), i, sender)
    {
        xml_open(w, "sender");
        put_string(w, "href", json_object_get(sender, "href"));
        put_string(w, "rel", json_object_get(sender, "rel"));
        json_array_foreach(json_object_get(sender, "events"), j, event) put_event(w, event);
        xml_close(w);
    }
    xml_close(w);
}

/* ---- any body -----------------------------------------------------------------------------------
 */

struct slice ucwa_xml(struct slice json, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    struct xml_writer w = XML_WRITER(&out);
    json_t *body = json_loadb(json.at, json.len, 0, NULL);
    const char *rel = json_string_value(json_object_get(body, "rel"));
    buf_add_string(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    if (json_object_get(body, "code"))
        put_reason(&w, NULL, body);
    else if (rel)
        put_resource(&w, rel, body);
    else
        put_events(&w, body);
    xml_end(&w);
    json_decref(body);
    return arena_copy(arena, buf_slice(&out));
}
