/* SUBSCRIBE to presence, at the watcher's home: whom it is about and in which form. */
#include "presence/presence_priv.h"

#include <stdlib.h>
#include <string.h>

#define CATEGORIES_TYPE "application/msrtc-event-categories+xml"

static int wrong(struct fault *fault, const struct xml_node *node, const char *what)
{
    return fault_set(fault, ERR_MALFORMED, FINDING_PRESENCE_MALFORMED, "line %ld: %s",
                     xml_line(node), what);
}

static int beyond(struct fault *fault, const char *what, size_t limit)
{
    return fault_set(fault, ERR_LIMIT, FINDING_PRESENCE_LIMIT, "more than %zu %s", limit, what);
}

/* ---- what is asked ------------------------------------------------------------------------- */

struct asked {
    struct presence *presence;
    const struct sip_message *request;
    struct presence_batch *batch;
    struct atom **atoms; /* of the batch's contacts, held while the request is worked on */
    struct fault *fault;
};

/* A contact that is named twice is one: an atom remembers which request met it last. */
static void add_contact(struct asked *asked, struct slice account, bool listed)
{
    struct presence_batch *batch = asked->batch;
    struct atom *atom = atom_take(asked->presence, account);
    if (atom->mark == asked->presence->marks) {
        atom_release(asked->presence, atom);
        return;
    }
    atom->mark = asked->presence->marks;
    asked->atoms[batch->contact_count] = atom;
    batch->contacts[batch->contact_count++] =
        (struct presence_contact){.account = arena_copy(batch->arena, account), .listed = listed};
}

static void make_room(struct asked *asked, size_t count)
{
    struct arena *arena = asked->batch->arena;
    asked->presence->marks++;
    asked->batch->contacts = arena_array(arena, struct presence_contact, count + 1);
    asked->atoms = arena_array(arena, struct atom *, count + 1);
}

static void let_go(struct asked *asked)
{
    for (size_t i = 0; i < asked->batch->contact_count; i++)
        atom_release(asked->presence, asked->atoms[i]);
}

static int read_contacts(struct asked *asked, const struct xml_node *list)
{
    const size_t most = asked->presence->options.limits.watched;
    size_t count = 0;
    xml_each (node, list)
        if (++count > most)
            return beyond(asked->fault, "contacts", most);
    make_room(asked, count);
    xml_each (node, list) {
        struct sip_uri uri;
        struct slice aor;
        if (sip_uri_parse(xml_attr(node, "uri"), &uri, NULL) < 0 ||
            sip_uri_aor(asked->batch->arena, &uri, &aor, NULL) < 0)
            return wrong(asked->fault, node, "uri of a resource");
        add_contact(asked, slice_from(aor, sizeof "sip:" - 1), xml_child(node, NULL, "context"));
    }
    return 0;
}

static int read_categories(struct asked *asked, const struct xml_node *list)
{
    struct presence_batch *batch = asked->batch;
    xml_each (node, list) {
        struct slice name = xml_attr(node, "name");
        if (!is_category_name(name))
            return wrong(asked->fault, node, "name of a category");
        if (batch->category_count == PRESENCE_CATEGORIES_MAX)
            return beyond(asked->fault, "categories", PRESENCE_CATEGORIES_MAX);
        batch->categories[batch->category_count++] = arena_copy(batch->arena, name);
    }
    return 0;
}

/* The contact is whom the request is addressed to. */
static int read_addressee(struct asked *asked)
{
    struct slice aor;
    make_room(asked, 1);
    if (sip_uri_aor(asked->batch->arena, &asked->request->uri, &aor, NULL) < 0)
        return fault_set(asked->fault, ERR_MALFORMED, FINDING_PRESENCE_MALFORMED,
                         "the address of a presence subscription");
    add_contact(asked, slice_from(aor, sizeof "sip:" - 1), false);
    return 0;
}

static int read_batch(struct asked *asked, const struct xml_node *root)
{
    const struct xml_node *action = xml_child(root, NS_BATCH, "action");
    struct slice name = xml_attr(action, "name");
    if (!action || xml_next(action))
        return wrong(asked->fault, root, "not batchSub with one action");
    asked->batch->remove = slice_eq(name, SLICE("unsubscribe"));
    if (!asked->batch->remove && !slice_eq(name, SLICE("subscribe")))
        return wrong(asked->fault, action, "name of the action");
    int err = read_categories(asked, xml_child(action, NS_CATEGORY_LIST, "categoryList"));
    return err < 0 ? err : read_contacts(asked, xml_child(action, NS_BATCH, "adhocList"));
}

