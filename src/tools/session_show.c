#include "tools/session_show.h"

#include "base/arena.h"
#include "base/clock.h"
#include "tools/signin_show.h"

#include <string.h>

/* ---- settings: what a phone is told when its user signs in ---------------------------------- */

static const struct {
    const char *label, *group, *name;
} settings[] = {
    {"voice mail", "ServerConfiguration", "voiceMailUri"},
    {"simultaneous ring", "ucPolicy", "AllowSimultaneousRinging"},
    {"call forwarding", "ucPolicy", "AllowCallForwarding"},
    {"delegation", "ucPolicy", "EnableDelegation"},
    {"team call", "ucPolicy", "EnableTeamCall"},
    {"address book, internal", "ServerConfiguration", "absInternalServerUrl"},
    {"address book, external", "ServerConfiguration", "absExternalServerUrl"},
    {"group expansion, internal", "ServerConfiguration", "dlxInternalUrl"},
    {"group expansion, external", "ServerConfiguration", "dlxExternalUrl"},
    {"location", "ServerConfiguration", "lisInternalUrl"},
    {"photos", "endpointConfiguration", "PhotoUsage"},
    {"photo size, KB", "endpointConfiguration", "MaxPhotoSizeKB"},
    {"contacts at most", "endpointConfiguration", "MaximumNumberOfContacts"},
    {"address book use", "endpointConfiguration", "AbsUsage"},
    {"mobility", "mobilityPolicy", "EnableMobility"},
    {"call via work", "mobilityPolicy", "EnableOutsideVoice"},
    {"dial plan", "ServerConfiguration", "ucLocationProfile"},
};

void session_show_settings(struct buf *out, const struct lychgate *gate)
{
    if (!(lychgate_granted(gate) & LYCHGATE_SETTINGS))
        return;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const char *value = lychgate_setting(gate, settings[i].group, settings[i].name);
        buf_print(out, "  %-26s ", settings[i].label);
        signin_put_clean(out, slice_of(value[0] ? value : "-"));
        buf_add_byte(out, '\n');
    }
}

/* ---- people --------------------------------------------------------------------------------- */

