/* All applications of a loop: what their phones tell, and what time does. */
#include "ucwa/ucwa_priv.h"

#include <stdlib.h>

/* ---- what the phone tells ----------------------------------------------------------------------
 */

static void signed_in(struct app *app, const struct phone_news *news)
{
    app->lifetime = news->expires > 0 ? news->expires : app->lifetime;
    app->silent_until = app->ucwa->now + app->lifetime;
    if (app->creating)
        ucwa_introduce(app, app->creating, 201);
    app->creating = NULL;
}

static void tell(void *arg, const struct phone_news *news)
{
    struct app *app = arg;
    switch (news->kind) {
    case PHONE_SIGNED_IN:
        signed_in(app, news);
        break;
    case PHONE_SIGNED_OUT:
        app->over = true;
        if (app->creating)
            ucwa_refuse_by(app->ucwa, app->creating, news->fault);
        app->creating = NULL;
        break;
    case PHONE_CONTACTS:
        ucwa_tell_contacts(app);
        ucwa_list_tell(app);
        break;
    case PHONE_PERSON:
        ucwa_tell_person(app, news);
        break;
    case PHONE_SELF:
        ucwa_tell_self(app, news);
        break;
    case PHONE_CHAT:
        ucwa_tell_chat(app, news->chat, news->fault);
        break;
    case PHONE_MESSAGE:
        ucwa_tell_message(app, news);
        break;
    case PHONE_TYPING:
        ucwa_tell_typing(app, news);
        break;
    case PHONE_FOUND:
        ucwa_call_found(app, news);
        break;
    case PHONE_DONE:
        ucwa_call_done(app, news);
        break;
    case PHONE_MODE:
    case PHONE_SETTINGS:
    case PHONE_NEWS_KINDS:
        break;
    }
}

static void settle(void *arg)
{
    struct app *app = arg;
    struct fault fault;
    ucwa_touch(app);
    if (app->over) {
        fault_set(&fault, ERR_UNKNOWN, FINDING_UCWA_ENDED, "the phone has ended");
        ucwa_app_end(app, &fault);
    } else {
        ucwa_talks_go_on(app);
        ucwa_wake(app);
    }
}

struct phone_face ucwa_face(struct app *app)
{
    return (struct phone_face){tell, settle, app};
}

/* ---- time
 * ---------------------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t due_of(const struct app *app)
{
    int64_t due = least(app->silent_until, least(ucwa_subscriptions_due(app), ucwa_list_due(app)));
    return app->poll ? least(due, least(least(app->poll_until, app->poll_expires),
                                        channel_due(app->channel)))
                     : due;
}

int64_t ucwa_due(struct ucwa *ucwa)
{
    for (struct app *app; (app = LIST_FIRST(&ucwa->touched));) {
        LIST_REMOVE(app, touched);
        app->is_touched = false;
        ucwa->soonest = least(ucwa->soonest, due_of(app));
    }
    return ucwa->soonest;
}

/* False: it was silent for too long, and has ended. */
static bool tick_one(struct app *app, int64_t now)
{
    if (app->poll) /* who waits for us is not silent */
        app->silent_until = now + app->lifetime;
    if (now >= app->silent_until) {
        struct fault fault;
        fault_set(&fault, ERR_EXPIRED, FINDING_UCWA_ENDED, "nothing was heard of it");
        ucwa_app_end(app, &fault);
        return false;
    }
    ucwa_subscriptions_tick(app, now);
    ucwa_list_tick(app, now);
    ucwa_wake(app);
    return true;
}

void ucwa_tick(struct ucwa *ucwa, int64_t now)
{
    ucwa->now = now;
    ucwa->soonest = INT64_MAX;
    for (struct app *app = LIST_FIRST(&ucwa->apps), *next; app; app = next) {
        next = LIST_NEXT(app, next);
        if (tick_one(app, now))
            ucwa->soonest = least(ucwa->soonest, due_of(app));
    }
}

/* ---- the object
 * ------------------------------------------------------------------------------------ */

void ucwa_time(struct ucwa *ucwa, int64_t now)
{
    ucwa->now = now;
}

size_t ucwa_count(const struct ucwa *ucwa)
{
    return ucwa->count;
}

struct ucwa *ucwa_new(const struct ucwa_options *options)
{
    struct ucwa *ucwa = must_calloc(1, sizeof *ucwa);
    ucwa->options = *options;
    ucwa->soonest = INT64_MAX;
    LIST_INIT(&ucwa->apps);
    LIST_INIT(&ucwa->touched);
    return ucwa;
}

void ucwa_free(struct ucwa *ucwa)
{
    if (!ucwa)
        return;
    const struct phone_host *phones = ucwa->options.phones;
    struct fault fault;
    fault_set(&fault, ERR_BUSY, FINDING_UCWA_ENDED, "the server ends");
    for (struct app *app; (app = LIST_FIRST(&ucwa->apps));) {
        phones->close(phones->arg, app->phone);
        ucwa_app_free(app, 503, "ServiceUnavailable", NULL, &fault);
    }
    free(ucwa);
}
