/* One's own presence: wait for what the server has, publish with its versions, and when
 * another endpoint was faster, again with those that it names (session.md section 4.4). */
#include "mobility/phone_priv.h"

#include "base/encode.h"

#include <stdlib.h>

enum {
    TRIES_MAX = 4,
    AVAILABLE = 3500
};

int phone_self_take(struct phone *phone, const struct sip_message *message, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct presence_self_told told;
    int err = presence_read_self(message->body, arena, &told, fault);
    if (err)
        return err;
    presence_versions_take(phone->versions, &told);
    told.own.account = phone->account;
    phone_person_told(phone, &told.own, true);
    phone_publish_go_on(phone);
    return 0;
}

int phone_own_state(const struct phone *phone)
{
    return phone->own_state;
}

/* ---- one after the other ----------------------------------------------------------------------
 */

static void finish(struct phone *phone, const struct fault *fault)
{
    struct edition *edition = phone->editions;
    phone->editions = edition->next;
    if (!phone->editions)
        phone->editions_last = &phone->editions;
    if (!fault && edition->appears)
        phone->appeared = true;
    if (edition->has_tag)
        phone_done(phone, edition->tag, fault);
    arena_free(edition->arena);
}

void phone_publish_end(struct phone *phone)
{
    struct fault fault;
    phone_fault(&fault, ERR_CONFLICT, FINDING_MOBILITY_NOT_READY, "nothing can be published");
    while (phone->editions)
        finish(phone, &fault);
    phone->publishing = false;
}

/* The versions of now; what is not there needs no removing. */
static void fill(struct phone *phone, struct edition *edition)
{
    edition->sent_count = 0;
    for (size_t i = 0; i < edition->count; i++) {
        struct presence_publication *item = &edition->list[i];
        item->version =
            presence_version(phone->versions, item->category, item->instance, item->container);
        if (!item->remove || item->version > 0)
            edition->sent[edition->sent_count++] = *item;
    }
}

static int take_conflict(struct edition *edition, const struct sip_message *answer)
{
    scoped(arena) struct arena *arena = arena_new();
    struct presence_conflict *conflicts;
    size_t count;
    struct fault odd;
    int err = presence_read_conflict(answer->body, arena, &conflicts, &count, &odd);
    for (size_t i = 0; err == 0 && i < count; i++)
        if (conflicts[i].index >= 1 && conflicts[i].index <= edition->sent_count)
            edition->sent[conflicts[i].index - 1].version = conflicts[i].current;
    return err;
}

static int send_edition(struct phone *phone, struct edition *edition, struct fault *fault);

static void published(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    struct edition *edition = phone->editions;
    struct fault fault;
    (void)ask;
    if (!phone->publishing || !edition)
        return; /* ended meanwhile */
    if (answer && answer->status == 409 && ++edition->tries < TRIES_MAX &&
        take_conflict(edition, answer) == 0 && send_edition(phone, edition, &fault) == 0)
        return;
    phone->publishing = false;
    bool good = answer && answer->status < 300;
    if (!good)
        phone_talk_refusal(answer, &fault);
    finish(phone, good ? NULL : &fault);
    if (good && !slice_empty(answer->body))
        phone_self_take(phone, answer, &fault);
    phone_publish_go_on(phone);
}

static int send_edition(struct phone *phone, struct edition *edition, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf body = BUF_INIT;
    struct sip_request request = phone_talk_request(phone, arena, SIP_SERVICE, phone->uri);
    sip_request_header(&request, "Contact", "%.*s", SLICE_ARG(phone_talk_contact(phone, arena)));
    presence_publish_print(phone->account, edition->sent, edition->sent_count, &body);
    request.content_type = slice_of(PRESENCE_PUBLISH_TYPE);
    request.body = buf_slice(&body);
    return phone_talk_ask(phone, &request, &(struct ask){.fn = published}, 0, fault);
}

void phone_publish_go_on(struct phone *phone)
{
    struct fault fault;
    while (phone->state == PHONE_IN && !phone->publishing && phone->editions &&
           presence_versions_known(phone->versions)) {
        struct edition *edition = phone->editions;
        fill(phone, edition);
        if (edition->sent_count == 0)
            finish(phone, NULL);
        else if (send_edition(phone, edition, &fault) == 0)
            phone->publishing = true;
        else
            finish(phone, &fault);
    }
}

