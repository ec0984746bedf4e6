#include "model.h"

#include "base/random.h"
#include "contacts/read.h"
#include "presence/own.h"
#include "xml/reader.h"

static const unsigned containers[MODEL_CONTAINERS] = {200, 300, 400};

void model_init(struct model *model)
{
    *model = (struct model){.delta = 1};
}

/* ---- contacts ------------------------------------------------------------------------- */

enum {
    GROUPS = 5 /* beside the first */
};

/* Ids from 2 on are handed out from the lowest. */
static unsigned free_group(const struct model *model)
{
    unsigned id = 2;
    while (model->groups[id])
        id++;
    return id;
}

static uint64_t used_groups(const struct model *model)
{
    uint64_t used = contacts_bit(CONTACTS_EVERYBODY);
    for (size_t i = 0; i < MODEL_PEOPLE; i++)
        used |= model->contacts[i].groups;
    return used;
}

static struct slice name_of(struct arena *arena, const char *kind, unsigned number)
{
    return arena_print(arena, "%s%u", kind, number);
}

static void set_contact(struct model *next, unsigned number, struct contacts_change *change,
                        struct arena *arena)
{
    unsigned who = random_below(MODEL_PEOPLE);
    uint64_t groups = contacts_bit(CONTACTS_EVERYBODY);
    for (unsigned id = 2; id <= CONTACTS_GROUPS_MAX; id++)
        if (next->groups[id] && random_below(2))
            groups |= contacts_bit(id);
    next->contacts[who].groups = groups;
    next->contacts[who].name = number;
    change->edit = CONTACTS_SET_CONTACT;
    change->contact = (struct contacts_contact){
        .uri = arena_print(arena, "c%u@contoso.test", who),
        .name = name_of(arena, "n", number),
        .groups = groups,
        .subscribed = true,
    };
}

static bool delete_contact(struct model *next, struct contacts_change *change, struct arena *arena)
{
    unsigned who = random_below(MODEL_PEOPLE);
    if (!next->contacts[who].groups)
        return false;
    next->contacts[who].groups = 0;
    change->edit = CONTACTS_DELETE_CONTACT;
    change->contact.uri = arena_print(arena, "c%u@contoso.test", who);
    return true;
}

static void name_group(struct model *next, unsigned id, unsigned number, enum contacts_edit edit,
                       struct contacts_change *change, struct arena *arena)
{
    next->groups[id] = number;
    change->edit = edit;
    change->group = (struct contacts_group){.id = id, .name = name_of(arena, "g", number)};
}

/* A new one, another name, or the end of one that nobody is in. */
static bool change_group(struct model *next, unsigned number, struct contacts_change *change,
                         struct arena *arena)
{
    unsigned id = 2 + random_below(GROUPS);
    if (!next->groups[id]) {
        name_group(next, free_group(next), number, CONTACTS_ADD_GROUP, change, arena);
    } else if (used_groups(next) & contacts_bit(id)) {
        name_group(next, id, number, CONTACTS_MODIFY_GROUP, change, arena);
    } else {
        next->groups[id] = 0;
        change->edit = CONTACTS_DELETE_GROUP;
        change->group.id = id;
    }
    return true;
}

static bool edit_contacts(struct model *next, unsigned number, struct arena *arena,
                          struct buf *body)
{
    struct contacts_change change = {.before = next->delta};
    unsigned kind = random_below(4);
    bool made = kind == 0   ? change_group(next, number, &change, arena)
                : kind == 1 ? delete_contact(next, &change, arena)
                            : false;
    if (!made)
        set_contact(next, number, &change, arena);
    next->delta++;
    contacts_ask(&change, body);
    return true;
}

/* ---- presence ----------------------------------------------------------------------------- */

static void publish(struct model *next, unsigned number, const char *account, struct arena *arena,
                    struct buf *body)
{
    struct presence_publication notes[MODEL_CONTAINERS];
    scoped(buf) struct buf value = BUF_INIT;
    presence_note_print(name_of(arena, "note ", number), &value);
    for (size_t i = 0; i < MODEL_CONTAINERS; i++)
        notes[i] = (struct presence_publication){.category = "note",
                                                 .container = containers[i],
                                                 .version = next->note_version,
                                                 .expire = "static",
                                                 .value = buf_slice(&value)};
    presence_publish_print(slice_of(account), notes, MODEL_CONTAINERS, body);
    next->note = number;
    next->note_version++;
}

static void change_members(struct model *next, struct buf *body)
{
    unsigned who = random_below(MODEL_PEOPLE);
    buf_print(body, "<setContainerMembers xmlns=\"http://schemas.microsoft.com/2006/09/sip/"
                    "container-management\">");
    for (size_t i = 0; i < MODEL_CONTAINERS; i++)
        buf_print(body,
                  "<container id=\"%u\" version=\"%u\"><member action=\"%s\" type=\"user\" "
                  "value=\"c%u@contoso.test\"/></container>",
                  containers[i], next->members_version, next->members[who] ? "remove" : "add", who);
    buf_print(body, "</setContainerMembers>");
    next->members[who] = !next->members[who];
    next->members_version++;
}

