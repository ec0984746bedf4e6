#include "base/clock.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const steps[] = {
    "create table note (id integer primary key, name text unique, bytes blob);"
    "create index note_name on note (name);",
    "alter table note add column number integer not null default 7;",
};
static const struct store_schema schema_old = {"test", steps, 1};
static const struct store_schema schema = {"test", steps, 2};

/* A folder of its own for each test, removed with all that is in it. */
struct place {
    char dir[64];
    char path[96];
};

static int setup(void **state)
{
    struct place *place = must_calloc(1, sizeof *place);
    snprintf(place->dir, sizeof place->dir, "/tmp/lychgate-store-XXXXXX");
    if (!mkdtemp(place->dir))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/store.db", place->dir);
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
    free(place);
    return 0;
}

static int open_with(const struct place *place, const struct store_schema *which,
                     struct store **store_out, struct fault *fault)
{
    return store_open(&(struct store_options){.path = place->path,
                                              .schemas = (const struct store_schema *[]){which},
                                              .schema_count = 1},
                      store_out, fault);
}

static struct store *open_here(const struct place *place)
{
    struct store *store = NULL;
    struct fault fault = {0};
    if (open_with(place, &schema, &store, &fault) != 0)
        fail_msg("%s", fault.detail);
    return store;
}

static int insert(struct store_db *db, void *arg, struct fault *fault)
{
    return store_exec(db, fault, "insert into note (name) values (?1)",
                      STORE_TEXT(*(const struct slice *)arg), STORE_END);
}

static int add_note(struct store *store, const char *name, struct fault *fault)
{
    struct slice text = slice_of(name);
    return store_write(store, insert, &text, fault);
}

static int see_int(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 0;
}

static int64_t count_notes(struct store *store)
{
    scoped(store_reader) struct store_reader *reader = NULL;
    int64_t count = -1;
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    assert_int_equal(store_query(store_reader_db(reader), NULL, see_int, &count,
                                 "select count(*) from note", STORE_END),
                     1);
    return count;
}

static void test_write_and_read(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    struct stat info;
    assert_int_equal(stat(((struct place *)*state)->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(add_note(store, "one", NULL), 1);
    assert_int_equal(count_notes(store), 1);
}

static int insert_then_fail(struct store_db *db, void *arg, struct fault *fault)
{
    int result = insert(db, arg, fault);
    return result < 0 ? result : fault_set(fault, ERR_DENIED, FINDING_STORE_FAILED, "on purpose");
}

static void test_failure_undoes_its_own_work_only(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    struct fault fault = {0};
    struct slice two = SLICE("two");
    assert_true(add_note(store, "one", &fault) >= 0);
    assert_int_equal(store_write(store, insert_then_fail, &two, &fault), -ERR_DENIED);
    assert_string_equal(fault.detail, "on purpose");
    assert_int_equal(add_note(store, "one", &fault), -ERR_CONFLICT);
    assert_int_equal(fault.finding, FINDING_STORE_FAILED);
    assert_true(add_note(store, "three", &fault) >= 0);
    assert_int_equal(count_notes(store), 2);
}

/* ---- values --------------------------------------------------------------------- */

static int insert_values(struct store_db *db, void *arg, struct fault *fault)
{
    int64_t *id = arg;
    int result = store_exec(db, fault, "insert into note (name, bytes, number) values (?1, ?2, ?3)",
                            STORE_TEXT((struct slice){0}), STORE_BLOB(slice_make("a\0b", 3)),
                            STORE_INT(INT64_MIN), STORE_END);
    *id = store_last_id(db);
    return result;
}

struct seen {
    struct arena *arena;
    struct slice name, bytes;
    int64_t number;
};

static int see_values(const struct store_row *row, void *arg)
{
    struct seen *seen = arg;
    seen->name = store_row_text(row, 0, seen->arena);
    seen->bytes = store_row_text(row, 1, seen->arena);
    seen->number = store_row_int(row, 2);
    return 0;
}

static void test_values_come_back(void **state)
{
    scoped(arena) struct arena *arena = arena_new();
    scoped(store) struct store *store = open_here(*state);
    scoped(store_reader) struct store_reader *reader = NULL;
    struct seen seen = {.arena = arena};
    int64_t id = 0;
    assert_int_equal(store_write(store, insert_values, &id, NULL), 1);
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    assert_int_equal(store_query(store_reader_db(reader), NULL, see_values, &seen,
                                 "select name, bytes, number from note where id = ?1",
                                 STORE_INT(id), STORE_END),
                     1);
    assert_true(slice_absent(seen.name));
    assert_true(slice_eq(seen.bytes, slice_make("a\0b", 3)));
    assert_true(seen.number == INT64_MIN);
}

static void test_wrong_queries(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    scoped(store_reader) struct store_reader *reader = NULL;
    struct fault fault = {0};
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    struct store_db *db = store_reader_db(reader);
    assert_int_equal(store_query(db, &fault, NULL, NULL, "select nonsense from note", STORE_END),
                     -ERR_IO);
    assert_int_equal(store_query(db, &fault, NULL, NULL, "select 1 where 1 = ?1", STORE_END),
                     -ERR_INTERNAL);
    /* A reader cannot write, whatever it is told. */
    assert_int_equal(store_exec(db, &fault, "delete from note", STORE_END), -ERR_IO);
}

static void test_more_statements_than_are_kept(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    scoped(store_reader) struct store_reader *reader = NULL;
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            char sql[64];
            int64_t number = -1;
            snprintf(sql, sizeof sql, "select %d", i);
            assert_int_equal(
                store_query(store_reader_db(reader), NULL, see_int, &number, sql, STORE_END), 1);
            assert_int_equal(number, i);
        }
    }
}

