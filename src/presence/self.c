/* The roaming-self subscription: what a user's own endpoints learn of him. */
#include "presence/presence_priv.h"

#include <stdlib.h>

#define SELF_TYPE     "application/vnd-microsoft-roaming-self+xml"
#define WPENDING_TYPE "text/xml+msrtc.wpending"

/* Which kinds of data it wants; an absent body leaves them as they are. */
static int read_wishes(const struct sip_message *request, struct self *self, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (slice_empty(request->body))
        return 0;
    int err = xml_read(request->body, NULL, &doc, fault);
    if (err < 0)
        return err;
    if (!xml_is(xml_root(doc), NS_ROAMING_SELF, "roamingList"))
        return fault_set(fault, ERR_MALFORMED, FINDING_PRESENCE_MALFORMED, "line %ld: roamingList",
                         xml_line(xml_root(doc)));
    self->categories = self->containers = self->subscribers = self->delegates = false;
    xml_each (node, xml_root(doc)) {
        struct slice type = xml_attr(node, "type");
        self->categories |= slice_eq(type, SLICE("categories"));
        self->containers |= slice_eq(type, SLICE("containers"));
        self->subscribers |= slice_eq(type, SLICE("subscribers"));
        self->delegates |= slice_eq(type, SLICE("delegates"));
    }
    return 0;
}

/* One of a kind an endpoint: a new dialog takes the place of the one before. */
static void replace(struct person *person, struct self *with)
{
    unsigned count = 0;
    struct self **at = &person->selves;
    while (*at) {
        struct self *old = *at;
        if ((old->wpending == with->wpending &&
             guid_eq(&old->peer.endpoint, &with->peer.endpoint)) ||
            ++count >= SELVES_MAX) {
            *at = old->next;
            self_free(old);
        } else {
            at = &old->next;
        }
    }
    with->next = person->selves;
    person->selves = with;
}

static void forget(struct person *person, struct self *self)
{
    struct self **at = &person->selves;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    self_free(self);
}

static struct slice print(struct arena *arena, const struct presence *presence,
                          const struct person *person, const struct self *self)
{
    return self->wpending ? print_wpending(arena, person)
                          : print_self(arena, presence, person, self, NULL);
}

static void answer(const struct presence *presence, struct person *person, struct self *self,
                   int64_t now, struct sip_reply *reply, struct outgoing_list *out)
{
    struct subscription *s = &self->peer.subscription;
    const struct slice type = self->wpending ? SLICE(WPENDING_TYPE) : SLICE(SELF_TYPE);
    bool over = subscription_over(s, now), poll = over && self->fresh;
    struct slice body = {0};
    if (!over || poll)
        body = print(reply->arena, presence, person, self);
    if (over && !poll ? !s->piggyback : !subscription_piggyback(s, reply, type, body))
        subscription_notify(s, now, type, arena_copy(out->arena, body),
                            &peer_outgoing(person, &self->peer, out)->request);
    self->fresh = false;
    if (over)
        forget(person, self);
}

int presence_self(struct presence *presence, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                  struct outgoing_list *out, struct fault *fault)
{
    const struct subscription_terms *terms = &presence->options.terms;
    struct person *person;
    struct self *self = NULL, wishes = {0};
    bool fresh = slice_empty(request->to.tag);
    bool wpending =
        slice_eq_nocase(sip_value_word(request, SIP_HEADER_EVENT), SLICE("presence.wpending"));
    int err = person_need(presence, caller, now, &person, fault);
    if (err < 0 || (!wpending && (err = read_wishes(request, &wishes, fault)) < 0))
        return err;
    if (!fresh) {
        for (self = person->selves; self; self = self->next)
            if (subscription_is_of(&self->peer.subscription, request))
                break;
        if (!self)
            return subscription_unknown(request, fault);
        err = subscription_refresh(&self->peer.subscription, request, terms, now, reply, fault);
        if (err < 0)
            return err;
    } else {
        struct subscription made;
        err = subscription_open(&made, request, terms, now, reply, fault);
        if (err < 0)
            return err;
        self = must_calloc(1, sizeof *self);
        self->peer.subscription = made;
        self->wpending = wpending;
        self->fresh = true;
    }
    peer_set(&self->peer, caller);
    if (!self->wpending && (!slice_empty(request->body) || fresh)) {
        self->categories = wishes.categories;
        self->containers = wishes.containers;
        self->subscribers = wishes.subscribers;
        self->delegates = wishes.delegates;
    }
    if (fresh)
        replace(person, self);
    due_by(presence, person, self->peer.subscription.expires);
    answer(presence, person, self, now, reply, out);
    return 0;
}
