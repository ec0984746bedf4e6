/* Changing the contact list (session.md sections 3.2 to 3.4). One edit at a time; its number
 * is the list's as the server told it last, never counted here. */
#include "client/session_priv.h"

#include <string.h>

enum {
    TRIES_MAX = 2 /* the second with the list as it is now */
};

/* ---- one edit ------------------------------------------------------------------------------- */

/* The whole list again; waits for it. */
static int fetch_list(struct lychgate *gate, struct fault *fault)
{
    struct follow *follow = &gate->session->follow[FOLLOW_CONTACTS];
    int err = follow_ask(gate, FOLLOW_CONTACTS, fault);
    if (err == 0)
        err = talk_await(gate, &follow->idle, fault);
    if (err == 0 && follow->state != FOLLOW_GRANTED)
        return fault_set(fault, ERR_DENIED, FINDING_REQUEST_REFUSED,
                         "the contact list cannot be read any more");
    return err;
}

static int edit_list(struct lychgate *gate, struct contacts_change *change, struct fault *fault)
{
    for (int tries = 1;; tries++) {
        scoped(arena) struct arena *arena = arena_new();
        scoped(buf) struct buf body = BUF_INIT;
        struct sip_message answer;
        struct sip_request request = talk_request(gate, arena, SIP_SERVICE, gate->set.sip_uri);
        talk_contact(gate, &request);
        change->before = gate->session->list->delta;
        contacts_ask(change, &body);
        request.content_type = SLICE("application/SOAP+xml");
        request.body = buf_slice(&body);
        int err = talk_exchange(gate, &request, &answer, fault);
        if (err)
            return err;
        int refused = answer.status > 299 ? dialogue_refusal_of_request(&answer, fault) : 0;
        struct fault later;
        err = fetch_list(gate, &later);
        if (err && !refused)
            *fault = later;
        if (refused == 0 || err || answer.status != 409 || tries == TRIES_MAX)
            return refused ? refused : err;
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

static int begin(struct lychgate *gate, struct fault *fault)
{
    if (!gate->signed_in || !gate->session || !gate->session->list)
        return fault_set(fault, ERR_CONFLICT, FINDING_REQUEST_REFUSED,
                         "the server has not told the contact list");
    return 0;
}

/* The bit of a group; NULL: that of everybody. */
static int find_group(const struct lychgate *gate, const char *name, uint64_t *bit_out,
                      struct fault *fault)
{
    const struct contacts_group *group =
        name ? contacts_list_group_named(gate->session->list, slice_of(name))
             : contacts_list_group(gate->session->list, CONTACTS_EVERYBODY);
    if (!group)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN, "there is no group `%.60s`",
                         name ? name : "~");
    *bit_out = contacts_bit(group->id);
    return 0;
}

/* A planned change of a contact, from what he is now; all of it in the arena, since the list is
 * another one with each answer. */
static int plan_contact(struct lychgate *gate, struct arena *arena, const char *address,
                        bool must_be_there, struct contacts_change *change, struct fault *fault)
{
    struct slice account;
    int err = session_address(arena, address, &account, fault);
    if (err)
        return err;
    const struct contacts_contact *now = contacts_list_find(gate->session->list, account);
    if (!now && must_be_there)
        return fault_set(fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN, "%.*s is no contact",
                         SLICE_ARG(slice_head(account, 100)));
    *change = (struct contacts_change){
        .edit = CONTACTS_SET_CONTACT,
        .contact = {.uri = account, .name = SLICE(""), .subscribed = true}};
    if (now) {
        change->contact.name = arena_copy(arena, now->name);
        change->contact.external = arena_copy(arena, now->external);
        change->contact.extension = arena_copy(arena, now->extension);
        change->contact.groups = now->groups;
        change->contact.subscribed = now->subscribed;
    }
    return 0;
}

/* ---- contacts ------------------------------------------------------------------------------- */

static int put_contact(struct lychgate *gate, const char *address, const char *group, bool move,
                       struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct contacts_change change;
    uint64_t bit;
    int err = begin(gate, fault);
    if (err == 0)
        err = plan_contact(gate, arena, address, move, &change, fault);
    if (err == 0)
        err = find_group(gate, group, &bit, fault);
    if (err)
        return err;
    change.contact.groups = move ? bit : change.contact.groups | bit;
    return edit_list(gate, &change, fault);
}

static int remove_contact(struct lychgate *gate, const char *address, const char *group,
                          struct fault *fault)
{
    scoped(arena) struct arena *arena = arena_new();
    struct contacts_change change;
    uint64_t bit = 0;
    int err = begin(gate, fault);
    if (err == 0)
        err = plan_contact(gate, arena, address, true, &change, fault);
    if (err == 0 && group)
        err = find_group(gate, group, &bit, fault);
    if (err)
        return err;
    change.contact.groups &= ~bit;
    if (!group)
        change.edit = CONTACTS_DELETE_CONTACT;
    else if (!change.contact.groups)
        change.contact.groups = contacts_bit(CONTACTS_EVERYBODY);
    return edit_list(gate, &change, fault);
}

int edit_contact(struct lychgate *gate, enum edit_verb verb, const char *address, const char *group,
                 struct fault *fault)
{
    return verb == EDIT_REMOVE ? remove_contact(gate, address, group, fault)
                               : put_contact(gate, address, group, verb == EDIT_MOVE, fault);
}

/* ---- groups --------------------------------------------------------------------------------- */

/* A group must be empty before it goes: its people stay, without it. */
static int empty_group(struct lychgate *gate, unsigned id, const char *name, struct fault *fault)
{
    int err = 0;
    for (;;) {
        const struct contacts_list *list = gate->session->list;
        const struct contacts_contact *member = NULL;
        for (size_t i = 0; i < list->contact_count && !member; i++)
            if (list->contacts[i]->groups & contacts_bit(id))
                member = list->contacts[i];
        if (!member || err)
            return err;
        scoped(arena) struct arena *arena = arena_new();
        err = remove_contact(gate, arena_string(arena, member->uri), name, fault);
    }
}

int edit_group(struct lychgate *gate, enum contacts_edit edit, const char *name, const char *to,
               struct fault *fault)
{
    struct contacts_change change = {.edit = edit, .group.name = slice_of(to ? to : name)};
    int err = begin(gate, fault);
    if (err)
        return err;
    if (edit != CONTACTS_ADD_GROUP) {
        const struct contacts_group *group =
            contacts_list_group_named(gate->session->list, slice_of(name));
        if (!group)
            return fault_set(fault, ERR_UNKNOWN, FINDING_CONTACTS_UNKNOWN,
                             "there is no group `%.60s`", name);
        change.group.id = group->id;
    }
    if (edit == CONTACTS_DELETE_GROUP)
        err = empty_group(gate, change.group.id, name, fault);
    return err ? err : edit_list(gate, &change, fault);
}
