#include "presence/own.h"

#include "base/memory.h"
#include "presence/presence_priv.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_DEVICE "http://schemas.microsoft.com/2006/09/sip/device"
#define NS_NOTE   "http://schemas.microsoft.com/2006/09/sip/note"

/* ---- versions ------------------------------------------------------------------------------ */

struct version {
    uint32_t instance, container, version;
    char category[CATEGORY_NAME_MAX + 1];
};

struct presence_versions {
    bool known;
    size_t count;
    struct version *rows; /* owned; no room to spare: a client has a dozen, for its whole life */
};

struct presence_versions *presence_versions_new(void)
{
    return must_calloc(1, sizeof(struct presence_versions));
}

void presence_versions_free(struct presence_versions *versions)
{
    if (versions)
        free(versions->rows);
    free(versions);
}

static bool is_named(const struct version *row, const struct presence_self_told *told)
{
    for (size_t i = 0; i < told->item_count; i++)
        if (row->container == told->items[i].container &&
            slice_eq(slice_of(row->category), told->items[i].category))
            return true;
    return false;
}

void presence_versions_take(struct presence_versions *versions,
                            const struct presence_self_told *told)
{
    size_t kept = 0;
    if (!told->categories)
        return;
    versions->known = true;
    for (size_t i = 0; i < versions->count; i++)
        if (!is_named(&versions->rows[i], told))
            versions->rows[kept++] = versions->rows[i];
    versions->rows =
        must_realloc(versions->rows, (kept + told->item_count + 1) * sizeof *versions->rows);
    for (size_t i = 0; i < told->item_count && kept < PRESENCE_ITEMS_MAX; i++) {
        const struct presence_item *item = &told->items[i];
        if (item->none)
            continue;
        struct version *row = &versions->rows[kept++];
        *row = (struct version){item->instance, item->container, item->version, ""};
        snprintf(row->category, sizeof row->category, "%.*s", SLICE_ARG(item->category));
    }
    versions->count = kept;
    versions->rows = must_realloc(versions->rows, (kept + 1) * sizeof *versions->rows);
}

uint32_t presence_version(const struct presence_versions *versions, const char *category,
                          uint32_t instance, uint32_t container)
{
    for (size_t i = 0; i < versions->count; i++) {
        const struct version *row = &versions->rows[i];
        if (row->instance == instance && row->container == container &&
            strcmp(row->category, category) == 0)
            return row->version;
    }
    return 0;
}

bool presence_versions_known(const struct presence_versions *versions)
{
    return versions->known;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void put_number(struct xml_writer *w, const char *name, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    xml_put_attr_string(w, name, text);
}

static void put_uri(struct xml_writer *w, struct slice account)
{
    scoped(arena) struct arena *arena = arena_new();
    xml_put_attr(w, "uri", arena_print(arena, "sip:%.*s", SLICE_ARG(account)));
}

void presence_publish_print(struct slice account, const struct presence_publication *publications,
                            size_t count, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "publish");
    xml_put_ns(&w, "", NS_PUBLISH);
    xml_open(&w, "publications");
    put_uri(&w, account);
    for (size_t i = 0; i < count; i++) {
        const struct presence_publication *p = &publications[i];
        xml_open(&w, "publication");
        xml_put_attr_string(&w, "categoryName", p->category);
        put_number(&w, "instance", p->instance);
        put_number(&w, "container", p->container);
        put_number(&w, "version", p->version);
        xml_put_attr_string(&w, "expireType", p->expire);
        if (p->remove)
            xml_put_attr_string(&w, "expires", "0");
        else
            xml_put_raw(&w, p->value);
        xml_close(&w);
    }
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}

static void put_capability(struct xml_writer *w, const char *name)
{
    xml_open(w, name);
    xml_put_attr_string(w, "capture", "true");
    xml_put_attr_string(w, "render", "true");
    xml_put_attr_string(w, "publish", "false");
    xml_close_empty(w);
}

void presence_device_print(struct slice endpoint, struct slice machine, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "device");
    xml_put_ns(&w, "", NS_DEVICE);
    xml_put_attr(&w, "endpointId", endpoint);
    xml_open(&w, "capabilities");
    xml_put_attr_string(&w, "preferred", "false");
    xml_put_attr_string(&w, "uri", "");
    put_capability(&w, "text");
    xml_close(&w);
    xml_element_string(&w, "timezone", "00:00:00+00:00");
    xml_element(&w, "machineName", machine);
    xml_close(&w);
    xml_end(&w);
}

void presence_state_print(const char *type, bool manual, int availability, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "state");
    xml_put_ns(&w, "", NS_STATE);
    xml_put_ns(&w, "xsi", NS_XSI);
    xml_put_attr_string(&w, "manual", manual ? "true" : "false");
    xml_put_attr_string(&w, "xsi:type", type);
    xml_open(&w, "availability");
    xml_put_number(&w, availability);
    xml_close(&w);
    if (!manual) {
        xml_open(&w, "endpointLocation");
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_end(&w);
}

void presence_note_print(struct slice text, struct buf *out)
{
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "note");
    xml_put_ns(&w, "", NS_NOTE);
    xml_open(&w, "body");
    xml_put_attr_string(&w, "type", "personal");
    xml_put_attr_string(&w, "uri", "");
    xml_put_text(&w, text);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}

void presence_self_ask(struct buf *out)
{
    static const char *const types[] = {"categories", "containers", "subscribers"};
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "roamingList");
    xml_put_ns(&w, "", NS_ROAMING_SELF);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        xml_open(&w, "roaming");
        xml_put_attr_string(&w, "type", types[i]);
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_end(&w);
}

void presence_batch_ask(struct slice account, const struct slice *people, size_t count,
                        bool unsubscribe, struct buf *out)
{
    static const char *const categories[] = {"calendarData", "contactCard", "note", "state"};
    struct xml_writer w = XML_WRITER(out);
    xml_open(&w, "batchSub");
    xml_put_ns(&w, "", NS_BATCH);
    put_uri(&w, account);
    xml_put_attr_string(&w, "name", "");
    xml_open(&w, "action");
    xml_put_attr_string(&w, "name", unsubscribe ? "unsubscribe" : "subscribe");
    xml_put_attr_string(&w, "id", "1");
    xml_open(&w, "adhocList");
    for (size_t i = 0; i < count; i++) {
        xml_open(&w, "resource");
        put_uri(&w, people[i]);
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_open(&w, "categoryList");
    xml_put_ns(&w, "", NS_CATEGORY_LIST);
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        xml_open(&w, "category");
        xml_put_attr_string(&w, "name", categories[i]);
        xml_close_empty(&w);
    }
    xml_close(&w);
    xml_close(&w);
    xml_close(&w);
    xml_end(&w);
}
