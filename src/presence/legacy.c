/* Clients of before enhanced presence: legacyInterop, one a container, which the server
 * makes of the aggregated state, and the presentity document that is made of it and of the
 * contact card ([MS-PRES] section 3.7.5.5, [MS-SIP] section 2.2.1). */
#include "presence/presence_priv.h"

#include "xml/reader.h"
#include "xml/writer.h"

#include <stdio.h>

#define NS_PRESENTITY "http://schemas.microsoft.com/2002/09/sip/presence"

enum {
    INSTANCE_LEGACY = 1,
    OFFLINE = 18500
};

void put_legacy_interop(struct turn *turn, uint32_t container, int availability, struct slice token)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    xml_open(&w, "legacyInterop");
    xml_put_ns(&w, "", NS_CATEGORIES);
    xml_put_attr(&w, "availability", arena_print(turn->arena, "%d", availability));
    if (!slice_empty(token))
        xml_put_attr(&w, "token", token);
    xml_close(&w);
    xml_end(&w);
    turn_put_ours(turn, SLICE("legacyInterop"), container, INSTANCE_LEGACY, EXPIRE_USER,
                  buf_slice(&text));
}

/* From which availability on; the numbers of Live Communications Server 2003. */
static const struct {
    int from;
    int availability, activity;
    const char *word;
} classes[] = {
    {18000, 0, 0, "offline"}, {15000, 300, 100, "away"}, {12000, 300, 300, "be-right-back"},
    {6000, 300, 600, "busy"}, {4500, 300, 200, "idle"},  {3000, 300, 400, "available"},
    {0, 0, 0, "offline"}};

static const struct publication *find(const struct person *person, const char *category,
                                      uint32_t container, uint32_t instance)
{
    struct presence_op key = {
        .category = slice_of(category), .container = container, .instance = instance};
    return publication_find(person, &key);
}

static void put_aggregate(struct xml_writer *w, const char *name, int number, const char *word)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    xml_open(w, name);
    xml_put_attr_string(w, "aggregate", text);
    xml_put_attr_string(w, "description", word);
    xml_close(w);
}

static void put_name(struct xml_writer *w, const struct person *person, uint32_t container)
{
    const struct publication *p = find(person, "contactCard", container, 0);
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (!p || xml_read(value_text(p->value), NULL, &doc, NULL) < 0)
        return;
    xml_open(w, "displayName");
    xml_put_attr(w, "displayName", xml_text(xml_path(xml_root(doc), "identity/name/displayName")));
    xml_close(w);
    xml_open(w, "email");
    xml_put_attr(w, "email", xml_text(xml_path(xml_root(doc), "identity/email")));
    xml_close(w);
}

struct slice print_legacy(struct arena *arena, const struct person *person, uint32_t container)
{
    const struct publication *p = find(person, "legacyInterop", container, INSTANCE_LEGACY);
    scoped(xml_doc) struct xml_doc *doc = NULL;
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    uint64_t number = OFFLINE;
    struct slice token = {0};
    if (p && xml_read(value_text(p->value), NULL, &doc, NULL) == 0) {
        token = xml_attr(xml_root(doc), "token");
        slice_number(xml_attr(xml_root(doc), "availability"), INT32_MAX, &number);
    }
    size_t i = 0;
    while ((uint64_t)classes[i].from > number)
        i++;
    bool phone = slice_eq(token, SLICE("on-the-phone"));
    xml_open(&w, "presentity");
    xml_put_ns(&w, "", NS_PRESENTITY);
    xml_put_attr(&w, "uri", person->account);
    put_aggregate(&w, "availability", classes[i].availability,
                  classes[i].availability ? "online" : "offline");
    put_aggregate(&w, "activity", phone ? 500 : classes[i].activity,
                  phone ? "on-the-phone" : classes[i].word);
    put_name(&w, person, container);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&text));
}