/* ---- what is published
 * ---------------------------------------------------------------------------- */

static struct edition *begin(void)
{
    struct arena *arena = arena_new();
    struct edition *edition = arena_new_of(arena, struct edition);
    edition->arena = arena;
    return edition;
}

static void add(struct edition *edition, const char *category, uint32_t instance,
                uint32_t container, const char *expire, bool remove, const struct buf *value)
{
    edition->list[edition->count++] =
        (struct presence_publication){category,
                                      instance,
                                      container,
                                      0,
                                      expire,
                                      remove,
                                      arena_copy(edition->arena, buf_slice(value))};
}

static void hand_in(struct phone *phone, struct edition *edition)
{
    *phone->editions_last = edition;
    phone->editions_last = &edition->next;
    phone_publish_go_on(phone);
}

/* The first 32 bits of the epid, as SIPE numbers its devices. */
static uint32_t device_number(const struct phone *phone)
{
    uint32_t number = 0;
    for (size_t i = 0; i < 8 && i < phone->epid.len; i++) {
        char digit = phone->epid.at[i];
        number = number << 4 | (uint32_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}

static void add_machine(struct phone *phone, struct edition *edition, int availability)
{
    scoped(buf) struct buf state = BUF_INIT;
    uint32_t number = PRESENCE_MACHINE_STATE | device_number(phone) >> 4;
    presence_state_print("machineState", false, availability, &state);
    add(edition, "state", number, 2, "endpoint", false, &state);
    add(edition, "state", number, 3, "endpoint", false, &state);
}

static void add_user_state(struct edition *edition, int availability)
{
    scoped(buf) struct buf state = BUF_INIT;
    presence_state_print("userState", true, availability, &state);
    for (uint32_t container = 2; container <= 3; container++)
        add(edition, "state", PRESENCE_USER_STATE, container, "static", availability == 0, &state);
}

void phone_publish_machine(struct phone *phone, int availability)
{
    struct edition *edition = begin();
    add_machine(phone, edition, availability);
    hand_in(phone, edition);
}

static bool is_state(int availability)
{
    return availability == 0 || (availability >= AVAILABLE && availability <= 18500 &&
                                 (availability - AVAILABLE) % 3000 == 0);
}

/* 3500, 6500, 9500, 12500, 15500, 18500; else the call is answered. */
static bool check_state(struct phone *phone, uint64_t tag, int availability)
{
    struct fault fault;
    if (!phone_ready(phone, tag))
        return false;
    if (is_state(availability))
        return true;
    phone_fault(&fault, ERR_MALFORMED, FINDING_MOBILITY_INVALID, "no such availability");
    phone_done(phone, tag, &fault);
    return false;
}

void phone_appear(struct phone *phone, uint64_t tag, int availability)
{
    if (!check_state(phone, tag, availability))
        return;
    scoped(buf) struct buf device = BUF_INIT;
    struct edition *edition = begin();
    presence_device_print(phone->instance, SLICE("Mobile"), &device);
    add(edition, "device", device_number(phone), 2, "endpoint", false, &device);
    add_machine(phone, edition, AVAILABLE);
    add_user_state(edition, availability == AVAILABLE ? 0 : availability);
    phone->own_state = availability == AVAILABLE ? 0 : availability;
    edition->tag = tag;
    edition->has_tag = edition->appears = true;
    hand_in(phone, edition);
}

void phone_publish_state(struct phone *phone, uint64_t tag, int availability)
{
    if (!check_state(phone, tag, availability))
        return;
    struct edition *edition = begin();
    add_user_state(edition, availability);
    phone->own_state = availability;
    edition->tag = tag;
    edition->has_tag = true;
    hand_in(phone, edition);
}

void phone_publish_note(struct phone *phone, uint64_t tag, struct slice text)
{
    static const uint32_t containers[] = {200, 300, 400};
    scoped(buf) struct buf note = BUF_INIT;
    struct fault fault;
    if (!phone_ready(phone, tag))
        return;
    if (text.len > PHONE_TEXT_MAX) {
        phone_fault(&fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "bytes of a note");
        phone_done(phone, tag, &fault);
        return;
    }
    struct edition *edition = begin();
    presence_note_print(text, &note);
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
        add(edition, "note", 0, containers[i], "static", slice_empty(text), &note);
    edition->tag = tag;
    edition->has_tag = true;
    hand_in(phone, edition);
}
