/* Events into the channel, and the poll that fetches them (mobility.md 2.5). */
#include "http/values.h"
#include "ucwa/ucwa_priv.h"
#include "webticket/compact.h"

enum {
    LONGEST_S = 1800 /* that a poll is held, or events are gathered */
};

struct slice ucwa_path(const struct app *app, struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice tail = arena_printv(arena, format, args);
    va_end(args);
    return arena_print(arena, "%.*s%.*s", SLICE_ARG(app->base), SLICE_ARG(tail));
}

json_t *ucwa_event(const char *type, const char *rel, struct slice href)
{
    return json_pack("{s:{s:s,s:o},s:s}", "link", "rel", rel, "href", ucwa_text(href), "type",
                     type);
}

void ucwa_put(struct app *app, const char *sender, struct slice sender_href, json_t *event,
              enum phone_priority priority)
{
    channel_add(app->channel, sender, sender_href, event, priority, app->ucwa->now);
}

static void release_poll(struct app *app, struct slice body)
{
    struct http_later *poll = app->poll;
    app->poll = NULL;
    ucwa_reply_text(app->ucwa, poll, 200, body);
}

/* Its ticket is not good any more: the client gets a new one and asks again. */
static void end_expired(struct app *app)
{
    struct http_later *poll = app->poll;
    struct fault fault;
    app->poll = NULL;
    fault_set(&fault, ERR_DENIED, FINDING_TICKET_EXPIRED, "while its poll was held");
    webticket_challenge_oauth(app->ucwa->options.site, poll->reply, poll->arena);
    ucwa_refuse(app->ucwa, poll, 401, "Unauthorized", NULL, &fault);
}

/* Answer the poll if there is something for it by now. */
void ucwa_wake(struct app *app)
{
    int64_t now = app->ucwa->now;
    if (!app->poll)
        return;
    if (now >= app->poll_expires) {
        end_expired(app);
        return;
    }
    struct slice body = channel_answer(app->channel, app->poll_ack, now, app->poll->arena);
    if (slice_absent(body) && now >= app->poll_until)
        body = channel_timeout(app->channel, app->poll->arena);
    if (!slice_absent(body))
        release_poll(app, body);
}

/* Seconds; what is beyond the bounds (events_ref) is brought within. False: no number. */
static bool read_pace(struct ask *ask, const char *name, int64_t least, int64_t *out)
{
    uint64_t said;
    struct slice text = http_query(ask->request, ask->arena, name);
    if (slice_absent(text))
        return true;
    if (slice_number(text, UINT32_MAX, &said) < 0)
        return false;
    int64_t seconds = said > LONGEST_S ? LONGEST_S : (int64_t)said;
    *out = (seconds < least ? least : seconds) * 1000;
    return true;
}

/* What the client wants of this poll, and, of the pace, of those to come. */
static bool read_wishes(struct ask *ask, uint64_t *priority, struct channel_pace *pace)
{
    struct slice text = http_query(ask->request, ask->arena, "priority");
    *priority = 0;
    return (slice_absent(text) || slice_number(text, INT32_MAX, priority) == 0) &&
           read_pace(ask, "timeout", 180, &pace->timeout) &&
           read_pace(ask, "medium", 5, &pace->medium) && read_pace(ask, "low", 5, &pace->low);
}

void ucwa_answer_events(struct ask *ask)
{
    struct app *app = ask->app;
    struct channel_pace pace = *channel_pace(app->channel);
    uint64_t ack, priority;
    if (slice_number(http_query(ask->request, ask->arena, "ack"), INT64_MAX, &ack) < 0 ||
        !read_wishes(ask, &priority, &pace)) {
        ucwa_refuse_parameter(ask, "ack, timeout, medium, low or priority is no number");
        return;
    }
    if (app->poll && priority < app->poll_priority) {
        ucwa_refuse(app->ucwa, ask->later, 409, "Conflict", "PGetReplaced", NULL);
        return;
    }
    if (app->poll)
        ucwa_refuse(app->ucwa, app->poll, 409, "Conflict", "PGetReplaced", NULL);
    *channel_pace(app->channel) = pace;
    app->poll = ask->later;
    app->poll_ack = ack;
    app->poll_priority = priority;
    app->poll_until = ask->now + pace.timeout;
    app->poll_expires = ask->expires ? ask->expires : INT64_MAX;
    ucwa_wake(app);
}
