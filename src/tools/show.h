/* What commands print: one JSON document, or a table for people. */
#ifndef LYCHGATE_TOOLS_SHOW_H
#define LYCHGATE_TOOLS_SHOW_H

#include "base/arena.h"
#include "base/buf.h"

#include <jansson.h>

/* Print the document, and a newline; takes the reference. */
void show_json(json_t *document);

/* A string, or null for an absent slice; a new reference. */
json_t *show_text(struct slice text);

enum {
    SHOW_COLUMNS = 8
};

/* A table whose columns are as wide as their widest cell. It lives in an arena. */
struct show_table;

/* The heads are literals; a NULL ends them. */
struct show_table *show_table_new(struct arena *arena, const char *const heads[]);

/* Add a row; as many cells as there are heads. The bytes are lent until it is printed. */
void show_table_row(struct show_table *table, const struct slice *cells);

/* Append the table, or nothing when it has no row. */
void show_table_print(const struct show_table *table, struct buf *out);

/* The same, on standard output. */
void show_table_put(const struct show_table *table);

#endif
