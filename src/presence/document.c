#include "presence/presence_priv.h"

#include "base/clock.h"
#include "base/random.h"
#include "xml/names.h"
#include "xml/writer.h"

static struct slice print_uri(struct arena *arena, struct slice account)
{
    return arena_print(arena, "sip:%.*s", SLICE_ARG(account));
}

static void put_attr_number(struct xml_writer *w, struct arena *arena, const char *name,
                            uint32_t number)
{
    xml_put_attr(w, name, arena_print(arena, "%u", number));
}

static void put_publication(struct xml_writer *w, struct arena *arena, const struct publication *p)
{
    struct slice time = clock_print_iso_ms(arena, p->published);
    xml_open(w, "category");
    put_attr_number(w, arena, "container", p->container);
    xml_put_attr_string(w, "expireType", expire_names[p->expire]);
    put_attr_number(w, arena, "instance", p->instance);
    xml_put_attr(w, "name", p->category->text);
    xml_put_attr(w, "publishTime", slice_head(time, time.len - 1)); /* written without Z */
    put_attr_number(w, arena, "version", p->version);
    xml_put_raw(w, value_text(p->value));
    xml_close(w);
}

static void open_categories(struct xml_writer *w, struct arena *arena, const struct person *person)
{
    xml_open(w, "categories");
    xml_put_ns(w, "", NS_CATEGORIES);
    xml_put_attr(w, "uri", print_uri(arena, person->account));
}

/* SIPE forgets all it has of a category's name when that name comes, so all of the
 * name come; a container that has lost its last is named alone (session.md 4.2). */
static void put_own_categories(struct xml_writer *w, struct arena *arena,
                               const struct person *person, const struct turn *turn)
{
    open_categories(w, arena, person);
    for (const struct publication *p = person->publications; p; p = p->next)
        if (!turn || turn_touches(turn, p->category->text, -1))
            put_publication(w, arena, p);
    for (const struct touch *t = turn ? turn->touched : NULL; t; t = t->next) {
        const struct publication *p = person->publications;
        while (p && (p->container != t->container || !slice_eq(p->category->text, t->category)))
            p = p->next;
        if (p || t->kind != OP_PUBLICATION)
            continue;
        xml_open(w, "category");
        put_attr_number(w, arena, "container", t->container);
        xml_put_attr(w, "name", t->category);
        xml_close(w);
    }
    xml_close(w);
}

static bool touches_container(const struct turn *turn, uint32_t container)
{
    for (const struct touch *t = turn->touched; t; t = t->next)
        if (t->kind == OP_MEMBER && t->container == container)
            return true;
    return false;
}

static void put_containers(struct xml_writer *w, struct arena *arena, const struct person *person,
                           const struct turn *turn)
{
    xml_open(w, "containers");
    xml_put_ns(w, "", NS_CONTAINERS);
    for (const struct container *c = person->containers; c; c = c->next) {
        if (turn && !touches_container(turn, c->id))
            continue;
        xml_open(w, "container");
        put_attr_number(w, arena, "id", c->id);
        put_attr_number(w, arena, "version", c->version);
        for (const struct member *m = c->members; m; m = m->next) {
            xml_open(w, "member");
            xml_put_attr_string(w, "type", member_names[m->type]);
            if (m->value.len)
                xml_put_attr(w, "value", m->value);
            xml_close(w);
        }
        xml_close(w);
    }
    xml_close(w);
}

/* Nobody can be made a delegate here, which is said to those who ask. */
static void put_delegates(struct xml_writer *w)
{
    xml_open(w, "delegates");
    xml_put_ns(w, "", NS_DELEGATES);
    xml_put_attr_string(w, "version", "0");
    xml_close(w);
}

struct slice print_self(struct arena *arena, const struct presence *presence,
                        const struct person *person, const struct self *self,
                        const struct turn *turn)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    bool categories =
        (!self || self->categories) && (!turn || turn_touches_kind(turn, OP_PUBLICATION));
    bool containers = (!self || self->containers) && (!turn || turn_touches_kind(turn, OP_MEMBER));
    bool subscribers =
        self && self->subscribers && (!turn || turn_touches_kind(turn, OP_SUBSCRIBER));
    if (turn && self && !categories && !containers && !subscribers)
        return (struct slice){0};
    xml_open(&w, "roamingData");
    xml_put_ns(&w, "", NS_ROAMING_SELF);
    if (categories)
        put_own_categories(&w, arena, person, turn);
    if (containers)
        put_containers(&w, arena, person, turn);
    if (subscribers)
        put_subscribers(&w, presence, person);
    if (self && self->delegates && !turn)
        put_delegates(&w);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&text));
}