static bool accepts(const struct sip_message *request, const char *type)
{
    const struct sip_header *h = NULL;
    while ((h = sip_header_named(request, SLICE("Accept"), h)))
        if (slice_find(h->value, slice_of(type)) >= 0)
            return true;
    return false;
}

/* Without a body Accept decides; enhanced presence comes first ([MS-PRES] section
 * 3.7.5.5). */
static int read_plain(struct asked *asked)
{
    static const char *const legacy[] = {"legacyInterop", "contactCard", NULL},
                             *const usual[] = {"calendarData", "contactCard", "note",
                                               "services",     "state",       NULL};
    struct presence_batch *batch = asked->batch;
    batch->legacy = !accepts(asked->request, CATEGORIES_TYPE);
    for (const char *const *name = batch->legacy ? legacy : usual; *name; name++)
        batch->categories[batch->category_count++] = slice_of(*name);
    return read_addressee(asked);
}

static int read_body(struct asked *asked)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    if (slice_empty(asked->request->body))
        return read_plain(asked);
    int err = xml_read(asked->request->body, NULL, &doc, asked->fault);
    if (err < 0)
        return err;
    const struct xml_node *root = xml_root(doc);
    if (xml_is(root, NS_BATCH, "batchSub"))
        return read_batch(asked, root);
    if (!xml_is(root, NS_CATEGORY_LIST, "categoryList"))
        return wrong(asked->fault, root, "neither batchSub nor categoryList");
    err = read_categories(asked, root);
    return err < 0 ? err : read_addressee(asked);
}

/* ---- the dialog ------------------------------------------------------------------------------ */

struct dialog *dialog_find(const struct person *person, uint64_t number)
{
    struct dialog *d = person ? person->dialogs : NULL;
    while (d && d->number != number)
        d = d->next;
    return d;
}

void dialog_forget(struct presence *presence, struct person *person, struct dialog *dialog)
{
    struct dialog **at = &person->dialogs;
    while (*at != dialog)
        at = &(*at)->next;
    *at = dialog->next;
    dialog_free(presence, dialog);
}

static int add_watched(struct asked *asked, struct dialog *dialog)
{
    const size_t most = asked->presence->options.limits.watched;
    size_t fresh = 0;
    for (size_t i = 0; i < asked->batch->contact_count; i++)
        fresh += watched_has(dialog, asked->atoms[i]) ? 0 : 1;
    if (dialog->watched_count + fresh > most)
        return beyond(asked->fault, "contacts in a subscription", most);
    for (size_t i = 0; i < asked->batch->contact_count; i++)
        if (!watched_has(dialog, asked->atoms[i]))
            watched_add(dialog, asked->atoms[i]);
    return 0;
}

static void remove_watched(struct asked *asked, const struct person *person, struct dialog *dialog,
                           struct presence_posts *posts)
{
    for (size_t i = 0; i < asked->batch->contact_count; i++) {
        struct atom *atom = asked->atoms[i];
        if (!watched_has(dialog, atom))
            continue;
        post_unwatch(posts, person, dialog->number, atom->text);
        watched_drop(asked->presence, dialog, atom);
    }
}

static void take_one(void *asked, struct atom *account)
{
    add_contact(asked, account->text, false);
}

/* A refresh without a list, and the end of the dialog, concern all of its contacts. */
static void take_all(struct asked *asked, const struct dialog *dialog)
{
    let_go(asked);
    asked->batch->contact_count = 0;
    make_room(asked, dialog->watched_count);
    watched_each(dialog, take_one, asked);
}

static struct dialog *open_dialog(struct presence *presence, struct person *person,
                                  const struct sip_message *request, int64_t now,
                                  struct sip_reply *reply, struct fault *fault)
{
    unsigned count = 0;
    struct subscription made;
    for (const struct dialog *d = person->dialogs; d; d = d->next)
        count++;
    if (count >= presence->options.limits.dialogs) {
        beyond(fault, "presence subscriptions", presence->options.limits.dialogs);
        return NULL;
    }
    if (subscription_open(&made, request, &presence->options.terms, now, reply, fault) < 0)
        return NULL;
    struct dialog *dialog = must_calloc(1, sizeof *dialog);
    dialog->peer.subscription = made;
    dialog->number = ++presence->dialogs;
    dialog->next = person->dialogs;
    person->dialogs = dialog;
    return dialog;
}

