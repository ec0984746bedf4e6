/* The roaming-self subscription: what a user's own endpoints learn of him. */
#include "presence/presence_priv.h"

#include <stdlib.h>

#define SELF_TYPE "application/vnd-microsoft-roaming-self+xml"

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
    self->categories = self->containers = false;
    xml_each (node, xml_root(doc)) {
        struct slice type = xml_attr(node, "type");
        self->categories |= slice_eq(type, SLICE("categories"));
        self->containers |= slice_eq(type, SLICE("containers"));
    }
    return 0;
}

/* One an endpoint: a new dialog takes the place of the one before. */
static void replace(struct person *person, struct self *with)
{
    unsigned count = 0;
    struct self **at = &person->selves;
    while (*at) {
        struct self *old = *at;
        if (guid_eq(&old->peer.endpoint, &with->peer.endpoint) || ++count >= SELVES_MAX) {
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

static void answer(struct person *person, struct self *self, int64_t now, struct sip_reply *reply,
                   struct outgoing_list *out)
{
    struct subscription *s = &self->peer.subscription;
    const struct slice type = SLICE(SELF_TYPE);
    if (subscription_over(s, now)) {
        if (!s->piggyback)
            subscription_notify(s, now, type, (struct slice){0},
                                &peer_outgoing(person, &self->peer, out)->request);
        forget(person, self);
        return;
    }
    if (!subscription_piggyback(s, reply, type, print_self(reply->arena, person, self, NULL)))
        subscription_notify(s, now, type, print_self(out->arena, person, self, NULL),
                            &peer_outgoing(person, &self->peer, out)->request);
}

int presence_self(struct presence *presence, const struct sip_message *request,
                  const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                  struct outgoing_list *out, struct fault *fault)
{
    const struct subscription_terms *terms = &presence->options.terms;
    struct person *person;
    struct self *self = NULL, wishes = {0};
    int err = person_need(presence, caller, &person, fault);
    if (err < 0 || (err = read_wishes(request, &wishes, fault)) < 0)
        return err;
    if (!slice_empty(request->to.tag)) {
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
    }
    bool fresh = slice_empty(request->to.tag);
    peer_set(&self->peer, caller);
    if (!slice_empty(request->body) || fresh) {
        self->categories = wishes.categories;
        self->containers = wishes.containers;
    }
    if (fresh)
        replace(person, self);
    answer(person, self, now, reply, out);
    return 0;
}
