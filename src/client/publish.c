/* One's own presence: wait for what the server has, publish with its versions, and when
 * another endpoint was faster, again with those that it names (session.md section 4.4). */
#include "client/session_priv.h"

#include "base/clock.h"
#include "base/encode.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TRIES_MAX = 4, /* the first, and three after a conflict */
    HOST_NAME_LEN = 256,
    HERE = 3500
};

int self_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
              struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct presence_self_told told;
    int err = presence_read_self(message->body, arena, &told, fault);
    if (err)
        return err;
    presence_versions_take(gate->session->versions, &told);
    told.own.account = gate->set.address;
    person_told(gate->session, &told.own);
    buf_print(text, "%zu publications", told.item_count);
    return 0;
}

/* ---- publishing ----------------------------------------------------------------------------- */

static void fill_versions(const struct lychgate *gate, struct presence_publication *list,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i].version = presence_version(gate->session->versions, list[i].category,
                                           list[i].instance, list[i].container);
}

/* What is not there needs no removing. */
static size_t without_needless(struct presence_publication *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!list[i].remove || list[i].version > 0)
            list[kept++] = list[i];
    return kept;
}

static int take_conflict(const struct sip_message *answer, struct presence_publication *list,
                         size_t count, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct presence_conflict *conflicts;
    size_t conflict_count;
    int err = presence_read_conflict(answer->body, arena, &conflicts, &conflict_count, fault);
    for (size_t i = 0; err == 0 && i < conflict_count; i++)
        if (conflicts[i].index >= 1 && conflicts[i].index <= count)
            list[conflicts[i].index - 1].version = conflicts[i].current;
    return err;
}

static int send_list(struct lychgate *gate, const struct presence_publication *list, size_t count,
                     struct arena *arena, struct sip_message *answer, struct fault *fault)
{
    scoped(buf) struct buf body = BUF_INIT;
    struct sip_request request = talk_request(gate, arena, SIP_SERVICE, gate->set.sip_uri);
    talk_contact(gate, &request);
    presence_publish_print(gate->set.address, list, count, &body);
    request.content_type = slice_of(PRESENCE_PUBLISH_TYPE);
    request.body = buf_slice(&body);
    return talk_exchange(gate, &request, answer, fault);
}

static int publish(struct lychgate *gate, struct presence_publication *list, size_t count,
                   struct fault *fault)
{
    fill_versions(gate, list, count);
    count = without_needless(list, count);
    for (int tries = 1; count > 0; tries++) {
        scoped(arena) struct arena *arena = arena_new();
        scoped(buf) struct buf text = BUF_INIT;
        struct sip_message answer;
        int err = send_list(gate, list, count, arena, &answer, fault);
        if (err)
            return err;
        if (answer.status < 300) /* a body is what the server has now; else it is told later */
            return slice_empty(answer.body) ? 0 : self_take(gate, &answer, &text, fault);
        if (answer.status != 409 || tries == TRIES_MAX ||
            take_conflict(&answer, list, count, fault) < 0)
            return dialogue_refusal_of_request(&answer, fault);
    }
    return 0;
}

/* ---- what is published ---------------------------------------------------------------------- */

/* The first 32 bits of the epid, as SIPE numbers them. */
static uint32_t device_number(const struct lychgate *gate)
{
    uint32_t number = 0;
    for (size_t i = 0; i < 8 && i < gate->epid.len; i++) {
        char digit = gate->epid.at[i];
        number = number << 4 | (uint32_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return number;
}

int publish_endpoint(struct lychgate *gate, struct fault *fault)
{
    scoped(buf) struct buf device = BUF_INIT;
    scoped(buf) struct buf state = BUF_INIT;
    char machine[HOST_NAME_LEN] = "";
    uint32_t number = device_number(gate), machine_number = PRESENCE_MACHINE_STATE | number >> 4;
    int64_t began = clock_monotonic_us();
    gethostname(machine, sizeof machine - 1);
    presence_device_print(gate->instance, slice_of(machine), &device);
    presence_state_print("machineState", false, HERE, &state);
    struct presence_publication list[] = {
        {"device", number, 2, 0, "endpoint", false, buf_slice(&device)},
        {"state", machine_number, 2, 0, "endpoint", false, buf_slice(&state)},
        {"state", machine_number, 3, 0, "endpoint", false, buf_slice(&state)},
    };
    int err = publish(gate, list, sizeof list / sizeof *list, fault);
    if (err == 0)
        gate->session->granted |= LYCHGATE_PUBLISH;
    report_tell(&gate->report,
                &(struct report_told){.step = "publish",
                                      .asked = SLICE("SERVICE, device and machine state"),
                                      .whom = gate->pool_name,
                                      .began_us = began,
                                      .outcome = err ? LYCHGATE_PASSED : LYCHGATE_GOOD,
                                      .fault = err ? fault : NULL,
                                      .answer = err ? fault->detail : "200"});
    return err;
}

static const struct {
    const char *word;
    int availability; /* 0: take the user's own state away */
} states[] = {
    {"available", 3500}, {"busy", 6500},     {"do-not-disturb", 9500}, {"be-right-back", 12500},
    {"away", 15500},     {"offline", 18500}, {"automatic", 0},
};

static int find_state(const char *word, int *availability_out, struct fault *fault)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].word, word) == 0) {
            *availability_out = states[i].availability;
            return 0;
        }
    return fault_set(fault, ERR_MALFORMED, FINDING_CONFIG_INVALID,
                     "`%.60s` is no state; take available, busy, do-not-disturb, be-right-back, "
                     "away, offline or automatic",
                     word);
}

int publish_own(struct lychgate *gate, const char *state, const char *note, struct fault *fault)
{
    static const uint32_t note_containers[] = {200, 300, 400};
    scoped(buf) struct buf state_xml = BUF_INIT;
    scoped(buf) struct buf note_xml = BUF_INIT;
    struct presence_publication list[5];
    size_t count = 0;
    int availability = 0;
    int err = state ? find_state(state, &availability, fault) : 0;
    if (err)
        return err;
    if (!presence_versions_known(gate->session->versions))
        return fault_set(fault, ERR_CONFLICT, FINDING_REQUEST_REFUSED,
                         "the server has not told what is published already");
    presence_state_print("userState", true, availability, &state_xml);
    presence_note_print(slice_of(note ? note : ""), &note_xml);
    for (uint32_t container = 2; state && container <= 3; container++)
        list[count++] = (struct presence_publication){
            "state",           PRESENCE_USER_STATE,  container, 0, "static",
            availability == 0, buf_slice(&state_xml)};
    for (size_t i = 0; note && i < sizeof note_containers / sizeof *note_containers; i++)
        list[count++] = (struct presence_publication){
            "note", 0, note_containers[i], 0, "static", note[0] == '\0', buf_slice(&note_xml)};
    return publish(gate, list, count, fault);
}