/* ---- schema ----------------------------------------------------------------------- */

static void test_schema_grows_and_never_shrinks(void **state)
{
    struct store *store = NULL;
    struct fault fault = {0};
    assert_int_equal(open_with(*state, &schema_old, &store, &fault), 0);
    assert_true(add_note(store, "old", &fault) >= 0);
    store_free(take(&store));
    store = open_here(*state);
    scoped(store_reader) struct store_reader *reader = NULL;
    int64_t number = 0;
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    assert_int_equal(store_query(store_reader_db(reader), NULL, see_int, &number,
                                 "select number from note", STORE_END),
                     1);
    assert_int_equal(number, 7);
    store_reader_free(take(&reader));
    store_free(take(&store));
    assert_int_equal(open_with(*state, &schema_old, &store, &fault), -ERR_IO);
    assert_non_null(strstr(fault.detail, "older"));
}

static void test_half_a_step_is_undone(void **state)
{
    static const char *const broken[] = {"create table a (x integer); create nonsense;"};
    static const char *const mended[] = {"create table a (x integer);"};
    struct store *store = NULL;
    struct fault fault = {0};
    assert_int_equal(open_with(*state, &(struct store_schema){"broken", broken, 1}, &store, &fault),
                     -ERR_IO);
    assert_int_equal(open_with(*state, &(struct store_schema){"broken", mended, 1}, &store, &fault),
                     0);
    store_free(store);
}

