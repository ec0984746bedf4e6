/* communication: what this application offers to talk by (communication_ref). A client changes it
 * by PUT of the whole, with If-Match and the member of a random name that the GET had; so it
 * cannot undo what another has changed, nor leave out what it does not know. */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

#define PASS_ON "please pass this in a PUT request"

static struct slice etag_of(const struct app *app, struct arena *arena)
{
    return arena_print(arena, "%llu", (unsigned long long)app->edition);
}

json_t *ucwa_communication(struct app *app)
{
    const char *base = "/communication";
    json_t *links =
        json_pack("{s:o,s:o}", "self", ucwa_link("%.*s%s", SLICE_ARG(app->base), base),
                  "conversations", ucwa_link("%.*s%s/conversations", SLICE_ARG(app->base), base));
    json_t *modalities = json_array(), *formats = json_array();
    if (app->available) {
        json_array_append_new(modalities, json_string("Messaging"));
        json_object_set_new(links, "startMessaging",
                            ucwa_link("%.*s%s/messagingInvitations", SLICE_ARG(app->base), base));
    }
    if (app->formats & UCWA_PLAIN)
        json_array_append_new(formats, json_string("Plain"));
    if (app->formats & UCWA_HTML)
        json_array_append_new(formats, json_string("Html"));
    json_t *communication =
        json_pack("{s:o,s:o,s:o}", "supportedModalities", modalities, "supportedMessageFormats",
                  formats, "etag", json_sprintf("%llu", (unsigned long long)app->edition));
    if (app->phone_number)
        json_object_set_new(communication, "phoneNumber", json_string(app->phone_number));
    if (app->audio)
        json_object_set_new(communication, "audioPreference", json_string(app->audio));
    json_object_set_new(communication, app->guid.at, json_string(PASS_ON));
    return ucwa_resource("communication", communication, links);
}

static void answer_communication(struct ask *ask)
{
    ucwa_reply(ask, 200, ucwa_communication(ask->app));
}

/* ---- what a client offers
 * ------------------------------------------------------------------------ */

/* A list of known words; those that are no format are of no use here. */
static bool read_words(const json_t *list, const char *const *known, unsigned *found)
{
    size_t i;
    json_t *item;
    *found = 0;
    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, item)
    {
        bool good = false;
        for (unsigned k = 0; known[k]; k++)
            if (json_is_string(item) &&
                slice_eq_nocase(slice_of(json_string_value(item)), slice_of(known[k]))) {
                *found |= 1U << k;
                good = true;
            }
        if (!good)
            return false;
    }
    return true;
}

bool ucwa_offer_read(struct ask *ask, struct offer *offer)
{
    /* MessageFormat and ModalityType; the first two by the bits of `formats`. */
    static const char *const formats[] = {"Plain", "Html", NULL};
    static const char *const modalities[] = {
        "Messaging",         "Audio",          "Video", "PhoneAudio", "ApplicationSharing",
        "DataCollaboration", "PanoramicVideo", NULL};
    static const char *const audio[] = {"PhoneAudio", "VoipAudio"};
    const json_t *said = ucwa_value(ask->body, "supportedMessageFormats");
    unsigned passed;
    *offer = (struct offer){.formats = ask->app->formats,
                            .phone_number = ucwa_parameter(ask, "phoneNumber"),
                            .audio = ucwa_parameter(ask, "audioPreference")};
    if (json_array_size(said) > 0 && !read_words(said, formats, &offer->formats))
        return false;
    said = ucwa_value(ask->body, "supportedModalities");
    if (json_array_size(said) > 0 && !read_words(said, modalities, &passed))
        return false;
    return offer->phone_number.len <= UCWA_WORD_MAX &&
           (slice_empty(offer->audio) || slice_eq_nocase(offer->audio, slice_of(audio[0])) ||
            slice_eq_nocase(offer->audio, slice_of(audio[1])));
}

static void keep(char **field, struct slice said, struct arena *arena)
{
    if (slice_absent(said))
        return;
    free(*field);
    *field = said.len > 0 ? must_strdup(arena_copy(arena, said).at) : NULL;
}

void ucwa_offer_keep(struct app *app, const struct offer *offer)
{
    scoped(arena) struct arena *arena = arena_new();
    app->formats = offer->formats;
    keep(&app->phone_number, offer->phone_number, arena);
    keep(&app->audio, offer->audio, arena);
}

/* ---- PUT
 * ----------------------------------------------------------------------------------------- */

/* Everything that the GET had and that is not understood comes back and is passed over: links,
 * rel, etag. */
static void answer_change(struct ask *ask)
{
    struct app *app = ask->app;
    struct slice match = http_header(ask->request, "If-Match");
    struct fault fault;
    struct offer offer;
    if (slice_absent(match)) {
        ucwa_refuse(app->ucwa, ask->later, 428, "PreconditionRequired", NULL, NULL);
    } else if (!ucwa_etag_is(match, etag_of(app, ask->arena))) {
        fault_set(&fault, ERR_CONFLICT, FINDING_UCWA_STALE, "communication");
        ucwa_refuse(app->ucwa, ask->later, 412, "PreconditionFailed", NULL, &fault);
    } else if (!slice_eq(ucwa_member(ask->body, app->guid.at), SLICE(PASS_ON))) {
        ucwa_refuse_parameter(ask, "the member %.*s is missing", SLICE_ARG(app->guid));
    } else if (!ucwa_offer_read(ask, &offer)) {
        ucwa_refuse_parameter(ask, "what communication offers");
    } else {
        struct slice href = ucwa_path(app, ask->arena, "/communication");
        ucwa_offer_keep(app, &offer);
        app->edition++;
        ucwa_put(app, "communication", href, ucwa_event("updated", "communication", href),
                 PHONE_MEDIUM);
        http_reply_header(ask->later->reply, ask->arena, "ETag", "\"%.*s\"",
                          SLICE_ARG(etag_of(app, ask->arena)));
        ucwa_reply(ask, 200, NULL);
        ucwa_wake(app);
    }
}

const struct resource communication_resources[] = {
    {HTTP_GET, "communication", answer_communication, 0},
    {HTTP_PUT, "communication", answer_change, 0},
};
const size_t communication_resource_count =
    sizeof communication_resources / sizeof *communication_resources;
