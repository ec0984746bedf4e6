/* people: contacts, groups, search, presence of others (mobility.md 2.4). */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    FOUND_MAX = 100
};

static json_t *people_link(const struct app *app, const char *tail)
{
    return ucwa_link("%.*s/people%s", SLICE_ARG(app->base), tail);
}

json_t *ucwa_people(struct app *app)
{
    static const char *const rows[][2] = {
        {"self", ""},
        {"presenceSubscriptions", "/presenceSubscriptions"},
        {"presenceSubscriptionMemberships", "/presenceSubscriptionMemberships"},
        {"subscribedContacts", "/subscribedContacts"},
        {"myGroups", "/groups"},
        {"myContacts", "/contacts"},
        {"myContactsAndGroupsSubscription", "/myContactsAndGroupsSubscription"},
        {"search", "/search"},
    };
    json_t *links = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        json_object_set_new(links, rows[i][0], people_link(app, rows[i][1]));
    return ucwa_resource("people", json_object(), links);
}

static void answer_people(struct ask *ask)
{
    ucwa_reply(ask, 200, ucwa_people(ask->app));
}

/* ---- a contact ------------------------------------------------------------------------------ */

static void set_text(json_t *object, const char *name, struct slice text)
{
    if (text.len > 0)
        json_object_set_new(object, name, ucwa_text(text));
}

json_t *ucwa_contact(struct app *app, const struct phone_person *person)
{
    const struct slice address = person->address;
    json_t *mails = json_array();
    json_t *links = json_pack(
        "{s:o,s:o,s:o}", "self",
        ucwa_link("%.*s/people/%.*s", SLICE_ARG(app->base), SLICE_ARG(address)), "contactPresence",
        ucwa_link("%.*s/people/%.*s/presence", SLICE_ARG(app->base), SLICE_ARG(address)),
        "contactNote",
        ucwa_link("%.*s/people/%.*s/note", SLICE_ARG(app->base), SLICE_ARG(address)));
    if (ucwa_shows_photos(app))
        json_object_set_new(links, "contactPhoto", ucwa_photo_link(app, address));
    if (person->email.len > 0)
        json_array_append_new(mails, ucwa_text(person->email));
    json_t *contact = json_pack(
        "{s:o,s:s,s:s,s:o,s:o}", "uri", json_sprintf("sip:%.*s", SLICE_ARG(address)), "type",
        "User", "sourceNetwork", "SameEnterprise", "name",
        ucwa_text(person->name.len > 0 ? person->name : address), "emailAddresses", mails);
    set_text(contact, "title", person->title);
    set_text(contact, "company", person->company);
    set_text(contact, "department", person->department);
    set_text(contact, "office", person->office);
    set_text(contact, "workPhoneNumber", person->phone);
    return ucwa_resource("contact", contact, links);
}

bool ucwa_is_address(struct slice address)
{
    struct slice user, domain;
    return address.len <= 254 && slice_cut(address, '@', &user, &domain) && user.len > 0 &&
           domain.len > 0 && slice_index(address, '/') < 0 && slice_index(address, '%') < 0;
}

static const struct phone_person *person_of(struct ask *ask)
{
    return phone_person(ask->app->phone, ask->part[1]);
}

static void answer_contact(struct ask *ask)
{
    if (ucwa_is_address(ask->part[1]))
        ucwa_reply(ask, 200, ucwa_contact(ask->app, person_of(ask)));
    else
        ucwa_not_found(ask);
}

json_t *ucwa_person_presence(struct app *app, const struct phone_person *person)
{
    json_t *presence = json_pack("{s:s}", "availability", ucwa_availability(person->availability));
    set_text(presence, "activity", person->activity);
    set_text(presence, "deviceType", person->device);
    if (person->last_active > 0)
        json_object_set_new(presence, "lastActive",
                            json_sprintf("/Date(%lld)/", (long long)person->last_active));
    return ucwa_resource("contactPresence", presence,
                         json_pack("{s:o}", "self",
                                   ucwa_link("%.*s/people/%.*s/presence", SLICE_ARG(app->base),
                                             SLICE_ARG(person->address))));
}

