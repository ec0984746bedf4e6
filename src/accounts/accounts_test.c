#include "accounts/test_world_priv.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static int sign_in(struct world *world, const char *login, const char *password,
                   struct account *account_out)
{
    world->fault = (struct fault){0};
    return accounts_check_password(world->accounts, world->client, slice_of(login),
                                   slice_of(password), world->arena, account_out, &world->fault);
}

/* ---- names ---------------------------------------------------------------------------- */

static void test_account_comes_back(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world), found;
    assert_int_equal(accounts_find(world->accounts, SLICE(" SIP:alice@contoso.test"), world->arena,
                                   &found, &world->fault),
                     0);
    assert_true(found.id == alice.id && found.enabled && found.created == now);
    assert_true(slice_eq(found.address, SLICE("alice@contoso.test")));
    assert_true(slice_eq(found.login, SLICE("asmith@corp.test")));
    assert_true(slice_eq(found.sam, SLICE("CONTOSO\\asmith")));
    assert_true(slice_eq(found.display_name, SLICE("Alice Sm\xc3\xaeth")));
    assert_true(slice_eq(found.pool, SLICE("pool1.contoso.test")));
    struct account bob = add(world, (struct account){.address = SLICE("bob@contoso.test")});
    assert_int_equal(accounts_get(world->accounts, bob.id, world->arena, &found, NULL), 0);
    assert_true(slice_eq(found.login, SLICE("bob@contoso.test")));
    assert_true(slice_absent(found.sam) && slice_absent(found.pool));
    /* By address means by address: a login is none. */
    assert_int_equal(accounts_find(world->accounts, SLICE("asmith@corp.test"), world->arena, &found,
                                   &world->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(world->fault.finding, FINDING_UNKNOWN_USER);
}

static void test_login_in_all_spellings(void **state)
{
    static const char *const right[] = {
        "alice@contoso.test", "sip:alice@contoso.test", "ALICE@CONTOSO.TEST", "alice",
        "asmith@corp.test",   "CONTOSO\\asmith",        "contoso\\ASmith",    " Alice "};
    static const char *const wrong[] = {"",
                                        "@",
                                        "asmith",
                                        "bob",
                                        "contoso\\alice",
                                        "\\asmith",
                                        "alice@",
                                        "alice@contoso.test.",
                                        "alice@contoso.test' or '1'='1",
                                        "%",
                                        "sip:"};
    struct world *world = *state;
    struct account alice = add_alice(world), found;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        if (accounts_find_login(world->accounts, slice_of(right[i]), world->arena, &found,
                                &world->fault) != 0)
            fail_msg("%s: %s", right[i], world->fault.detail);
        assert_true(found.id == alice.id);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(
            accounts_find_login(world->accounts, slice_of(wrong[i]), world->arena, &found, NULL),
            -ERR_UNKNOWN);
    char huge[4096];
    memset(huge, 'a', sizeof huge);
    assert_int_equal(accounts_find_login(world->accounts, slice_make(huge, sizeof huge),
                                         world->arena, &found, NULL),
                     -ERR_UNKNOWN);
}

static void test_what_cannot_be_an_account(void **state)
{
    static const struct {
        struct account account;
        const char *field;
    } bad[] = {
        {{.address = {"alice", 5}}, "address"},
        {{.address = {"", 0}}, "address"},
        {{.address = {"@contoso.test", 13}}, "address"},
        {{.address = {"alice@", 6}}, "address"},
        {{.address = {"a b@contoso.test", 16}}, "address"},
        {{.address = {"a\0b@contoso.test", 16}}, "address"},
        {{.address = {"a@b@contoso.test", 16}}, "address"},
        {{.address = {"alice@contoso..test", 19}}, "address"},
        {{.address = {"alice@-contoso.test", 19}}, "address"},
        {{.address = {"alice@contoso.test;x=y", 22}}, "address"},
        {{.address = {"a@d.test", 8}, .login = {"nobody", 6}}, "login"},
        {{.address = {"a@d.test", 8}, .sam = {"asmith", 6}}, "SAM"},
        {{.address = {"a@d.test", 8}, .sam = {"SIXTEENBYTESLONG\\a", 18}}, "SAM"},
        {{.address = {"a@d.test", 8}, .display_name = {"a\nb", 3}}, "display"},
        {{.address = {"a@d.test", 8}, .display_name = {"\xff", 1}}, "display"},
        {{.address = {"a@d.test", 8}, .display_name = {"\xc3", 1}}, "display"},
        {{.address = {"a@d.test", 8}, .display_name = {"\xc2\x85", 2}}, "display"},
        {{.address = {"a@d.test", 8}, .display_name = {"\xed\xa0\x80", 3}}, "display"},
        {{.address = {"a@d.test", 8}, .pool = {"pool one", 8}}, "pool"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct account account = bad[i].account;
        struct fault fault = {0};
        if (accounts_add(world->accounts, &account, world->arena, &fault) != -ERR_MALFORMED)
            fail_msg("case %zu was taken", i);
        assert_int_equal(fault.finding, FINDING_ACCOUNT_INVALID);
        assert_non_null(strstr(fault.detail, bad[i].field));
        assert_true(account.id == 0);
    }
    char address[300];
    memset(address, 'a', sizeof address);
    memcpy(address + 280, "@contoso.test", 14);
    struct account account = {.address = slice_of(address)};
    assert_int_equal(account_check(&account, world->arena, &world->fault), -ERR_MALFORMED);
}

static void test_names_belong_to_one(void **state)
{
    struct world *world = *state;
    add_alice(world);
    struct account clashes[] = {
        {.address = SLICE("ALICE@contoso.test")},
        {.address = SLICE("asmith@corp.test")}, /* another's login */
        {.address = SLICE("bob@contoso.test"), .login = SLICE("alice@contoso.test")},
        {.address = SLICE("bob@contoso.test"), .sam = SLICE("contoso\\ASMITH")},
    };
    for (size_t i = 0; i < sizeof clashes / sizeof *clashes; i++) {
        assert_int_equal(accounts_add(world->accounts, &clashes[i], world->arena, &world->fault),
                         -ERR_CONFLICT);
        assert_int_equal(world->fault.finding, FINDING_ACCOUNT_INVALID);
    }
    /* Nothing of a refused account stays behind. */
    add(world, (struct account){.address = SLICE("bob@contoso.test")});
}

static void test_rename_keeps_the_password(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world), found;
    alice.address = SLICE("alice.jones@contoso.test");
    alice.login = SLICE("ajones@corp.test");
    alice.sam = (struct slice){0};
    assert_int_equal(accounts_set(world->accounts, &alice, world->arena, &world->fault), 0);
    assert_int_equal(sign_in(world, "ajones@corp.test", "correct horse", &found), 0);
    assert_true(slice_eq(found.address, SLICE("alice.jones@contoso.test")));
    assert_int_equal(sign_in(world, "asmith@corp.test", "correct horse", &found), -ERR_DENIED);
    assert_int_equal(sign_in(world, "CONTOSO\\asmith", "correct horse", &found), -ERR_DENIED);
    add(world, (struct account){.address = SLICE("alice@contoso.test")});
    assert_int_equal(accounts_set(world->accounts, &alice, world->arena, &world->fault), 0);
    alice.login = SLICE("alice@contoso.test");
    assert_int_equal(accounts_set(world->accounts, &alice, world->arena, &world->fault),
                     -ERR_CONFLICT);
    assert_int_equal(sign_in(world, "ajones@corp.test", "correct horse", &found), 0);
    alice.id = 999;
    alice.address = SLICE("new@contoso.test");
    alice.login = (struct slice){0};
    assert_int_equal(accounts_set(world->accounts, &alice, world->arena, &world->fault),
                     -ERR_UNKNOWN);
}

static void test_list_in_pages(void **state)
{
    struct world *world = *state;
    struct account *list;
    size_t count, seen = 0;
    for (unsigned i = 0; i < 150; i++)
        add(world, (struct account){
                       .address = arena_print(world->arena, "user%03u@contoso.test", 149 - i)});
    struct slice after = {0};
    do {
        assert_int_equal(
            accounts_list(world->accounts, after, 70, world->arena, &list, &count, &world->fault),
            0);
        for (size_t i = 0; i < count; i++, seen++)
            assert_true(slice_eq(list[i].address,
                                 arena_print(world->arena, "user%03zu@contoso.test", seen)));
        if (count)
            after = list[count - 1].address;
    } while (count);
    assert_int_equal(seen, 150);
}

/* ---- signing in ------------------------------------------------------------------------- */

static uint64_t hashes(struct world *world)
{
    struct vault_counts counts;
    assert_int_equal(vault_counts(world->client, &counts, NULL), 0);
    return counts.hashes;
}

static void test_password_decides(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world), found = {0};
    assert_int_equal(sign_in(world, "alice", "correct horse", &found), 0);
    assert_true(found.id == alice.id);
    found = (struct account){0};
    assert_int_equal(sign_in(world, "alice", "hunter2", &found), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_WRONG_PASSWORD);
    assert_null(strstr(world->fault.detail, "hunter2"));
    assert_int_equal(sign_in(world, "alice", "", &found), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_WRONG_PASSWORD);
    assert_true(found.id == 0);
}

