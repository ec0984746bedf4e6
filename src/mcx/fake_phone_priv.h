/* A phone that does nothing by itself: it notes what was called, and the test tells the
 * news. It takes the place of mobility/'s in this room's test and fuzz target. */
#ifndef LYCHGATE_MCX_FAKE_PHONE_PRIV_H
#define LYCHGATE_MCX_FAKE_PHONE_PRIV_H

#include "http/message.h"
#include "mcx/mcx.h"

#include <stdio.h>
#include <string.h>

struct phone {
    struct phone_face face;
    bool there;
    char called[32]; /* the last call with a tag */
    uint64_t tag;
    char text[256]; /* its argument */
    int number;
    size_t people;
    bool awake, pushes, settled;
    struct phone_settings settings;
    struct phone_contact contacts[4];
    size_t contact_count;
    struct phone_chat chat; /* the only one; id 0: none */
    struct phone_person person, self;
    int active, closed;
    bool refuse; /* to open */
};

static struct phone fake;

static inline void fake_called(const char *name, uint64_t tag, struct slice text, int number)
{
    snprintf(fake.called, sizeof fake.called, "%s", name);
    snprintf(fake.text, sizeof fake.text, "%.*s", SLICE_ARG(slice_head(text, 255)));
    fake.tag = tag;
    fake.number = number;
}

/* The phone tells, and has finished telling. */
static inline void fake_tell(struct phone_news news)
{
    static const struct fault well = {0};
    news.fault = news.fault ? news.fault : &well;
    if (!fake.there)
        return;
    fake.face.tell(fake.face.arg, &news);
    fake.face.settle(fake.face.arg); /* the session may be gone behind this */
}

static inline void fake_done(void)
{
    fake_tell((struct phone_news){.kind = PHONE_DONE, .tag = fake.tag});
}

static inline struct phone *fake_open(void *arg, const struct phone_options *options,
                                      struct fault *fault)
{
    (void)arg;
    if (fake.refuse || fake.there) {
        fault_set(fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "no");
        return NULL;
    }
    fake.there = true;
    fake.face = options->face;
    snprintf(fake.text, sizeof fake.text, "%.*s", SLICE_ARG(options->device));
    return &fake;
}

static inline void fake_close(void *arg, struct phone *phone)
{
    (void)arg;
    if (phone) {
        phone->there = false;
        phone->closed++;
    }
}

static const struct phone_host fake_host = {NULL, fake_open, fake_close};

#define FAKE_TEXT(text)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static inline void fake_reset(void)
{
    static const struct phone_person blank = {
        .address = FAKE_TEXT("bob@contoso.test"), .name = FAKE_TEXT("Bob"), .availability = 3500};
    memset(&fake, 0, sizeof fake);
    fake.person = fake.self = blank;
    fake.self.address = SLICE("alice@contoso.test");
    fake.contacts[0] = (struct phone_contact){SLICE("bob@contoso.test"), SLICE(""), 2};
    fake.contact_count = 1;
}

#define NO_TEXT ((struct slice){0})

void phone_appear(struct phone *phone, uint64_t tag, int availability)
{
    (void)phone;
    fake_called("appear", tag, NO_TEXT, availability);
}
void phone_publish_state(struct phone *phone, uint64_t tag, int availability)
{
    (void)phone;
    fake_called("state", tag, NO_TEXT, availability);
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
uint64_t phone_invite(struct phone *phone, uint64_t tag, struct slice address, struct slice subject)
{
    static const struct fault refusal = {-ERR_LIMIT, FINDING_MOBILITY_LIMIT, "no"};
    (void)subject;
    fake_called("invite", tag, address, 0);
    if (phone->chat.id) {
        phone->face.tell(phone->face.arg,
                         &(struct phone_news){.kind = PHONE_DONE, .tag = tag, .fault = &refusal});
        return 0;
    }
    phone->chat = (struct phone_chat){
        .id = 7, .state = PHONE_CHAT_CONNECTING, .peer = SLICE("bob@contoso.test")};
    fake_tell(
        (struct phone_news){.kind = PHONE_CHAT, .priority = PHONE_HIGH, .chat = &phone->chat});
    return 7;
}
void phone_accept(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("accept", tag, NO_TEXT, (int)chat);
}
void phone_decline(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("decline", tag, NO_TEXT, (int)chat);
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
    fake_called("type", tag, NO_TEXT, (int)chat);
}
void phone_leave(struct phone *phone, uint64_t tag, uint64_t chat)
{
    (void)phone;
    fake_called("leave", tag, NO_TEXT, (int)chat);
}
void phone_sign_out(struct phone *phone, uint64_t tag)
{
    (void)phone;
    fake_called("out", tag, NO_TEXT, 0);
}
void phone_active(struct phone *phone)
{
    phone->active++;
}
void phone_awake(struct phone *phone, bool awake)
{
    phone->awake = awake;
}
bool phone_pushes(const struct phone *phone)
{
    return phone->pushes;
}
int64_t phone_lifetime(const struct phone *phone)
{
    return phone->pushes ? 259200000 : 3600000;
}
struct slice phone_contact(const struct phone *phone)
{
    (void)phone;
    return SLICE("sip:pool.contoso.test:5087;transport=tls");
}
bool phone_normalize(const struct phone *phone, struct slice number, char out[256])
{
    bool fits = slice_starts(number, SLICE("555"));
    (void)phone;
    snprintf(out, 256, fits ? "tel:+1%.*s" : "%.*s", SLICE_ARG(slice_head(number, 200)));
    return fits;
}
const struct phone_settings *phone_settings(const struct phone *phone)
{
    return phone->settled ? &phone->settings : NULL;
}
const struct phone_group *phone_groups(const struct phone *phone, size_t *count)
{
    static const struct phone_group groups[] = {{1, FAKE_TEXT("~")}, {2, FAKE_TEXT("Friends")}};
    (void)phone;
    *count = 2;
    return groups;
}
const struct phone_contact *phone_contacts(const struct phone *phone, size_t *count)
{
    *count = phone->contact_count;
    return phone->contacts;
}
const struct phone_person *phone_person(struct phone *phone, struct slice address)
{
    phone->person.address = address;
    return &phone->person;
}
const struct phone_person *phone_self(struct phone *phone)
{
    return &phone->self;
}
int phone_own_state(const struct phone *phone)
{
    (void)phone;
    return 6500;
}

/* ---- a request, and what came of it -----------------------------------------------------------
 */

struct asked {
    struct http_later later; /* the first: sent() knows */
    struct http_request http;
    struct http_reply reply;
    struct mcx_request request;
    int sent;
};

static inline void asked_send(struct http_later *later)
{
    ((struct asked *)(void *)later)->sent++;
}

static inline void asked_init(struct asked *asked, struct arena *arena, struct mcx_request request)
{
    memset(asked, 0, sizeof *asked);
    asked->request = request;
    asked->later.request = &asked->http;
    asked->later.reply = &asked->reply;
    asked->later.arena = arena;
    asked->later.send = asked_send;
}

#undef NO_TEXT

#endif
