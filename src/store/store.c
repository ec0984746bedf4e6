#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000
};

/* A write that waits; it lies on the stack of the thread that waits for it. */
struct job {
    store_write_fn *fn;
    void *arg;
    struct fault fault;
    int result;
    bool done;
    pthread_cond_t finished;
    struct job *next;
};

struct store {
    char *path;
    unsigned busy_ms;
    struct store_db db; /* touched by the writer thread only */
    atomic_uint_least64_t commits;

    pthread_t writer;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct job *first, **last;
    bool closing;
};

struct store_reader {
    struct store_db db;
    int64_t seen_version; /* -1: none yet */
};

/* ---- tables ----------------------------------------------------------------------- */

static int see_number(const struct store_row *row, void *arg)
{
    *(int64_t *)arg = store_row_int(row, 0);
    return 1;
}

static int apply_schema(struct store_db *db, const struct store_schema *schema, struct fault *fault)
{
    struct slice room = slice_of(schema->room);
    int64_t applied = 0;
    int result = store_query(db, fault, see_number, &applied,
                             "select coalesce(max(step), 0) from store_steps where room = ?1",
                             STORE_TEXT(room), STORE_END);
    if (result < 0)
        return result;
    if (applied > schema->count)
        return fault_set(fault, ERR_IO, FINDING_STORE_FAILED,
                         "the tables of %s are at step %lld, this program knows %u: it is older "
                         "than the data",
                         schema->room, (long long)applied, schema->count);
    for (unsigned step = (unsigned)applied; step < schema->count; step++) {
        result = store_db_script(db, schema->steps[step], fault);
        if (result == 0)
            result = store_exec(db, fault, "insert into store_steps (room, step) values (?1, ?2)",
                                STORE_TEXT(room), STORE_INT(step + 1), STORE_END);
        if (result < 0)
            return result;
    }
    return 0;
}

/* All or nothing, so that two processes that start at once do not both do it. */
static int apply_schemas(struct store_db *db, const struct store_options *options,
                         struct fault *fault)
{
    int result = store_db_script(db,
                                 "begin immediate;"
                                 "create table if not exists store_steps ("
                                 "  room text not null, step integer not null,"
                                 "  primary key (room, step));",
                                 fault);
    for (size_t i = 0; i < options->schema_count && result == 0; i++)
        result = apply_schema(db, options->schemas[i], fault);
    if (result == 0)
        result = store_db_script(db, "commit", fault);
    if (result != 0 && !sqlite3_get_autocommit(db->sqlite))
        (void)store_db_script(db, "rollback", NULL);
    return result;
}

/* ---- the writer --------------------------------------------------------------------- */

static void finish_jobs(struct store *store, struct job *jobs)
{
    pthread_mutex_lock(&store->lock);
    while (jobs) {
        /* Once `done` is seen, the job's stack frame may be gone: next comes first. */
        struct job *next = jobs->next;
        jobs->done = true;
        pthread_cond_signal(&jobs->finished);
        jobs = next;
    }
    pthread_mutex_unlock(&store->lock);
}

static void fail_jobs(struct job *jobs, const struct fault *fault)
{
    for (; jobs; jobs = jobs->next) {
        jobs->result = fault->err;
        jobs->fault = *fault;
    }
}

/* One job in a savepoint of its own: its failure undoes nobody else's work. */
static int run_job(struct store_db *db, struct job *job, struct fault *fault)
{
    int result = store_db_script(db, "savepoint job", fault);
    if (result != 0)
        return result;
    job->result = job->fn(db, job->arg, &job->fault);
    /* A full disk makes SQLite roll back by itself, and everybody with it. */
    if (sqlite3_get_autocommit(db->sqlite))
        return fault_set(fault, ERR_IO, FINDING_STORE_FAILED, "transaction lost: %s",
                         job->result < 0 ? job->fault.detail : "rolled back");
    if (job->result < 0)
        return store_db_script(db, "rollback to job; release job", fault);
    return store_db_script(db, "release job", fault);
}

