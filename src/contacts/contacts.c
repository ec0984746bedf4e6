#include "contacts/contacts_priv.h"

#include "event/event.h"

#include <stdlib.h>
#include <string.h>

enum {
    SUBSCRIPTIONS_DEFAULT = 16
};

/* ---- users ----------------------------------------------------------------------------- */

struct contacts *contacts_new(const struct contacts_options *options)
{
    struct contacts *contacts = must_calloc(1, sizeof *contacts);
    contacts->options = *options;
    if (!contacts->options.contacts_max)
        contacts->options.contacts_max = CONTACTS_DEFAULT_MAX;
    if (!contacts->options.subscriptions_max)
        contacts->options.subscriptions_max = SUBSCRIPTIONS_DEFAULT;
    return contacts;
}

/* Take the watch that *at points to out of its user's list. */
static void drop_watch(struct contacts *contacts, struct contacts_owner *owner,
                       struct contacts_watch **at)
{
    struct contacts_watch *watch = *at;
    *at = watch->next;
    owner->watch_count--;
    contacts->watch_count--;
    subscription_fini(&watch->subscription);
    free(watch->epid);
    free(watch->instance);
    free(watch);
}

static void drop_owner(struct contacts *contacts, struct contacts_owner *owner)
{
    while (owner->watches)
        drop_watch(contacts, owner, &owner->watches);
    contacts_live_fini(owner);
    HASH_DEL(contacts->owners, owner);
    free(owner);
}

void contacts_free(struct contacts *contacts)
{
    if (!contacts)
        return;
    while (contacts->owners)
        drop_owner(contacts, contacts->owners);
    free(contacts);
}

struct contacts_owner *contacts_owner(const struct contacts *contacts, struct slice account)
{
    struct contacts_owner *owner = NULL;
    HASH_FIND(hh, contacts->owners, account.at, account.len, owner);
    return owner;
}

static struct contacts_owner *add_owner(struct contacts *contacts, struct slice account)
{
    struct contacts_owner *owner = must_calloc(1, sizeof *owner + account.len + 1);
    owner->contacts_max = contacts->options.contacts_max;
    owner->len = account.len;
    memcpy(owner->address, account.at, account.len);
    HASH_ADD_KEYPTR(hh, contacts->owners, owner->address, owner->len, owner);
    return owner;
}

bool contacts_known(const struct contacts *contacts, struct slice account)
{
    return contacts_owner(contacts, account) != NULL;
}

void contacts_limit(struct contacts *contacts, struct slice account, size_t contacts_max)
{
    struct contacts_owner *owner = contacts_owner(contacts, account);
    if (owner)
        owner->contacts_max = contacts_max;
}

const struct contacts_list *contacts_of(const struct contacts *contacts, struct slice account)
{
    const struct contacts_owner *owner = contacts_owner(contacts, account);
    return owner ? &owner->list : NULL;
}

void contacts_forget(struct contacts *contacts, struct slice account)
{
    struct contacts_owner *owner = contacts_owner(contacts, account);
    if (owner)
        drop_owner(contacts, owner);
}

size_t contacts_users(const struct contacts *contacts)
{
    return HASH_COUNT(contacts->owners);
}

size_t contacts_subscriptions(const struct contacts *contacts)
{
    return contacts->watch_count;
}

/* ---- who asks --------------------------------------------------------------------------- */

int contacts_not_loaded(struct slice account, struct fault *fault)
{
    return fault_set(fault, ERR_CONFLICT, FINDING_CONTACTS_NOT_LOADED,
                     "the contacts of %.*s are not here", SLICE_ARG(slice_head(account, 100)));
}

int contacts_check_party(struct arena *arena, const char *what, const struct sip_address *party,
                         const struct registrar_caller *caller, struct fault *fault)
{
    struct slice aor;
    int err = sip_uri_aor(arena, &party->uri, &aor, fault);
    if (err < 0)
        return err;
    if (!slice_eq_nocase(slice_from(aor, sizeof "sip:" - 1), caller->account))
        return fault_set(fault, ERR_DENIED, FINDING_CLAIM_MISMATCH, "%s %.*s, signed in as %.*s",
                         what, SLICE_ARG(slice_head(aor, 80)),
                         SLICE_ARG(slice_head(caller->account, 80)));
    return 0;
}

/* An endpoint is its epid or instance; one that has neither is its connection. */
static bool is_callers(const struct contacts_watch *watch, const struct registrar_caller *caller)
{
    if (slice_empty(caller->epid) && slice_empty(caller->instance) &&
        !flow_eq(watch->flow, caller->flow))
        return false;
    return slice_eq(slice_of(watch->epid), caller->epid) &&
           slice_eq(slice_of(watch->instance), caller->instance);
}