/* Whether there is such a user shows neither in what is returned nor in the work done. */
static void test_unknown_looks_like_wrong(void **state)
{
    struct world *world = *state;
    struct account found;
    add_alice(world);
    struct account bob = add(world, (struct account){.address = SLICE("bob@contoso.test")});
    assert_true(bob.id > 0); /* has no password yet */
    uint64_t before = hashes(world);
    int wrong = sign_in(world, "alice", "wrong", &found);
    assert_int_equal(hashes(world), before + 1);
    int unknown = sign_in(world, "nobody", "wrong", &found);
    assert_int_equal(world->fault.finding, FINDING_UNKNOWN_USER);
    assert_int_equal(hashes(world), before + 2);
    int without = sign_in(world, "bob", "wrong", &found);
    assert_int_equal(world->fault.finding, FINDING_UNKNOWN_USER);
    assert_int_equal(hashes(world), before + 3);
    int nonsense = sign_in(world, "", "wrong", &found);
    assert_int_equal(hashes(world), before + 4);
    assert_true(wrong == unknown && wrong == without && wrong == nonsense);
    assert_int_equal(finding_row(FINDING_UNKNOWN_USER)->http,
                     finding_row(FINDING_WRONG_PASSWORD)->http);
    assert_string_equal(finding_row(FINDING_UNKNOWN_USER)->user,
                        finding_row(FINDING_WRONG_PASSWORD)->user);
}

