/* One state out of all that a user's endpoints publish. Microsoft's script is not
 * published; these are the rules of docs/presence.md, which agree with every sample. */
#include "presence/presence_priv.h"

#include "base/clock.h"
#include "xml/names.h"
#include "xml/writer.h"

#include <string.h>

enum {
    AVAILABLE = 3500,
    IDLE = 4500,
    BUSY = 6000,
    BUSY_IDLE = 7500,
    DO_NOT_DISTURB = 9000,
    AWAY = 15000,
    AWAY_SHOWN = 15500,
    OFFLINE_FROM = 18000,
    OFFLINE = 18500,
    AVAILABILITY_MAX = 100000,
    INSTANCE_AGGREGATE = 1,
    INSTANCE_MACHINE = 0x10000000,
    INSTANCE_TIMED_USER = 0x24000000
};

/* An activity and the availabilities for which it holds. */
struct activity {
    int64_t published;
    int least, most;
    struct slice xml, token; /* in the turn's arena; absent: none */
};

/* All inputs of one container. */
struct inputs {
    int machine;     /* the most active one, 0: none */
    int user, timed; /* 0: not set */
    int device;      /* the highest of telephone and calendar, 0: none */
    struct activity activities[16];
    size_t activity_count;
};

static int number_of(struct slice text, int otherwise)
{
    uint64_t number;
    return slice_number(text, AVAILABILITY_MAX, &number) < 0 ? otherwise : (int)number;
}

static void take_activity(struct inputs *in, const struct publication *p,
                          const struct xml_node *node, struct arena *arena)
{
    scoped(buf) struct buf xml = BUF_INIT;
    if (!node || in->activity_count == sizeof in->activities / sizeof *in->activities)
        return;
    xml_raw(node, &xml);
    if (!buf_failed(&xml))
        in->activities[in->activity_count++] = (struct activity){
            p->published, number_of(xml_attr(node, "minAvailability"), 0),
            number_of(xml_attr(node, "maxAvailability"), AVAILABILITY_MAX),
            arena_copy(arena, buf_slice(&xml)), arena_copy(arena, xml_attr(node, "token"))};
}

static void take_state(struct inputs *in, const struct publication *p, struct arena *arena)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (xml_read(value_text(p->value), NULL, &doc, NULL) < 0)
        return;
    const struct xml_node *state = xml_root(doc);
    struct slice type = xml_attr_ns(state, NS_XSI, "type");
    int value = number_of(xml_text(xml_child(state, NS_STATE, "availability")), 0);
    if (!value)
        return;
    if (slice_eq(type, SLICE("machineState"))) {
        if (!in->machine || value < in->machine)
            in->machine = value;
        return;
    }
    if (slice_eq(type, SLICE("userState"))) {
        *(p->instance == INSTANCE_TIMED_USER ? &in->timed : &in->user) = value;
    } else if (value > in->device) {
        in->device = value;
    }
    take_activity(in, p, xml_child(state, NS_STATE, "activity"), arena);
}

static struct inputs read_inputs(const struct turn *turn, uint32_t container)
{
    struct inputs in = {0};
    for (const struct publication *p = turn->person->publications; p; p = p->next)
        if (!p->ours && p->container == container && slice_eq(p->category->text, SLICE("state")))
            take_state(&in, p, turn->arena);
    return in;
}

/* SIPE says its user's state of the machine, too: 6500 is a busy person at an active one. */
static bool is_idle(int machine)
{
    return (machine >= IDLE && machine < BUSY) ||
           (machine >= BUSY_IDLE && machine < DO_NOT_DISTURB);
}

static int decide(const struct inputs *in)
{
    int user = in->timed ? in->timed : in->user;
    if (!in->machine || user >= OFFLINE_FROM)
        return OFFLINE;
    if (user >= DO_NOT_DISTURB)
        return user;
    int most = in->device > AVAILABLE ? in->device : AVAILABLE;
    if (user > most)
        most = user;
    if (in->machine >= AWAY)
        return AWAY_SHOWN;
    if (is_idle(in->machine) && most < BUSY_IDLE)
        return most < BUSY ? IDLE : BUSY_IDLE;
    return most;
}

static struct activity best_activity(const struct inputs *in, int availability)
{
    const struct activity *best = NULL;
    for (size_t i = 0; i < in->activity_count; i++) {
        const struct activity *a = &in->activities[i];
        if (a->least <= availability && availability <= a->most &&
            (!best || a->published > best->published))
            best = a;
    }
    return best && availability < OFFLINE_FROM ? *best : (struct activity){0};
}

static struct slice print_state(struct arena *arena, const char *type, int availability,
                                struct slice activity, int64_t last_active)
{
    scoped(buf) struct buf value = BUF_INIT;
    struct xml_writer w = XML_WRITER(&value);
    xml_open(&w, "state");
    xml_put_ns(&w, "", NS_STATE);
    xml_put_ns(&w, "xsi", NS_XSI);
    if (last_active)
        xml_put_attr(&w, "lastActive", clock_print_iso(arena, last_active));
    xml_put_attr_string(&w, "xsi:type", type);
    xml_open(&w, "availability");
    xml_put_number(&w, availability);
    xml_close(&w);
    if (activity.len)
        xml_put_raw(&w, activity);
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&value));
}

static void put_state(struct turn *turn, uint32_t container, uint32_t instance, struct slice value)
{
    turn_put_ours(turn, SLICE("state"), container, instance, EXPIRE_USER, value);
}

static void note_machine(struct turn *turn, int machine)
{
    struct person *person = turn->person;
    bool active = machine && machine < IDLE, was = person->machine && person->machine < IDLE;
    if (active)
        person->last_active = 0;
    else if (was)
        person->last_active = turn->now;
    person->machine = machine;
}

void aggregate(struct turn *turn)
{
    /* Which container's inputs make which container's output (session.md 4.8). */
    static const struct {
        uint32_t from, to;
    } ways[] = {{2, 2}, {2, 100}, {2, 200}, {2, 400}, {3, 3}, {3, 300}};
    struct inputs in[2] = {read_inputs(turn, 2), read_inputs(turn, 3)};
    note_machine(turn, in[0].machine);
    int64_t last_active = turn->person->last_active;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct inputs *from = &in[ways[i].from - 2];
        int availability = decide(from);
        bool bare = ways[i].to == 100; /* strangers are told no more */
        struct activity activity = {0};
        if (!bare)
            activity = best_activity(from, availability);
        put_state(turn, ways[i].to, INSTANCE_AGGREGATE,
                  print_state(turn->arena, "aggregateState", availability, activity.xml,
                              bare ? 0 : last_active));
        if (ways[i].to >= 100)
            put_legacy_interop(turn, ways[i].to, availability, activity.token);
    }
    put_state(turn, 2, INSTANCE_MACHINE,
              print_state(turn->arena, "aggregateMachineState",
                          in[0].machine ? in[0].machine : OFFLINE, (struct slice){0}, 0));
    put_legacy_interop(turn, BLOCKED, OFFLINE, (struct slice){0});
    put_services(turn);
    put_state(turn, BLOCKED, INSTANCE_AGGREGATE,
              print_state(turn->arena, "aggregateState", OFFLINE, (struct slice){0}, 0));
}
