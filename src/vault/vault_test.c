/* The vault as the server meets it: another process behind sockets. */
#include "store/store.h"
#include "vault/client_priv.h"
#include "vault/test_folder.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char dir[64];

static const char *in_dir(const char *file)
{
    return test_path(dir, file);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lychgate-vault-XXXXXX");
    return mkdtemp(dir) ? test_vault_make(dir) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return test_vault_remove(dir);
}

static struct vault *start(unsigned clients)
{
    struct vault *vault = test_vault_start(dir, clients);
    assert_non_null(vault);
    return vault;
}

static int start_fault(struct fault *fault)
{
    struct vault *vault = NULL;
    int result = vault_start(&(struct vault_options){.dir = dir, .clients = 1}, &vault, fault);
    assert_null(vault);
    return result;
}

static uint64_t hashes(struct vault_client *client)
{
    struct vault_counts counts;
    assert_int_equal(vault_counts(client, &counts, NULL), 0);
    return counts.hashes;
}

static enum vault_verdict check(struct vault_client *client, const char *key, const char *password)
{
    enum vault_verdict verdict;
    struct fault fault = {0};
    if (vault_password_check(client, slice_of(key), slice_of(password), &verdict, &fault) != 0)
        fail_msg("%s", fault.detail);
    return verdict;
}

/* ---- passwords ---------------------------------------------------------------------- */

static void test_password_life(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_UNKNOWN);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("correct horse"), NULL), 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_RIGHT);
    assert_int_equal(check(client, "1", "correct horsf"), VAULT_WRONG);
    assert_int_equal(check(client, "1", "correct hors"), VAULT_WRONG);
    assert_int_equal(check(client, "2", "correct horse"), VAULT_UNKNOWN);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("k\xc3\xa4se"), NULL), 0);
    assert_int_equal(check(client, "1", "correct horse"), VAULT_WRONG);
    assert_int_equal(check(client, "1", "k\xc3\xa4se"), VAULT_RIGHT);
    assert_int_equal(vault_password_remove(client, SLICE("1"), NULL), 0);
    assert_int_equal(vault_password_remove(client, SLICE("1"), NULL), 0);
    assert_int_equal(check(client, "1", "k\xc3\xa4se"), VAULT_UNKNOWN);
}

/* A stranger with a clock must not learn who has an account. */
static void test_unknown_costs_what_wrong_costs(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(vault_password_set(client, SLICE("1"), SLICE("right"), NULL), 0);
    uint64_t before = hashes(client);
    assert_int_equal(check(client, "1", "wrong"), VAULT_WRONG);
    assert_int_equal(hashes(client), before + 1);
    assert_int_equal(check(client, "nobody", "wrong"), VAULT_UNKNOWN);
    assert_int_equal(hashes(client), before + 2);
    assert_int_equal(check(client, "1", "right"), VAULT_RIGHT);
    assert_int_equal(hashes(client), before + 3);
}

static void test_impossible_passwords(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    char longest[VAULT_PASSWORD_MAX + 1];
    enum vault_verdict verdict;
    memset(longest, 'p', sizeof longest);
    const struct slice impossible[] = {SLICE(""), slice_make("a\0b", 3),
                                       slice_make(longest, sizeof longest)};
    const struct slice fits = slice_make(longest, VAULT_PASSWORD_MAX);
    assert_int_equal(vault_password_set(client, SLICE("1"), fits, NULL), 0);
    assert_int_equal(vault_password_check(client, SLICE("1"), fits, &verdict, NULL), 0);
    assert_int_equal(verdict, VAULT_RIGHT);
    for (size_t i = 0; i < 3; i++) {
        struct fault fault = {0};
        assert_true(vault_password_set(client, SLICE("1"), impossible[i], &fault) < 0);
        assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
        assert_int_equal(vault_password_check(client, SLICE("1"), impossible[i], &verdict, NULL),
                         0);
        assert_int_equal(verdict, VAULT_WRONG);
        assert_int_equal(vault_password_check(client, SLICE("2"), impossible[i], &verdict, NULL),
                         0);
        assert_int_equal(verdict, VAULT_WRONG);
    }
}

static void test_client_keeps_no_password(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    check(client, "1", "correct horse");
    assert_int_equal(
        slice_find(slice_make(client->packet, sizeof client->packet), SLICE("correct horse")), -1);
}

static void test_two_vaults_over_one_folder(void **state)
{
    (void)state;
    scoped(vault) struct vault *server = start(1);
    scoped(vault) struct vault *command_line = start(1);
    assert_int_not_equal(vault_pid(server), vault_pid(command_line));
    assert_int_equal(
        vault_password_set(vault_client(command_line, 0), SLICE("7"), SLICE("fresh"), NULL), 0);
    assert_int_equal(check(vault_client(server, 0), "7", "fresh"), VAULT_RIGHT);
}

struct hammer {
    struct vault_client *client;
    unsigned number;
    int trouble;
};

