/* Watching others: a batch subscription is made at the watcher's home, visits the homes
 * of its contacts, and is answered at the watcher's home; news go the same way back. */
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

static bool has_contact(const struct presence_batch *batch, struct slice account)
{
    for (size_t i = 0; i < batch->contact_count; i++)
        if (slice_eq(batch->contacts[i].account, account))
            return true;
    return false;
}

static int read_contacts(struct presence_batch *batch, const struct xml_node *list, size_t most,
                         struct fault *fault)
{
    size_t count = 0;
    xml_each (node, list)
        if (++count > most)
            return beyond(fault, "contacts", most);
    batch->contacts = arena_array(batch->arena, struct presence_contact, count + 1);
    xml_each (node, list) {
        struct sip_uri uri;
        struct slice aor;
        if (sip_uri_parse(xml_attr(node, "uri"), &uri, NULL) < 0 ||
            sip_uri_aor(batch->arena, &uri, &aor, NULL) < 0)
            return wrong(fault, node, "uri of a resource");
        struct slice account = slice_from(aor, sizeof "sip:" - 1);
        if (!has_contact(batch, account))
            batch->contacts[batch->contact_count++].account = arena_copy(batch->arena, account);
    }
    return 0;
}

static int read_categories(struct presence_batch *batch, const struct xml_node *list,
                           struct fault *fault)
{
    const size_t most = sizeof batch->categories / sizeof *batch->categories;
    xml_each (node, list) {
        struct slice name = xml_attr(node, "name");
        if (slice_empty(name) || name.len > CATEGORY_NAME_MAX)
            return wrong(fault, node, "name of a category");
        if (batch->category_count == most)
            return beyond(fault, "categories", most);
        batch->categories[batch->category_count++] = arena_copy(batch->arena, name);
    }
    return 0;
}

static int read_batch(const struct presence *presence, struct slice body,
                      struct presence_batch *batch, struct fault *fault)
{
    scoped(xml_doc) struct xml_doc *doc = NULL;
    int err = xml_read(body, NULL, &doc, fault);
    if (err < 0)
        return err;
    const struct xml_node *root = xml_root(doc), *action = xml_child(root, NS_BATCH, "action");
    struct slice name = xml_attr(action, "name");
    if (!xml_is(root, NS_BATCH, "batchSub") || !action || xml_next(action))
        return wrong(fault, root, "not batchSub with one action");
    batch->remove = slice_eq(name, SLICE("unsubscribe"));
    if (!batch->remove && !slice_eq(name, SLICE("subscribe")))
        return wrong(fault, action, "name of the action");
    err = read_categories(batch, xml_child(action, NS_CATEGORY_LIST, "categoryList"), fault);
    return err < 0 ? err
                   : read_contacts(batch, xml_child(action, NS_BATCH, "adhocList"),
                                   presence->options.limits.watched, fault);
}

/* ---- the dialog ------------------------------------------------------------------------------ */

static struct dialog *dialog_find(const struct person *person, uint64_t number)
{
    struct dialog *d = person ? person->dialogs : NULL;
    while (d && d->number != number)
        d = d->next;
    return d;
}

static void forget(struct person *person, struct dialog *dialog)
{
    struct dialog **at = &person->dialogs;
    while (*at != dialog)
        at = &(*at)->next;
    *at = dialog->next;
    dialog_free(dialog);
}

/* The names in one allocation behind `names`; returns it. */
static char *keep_names(const struct slice *from, size_t count, struct slice *names)
{
    size_t total = 1;
    for (size_t i = 0; i < count; i++)
        total += from[i].len;
    char *text = must_alloc(total), *at = text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, from[i].at, from[i].len);
        names[i] = slice_make(at, from[i].len);
        at += from[i].len;
    }
    return text;
}

static struct watched **watched_find(struct dialog *dialog, struct slice account)
{
    struct watched **at = &dialog->watched;
    while (*at && !slice_eq((*at)->account, account))
        at = &(*at)->next;
    return at;
}

static int add_watched(const struct presence *presence, struct dialog *dialog,
                       const struct presence_batch *batch, struct fault *fault)
{
    size_t fresh = 0;
    for (size_t i = 0; i < batch->contact_count; i++)
        fresh += *watched_find(dialog, batch->contacts[i].account) ? 0 : 1;
    if (dialog->watched_count + fresh > presence->options.limits.watched)
        return beyond(fault, "contacts in a subscription", presence->options.limits.watched);
    for (size_t i = 0; i < batch->contact_count; i++) {
        struct slice account = batch->contacts[i].account;
        struct watched **at = watched_find(dialog, account);
        if (*at)
            continue;
        struct watched *made = must_calloc(1, sizeof *made + account.len + 1);
        memcpy(made->text, account.at, account.len);
        made->account = slice_make(made->text, account.len);
        *at = made;
        dialog->watched_count++;
    }
    return 0;
}

