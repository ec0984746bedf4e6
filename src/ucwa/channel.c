#include "ucwa/channel.h"

#include "ucwa/json_priv.h"

#include <stdlib.h>
#include <sys/queue.h>

struct event {
    char *rel, *href; /* of the sender */
    json_t *json;
    int64_t due;
    STAILQ_ENTRY(event) next;
};

struct channel {
    char *href;
    STAILQ_HEAD(, event) events;
    size_t count;
    uint64_t next; /* the number of the answer to be made */
    char *last;    /* answer next - 1 until it is known to have arrived; NULL */
    bool dropped;  /* there were too many events */
    struct channel_pace pace;
};

static char *copy_of(struct slice text)
{
    char *copy = must_alloc(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct channel *channel_new(struct slice href)
{
    struct channel *channel = must_calloc(1, sizeof *channel);
    channel->href = copy_of(href);
    channel->next = 1;
    channel->pace = (struct channel_pace){.medium = 5000, .low = 15000, .timeout = 180000};
    STAILQ_INIT(&channel->events);
    return channel;
}

static void drop_events(struct channel *channel)
{
    struct event *event;
    while ((event = STAILQ_FIRST(&channel->events))) {
        STAILQ_REMOVE_HEAD(&channel->events, next);
        json_decref(event->json);
        free(event->rel);
        free(event->href);
        free(event);
    }
    channel->count = 0;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    drop_events(channel);
    free(channel->last);
    free(channel->href);
    free(channel);
}

void channel_add(struct channel *channel, const char *rel, struct slice href, json_t *json,
                 enum phone_priority priority, int64_t now)
{
    if (channel->dropped || channel->count == CHANNEL_EVENTS_MAX) {
        channel->dropped = true;
        drop_events(channel);
        json_decref(json);
        return;
    }
    struct event *event = must_calloc(1, sizeof *event);
    int64_t wait = priority == PHONE_HIGH     ? 0
                   : priority == PHONE_MEDIUM ? channel->pace.medium
                                              : channel->pace.low;
    event->rel = must_strdup(rel);
    event->href = copy_of(href);
    event->json = json;
    event->due = now + wait;
    STAILQ_INSERT_TAIL(&channel->events, event, next);
    channel->count++;
}

struct channel_pace *channel_pace(struct channel *channel)
{
    return &channel->pace;
}

int64_t channel_due(const struct channel *channel)
{
    const struct event *event;
    int64_t due = channel->dropped ? 0 : INT64_MAX;
    STAILQ_FOREACH(event, &channel->events, next)
    due = event->due < due ? event->due : due;
    return due;
}

uint64_t channel_next(const struct channel *channel)
{
    return channel->next;
}

static json_t *link_to(const struct channel *channel, uint64_t ack)
{
    return json_pack("{s:o}", "href",
                     json_sprintf("%s?ack=%llu", channel->href, (unsigned long long)ack));
}

/* {"_links":{"self":...,NAME:...}}; without a name only self. */
static json_t *frame_of(const struct channel *channel, uint64_t self, const char *name,
                        uint64_t other)
{
    json_t *links = json_pack("{s:o}", "self", link_to(channel, self));
    json_object_set_new(links, name, link_to(channel, other));
    return json_pack("{s:o}", "_links", links);
}

/* Neighbouring events of one sender share a block; order stays. */
static json_t *senders_of(struct channel *channel)
{
    json_t *senders = json_array(), *events = NULL;
    const struct event *event, *before = NULL;
    STAILQ_FOREACH(event, &channel->events, next)
    {
        if (!before || strcmp(before->href, event->href) != 0) {
            events = json_array();
            json_array_append_new(senders, json_pack("{s:s,s:s,s:o}", "rel", event->rel, "href",
                                                     event->href, "events", events));
        }
        json_array_append(events, event->json);
        before = event;
    }
    return senders;
}

/* An answer that counts: kept until the next number is asked for. */
static struct slice say(struct channel *channel, json_t *senders, struct arena *arena)
{
    json_t *body = frame_of(channel, channel->next, "next", channel->next + 1);
    json_object_set_new(body, "sender", senders);
    struct slice text = ucwa_dump(body, arena);
    drop_events(channel);
    free(channel->last);
    channel->last = copy_of(text);
    channel->next++;
    return text;
}

struct slice channel_answer(struct channel *channel, uint64_t ack, int64_t now, struct arena *arena)
{
    if (channel->last && ack == channel->next - 1)
        return arena_copy(arena, slice_of(channel->last));
    if (ack != channel->next)
        return ucwa_dump(
            frame_of(channel, ack, "resync", channel->last ? channel->next - 1 : channel->next),
            arena);
    free(channel->last);
    channel->last = NULL;
    if (channel->dropped) {
        channel->dropped = false;
        return ucwa_dump(frame_of(channel, ack, "resume", channel->next), arena);
    }
    if (channel_due(channel) > now)
        return (struct slice){0};
    return say(channel, senders_of(channel), arena);
}

struct slice channel_timeout(struct channel *channel, struct arena *arena)
{
    return say(channel, senders_of(channel), arena);
}