void model_choose(const struct model *now, unsigned number, const char *account,
                  struct arena *arena, struct model *next, struct sip_client_ask *ask)
{
    scoped(buf) struct buf body = BUF_INIT;
    unsigned kind = random_below(4);
    *next = *now;
    *ask = (struct sip_client_ask){.method = SIP_SERVICE,
                                   .content_type = SLICE("application/SOAP+xml")};
    if (kind == 0) {
        publish(next, number, account, arena, &body);
        ask->content_type = SLICE("application/msrtc-category-publish+xml");
    } else if (kind == 1) {
        change_members(next, &body);
        ask->content_type = SLICE("application/msrtc-setcontainermembers+xml");
    } else {
        edit_contacts(next, number, arena, &body);
    }
    ask->body = arena_copy(arena, buf_slice(&body));
}

/* ---- as text --------------------------------------------------------------------------- */

struct slice model_print(const struct model *model, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    buf_print(&out, "list %u\ngroup 1 ~\n", model->delta);
    for (unsigned id = 2; id <= CONTACTS_GROUPS_MAX; id++)
        if (model->groups[id])
            buf_print(&out, "group %u g%u\n", id, model->groups[id]);
    for (unsigned i = 0; i < MODEL_PEOPLE; i++)
        if (model->contacts[i].groups)
            buf_print(&out, "contact c%u@contoso.test n%u %llx\n", i, model->contacts[i].name,
                      (unsigned long long)model->contacts[i].groups);
    for (size_t i = 0; i < MODEL_CONTAINERS && model->note_version; i++)
        buf_print(&out, "%u: note %u, version %u\n", containers[i], model->note,
                  model->note_version);
    for (size_t i = 0; i < MODEL_CONTAINERS && model->members_version; i++) {
        buf_print(&out, "%u: members %u", containers[i], model->members_version);
        for (unsigned j = 0; j < MODEL_PEOPLE; j++)
            if (model->members[j])
                buf_print(&out, " c%u@contoso.test", j);
        buf_print(&out, "\n");
    }
    return arena_copy(arena, buf_slice(&out));
}

static void print_list(const struct contacts_list *list, struct buf *out)
{
    buf_print(out, "list %u\n", list->delta);
    for (size_t i = 0; i < list->group_count; i++)
        buf_print(out, "group %u %.*s\n", list->groups[i].id, SLICE_ARG(list->groups[i].name));
    for (size_t i = 0; i < list->contact_count; i++)
        buf_print(out, "contact %.*s %.*s %llx\n", SLICE_ARG(list->contacts[i]->uri),
                  SLICE_ARG(list->contacts[i]->name),
                  (unsigned long long)list->contacts[i]->groups);
}

static void print_notes(const struct xml_node *categories, struct slice container, struct buf *out)
{
    xml_each (category, categories) {
        const struct xml_node *note = xml_child(category, NULL, "note");
        if (slice_eq(xml_attr(category, "container"), container) && note)
            buf_print(out, "%.*s: %.*s, version %.*s\n", SLICE_ARG(container),
                      SLICE_ARG(xml_text(xml_child(note, NULL, "body"))),
                      SLICE_ARG(xml_attr(category, "version")));
    }
}

/* Members come in any order. */
static void print_members(const struct xml_node *container, struct buf *out)
{
    buf_print(out, "%.*s: members %.*s", SLICE_ARG(xml_attr(container, "id")),
              SLICE_ARG(xml_attr(container, "version")));
    for (unsigned i = 0; i < MODEL_PEOPLE; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%u@contoso.test", i);
        xml_each (member, container)
            if (slice_eq(xml_attr(member, "value"), slice_of(name)))
                buf_print(out, " %s", name);
    }
    buf_print(out, "\n");
}

static void print_self(const struct xml_node *self, struct buf *out)
{
    const struct xml_node *all = xml_child(self, NULL, "containers");
    char id[MODEL_CONTAINERS][12];
    for (size_t i = 0; i < MODEL_CONTAINERS; i++) {
        snprintf(id[i], sizeof id[i], "%u", containers[i]);
        print_notes(xml_child(self, NULL, "categories"), slice_of(id[i]), out);
    }
    for (size_t i = 0; i < MODEL_CONTAINERS; i++)
        xml_each (container, all)
            if (slice_eq(xml_attr(container, "id"), slice_of(id[i])) &&
                !slice_eq(xml_attr(container, "version"), SLICE("0")))
                print_members(container, out);
}

struct slice model_print_served(struct slice list_text, struct slice self_text, struct arena *arena)
{
    scoped(buf) struct buf out = BUF_INIT;
    scoped(xml_doc) struct xml_doc *self = NULL;
    struct contacts_list *list;
    struct fault fault;
    if (contacts_read(list_text, NULL, arena, &list, &fault) < 0 ||
        xml_read(self_text, NULL, &self, &fault) < 0)
        return (struct slice){0};
    print_list(list, &out);
    print_self(xml_root(self), &out);
    return arena_copy(arena, buf_slice(&out));
}
