/* Presence of people for a while: presenceSubscriptions, their members, those of a group
 * (presenceSubscription_ref, presenceSubscriptionMemberships_ref, addToPresenceSubscription_ref,
 * subscribeToGroupPresence_ref). */
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    MINUTE_MS = 60000,
    LONGEST_MS = 30 * MINUTE_MS,
    WARNING_MS = 2 * MINUTE_MS, /* before the end the client is told */
    URIS_MAX = 100              /* people of one subscription */
};

#define SUBSCRIPTIONS "/people/presenceSubscriptions"

void ucwa_subscription_free(struct subscription *subscription)
{
    LIST_REMOVE(subscription, next);
    arena_free(subscription->arena);
    free(subscription);
}

static bool watched_otherwise(const struct app *app, const struct subscription *but,
                              struct slice address)
{
    const struct subscription *subscription;
    LIST_FOREACH(subscription, &app->subscriptions, next)
    for (size_t i = 0; subscription != but && i < subscription->count; i++)
        if (slice_eq_nocase(subscription->people[i], address))
            return true;
    return false;
}

static void subscription_end(struct app *app, struct subscription *subscription)
{
    size_t left = 0;
    for (size_t i = 0; i < subscription->count; i++)
        if (!watched_otherwise(app, subscription, subscription->people[i]))
            subscription->people[left++] = subscription->people[i];
    if (left > 0)
        phone_unwatch(app->phone, ++app->tags, subscription->people, left);
    ucwa_subscription_free(subscription);
}

/* ---- as resources
 * --------------------------------------------------------------------------------- */

static struct slice path_of(const struct app *app, struct arena *arena,
                            const struct subscription *subscription)
{
    return ucwa_path(app, arena, SUBSCRIPTIONS "/%llu", (unsigned long long)subscription->id);
}

static json_t *resource_of(struct ask *ask, const struct subscription *subscription)
{
    struct slice path = path_of(ask->app, ask->arena, subscription);
    json_t *links =
        json_pack("{s:o,s:o,s:o}", "self", ucwa_link("%.*s", SLICE_ARG(path)), "memberships",
                  ucwa_link("%.*s/memberships", SLICE_ARG(path)), "addToPresenceSubscription",
                  ucwa_link("%.*s/memberships", SLICE_ARG(path)));
    return ucwa_resource(
        "presenceSubscription",
        json_pack("{s:o}", "id", json_sprintf("%llu", (unsigned long long)subscription->id)),
        links);
}

static json_t *membership(struct ask *ask, const struct subscription *subscription,
                          struct slice address)
{
    struct slice path = path_of(ask->app, ask->arena, subscription);
    json_t *links = json_pack(
        "{s:o,s:o,s:o}", "self",
        ucwa_link("%.*s/memberships/%.*s", SLICE_ARG(path), SLICE_ARG(address)), "contact",
        ucwa_link("%.*s/people/%.*s", SLICE_ARG(ask->app->base), SLICE_ARG(address)),
        "presenceSubscription", ucwa_link("%.*s", SLICE_ARG(path)));
    return ucwa_resource("presenceSubscriptionMembership", json_object(), links);
}

/* Of one subscription, or of all (NULL), under the address that was asked for. */
static json_t *memberships(struct ask *ask, const struct subscription *only, struct slice href)
{
    json_t *list = json_array();
    const struct subscription *subscription;
    LIST_FOREACH(subscription, &ask->app->subscriptions, next)
    for (size_t i = 0; (!only || only == subscription) && i < subscription->count; i++)
        json_array_append_new(list, membership(ask, subscription, subscription->people[i]));
    return ucwa_resource(
        "presenceSubscriptionMemberships",
        json_pack("{s:{s:o}}", "_embedded", "presenceSubscriptionMembership", list),
        json_pack("{s:o}", "self", ucwa_link("%.*s", SLICE_ARG(href))));
}

/* ---- what is asked for
 * ------------------------------------------------------------------------------ */

bool ucwa_minutes(struct ask *ask, uint64_t most, int64_t *ms)
{
    const json_t *value = ucwa_value(ask->body, "duration");
    uint64_t minutes = 10;
    struct slice text = ucwa_parameter(ask, "duration");
    if (json_is_integer(value))
        minutes = (uint64_t)json_integer_value(value);
    else if (!slice_absent(text) && slice_number(text, most, &minutes) < 0)
        return false;
    if (minutes < 10 || minutes > most)
        return false;
    *ms = (int64_t)minutes * MINUTE_MS;
    return true;
}

static bool add_address(struct subscription *subscription, struct slice said)
{
    struct slice address = said;
    if (slice_starts_nocase(address, SLICE("sip:")))
        address = slice_from(address, 4);
    if (!ucwa_is_address(address) || subscription->count >= URIS_MAX)
        return false;
    for (size_t i = 0; i < subscription->count; i++)
        if (slice_eq_nocase(subscription->people[i], address))
            return true;
    subscription->people[subscription->count++] = arena_copy(subscription->arena, address);
    return true;
}

