#include "presence/presence_priv.h"

#include <stdlib.h>
#include <string.h>

const char *const expire_names[] = {"static", "user", "endpoint", "time"};
const char *const member_names[] = {"user",      "domain",      "sameEnterprise",
                                    "federated", "publicCloud", "everyone"};

int name_index(const char *const *names, int count, struct slice name)
{
    for (int i = 0; i < count; i++)
        if (slice_eq(name, slice_of(names[i])))
            return i;
    return -1;
}

bool is_category_name(struct slice name)
{
    if (name.len == 0 || name.len > CATEGORY_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' || name.at[i] > '~')
            return false;
    return true;
}

struct presence *presence_new(const struct presence_options *options)
{
    struct presence *presence = must_calloc(1, sizeof *presence);
    struct presence_limits *limits = &presence->options.limits;
    presence->options = *options;
    if (!limits->publications)
        limits->publications = 400;
    if (!limits->value)
        limits->value = 16 << 10;
    if (!limits->values)
        limits->values = 256 << 10;
    if (!limits->members)
        limits->members = 1000;
    if (!limits->watched)
        limits->watched = 1000;
    if (!limits->watchers)
        limits->watchers = 5000;
    if (!limits->dialogs)
        limits->dialogs = 16;
    if (!limits->subscribers)
        limits->subscribers = 200;
    if (!limits->idle_ms)
        limits->idle_ms = 600000;
    return presence;
}

void self_free(struct self *self)
{
    subscription_fini(&self->peer.subscription);
    free(self);
}

void dialog_free(struct presence *presence, struct dialog *dialog)
{
    for (struct news *n; (n = dialog->news);) {
        dialog->news = n->next;
        free(n);
    }
    watched_clear(presence, dialog);
    if (dialog->wish)
        wish_release(presence, dialog->wish);
    subscription_fini(&dialog->peer.subscription);
    free(dialog);
}

void publication_free(struct presence *presence, struct publication *publication)
{
    atom_release(presence, publication->category);
    if (publication->endpoint)
        atom_release(presence, publication->endpoint);
    value_release(publication->value);
    free(publication);
}

static void container_free(struct container *container)
{
    for (struct member *m; (m = container->members);) {
        container->members = m->next;
        free(m);
    }
    free(container);
}

void person_free(struct presence *presence, struct person *person)
{
    HASH_DEL(presence->people, person);
    due_leave(presence, person);
    for (struct publication *p; (p = person->publications);) {
        person->publications = p->next;
        publication_free(presence, p);
    }
    for (struct container *c; (c = person->containers);) {
        person->containers = c->next;
        container_free(c);
    }
    for (struct self *s; (s = person->selves);) {
        person->selves = s->next;
        self_free(s);
    }
    for (struct dialog *d; (d = person->dialogs);) {
        person->dialogs = d->next;
        dialog_free(presence, d);
    }
    watch_clear(presence, person);
    subscribers_free(presence, person);
    if (person->name)
        atom_release(presence, person->name);
    free(person);
}

void presence_free(struct presence *presence)
{
    struct person *person, *next;
    if (!presence)
        return;
    HASH_ITER(hh, presence->people, person, next)
    person_free(presence, person);
    free(presence->heap);
    free(presence);
}

struct person *person_find(const struct presence *presence, struct slice account)
{
    struct person *person;
    HASH_FIND(hh, presence->people, account.at, account.len, person);
    return person;
}

bool presence_knows(const struct presence *presence, struct slice account)
{
    return person_find(presence, account) != NULL;
}

int person_need(const struct presence *presence, const struct registrar_caller *caller, int64_t now,
                struct person **person_out, struct fault *fault)
{
    struct person *person = *person_out = person_find(presence, caller->account);
    if (person) {
        person->used = now;
        return 0;
    }
    return fault_set(fault, ERR_UNKNOWN, FINDING_UNKNOWN_USER, "no presence is kept for %.*s",
                     SLICE_ARG(slice_head(caller->account, 80)));
}

struct publication *publication_find(const struct person *person, const struct presence_op *key)
{
    for (struct publication *p = person->publications; p; p = p->next)
        if (p->instance == key->instance && p->container == key->container &&
            slice_eq(p->category->text, key->category))
            return p;
    return NULL;
}

struct container *container_find(const struct person *person, uint32_t id)
{
    for (struct container *c = person->containers; c; c = c->next)
        if (c->id == id)
            return c;
    return NULL;
}

struct member *member_find(const struct container *container, enum member_type type,
                           struct slice value)
{
    for (struct member *m = container ? container->members : NULL; m; m = m->next)
        if (m->type == type && slice_eq(m->value, value))
            return m;
    return NULL;
}

static bool is_member(const struct container *container, struct slice watcher, struct slice domain,
                      bool inside)
{
    for (const struct member *m = container->members; m; m = m->next)
        if ((m->type == MEMBER_USER && slice_eq(m->value, watcher)) ||
            (m->type == MEMBER_DOMAIN && slice_eq(m->value, domain)) ||
            (m->type == MEMBER_SAME_ENTERPRISE && inside) ||
            (m->type == MEMBER_FEDERATED && !inside) || m->type == MEMBER_EVERYONE)
            return true;
    return false;
}

/* The highest numbered one of which he is a member; 0 when of none ([MS-PRES],
 * session.md 4.1). So blocked, 32000, wins over everything. */
uint32_t container_of_watcher(const struct presence *presence, const struct person *person,
                              struct slice watcher)
{
    struct slice name, domain;
    uint32_t best = 0;
    slice_cut(watcher, '@', &name, &domain);
    bool inside = slice_eq(domain, presence->options.domain);
    for (const struct container *c = person->containers; c; c = c->next)
        if (c->id > best && is_member(c, watcher, domain, inside))
            best = c->id;
    return best;
}

bool presence_blocks(const struct presence *presence, struct slice account, struct slice watcher)
{
    const struct person *person = person_find(presence, account);
    return person && container_of_watcher(presence, person, watcher) == BLOCKED;
}

struct guid caller_endpoint(const struct registrar_caller *caller)
{
    struct guid endpoint;
    if (slice_empty(caller->instance) || endpoint_instance_parse(caller->instance, &endpoint) < 0)
        endpoint = endpoint_instance_of_epid(caller->epid);
    return endpoint;
}

void peer_set(struct peer *peer, const struct registrar_caller *caller)
{
    peer->endpoint = caller_endpoint(caller);
    peer->flow = caller->flow;
    peer->epid = slice_make(peer->text, slice_head(caller->epid, ENDPOINT_EPID_MAX).len);
    if (peer->epid.len)
        memcpy(peer->text, caller->epid.at, peer->epid.len);
}

static struct container *container_make(struct person *person, uint32_t id)
{
    struct container *made = container_find(person, id);
    if (!made) {
        struct container **at = &person->containers;
        while (*at && (*at)->id < id)
            at = &(*at)->next;
        made = must_calloc(1, sizeof *made);
        made->id = id;
        made->next = *at;
        *at = made;
    }
    return made;
}

void person_change_members(struct person *person, const struct presence_op *op)
{
    struct container *container = container_make(person, op->container);
    struct member *old = member_find(container, op->type, op->value);
    container->version = op->version;
    if (op->remove && old) {
        struct member **at = &container->members;
        while (*at != old)
            at = &(*at)->next;
        *at = old->next;
        free(old);
        person->member_count--;
    } else if (!op->remove && !old) {
        struct member *made = must_calloc(1, sizeof *made + op->value.len + 1);
        made->type = op->type;
        if (op->value.len)
            memcpy(made->text, op->value.at, op->value.len);
        made->value = slice_make(made->text, op->value.len);
        made->next = container->members;
        container->members = made;
        person->member_count++;
    }
}

/* ---- adoption --------------------------------------------------------------------------- */

/* Who is where before the user says otherwise (session.md 4.1). */
static const struct {
    uint32_t id;
    int member; /* -1: nobody */
} first_containers[] = {
    {0, -1},   {1, -1},   {100, MEMBER_FEDERATED},       {200, MEMBER_SAME_ENTERPRISE},
    {300, -1}, {400, -1}, {BLOCKED, MEMBER_PUBLIC_CLOUD}};

void presence_adopt(struct presence *presence, struct slice account,
                    const struct presence_identity *identity, const struct presence_record *record,
                    int64_t now)
{
    scoped(arena) struct arena *arena = arena_new();
    if (presence_knows(presence, account))
        return;
    struct person *person = must_calloc(1, sizeof *person + account.len + 1);
    memcpy(person->text, account.at, account.len);
    person->account = slice_make(person->text, account.len);
    HASH_ADD_KEYPTR(hh, presence->people, person->text, account.len, person);
    person->used = now;
    due_enter(presence, person, now + presence->options.limits.idle_ms);
    struct turn turn = {.presence = presence, .person = person, .arena = arena, .now = now};
    for (size_t i = 0; i < sizeof first_containers / sizeof *first_containers; i++) {
        struct presence_op op = {.container = first_containers[i].id, .remove = true};
        if (first_containers[i].member >= 0)
            op = (struct presence_op){.container = op.container,
                                      .type = (enum member_type)first_containers[i].member};
        person_change_members(person, &op);
    }
    for (const struct presence_op *op = record ? record->first : NULL; op; op = op->next)
        if (op->kind == OP_MEMBER)
            person_change_members(person, op);
        else if (op->kind == OP_SUBSCRIBER)
            subscriber_acknowledge(&turn, op->value);
        else
            turn_put(&turn, op, NULL, false);
    put_cards(&turn, identity);
    turn_tell(&turn);
}
