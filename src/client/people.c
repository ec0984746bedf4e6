/* What the server tells: settings, contacts, and people's presence. */
#include "client/session_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings ----------------------------------------------------------------------------- */

int settings_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault)
{
    struct session *session = gate->session;
    struct arena *arena = arena_new();
    struct provision_values values;
    int err = provision_read(message->body, arena, &values, fault);
    if (err) {
        arena_free(arena);
        return err;
    }
    arena_free(session->settings_arena);
    session->settings_arena = arena;
    session->values = values;
    session->settings = arena_array(arena, struct lychgate_setting, values.count + 1);
    for (size_t i = 0; i < values.count; i++) /* all are followed by a NUL (arena_copy) */
        session->settings[i] =
            (struct lychgate_setting){arena_string(arena, values.rows[i].group),
                                      values.rows[i].name.at, values.rows[i].value.at};
    buf_print(text, "%zu settings", values.count);
    return 0;
}

/* ---- contacts ----------------------------------------------------------------------------- */

static const char **names_of(const struct contacts_list *list, uint64_t groups, struct arena *arena)
{
    const char **names = arena_array(arena, const char *, list->group_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < list->group_count; i++)
        if (groups & contacts_bit(list->groups[i].id))
            names[count++] = arena_string(arena, list->groups[i].name);
    return names;
}

static void show_contacts(struct session *session)
{
    const struct contacts_list *list = session->list;
    struct arena *arena = session->contacts_arena;
    session->groups = names_of(list, UINT64_MAX, arena);
    session->contacts = arena_array(arena, struct lychgate_contact, list->contact_count + 1);
    for (size_t i = 0; i < list->contact_count; i++) {
        const struct contacts_contact *contact = list->contacts[i];
        session->contacts[i] = (struct lychgate_contact){
            .address = arena_string(arena, contact->uri),
            .alias = arena_string(arena, contact->name),
            .groups = names_of(list, contact->groups, arena),
            .subscribed = contact->subscribed,
            .presence = &person_of(session, contact->uri)->shown,
        };
    }
}

/* Presence of those who have come since the subscription was made. */
static int ask_for_new(struct lychgate *gate, struct fault *fault)
{
    struct session *session = gate->session;
    scoped(arena) struct arena *arena = arena_new();
    struct slice *fresh = arena_array(arena, struct slice, session->list->contact_count + 1);
    size_t count = 0;
    if (session->follow[FOLLOW_PRESENCE].state != FOLLOW_GRANTED)
        return 0;
    for (size_t i = 0; i < session->list->contact_count; i++) {
        const struct contacts_contact *contact = session->list->contacts[i];
        struct person *person = person_of(session, contact->uri);
        if (!contact->subscribed || person->asked)
            continue;
        person->asked = true;
        fresh[count++] = contact->uri;
    }
    return count ? follow_people(gate, fresh, count, false, fault) : 0;
}

int contacts_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault)
{
    struct session *session = gate->session;
    struct arena *arena = arena_new();
    struct contacts_list *list = NULL;
    int err = contacts_read(message->body, session->list, arena, &list, fault);
    if (err) {
        arena_free(arena);
        return err;
    }
    bool changed = session->list && session->list->delta != list->delta;
    arena_free(session->contacts_arena);
    session->contacts_arena = arena;
    session->list = list;
    show_contacts(session);
    if (changed)
        session_news(session, NEWS_CONTACTS, (struct slice){0}, (struct slice){0},
                     (struct slice){0});
    buf_print(text, "%zu contacts in %zu group%s", list->contact_count, list->group_count,
              list->group_count == 1 ? "" : "s");
    return ask_for_new(gate, fault);
}

/* ---- people --------------------------------------------------------------------------------- */

struct person *person_of(struct session *session, struct slice address)
{
    struct person *person;
    HASH_FIND(hh, session->people, address.at, address.len, person);
    if (person)
        return person;
    person = must_calloc(1, sizeof *person + address.len + 1);
    memcpy(person->address, address.at, address.len);
    person->arena = arena_new();
    person->shown = (struct lychgate_presence){.address = person->address,
                                               .name = "",
                                               .state = lychgate_state_word(PRESENCE_UNKNOWN),
                                               .availability = PRESENCE_UNKNOWN,
                                               .activity = "",
                                               .note = "",
                                               .device = "",
                                               .title = "",
                                               .company = "",
                                               .department = "",
                                               .office = "",
                                               .email = "",
                                               .phone = ""};
    HASH_ADD_KEYPTR(hh, session->people, person->address, address.len, person);
    return person;
}

/* The strings of one category: as told, or as they were. */
struct change {
    struct arena *arena;
    bool differs;
};

static void keep_text(struct change *change, bool told, struct slice text, const char **field)
{
    struct slice was = slice_of(*field), now = told ? text : was;
    change->differs |= !slice_eq(was, now);
    *field = arena_string(change->arena, now);
}

static void keep_state(struct change *change, const struct presence_told *told,
                       struct lychgate_presence *shown)
{
    keep_text(change, told->state, told->activity, &shown->activity);
    keep_text(change, told->state, told->device, &shown->device);
    if (!told->state)
        return;
    change->differs |=
        shown->availability != told->availability || shown->last_active != told->last_active;
    shown->availability = told->availability;
    shown->last_active = told->last_active;
    shown->state = lychgate_state_word(told->availability);
}

void person_told(struct session *session, const struct presence_told *told)
{
    struct person *person = person_of(session, told->account);
    struct lychgate_presence *shown = &person->shown;
    struct change change = {.arena = arena_new(), .differs = shown->refused != told->gone};
    shown->refused = told->gone;
    keep_state(&change, told, shown);
    keep_text(&change, told->card, told->name, &shown->name);
    keep_text(&change, told->card, told->title, &shown->title);
    keep_text(&change, told->card, told->company, &shown->company);
    keep_text(&change, told->card, told->department, &shown->department);
    keep_text(&change, told->card, told->office, &shown->office);
    keep_text(&change, told->card, told->email, &shown->email);
    keep_text(&change, told->card, told->phone, &shown->phone);
    keep_text(&change, told->note, told->note_text, &shown->note);
    if (told->note) {
        change.differs |= shown->out_of_office != told->out_of_office;
        shown->out_of_office = told->out_of_office;
    }
    arena_free(person->arena);
    person->arena = change.arena;
    if (change.differs)
        session_news(session, NEWS_PRESENCE, told->account, (struct slice){0}, (struct slice){0});
}

static void count_told(void *arg, const struct presence_told *told)
{
    struct session *session = arg;
    person_told(session, told);
}

int presence_take(struct lychgate *gate, const struct sip_message *message, struct buf *text,
                  struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct session *session = gate->session;
    size_t known = 0, refused = 0;
    int err = presence_read_news(sip_value(message, SIP_HEADER_CONTENT_TYPE), message->body, arena,
                                 count_told, session, fault);
    for (const struct person *p = session->people; p; p = p->hh.next) {
        known += p->asked && !p->shown.refused;
        refused += p->asked && p->shown.refused;
    }
    buf_print(text, "%zu people", known);
    if (refused)
        buf_print(text, ", and %zu whom the server does not tell of", refused);
    return err;
}

struct slice *people_to_ask(const struct session *session, struct arena *arena, size_t *count_out)
{
    struct slice *people = arena_array(arena, struct slice, HASH_COUNT(session->people) + 1);
    *count_out = 0;
    for (const struct person *p = session->people; p; p = p->hh.next)
        if (p->asked)
            people[(*count_out)++] = slice_of(p->address);
    return people;
}
