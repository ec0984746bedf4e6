#include "accounts/account.h"
#include "contacts/contacts.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct store_schema *const schemas[] = {&accounts_schema, &contacts_schema};

/* A folder of its own, a store in it with one account. */
struct place {
    char dir[64], path[96];
    struct arena *arena;
    struct fault fault;
    int64_t account;
};

static struct store *open_store(struct place *place)
{
    struct store *store;
    if (store_open(&(struct store_options){.path = place->path,
                                           .schemas = schemas,
                                           .schema_count = sizeof schemas / sizeof *schemas},
                   &store, &place->fault) < 0)
        fail_msg("%s", place->fault.detail);
    return store;
}

static int setup(void **state)
{
    struct place *place = must_calloc(1, sizeof *place);
    place->arena = arena_new();
    snprintf(place->dir, sizeof place->dir, "/tmp/lychgate-contacts-XXXXXX");
    if (!mkdtemp(place->dir))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/store.db", place->dir);
    scoped(store) struct store *store = open_store(place);
    scoped(accounts) struct accounts *accounts = NULL;
    struct account account = {.address = SLICE("alice@contoso.test"), .enabled = true};
    if (accounts_open(&(struct accounts_options){.store = store}, &accounts, NULL) < 0 ||
        accounts_add(accounts, &account, place->arena, NULL) < 0)
        return -1;
    place->account = account.id;
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", place->path, endings[i]);
        unlink(path);
    }
    rmdir(place->dir);
    arena_free(place->arena);
    free(place);
    return 0;
}

static struct contacts_list *load(struct place *place, struct store *store)
{
    scoped(store_reader) struct store_reader *reader = NULL;
    struct contacts_list *list;
    if (store_reader_open(store, &reader, &place->fault) < 0 ||
        contacts_load(reader, place->account, place->arena, &list, &place->fault) < 0)
        fail_msg("%s", place->fault.detail);
    return list;
}

static int commit(struct place *place, struct store *store, struct contacts_change change)
{
    change.account_id = place->account;
    change.after = change.before + 1;
    return contacts_commit(store, &change, &place->fault);
}

static struct contacts_contact contact_of(const char *uri, uint64_t groups)
{
    return (struct contacts_contact){.uri = slice_of(uri),
                                     .name = SLICE(""),
                                     .groups = groups,
                                     .external = SLICE(""),
                                     .extension = SLICE("<a></a>"),
                                     .subscribed = true};
}

static void test_new_list(void **state)
{
    struct place *place = *state;
    scoped(store) struct store *store = open_store(place);
    struct contacts_list *list = load(place, store);
    assert_int_equal(list->delta, 1);
    assert_int_equal(list->group_count, 1);
    assert_true(slice_eq(list->groups[0].name, SLICE("~")));
    assert_int_equal(list->contact_count, 0);
}

static void test_each_edit(void **state)
{
    struct place *place = *state;
    scoped(store) struct store *store = open_store(place);
    struct contacts_change change = {.edit = CONTACTS_ADD_GROUP, .before = 1};
    change.group = (struct contacts_group){64, SLICE("Team"), SLICE("x")};
    assert_int_equal(commit(place, store, change), 0);
    change.edit = CONTACTS_SET_CONTACT;
    change.before = 2;
    change.contact = contact_of("bob@contoso.test", contacts_bit(64) | contacts_bit(1));
    assert_int_equal(commit(place, store, change), 0);
    struct contacts_list *list = load(place, store);
    assert_int_equal(list->delta, 3);
    assert_int_equal(list->group_count, 2);
    assert_true(slice_eq(contacts_list_group(list, 64)->external, SLICE("x")));
    assert_int_equal(list->contact_count, 1);
    assert_true(list->contacts[0]->groups == (contacts_bit(64) | contacts_bit(1)));
    assert_true(list->contacts[0]->subscribed);
    assert_true(slice_eq(list->contacts[0]->extension, SLICE("<a></a>")));
    change.edit = CONTACTS_DELETE_CONTACT;
    change.before = 3;
    assert_int_equal(commit(place, store, change), 0);
    change.edit = CONTACTS_DELETE_GROUP;
    change.before = 4;
    assert_int_equal(commit(place, store, change), 0);
    list = load(place, store);
    assert_int_equal(list->delta, 5);
    assert_int_equal(list->group_count, 1);
    assert_int_equal(list->contact_count, 0);
}

