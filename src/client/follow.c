/* Subscriptions as a watcher keeps them (session.md sections 1 to 4): the first body comes in
 * the 200 or in a NOTIFY or BENOTIFY behind it, whatever was offered. */
#include "client/session_priv.h"

#include "base/clock.h"

enum {
    EARLY_MS = 120 * 1000, /* a refresh so long before the end, as SIPE does */
};

/* ---- the kinds -------------------------------------------------------------------------- */

static void contacts_headers(struct sip_request *request)
{
    sip_request_header(request, "Supported", "ms-ucs");
}

static void settings_headers(struct sip_request *request)
{
    sip_request_header(request, "Expires", "0");
}

static void presence_headers(struct sip_request *request)
{
    sip_request_header(request, "Require", "adhoclist, categoryList");
    sip_request_header(request, "Supported", "eventlist");
}

static void settings_body(const struct lychgate *gate, struct buf *out)
{
    static const char *const groups[] = {"ServerConfiguration",
                                         "meetingPolicy",
                                         "ucPolicy",
                                         "userSetting",
                                         "endpointConfiguration",
                                         "locationPolicy",
                                         "mediaConfiguration",
                                         "presencePolicyV2",
                                         "publicProviders",
                                         "persistentChatConfiguration",
                                         "mobilityPolicy",
                                         NULL};
    (void)gate;
    provision_ask(groups, out);
}

static void self_body(const struct lychgate *gate, struct buf *out)
{
    (void)gate;
    presence_self_ask(out);
}

static void presence_body(const struct lychgate *gate, struct buf *out)
{
    scoped(arena) struct arena *arena = arena_new();
    size_t count;
    struct slice *people = people_to_ask(gate->session, arena, &count);
    presence_batch_ask(gate->set.address, people, count, false, out);
}

static const struct follow_row {
    const char *step; /* as told */
    enum lychgate_part part;
    const char *event, *accept, *body_type;
    void (*headers)(struct sip_request *request);
    void (*body)(const struct lychgate *gate, struct buf *out);
    int (*read)(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                struct fault *fault);
} rows[FOLLOW_COUNT] = {
    [FOLLOW_CONTACTS] = {"contacts", LYCHGATE_CONTACTS, CONTACTS_EVENT, CONTACTS_TYPE, NULL,
                         contacts_headers, NULL, contacts_take},
    [FOLLOW_SETTINGS] = {"settings", LYCHGATE_SETTINGS, PROVISION_EVENT, PROVISION_TYPE,
                         PROVISION_TYPE, settings_headers, settings_body, settings_take},
    [FOLLOW_SELF] = {"self", LYCHGATE_SELF, PRESENCE_SELF_EVENT, PRESENCE_SELF_TYPE,
                     PRESENCE_SELF_TYPE, NULL, self_body, self_take},
    [FOLLOW_PRESENCE] = {"presence", LYCHGATE_PRESENCE, PRESENCE_EVENT,
                         "application/msrtc-event-categories+xml, application/rlmi+xml, "
                         "multipart/related",
                         PRESENCE_BATCH_TYPE, presence_headers, presence_body, presence_take},
};

/* ---- telling ------------------------------------------------------------------------------ */

static void settle(struct lychgate *gate, struct follow *follow, enum follow_state state,
                   const struct sip_message *message, const char *text, const struct fault *fault)
{
    struct session *session = gate->session;
    const struct follow_row *row = &rows[follow->kind];
    bool first = follow->state == FOLLOW_ASKED;
    follow->state = state;
    if (state == FOLLOW_GRANTED)
        session->granted |= (unsigned)row->part;
    else
        session->granted &= ~(unsigned)row->part;
    session->settled = true;
    for (size_t i = 0; i < FOLLOW_COUNT; i++)
        session->settled &= session->follow[i].state != FOLLOW_ASKED;
    if (!first && !fault)
        return;
    scoped(arena) struct arena *arena = arena_new();
    report_tell(&gate->report, &(struct report_told){
                                   .step = row->step,
                                   .asked = arena_print(arena, "SUBSCRIBE %.*s, %s",
                                                        SLICE_ARG(gate->set.sip_uri), row->event),
                                   .whom = gate->pool_name,
                                   .received = message ? message->bytes : SLICE(""),
                                   .began_us = first ? follow->asked_us : 0,
                                   .outcome = fault ? LYCHGATE_PASSED : LYCHGATE_GOOD,
                                   .fault = fault,
                                   .answer = text,
                               });
}