struct slice print_for_watcher(struct arena *arena, const struct person *person, uint32_t container,
                               const struct slice *categories, size_t count)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    open_categories(&w, arena, person);
    for (size_t i = 0; i < count; i++) {
        bool any = false;
        for (const struct publication *p = person->publications; p; p = p->next)
            if (p->container == container && slice_eq(p->category->text, categories[i])) {
                put_publication(&w, arena, p);
                any = true;
            }
        if (any)
            continue;
        xml_open(&w, "category"); /* empty: what he has seen before is no more */
        xml_put_attr(&w, "name", categories[i]);
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&text));
}

static void put_list(struct buf *text, struct arena *arena, const struct presence_batch *batch)
{
    struct xml_writer w = XML_WRITER(text);
    xml_open(&w, "list");
    xml_put_ns(&w, "", NS_RLMI);
    xml_put_attr_string(&w, "fullState", "false");
    xml_put_attr(&w, "uri", print_uri(arena, batch->watcher));
    xml_put_attr_string(&w, "version", "0");
    for (size_t i = 0; i < batch->contact_count; i++) {
        const struct presence_contact *c = &batch->contacts[i];
        if (c->document.at && !c->gone)
            continue;
        /* RFC 4662 section 5.2: a resource that will not be told of, and why. */
        xml_open(&w, "resource");
        xml_put_attr(&w, "uri", print_uri(arena, c->account));
        xml_open(&w, "instance");
        xml_put_attr_string(&w, "id", "0");
        xml_put_attr_string(&w, "reason", c->refused ? "rejected" : "noresource");
        xml_put_attr_string(&w, "state", "terminated");
        xml_close(&w);
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
}

/* An empty line ends each part: libpurple, in which SIPE lives, takes four bytes off a
 * part's end where RFC 2046 has two. */
static void put_part(struct buf *text, struct slice boundary, struct slice id, const char *type,
                     struct slice content)
{
    buf_print(text,
              "--%.*s\r\nContent-Transfer-Encoding: binary\r\nContent-ID: %.*s\r\n"
              "Content-Type: %s\r\n\r\n",
              SLICE_ARG(boundary), SLICE_ARG(id), type);
    buf_add(text, content);
    buf_add_string(text, "\r\n\r\n");
}

/* [MS-SIP] section 4.3; the type= is what SIPE knows the list by. */
struct slice print_batch(struct arena *arena, const struct presence_batch *batch,
                         struct slice *content_type_out)
{
    scoped(buf) struct buf text = BUF_INIT;
    scoped(buf) struct buf list = BUF_INIT;
    struct slice boundary = random_hex(arena, 32);
    put_list(&list, arena, batch);
    put_part(&text, boundary, SLICE("resourceList"), "application/rlmi+xml", buf_slice(&list));
    for (size_t i = 0; i < batch->contact_count; i++)
        if (batch->contacts[i].document.at)
            put_part(&text, boundary, batch->contacts[i].account,
                     "application/msrtc-event-categories+xml", batch->contacts[i].document);
    buf_print(&text, "--%.*s--\r\n", SLICE_ARG(boundary));
    *content_type_out = arena_print(
        arena, "multipart/related; type=\"application/rlmi+xml\";start=resourceList;boundary=%.*s",
        SLICE_ARG(boundary));
    return arena_copy(arena, buf_slice(&text));
}

/* [MS-PRES] section 2.2.2.10.4; index counts from 1. */
struct slice print_conflict(struct arena *arena, unsigned index, uint32_t version, uint32_t current)
{
    return arena_print(arena,
                       "<Fault xmlns=\"" NS_PUBLISH "\"><Faultcode>Client.BadCall.WrongDelta"
                       "</Faultcode><details><operation index=\"%u\" version=\"%u\" "
                       "curVersion=\"%u\"/></details></Fault>",
                       index, version, current);
}