static const char *colour_of(const char *state)
{
    static const struct {
        const char *state, *colour;
    } rows[] = {
        {"available", "\033[32m"}, {"idle", "\033[33m"},
        {"busy", "\033[31m"},      {"busy-idle", "\033[31m"},
        {"away", "\033[33m"},      {"be-right-back", "\033[33m"},
        {"offline", "\033[2m"},    {"do-not-disturb", "\033[1;31m"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].colour;
    return "";
}

static void put_part(struct buf *out, const char *before, const char *text, const char *after)
{
    if (!text[0])
        return;
    buf_add_string(out, before);
    signin_put_clean(out, slice_of(text));
    buf_add_string(out, after);
}

void session_show_person(struct buf *out, const struct lychgate_presence *p, const char *alias,
                         bool colour)
{
    const char *name = alias[0] ? alias : p->name;
    buf_print(out, "%s%-14s%s ", colour ? colour_of(p->state) : "",
              p->refused ? "not told" : p->state, colour ? "\033[0m" : "");
    signin_put_clean(out, slice_of(p->address));
    put_part(out, " (", strcmp(name, p->address) == 0 ? "" : name, ")");
    put_part(out, ", ", p->activity, "");
    put_part(out, ", ", p->device, "");
    put_part(out, p->out_of_office ? ", out of office: \"" : ": \"", p->note, "\"");
    buf_add_byte(out, '\n');
}

/* Is he shown there? Whoever has a group of his own is not shown in the one of all. */
static bool is_shown_in(const struct lychgate_contact *contact, const char *group)
{
    if (strcmp(group, "~") == 0 && contact->groups[1])
        return false;
    for (const char *const *name = contact->groups; *name; name++)
        if (strcmp(*name, group) == 0)
            return true;
    return false;
}

void session_show_contacts(struct buf *out, const struct lychgate *gate, bool colour)
{
    size_t count;
    const struct lychgate_contact *contacts = lychgate_contacts(gate, &count);
    for (const char *const *group = lychgate_groups(gate); *group; group++) {
        scoped(buf) struct buf people = BUF_INIT;
        bool rest = strcmp(*group, "~") == 0;
        for (size_t i = 0; i < count; i++) {
            if (!is_shown_in(&contacts[i], *group))
                continue;
            buf_add_string(&people, "    ");
            session_show_person(&people, contacts[i].presence, contacts[i].alias, colour);
        }
        if (rest && people.len == 0)
            continue;
        buf_add_string(out, "  ");
        signin_put_clean(out, slice_of(rest ? "(in no other group)" : *group));
        buf_add_byte(out, '\n');
        buf_add(out, buf_slice(&people));
    }
}

void session_show(struct buf *out, const struct lychgate *gate, bool colour)
{
    const struct lychgate_presence *own = lychgate_presence(gate, lychgate_summary(gate)->address);
    unsigned granted = lychgate_granted(gate);
    size_t count;
    lychgate_contacts(gate, &count);
    if (granted & LYCHGATE_SETTINGS)
        buf_add_string(out, "Settings\n");
    session_show_settings(out, gate);
    if (granted & LYCHGATE_CONTACTS)
        buf_print(out, "Contacts, %zu\n", count);
    session_show_contacts(out, gate, colour);
    if (!own || !(granted & LYCHGATE_SELF))
        return;
    buf_add_string(out, "Own presence\n  ");
    session_show_person(out, own, "", colour);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

json_t *session_person_json(const struct lychgate_presence *p)
{
    scoped(arena) struct arena *arena = arena_new();
    if (!p)
        return json_null();
    json_t *person = json_pack(
        "{s:o,s:o,s:s,s:i,s:o,s:o,s:b,s:o,s:b}", "address", signin_text_json(p->address), "name",
        signin_text_json(p->name), "state", p->state, "availability", p->availability, "activity",
        signin_text_json(p->activity), "note", signin_text_json(p->note), "out_of_office",
        p->out_of_office, "device", signin_text_json(p->device), "refused", p->refused);
    const struct {
        const char *name, *value;
    } card[] = {{"title", p->title},   {"company", p->company}, {"department", p->department},
                {"office", p->office}, {"email", p->email},     {"phone", p->phone}};
    for (size_t i = 0; i < sizeof card / sizeof *card; i++)
        json_object_set_new(person, card[i].name, signin_text_json(card[i].value));
    json_object_set_new(person, "last_active",
                        p->last_active ? json_string(clock_print_iso(arena, p->last_active).at)
                                       : json_null());
    return person;
}

json_t *session_settings_json(const struct lychgate *gate)
{
    json_t *groups = json_object();
    size_t count;
    const struct lychgate_setting *list = lychgate_settings(gate, &count);
    for (size_t i = 0; i < count; i++) {
        json_t *group = json_object_get(groups, list[i].group);
        if (!group) {
            group = json_object();
            if (json_object_set_new(groups, list[i].group, group) < 0)
                continue; /* not UTF-8 */
        }
        json_object_set_new(group, list[i].name, signin_text_json(list[i].value));
    }
    return groups;
}

static json_t *names_json(const char *const *names)
{
    json_t *list = json_array();
    for (; *names; names++)
        json_array_append_new(list, signin_text_json(*names));
    return list;
}

json_t *session_contact_json(const struct lychgate_contact *contact)
{
    return json_pack("{s:o,s:o,s:o,s:b,s:o}", "address", signin_text_json(contact->address),
                     "alias", signin_text_json(contact->alias), "groups",
                     names_json(contact->groups), "subscribed", contact->subscribed, "presence",
                     session_person_json(contact->presence));
}

json_t *session_contacts_json(const struct lychgate *gate)
{
    json_t *list = json_array();
    size_t count;
    const struct lychgate_contact *contacts = lychgate_contacts(gate, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, session_contact_json(&contacts[i]));
    return list;
}

json_t *session_json(const struct lychgate *gate)
{
    static const char *const parts[] = {"settings", "contacts", "self", "presence", "publish"};
    json_t *granted = json_array();
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (lychgate_granted(gate) & (1u << i))
            json_array_append_new(granted, json_string(parts[i]));
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "granted", granted, "settings",
                     session_settings_json(gate), "groups", names_json(lychgate_groups(gate)),
                     "contacts", session_contacts_json(gate), "own",
                     session_person_json(lychgate_presence(gate, lychgate_summary(gate)->address)));
}