static void *hammer_main(void *arg)
{
    struct hammer *hammer = arg;
    char key[16], password[32];
    snprintf(key, sizeof key, "%u", 100 + hammer->number);
    for (int i = 0; i < 8; i++) {
        enum vault_verdict verdict = VAULT_WRONG;
        snprintf(password, sizeof password, "%u-%d", hammer->number, i);
        if (vault_password_set(hammer->client, slice_of(key), slice_of(password), NULL) != 0 ||
            vault_password_check(hammer->client, slice_of(key), slice_of(password), &verdict,
                                 NULL) != 0 ||
            verdict != VAULT_RIGHT)
            hammer->trouble++;
    }
    return NULL;
}

static void test_clients_at_once(void **state)
{
    enum {
        CLIENTS = 8
    };
    (void)state;
    scoped(vault) struct vault *vault = start(CLIENTS);
    struct hammer hammers[CLIENTS] = {0};
    pthread_t threads[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        hammers[i] = (struct hammer){vault_client(vault, i), i, 0};
        pthread_create(&threads[i], NULL, hammer_main, &hammers[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(hammers[i].trouble, 0);
    }
    assert_null(vault_client(vault, CLIENTS));
}

/* ---- trouble ------------------------------------------------------------------------------ */

static void test_killed_vault(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(2);
    struct fault fault = {0};
    enum vault_verdict verdict;
    kill(vault_pid(vault), SIGKILL);
    for (unsigned i = 0; i < 2; i++) {
        fault = (struct fault){0};
        assert_int_equal(
            vault_password_check(vault_client(vault, i), SLICE("1"), SLICE("p"), &verdict, &fault),
            -ERR_IO);
        assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
        assert_int_not_equal(verdict, VAULT_RIGHT);
    }
}

static void test_stopped_vault_times_out_and_recovers(void **state)
{
    (void)state;
    struct vault *vault = NULL;
    struct fault fault = {0};
    struct vault_counts counts;
    enum vault_verdict verdict;
    assert_int_equal(
        vault_start(
            &(struct vault_options){.dir = dir, .clients = 1, .hash_cost = 1, .timeout_ms = 50},
            &vault, NULL),
        0);
    struct vault_client *client = vault_client(vault, 0);
    kill(vault_pid(vault), SIGSTOP);
    /* The signal takes its time; without this the vault may answer once more. */
    assert_int_equal(waitpid(vault_pid(vault), NULL, WUNTRACED), vault_pid(vault));
    assert_int_equal(vault_counts(client, &counts, &fault), -ERR_IO);
    assert_non_null(strstr(fault.detail, "in time"));
    kill(vault_pid(vault), SIGCONT);
    client->timeout_ms = 10000;
    /* The answer to the first question comes now; it is not taken for that to the second. */
    assert_int_equal(vault_password_check(client, SLICE("nobody"), SLICE("x"), &verdict, NULL), 0);
    assert_int_equal(verdict, VAULT_UNKNOWN);
    vault_free(vault);
}

static void test_signals_do_not_end_it(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    kill(vault_pid(vault), SIGTERM);
    kill(vault_pid(vault), SIGINT);
    kill(vault_pid(vault), SIGHUP);
    assert_int_equal(check(vault_client(vault, 0), "nobody", "x"), VAULT_UNKNOWN);
}

static void test_dies_with_its_server(void **state)
{
    int ends[2];
    pid_t pid = 0;
    char nothing;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t server = fork();
    if (server == 0) {
        struct vault *vault = NULL;
        if (vault_start(&(struct vault_options){.dir = dir, .clients = 1}, &vault, NULL) != 0)
            _exit(1);
        pid = vault_pid(vault);
        /* The read end of the vault's life pipe is ours to keep watch on. */
        if (write(ends[1], &pid, sizeof pid) != sizeof pid)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &pid, sizeof pid), sizeof pid);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    assert_int_equal(read(ends[0], &nothing, 1), 0);
    close(ends[0]);
    /* Orphaned, it is init's to reap: gone, or dead and not yet reaped. */
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    for (int64_t tries = 0; tries < 5000000; tries++) {
        FILE *stat = fopen(path, "r");
        if (!stat)
            return;
        const char *got = fgets(line, sizeof line, stat);
        fclose(stat);
        if (!got || strstr(line, ") Z") || strstr(line, ") X"))
            return;
    }
    fail_msg("the vault outlived its server: %s", line);
}

static void test_confinement(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    char path[64], line[256];
    bool no_new_privs = false;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)vault_pid(vault));
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof line, status))
        no_new_privs |= strcmp(line, "NoNewPrivs:\t1\n") == 0;
    fclose(status);
    assert_true(no_new_privs);
    /* Not dumpable: its /proc files are root's, whoever it runs as. */
    snprintf(path, sizeof path, "/proc/%ld/limits", (long)vault_pid(vault));
    FILE *limits = fopen(path, "r");
    bool no_core = false;
    while (limits && fgets(line, sizeof line, limits))
        if (strncmp(line, "Max core file size", 18) == 0)
            no_core = strstr(line, " 0 ") != NULL;
    if (limits)
        fclose(limits);
    assert_true(no_core);
}

