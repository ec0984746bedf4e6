/* The phone's subscriptions. The first body comes in the 200 or in a notification behind
 * it (session.md section 1.3). */
#include "mobility/phone_priv.h"

#include "sip/reply.h"

enum {
    EARLY_MS = 120 * 1000, /* a refresh so long before the end */
    AGAIN_MS = 60 * 1000   /* after a refusal of what was granted before */
};

/* ---- the kinds ----------------------------------------------------------------------------- */

static void settings_body(struct phone *phone, struct buf *out)
{
    static const char *const groups[] = {"ServerConfiguration", "ucPolicy", "endpointConfiguration",
                                         "mobilityPolicy", NULL};
    (void)phone;
    provision_ask(groups, out);
}

static void self_body(struct phone *phone, struct buf *out)
{
    (void)phone;
    presence_self_ask(out);
}

static void people_body(struct phone *phone, struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice *people = arena_array(arena, struct slice, HASH_COUNT(phone->people) + 1);
    size_t count = 0;
    for (const struct person *p = phone->people; p; p = p->hh.next)
        if (p->watched)
            people[count++] = slice_of(p->address);
    presence_batch_ask(phone->account, people, count, false, out);
}

static const struct follow_row {
    const char *event, *accept, *body_type;
    const char *name, *value; /* a header of its own */
    void (*body)(struct phone *phone, struct buf *out);
    int (*read)(struct phone *phone, const struct sip_message *message, struct fault *fault);
} rows[FOLLOW_COUNT] = {
    [FOLLOW_SETTINGS] = {PROVISION_EVENT, PROVISION_TYPE, PROVISION_TYPE, "Expires", "0",
                         settings_body, phone_settings_take},
    [FOLLOW_CONTACTS] = {CONTACTS_EVENT, CONTACTS_TYPE, NULL, "Supported", "ms-ucs", NULL,
                         phone_contacts_take},
    [FOLLOW_SELF] = {PRESENCE_SELF_EVENT, PRESENCE_SELF_TYPE, PRESENCE_SELF_TYPE, "Supported",
                     "eventlist", self_body, phone_self_take},
    [FOLLOW_PEOPLE] = {PRESENCE_EVENT,
                       "application/msrtc-event-categories+xml, application/rlmi+xml, "
                       "multipart/related",
                       PRESENCE_BATCH_TYPE, "Require", "adhoclist, categoryList", people_body,
                       phone_people_take},
};

/* ---- bodies -----------------------------------------------------------------------------------
 */

/* A change that does not fit what we have is mended by asking for everything again. */
static void take_body(struct phone *phone, enum follow_kind kind, const struct sip_message *message)
{
    struct fault odd;
    if (rows[kind].read(phone, message, &odd) == -ERR_CONFLICT)
        phone_follow_ask(phone, kind);
}

static bool is_piggyback(const struct sip_message *answer)
{
    return !slice_empty(answer->body) &&
           (sip_header(answer, SIP_HEADER_MS_PIGGYBACK_CSEQ) ||
            sip_has_tag(answer, SIP_HEADER_SUPPORTED, SLICE("ms-piggyback-first-notify")));
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static void set_refresh(struct phone *phone, struct follow *follow, int64_t seconds)
{
    int64_t lifetime = seconds > 0 ? seconds * 1000 : 0;
    follow->refresh_at =
        lifetime == 0
            ? INT64_MAX
            : phone_now(phone) + (lifetime > 2 * EARLY_MS ? lifetime - EARLY_MS : lifetime / 2);
}

static void taken(struct phone *phone, enum follow_kind kind, const struct sip_message *answer)
{
    struct follow *follow = &phone->follow[kind];
    if (follow->leg.arena && slice_empty(follow->leg.remote_tag) &&
        phone_leg_confirm(&follow->leg, answer) < 0) {
        phone_leg_end(&follow->leg);
        return;
    }
    if (is_piggyback(answer))
        take_body(phone, kind, answer);
    set_refresh(phone, follow, answer->expires);
    if (kind == FOLLOW_SETTINGS)
        phone_leg_end(&follow->leg); /* told once: there is no dialog */
}

static void refused(struct phone *phone, enum follow_kind kind, const struct sip_message *answer)
{
    struct follow *follow = &phone->follow[kind];
    bool lost = answer && answer->status == 481 && !slice_empty(follow->leg.remote_tag);
    bool was_there = !slice_empty(follow->leg.remote_tag);
    phone_leg_end(&follow->leg);
    follow->refresh_at = was_there ? phone_now(phone) + AGAIN_MS : INT64_MAX;
    follow->again |= lost; /* by the server: begin anew */
    if (kind == FOLLOW_SELF && !lost)
        phone_publish_end(phone); /* without versions nothing can be published */
}

static void answered(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    enum follow_kind kind = (enum follow_kind)ask->kind;
    struct follow *follow = &phone->follow[kind];
    struct fault fault;
    bool good = answer && answer->status < 300;
    follow->busy = false;
    if (!good)
        phone_talk_refusal(answer, &fault);
    if (ask->has_tag)
        phone_done(phone, ask->tag, good ? NULL : &fault);
    if (phone->state == PHONE_OVER)
        return;
    if (good)
        taken(phone, kind, answer);
    else
        refused(phone, kind, answer);
    if (follow->again)
        phone_follow_ask(phone, kind);
    if (kind == FOLLOW_SELF)
        phone_publish_go_on(phone);
}

static void subscribe(struct phone *phone, enum follow_kind kind, struct slice body,
                      const struct ask *ask)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct follow_row *row = &rows[kind];
    struct follow *follow = &phone->follow[kind];
    struct fault fault;
    if (!follow->leg.arena)
        phone_leg_begin(phone, &follow->leg, phone->uri);
    struct sip_request request = phone_leg_request(phone, &follow->leg, arena, SIP_SUBSCRIBE);
    sip_request_header(&request, "Event", "%s", row->event);
    sip_request_header(&request, "Accept", "%s", row->accept);
    sip_request_header(&request, "Supported", "com.microsoft.autoextend");
    sip_request_header(&request, "Supported", "ms-benotify");
    sip_request_header(&request, "Proxy-Require", "ms-benotify");
    sip_request_header(&request, "Supported", "ms-piggyback-first-notify");
    sip_request_header(&request, row->name, "%s", row->value);
    sip_request_header(&request, "Contact", "%.*s", SLICE_ARG(phone_talk_contact(phone, arena)));
    if (!slice_empty(body)) {
        request.content_type = slice_of(row->body_type);
        request.body = body;
    }
    follow->again = false;
    follow->busy = phone_talk_ask(phone, &request, ask, 0, &fault) == 0;
    if (!follow->busy && ask->has_tag)
        phone_done(phone, ask->tag, &fault);
}

