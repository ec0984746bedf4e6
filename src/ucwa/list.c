/* myContactsAndGroupsSubscription: while it lasts, each change of the user's list is told by
 * itself: which group came or went or has another name, who came into which group or left it
 * (myContactsAndGroupsSubscription_ref, group_ref, contact_ref). */
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    MINUTE_MS = 60000,
    LONGEST_MINUTES = 60,
    WARNING_MS = 2 * MINUTE_MS
};

#define LIST_PATH "/people/myContactsAndGroupsSubscription"

/* The list as it was told last. */
struct known_list {
    struct arena *arena;
    struct phone_group *groups;
    size_t group_count;
    struct phone_contact *contacts;
    size_t contact_count;
    int64_t until;
    bool warned;
};

void ucwa_list_free(struct app *app)
{
    if (!app->list)
        return;
    arena_free(app->list->arena);
    free(app->list);
    app->list = NULL;
}

/* What the phone has now. */
static void remember(struct app *app)
{
    struct known_list *list = app->list;
    const struct phone_group *groups = phone_groups(app->phone, &list->group_count);
    const struct phone_contact *contacts = phone_contacts(app->phone, &list->contact_count);
    arena_free(list->arena);
    list->arena = arena_new();
    list->groups = arena_array(list->arena, struct phone_group, list->group_count + 1);
    list->contacts = arena_array(list->arena, struct phone_contact, list->contact_count + 1);
    for (size_t i = 0; i < list->group_count; i++)
        list->groups[i] =
            (struct phone_group){groups[i].id, arena_copy(list->arena, groups[i].name)};
    for (size_t i = 0; i < list->contact_count; i++)
        list->contacts[i] =
            (struct phone_contact){arena_copy(list->arena, contacts[i].address),
                                   arena_copy(list->arena, contacts[i].alias), contacts[i].groups};
}

/* ---- changes
 * ------------------------------------------------------------------------------------------ */

static const struct phone_group *group_in(const struct phone_group *groups, size_t count,
                                          unsigned id)
{
    for (size_t i = 0; groups && i < count; i++)
        if (groups[i].id == id)
            return &groups[i];
    return NULL;
}

static const struct phone_contact *contact_in(const struct phone_contact *contacts, size_t count,
                                              struct slice address)
{
    for (size_t i = 0; contacts && i < count; i++)
        if (slice_eq_nocase(contacts[i].address, address))
            return &contacts[i];
    return NULL;
}

static void put(struct app *app, json_t *event, const char *in_rel, struct slice in_href)
{
    scoped(arena) struct arena *arena = arena_new();
    json_object_set_new(event, "in",
                        json_pack("{s:s,s:o}", "rel", in_rel, "href", ucwa_text(in_href)));
    ucwa_put(app, "people", ucwa_path(app, arena, "/people"), event, PHONE_HIGH);
}

static const char *group_rel(unsigned id)
{
    return id == 1 ? "defaultGroup" : "group";
}

static void put_group(struct app *app, unsigned id, const char *type)
{
    scoped(arena) struct arena *arena = arena_new();
    put(app, ucwa_event(type, group_rel(id), ucwa_path(app, arena, "/people/groups/%u", id)),
        "myGroups", ucwa_path(app, arena, "/people/groups"));
}

static void put_contact(struct app *app, struct slice address, unsigned id, const char *type)
{
    scoped(arena) struct arena *arena = arena_new();
    put(app, ucwa_event(type, "contact", ucwa_path(app, arena, "/people/%.*s", SLICE_ARG(address))),
        group_rel(id), ucwa_path(app, arena, "/people/groups/%u", id));
}

/* Somebody's groups before and now. */
static void tell_groups_of(struct app *app, struct slice address, uint64_t before, uint64_t now,
                           bool renamed)
{
    for (unsigned id = 1; id <= 64; id++) {
        bool was = before >> (id - 1) & 1, is = now >> (id - 1) & 1;
        if (was != is)
            put_contact(app, address, id, is ? "added" : "deleted");
        else if (is && renamed)
            put_contact(app, address, id, "updated");
    }
}

static void tell_groups(struct app *app, const struct known_list *old)
{
    size_t count = 0;
    const struct phone_group *groups = phone_groups(app->phone, &count);
    for (size_t i = 0; groups && i < count; i++) {
        const struct phone_group *was = group_in(old->groups, old->group_count, groups[i].id);
        if (!was)
            put_group(app, groups[i].id, "added");
        else if (!slice_eq(was->name, groups[i].name))
            put_group(app, groups[i].id, "updated");
    }
    for (size_t i = 0; i < old->group_count; i++)
        if (!group_in(groups, count, old->groups[i].id))
            put_group(app, old->groups[i].id, "deleted");
}