static void test_what_cannot_be_opened(void **state)
{
    struct place *place = *state;
    struct store *store = NULL;
    struct fault fault = {0};
    struct place nowhere = {.path = "/nonexistent/folder/store.db"};
    assert_int_equal(open_with(&nowhere, &schema, &store, &fault), -ERR_IO);
    FILE *file = fopen(place->path, "w");
    for (int i = 0; i < 500; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    assert_int_equal(open_with(place, &schema, &store, &fault), -ERR_IO);
    assert_int_equal(fault.finding, FINDING_STORE_FAILED);
    assert_null(store);
}

/* ---- many at once -------------------------------------------------------------------- */

enum {
    THREADS = 16,
    WRITES = 20
};

struct gate {
    struct store *store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held, open;
};

/* Keeps the writer thread busy until the test has queued everybody behind it. */
static int hold(struct store_db *db, void *arg, struct fault *fault)
{
    struct gate *gate = arg;
    (void)db, (void)fault;
    pthread_mutex_lock(&gate->lock);
    gate->held = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return 0;
}

static void *hold_main(void *arg)
{
    struct gate *gate = arg;
    store_write(gate->store, hold, gate, NULL);
    return NULL;
}

struct writes {
    struct store *store;
    pthread_t thread;
    int confirmed;
};

static void *writes_main(void *arg)
{
    struct writes *writes = arg;
    for (int i = 0; i < WRITES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%lu-%d", (unsigned long)pthread_self(), i);
        if (add_note(writes->store, name, NULL) != 1)
            return NULL;
        writes->confirmed++;
    }
    return NULL;
}

static void test_writes_share_commits(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    struct gate gate = {
        .store = store, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    pthread_t holder;
    struct writes writes[THREADS] = {0};
    pthread_create(&holder, NULL, hold_main, &gate);
    pthread_mutex_lock(&gate.lock);
    while (!gate.held)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    for (int i = 0; i < THREADS; i++) {
        writes[i].store = store;
        pthread_create(&writes[i].thread, NULL, writes_main, &writes[i]);
    }
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    pthread_join(holder, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writes[i].thread, NULL);
        assert_int_equal(writes[i].confirmed, WRITES);
    }
    assert_int_equal(count_notes(store), THREADS * WRITES);
    assert_true(store_commits(store) < THREADS * WRITES);
}

static int write_inside(struct store_db *db, void *arg, struct fault *fault)
{
    (void)db;
    return add_note(arg, "x", fault);
}

static void test_write_inside_write_is_refused(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    assert_int_equal(store_write(store, write_inside, store, NULL), -ERR_INTERNAL);
}

/* ---- several processes ------------------------------------------------------------------ */

static int run_child(const struct place *place, int (*body)(const struct place *place))
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(body(place));
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_inserts(const struct place *place)
{
    struct store *store = NULL;
    if (open_with(place, &schema, &store, NULL) != 0)
        return 1;
    int result = add_note(store, "from the other process", NULL);
    store_free(store);
    return result == 1 ? 0 : 2;
}

static void test_other_process_is_noticed(void **state)
{
    scoped(store) struct store *store = open_here(*state);
    scoped(store_reader) struct store_reader *reader = NULL;
    assert_int_equal(store_reader_open(store, &reader, NULL), 0);
    assert_true(store_changed(reader));
    assert_false(store_changed(reader));
    assert_int_equal(run_child(*state, child_inserts), 0);
    assert_true(store_changed(reader));
    assert_false(store_changed(reader));
    assert_true(add_note(store, "ours", NULL) >= 0);
    assert_true(store_changed(reader));
    assert_int_equal(count_notes(store), 2);
}

/* Opens and writes as fast as it can, telling each confirmed id through the pipe. */
static void write_until_killed(const struct place *place, int pipe_end)
{
    struct store *store = NULL;
    if (open_with(place, &schema, &store, NULL) != 0)
        _exit(1);
    for (unsigned i = 0;; i++) {
        char name[64];
        snprintf(name, sizeof name, "%ld-%u", (long)getpid(), i);
        if (add_note(store, name, NULL) != 1)
            _exit(2);
        if (write(pipe_end, &i, sizeof i) != sizeof i)
            _exit(3);
    }
}

static void test_confirmed_writes_survive_kill(void **state)
{
    enum {
        ROUNDS = 20
    };
    int64_t confirmed = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            write_until_killed(*state, ends[1]);
        }
        close(ends[1]);
        /* Killed at another place of its work each round, without any waiting. */
        unsigned number;
        for (unsigned n = 0; n < 1 + round % 5; n++)
            assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        ssize_t got;
        do {
            unsigned more;
            got = read(ends[0], &more, sizeof more);
            number = got == sizeof more ? more : number;
        } while (got == sizeof number);
        close(ends[0]);
        confirmed += number + 1;
        scoped(store) struct store *store = open_here(*state);
        int64_t kept = count_notes(store);
        assert_true(kept >= confirmed);
        confirmed = kept; /* a write may be on disk that could not be confirmed any more */
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_write_and_read),
        CASE(test_failure_undoes_its_own_work_only),
        CASE(test_values_come_back),
        CASE(test_wrong_queries),
        CASE(test_more_statements_than_are_kept),
        CASE(test_schema_grows_and_never_shrinks),
        CASE(test_half_a_step_is_undone),
        CASE(test_what_cannot_be_opened),
        CASE(test_writes_share_commits),
        CASE(test_write_inside_write_is_refused),
        CASE(test_other_process_is_noticed),
        CASE(test_confirmed_writes_survive_kill),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
