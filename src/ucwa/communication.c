/* communication: what this application offers to talk by (communication_ref). A client changes it
 * by PUT of the whole, with If-Match and the member of a random name that the GET had; so it
 * cannot undo what another has changed, nor leave out what it does not know. */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

enum {
    MINUTE_MS = 60000,
    DAY_MINUTES = 24 * 60
};

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

/* A .NET TimeSpan, "00:05:00" or "PT5M", or minutes; false: it is none of them. */
static bool read_span(struct slice text, int64_t *ms)
{
    uint64_t number, total = 0;
    struct slice part;
    const bool marked = slice_starts(text, SLICE("PT"));
    const char *units = marked ? "HMS" : ":::";
    text = marked ? slice_from(text, 2) : text;
    if (slice_empty(text) || slice_number(text, DAY_MINUTES, &number) == 0) {
        *ms = slice_empty(text) ? 0 : (int64_t)number * MINUTE_MS;
        return !slice_empty(text) && !marked;
    }
    for (uint64_t unit = 3600; unit > 0; unit /= 60, units++) {
        ptrdiff_t end = slice_index(text, *units);
        if (end < 0 && (marked || unit == 1)) {
            if (marked)
                continue;
            end = (ptrdiff_t)text.len;
        }
        part = slice_head(text, end < 0 ? 0 : (size_t)end);
        if (slice_number(part, DAY_MINUTES * 60, &number) < 0)
            return false;
        total += number * unit;
        text = slice_from(text, (size_t)end + 1);
    }
    *ms = (int64_t)total * 1000;
    return text.len == 0 && total > 0;
}

/* A number as its user dials it, as the dial plan has it (NormalizationFailed if it has none). */
static bool read_number(struct ask *ask, struct slice said, struct slice *number)
{
    char out[256];
    if (slice_starts_nocase(said, SLICE("tel:")))
        said = slice_from(said, 4);
    *number = said;
    if (slice_empty(said))
        return true;
    if (slice_starts(said, SLICE("+"))) {
        *number = arena_print(ask->arena, "tel:%.*s", SLICE_ARG(said));
        return true;
    }
    if (!phone_normalize(ask->app->phone, said, out))
        return false;
    *number = arena_copy(ask->arena, slice_of(out));
    return true;
}

/* What is not said stays as it is. */
enum offer_flaw ucwa_offer_read(struct ask *ask, struct offer *offer)
{
    /* MessageFormat and ModalityType; the first two by the bits of `formats`. */
    static const char *const formats[] = {"Plain", "Html", NULL};
    /* The first two are what an application may want (makeMeAvailable_ref). */
    static const char *const modalities[] = {
        "Messaging",          "PhoneAudio",        "Audio",          "Video",
        "ApplicationSharing", "DataCollaboration", "PanoramicVideo", NULL};
    static const char *const audio[] = {"PhoneAudio", "VoipAudio"};
    const json_t *said = ucwa_value(ask->body, "supportedMessageFormats");
    struct slice number = ucwa_parameter(ask, "phoneNumber");
    struct slice idle = ucwa_parameter(ask, "inactiveTimeout");
    unsigned wanted = 0;
    *offer = (struct offer){.formats = ask->app->formats,
                            .audio = ucwa_parameter(ask, "audioPreference")};
    if (json_array_size(said) > 0 && !read_words(said, formats, &offer->formats))
        return OFFER_UNKNOWN;
    said = ucwa_value(ask->body, "supportedModalities");
    if (json_array_size(said) > 0 && !read_words(said, modalities, &wanted))
        return OFFER_UNKNOWN;
    if (wanted & ~3U)
        return OFFER_BEYOND;
    const json_t *minutes = ucwa_value(ask->body, "inactiveTimeout");
    if (json_is_integer(minutes))
        idle = arena_print(ask->arena, "%lld", (long long)json_integer_value(minutes));
    if (!slice_absent(idle) && !read_span(idle, &offer->idle))
        return OFFER_UNKNOWN;
    if (!slice_empty(offer->audio) && !slice_eq_nocase(offer->audio, slice_of(audio[0])) &&
        !slice_eq_nocase(offer->audio, slice_of(audio[1])))
        return OFFER_UNKNOWN;
    if (number.len > UCWA_WORD_MAX)
        return OFFER_UNKNOWN;
    return read_number(ask, number, &offer->phone_number) ? OFFER_GOOD : OFFER_NUMBER;
}

void ucwa_offer_refuse(struct ask *ask, enum offer_flaw flaw)
{
    struct fault fault;
    fault_set(&fault, ERR_MALFORMED, FINDING_UCWA_REQUEST, "what the client offers");
    if (flaw == OFFER_BEYOND)
        ucwa_refuse(ask->app->ucwa, ask->later, 403, "Forbidden", NULL, &fault);
    else
        ucwa_refuse(ask->app->ucwa, ask->later, 400, "BadRequest",
                    flaw == OFFER_NUMBER ? "NormalizationFailed" : "ParameterValidationFailure",
                    &fault);
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
    if (offer->idle > 0)
        phone_set_idle(app->phone, offer->idle);
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
    enum offer_flaw flaw = OFFER_GOOD;
    if (slice_absent(match)) {
        ucwa_refuse(app->ucwa, ask->later, 428, "PreconditionRequired", NULL, NULL);
    } else if (!ucwa_etag_is(match, etag_of(app, ask->arena))) {
        fault_set(&fault, ERR_CONFLICT, FINDING_UCWA_STALE, "communication");
        ucwa_refuse(app->ucwa, ask->later, 412, "PreconditionFailed", NULL, &fault);
    } else if (!slice_eq(ucwa_member(ask->body, app->guid.at), SLICE(PASS_ON))) {
        ucwa_refuse_parameter(ask, "the member %.*s is missing", SLICE_ARG(app->guid));
    } else if ((flaw = ucwa_offer_read(ask, &offer)) != OFFER_GOOD) {
        ucwa_offer_refuse(ask, flaw);
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
