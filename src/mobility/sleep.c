/* Devices that sleep between polls, and how they are woken: by a push message that says who
 * wants something, and nothing of what. The device then comes and asks. */
#include "mobility/phone_priv.h"

enum {
    /* A device asks again as soon as a poll is answered; over a mobile network that may take a
     * moment, in which it must not be taken for asleep. */
    NAP_MS = 3 * 1000
};

/* When a device that has no poll is no longer expected to ask at once. */
static int64_t absent_at(const struct phone *phone)
{
    if (phone->polls)
        return INT64_MAX;
    return (phone->last_poll > phone->heard ? phone->last_poll : phone->heard) + NAP_MS;
}

static int64_t asleep_at(const struct phone *phone)
{
    return phone->push ? absent_at(phone) : INT64_MAX;
}

static void wake(struct phone *phone, const struct chat *chat, enum push_kind kind, uint64_t tag)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice talk = chat->shown.conversation;
    phone->world.wake(
        phone->world.arg,
        &(struct push_news){.kind = kind,
                            .from = arena_print(arena, "sip:%.*s", SLICE_ARG(chat->shown.peer)),
                            .conversation = slice_empty(talk) ? chat->leg.call_id : talk,
                            .awaited = chat->shown.state == PHONE_CHAT_INVITED},
        tag);
}

/* Also when it is awake: its poll may be answered into a connection that is dead. */
void phone_sleep_untold(struct phone *phone, struct chat *chat)
{
    chat->untold = true;
    phone_stir(phone);
}

void phone_sleep_missed(struct phone *phone, const struct chat *chat)
{
    if (chat->woken && phone_now(phone) >= asleep_at(phone))
        wake(phone, chat, PUSH_KIND_MISSED, 0);
}

int64_t phone_sleep_tick(struct phone *phone, int64_t now)
{
    int64_t at = asleep_at(phone), next = INT64_MAX;
    for (struct chat *chat = phone->chats; chat && at != INT64_MAX; chat = chat->next) {
        if (!chat->untold)
            continue;
        if (now < at) {
            next = at;
            continue;
        }
        chat->untold = false;
        chat->woken |= chat->shown.state == PHONE_CHAT_INVITED;
        wake(phone, chat, PUSH_KIND_MESSAGE, chat->shown.id);
    }
    return next;
}

void phone_woken(struct phone *phone, uint64_t tag, const struct push_outcome *outcome)
{
    struct chat *chat = phone_find_chat(phone, tag);
    if (chat && chat->shown.state == PHONE_CHAT_INVITED && outcome->fault.finding != FINDING_NONE &&
        phone_now(phone) >= absent_at(phone))
        phone_refuse_late(phone, chat, outcome);
}

void phone_awake(struct phone *phone, bool awake)
{
    if (phone->polls && !awake)
        phone->last_poll = phone_now(phone);
    phone->polls = awake;
    for (struct chat *chat = phone->chats; chat && awake; chat = chat->next)
        chat->untold = false;
    phone_stir(phone);
}

void phone_set_push(struct phone *phone, bool push, int64_t lifetime)
{
    if (phone->state == PHONE_OVER || (phone->push == push && phone->lifetime == lifetime))
        return;
    phone->push = push;
    phone->lifetime = lifetime;
    phone_tell(phone, &(struct phone_news){.kind = PHONE_MODE, .expires = lifetime});
}
