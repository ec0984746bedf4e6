/* me and what hangs on it: mobility.md 2.3. */
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    LOCATION_MAX = 60 /* characters (location_ref) */
};

/* The numbers of [MS-PRES] section 2.2.2.9.1: each word reigns up to the next one's number. */
static const struct {
    const char *word;
    int number;
} states[] = {
    {"Online", 3500},       {"IdleOnline", 5000},   {"Busy", 6500},  {"IdleBusy", 7500},
    {"DoNotDisturb", 9500}, {"BeRightBack", 12500}, {"Away", 15500}, {"Offline", 18500},
};

const char *ucwa_availability(int number)
{
    const char *word = NULL;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (number >= states[i].number - 500)
            word = states[i].word;
    return word ? word : "None";
}

int ucwa_availability_number(struct slice word)
{
    /* What one may say of oneself (PreferredAvailability_ref). */
    static const char *const said[] = {"Online", "Busy", "DoNotDisturb", "BeRightBack", "Away"};
    if (slice_eq_nocase(word, SLICE("Offwork")))
        return 15500;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (slice_eq_nocase(word, slice_of(said[i])))
            for (size_t j = 0; j < sizeof states / sizeof *states; j++)
                if (states[j].word == said[i] || slice_eq(slice_of(states[j].word), word) ||
                    slice_eq_nocase(slice_of(states[j].word), word))
                    return states[j].number;
    return -1;
}

static json_t *own_link(const struct app *app, const char *tail)
{
    return ucwa_link("%.*s/me%s", SLICE_ARG(app->base), tail);
}

bool ucwa_shows_photos(const struct app *app)
{
    const struct phone_settings *settings = phone_settings(app->phone);
    return settings && settings->show_photos;
}

json_t *ucwa_photo_link(const struct app *app, struct slice address)
{
    return ucwa_link("%.*s/photos/%.*s", SLICE_ARG(app->base), SLICE_ARG(address));
}

json_t *ucwa_me(struct app *app)
{
    const struct phone_person *self = phone_self(app->phone);
    json_t *links = json_pack("{s:o}", "self", own_link(app, "")), *mails = json_array();
    if (app->available) {
        json_object_set_new(links, "presence", own_link(app, "/presence"));
        json_object_set_new(links, "note", own_link(app, "/note"));
        json_object_set_new(links, "location", own_link(app, "/location"));
        json_object_set_new(links, "reportMyActivity", own_link(app, "/reportMyActivity"));
    } else {
        json_object_set_new(links, "makeMeAvailable", own_link(app, "/makeMeAvailable"));
    }
    json_object_set_new(links, "phones", own_link(app, "/phones"));
    if (ucwa_may_forward(app))
        json_object_set_new(links, "callForwardingSettings",
                            own_link(app, "/callForwardingSettings"));
    if (ucwa_shows_photos(app))
        json_object_set_new(links, "photo", ucwa_photo_link(app, app->account));
    if (self->email.len > 0)
        json_array_append_new(mails, ucwa_text(self->email));
    json_t *me = json_pack(
        "{s:o,s:o,s:o}", "name", ucwa_text(self->name.len > 0 ? self->name : app->account), "uri",
        json_sprintf("sip:%.*s", SLICE_ARG(app->account)), "emailAddresses", mails);
    const struct {
        const char *name;
        struct slice text;
    } rows[] = {{"title", self->title},
                {"company", self->company},
                {"department", self->department},
                {"officeLocation", self->office},
                {"workPhoneNumber", self->phone}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].text.len > 0)
            json_object_set_new(me, rows[i].name, ucwa_text(rows[i].text));
    return ucwa_resource("me", me, links);
}

static void answer_me(struct ask *ask)
{
    ucwa_reply(ask, 200, ucwa_me(ask->app));
}

/* ---- makeMeAvailable ----------------------------------------------------------------------- */

/* What changes with it, as the manual shows it (ReceiveAnIM, step 7). */
void ucwa_tell_available(struct app *app)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice me = ucwa_path(app, arena, "/me");
    struct slice communication = ucwa_path(app, arena, "/communication");
    static const char *const added[] = {"presence", "note", "location"};
    ucwa_put(app, "me", me, ucwa_event("updated", "me", me), PHONE_HIGH);
    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        ucwa_put(app, "me", me,
                 ucwa_event("added", added[i], ucwa_path(app, arena, "/me/%s", added[i])),
                 PHONE_HIGH);
    json_t *event = ucwa_event("updated", "communication", communication);
    json_object_set_new(event, "_embedded",
                        json_pack("{s:o}", "communication", ucwa_communication(app)));
    ucwa_put(app, "communication", communication, event, PHONE_HIGH);
}

static void answer_available(struct ask *ask)
{
    struct app *app = ask->app;
    struct slice as = ucwa_parameter(ask, "signInAs");
    int state = slice_empty(as) ? 3500 : ucwa_availability_number(as);
    struct offer offer;
    if (app->available || app->appearing) {
        ucwa_refuse(app->ucwa, ask->later, 409, "Conflict", "AlreadyExists", NULL);
        return;
    }
    if (state < 0) {
        ucwa_refuse_parameter(ask, "signInAs");
        return;
    }
    enum offer_flaw flaw = ucwa_offer_read(ask, &offer);
    if (flaw != OFFER_GOOD) {
        ucwa_offer_refuse(ask, flaw);
        return;
    }
    ucwa_offer_keep(app, &offer);
    struct call *call = ucwa_wait(ask, 204);
    call->appears = app->appearing = true;
    phone_appear(app->phone, call->tag, state);
}

static void answer_activity(struct ask *ask)
{
    phone_active(ask->app->phone);
    ucwa_reply(ask, 204, NULL);
}

