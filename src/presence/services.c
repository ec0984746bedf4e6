/* The services of a user: what can be done with him at present, out of what all of
 * his devices publish that they can do. */
#include "presence/presence_priv.h"

#include "xml/reader.h"
#include "xml/writer.h"

enum {
    SERVICES_MAX = 32
};

struct service {
    const char *name;
    bool capture, publish, render;
    struct slice endpoint; /* of the first device that offers it */
};

struct services {
    struct service of[SERVICES_MAX];
    size_t count;
};

static bool says(const struct xml_node *node, const char *name)
{
    return slice_eq(xml_attr(node, name), SLICE("true"));
}

/* Element names are written by us, so only those that are plain words are taken over. */
static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!((name.at[i] | 32) >= 'a' && (name.at[i] | 32) <= 'z'))
            return false;
    return name.len > 0 && name.len <= CATEGORY_NAME_MAX;
}

static void take_capability(struct services *services, const struct xml_node *node,
                            struct slice endpoint, struct arena *arena)
{
    size_t i = 0;
    struct slice name = xml_name(node);
    while (i < services->count && !slice_eq(slice_of(services->of[i].name), name))
        i++;
    if (i == SERVICES_MAX || !is_word(name))
        return;
    struct service *service = &services->of[i];
    if (i == services->count) {
        services->count++;
        *service = (struct service){.name = arena_string(arena, name), .endpoint = endpoint};
    }
    service->capture |= says(node, "capture");
    service->publish |= says(node, "publish");
    service->render |= says(node, "render");
}

static void take_device(struct services *services, const struct publication *p, struct arena *arena)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (xml_read(value_text(p->value), NULL, &doc, NULL) < 0)
        return;
    struct slice endpoint = arena_copy(arena, xml_attr(xml_root(doc), "endpointId"));
    xml_each (node, xml_child(xml_root(doc), NS_DEVICE, "capabilities"))
        take_capability(services, node, endpoint, arena);
}

static struct slice print(struct arena *arena, const struct person *person,
                          const struct services *services)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    xml_open(&w, "services");
    xml_put_ns(&w, "", NS_SERVICE);
    xml_open(&w, "service");
    xml_put_attr(&w, "uri", arena_print(arena, "sip:%.*s", SLICE_ARG(person->account)));
    xml_open(&w, "capabilities");
    for (size_t i = 0; i < services->count; i++) {
        const struct service *s = &services->of[i];
        xml_open(&w, s->name);
        xml_put_attr_string(&w, "capture", s->capture ? "true" : "false");
        if (!slice_empty(s->endpoint))
            xml_put_attr(&w, "preferredEndpointId", s->endpoint);
        xml_put_attr_string(&w, "publish", s->publish ? "true" : "false");
        xml_put_attr_string(&w, "render", s->render ? "true" : "false");
        xml_close(&w);
    }
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&text));
}

/* From the devices in container 2 into those of colleagues and nearer; without a device
 * there is no publication. */
void put_services(struct turn *turn)
{
    static const uint32_t containers[] = {2, 200, 300, 400};
    struct services services = {.count = 0};
    for (const struct publication *p = turn->person->publications; p; p = p->next)
        if (!p->ours && p->container == 2 && slice_eq(p->category->text, SLICE("device")))
            take_device(&services, p, turn->arena);
    struct slice value = {0};
    if (services.count)
        value = print(turn->arena, turn->person, &services);
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
        turn_put_ours(turn, SLICE("services"), containers[i], 0, EXPIRE_USER, value);
}
