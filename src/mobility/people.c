/* What the server tells: settings, contacts, and people's presence. */
#include "mobility/phone_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings -------------------------------------------------------------------------------- */

static bool is_true(const struct provision_values *values, const char *group, const char *name)
{
    return slice_eq_nocase(provision_value(values, group, name), SLICE("true"));
}

/* A value that is kept: it outlives the hundreds that are not. */
static struct slice kept(const struct phone *phone, const struct provision_values *v,
                         const char *group, const char *name)
{
    return arena_copy(phone->settings_arena, provision_value(v, group, name));
}

/* The subset of step 12; the rest of what a desktop client gets is dropped here. */
static void reduce(struct phone *phone, const struct provision_values *v)
{
    phone->settings = (struct phone_settings){
        .voicemail_uri = kept(phone, v, "ServerConfiguration", "voiceMailUri"),
        .sim_ring = is_true(v, "ucPolicy", "AllowSimultaneousRinging"),
        .call_forwarding = is_true(v, "ucPolicy", "AllowCallForwarding"),
        .delegation = is_true(v, "ucPolicy", "EnableDelegation"),
        .team_call = is_true(v, "ucPolicy", "EnableTeamCall"),
        .address_book_url = kept(phone, v, "ServerConfiguration", "absExternalServerUrl"),
        .group_url = kept(phone, v, "ServerConfiguration", "dlxExternalUrl"),
        .location_url = kept(phone, v, "ServerConfiguration", "lisExternalUrl"),
        .show_photos = is_true(v, "endpointConfiguration", "DisplayPhoto"),
        .photo_source = kept(phone, v, "endpointConfiguration", "PhotoUsage"),
        .card_organization =
            !is_true(v, "endpointConfiguration", "DisableContactCardOrganizationTab"),
        .outside_voice = is_true(v, "mobilityPolicy", "EnableOutsideVoice"),
        .push = phone->push,
        .dial_plan = phone->policy.dialplan.name,
        .dial_rules = phone->policy.dialplan.count,
    };
}

int phone_settings_take(struct phone *phone, const struct sip_message *message, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct provision_values values;
    int err = provision_read(message->body, arena, &values, fault);
    if (err)
        return err;
    arena_free(phone->settings_arena);
    phone->settings_arena = arena_new();
    reduce(phone, &values);
    phone_tell(phone, &(struct phone_news){.kind = PHONE_SETTINGS});
    return 0;
}

const struct phone_settings *phone_settings(const struct phone *phone)
{
    return phone->settings_arena ? &phone->settings : NULL;
}

bool phone_normalize(const struct phone *phone, struct slice number, char out[256])
{
    scoped(arena) struct arena *arena = arena_new();
    struct dialplan_result result = {0};
    struct fault ignored;
    bool good = phone->admission_arena &&
                dialplan_normalize(&phone->policy.dialplan, number, arena, &result, &ignored) == 0;
    struct slice text = good && result.rule ? result.number : slice_head(number, 200);
    good &= result.rule != NULL && text.len < 200;
    const char *scheme = good && !slice_starts_nocase(text, SLICE("tel:")) ? "tel:" : "";
    struct slice made = arena_print(arena, "%s%.*s", scheme, SLICE_ARG(slice_head(text, 200)));
    memcpy(out, made.at, made.len);
    out[made.len] = '\0';
    return good;
}

/* ---- contacts ----------------------------------------------------------------------------------
 */

static void show_contacts(struct phone *phone)
{
    const struct contacts_list *list = phone->list;
    struct arena *arena = phone->contacts_arena;
    phone->groups = arena_array(arena, struct phone_group, list->group_count + 1);
    phone->contacts = arena_array(arena, struct phone_contact, list->contact_count + 1);
    for (size_t i = 0; i < list->group_count; i++)
        phone->groups[i] =
            (struct phone_group){.id = list->groups[i].id, .name = list->groups[i].name};
    for (size_t i = 0; i < list->contact_count; i++)
        phone->contacts[i] = (struct phone_contact){.address = list->contacts[i]->uri,
                                                    .alias = list->contacts[i]->name,
                                                    .groups = list->contacts[i]->groups};
}

int phone_contacts_take(struct phone *phone, const struct sip_message *message, struct fault *fault)
{
    struct arena *arena = arena_new();
    struct contacts_list *list = NULL;
    int err = contacts_read(message->body, phone->list, arena, &list, fault);
    if (err) {
        arena_free(arena);
        return err;
    }
    bool changed = !phone->list || phone->list->delta != list->delta;
    arena_free(phone->contacts_arena);
    phone->contacts_arena = arena;
    phone->list = list;
    show_contacts(phone);
    if (changed)
        phone_tell(phone, &(struct phone_news){.kind = PHONE_CONTACTS});
    return 0;
}

const struct phone_group *phone_groups(const struct phone *phone, size_t *count)
{
    *count = phone->list ? phone->list->group_count : 0;
    return phone->list ? phone->groups : NULL;
}