static void refused(struct lychgate *gate, struct follow *follow, const struct sip_message *message,
                    const struct fault *fault)
{
    leg_end(&follow->leg);
    follow->refresh_at = INT64_MAX;
    settle(gate, follow, FOLLOW_REFUSED, message, NULL, fault);
}

/* ---- bodies ------------------------------------------------------------------------------- */

/* A change that does not fit what we have is mended by asking for everything again; another
 * body that cannot be read leaves what we had. */
static int take_body(struct lychgate *gate, struct follow *follow,
                     const struct sip_message *message, struct fault *fault)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct fault odd = {0};
    buf_print(&text, "%d, ", message->status ? message->status : 200);
    int err = rows[follow->kind].read(gate, message, &text, &odd);
    if (err == 0) {
        settle(gate, follow, FOLLOW_GRANTED, message, buf_string(&text), NULL);
        return 0;
    }
    if (err == -ERR_CONFLICT && follow->idle)
        return follow_ask(gate, follow->kind, fault);
    settle(gate, follow, follow->state == FOLLOW_GRANTED ? FOLLOW_GRANTED : FOLLOW_REFUSED, message,
           NULL, &odd);
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Either marker says that the body is the first notification (session.md section 1.3). */
static bool is_piggyback(const struct sip_message *answer)
{
    return !slice_empty(answer->body) &&
           (sip_header(answer, SIP_HEADER_MS_PIGGYBACK_CSEQ) ||
            sip_has_tag(answer, SIP_HEADER_SUPPORTED, SLICE("ms-piggyback-first-notify")));
}

static void set_refresh(struct follow *follow, const struct sip_message *answer)
{
    int64_t lifetime = answer->expires > 0 ? answer->expires * 1000 : 0;
    follow->refresh_at = INT64_MAX;
    if (lifetime == 0 && follow->state != FOLLOW_ASKED)
        leg_end(&follow->leg); /* it was told once, and there is no dialog */
    else if (lifetime > 0)
        follow->refresh_at =
            clock_monotonic() + (lifetime > 2 * EARLY_MS ? lifetime - EARLY_MS : lifetime / 2);
}

static void answered(struct lychgate *gate, void *arg, const struct sip_message *answer)
{
    struct follow *follow = arg;
    struct fault fault = {0};
    follow->idle = true;
    if (!answer && !gate->wire) { /* all is over */
        follow->state = FOLLOW_REFUSED;
        return;
    }
    if (!answer) {
        fault_set(&fault, ERR_IO, FINDING_CONNECTION_TIMEOUT, "no answer to SUBSCRIBE, %s",
                  rows[follow->kind].event);
        refused(gate, follow, NULL, &fault);
        return;
    }
    /* Lost by the server: begin anew, once. */
    if (answer->status == 481 && !slice_empty(follow->leg.remote_tag)) {
        leg_end(&follow->leg);
        if (follow_ask(gate, follow->kind, &fault) == 0)
            return;
    }
    if (answer->status > 299) {
        dialogue_refusal_of_request(answer, &fault);
        refused(gate, follow, answer, &fault);
        return;
    }
    if (follow->leg.arena && slice_empty(follow->leg.remote_tag) &&
        leg_confirm(&follow->leg, answer, &fault) < 0) {
        refused(gate, follow, answer, &fault);
        return;
    }
    if (is_piggyback(answer))
        take_body(gate, follow, answer, &fault);
    set_refresh(follow, answer);
}

static int subscribe(struct lychgate *gate, struct follow *follow, struct slice body,
                     struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    const struct follow_row *row = &rows[follow->kind];
    if (!follow->leg.arena)
        leg_begin(gate, &follow->leg, gate->set.sip_uri);
    struct sip_request request = leg_request(gate, &follow->leg, arena, SIP_SUBSCRIBE);
    sip_request_header(&request, "Event", "%s", row->event);
    sip_request_header(&request, "Accept", "%s", row->accept);
    sip_request_header(&request, "Supported", "com.microsoft.autoextend");
    sip_request_header(&request, "Supported", "ms-benotify");
    sip_request_header(&request, "Proxy-Require", "ms-benotify");
    sip_request_header(&request, "Supported", "ms-piggyback-first-notify");
    if (row->headers)
        row->headers(&request);
    talk_contact(gate, &request);
    if (!slice_empty(body)) {
        request.content_type = slice_of(row->body_type);
        request.body = body;
    }
    int err = talk_ask(gate, &request, answered, follow, fault);
    follow->idle = err != 0;
    return err;
}

