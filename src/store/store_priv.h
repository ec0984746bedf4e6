/* What store.c and db.c share. */
#ifndef LYCHGATE_STORE_STORE_PRIV_H
#define LYCHGATE_STORE_STORE_PRIV_H

#include "store/store.h"

#include <sqlite3.h>

enum {
    STATEMENTS_KEPT = 64
};

/* A connection and its prepared statements. */
struct store_db {
    sqlite3 *sqlite;
    sqlite3_stmt *kept[STATEMENTS_KEPT];
    unsigned kept_count;
    unsigned next_victim; /* when all places are taken, they are reused in turn */
};

/* Open a connection with this house's settings; `writes` makes it WAL and durable. */
int store_db_open(struct store_db *db, const char *path, bool writes, unsigned busy_ms,
                  struct fault *fault);
void store_db_close(struct store_db *db);

/* Run SQL without values and rows, several statements if need be. */
int store_db_script(struct store_db *db, const char *sql, struct fault *fault);

/* Fill the fault from the connection's last error; returns the negative error. */
int store_db_fault(struct store_db *db, const char *doing, struct fault *fault);

#endif
