#include "tools/show.h"

#include <stdio.h>

void show_json(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(document);
}

json_t *show_text(struct slice text)
{
    json_t *string = slice_absent(text) ? NULL : json_stringn(text.at, text.len);
    return string ? string : json_null();
}

struct show_table {
    struct arena *arena;
    size_t columns, rows, room;
    struct slice heads[SHOW_COLUMNS];
    struct slice (*row)[SHOW_COLUMNS];
};

struct show_table *show_table_new(struct arena *arena, const char *const heads[])
{
    struct show_table *table = arena_new_of(arena, struct show_table);
    table->arena = arena;
    while (table->columns < SHOW_COLUMNS && heads[table->columns]) {
        table->heads[table->columns] = slice_of(heads[table->columns]);
        table->columns++;
    }
    return table;
}

void show_table_row(struct show_table *table, const struct slice *cells)
{
    if (table->rows == table->room) {
        size_t room = table->room ? 2 * table->room : 32;
        struct slice(*more)[SHOW_COLUMNS] =
            arena_calloc(table->arena, room, sizeof(struct slice[SHOW_COLUMNS]));
        for (size_t i = 0; i < table->rows; i++)
            for (size_t j = 0; j < table->columns; j++)
                more[i][j] = table->row[i][j];
        table->row = more;
        table->room = room;
    }
    for (size_t j = 0; j < table->columns; j++)
        table->row[table->rows][j] = cells[j];
    table->rows++;
}

/* Letters as a terminal counts them, nearly: UTF-8 continuation bytes take no place. */
static size_t width(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return count;
}

static void put_row(const struct show_table *table, const size_t *widths, const struct slice *cells,
                    struct buf *out)
{
    size_t blanks = 0;
    for (size_t j = 0; j < table->columns; j++) {
        if (slice_empty(cells[j])) {
            blanks += widths[j] + 2;
            continue;
        }
        for (; blanks > 0; blanks--)
            buf_add_byte(out, ' ');
        buf_add(out, cells[j]);
        blanks = widths[j] - width(cells[j]) + 2;
    }
    buf_add_byte(out, '\n');
}

void show_table_print(const struct show_table *table, struct buf *out)
{
    size_t widths[SHOW_COLUMNS] = {0};
    if (table->rows == 0)
        return;
    for (size_t j = 0; j < table->columns; j++) {
        widths[j] = width(table->heads[j]);
        for (size_t i = 0; i < table->rows; i++)
            if (width(table->row[i][j]) > widths[j])
                widths[j] = width(table->row[i][j]);
    }
    put_row(table, widths, table->heads, out);
    for (size_t i = 0; i < table->rows; i++)
        put_row(table, widths, table->row[i], out);
}

void show_table_put(const struct show_table *table)
{
    scoped(buf) struct buf text = BUF_INIT;
    show_table_print(table, &text);
    fwrite(buf_string(&text), 1, text.len, stdout);
}