static void test_conflict_changes_nothing(void **state)
{
    struct place *place = *state;
    scoped(store) struct store *store = open_store(place);
    struct contacts_change change = {.edit = CONTACTS_SET_CONTACT, .before = 2};
    change.contact = contact_of("bob@contoso.test", 1);
    assert_int_equal(commit(place, store, change), -ERR_CONFLICT);
    assert_int_equal(place->fault.finding, FINDING_CONTACTS_STALE);
    assert_int_equal(load(place, store)->contact_count, 0);
    place->account = 999;
    change.before = 1;
    assert_int_equal(commit(place, store, change), -ERR_UNKNOWN);
    assert_int_equal(place->fault.finding, FINDING_UNKNOWN_USER);
}

static void test_replace(void **state)
{
    struct place *place = *state;
    scoped(store) struct store *store = open_store(place);
    struct contacts_change change = {.edit = CONTACTS_SET_CONTACT, .before = 1};
    change.contact = contact_of("bob@contoso.test", 1);
    assert_int_equal(commit(place, store, change), 0);
    struct contacts_list *list = contacts_list_new(place->arena);
    struct contacts_contact ann = contact_of("ann@contoso.test", 1);
    contacts_list_put(list, place->arena, &ann);
    assert_int_equal(contacts_replace(store, place->account, list, &place->fault), 0);
    list = load(place, store);
    assert_int_equal(list->delta, 3);
    assert_int_equal(list->contact_count, 1);
    assert_true(slice_eq(list->contacts[0]->uri, SLICE("ann@contoso.test")));
}

/* ---- kill -9 ------------------------------------------------------------------------------ */

enum {
    KILLS = 20,
    LIVES_MIN = 8 /* commits that a child confirms before it is killed */
};

/* Add contacts one after the other, and say each number only when it is confirmed. */
static void commit_for_ever(struct place *place, int confirmed)
{
    struct store *store = open_store(place);
    for (uint32_t delta = load(place, store)->delta;; delta++) {
        char uri[64];
        struct contacts_change change = {.edit = CONTACTS_SET_CONTACT, .before = delta};
        snprintf(uri, sizeof uri, "c%u@contoso.test", (unsigned)delta);
        change.contact = contact_of(uri, 1);
        if (commit(place, store, change) < 0)
            _exit(1);
        if (write(confirmed, &delta, sizeof delta) != sizeof delta)
            _exit(1);
    }
}

/* Kill a child once it has confirmed some; the last number that it confirmed. */
static uint32_t one_life(struct place *place, unsigned lives)
{
    int ends[2];
    uint32_t delta = 0, last = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        commit_for_ever(place, ends[1]);
    }
    close(ends[1]);
    for (unsigned seen = 0; read(ends[0], &delta, sizeof delta) == sizeof delta;) {
        last = delta;
        if (++seen == lives)
            kill(child, SIGKILL);
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

/* What was confirmed is there; at most the one commit that was under way is there too;
 * and the number belongs to the content. */
static void test_kill(void **state)
{
    struct place *place = *state;
    for (unsigned i = 0; i < KILLS; i++) {
        uint32_t last = one_life(place, LIVES_MIN + i % 5);
        scoped(store) struct store *store = open_store(place);
        struct contacts_list *list = load(place, store);
        assert_true(list->delta == last + 1 || list->delta == last + 2);
        assert_int_equal(list->contact_count, list->delta - 1);
        for (uint32_t delta = 1; delta < list->delta; delta++) {
            char uri[64];
            snprintf(uri, sizeof uri, "c%u@contoso.test", (unsigned)delta);
            assert_non_null(contacts_list_find(list, slice_of(uri)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_edit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conflict_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
