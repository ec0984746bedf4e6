/* Watching others: a subscription visits the homes of its contacts and is answered at the
 * watcher's home; news go the same way back. */
#include "presence/presence_priv.h"

#include <stdlib.h>
#include <string.h>

#define CATEGORIES_TYPE "application/msrtc-event-categories+xml"

/* ---- at the contacts' homes ---------------------------------------------------------------- */

static void visit_one(struct presence *presence, const struct presence_batch *batch,
                      struct presence_contact *contact, struct person *person, int64_t now,
                      struct outgoing_list *out)
{
    struct turn turn = {
        .presence = presence, .person = person, .arena = out->arena, .now = now, .out = out};
    uint32_t container = container_of_watcher(presence, person, batch->watcher);
    struct watch *old = watch_find(presence, person, batch->watcher, batch->dialog);
    if (old)
        watch_drop(presence, person, old);
    person->used = now;
    contact->known = true;
    contact->refused = person->watch_count >= presence->options.limits.watchers;
    if (contact->refused)
        return;
    struct wish *wish =
        wish_take(presence, batch->categories, batch->category_count, batch->legacy);
    contact->document = print_for_wish(batch->arena, person, container, wish, NULL);
    if (batch->poll)
        wish_release(presence, wish);
    else
        watch_add(presence, person, batch->watcher, batch->dialog, wish, container);
    if (contact->listed)
        subscriber_meet(&turn, batch->watcher, batch->watcher_name);
    turn_tell(&turn);
}

void presence_visit(struct presence *presence, struct presence_batch *batch, int64_t now,
                    struct outgoing_list *out)
{
    for (size_t i = 0; i < batch->contact_count && !batch->remove; i++) {
        struct person *person = person_find(presence, batch->contacts[i].account);
        if (person)
            visit_one(presence, batch, &batch->contacts[i], person, now, out);
    }
}

/* ---- back at the watcher's home ----------------------------------------------------------------
 */

static void send_document(struct person *person, struct dialog *dialog, int64_t now,
                          struct slice type, struct slice document, struct outgoing_list *out)
{
    struct outgoing *message = peer_outgoing(person, &dialog->peer, out);
    subscription_notify(&dialog->peer.subscription, now, type, document, &message->request);
    if (dialog->list)
        sip_request_header(&message->request, "Require", "eventlist");
}

static struct slice type_of(const struct dialog *dialog)
{
    return dialog->wish->legacy ? SLICE(LEGACY_TYPE) : SLICE(CATEGORIES_TYPE);
}

/* One contact without a list: his document, or none and the reason in the reply. */
static struct slice print_answer(const struct presence_batch *batch, const struct dialog *dialog,
                                 struct slice *type_out)
{
    if (dialog->list || batch->contact_count != 1)
        return print_batch(batch->arena, batch, type_out);
    *type_out = type_of(dialog);
    return batch->contacts[0].document;
}

/* Who asks about one contact whom nobody knows has no subscription. */
static bool refuse_unknown(struct presence *presence, struct person *person, struct dialog *dialog,
                           const struct presence_batch *batch, struct sip_reply *reply)
{
    struct fault fault;
    if (dialog->list || batch->remove || batch->contact_count != 1 ||
        batch->contacts[0].document.at)
        return false;
    fault_set(&fault, batch->contacts[0].refused ? ERR_LIMIT : ERR_UNKNOWN,
              batch->contacts[0].refused ? FINDING_PRESENCE_LIMIT : FINDING_UNKNOWN_USER,
              "presence of %.*s", SLICE_ARG(slice_head(batch->contacts[0].account, 80)));
    sip_reply_fault(reply, &fault, (struct slice){0});
    dialog_forget(presence, person, dialog);
    return true;
}

void presence_subscribed(struct presence *presence, struct presence_batch *batch, int64_t now,
                         struct sip_reply *reply, struct outgoing_list *out)
{
    struct person *person = person_find(presence, batch->watcher);
    struct dialog *dialog = dialog_find(person, batch->dialog);
    if (!dialog) /* its endpoint has left meanwhile; nobody reads the reply */
        return;
    if (refuse_unknown(presence, person, dialog, batch, reply))
        return;
    struct slice type = {0}, body = {0};
    if (!batch->remove)
        body = print_answer(batch, dialog, &type);
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
        dialog_forget(presence, person, dialog);
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
    if (!person)
        return;
    if (post->kind == PRESENCE_UNWATCH) {
        struct watch *watch = watch_find(presence, person, post->from, post->dialog);
        if (watch)
            watch_drop(presence, person, watch);
        return;
    }
    struct dialog *dialog = dialog_find(person, post->dialog);
    struct atom *contact = atom_find(presence, post->from);
    if (!dialog || !watched_has(dialog, contact)) {
        if (post->kind != PRESENCE_GONE)
            post_unwatch(posts, person, post->dialog, post->from);
        return;
    }
    struct slice type = type_of(dialog), document = post->document;
    if (post->kind == PRESENCE_GONE) {
        if (dialog->list)
            document = print_gone(out->arena, person->account, post, &type);
        watched_drop(presence, dialog, contact);
    }
    if (dialog->pending && dialog->news_count < NEWS_MAX)
        hold(dialog, type, document);
    else
        send_document(person, dialog, now, type, document, out);
}
