#include "store/store_priv.h"

#include <string.h>

struct store_row {
    sqlite3_stmt *statement;
};

int store_db_fault(struct store_db *db, const char *doing, struct fault *fault)
{
    int code = db->sqlite ? sqlite3_errcode(db->sqlite) & 0xff : SQLITE_NOMEM;
    enum err err = code == SQLITE_CONSTRAINT ? ERR_CONFLICT : ERR_IO;
    return fault_set(fault, err, FINDING_STORE_FAILED, "%s: %s", doing,
                     db->sqlite ? sqlite3_errmsg(db->sqlite) : "no memory");
}

int store_db_script(struct store_db *db, const char *sql, struct fault *fault)
{
    if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
        return store_db_fault(db, "script", fault);
    return 0;
}

static int see_journal_mode(const struct store_row *row, void *arg)
{
    bool *wal = arg;
    const char *mode = (const char *)sqlite3_column_text(row->statement, 0);
    *wal = mode && strcmp(mode, "wal") == 0;
    return 0;
}

/* The change to WAL needs the file alone for a moment, and SQLite does not always
 * wait for it by its busy timeout: two processes that start at once must not fail. */
static int use_wal(struct store_db *db, unsigned busy_ms, struct fault *fault)
{
    enum {
        PAUSE_MS = 10
    };
    bool wal = false;
    for (unsigned waited = 0;; waited += PAUSE_MS) {
        int result =
            store_query(db, fault, see_journal_mode, &wal, "pragma journal_mode = wal", STORE_END);
        if (result >= 0)
            break;
        int code = sqlite3_errcode(db->sqlite) & 0xff;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || waited >= busy_ms)
            return result;
        sqlite3_sleep(PAUSE_MS);
    }
    if (!wal)
        return fault_set(fault, ERR_IO, FINDING_STORE_FAILED,
                         "the file system does not allow write-ahead logging");
    return store_db_script(db, "pragma synchronous = full; pragma foreign_keys = on;", fault);
}

int store_db_open(struct store_db *db, const char *path, bool writes, unsigned busy_ms,
                  struct fault *fault)
{
    *db = (struct store_db){0};
    /* A connection is never used by two threads at once: no mutex needed. Readers
     * open for writing too, since reading a WAL means writing to its index. */
    int code =
        sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    int result = code == SQLITE_OK ? 0 : store_db_fault(db, path, fault);
    if (result == 0)
        sqlite3_busy_timeout(db->sqlite, (int)busy_ms);
    if (result == 0)
        result = store_db_script(db, "pragma trusted_schema = off", fault);
    if (result == 0)
        result = writes ? use_wal(db, busy_ms, fault)
                        : store_db_script(db, "pragma query_only = on", fault);
    if (result != 0)
        store_db_close(db);
    return result;
}

void store_db_close(struct store_db *db)
{
    for (unsigned i = 0; i < db->kept_count; i++)
        sqlite3_finalize(db->kept[i]);
    sqlite3_close(db->sqlite);
    *db = (struct store_db){0};
}

static int prepared(struct store_db *db, const char *sql, sqlite3_stmt **statement_out,
                    struct fault *fault)
{
    for (unsigned i = 0; i < db->kept_count; i++) {
        /* One that is running belongs to a query further up the stack. */
        if (strcmp(sqlite3_sql(db->kept[i]), sql) == 0 && !sqlite3_stmt_busy(db->kept[i])) {
            *statement_out = db->kept[i];
            return 0;
        }
    }
    unsigned place = db->kept_count;
    if (place == STATEMENTS_KEPT) {
        do {
            place = db->next_victim++ % STATEMENTS_KEPT;
        } while (sqlite3_stmt_busy(db->kept[place]));
    }
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        return store_db_fault(db, sql, fault);
    if (place == db->kept_count)
        db->kept_count++;
    else
        sqlite3_finalize(db->kept[place]);
    db->kept[place] = *statement_out = statement;
    return 0;
}

static int bind_values(struct store_db *db, sqlite3_stmt *statement,
                       const struct store_value *values, struct fault *fault)
{
    int index = 1;
    int code = SQLITE_OK;
    for (const struct store_value *v = values; v->kind != STORE_KIND_END && code == SQLITE_OK;
         v++) {
        if (v->kind == STORE_KIND_INT)
            code = sqlite3_bind_int64(statement, index, v->number);
        else if (slice_absent(v->bytes))
            code = sqlite3_bind_null(statement, index);
        else if (v->kind == STORE_KIND_TEXT)
            code = sqlite3_bind_text64(statement, index, v->bytes.at, v->bytes.len, SQLITE_STATIC,
                                       SQLITE_UTF8);
        else
            code = sqlite3_bind_blob64(statement, index, v->bytes.at, v->bytes.len, SQLITE_STATIC);
        index++;
    }
    if (code == SQLITE_OK && index - 1 != sqlite3_bind_parameter_count(statement))
        return fault_set(fault, ERR_INTERNAL, FINDING_STORE_FAILED, "%d values for: %s", index - 1,
                         sqlite3_sql(statement));
    return code == SQLITE_OK ? 0 : store_db_fault(db, "bind", fault);
}

/* The values are borrowed (SQLITE_STATIC): a kept statement must forget them. */
static void finish(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

static int step_rows(struct store_db *db, sqlite3_stmt *statement, store_row_fn *fn, void *arg,
                     struct fault *fault)
{
    int rows = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        rows++;
        int verdict = fn ? fn(&(struct store_row){statement}, arg) : 0;
        if (verdict < 0)
            return verdict;
        if (verdict > 0)
            return rows;
    }
    if (code != SQLITE_DONE)
        return store_db_fault(db, sqlite3_sql(statement), fault);
    return rows;
}

int store_query_values(struct store_db *db, const char *sql, const struct store_value *values,
                       store_row_fn *fn, void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int result = prepared(db, sql, &statement, fault);
    if (result != 0)
        return result;
    result = bind_values(db, statement, values, fault);
    if (result == 0)
        result = step_rows(db, statement, fn, arg, fault);
    finish(statement);
    return result;
}

int store_exec_values(struct store_db *db, const char *sql, const struct store_value *values,
                      struct fault *fault)
{
    int result = store_query_values(db, sql, values, NULL, NULL, fault);
    return result < 0 ? result : sqlite3_changes(db->sqlite);
}

int64_t store_last_id(struct store_db *db)
{
    return sqlite3_last_insert_rowid(db->sqlite);
}

struct slice store_row_text(const struct store_row *row, int column, struct arena *arena)
{
    const void *at = sqlite3_column_blob(row->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(row->statement, column);
    if (sqlite3_column_type(row->statement, column) == SQLITE_NULL)
        return (struct slice){0};
    return arena_copy(arena, slice_make(at ? at : "", len));
}

int64_t store_row_int(const struct store_row *row, int column)
{
    return sqlite3_column_int64(row->statement, column);
}
