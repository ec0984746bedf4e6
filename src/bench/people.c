#include "bench/people.h"

#include "base/clock.h"
#include "contacts/read.h"
#include "presence/own.h"

#include <stdlib.h>

#define OFFERS                                                                                     \
    "Supported: com.microsoft.autoextend\nSupported: ms-benotify\nProxy-Require: ms-benotify\n"    \
    "Supported: ms-piggyback-first-notify\n"

enum {
    DEVICE = 0x1234567,
    HERE = 3500
};

/* One of them. */
struct settler {
    enum people_step step;
    int64_t asked_us;
    struct arena *arena; /* his list, until he has subscribed */
    const struct contacts_list *list;
    size_t wanted; /* people he has subscribed to */
};

struct settling {
    struct crowd *crowd;
    const struct people_options *options;
    struct people_seen *seen;
    struct settler *settlers;
    int err;
    struct fault fault;
};

static const char *const step_names[PEOPLE_STEPS] = {
    [PEOPLE_LIST] = "contact_list",
    [PEOPLE_SELF] = "own_presence",
    [PEOPLE_PUBLISH] = "publish",
    [PEOPLE_WATCH] = "watch_contacts",
};

const char *people_step_name(enum people_step step)
{
    return step_names[step];
}

/* ---- asking ----------------------------------------------------------------------------- */

static void ask_list(struct actor *actor, const struct settling *s, struct settler *who)
{
    (void)s;
    (void)who;
    actor_ask(actor,
              &(struct actor_request){.method = SIP_SUBSCRIBE,
                                      .cseq = 1,
                                      .headers = "Event: " CONTACTS_EVENT "\nAccept: " CONTACTS_TYPE
                                                 "\n" OFFERS "Supported: ms-ucs\n"});
}

static void ask_self(struct actor *actor, const struct settling *s, struct settler *who)
{
    scoped(buf) struct buf body = BUF_INIT;
    (void)s;
    (void)who;
    presence_self_ask(&body);
    actor_ask(actor, &(struct actor_request){.method = SIP_SUBSCRIBE,
                                             .cseq = 1,
                                             .headers = "Event: " PRESENCE_SELF_EVENT
                                                        "\nAccept: " PRESENCE_SELF_TYPE "\n" OFFERS,
                                             .content_type = SLICE(PRESENCE_SELF_TYPE),
                                             .body = buf_slice(&body)});
}

static void send_publications(struct actor *actor, const struct presence_publication *list,
                              size_t count)
{
    scoped(buf) struct buf body = BUF_INIT;
    presence_publish_print(actor_account(actor), list, count, &body);
    actor_ask(actor, &(struct actor_request){.method = SIP_SERVICE,
                                             .cseq = 1,
                                             .content_type = SLICE(PRESENCE_PUBLISH_TYPE),
                                             .body = buf_slice(&body)});
}

static void ask_publish(struct actor *actor, const struct settling *s, struct settler *who)
{
    scoped(buf) struct buf device = BUF_INIT;
    scoped(buf) struct buf machine = BUF_INIT;
    scoped(buf) struct buf user = BUF_INIT;
    scoped(buf) struct buf note = BUF_INIT;
    uint32_t machine_number = PRESENCE_MACHINE_STATE | DEVICE >> 4;
    (void)s;
    (void)who;
    presence_device_print(SLICE("00112233-4455-6677-8899-aabbccddeeff"), SLICE("bench"), &device);
    presence_state_print("machineState", false, HERE, &machine);
    presence_state_print("userState", false, HERE, &user);
    presence_note_print(SLICE("at work"), &note);
    struct presence_publication list[] = {
        {"device", DEVICE, 2, 0, "endpoint", false, buf_slice(&device)},
        {"state", machine_number, 2, 0, "endpoint", false, buf_slice(&machine)},
        {"state", machine_number, 3, 0, "endpoint", false, buf_slice(&machine)},
        {"state", PRESENCE_USER_STATE, 2, 0, "endpoint", false, buf_slice(&user)},
        {"state", PRESENCE_USER_STATE, 3, 0, "endpoint", false, buf_slice(&user)},
        {"note", 0, 200, 0, "endpoint", false, buf_slice(&note)},
        {"note", 0, 300, 0, "endpoint", false, buf_slice(&note)},
        {"note", 0, 400, 0, "endpoint", false, buf_slice(&note)},
    };
    send_publications(actor, list, sizeof list / sizeof *list);
}

void people_change(struct actor *actor, uint32_t version, int availability)
{
    scoped(buf) struct buf machine = BUF_INIT;
    uint32_t number = PRESENCE_MACHINE_STATE | DEVICE >> 4;
    presence_state_print("machineState", false, availability, &machine);
    struct presence_publication list[] = {
        {"state", number, 2, version, "endpoint", false, buf_slice(&machine)},
        {"state", number, 3, version, "endpoint", false, buf_slice(&machine)},
    };
    send_publications(actor, list, sizeof list / sizeof *list);
}