static void test_files_must_be_safe(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(chmod(in_dir("token.key"), 0640), 0);
    assert_int_equal(start_fault(&fault), -ERR_DENIED);
    assert_non_null(strstr(fault.detail, "token.key"));
    assert_int_equal(chmod(in_dir("token.key"), 0600), 0);
    assert_int_equal(rename(in_dir("seal.key"), in_dir("vault.db.kept")), 0);
    assert_int_equal(start_fault(&fault), -ERR_IO);
    assert_non_null(strstr(fault.detail, "seal.key"));
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("seal.key")), 0);
    assert_int_equal(rename(in_dir("token.pem"), in_dir("vault.db.kept")), 0);
    assert_int_equal(link(in_dir("decrypt.pem"), in_dir("token.pem")), 0);
    assert_int_equal(start_fault(&fault), -ERR_CONFLICT);
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("token.pem")), 0);
    vault_free(start(1));
}

static void test_damaged_database(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(rename(in_dir("vault.db"), in_dir("vault.db.kept")), 0);
    FILE *file = fopen(in_dir("vault.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database ", file);
    fclose(file);
    assert_int_equal(start_fault(&fault), -ERR_IO);
    assert_int_equal(fault.finding, FINDING_STORE_FAILED);
    assert_int_equal(rename(in_dir("vault.db.kept"), in_dir("vault.db")), 0);
}

static int swap_hashes(struct store_db *db, void *arg, struct fault *fault)
{
    (void)arg;
    return store_exec(db, fault,
                      "update password set hash = (select hash from password where key = 'thief')"
                      " where key = 'victim'",
                      STORE_END);
}

/* Whoever can write the file cannot give himself another's account. */
static void test_moved_hash_is_noticed(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    assert_int_equal(vault_password_set(client, SLICE("victim"), SLICE("his"), NULL), 0);
    assert_int_equal(vault_password_set(client, SLICE("thief"), SLICE("mine"), NULL), 0);
    struct store *store = NULL;
    assert_int_equal(store_open(&(struct store_options){.path = in_dir("vault.db")}, &store, NULL),
                     0);
    assert_int_equal(store_write(store, swap_hashes, NULL, NULL), 1);
    store_free(store);
    enum vault_verdict verdict;
    struct fault fault = {0};
    assert_int_equal(vault_password_check(client, SLICE("victim"), SLICE("mine"), &verdict, &fault),
                     -ERR_FORGED);
    assert_int_equal(fault.finding, FINDING_VAULT_FAILED);
    assert_int_not_equal(verdict, VAULT_RIGHT);
    assert_int_equal(check(client, "thief", "mine"), VAULT_RIGHT);
}

static void test_init_never_overwrites(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct stat info;
    assert_int_equal(
        vault_init(dir, &(struct vault_init_options){.site = "x.test", .now = now}, &fault),
        -ERR_CONFLICT);
    assert_int_equal(vault_init("/nonexistent/v",
                                &(struct vault_init_options){.site = "x.test", .now = now}, &fault),
                     -ERR_IO);
    assert_int_equal(stat(dir, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(in_dir("vault.db"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_hostile_packets_over_the_socket(void **state)
{
    (void)state;
    scoped(vault) struct vault *vault = start(1);
    struct vault_client *client = vault_client(vault, 0);
    char answer[WIRE_MAX];
    char *huge = must_calloc(1, 60000);
    assert_int_equal(send(client->socket, "\x01\x02\x03", 3, 0), 3);
    assert_true(recv(client->socket, answer, sizeof answer, 0) > WIRE_HEADER);
    assert_int_equal(send(client->socket, huge, 60000, 0), 60000);
    assert_true(recv(client->socket, answer, sizeof answer, 0) > WIRE_HEADER);
    free(huge);
    assert_int_equal(check(client, "nobody", "x"), VAULT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_life),
        cmocka_unit_test(test_unknown_costs_what_wrong_costs),
        cmocka_unit_test(test_impossible_passwords),
        cmocka_unit_test(test_client_keeps_no_password),
        cmocka_unit_test(test_two_vaults_over_one_folder),
        cmocka_unit_test(test_clients_at_once),
        cmocka_unit_test(test_killed_vault),
        cmocka_unit_test(test_stopped_vault_times_out_and_recovers),
        cmocka_unit_test(test_signals_do_not_end_it),
        cmocka_unit_test(test_dies_with_its_server),
        cmocka_unit_test(test_confinement),
        cmocka_unit_test(test_files_must_be_safe),
        cmocka_unit_test(test_damaged_database),
        cmocka_unit_test(test_moved_hash_is_noticed),
        cmocka_unit_test(test_init_never_overwrites),
        cmocka_unit_test(test_hostile_packets_over_the_socket),
    };
    return cmocka_run_group_tests_name("vault", tests, setup, teardown);
}