void phone_follow_ask(struct phone *phone, enum follow_kind kind)
{
    scoped(buf) struct buf body = BUF_INIT;
    if (phone->follow[kind].busy) {
        phone->follow[kind].again = true;
        return;
    }
    phone->follow[kind].refresh_at = INT64_MAX;
    if (rows[kind].body)
        rows[kind].body(phone, &body);
    subscribe(phone, kind, buf_slice(&body), &(struct ask){.fn = answered, .kind = (int)kind});
}

/* In the dialog there is; while it is busy, the whole list is asked for behind it. */
void phone_follow_people(struct phone *phone, uint64_t tag, const struct slice *people,
                         size_t count, bool leave)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct follow *follow = &phone->follow[FOLLOW_PEOPLE];
    if (follow->busy || (leave && slice_empty(follow->leg.remote_tag))) {
        follow->again |= !leave;
        phone_done(phone, tag, NULL);
        return;
    }
    if (slice_empty(follow->leg.remote_tag))
        people_body(phone, &body);
    else
        presence_batch_ask(phone->account, people, count, leave, &body);
    subscribe(phone, FOLLOW_PEOPLE, buf_slice(&body),
              &(struct ask){.fn = answered, .kind = FOLLOW_PEOPLE, .tag = tag, .has_tag = true});
}

/* ---- notifications
 * ------------------------------------------------------------------------------- */

bool phone_follow_notified(struct phone *phone, const struct sip_message *request)
{
    if (request->method != SIP_NOTIFY && request->method != SIP_BENOTIFY)
        return false;
    for (size_t i = 0; i < FOLLOW_COUNT; i++) {
        struct follow *follow = &phone->follow[i];
        if (!phone_leg_is_of(&follow->leg, request))
            continue;
        phone_talk_answer(phone, request, 200);
        if (!slice_empty(request->body))
            take_body(phone, (enum follow_kind)i, request);
        bool over = slice_eq_nocase(sip_value_word(request, SIP_HEADER_SUBSCRIPTION_STATE),
                                    SLICE("terminated"));
        if (over && !follow->busy) {
            phone_leg_end(&follow->leg);
            follow->refresh_at = i == FOLLOW_SETTINGS ? INT64_MAX : phone_now(phone) + EARLY_MS;
            phone_stir(phone);
        }
        return true;
    }
    return false;
}

/* ---- time, and the end
 * ------------------------------------------------------------------------------ */

int64_t phone_follow_tick(struct phone *phone, int64_t now)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < FOLLOW_COUNT; i++) {
        struct follow *follow = &phone->follow[i];
        if (follow->refresh_at <= now && !follow->busy)
            phone_follow_ask(phone, (enum follow_kind)i);
        if (follow->refresh_at < next)
            next = follow->refresh_at;
    }
    return next;
}

void phone_follow_end(struct phone *phone)
{
    for (size_t i = 0; i < FOLLOW_COUNT; i++) {
        phone_leg_end(&phone->follow[i].leg);
        phone->follow[i].refresh_at = INT64_MAX;
    }
}