const struct phone_contact *phone_contacts(const struct phone *phone, size_t *count)
{
    *count = phone->list ? phone->list->contact_count : 0;
    return phone->list ? phone->contacts : NULL;
}

static void edited(struct phone *phone, const struct ask *ask, const struct sip_message *answer)
{
    struct fault fault;
    bool good = answer && answer->status < 300;
    if (!good)
        phone_talk_refusal(answer, &fault);
    phone_done(phone, ask->tag, good ? NULL : &fault);
    if (phone->state == PHONE_IN) /* its numbers come from the server only */
        phone_follow_ask(phone, FOLLOW_CONTACTS);
}

static void edit(struct phone *phone, uint64_t tag, struct slice address, enum contacts_edit what,
                 unsigned group)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(buf) struct buf body = BUF_INIT;
    struct contacts_change change = {.edit = what,
                                     .contact = {.name = SLICE(""), .subscribed = true}};
    struct fault fault;
    if (!phone_ready(phone, tag))
        return;
    int err = phone_address(arena, address, &change.contact.uri, &fault);
    if (err == 0 && !phone->list)
        err = phone_fault(&fault, ERR_CONFLICT, FINDING_MOBILITY_NOT_READY, "no contacts yet");
    if (err == 0 && what == CONTACTS_SET_CONTACT &&
        !contacts_list_group(phone->list, group ? group : CONTACTS_EVERYBODY))
        err = phone_fault(&fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN, "no such group");
    if (err) {
        phone_done(phone, tag, &fault);
        return;
    }
    const struct contacts_contact *now = contacts_list_find(phone->list, change.contact.uri);
    if (now)
        change.contact = *now;
    uint64_t others = change.contact.groups & ~contacts_bit(CONTACTS_EVERYBODY);
    change.contact.groups = group    ? others | contacts_bit(group)
                            : others ? others
                                     : contacts_bit(CONTACTS_EVERYBODY);
    change.before = phone->list->delta;
    contacts_ask(&change, &body);
    struct sip_request request = phone_talk_request(phone, arena, SIP_SERVICE, phone->uri);
    request.content_type = SLICE("application/SOAP+xml");
    request.body = buf_slice(&body);
    if (phone_talk_ask(phone, &request, &(struct ask){.fn = edited, .tag = tag}, 0, &fault) < 0)
        phone_done(phone, tag, &fault);
}

void phone_contact_add(struct phone *phone, uint64_t tag, struct slice address, unsigned group)
{
    edit(phone, tag, address, CONTACTS_SET_CONTACT, group > CONTACTS_GROUPS_MAX ? 0 : group);
}

void phone_contact_remove(struct phone *phone, uint64_t tag, struct slice address)
{
    edit(phone, tag, address, CONTACTS_DELETE_CONTACT, 0);
}

/* ---- people ------------------------------------------------------------------------------------
 */

static const struct phone_person blank = {.name = {"", 0},
                                          .email = {"", 0},
                                          .title = {"", 0},
                                          .company = {"", 0},
                                          .department = {"", 0},
                                          .office = {"", 0},
                                          .phone = {"", 0},
                                          .availability = PRESENCE_UNKNOWN,
                                          .activity = {"", 0},
                                          .device = {"", 0},
                                          .note = {"", 0}};

static struct person *new_person(struct slice address)
{
    struct person *person = must_calloc(1, sizeof *person + address.len + 1);
    memcpy(person->address, address.at, address.len);
    person->arena = arena_new();
    person->shown = blank;
    person->shown.address = slice_of(person->address);
    return person;
}

static void free_person(struct person *person)
{
    if (person)
        arena_free(person->arena);
    free(person);
}

struct person *phone_person_find(struct phone *phone, struct slice address)
{
    struct person *person;
    HASH_FIND(hh, phone->people, address.at, address.len, person);
    return person;
}

void phone_people_free(struct phone *phone)
{
    struct person *person, *next;
    HASH_ITER(hh, phone->people, person, next)
    {
        HASH_DEL(phone->people, person);
        free_person(person);
    }
    free_person(phone->own);
    phone->own = NULL;
}

/* The strings of one category: as told, or as they were. */
struct change {
    struct arena *arena;
    bool differs;
};

static void keep(struct change *change, bool told, struct slice text, struct slice *field)
{
    struct slice now = told ? text : *field;
    change->differs |= told && !slice_eq(now, *field);
    *field = slice_empty(now) ? SLICE("") : arena_copy(change->arena, now);
}

static bool keep_state(struct change *change, const struct presence_told *told,
                       struct phone_person *shown)
{
    keep(change, told->state, told->activity, &shown->activity);
    keep(change, told->state, told->device, &shown->device);
    if (told->state) {
        change->differs |=
            shown->availability != told->availability || shown->last_active != told->last_active;
        shown->availability = told->availability;
        shown->last_active = told->last_active;
    }
    return change->differs;
}

static bool keep_card(struct change *change, const struct presence_told *told,
                      struct phone_person *shown)
{
    keep(change, told->card, told->name, &shown->name);
    keep(change, told->card, told->email, &shown->email);
    keep(change, told->card, told->title, &shown->title);
    keep(change, told->card, told->company, &shown->company);
    keep(change, told->card, told->department, &shown->department);
    keep(change, told->card, told->office, &shown->office);
    keep(change, told->card, told->phone, &shown->phone);
    return change->differs;
}