static void run_group(struct store *store, struct job *jobs)
{
    struct fault fault = {0};
    int result = store_db_script(&store->db, "begin immediate", &fault);
    for (struct job *job = jobs; job && result == 0; job = job->next)
        result = run_job(&store->db, job, &fault);
    if (result == 0)
        result = store_db_script(&store->db, "commit", &fault);
    if (result == 0) {
        atomic_fetch_add(&store->commits, 1);
    } else {
        if (!sqlite3_get_autocommit(store->db.sqlite))
            (void)store_db_script(&store->db, "rollback", NULL);
        fail_jobs(jobs, &fault);
    }
    finish_jobs(store, jobs);
}

/* While one group is on its way to the disk the next one gathers. */
static void *writer_main(void *arg)
{
    struct store *store = arg;
    pthread_mutex_lock(&store->lock);
    for (;;) {
        while (!store->first && !store->closing)
            pthread_cond_wait(&store->work, &store->lock);
        if (!store->first)
            break;
        struct job *jobs = store->first;
        store->first = NULL;
        store->last = &store->first;
        pthread_mutex_unlock(&store->lock);
        run_group(store, jobs);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

int store_write(struct store *store, store_write_fn *fn, void *arg, struct fault *fault)
{
    if (pthread_equal(pthread_self(), store->writer))
        return fault_set(fault, ERR_INTERNAL, FINDING_STORE_FAILED, "a write inside a write");
    struct job job = {.fn = fn, .arg = arg, .finished = PTHREAD_COND_INITIALIZER};
    pthread_mutex_lock(&store->lock);
    *store->last = &job;
    store->last = &job.next;
    pthread_cond_signal(&store->work);
    while (!job.done)
        pthread_cond_wait(&job.finished, &store->lock);
    pthread_mutex_unlock(&store->lock);
    pthread_cond_destroy(&job.finished);
    if (job.result < 0 && fault)
        *fault = job.fault;
    return job.result;
}

uint64_t store_commits(const struct store *store)
{
    return atomic_load(&store->commits);
}

/* ---- opening and closing -------------------------------------------------------------- */

/* SQLite would make the file readable by all. A file that exists is not touched:
 * closing any descriptor of it would drop the locks SQLite holds on it. */
static int make_file(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return fault_set(fault, ERR_IO, FINDING_STORE_FAILED, "%s: %s", path, strerror(errno));
    return 0;
}

static void discard(struct store *store)
{
    store_db_close(&store->db);
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->work);
    free(store->path);
    free(store);
}

int store_open(const struct store_options *options, struct store **store_out, struct fault *fault)
{
    struct store *store = must_calloc(1, sizeof *store);
    *store = (struct store){
        .path = must_strdup(options->path),
        .busy_ms = options->busy_ms ? options->busy_ms : BUSY_MS,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .work = PTHREAD_COND_INITIALIZER,
    };
    store->last = &store->first;
    int result = make_file(store->path, fault);
    if (result == 0)
        result = store_db_open(&store->db, store->path, true, store->busy_ms, fault);
    if (result == 0)
        result = apply_schemas(&store->db, options, fault);
    if (result == 0 && pthread_create(&store->writer, NULL, writer_main, store) != 0)
        result = fault_set(fault, ERR_IO, FINDING_STORE_FAILED, "no thread for the writer");
    if (result != 0) {
        discard(store);
        return result;
    }
    *store_out = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->closing = true;
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    discard(store);
}

/* ---- readers ---------------------------------------------------------------------------- */

int store_reader_open(struct store *store, struct store_reader **reader_out, struct fault *fault)
{
    struct store_reader *reader = must_calloc(1, sizeof *reader);
    reader->seen_version = -1;
    int result = store_db_open(&reader->db, store->path, false, store->busy_ms, fault);
    if (result != 0) {
        free(reader);
        return result;
    }
    *reader_out = reader;
    return 0;
}

void store_reader_free(struct store_reader *reader)
{
    if (!reader)
        return;
    store_db_close(&reader->db);
    free(reader);
}

struct store_db *store_reader_db(struct store_reader *reader)
{
    return &reader->db;
}

bool store_changed(struct store_reader *reader)
{
    /* SQLite's count of commits by other connections; a reader makes none itself. */
    int64_t version = 0;
    if (store_query(&reader->db, NULL, see_number, &version, "pragma data_version", STORE_END) < 0)
        return true;
    bool changed = version != reader->seen_version;
    reader->seen_version = version;
    return changed;
}
