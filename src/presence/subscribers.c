/* Subscribers: who has the user on his contact list, for the user to say once what they
 * may see ([MS-PRES] section 1.3.1.5; presence.wpending is the form of 2005). */
#include "presence/presence_priv.h"

#include "xml/writer.h"

#include <stdlib.h>

static struct subscriber *find(const struct person *person, const struct atom *account)
{
    struct subscriber *s = person->subscribers;
    while (s && s->account != account)
        s = s->next;
    return s;
}

unsigned subscriber_count(const struct person *person, bool acknowledged)
{
    unsigned count = 0;
    for (const struct subscriber *s = person->subscribers; s; s = s->next)
        count += s->acknowledged == acknowledged;
    return count;
}

static void add(struct turn *turn, struct slice account, struct slice name, bool acknowledged)
{
    struct subscriber *made = must_calloc(1, sizeof *made);
    made->account = atom_take(turn->presence, account);
    made->name = atom_take(turn->presence, name);
    made->acknowledged = acknowledged;
    made->next = turn->person->subscribers;
    turn->person->subscribers = made;
}

/* The user has decided about him already, if he has put him into a container. */
static bool is_placed(const struct person *person, struct slice account)
{
    for (const struct container *c = person->containers; c; c = c->next)
        if (member_find(c, MEMBER_USER, account))
            return true;
    return false;
}

bool subscriber_waits(const struct presence *presence, const struct person *person,
                      struct slice account)
{
    const struct atom *known = atom_find(presence, account);
    const struct subscriber *s = known ? find(person, known) : NULL;
    return s && !s->acknowledged;
}

void subscriber_meet(struct turn *turn, struct slice account, struct slice name)
{
    const struct person *person = turn->person;
    const struct atom *known = atom_find(turn->presence, account);
    if (slice_eq(account, person->account) || (known && find(person, known)) ||
        is_placed(person, account) ||
        container_of_watcher(turn->presence, person, account) == BLOCKED ||
        subscriber_count(person, false) >= turn->presence->options.limits.subscribers)
        return;
    add(turn, account, name, false);
    turn_touch(turn, OP_SUBSCRIBER, (struct slice){0}, 0);
}

void subscriber_acknowledge(struct turn *turn, struct slice account)
{
    const struct atom *known = atom_find(turn->presence, account);
    struct subscriber *s = known ? find(turn->person, known) : NULL;
    if (s)
        s->acknowledged = true;
    else
        add(turn, account, account, true);
    turn_touch(turn, OP_SUBSCRIBER, (struct slice){0}, 0);
}

void subscribers_free(struct presence *presence, struct person *person)
{
    for (struct subscriber *s; (s = person->subscribers);) {
        person->subscribers = s->next;
        atom_release(presence, s->account);
        atom_release(presence, s->name);
        free(s);
    }
}

void put_subscribers(struct xml_writer *w, const struct presence *presence,
                     const struct person *person)
{
    xml_open(w, "subscribers");
    xml_put_ns(w, "", NS_SUBSCRIBERS);
    for (const struct subscriber *s = person->subscribers; s; s = s->next) {
        struct slice name, domain;
        if (s->acknowledged)
            continue;
        slice_cut(s->account->text, '@', &name, &domain);
        bool inside = slice_eq(domain, presence->options.domain);
        xml_open(w, "subscriber");
        xml_put_attr_string(w, "acknowledged", "false");
        xml_put_attr(w, "displayName", s->name->text);
        xml_put_attr_string(w, "type",
                            member_names[inside ? MEMBER_SAME_ENTERPRISE : MEMBER_FEDERATED]);
        xml_put_attr(w, "user", s->account->text);
        xml_close(w);
    }
    xml_close(w);
}

struct slice print_wpending(struct arena *arena, const struct person *person)
{
    scoped(buf) struct buf text = BUF_INIT;
    struct xml_writer w = XML_WRITER(&text);
    xml_open(&w, "watchers");
    xml_put_attr(&w, "uri", arena_print(arena, "sip:%.*s", SLICE_ARG(person->account)));
    for (const struct subscriber *s = person->subscribers; s; s = s->next) {
        if (s->acknowledged)
            continue;
        xml_open(&w, "watcher");
        xml_put_attr(&w, "displayName", s->name->text);
        xml_put_attr(&w, "uri", arena_print(arena, "sip:%.*s", SLICE_ARG(s->account->text)));
        xml_close(&w);
    }
    xml_close(&w);
    xml_end(&w);
    return arena_copy(arena, buf_slice(&text));
}
