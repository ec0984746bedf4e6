/* A phone that does nothing by itself: it notes what was called, and the test tells the
 * news. It takes the place of mobility/'s in this room's test and fuzz target. */
#ifndef LYCHGATE_UCWA_FAKE_PHONE_PRIV_H
#define LYCHGATE_UCWA_FAKE_PHONE_PRIV_H

#include "base/arena.h"
#include "mobility/phone.h"

#include <stdio.h>
#include <string.h>

struct phone {
    struct phone_face face;
    char called[64]; /* the last call with a tag */
    uint64_t tag;
    char text[256]; /* its argument */
    int number;
    size_t people;
    struct phone_chat chat; /* the only one; id 0: none */
    struct phone_person self, bob;
    struct phone_contact contacts[3];
    struct phone_group groups[3];
    size_t contact_count, group_count;
    struct phone_settings settings;
    int64_t idle;
    int active, opened, closed;
    bool refuse;
};

static struct phone fake;

static inline void fake_called(const char *name, uint64_t tag, struct slice text, int number)
{
    snprintf(fake.called, sizeof fake.called, "%s", name);
    snprintf(fake.text, sizeof fake.text, "%.*s", SLICE_ARG(slice_head(text, 255)));
    fake.tag = tag;
    fake.number = number;
}

static inline void fake_tell(struct phone_news news)
{
    static const struct fault well = {0};
    news.fault = news.fault ? news.fault : &well;
    fake.face.tell(fake.face.arg, &news);
}

static inline struct phone *fake_open(void *arg, const struct phone_options *options,
                                      struct fault *fault)
{
    (void)arg;
    if (fake.refuse) {
        fault_set(fault, ERR_DENIED, FINDING_USER_DISABLED, "no");
        return NULL;
    }
    fake.face = options->face;
    fake.opened++;
    return &fake;
}

static inline void fake_close(void *arg, struct phone *phone)
{
    (void)arg, (void)phone;
    fake.closed++;
}

static const struct phone_host fake_host = {NULL, fake_open, fake_close};

static inline struct phone_person fake_person(const char *address, const char *name)
{
    return (struct phone_person){.address = slice_of(address),
                                 .name = slice_of(name),
                                 .email = SLICE(""),
                                 .title = SLICE("Editor"),
                                 .company = SLICE(""),
                                 .department = SLICE(""),
                                 .office = SLICE(""),
                                 .phone = SLICE(""),
                                 .availability = 6500,
                                 .activity = SLICE(""),
                                 .device = SLICE(""),
                                 .note = SLICE("")};
}

static inline void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.self = fake_person("alice@contoso.test", "Alice");
    fake.bob = fake_person("bob@contoso.test", "Bob");
    fake.contacts[fake.contact_count++] =
        (struct phone_contact){SLICE("bob@contoso.test"), SLICE(""), 2};
    fake.groups[fake.group_count++] = (struct phone_group){1, SLICE("~")};
    fake.groups[fake.group_count++] = (struct phone_group){2, SLICE("Friends")};
    fake.settings = (struct phone_settings){
        .voicemail_uri = SLICE("sip:vm@contoso.test"), .show_photos = true, .sim_ring = true};
}

#define NONE ((struct slice){0})

void phone_appear(struct phone *phone, uint64_t tag, int availability)
{
    (void)phone;
    fake_called("appear", tag, NONE, availability);
}
void phone_publish_state(struct phone *phone, uint64_t tag, int availability)
{
    (void)phone;
    fake_called("state", tag, NONE, availability);
}
void phone_publish_note(struct phone *phone, uint64_t tag, struct slice text)
{
    (void)phone;
    fake_called("note", tag, text, 0);
}
void phone_watch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count)
{
    phone->people = count;
    fake_called("watch", tag, people[0], 0);
}
void phone_unwatch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count)
{
    phone->people = count;
    fake_called("unwatch", tag, people[0], 0);
}
void phone_search(struct phone *phone, uint64_t tag, struct slice text, size_t most)
{
    (void)phone;
    fake_called("search", tag, text, (int)most);
}
uint64_t phone_invite(struct phone *phone, uint64_t tag, struct slice address, struct slice subject)
{
    (void)subject;
    fake_called("invite", tag, address, 0);
    if (phone->chat.id)
        return 0;
    phone->chat = (struct phone_chat){.id = 7,
                                      .state = PHONE_CHAT_CONNECTING,
                                      .peer = SLICE("bob@contoso.test"),
                                      .peer_name = SLICE("Bob"),
                                      .subject = SLICE("Hi"),
                                      .conversation = SLICE("AAB=")};
    fake_tell((struct phone_news){.kind = PHONE_CHAT, .chat = &phone->chat});
    return 7;
}
void phone_accept(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("accept", tag, NONE, (int)chat);
}
void phone_decline(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("decline", tag, NONE, (int)chat);
}
void phone_say(struct phone *phone, uint64_t tag, uint64_t chat, struct slice type,
               struct slice text)
{
    (void)phone, (void)type;
    fake_called("say", tag, text, (int)chat);
}
void phone_type(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("type", tag, NONE, (int)chat);
}
void phone_leave(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("leave", tag, NONE, (int)chat);
}
void phone_active(struct phone *phone)
{
    phone->active++;
}
void phone_set_idle(struct phone *phone, int64_t ms)
{
    phone->idle = ms;
}
bool phone_normalize(const struct phone *phone, struct slice number, char out[256])
{
    (void)phone;
    snprintf(out, 256, "tel:+1%.*s", SLICE_ARG(slice_head(number, 200)));
    return number.len == 10;
}
const struct phone_settings *phone_settings(const struct phone *phone)
{
    return &phone->settings;
}
const struct phone_group *phone_groups(const struct phone *phone, size_t *count)
{
    *count = phone->group_count;
    return phone->groups;
}
const struct phone_contact *phone_contacts(const struct phone *phone, size_t *count)
{
    *count = phone->contact_count;
    return phone->contacts;
}
const struct phone_person *phone_person(struct phone *phone, struct slice address)
{
    (void)address;
    return &phone->bob;
}
const struct phone_person *phone_self(struct phone *phone)
{
    return &phone->self;
}
const struct phone_chat *phone_chat(const struct phone *phone, uint64_t id)
{
    return id && phone->chat.id == id ? &phone->chat : NULL;
}
const struct phone_chat *phone_chat_after(const struct phone *phone, uint64_t id)
{
    return phone->chat.id > id ? &phone->chat : NULL;
}

#undef NONE

#endif