static void tell_contacts(struct app *app, const struct known_list *old)
{
    size_t count = 0;
    const struct phone_contact *contacts = phone_contacts(app->phone, &count);
    for (size_t i = 0; contacts && i < count; i++) {
        const struct phone_contact *was =
            contact_in(old->contacts, old->contact_count, contacts[i].address);
        tell_groups_of(app, contacts[i].address, was ? was->groups : 0, contacts[i].groups,
                       was && !slice_eq(was->alias, contacts[i].alias));
    }
    for (size_t i = 0; i < old->contact_count; i++)
        if (!contact_in(contacts, count, old->contacts[i].address))
            tell_groups_of(app, old->contacts[i].address, old->contacts[i].groups, 0, false);
}

void ucwa_list_tell(struct app *app)
{
    if (!app->list)
        return;
    tell_groups(app, app->list);
    tell_contacts(app, app->list);
    remember(app);
}

/* ---- the resource
 * ---------------------------------------------------------------------------------------- */

static json_t *resource_of(const struct app *app)
{
    json_t *links =
        json_pack("{s:o,s:o}", "self", ucwa_link("%.*s" LIST_PATH, SLICE_ARG(app->base)),
                  "startOrRefreshSubscriptionToContactsAndGroups",
                  ucwa_link("%.*s" LIST_PATH "/startOrRefreshSubscriptionToContactsAndGroups",
                            SLICE_ARG(app->base)));
    if (app->list)
        json_object_set_new(links, "stopSubscriptionToContactsAndGroups",
                            ucwa_link("%.*s" LIST_PATH "/stopSubscriptionToContactsAndGroups",
                                      SLICE_ARG(app->base)));
    return ucwa_resource("myContactsAndGroupsSubscription",
                         json_pack("{s:s}", "state", app->list ? "Connected" : "Disconnected"),
                         links);
}

static void answer_list(struct ask *ask)
{
    ucwa_reply(ask, 200, resource_of(ask->app));
}

static void answer_start(struct ask *ask)
{
    struct app *app = ask->app;
    int64_t duration;
    if (!ucwa_minutes(ask, LONGEST_MINUTES, &duration)) {
        ucwa_refuse_parameter(ask, "duration");
        return;
    }
    if (!app->list) {
        app->list = must_calloc(1, sizeof *app->list);
        app->list->until = ask->now;
        remember(app);
    }
    int64_t until = app->list->until + duration;
    int64_t last = ask->now + (int64_t)LONGEST_MINUTES * MINUTE_MS;
    app->list->until = until < last ? until : last;
    app->list->warned = false;
    ucwa_reply(ask, 201, resource_of(app));
}

static void answer_stop(struct ask *ask)
{
    ucwa_list_free(ask->app);
    ucwa_reply(ask, 204, NULL);
}

int64_t ucwa_list_due(const struct app *app)
{
    if (!app->list)
        return INT64_MAX;
    return app->list->until - (app->list->warned ? 0 : WARNING_MS);
}

static void tell_state(struct app *app)
{
    scoped(arena) struct arena *arena = arena_new();
    ucwa_put(
        app, "people", ucwa_path(app, arena, "/people"),
        ucwa_event("updated", "myContactsAndGroupsSubscription", ucwa_path(app, arena, LIST_PATH)),
        PHONE_MEDIUM);
}

void ucwa_list_tick(struct app *app, int64_t now)
{
    if (now < ucwa_list_due(app))
        return;
    if (now >= app->list->until)
        ucwa_list_free(app);
    else
        app->list->warned = true;
    tell_state(app);
}

const struct resource list_resources[] = {
    {HTTP_GET, "people/myContactsAndGroupsSubscription", answer_list, 0},
    {HTTP_POST,
     "people/myContactsAndGroupsSubscription/startOrRefreshSubscriptionToContactsAndGroups",
     answer_start, 0},
    {HTTP_POST, "people/myContactsAndGroupsSubscription/stopSubscriptionToContactsAndGroups",
     answer_stop, 0},
};
const size_t list_resource_count = sizeof list_resources / sizeof *list_resources;
