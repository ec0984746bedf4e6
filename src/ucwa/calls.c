/* What of a user's telephony can be read: numbers, and how calls are forwarded (phones_ref,
 * callForwardingSettings_ref). No call passes through this server, so none is forwarded; what may
 * be forwarded is as the user was provisioned (step 12.2 of the article). */
#include "ucwa/ucwa_priv.h"

static json_t *calls_link(const struct app *app, const char *tail)
{
    return ucwa_link("%.*s/me/%s", SLICE_ARG(app->base), tail);
}

/* ---- phones -------------------------------------------------------------------------------------
 */

/* The one of the contact card; absent if there is none. */
static json_t *phone_resource(struct app *app)
{
    struct slice number = phone_self(app->phone)->phone;
    if (slice_empty(number))
        return NULL;
    bool has_scheme = slice_starts_nocase(number, SLICE("tel:"));
    return ucwa_resource(
        "phone",
        json_pack("{s:o,s:s,s:b}", "number",
                  json_sprintf("%s%.*s", has_scheme ? "" : "tel:", SLICE_ARG(number)), "type",
                  "Work", "includeInContactCard", 1),
        json_pack("{s:o}", "self", calls_link(app, "phones/work")));
}

static void answer_phones(struct ask *ask)
{
    json_t *list = json_array(), *phone = phone_resource(ask->app);
    if (phone)
        json_array_append_new(list, phone);
    ucwa_reply(ask, 200,
               ucwa_resource("phones", json_pack("{s:{s:o}}", "_embedded", "phone", list),
                             json_pack("{s:o}", "self", calls_link(ask->app, "phones"))));
}

static void answer_phone(struct ask *ask)
{
    json_t *phone = phone_resource(ask->app);
    if (phone)
        ucwa_reply(ask, 200, phone);
    else
        ucwa_not_found(ask);
}

/* ---- call forwarding
 * ------------------------------------------------------------------------------ */

bool ucwa_may_forward(const struct app *app)
{
    const struct phone_settings *settings = phone_settings(app->phone);
    return settings && (settings->call_forwarding || settings->sim_ring);
}

#define FORWARDING "callForwardingSettings"

/* One of the three ways; none of them is on. */
static json_t *way(const struct app *app, const char *rel, bool has_delay)
{
    json_t *properties = json_pack("{s:s}", "target", "None");
    if (has_delay)
        json_object_set_new(properties, "ringDelay", json_integer(0));
    return ucwa_resource(
        rel, properties,
        json_pack("{s:o}", "self",
                  ucwa_link("%.*s/me/" FORWARDING "/%s", SLICE_ARG(app->base), rel)));
}

static const struct {
    const char *rel;
    bool simultaneous, delayed;
} ways[] = {{"immediateForwardSettings", false, false},
            {"simultaneousRingSettings", true, true},
            {"unansweredCallSettings", false, true}};

static bool may(const struct phone_settings *settings, size_t which)
{
    return ways[which].simultaneous ? settings->sim_ring : settings->call_forwarding;
}

static bool refused(struct ask *ask)
{
    struct fault fault;
    if (ucwa_may_forward(ask->app))
        return false;
    fault_set(&fault, ERR_DENIED, FINDING_UCWA_NO_VOICE, FORWARDING);
    ucwa_refuse(ask->app->ucwa, ask->later, 403, "Forbidden", NULL, &fault);
    return true;
}

static void answer_forwarding(struct ask *ask)
{
    if (refused(ask))
        return;
    const struct phone_settings *settings = phone_settings(ask->app->phone);
    json_t *embedded = json_object();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (may(settings, i))
            json_object_set_new(embedded, ways[i].rel, way(ask->app, ways[i].rel, ways[i].delayed));
    ucwa_reply(ask, 200,
               ucwa_resource(FORWARDING,
                             json_pack("{s:s,s:s,s:s,s:o}", "activePeriod", "Always",
                                       "activeSetting", "None", "unansweredCallHandling",
                                       "Disabled", "_embedded", embedded),
                             json_pack("{s:o}", "self", calls_link(ask->app, FORWARDING))));
}

static void answer_way(struct ask *ask)
{
    if (refused(ask))
        return;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (slice_eq_nocase(slice_of(ways[i].rel), ask->part[2]) &&
            may(phone_settings(ask->app->phone), i)) {
            ucwa_reply(ask, 200, way(ask->app, ways[i].rel, ways[i].delayed));
            return;
        }
    ucwa_not_found(ask);
}

const struct resource calls_resources[] = {
    {HTTP_GET, "me/phones", answer_phones, 0},
    {HTTP_GET, "me/phones/work", answer_phone, 0},
    {HTTP_GET, "me/" FORWARDING, answer_forwarding, 0},
    {HTTP_GET, "me/" FORWARDING "/*", answer_way, 0},
};
const size_t calls_resource_count = sizeof calls_resources / sizeof *calls_resources;