static struct contacts_watch **find_caller(struct contacts_owner *owner,
                                           const struct registrar_caller *caller)
{
    struct contacts_watch **at = &owner->watches;
    while (*at && !is_callers(*at, caller))
        at = &(*at)->next;
    return at;
}

/* ---- telling ------------------------------------------------------------------------------ */

static struct sip_request *message_to(const struct contacts_owner *owner,
                                      const struct contacts_watch *watch, struct outgoing_list *out)
{
    struct outgoing *message = outgoing_add(out);
    message->flow = watch->flow;
    message->account = arena_copy(out->arena, slice_make(owner->address, owner->len));
    message->epid = arena_copy(out->arena, slice_of(watch->epid));
    message->instance = arena_copy(out->arena, slice_of(watch->instance));
    return &message->request;
}

static void tell(struct contacts_owner *owner, struct contacts_watch *watch, struct slice body,
                 int64_t now, struct outgoing_list *out)
{
    if (!subscription_over(&watch->subscription, now))
        subscription_notify(&watch->subscription, now, SLICE(CONTACTS_TYPE), body,
                            message_to(owner, watch, out));
}

void contacts_tell_again(struct contacts_owner *owner, const struct registrar_caller *caller,
                         int64_t now, struct outgoing_list *out)
{
    struct contacts_watch *watch = *find_caller(owner, caller);
    if (watch)
        tell(owner, watch, contacts_document(out->arena, &owner->list), now, out);
}

void contacts_adopt(struct contacts *contacts, struct slice account, int64_t account_id,
                    const struct contacts_list *list, int64_t now, struct outgoing_list *out)
{
    struct contacts_owner *owner = contacts_owner(contacts, account);
    if (!owner)
        owner = add_owner(contacts, account);
    bool news = owner->list.delta != list->delta || owner->account_id != account_id;
    owner->account_id = account_id;
    if (!news)
        return;
    contacts_live_set(owner, list);
    if (!owner->watches)
        return;
    struct slice body = contacts_document(out->arena, list);
    for (struct contacts_watch *watch = owner->watches; watch; watch = watch->next)
        tell(owner, watch, body, now, out);
}

/* The one who asked is told by his 200: his own notification, come late, would turn back
 * the number that SIPE counts by itself, and spoil the edit that it has under way. */
void contacts_apply(struct contacts *contacts, const struct contacts_change *change,
                    const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                    struct outgoing_list *out)
{
    struct contacts_owner *owner = contacts_owner(contacts, change->account);
    if (change->edit == CONTACTS_ADD_GROUP)
        sip_reply_body(reply, SLICE(CONTACTS_SOAP_TYPE),
                       contacts_group_answer(reply->arena, change->group.id));
    if (!owner || owner->list.delta != change->before)
        return;
    contacts_live_change(owner, change);
    struct slice body = {0};
    for (struct contacts_watch *watch = owner->watches; watch; watch = watch->next) {
        if (is_callers(watch, caller))
            continue;
        if (slice_absent(body))
            body = contacts_delta_document(out->arena, change);
        tell(owner, watch, body, now, out);
    }
}

/* ---- SUBSCRIBE ------------------------------------------------------------------------------ */

static void keep_quota(struct contacts *contacts, struct contacts_owner *owner,
                       struct outgoing_list *out)
{
    while (owner->watch_count >= contacts->options.subscriptions_max) {
        struct contacts_watch *oldest = owner->watches;
        event_emit(EVENT_NOTICE, "contacts.quota", FINDING_ENDPOINT_QUOTA,
                   EVENT_SLICE("user", slice_make(owner->address, owner->len)),
                   EVENT_SLICE("epid", slice_of(oldest->epid)), EVENT_END);
        subscription_terminate(&oldest->subscription, "rejected", (struct slice){0},
                               (struct slice){0}, message_to(owner, oldest, out));
        drop_watch(contacts, owner, &owner->watches);
    }
}

static char *string_of(struct slice s)
{
    scoped(arena) struct arena *arena = arena_new();
    return must_strdup(arena_string(arena, s));
}