static void answer_contact_presence(struct ask *ask)
{
    if (ucwa_is_address(ask->part[1]))
        ucwa_reply(ask, 200, ucwa_person_presence(ask->app, person_of(ask)));
    else
        ucwa_not_found(ask);
}

static void answer_contact_note(struct ask *ask)
{
    if (!ucwa_is_address(ask->part[1])) {
        ucwa_not_found(ask);
        return;
    }
    const struct phone_person *person = person_of(ask);
    ucwa_reply(ask, 200,
               ucwa_resource("contactNote",
                             json_pack("{s:o,s:s}", "message", ucwa_text(person->note), "type",
                                       person->out_of_office ? "OutOfOffice" : "Personal"),
                             json_pack("{s:o}", "self",
                                       ucwa_link("%.*s/people/%.*s/note", SLICE_ARG(ask->app->base),
                                                 SLICE_ARG(person->address)))));
}

/* ---- the lists --------------------------------------------------------------------------------
 */

/* Those in a group, or all (mask 0). */
static json_t *contacts_in(struct app *app, uint64_t mask)
{
    size_t count = 0;
    const struct phone_contact *contacts = phone_contacts(app->phone, &count);
    json_t *list = json_array();
    for (size_t i = 0; contacts && i < count; i++)
        if (mask == 0 || (contacts[i].groups & mask))
            json_array_append_new(list,
                                  ucwa_contact(app, phone_person(app->phone, contacts[i].address)));
    return json_pack("{s:{s:o}}", "_embedded", "contact", list);
}

static bool only_links(struct ask *ask)
{
    return slice_eq_nocase(http_query(ask->request, ask->arena, "expand"), SLICE("false"));
}

/* Where they are, for clients that ask for each by itself. */
static json_t *contact_links(const struct app *app)
{
    size_t count = 0;
    const struct phone_contact *contacts = phone_contacts(app->phone, &count);
    json_t *list = json_array();
    for (size_t i = 0; contacts && i < count; i++)
        json_array_append_new(list, ucwa_link("%.*s/people/%.*s", SLICE_ARG(app->base),
                                              SLICE_ARG(contacts[i].address)));
    return list;
}

static void answer_contacts(struct ask *ask)
{
    if (only_links(ask)) {
        json_t *links = json_pack("{s:o,s:o}", "self", people_link(ask->app, "/contacts"),
                                  "contact", contact_links(ask->app));
        ucwa_reply(ask, 200, ucwa_resource("myContacts", json_object(), links));
        return;
    }
    ucwa_reply(ask, 200,
               ucwa_resource("myContacts", contacts_in(ask->app, 0),
                             json_pack("{s:o}", "self", people_link(ask->app, "/contacts"))));
}

static json_t *group(const struct app *app, const struct phone_group *group)
{
    const char *rel = group->id == 1 ? "defaultGroup" : "group";
    json_t *links = json_pack(
        "{s:o,s:o,s:o}", "self",
        ucwa_link("%.*s/people/groups/%u", SLICE_ARG(app->base), group->id), "groupContacts",
        ucwa_link("%.*s/people/groups/%u/contacts", SLICE_ARG(app->base), group->id),
        "subscribeToGroupPresence",
        ucwa_link("%.*s/people/groups/%u/presence", SLICE_ARG(app->base), group->id));
    return ucwa_resource(
        rel,
        json_pack("{s:o,s:o}", "id", json_sprintf("%u", group->id), "name", ucwa_text(group->name)),
        links);
}

static void answer_groups(struct ask *ask)
{
    size_t count = 0;
    const struct phone_group *groups = phone_groups(ask->app->phone, &count);
    json_t *embedded = json_object(), *list = json_array();
    for (size_t i = 0; groups && i < count; i++) {
        if (groups[i].id == 1)
            json_object_set_new(embedded, "defaultGroup", group(ask->app, &groups[i]));
        else
            json_array_append_new(list, group(ask->app, &groups[i]));
    }
    json_object_set_new(embedded, "group", list);
    ucwa_reply(ask, 200,
               ucwa_resource("myGroups", json_pack("{s:o}", "_embedded", embedded),
                             json_pack("{s:o}", "self", people_link(ask->app, "/groups"))));
}