int follow_ask(struct lychgate *gate, enum follow_kind kind, struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct follow *follow = &gate->session->follow[kind];
    follow->kind = kind;
    follow->refresh_at = INT64_MAX;
    if (follow->state != FOLLOW_GRANTED) {
        follow->state = FOLLOW_ASKED;
        follow->asked_us = clock_monotonic_us();
        gate->session->settled = false;
    }
    if (rows[kind].body)
        rows[kind].body(gate, &body);
    return subscribe(gate, follow, buf_slice(&body), fault);
}

int follow_people(struct lychgate *gate, const struct slice *people, size_t count, bool unsubscribe,
                  struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct follow *follow = &gate->session->follow[FOLLOW_PRESENCE];
    if (follow->state != FOLLOW_GRANTED || slice_empty(follow->leg.remote_tag))
        return unsubscribe ? 0 : follow_ask(gate, FOLLOW_PRESENCE, fault);
    presence_batch_ask(gate->set.address, people, count, unsubscribe, &body);
    return subscribe(gate, follow, buf_slice(&body), fault);
}

int follow_await(struct lychgate *gate, struct fault *fault)
{
    int err = talk_await(gate, &gate->session->settled, fault);
    if (err == 0 || fault->finding != FINDING_CONNECTION_TIMEOUT)
        return err;
    /* A 200 came, and no notification behind it. */
    for (size_t i = 0; i < FOLLOW_COUNT; i++)
        if (gate->session->follow[i].state == FOLLOW_ASKED)
            refused(gate, &gate->session->follow[i], NULL, fault);
    return 0;
}

/* ---- notifications -------------------------------------------------------------------------- */

static int answer_notify(struct lychgate *gate, const struct sip_message *request,
                         struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct sip_reply reply;
    if (request->method != SIP_NOTIFY)
        return 0;
    sip_reply_init(&reply, arena, 200);
    return talk_reply(gate, request, &reply, fault);
}

int follow_notified(struct lychgate *gate, const struct sip_message *request, struct fault *fault)
{
    struct follow *follow = NULL;
    for (size_t i = 0; i < FOLLOW_COUNT && !follow; i++)
        if (leg_is_of(&gate->session->follow[i].leg, request))
            follow = &gate->session->follow[i];
    if (!follow)
        return 0;
    int err = answer_notify(gate, request, fault);
    /* They may overtake each other on the way through a server; the dialog's order is not
     * ours to insist on ([MS-SIP] section 3.3.5.1). */
    if (err == 0 && !slice_empty(request->body))
        err = take_body(gate, follow, request, fault);
    if (err < 0)
        return err;
    bool over = slice_eq_nocase(sip_value_word(request, SIP_HEADER_SUBSCRIPTION_STATE),
                                SLICE("terminated"));
    if (over && follow->kind != FOLLOW_SETTINGS && follow->idle) {
        leg_end(&follow->leg);
        follow->refresh_at = clock_monotonic(); /* anew */
    }
    return 1;
}

/* ---- time ----------------------------------------------------------------------------------- */

int64_t follow_due(const struct lychgate *gate)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; gate->session && i < FOLLOW_COUNT; i++) {
        const struct follow *follow = &gate->session->follow[i];
        if (follow->state == FOLLOW_GRANTED && follow->idle && follow->refresh_at < due)
            due = follow->refresh_at;
    }
    return due;
}

int follow_refresh(struct lychgate *gate, struct fault *fault)
{
    int64_t now = clock_monotonic();
    int err = 0;
    for (size_t i = 0; gate->session && i < FOLLOW_COUNT && err == 0; i++) {
        const struct follow *follow = &gate->session->follow[i];
        if (follow->state == FOLLOW_GRANTED && follow->idle && follow->refresh_at <= now)
            err = follow_ask(gate, (enum follow_kind)i, fault);
    }
    return err;
}
