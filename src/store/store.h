/* Durable state. One file, one writer thread, as many readers as there are
 * worker threads. Several writes that come together share one commit (group
 * commit), and a caller is told "done" only after it: what was confirmed is there
 * after a crash. Behind this interface is SQLite (WAL, synchronous=FULL); SQL
 * that rooms pass in keeps to what PostgreSQL understands as well.
 *
 * Several processes may have the same file open: the server, and the command
 * line while the server runs. Every call may block: worker threads only. All
 * failures are -ERR_IO with FINDING_STORE_FAILED unless said otherwise. */
#ifndef LYCHGATE_STORE_STORE_H
#define LYCHGATE_STORE_STORE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"

#include <stdint.h>

struct store;        /* the file and its writer thread; shared by all threads */
struct store_reader; /* a read connection; one thread at a time */
struct store_db;     /* what queries run on, inside a write or of a reader */

/* A room's tables: numbered steps, run once each, in order. Released steps are
 * never edited; a change is one more step. */
struct store_schema {
    const char *room;
    const char *const *steps; /* SQL, one or more statements each */
    unsigned count;
};

struct store_options {
    const char *path;                          /* made with mode 0600 when missing */
    const struct store_schema *const *schemas; /* of all rooms that keep something */
    size_t schema_count;
    unsigned busy_ms; /* how long to wait for another process's write; 0: 5,000 */
};

/* Open, bring the tables up to date, start the writer. A file that a newer
 * Lychgate has changed is refused. */
int store_open(const struct store_options *options, struct store **store_out, struct fault *fault);

/* Finish the writes that wait, then close. Free all readers first. */
void store_free(struct store *store);
SCOPED_FREE(store, struct store, store_free)

/* ---- writing -------------------------------------------------------------------- */

/* A piece of work inside a transaction. Runs on the writer thread; whatever it
 * did is undone when it returns a negative error (which the caller then gets). */
typedef int store_write_fn(struct store_db *db, void *arg, struct fault *fault);

/* Run fn and return once its result is on disk. Many threads may call at once. */
int store_write(struct store *store, store_write_fn *fn, void *arg, struct fault *fault);

/* Transactions committed so far (for metrics, and to see writes being grouped). */
uint64_t store_commits(const struct store *store);

/* ---- reading -------------------------------------------------------------------- */

int store_reader_open(struct store *store, struct store_reader **reader_out, struct fault *fault);
void store_reader_free(struct store_reader *reader);
SCOPED_FREE(store_reader, struct store_reader, store_reader_free)

struct store_db *store_reader_db(struct store_reader *reader);

/* Has anybody (this process or another) committed anything since the last call?
 * True the first time. Cheap: for a look once a second. */
bool store_changed(struct store_reader *reader);

/* ---- queries --------------------------------------------------------------------- */

enum store_kind {
    STORE_KIND_END,
    STORE_KIND_TEXT,
    STORE_KIND_BLOB,
    STORE_KIND_INT
};

struct store_value {
    enum store_kind kind;
    struct slice bytes; /* absent: NULL */
    int64_t number;
};

#define STORE_TEXT(s) ((struct store_value){STORE_KIND_TEXT, (s), 0})
#define STORE_BLOB(s) ((struct store_value){STORE_KIND_BLOB, (s), 0})
#define STORE_INT(n)  ((struct store_value){STORE_KIND_INT, {0}, (int64_t)(n)})
#define STORE_END     ((struct store_value){STORE_KIND_END, {0}, 0})

/* Run a statement that yields no rows, its ?1, ?2.. being the values given:
 * store_exec(db, fault, "delete from x where id = ?1", STORE_INT(id), STORE_END).
 * Returns the number of rows inserted, updated or deleted, or a negative error; -ERR_CONFLICT when
 * a constraint (unique, foreign key) forbids it. */
#define store_exec(db, fault, sql, ...)                                                            \
    store_exec_values((db), (sql), (const struct store_value[]){__VA_ARGS__}, (fault))
int store_exec_values(struct store_db *db, const char *sql, const struct store_value *values,
                      struct fault *fault);

/* The id of the row that the last insert made. */
int64_t store_last_id(struct store_db *db);

/* A row while it is current. Texts and blobs are copied into the arena; NULL is
 * an absent slice, or 0. Columns count from 0. */
struct store_row;
struct slice store_row_text(const struct store_row *row, int column, struct arena *arena);
int64_t store_row_int(const struct store_row *row, int column);

/* Called for each row; a negative return ends the query with that error, 1 ends
 * it with success. */
typedef int store_row_fn(const struct store_row *row, void *arg);

/* Run a query. Returns the number of rows seen, or a negative error. Prepared
 * statements are kept: put what varies into values, not into the SQL. */
#define store_query(db, fault, fn, arg, sql, ...)                                                  \
    store_query_values((db), (sql), (const struct store_value[]){__VA_ARGS__}, (fn), (arg), (fault))
int store_query_values(struct store_db *db, const char *sql, const struct store_value *values,
                       store_row_fn *fn, void *arg, struct fault *fault);

#endif
