/* Who watches whom: on the publisher's side a tree of watches, on the watcher's side one of
 * the accounts in a dialog. They are tsearch(3)'s: balanced whatever a peer sends, and
 * small, of which there are many. */
#include "presence/presence_priv.h"

#include <search.h>
#include <stdlib.h>

static int compare(uintptr_t a, uintptr_t b)
{
    return a < b ? -1 : a > b;
}

static void put(const void *key, void **tree, int (*order)(const void *, const void *))
{
    if (!tsearch(key, tree, order))
        memory_exhausted(sizeof(void *) * 3);
}

static int watch_order(const void *a, const void *b)
{
    const struct watch *x = a, *y = b;
    int by_account = compare((uintptr_t)x->account, (uintptr_t)y->account);
    return by_account ? by_account : compare(x->dialog, y->dialog);
}

static int atom_order(const void *a, const void *b)
{
    return compare((uintptr_t)a, (uintptr_t)b);
}

struct watch *watch_find(const struct presence *presence, const struct person *person,
                         struct slice watcher, uint64_t dialog)
{
    struct watch key = {.account = atom_find(presence, watcher), .dialog = dialog};
    void *const *found = key.account ? tfind(&key, &person->watches, watch_order) : NULL;
    return found ? *found : NULL;
}

static void watch_free(void *presence, struct watch *watch)
{
    atom_release(presence, watch->account);
    wish_release(presence, watch->wish);
    free(watch);
}

void watch_drop(struct presence *presence, struct person *person, struct watch *watch)
{
    tdelete(watch, &person->watches, watch_order);
    person->watch_count--;
    watch_free(presence, watch);
}

void watch_add(struct presence *presence, struct person *person, struct slice watcher,
               uint64_t dialog, struct wish *wish, uint32_t container)
{
    struct watch *made = must_calloc(1, sizeof *made);
    made->account = atom_take(presence, watcher);
    made->dialog = dialog;
    made->wish = wish;
    made->container = container;
    person->watch_count++;
    put(made, &person->watches, watch_order);
}

bool watched_has(const struct dialog *dialog, const struct atom *account)
{
    return account && tfind(account, &dialog->watched, atom_order) != NULL;
}

void watched_add(struct dialog *dialog, struct atom *account)
{
    account->uses++;
    dialog->watched_count++;
    put(account, &dialog->watched, atom_order);
}

void watched_drop(struct presence *presence, struct dialog *dialog, struct atom *account)
{
    tdelete(account, &dialog->watched, atom_order);
    dialog->watched_count--;
    atom_release(presence, account);
}

/* One of them is set, by what the tree holds. */
struct walk {
    void (*to_atom)(void *arg, struct atom *account);
    void (*to_watch)(void *arg, struct watch *watch);
    void *arg;
};

static void visit_node(const void *node, VISIT which, void *walk)
{
    const struct walk *w = walk;
    if (which != postorder && which != leaf)
        return;
    if (w->to_atom)
        w->to_atom(w->arg, *(struct atom *const *)node);
    else
        w->to_watch(w->arg, *(struct watch *const *)node);
}

void watch_each(const struct person *person, void (*fn)(void *arg, struct watch *watch), void *arg)
{
    struct walk walk = {.to_watch = fn, .arg = arg};
    twalk_r(person->watches, visit_node, &walk);
}

void watched_each(const struct dialog *dialog, void (*fn)(void *arg, struct atom *account),
                  void *arg)
{
    struct walk walk = {.to_atom = fn, .arg = arg};
    twalk_r(dialog->watched, visit_node, &walk);
}

static void release(void *presence, struct atom *account)
{
    atom_release(presence, account);
}

/* tdestroy(3) goes through the tree alone, what it held is gone by then. */
static void nothing(void *key)
{
    (void)key;
}

void watch_clear(struct presence *presence, struct person *person)
{
    watch_each(person, watch_free, presence);
    tdestroy(person->watches, nothing);
    person->watches = NULL;
    person->watch_count = 0;
}

void watched_clear(struct presence *presence, struct dialog *dialog)
{
    watched_each(dialog, release, presence);
    tdestroy(dialog->watched, nothing);
    dialog->watched = NULL;
    dialog->watched_count = 0;
}