/* The newest last; it takes the place of the same endpoint's old one. */
static struct contacts_watch **add_watch(struct contacts *contacts, struct contacts_owner *owner,
                                         const struct subscription *subscription,
                                         const struct registrar_caller *caller,
                                         struct outgoing_list *out)
{
    struct contacts_watch **at = find_caller(owner, caller);
    if (*at)
        drop_watch(contacts, owner, at);
    keep_quota(contacts, owner, out);
    struct contacts_watch *watch = must_calloc(1, sizeof *watch);
    watch->subscription = *subscription;
    watch->flow = caller->flow;
    watch->epid = string_of(caller->epid);
    watch->instance = string_of(caller->instance);
    at = &owner->watches;
    while (*at)
        at = &(*at)->next;
    *at = watch;
    owner->watch_count++;
    contacts->watch_count++;
    return at;
}

static struct contacts_watch **find_dialog(struct contacts_owner *owner,
                                           const struct sip_message *request)
{
    struct contacts_watch **at = &owner->watches;
    while (*at && !subscription_is_of(&(*at)->subscription, request))
        at = &(*at)->next;
    return at;
}

/* The first SUBSCRIBE of a dialog begins it; the others need the dialog. */
static int enter(struct contacts *contacts, struct contacts_owner *owner,
                 const struct sip_message *request, const struct registrar_caller *caller,
                 int64_t now, struct sip_reply *reply, struct outgoing_list *out,
                 struct contacts_watch ***at_out, struct fault *fault)
{
    const struct subscription_terms *terms = &contacts->options.terms;
    struct subscription opened;
    if (slice_empty(request->to.tag)) {
        int err = subscription_open(&opened, request, terms, now, reply, fault);
        if (err == 0)
            *at_out = add_watch(contacts, owner, &opened, caller, out);
        return err;
    }
    *at_out = find_dialog(owner, request);
    if (!**at_out)
        return subscription_unknown(request, fault);
    (**at_out)->flow = caller->flow;
    return subscription_refresh(&(**at_out)->subscription, request, terms, now, reply, fault);
}

int contacts_subscribe(struct contacts *contacts, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                       struct outgoing_list *out, struct fault *fault)
{
    struct contacts_owner *owner = contacts_owner(contacts, caller->account);
    struct contacts_watch **at = NULL;
    int err = contacts_check_party(reply->arena, "From", &request->from, caller, fault);
    if (err == 0)
        err = contacts_check_party(reply->arena, "To", &request->to, caller, fault);
    if (err < 0)
        return err;
    if (!owner)
        return contacts_not_loaded(caller->account, fault);
    err = enter(contacts, owner, request, caller, now, reply, out, &at, fault);
    if (err < 0)
        return err;
    /* Leaving, SIPE does not wait for an answer: a list would be written for nobody. */
    bool ends = subscription_over(&(*at)->subscription, now);
    struct subscription *subscription = &(*at)->subscription;
    struct slice none = {0};
    if (ends && !slice_empty(request->to.tag)) {
        if (!subscription->benotify)
            subscription_terminate(subscription, NULL, none, none, message_to(owner, *at, out));
    } else {
        struct slice body = contacts_document(out->arena, &owner->list);
        if (!subscription_piggyback(subscription, reply, SLICE(CONTACTS_TYPE), body))
            subscription_notify(subscription, now, SLICE(CONTACTS_TYPE), body,
                                message_to(owner, *at, out));
    }
    if (ends)
        drop_watch(contacts, owner, at);
    return 0;
}

/* ---- what passes --------------------------------------------------------------------------------
 */

static bool is_of(const struct contacts_watch *watch, const struct endpoint *endpoint)
{
    struct guid instance = endpoint_instance_of_epid(slice_of(watch->epid));
    if (!flow_eq(watch->flow, endpoint->flow))
        return false;
    if (!watch->epid[0] && endpoint_instance_parse(slice_of(watch->instance), &instance) < 0)
        return true;
    return guid_eq(&instance, &endpoint->instance);
}

void contacts_endpoint_lost(struct contacts *contacts, const struct endpoint *endpoint)
{
    struct contacts_owner *owner = contacts_owner(contacts, endpoint->account);
    for (struct contacts_watch **at = owner ? &owner->watches : NULL; at && *at;) {
        if (is_of(*at, endpoint))
            drop_watch(contacts, owner, at);
        else
            at = &(*at)->next;
    }
}

int64_t contacts_expire(struct contacts *contacts, int64_t now)
{
    int64_t next = INT64_MAX;
    struct contacts_owner *owner, *following;
    HASH_ITER(hh, contacts->owners, owner, following)
    {
        for (struct contacts_watch **at = &owner->watches; *at;) {
            if (subscription_over(&(*at)->subscription, now)) {
                drop_watch(contacts, owner, at);
                continue;
            }
            if ((*at)->subscription.expires < next)
                next = (*at)->subscription.expires;
            at = &(*at)->next;
        }
    }
    return next;
}