const struct phone_group *ucwa_find_group(struct ask *ask)
{
    size_t count = 0;
    uint64_t id;
    const struct phone_group *groups = phone_groups(ask->app->phone, &count);
    if (slice_number(ask->part[2], 64, &id) < 0)
        return NULL;
    for (size_t i = 0; groups && i < count; i++)
        if (groups[i].id == id)
            return &groups[i];
    return NULL;
}

static void answer_group(struct ask *ask)
{
    const struct phone_group *found = ucwa_find_group(ask);
    if (found)
        ucwa_reply(ask, 200, group(ask->app, found));
    else
        ucwa_not_found(ask);
}

static void answer_group_contacts(struct ask *ask)
{
    const struct phone_group *found = ucwa_find_group(ask);
    if (!found || found->id < 1) {
        ucwa_not_found(ask);
        return;
    }
    ucwa_reply(ask, 200,
               ucwa_resource("groupContacts", contacts_in(ask->app, UINT64_C(1) << (found->id - 1)),
                             json_pack("{s:o}", "self",
                                       ucwa_link("%.*s/people/groups/%u/contacts",
                                                 SLICE_ARG(ask->app->base), found->id))));
}

static void answer_search(struct ask *ask)
{
    struct slice query = http_query(ask->request, ask->arena, "query");
    uint64_t limit = FOUND_MAX;
    struct slice text = http_query(ask->request, ask->arena, "limit");
    if (slice_empty(slice_trim(query)) || query.len > 256 ||
        (!slice_absent(text) && (slice_number(text, FOUND_MAX, &limit) < 0 || limit == 0))) {
        ucwa_refuse_parameter(ask, "query, or limit out of 1 to %d", FOUND_MAX);
        return;
    }
    struct call *call = ucwa_wait(ask, 200);
    call->found = ucwa_resource(
        "search", json_pack("{s:{s:[]},s:b}", "_embedded", "contact", "moreResultsAvailable", 0),
        json_pack("{s:o}", "self", people_link(ask->app, "/search")));
    phone_search(ask->app->phone, call->tag, query, (size_t)limit);
}

void ucwa_tell_contacts(struct app *app)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice people = ucwa_path(app, arena, "/people");
    ucwa_put(app, "people", people,
             ucwa_event("updated", "myContacts", ucwa_path(app, arena, "/people/contacts")),
             PHONE_HIGH);
    ucwa_put(app, "people", people,
             ucwa_event("updated", "myGroups", ucwa_path(app, arena, "/people/groups")),
             PHONE_HIGH);
}

void ucwa_tell_person(struct app *app, const struct phone_news *news)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice address = news->person->address;
    struct slice people = ucwa_path(app, arena, "/people");
    struct slice contact = ucwa_path(app, arena, "/people/%.*s", SLICE_ARG(address));
    const struct {
        bool changed;
        const char *rel;
        struct slice href;
    } rows[] = {
        {news->card, "contact", contact},
        {news->presence, "contactPresence",
         ucwa_path(app, arena, "/people/%.*s/presence", SLICE_ARG(address))},
        {news->note, "contactNote", ucwa_path(app, arena, "/people/%.*s/note", SLICE_ARG(address))},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].changed)
            continue;
        json_t *event = ucwa_event("updated", rows[i].rel, rows[i].href);
        if (i > 0)
            json_object_set_new(
                event, "in", json_pack("{s:s,s:o}", "rel", "contact", "href", ucwa_text(contact)));
        ucwa_put(app, "people", people, event, PHONE_MEDIUM);
    }
}

const struct resource people_resources[] = {
    {HTTP_GET, "people", answer_people, 0},
    {HTTP_GET, "people/contacts", answer_contacts, 0},
    {HTTP_GET, "people/groups", answer_groups, 0},
    {HTTP_GET, "people/groups/*", answer_group, 0},
    {HTTP_GET, "people/groups/*/contacts", answer_group_contacts, 0},
    {HTTP_GET, "people/search", answer_search, 0},
    {HTTP_GET, "people/*", answer_contact, 0},
    {HTTP_GET, "people/*/presence", answer_contact_presence, 0},
    {HTTP_GET, "people/*/note", answer_contact_note, 0},
};
const size_t people_resource_count = sizeof people_resources / sizeof *people_resources;
