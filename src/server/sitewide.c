#include "server/sitewide.h"

#include "event/event.h"
#include "server/offer.h"
#include "server/phones.h"

struct sitewide sitewide_of(const struct policy_effective *effective)
{
    const struct policy *mcx = &effective->of[POLICY_MCX];
    return (struct sitewide){
        .push = policy_bool(&effective->of[POLICY_PUSH], "EnableWebPushNotificationService"),
        .outside = slice_eq(policy_text(mcx, "ExposedWebURL"), SLICE("External")),
        .session = 1000 * policy_number(mcx, "SessionExpirationInterval"),
        .short_session = 1000 * policy_number(mcx, "SessionShortExpirationInterval"),
    };
}

/* One field may be newer than another for a moment, which nobody minds. */
struct sitewide sitewide_now(const struct server *server)
{
    return (struct sitewide){
        .push = atomic_load(&server->sitewide.push),
        .outside = atomic_load(&server->sitewide.outside),
        .session = atomic_load(&server->sitewide.session),
        .short_session = atomic_load(&server->sitewide.short_session),
    };
}

int64_t sitewide_lifetime(const struct sitewide *sitewide, bool push)
{
    return push ? sitewide->session : sitewide->short_session;
}

/* ---- news of it ----------------------------------------------------------------------------- */

/* One that is not admitted yet has read it, or will. One that polls begins to be woken when it
 * subscribes or signs in: whether it has a subscription is not known here. */
static void tell(void *arg, struct phone *phone)
{
    const struct sitewide *sitewide = arg;
    bool push = phone_pushes(phone) && sitewide->push;
    if (phone_is_signed_in(phone))
        phone_set_push(phone, push, sitewide_lifetime(sitewide, push));
}

static void arrive(void *arg)
{
    struct wing *wing = arg;
    struct sitewide sitewide = sitewide_now(wing->server);
    phones_each(wing, tell, &sitewide);
}

static bool same(const struct sitewide *a, const struct sitewide *b)
{
    return a->push == b->push && a->outside == b->outside && a->session == b->session &&
           a->short_session == b->short_session;
}

int sitewide_look(struct server *server, struct store_reader *reader, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct policy_subject subject = offer_subject(server->config, 0);
    struct policy_effective effective;
    int err = policy_effective_load(reader, &subject, arena, &effective, fault);
    if (err < 0)
        return err;
    struct sitewide old = sitewide_now(server), new = sitewide_of(&effective);
    if (same(&old, &new))
        return 0;
    atomic_store(&server->sitewide.push, new.push);
    atomic_store(&server->sitewide.outside, new.outside);
    atomic_store(&server->sitewide.session, new.session);
    atomic_store(&server->sitewide.short_session, new.short_session);
    event_emit(EVENT_INFO, "server.configuration", FINDING_NONE, EVENT_INT("push", new.push),
               EVENT_INT("outside", new.outside), EVENT_INT("session", new.session / 1000),
               EVENT_INT("short-session", new.short_session / 1000), EVENT_END);
    for (unsigned i = 0; i < server->wing_count; i++)
        loop_post(server->wings[i].loop, arrive, &server->wings[i]);
    return 0;
}