static struct dialog *refresh_dialog(struct presence *presence, struct person *person,
                                     const struct sip_message *request, int64_t now,
                                     struct sip_reply *reply, struct fault *fault)
{
    struct dialog *d = person->dialogs;
    while (d && !subscription_is_of(&d->peer.subscription, request))
        d = d->next;
    if (!d)
        subscription_unknown(request, fault);
    else if (subscription_refresh(&d->peer.subscription, request, &presence->options.terms, now,
                                  reply, fault) < 0)
        return NULL;
    return d;
}

/* The dialog remembers what was asked for last, and a refresh asks for that. */
static void keep_wish(struct presence *presence, struct dialog *dialog,
                      struct presence_batch *batch)
{
    if (batch->category_count || !dialog->wish) {
        struct wish *made =
            wish_take(presence, batch->categories, batch->category_count, batch->legacy);
        if (dialog->wish)
            wish_release(presence, dialog->wish);
        dialog->wish = made;
    }
    batch->legacy = dialog->wish->legacy;
    batch->category_count = dialog->wish->count;
    for (size_t i = 0; i < dialog->wish->count; i++)
        batch->categories[i] = arena_copy(batch->arena, dialog->wish->categories[i]);
}

static int settle(struct asked *asked, struct person *person, struct dialog *dialog, bool all,
                  struct presence_posts *posts)
{
    struct presence_batch *batch = asked->batch;
    batch->dialog = dialog->number;
    keep_wish(asked->presence, dialog, batch);
    if (batch->poll && dialog->watched) { /* the dialog ends */
        take_all(asked, dialog);
        batch->remove = true;
    } else if (all) {
        take_all(asked, dialog);
    }
    batch->list = dialog->list;
    if (batch->remove)
        remove_watched(asked, person, dialog, posts);
    return batch->remove || batch->poll ? 0 : add_watched(asked, dialog);
}

/* A client takes lists if it says so (RFC 4662 section 4.1), or sends one. */
static bool takes_lists(const struct sip_message *request, const struct presence_batch *batch)
{
    return !batch->legacy && (batch->contact_count != 1 ||
                              sip_has_tag(request, SIP_HEADER_SUPPORTED, SLICE("eventlist")) ||
                              sip_has_tag(request, SIP_HEADER_REQUIRE, SLICE("adhoclist")));
}

static int subscribe(struct asked *asked, struct person *person,
                     const struct registrar_caller *caller, int64_t now, struct sip_reply *reply,
                     struct presence_posts *posts)
{
    const struct sip_message *request = asked->request;
    bool fresh = slice_empty(request->to.tag), all = !fresh && slice_empty(request->body);
    int err = all ? 0 : read_body(asked);
    if (err < 0)
        return err;
    struct dialog *dialog = (fresh ? open_dialog : refresh_dialog)(asked->presence, person, request,
                                                                   now, reply, asked->fault);
    if (!dialog)
        return asked->fault->err;
    peer_set(&dialog->peer, caller);
    if (fresh)
        dialog->list = takes_lists(request, asked->batch);
    due_by(asked->presence, person, dialog->peer.subscription.expires);
    asked->batch->poll = subscription_over(&dialog->peer.subscription, now);
    err = settle(asked, person, dialog, all, posts);
    if (err < 0 && fresh)
        dialog_forget(asked->presence, person, dialog);
    else if (err == 0)
        dialog->pending = true;
    return err;
}

int presence_subscribe(struct presence *presence, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct arena *arena,
                       struct presence_batch **batch_out, struct sip_reply *reply,
                       struct presence_posts *posts, struct fault *fault)
{
    struct presence_batch *batch = arena_new_of(arena, struct presence_batch);
    struct asked asked = {.presence = presence, .request = request, .batch = batch, .fault = fault};
    struct person *person;
    *batch_out = NULL;
    int err = person_need(presence, caller, now, &person, fault);
    if (err < 0)
        return err;
    batch->arena = arena;
    batch->watcher = arena_copy(arena, caller->account);
    batch->watcher_name = arena_copy(arena, person->name->text);
    err = subscribe(&asked, person, caller, now, reply, posts);
    let_go(&asked);
    if (err < 0)
        return err;
    if (batch->list)
        sip_reply_header(reply, "Require", "eventlist");
    *batch_out = batch;
    return 0;
}