static void remove_watched(const struct person *person, struct dialog *dialog,
                           const struct presence_batch *batch, struct presence_posts *posts)
{
    for (size_t i = 0; i < batch->contact_count; i++) {
        struct watched **at = watched_find(dialog, batch->contacts[i].account), *old = *at;
        if (!old)
            continue;
        post_to(posts, PRESENCE_UNWATCH, old->account, person->account, dialog->number,
                (struct slice){0});
        *at = old->next;
        free(old);
        dialog->watched_count--;
    }
}

/* A refresh without a list, and the end of the dialog, concern all of its contacts. */
static void take_all(struct presence_batch *batch, const struct dialog *dialog)
{
    batch->contacts =
        arena_array(batch->arena, struct presence_contact, dialog->watched_count + 1u);
    batch->contact_count = 0;
    for (const struct watched *w = dialog->watched; w; w = w->next)
        batch->contacts[batch->contact_count++].account = arena_copy(batch->arena, w->account);
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

static int settle(struct presence *presence, struct person *person, struct dialog *dialog,
                  struct presence_batch *batch, bool all, struct presence_posts *posts,
                  struct fault *fault)
{
    batch->dialog = dialog->number;
    if (batch->category_count) {
        free(dialog->text);
        dialog->category_count = batch->category_count;
        dialog->text = keep_names(batch->categories, batch->category_count, dialog->categories);
    }
    batch->category_count = dialog->category_count;
    for (size_t i = 0; i < dialog->category_count; i++)
        batch->categories[i] = arena_copy(batch->arena, dialog->categories[i]);
    if (batch->poll && dialog->watched) { /* the dialog ends */
        take_all(batch, dialog);
        batch->remove = true;
    } else if (all) {
        take_all(batch, dialog);
    }
    if (batch->remove)
        remove_watched(person, dialog, batch, posts);
    return batch->remove || batch->poll ? 0 : add_watched(presence, dialog, batch, fault);
}

int presence_subscribe(struct presence *presence, const struct sip_message *request,
                       const struct registrar_caller *caller, int64_t now, struct arena *arena,
                       struct presence_batch **batch_out, struct sip_reply *reply,
                       struct presence_posts *posts, struct fault *fault)
{
    struct presence_batch *batch = arena_new_of(arena, struct presence_batch);
    bool fresh = slice_empty(request->to.tag), all = slice_empty(request->body);
    struct person *person;
    *batch_out = NULL;
    batch->arena = arena;
    batch->watcher = arena_copy(arena, caller->account);
    int err = person_need(presence, caller, &person, fault);
    if (err == 0 && (!all || fresh))
        err = read_batch(presence, request->body, batch, fault);
    if (err < 0)
        return err;
    struct dialog *dialog =
        (fresh ? open_dialog : refresh_dialog)(presence, person, request, now, reply, fault);
    if (!dialog)
        return fault->err;
    peer_set(&dialog->peer, caller);
    batch->poll = subscription_over(&dialog->peer.subscription, now);
    err = settle(presence, person, dialog, batch, all, posts, fault);
    if (err < 0) {
        if (fresh)
            forget(person, dialog);
        return err;
    }
    dialog->pending = true;
    sip_reply_header(reply, "Require", "eventlist");
    *batch_out = batch;
    return 0;
}

/* ---- at the contacts' homes ---------------------------------------------------------------- */

static void drop_watch(struct person *person, struct slice watcher, uint64_t dialog)
{
    for (struct watch **at = &person->watches, *w; (w = *at); at = &w->next)
        if (w->dialog == dialog && slice_eq(w->account, watcher)) {
            *at = w->next;
            free(w);
            person->watch_count--;
            return;
        }
}

static void add_watch(struct person *person, const struct presence_batch *batch, uint32_t container)
{
    size_t total = batch->watcher.len;
    for (size_t i = 0; i < batch->category_count; i++)
        total += batch->categories[i].len;
    struct watch *made = must_calloc(1, sizeof *made + total + 1);
    char *at = made->text;
    memcpy(at, batch->watcher.at, batch->watcher.len);
    made->account = slice_make(at, batch->watcher.len);
    at += batch->watcher.len;
    for (size_t i = 0; i < batch->category_count; i++) {
        memcpy(at, batch->categories[i].at, batch->categories[i].len);
        made->categories[i] = slice_make(at, batch->categories[i].len);
        at += batch->categories[i].len;
    }
    made->category_count = batch->category_count;
    made->dialog = batch->dialog;
    made->container = container;
    made->next = person->watches;
    person->watches = made;
    person->watch_count++;
}

void presence_visit(struct presence *presence, struct presence_batch *batch, int64_t now,
                    struct outgoing_list *out)
{
    (void)now;
    (void)out;
    for (size_t i = 0; i < batch->contact_count && !batch->remove; i++) {
        struct presence_contact *contact = &batch->contacts[i];
        struct person *person = person_find(presence, contact->account);
        if (!person)
            continue;
        contact->known = true;
        uint32_t container = container_of_watcher(presence, person, batch->watcher);
        drop_watch(person, batch->watcher, batch->dialog);
        contact->refused = person->watch_count >= presence->options.limits.watchers;
        if (contact->refused)
            continue;
        if (!batch->poll)
            add_watch(person, batch, container);
        contact->document = print_for_watcher(batch->arena, person, container, batch->categories,
                                              batch->category_count);
    }
}

/* ---- back at the watcher's home ----------------------------------------------------------------
 */

static void send_document(struct person *person, struct dialog *dialog, int64_t now,
                          struct slice type, struct slice document, struct outgoing_list *out)
{
    struct outgoing *message = peer_outgoing(person, &dialog->peer, out);
    subscription_notify(&dialog->peer.subscription, now, type, document, &message->request);
    sip_request_header(&message->request, "Require", "eventlist");
}

void presence_subscribed(struct presence *presence, struct presence_batch *batch, int64_t now,
                         struct sip_reply *reply, struct outgoing_list *out)
{
    struct person *person = person_find(presence, batch->watcher);
    struct dialog *dialog = dialog_find(person, batch->dialog);
    if (!dialog) /* its endpoint has left meanwhile; nobody reads the reply */
        return;
    struct slice type = {0}, body = {0};
    if (!batch->remove)
        body = print_batch(batch->arena, batch, &type);
    if (batch->remove ? !dialog->peer.subscription.piggyback
                      : !subscription_piggyback(&dialog->peer.subscription, reply, type, body))
        send_document(person, dialog, now, type, body, out);
    for (struct news *n; (n = dialog->news);) {
        send_document(person, dialog, now, arena_copy(out->arena, n->type),
                      arena_copy(out->arena, n->document), out);
        dialog->news = n->next;
        free(n);
    }
    dialog->news_count = 0;
    dialog->pending = false;
    if (batch->poll)
        forget(person, dialog);
}

static void hold(struct dialog *dialog, struct slice type, struct slice document)
{
    struct news **at = &dialog->news,
                *made = must_calloc(1, sizeof *made + type.len + document.len + 1);
    memcpy(made->text, type.at, type.len);
    memcpy(made->text + type.len, document.at, document.len);
    made->type = slice_make(made->text, type.len);
    made->document = slice_make(made->text + type.len, document.len);
    while (*at)
        at = &(*at)->next;
    *at = made;
    dialog->news_count++;
}

/* The last of a contact: a list in which he is terminated, with his last document. */
static struct slice print_gone(struct arena *arena, struct slice watcher,
                               const struct presence_post *post, struct slice *type_out)
{
    struct presence_contact contact = {
        .account = post->from, .known = true, .gone = true, .document = post->document};
    struct presence_batch batch = {
        .arena = arena, .watcher = watcher, .contacts = &contact, .contact_count = 1};
    return print_batch(arena, &batch, type_out);
}

void presence_deliver(struct presence *presence, const struct presence_post *post, int64_t now,
                      struct outgoing_list *out, struct presence_posts *posts)
{
    struct person *person = person_find(presence, post->to);
    struct slice type = SLICE(CATEGORIES_TYPE), document = post->document;
    if (!person)
        return;
    if (post->kind == PRESENCE_UNWATCH) {
        drop_watch(person, post->from, post->dialog);
        return;
    }
    struct dialog *dialog = dialog_find(person, post->dialog);
    struct watched **at = dialog ? watched_find(dialog, post->from) : NULL, *watched;
    if (!dialog || !(watched = *at)) {
        if (post->kind != PRESENCE_GONE)
            post_to(posts, PRESENCE_UNWATCH, post->from, person->account, post->dialog,
                    (struct slice){0});
        return;
    }
    if (post->kind == PRESENCE_GONE) {
        document = print_gone(out->arena, person->account, post, &type);
        *at = watched->next;
        free(watched);
        dialog->watched_count--;
    }
    if (dialog->pending && dialog->news_count < NEWS_MAX)
        hold(dialog, type, document);
    else
        send_document(person, dialog, now, type, document, out);
}