static void test_disabled_shows_only_to_its_user(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world), found;
    assert_int_equal(accounts_enable(world->accounts, alice.id, false, &world->fault), 0);
    assert_int_equal(sign_in(world, "alice", "wrong", &found), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_WRONG_PASSWORD);
    assert_int_equal(sign_in(world, "alice", "correct horse", &found), -ERR_DENIED);
    assert_int_equal(world->fault.finding, FINDING_USER_DISABLED);
    assert_int_equal(accounts_enable(world->accounts, alice.id, true, &world->fault), 0);
    assert_int_equal(sign_in(world, "alice", "correct horse", &found), 0);
    assert_int_equal(accounts_enable(world->accounts, 999, true, &world->fault), -ERR_UNKNOWN);
}

static void test_removed_account_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct account alice = add_alice(world), found;
    enum vault_verdict verdict;
    char key[24];
    assert_int_equal(accounts_remove(world->accounts, world->client, alice.id, &world->fault), 0);
    assert_int_equal(accounts_remove(world->accounts, world->client, alice.id, &world->fault),
                     -ERR_UNKNOWN);
    assert_int_equal(sign_in(world, "alice", "correct horse", &found), -ERR_DENIED);
    snprintf(key, sizeof key, "%lld", (long long)alice.id);
    assert_int_equal(
        vault_password_check(world->client, slice_of(key), SLICE("correct horse"), &verdict, NULL),
        0);
    assert_int_equal(verdict, VAULT_UNKNOWN);
    assert_int_equal(
        accounts_set_password(world->accounts, world->client, alice.id, SLICE("p"), &world->fault),
        -ERR_UNKNOWN);
    /* The name is free again, the number never. */
    assert_true(add(world, (struct account){.address = SLICE("alice@contoso.test")}).id !=
                alice.id);
}

static void test_dead_vault_is_no_wrong_password(void **state)
{
    struct world *world = *state;
    struct account found;
    add_alice(world);
    kill(vault_pid(world->vault), SIGKILL);
    assert_int_equal(sign_in(world, "alice", "correct horse", &found), -ERR_IO);
    assert_int_equal(world->fault.finding, FINDING_VAULT_FAILED);
    assert_int_equal(sign_in(world, "nobody", "correct horse", &found), -ERR_IO);
    assert_int_equal(world->fault.finding, FINDING_VAULT_FAILED);
}

/* ---- another process ------------------------------------------------------------------------ */

/* What `lychgate user add` does while the server runs. */
static int command_line(void)
{
    scoped(arena) struct arena *arena = arena_new();
    struct vault *vault = NULL;
    struct store *store = NULL;
    struct accounts *accounts = NULL;
    struct account carol = {.address = SLICE("carol@contoso.test"), .enabled = true};
    int result = vault_start(
        &(struct vault_options){.dir = vault_dir, .clients = 1, .hash_cost = 1}, &vault, NULL);
    if (result == 0)
        result = open_store(&store);
    if (result == 0)
        result = accounts_open(&(struct accounts_options){.store = store}, &accounts, NULL);
    if (result == 0)
        result = accounts_add(accounts, &carol, arena, NULL);
    if (result == 0)
        result = accounts_set_password(accounts, vault_client(vault, 0), carol.id,
                                       SLICE("from outside"), NULL);
    accounts_free(accounts);
    store_free(store);
    vault_free(vault);
    return result;
}

static void test_command_line_while_server_runs(void **state)
{
    struct world *world = *state;
    struct account found;
    int status = -1;
    assert_true(accounts_changed(world->accounts));
    assert_false(accounts_changed(world->accounts));
    pid_t pid = fork();
    if (pid == 0)
        _exit(command_line() == 0 ? 0 : 1);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_true(accounts_changed(world->accounts));
    assert_int_equal(sign_in(world, "carol", "from outside", &found), 0);
    assert_int_equal(sign_in(world, "carol", "from inside", &found), -ERR_DENIED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_account_comes_back),
        CASE(test_login_in_all_spellings),
        CASE(test_what_cannot_be_an_account),
        CASE(test_names_belong_to_one),
        CASE(test_rename_keeps_the_password),
        CASE(test_list_in_pages),
        CASE(test_password_decides),
        CASE(test_unknown_looks_like_wrong),
        CASE(test_disabled_shows_only_to_its_user),
        CASE(test_removed_account_leaves_nothing),
        CASE(test_dead_vault_is_no_wrong_password),
        CASE(test_command_line_while_server_runs),
    };
    return cmocka_run_group_tests_name("accounts", tests, setup_group, teardown_group);
}
