/* Who watches whom. On the publisher's side a list to go through and a tree to find one
 * in; on the watcher's side a tree of the accounts in a dialog. The trees are tsearch(3)'s:
 * balanced whatever a peer sends, and small. */
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
    void *const *found = key.account ? tfind(&key, &person->watch_tree, watch_order) : NULL;
    return found ? *found : NULL;
}

void watch_drop(struct presence *presence, struct person *person, struct watch *watch)
{
    tdelete(watch, &person->watch_tree, watch_order);
    *(watch->prev ? &watch->prev->next : &person->watches) = watch->next;
    if (watch->next)
        watch->next->prev = watch->prev;
    person->watch_count--;
    atom_release(presence, watch->account);
    wish_release(presence, watch->wish);
    free(watch);
}

void watch_add(struct presence *presence, struct person *person, struct slice watcher,
               uint64_t dialog, struct wish *wish, uint32_t container)
{
    struct watch *made = must_calloc(1, sizeof *made);
    made->account = atom_take(presence, watcher);
    made->dialog = dialog;
    made->wish = wish;
    made->container = container;
    made->next = person->watches;
    if (made->next)
        made->next->prev = made;
    person->watches = made;
    person->watch_count++;
    put(made, &person->watch_tree, watch_order);
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

struct walk {
    void (*fn)(void *arg, struct atom *account);
    void *arg;
};

static void visit_node(const void *node, VISIT which, void *walk)
{
    const struct walk *w = walk;
    if (which == postorder || which == leaf)
        w->fn(w->arg, *(struct atom *const *)node);
}

void watched_each(const struct dialog *dialog, void (*fn)(void *arg, struct atom *account),
                  void *arg)
{
    struct walk walk = {fn, arg};
    twalk_r(dialog->watched, visit_node, &walk);
}

static void release(void *presence, struct atom *account)
{
    atom_release(presence, account);
}

static void keep_atom(void *atom)
{
    (void)atom;
}

void watched_clear(struct presence *presence, struct dialog *dialog)
{
    watched_each(dialog, release, presence);
    tdestroy(dialog->watched, keep_atom); /* frees the tree only */
    dialog->watched = NULL;
    dialog->watched_count = 0;
}