/* By an array, or one in the query. */
static bool add_addresses(struct ask *ask, const char *name, struct subscription *subscription)
{
    size_t i;
    json_t *item;
    const json_t *list = ucwa_value(ask->body, name);
    struct slice single = ucwa_parameter(ask, name);
    if (!slice_absent(single))
        return add_address(subscription, single);
    json_array_foreach(
        list, i,
        item) if (!json_is_string(item) ||
                  !add_address(subscription, slice_make(json_string_value(item),
                                                        json_string_length(item)))) return false;
    return json_array_size(list) > 0;
}

/* A new one with nobody in it; NULL: there are too many, and the request is answered. */
static struct subscription *subscription_new(struct ask *ask)
{
    struct app *app = ask->app;
    struct subscription *other, *made;
    size_t count = 0;
    LIST_FOREACH(other, &app->subscriptions, next)
    count++;
    if (count >= UCWA_SUBSCRIPTIONS_MAX) {
        ucwa_refuse(app->ucwa, ask->later, 403, "Forbidden", "LimitExceeded", NULL);
        return NULL;
    }
    made = must_calloc(1, sizeof *made);
    made->arena = arena_new();
    made->people = arena_array(made->arena, struct slice, URIS_MAX);
    made->id = ++app->numbers;
    LIST_INSERT_HEAD(&app->subscriptions, made, next);
    return made;
}

/* Answered first: what the phone tells at once is news. */
static void begin(struct ask *ask, struct subscription *made, int64_t duration)
{
    struct app *app = ask->app;
    made->until = ask->now + duration;
    http_reply_header(ask->later->reply, ask->arena, "Location", "%.*s",
                      SLICE_ARG(path_of(app, ask->arena, made)));
    ucwa_reply(ask, 201, resource_of(ask, made));
    phone_watch(app->phone, ++app->tags, made->people, made->count);
}

static void answer_subscribe(struct ask *ask)
{
    int64_t duration;
    struct subscription *made = subscription_new(ask);
    if (!made)
        return;
    if (ucwa_minutes(ask, 30, &duration) && add_addresses(ask, "uris", made)) {
        begin(ask, made, duration);
        return;
    }
    ucwa_subscription_free(made);
    ucwa_refuse_parameter(ask, "duration, or uris");
}

static void answer_subscribe_group(struct ask *ask)
{
    size_t count = 0;
    int64_t duration;
    const struct phone_group *group = ucwa_find_group(ask);
    const struct phone_contact *contacts = phone_contacts(ask->app->phone, &count);
    struct subscription *made = group ? subscription_new(ask) : NULL;
    if (!group)
        ucwa_not_found(ask);
    if (!made)
        return;
    for (size_t i = 0; contacts && i < count; i++)
        if (group->id > 0 && (contacts[i].groups & (UINT64_C(1) << (group->id - 1))))
            add_address(made, contacts[i].address);
    if (made->count > 0 && ucwa_minutes(ask, 30, &duration)) {
        begin(ask, made, duration);
        return;
    }
    ucwa_subscription_free(made);
    ucwa_refuse_parameter(ask, "duration, or nobody in the group");
}

static struct subscription *find(struct ask *ask)
{
    uint64_t id;
    struct subscription *subscription;
    if (slice_number(ask->part[2], INT64_MAX, &id) < 0)
        return NULL;
    LIST_FOREACH(subscription, &ask->app->subscriptions, next)
    if (subscription->id == id)
        return subscription;
    return NULL;
}

/* A length is added to what is left, up to the longest. */
static void prolong(struct ask *ask, struct subscription *subscription, int64_t duration)
{
    int64_t until = subscription->until + duration, last = ask->now + LONGEST_MS;
    subscription->until = until < last ? until : last;
    subscription->warned = false;
}

static void answer_subscription(struct ask *ask)
{
    struct subscription *subscription = find(ask);
    int64_t duration;
    if (!subscription) {
        ucwa_not_found(ask);
    } else if (ask->request->method == HTTP_DELETE) {
        ucwa_reply(ask, 204, NULL);
        subscription_end(ask->app, subscription);
    } else if (ask->request->method == HTTP_GET) {
        ucwa_reply(ask, 200, resource_of(ask, subscription));
    } else if (ucwa_minutes(ask, 30, &duration)) {
        prolong(ask, subscription, duration);
        ucwa_reply(ask, 200, resource_of(ask, subscription));
    } else {
        ucwa_refuse_parameter(ask, "duration");
    }
}

/* ---- members
 * ----------------------------------------------------------------------------------------- */