static bool keep_note(struct change *change, const struct presence_told *told,
                      struct phone_person *shown)
{
    keep(change, told->note, told->note_text, &shown->note);
    if (told->note) {
        change->differs |= shown->out_of_office != told->out_of_office;
        shown->out_of_office = told->out_of_office;
    }
    return change->differs;
}

/* What is told of a person replaces what was known, category by category. */
static void renew(struct phone *phone, struct person *person, const struct presence_told *told,
                  enum phone_news_kind kind)
{
    struct arena *arena = arena_new();
    struct change state = {.arena = arena}, card = state, note = state;
    struct phone_news news = {.kind = kind, .person = &person->shown};
    news.presence = keep_state(&state, told, &person->shown);
    news.card = keep_card(&card, told, &person->shown);
    news.note = keep_note(&note, told, &person->shown);
    bool refused = person->shown.refused;
    person->shown.refused = told->gone;
    arena_free(person->arena);
    person->arena = arena;
    news.presence |= refused != told->gone;
    if (news.presence || news.card || news.note)
        phone_tell(phone, &news);
}

void phone_person_told(struct phone *phone, const struct presence_told *told, bool self)
{
    if (self && !phone->own)
        phone->own = new_person(phone->account);
    struct person *person = self ? phone->own : phone_person_find(phone, told->account);
    if (person && (self || person->watched))
        renew(phone, person, told, self ? PHONE_SELF : PHONE_PERSON);
}

static void one_told(void *arg, const struct presence_told *told)
{
    phone_person_told(arg, told, false);
}

int phone_people_take(struct phone *phone, const struct sip_message *message, struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    return presence_read_news(sip_value(message, SIP_HEADER_CONTENT_TYPE), message->body, arena,
                              one_told, phone, fault);
}

const struct phone_person *phone_person(struct phone *phone, struct slice address)
{
    const struct person *person = phone_person_find(phone, address);
    if (person)
        return &person->shown;
    if (phone->own && slice_eq(address, phone->account))
        return &phone->own->shown;
    phone->nobody = blank;
    phone->nobody.address = address;
    return &phone->nobody;
}

const struct phone_person *phone_self(struct phone *phone)
{
    if (!phone->own)
        phone->own = new_person(phone->account);
    return &phone->own->shown;
}

/* ---- watching
 * ------------------------------------------------------------------------------------ */

static void tell_known(struct phone *phone, const struct person *person)
{
    const struct phone_person *shown = &person->shown;
    phone_tell(phone, &(struct phone_news){.kind = PHONE_PERSON,
                                           .person = shown,
                                           .card = !slice_empty(shown->name),
                                           .presence = true,
                                           .note = !slice_empty(shown->note)});
}

void phone_watch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice *fresh = arena_array(arena, struct slice, count + 1);
    size_t fresh_count = 0;
    struct fault fault;
    int err = 0;
    if (!phone_ready(phone, tag))
        return;
    for (size_t i = 0; i < count && err == 0; i++) {
        struct slice account;
        err = phone_address(arena, people[i], &account, &fault);
        struct person *person = err ? NULL : phone_person_find(phone, account);
        if (person && person->watched) {
            tell_known(phone, person);
            continue;
        }
        if (err == 0 && HASH_COUNT(phone->people) >= PHONE_WATCHED_MAX)
            err = phone_fault(&fault, ERR_LIMIT, FINDING_MOBILITY_LIMIT, "people to watch");
        if (err)
            continue;
        person = new_person(account);
        person->watched = true;
        HASH_ADD_KEYPTR(hh, phone->people, person->address, account.len, person);
        fresh[fresh_count++] = slice_of(person->address);
    }
    if (fresh_count > 0 && err) { /* those before it are watched all the same */
        phone_follow_ask(phone, FOLLOW_PEOPLE);
        fresh_count = 0;
    }
    if (fresh_count == 0)
        phone_done(phone, tag, err ? &fault : NULL);
    else
        phone_follow_people(phone, tag, fresh, fresh_count, false);
}

void phone_unwatch(struct phone *phone, uint64_t tag, const struct slice *people, size_t count)
{
    scoped(arena) struct arena *arena = arena_new();
    struct slice *gone = arena_array(arena, struct slice, count + 1);
    size_t gone_count = 0;
    struct fault ignored;
    if (!phone_ready(phone, tag))
        return;
    for (size_t i = 0; i < count; i++) {
        struct slice account;
        struct person *person = phone_address(arena, people[i], &account, &ignored) == 0
                                    ? phone_person_find(phone, account)
                                    : NULL;
        if (!person)
            continue;
        gone[gone_count++] = account;
        HASH_DEL(phone->people, person);
        free_person(person);
    }
    if (gone_count == 0)
        phone_done(phone, tag, NULL);
    else
        phone_follow_people(phone, tag, gone, gone_count, true);
}