/* ---- presence and note ---------------------------------------------------------------------- */

static void answer_presence(struct ask *ask)
{
    const struct phone_person *self = phone_self(ask->app->phone);
    json_t *presence = json_pack("{s:s}", "availability", ucwa_availability(self->availability));
    if (self->activity.len > 0)
        json_object_set_new(presence, "activity", ucwa_text(self->activity));
    ucwa_reply(ask, 200,
               ucwa_resource("presence", presence,
                             json_pack("{s:o}", "self", own_link(ask->app, "/presence"))));
}

/* Without a word the state is automatic again. */
static void answer_set_presence(struct ask *ask)
{
    struct slice word = ucwa_parameter(ask, "availability");
    int state = slice_empty(word) ? 0 : ucwa_availability_number(word);
    if (state < 0) {
        ucwa_refuse_parameter(ask, "availability");
        return;
    }
    struct call *call = ucwa_wait(ask, 204);
    phone_publish_state(ask->app->phone, call->tag, state);
}

static void answer_note(struct ask *ask)
{
    const struct phone_person *self = phone_self(ask->app->phone);
    ucwa_reply(ask, 200,
               ucwa_resource("note",
                             json_pack("{s:o,s:s}", "message", ucwa_text(self->note), "type",
                                       self->out_of_office ? "OutOfOffice" : "Personal"),
                             json_pack("{s:o}", "self", own_link(ask->app, "/note"))));
}

static void answer_set_note(struct ask *ask)
{
    struct slice message = ucwa_parameter(ask, "message");
    if (message.len > PHONE_TEXT_MAX) {
        ucwa_refuse_parameter(ask, "message of %zu bytes", message.len);
        return;
    }
    struct call *call = ucwa_wait(ask, 204);
    phone_publish_note(ask->app->phone, call->tag, message);
}

static size_t utf8_length(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

/* A place in the user's words, for this application: other people are told of places by nobody
 * here, so it is kept and said again. */
static void answer_location(struct ask *ask)
{
    struct slice place = slice_of(ask->app->location ? ask->app->location : "");
    ucwa_reply(ask, 200,
               ucwa_resource("location", json_pack("{s:o}", "location", ucwa_text(place)),
                             json_pack("{s:o}", "self", own_link(ask->app, "/location"))));
}

static void answer_set_location(struct ask *ask)
{
    struct app *app = ask->app;
    struct slice place = ucwa_parameter(ask, "location");
    if (utf8_length(place) > LOCATION_MAX) {
        ucwa_refuse_parameter(ask, "location is longer than %d characters", LOCATION_MAX);
        return;
    }
    free(app->location);
    app->location = slice_empty(place) ? NULL : must_strdup(arena_copy(ask->arena, place).at);
    struct slice me = ucwa_path(app, ask->arena, "/me");
    ucwa_put(app, "me", me,
             ucwa_event("updated", "location", ucwa_path(app, ask->arena, "/me/location")),
             PHONE_MEDIUM);
    ucwa_reply(ask, 204, NULL);
    ucwa_wake(app);
}

void ucwa_tell_self(struct app *app, const struct phone_news *news)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice me = ucwa_path(app, arena, "/me");
    if (news->card)
        ucwa_put(app, "me", me, ucwa_event("updated", "me", me), PHONE_MEDIUM);
    if (news->presence && app->available)
        ucwa_put(app, "me", me,
                 ucwa_event("updated", "presence", ucwa_path(app, arena, "/me/presence")),
                 PHONE_MEDIUM);
    if (news->note && app->available)
        ucwa_put(app, "me", me, ucwa_event("updated", "note", ucwa_path(app, arena, "/me/note")),
                 PHONE_MEDIUM);
}

/* ---- policies ---------------------------------------------------------------------------------
 */

/* Flat, of what the phone was provisioned with (policies_ref). */
static void answer_policies(struct ask *ask)
{
    const struct phone_settings *settings = phone_settings(ask->app->phone);
    json_t *policies = json_object();
    if (settings && settings->voicemail_uri.len > 0)
        json_object_set_new(policies, "voicemailUri", ucwa_text(settings->voicemail_uri));
    if (settings)
        json_object_set_new(policies, "photos",
                            json_string(settings->show_photos ? "Enabled" : "Disabled"));
    ucwa_reply(ask, 200,
               ucwa_resource("policies", policies,
                             json_pack("{s:o}", "self",
                                       ucwa_link("%.*s/policies", SLICE_ARG(ask->app->base)))));
}

const struct resource me_resources[] = {
    {HTTP_GET, "me", answer_me, 0},
    {HTTP_POST, "me/makeMeAvailable", answer_available, 0},
    {HTTP_POST, "me/reportMyActivity", answer_activity, RESOURCE_AVAILABLE},
    /* Some clients build this address themselves (mobility.md section 5). */
    {HTTP_POST, "reportMyActivity", answer_activity, RESOURCE_AVAILABLE},
    {HTTP_GET, "me/presence", answer_presence, RESOURCE_AVAILABLE},
    {HTTP_POST, "me/presence", answer_set_presence, RESOURCE_AVAILABLE},
    {HTTP_GET, "me/note", answer_note, RESOURCE_AVAILABLE},
    {HTTP_POST, "me/note", answer_set_note, RESOURCE_AVAILABLE},
    {HTTP_GET, "me/location", answer_location, RESOURCE_AVAILABLE},
    {HTTP_POST, "me/location", answer_set_location, RESOURCE_AVAILABLE},
    {HTTP_GET, "policies", answer_policies, 0},
};
const size_t me_resource_count = sizeof me_resources / sizeof *me_resources;