static void answer_members(struct ask *ask)
{
    struct subscription *subscription = find(ask);
    if (!subscription) {
        ucwa_not_found(ask);
        return;
    }
    struct slice href = ucwa_path(ask->app, ask->arena, SUBSCRIPTIONS "/%llu/memberships",
                                  (unsigned long long)subscription->id);
    if (ask->request->method == HTTP_GET) {
        ucwa_reply(ask, 200, memberships(ask, subscription, href));
        return;
    }
    size_t before = subscription->count;
    if (!add_addresses(ask, "contactUris", subscription)) {
        subscription->count = before;
        ucwa_refuse_parameter(ask, "contactUris");
        return;
    }
    ucwa_reply(ask, 201, memberships(ask, subscription, href));
    if (subscription->count > before)
        phone_watch(ask->app->phone, ++ask->app->tags, subscription->people + before,
                    subscription->count - before);
}

static void leave(struct app *app, struct subscription *subscription, size_t at)
{
    struct slice gone = subscription->people[at];
    for (size_t i = at + 1; i < subscription->count; i++)
        subscription->people[i - 1] = subscription->people[i];
    subscription->count--;
    if (!watched_otherwise(app, NULL, gone))
        phone_unwatch(app->phone, ++app->tags, &gone, 1);
}

static void answer_member(struct ask *ask)
{
    struct subscription *subscription = find(ask);
    for (size_t i = 0; subscription && i < subscription->count; i++) {
        if (!slice_eq_nocase(subscription->people[i], ask->part[4]))
            continue;
        if (ask->request->method == HTTP_GET) {
            ucwa_reply(ask, 200, membership(ask, subscription, subscription->people[i]));
        } else {
            ucwa_reply(ask, 204, NULL);
            leave(ask->app, subscription, i);
        }
        return;
    }
    ucwa_not_found(ask);
}

static void answer_all_members(struct ask *ask)
{
    struct slice href = ucwa_path(ask->app, ask->arena, "/people/presenceSubscriptionMemberships");
    ucwa_reply(ask, 200, memberships(ask, NULL, href));
}

static void answer_subscribed(struct ask *ask)
{
    struct app *app = ask->app;
    json_t *list = json_array(), *seen = json_object();
    const struct subscription *subscription;
    LIST_FOREACH(subscription, &app->subscriptions, next)
    for (size_t i = 0; i < subscription->count; i++) {
        const char *address = subscription->people[i].at;
        if (!json_object_get(seen, address))
            json_array_append_new(
                list, ucwa_contact(app, phone_person(app->phone, subscription->people[i])));
        json_object_set_new(seen, address, json_true());
    }
    json_decref(seen);
    ucwa_reply(ask, 200,
               ucwa_resource(
                   "subscribedContacts", json_pack("{s:{s:o}}", "_embedded", "contact", list),
                   json_pack("{s:o}", "self",
                             ucwa_link("%.*s/people/subscribedContacts", SLICE_ARG(app->base)))));
}

/* ---- time
 * ------------------------------------------------------------------------------------------- */

int64_t ucwa_subscriptions_due(const struct app *app)
{
    int64_t due = INT64_MAX;
    const struct subscription *subscription;
    LIST_FOREACH(subscription, &app->subscriptions, next)
    {
        int64_t next = subscription->until - (subscription->warned ? 0 : WARNING_MS);
        due = next < due ? next : due;
    }
    return due;
}

static void tell(struct app *app, const struct subscription *subscription, const char *type)
{
    scoped(arena) struct arena *arena = arena_new();
    ucwa_put(app, "people", ucwa_path(app, arena, "/people"),
             ucwa_event(type, "presenceSubscription", path_of(app, arena, subscription)),
             PHONE_MEDIUM);
}

/* *updated* some time before the end, so that the client may prolong it; *deleted* then. */
void ucwa_subscriptions_tick(struct app *app, int64_t now)
{
    struct subscription *subscription = LIST_FIRST(&app->subscriptions), *next;
    for (; subscription; subscription = next) {
        next = LIST_NEXT(subscription, next);
        if (now >= subscription->until) {
            tell(app, subscription, "deleted");
            subscription_end(app, subscription);
        } else if (!subscription->warned && now >= subscription->until - WARNING_MS) {
            subscription->warned = true;
            tell(app, subscription, "updated");
        }
    }
}

const struct resource subscription_resources[] = {
    {HTTP_POST, "people/presenceSubscriptions", answer_subscribe, 0},
    {HTTP_GET | HTTP_POST | HTTP_DELETE, "people/presenceSubscriptions/*", answer_subscription, 0},
    {HTTP_GET | HTTP_POST, "people/presenceSubscriptions/*/memberships", answer_members, 0},
    {HTTP_GET | HTTP_DELETE, "people/presenceSubscriptions/*/memberships/*", answer_member, 0},
    {HTTP_GET, "people/presenceSubscriptionMemberships", answer_all_members, 0},
    {HTTP_GET, "people/subscribedContacts", answer_subscribed, 0},
    {HTTP_POST, "people/groups/*/presence", answer_subscribe_group, 0},
};
const size_t subscription_resource_count =
    sizeof subscription_resources / sizeof *subscription_resources;