static void ask_watch(struct actor *actor, const struct settling *s, struct settler *who)
{
    scoped(buf) struct buf body = BUF_INIT;
    bool one = !slice_absent(s->options->watched);
    who->wanted = one ? 1 : who->list ? who->list->contact_count : 0;
    struct slice *people = arena_array(who->arena, struct slice, who->wanted + 1);
    people[0] = s->options->watched;
    for (size_t i = 0; !one && i < who->wanted; i++)
        people[i] = who->list->contacts[i]->uri;
    presence_batch_ask(actor_account(actor), people, who->wanted, false, &body);
    actor_ask(actor, &(struct actor_request){
                         .method = SIP_SUBSCRIBE,
                         .cseq = 1,
                         .headers = "Event: " PRESENCE_EVENT
                                    "\nAccept: application/msrtc-event-categories+xml, "
                                    "application/rlmi+xml, multipart/related\n" OFFERS
                                    "Require: adhoclist, categoryList\nSupported: eventlist\n",
                         .content_type = SLICE(PRESENCE_BATCH_TYPE),
                         .body = buf_slice(&body)});
}

/* ---- answers ------------------------------------------------------------------------------ */

static int read_list(struct settling *s, struct settler *who, const struct sip_message *answer,
                     struct fault *fault)
{
    struct contacts_list *list;
    int err = contacts_read(answer->body, NULL, who->arena, &list, fault);
    if (err == 0) {
        who->list = list;
        s->seen->contacts = list->contact_count;
    }
    return err;
}

static void count_person(void *count, const struct presence_told *told)
{
    *(size_t *)count += !told->gone;
}

static int read_watch(struct settling *s, struct settler *who, const struct sip_message *answer,
                      struct fault *fault)
{
    size_t shown = 0;
    int err = presence_read_news(sip_value(answer, SIP_HEADER_CONTENT_TYPE), answer->body,
                                 who->arena, count_person, &shown, fault);
    s->seen->shown = shown;
    return err < 0 || shown == who->wanted
               ? err
               : fault_set(fault, ERR_IO, FINDING_INTERNAL, "asked for %zu people, told of %zu",
                           who->wanted, shown);
}

static const struct {
    void (*ask)(struct actor *actor, const struct settling *s, struct settler *who);
    int (*read)(struct settling *s, struct settler *who, const struct sip_message *answer,
                struct fault *fault);
} steps[PEOPLE_STEPS] = {
    [PEOPLE_LIST] = {ask_list, read_list},
    [PEOPLE_SELF] = {ask_self, NULL},
    [PEOPLE_PUBLISH] = {ask_publish, NULL},
    [PEOPLE_WATCH] = {ask_watch, read_watch},
};

/* ---- one behind the other --------------------------------------------------------------- */

/* His next step from `step` on; false: it was the last. */
static bool go_on(struct settling *s, struct actor *actor, struct settler *who,
                  enum people_step step)
{
    while (step < PEOPLE_STEPS && !s->options->steps[step])
        step++;
    if (step == PEOPLE_STEPS)
        return false;
    who->step = step;
    who->asked_us = clock_monotonic_us();
    steps[step].ask(actor, s, who);
    return true;
}

static bool begin(void *arg, struct actor *actor, size_t number)
{
    struct settling *s = arg;
    struct settler *who = &s->settlers[number];
    who->arena = arena_new();
    return go_on(s, actor, who, 0);
}

static int take_answer(struct settling *s, struct settler *who, const struct sip_message *answer,
                       struct fault *fault)
{
    struct bench_series *series = s->options->series[who->step];
    if (series)
        bench_series_add(series, (double)(clock_monotonic_us() - who->asked_us));
    if (answer->status != 200)
        return fault_set(fault, ERR_IO, FINDING_REQUEST_REFUSED, "%d at %s", answer->status,
                         step_names[who->step]);
    s->seen->bytes[who->step] = answer->body.len;
    return steps[who->step].read ? steps[who->step].read(s, who, answer, fault) : 0;
}

static void on_answer(void *arg, struct actor *actor, size_t number,
                      const struct sip_message *answer)
{
    struct settling *s = arg;
    struct settler *who = &s->settlers[number];
    struct fault fault;
    if (!who->arena)
        return;
    if (take_answer(s, who, answer, &fault) < 0) {
        s->err = fault.err;
        s->fault = fault;
        crowd_give_up(s->crowd, &fault);
        return;
    }
    if (go_on(s, actor, who, who->step + 1))
        return;
    arena_free(who->arena);
    who->arena = NULL;
    crowd_done(s->crowd, number);
}

int people_settle(struct crowd *crowd, const struct people_options *options,
                  struct people_seen *seen_out, struct fault *fault)
{
    size_t size = crowd_size(crowd);
    struct settling s = {.crowd = crowd,
                         .options = options,
                         .seen = seen_out,
                         .settlers = must_calloc(size, sizeof *s.settlers)};
    crowd_play(crowd, &(struct crowd_act){.first = options->first,
                                          .count = options->count,
                                          .begin = begin,
                                          .on_answer = on_answer,
                                          .arg = &s});
    for (size_t i = 0; i < size; i++)
        arena_free(s.settlers[i].arena);
    free(s.settlers);
    if (s.err < 0)
        *fault = s.fault;
    return s.err;
}
